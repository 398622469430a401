package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Options are what a runner is made of. DB is required.
type Options struct {
	DB    *sqldb.DB
	Clock clock.Clock
	Log   *slog.Logger
	// Holder names this process to people: host and process id.
	Holder string
	// Lease is how long a job stays with a process that is not heard of; 30 s. It is
	// renewed three times as often.
	Lease time.Duration
	// Watch is told of each run, when it begins and how it ended; its context is the run's.
	// It may be nil.
	Watch func(ctx context.Context, name string) (context.Context, func(outcome string, err error))
}

// Runner runs jobs in this process, each when it is due and no other process has it.
type Runner struct {
	opt   Options
	specs []Spec
	wake  map[string]chan struct{}
	// now is the database's time. Tests put their own in.
	now func(*sqldb.Tx) (time.Time, error)
}

// pollMax is how long a runner believes what it read of a job's row: another process may
// have made it due.
const pollMax = 30 * time.Second

// New makes a runner. Its table must have been migrated.
func New(opt Options) *Runner {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Lease == 0 {
		opt.Lease = 30 * time.Second
	}
	r := &Runner{opt: opt, wake: map[string]chan struct{}{}}
	r.now = func(tx *sqldb.Tx) (time.Time, error) { return Now(tx, opt.Clock) }
	return r
}

// Now is the database's time, which processes share; with SQLite it is c's, as only one
// process has the database.
func Now(tx *sqldb.Tx, c clock.Clock) (time.Time, error) {
	if tx.Dialect() == sqldb.Postgres {
		return postgresNow(tx)
	}
	return c.Now(), nil
}

// Add makes a job known. All are added before Run. It panics on a job that cannot be.
func (r *Runner) Add(s Spec) {
	s.check()
	if r.wake[s.Name] != nil {
		panic("job: there are two jobs " + s.Name)
	}
	r.specs = append(r.specs, s)
	r.wake[s.Name] = make(chan struct{}, 1)
}

// Run runs the jobs until ctx ends and all of them have returned.
func (r *Runner) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range r.specs {
		all.Go(func() { r.loop(ctx, s) })
	}
	all.Wait()
}

// Soon makes a job due now, in whichever process takes it.
func (r *Runner) Soon(ctx context.Context, name string) error {
	err := r.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := r.now(tx)
		if err != nil {
			return err
		}
		n, err := setNext(tx, name, now)
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, i18n.F("There is no job %q.", "ジョブ %q はありません。", name))
		}
		return err
	})
	if ch := r.wake[name]; err == nil && ch != nil {
		select {
		case ch <- struct{}{}:
		default: // it is awake
		}
	}
	return err
}

// Jobs lists the jobs by name, also those that other processes alone know.
func (r *Runner) Jobs(ctx context.Context) (states []State, err error) {
	var now time.Time
	if err := r.opt.DB.Read(ctx, func(tx *sqldb.Tx) error {
		if now, err = r.now(tx); err != nil {
			return err
		}
		states, err = list(tx)
		return err
	}); err != nil {
		return nil, err
	}
	for i := range states {
		s := &states[i]
		s.Running = s.Until.After(now)
		if at := slices.IndexFunc(r.specs, func(spec Spec) bool { return spec.Name == s.Name }); at >= 0 {
			s.Title = r.specs[at].Title
		}
	}
	slices.SortFunc(states, func(a, b State) int { return cmp.Compare(a.Name, b.Name) })
	return states, nil
}

func (r *Runner) loop(ctx context.Context, s Spec) {
	for announced := false; ctx.Err() == nil; {
		var wait time.Duration
		var err error
		if !announced {
			// Not at once: what starts has enough to do, and processes that start together
			// should not all come for the same row.
			err = r.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
				now, err := r.now(tx)
				if err != nil {
					return err
				}
				return announce(tx, s.Name, s.Every, now.Add(rand.N(min(s.Every, 10*time.Second))))
			})
			announced = err == nil
		}
		if err == nil {
			wait, _, err = r.turn(ctx, s)
		}
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			r.opt.Log.WarnContext(ctx, "a job cannot be looked after; trying again", "job", s.Name, "error", err)
			wait = 5 * time.Second
		}
		if wait <= 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-r.wake[s.Name]:
		case <-r.opt.Clock.After(wait):
		}
	}
}

// turn runs the job if it is its time and nobody has it, and gives what the run returned,
// or says how long to wait.
func (r *Runner) turn(ctx context.Context, s Spec) (wait time.Duration, result, err error) {
	look := func(tx *sqldb.Tx) (st State, now time.Time, wait time.Duration, err error) {
		if now, err = r.now(tx); err != nil {
			return
		}
		st, there, err := get(tx, s.Name)
		if err != nil || !there {
			return st, now, s.Every, err // a restored database may have lost the row; a restart makes it
		}
		switch {
		case st.Until.After(now):
			wait = st.Until.Sub(now)
		case st.Next.After(now):
			wait = st.Next.Sub(now)
		}
		return st, now, min(wait, pollMax), nil
	}
	// Reading first costs no lock and no write where there is nothing to do.
	if err := r.opt.DB.Read(ctx, func(tx *sqldb.Tx) error {
		_, _, wait, err = look(tx)
		return err
	}); err != nil || wait > 0 {
		return wait, nil, err
	}
	var st State
	if err := r.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var now time.Time
		if st, now, wait, err = look(tx); err != nil || wait > 0 {
			return err
		}
		if !st.Until.IsZero() { // its last holder did not come back
			st.Outcome, st.Error, st.Ended = Lost, "", st.Until
			st.FailedRuns++
			r.opt.Log.WarnContext(ctx, "a job's holder went away; taking it over", "job", s.Name, "holder", st.Holder)
		}
		st.Fence++
		st.Runs++
		st.Holder, st.Started, st.Until = r.opt.Holder, now, now.Add(r.opt.Lease)
		return update(tx, st)
	}); err != nil || wait > 0 {
		return wait, nil, err
	}
	return 0, r.run(ctx, s, lease{s.Name, st.Fence}), nil
}

