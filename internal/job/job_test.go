package job

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

var begin = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// runner is one process whose time, and the database's, is the fake clock's.
func runner(db *sqldb.DB, c *clock.Fake, holder string) *Runner {
	r := New(Options{DB: db, Clock: c, Holder: holder})
	r.now = func(*sqldb.Tx) (time.Time, error) { return c.Now(), nil }
	return r
}

func onBoth(t *testing.T, f func(t *testing.T, db *sqldb.DB, c *clock.Fake)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		f(t, db, clock.NewFake(begin))
	})
}

func spec(name string, run func(context.Context) error) Spec {
	return Spec{Name: name, Title: i18n.T("A test", "テスト"), Every: time.Minute, Timeout: 20 * time.Second, Run: run}
}

// start runs r until the test ends, or stop is called.
func start(t *testing.T, r *Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// until moves the clock in small steps until ok.
func until(t *testing.T, c *clock.Fake, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		c.Advance(250 * time.Millisecond)
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func state(t *testing.T, r *Runner, name string) State {
	t.Helper()
	all, err := r.Jobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	return State{}
}

func TestRunsAtItsPaceAndShowsHowItWent(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, c *clock.Fake) {
		r := runner(db, c, "a")
		var runs atomic.Int64
		r.Add(spec("x", func(ctx context.Context) error {
			switch n := runs.Add(1); n {
			case 2:
				return errors.New("the disk\nis full")
			case 3:
				panic("oh")
			case 4:
				<-ctx.Done()
				return context.Cause(ctx)
			}
			if Fence(ctx) == 0 {
				t.Error("a run has no fence")
			}
			return nil
		}))
		start(t, r)
		until(t, c, "first run", func() bool { return state(t, r, "x").Outcome == OK })
		s := state(t, r, "x")
		if s.Runs != 1 || s.Fence != 1 || s.Holder != "a" || s.Running || s.Title.En != "A test" || s.Next.Sub(s.Started) < time.Minute || s.Next.Sub(s.Started) > 66*time.Second {
			t.Errorf("%+v", s)
		}
		until(t, c, "failure", func() bool { return state(t, r, "x").Outcome == Failed })
		if f := state(t, r, "x"); f.Error != "the disk" || f.FailedRuns != 1 || !f.LastOK.Equal(s.LastOK) || f.Started.Sub(s.Started) < time.Minute {
			t.Errorf("%+v", f)
		}
		until(t, c, "panic", func() bool { return state(t, r, "x").Outcome == Panicked })
		if f := state(t, r, "x"); f.Error != "panic: oh" || f.FailedRuns != 2 {
			t.Errorf("%+v", f)
		}
		until(t, c, "running", func() bool { return state(t, r, "x").Running })
		until(t, c, "timeout", func() bool { return state(t, r, "x").Outcome == TimedOut })
		if f := state(t, r, "x"); f.Ended.Sub(f.Started) < 20*time.Second || f.FailedRuns != 3 {
			t.Errorf("%+v", f)
		}
		until(t, c, "well again", func() bool { s := state(t, r, "x"); return s.Outcome == OK && s.FailedRuns == 0 })

		before := c.Now()
		if err := r.Soon(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		until(t, c, "asked for", func() bool { s := state(t, r, "x"); return s.Runs == 6 && !s.Running })
		if s := state(t, r, "x"); s.Started.Sub(before) > 10*time.Second {
			t.Errorf("asked at %v, run at %v", before, s.Started)
		}
		if err := r.Soon(t.Context(), "y"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

// A job that was not run for long is run once, and a long run keeps its lease.
func TestMissedRunsAreRunOnceAndLongRunsKeepTheirLease(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, c *clock.Fake) {
		a, b := runner(db, c, "a"), runner(db, c, "b")
		var at, most, runs atomic.Int64
		release := make(chan struct{})
		long := spec("long", func(context.Context) error {
			most.Store(max(most.Load(), at.Add(1)))
			runs.Add(1)
			<-release
			at.Add(-1)
			return nil
		})
		long.Timeout = time.Hour
		a.Add(long)
		b.Add(long)
		stop := start(t, a)
		start(t, b)
		until(t, c, "begin", func() bool { return runs.Load() == 1 })
		from := c.Now()
		until(t, c, "ten leases", func() bool { return c.Now().Sub(from) > 5*time.Minute })
		if runs.Load() != 1 || most.Load() != 1 {
			t.Fatalf("%d runs, %d at once", runs.Load(), most.Load())
		}
		close(release)
		until(t, c, "end", func() bool { return state(t, a, "long").Outcome == OK })
		until(t, c, "the missed one", func() bool { return runs.Load() >= 2 })
		time.Sleep(50 * time.Millisecond)
		if n := runs.Load(); n > 2 {
			t.Errorf("%d runs: what was missed was run again and again", n)
		}
		stop()
		until(t, c, "goes on in the other process", func() bool { s := state(t, b, "long"); return s.Holder == "b" && s.Outcome == OK && runs.Load() > 3 })
	})
}

// Two processes; the first is paused in the middle of a run, past its lease.
func TestLateWorkIsFencedOff(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, c *clock.Fake) {
		a := runner(db, c, "a")
		paused, goOn, late := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		a.Add(spec("x", func(ctx context.Context) error {
			if err := db.Write(ctx, func(tx *sqldb.Tx) error { return Hold(ctx, tx) }); err != nil {
				t.Error(err)
			}
			close(paused)
			<-goOn
			err := db.Write(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error { return Hold(ctx, tx) })
			late <- err
			return err
		}))
		// Its lease is not renewed: the clock of its process stands still.
		frozen := clock.NewFake(begin)
		a.opt.Clock = frozen
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.Run(ctx)
		for range 1000 { // until it is due by both clocks
			select {
			case <-paused:
			default:
				c.Advance(100 * time.Millisecond)
				frozen.Advance(100 * time.Millisecond)
				time.Sleep(time.Millisecond)
				continue
			}
			break
		}
		<-paused

		b := runner(db, c, "b")
		var fence atomic.Int64
		b.Add(spec("x", func(ctx context.Context) error { fence.Store(Fence(ctx)); return nil }))
		start(t, b)
		until(t, c, "taken over", func() bool { return fence.Load() == 2 })
		close(goOn)
		if err := <-late; !errors.Is(err, ErrLost) {
			t.Errorf("late work was let through: %v", err)
		}
		until(t, c, "b's end recorded", func() bool { s := state(t, b, "x"); return s.Holder == "b" && s.Outcome == OK })
	})
}

func TestHoldOutsideARunIsAMistake(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, _ *clock.Fake) {
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return Hold(t.Context(), tx) })
		if err == nil || !strings.Contains(err.Error(), "outside") {
			t.Error(err)
		}
	})
}

func TestOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, c *clock.Fake) {
		a, b := runner(db, c, "a"), runner(db, c, "b")
		bad := errors.New("bad")
		b.Add(spec("x", func(context.Context) error { return nil }))
		a.Add(spec("x", func(ctx context.Context) error {
			if err := b.Once(ctx, "x"); !fault.Is(err, fault.Conflict) {
				t.Errorf("twice at once: %v", err)
			}
			return bad
		}))
		if err := a.Once(t.Context(), "x"); !errors.Is(err, bad) {
			t.Error(err)
		}
		if err := b.Once(t.Context(), "x"); err != nil {
			t.Error(err)
		}
		if s := state(t, b, "x"); s.Runs != 2 || s.Outcome != OK {
			t.Errorf("%+v", s)
		}
		if err := a.Once(t.Context(), "y"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}