// Once runs a job now, in the caller's goroutine, and gives what it returned. It is
// refused while another process runs the job.
func (r *Runner) Once(ctx context.Context, name string) error {
	at := slices.IndexFunc(r.specs, func(s Spec) bool { return s.Name == name })
	if at < 0 {
		return fault.New(fault.NotFound, i18n.F("There is no job %q.", "ジョブ %q はありません。", name))
	}
	s := r.specs[at]
	if err := r.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := r.now(tx)
		if err != nil {
			return err
		}
		if err := announce(tx, name, s.Every, now); err != nil {
			return err
		}
		_, err = setNext(tx, name, now)
		return err
	}); err != nil {
		return err
	}
	wait, result, err := r.turn(ctx, s)
	if err == nil && wait > 0 {
		err = fault.Retry(fault.Conflict, wait, i18n.F("The job %q is running in another process.", "ジョブ %q は別のプロセスで実行中です。", name))
	}
	return errors.Join(err, result)
}

// run is one run with its lease kept alive.
func (r *Runner) run(ctx context.Context, s Spec, l lease) error {
	watched, ended := ctx, func(string, error) {}
	if r.opt.Watch != nil {
		watched, ended = r.opt.Watch(ctx, s.Name)
	}
	running, cancel := context.WithCancelCause(context.WithValue(watched, leaseKey{}, l))
	defer cancel(nil)
	deadline := errors.New("the run took longer than allowed")
	done := make(chan struct{})
	var around sync.WaitGroup
	around.Go(func() {
		select {
		case <-done:
		case <-r.opt.Clock.After(s.Timeout):
			cancel(deadline)
		}
	})
	around.Go(func() { r.keep(ctx, l, done, cancel) })

	outcome, err := attempt(running, s.Run)
	close(done)
	around.Wait()
	if err != nil && outcome == Failed {
		switch cause := context.Cause(running); {
		case errors.Is(cause, ErrLost):
			outcome = Lost
		case errors.Is(cause, deadline):
			outcome, err = TimedOut, errors.Join(deadline, err)
		case ctx.Err() != nil:
			outcome = Stopped
		}
	}
	if outcome == Stopped {
		ended(string(outcome), nil)
	} else {
		ended(string(outcome), err)
	}
	if err != nil && outcome != Stopped {
		r.opt.Log.WarnContext(watched, "a job failed; it runs again when it is due", "job", s.Name, "outcome", string(outcome), "error", err)
	}
	if outcome == Lost {
		return err // whoever has it writes its row
	}
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := r.finish(end, s, l, outcome, err); err != nil {
		r.opt.Log.WarnContext(ctx, "the end of a job was not recorded; it is taken for lost", "job", s.Name, "error", err)
	}
	return err
}

// keep renews the lease until done, and ends the run when that does not succeed before
// the lease ends.
func (r *Runner) keep(ctx context.Context, l lease, done <-chan struct{}, cancel context.CancelCauseFunc) {
	// What was read of the database's clock is not compared with ours: only time that
	// passed is, and the lease began before this did.
	good := r.opt.Clock.Now()
	for {
		select {
		case <-done:
			return
		case <-r.opt.Clock.After(r.opt.Lease / 3):
		}
		ask, stop := context.WithTimeout(context.WithoutCancel(ctx), r.opt.Lease/3)
		began := r.opt.Clock.Now()
		err := r.opt.DB.Write(ask, func(tx *sqldb.Tx) error {
			now, err := r.now(tx)
			if err != nil {
				return err
			}
			return renew(tx, l, now.Add(r.opt.Lease))
		})
		stop()
		switch {
		case err == nil:
			good = began
		case errors.Is(err, ErrLost):
			cancel(ErrLost)
			return
		case clock.Since(r.opt.Clock, good) >= r.opt.Lease:
			cancel(fmt.Errorf("%w: %w", ErrLost, err))
			return
		}
	}
}

// attempt calls f and makes a panic an error.
func attempt(ctx context.Context, f func(context.Context) error) (o Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			o, err = Panicked, fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := f(ctx); err != nil {
		return Failed, err
	}
	return OK, nil
}

func (r *Runner) finish(ctx context.Context, s Spec, l lease, o Outcome, cause error) error {
	return r.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := r.now(tx)
		if err != nil {
			return err
		}
		if err := hold(tx, l); err != nil {
			return err
		}
		st, _, err := get(tx, s.Name)
		if err != nil {
			return err
		}
		asked := st.Next.After(st.Started) // somebody called Soon during the run
		st.Until, st.Ended, st.Outcome, st.Error = time.Time{}, now, o, message(cause)
		switch {
		case o == Stopped:
			st.Next = now
		case !asked:
			st.Next = st.Started.Add(s.Every + rand.N(s.Every/10+1))
			if st.Next.Before(now) {
				st.Next = now
			}
		}
		switch o {
		case OK:
			st.FailedRuns, st.LastOK = 0, now
		case Stopped:
		default:
			st.FailedRuns++
		}
		return update(tx, st)
	})
}

// message is what people are shown of an error: its first line, not a whole stack.
func message(err error) string {
	if err == nil {
		return ""
	}
	s, _, _ := strings.Cut(strings.ToValidUTF8(err.Error(), "?"), "\n")
	s = strings.ReplaceAll(s, "\x00", "")
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500]) + "…"
	}
	return s
}
