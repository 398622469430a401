package process

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Options are what a registry is made of. DB, Clock and Self are required; Self.ID makes a
// new one when empty.
type Options struct {
	DB    *sqldb.DB
	Clock clock.Clock
	Log   *slog.Logger
	Self  Process
	// Detail is what this process says of itself, as JSON, and whether it leaves something
	// behind when it stops now.
	Detail func() (detail []byte, leaves bool)
}

// Registry is this process among the others. Safe for concurrent use.
type Registry struct {
	opt Options

	mu  sync.Mutex
	key []byte
}

// New makes a registry. Its tables must have been migrated.
func New(opt Options) *Registry {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Self.ID == "" {
		opt.Self.ID = id.New()
	}
	if opt.Detail == nil {
		opt.Detail = func() ([]byte, bool) { return []byte("{}"), false }
	}
	return &Registry{opt: opt}
}

// Self is this process.
func (r *Registry) Self() Process { return r.opt.Self }

// Run says that this process lives, until ctx ends; Leave says goodbye.
func (r *Registry) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.Beat(ctx); err != nil && ctx.Err() == nil {
			r.opt.Log.WarnContext(ctx, "this process cannot tell the others that it lives; trying again", "error", err)
		}
		_ = r.opt.Clock.Sleep(ctx, beatEvery) // an end shows in the condition
	}
}

// Beat says once that this process lives.
func (r *Registry) Beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	p := r.opt.Self
	p.Detail, _ = r.opt.Detail()
	return r.opt.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		if p.Seen, err = job.Now(tx, r.opt.Clock); err != nil {
			return err
		}
		if err := put(tx, p); err != nil {
			return err
		}
		return errors.Join(prune(tx, false, p.Seen.Add(-keepIdle)), prune(tx, true, p.Seen.Add(-keepFolder)))
	})
}

// Leave is the last that is heard of this process.
func (r *Registry) Leave(ctx context.Context) error {
	p := r.opt.Self
	detail, leaves := r.opt.Detail()
	return r.opt.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		if !leaves {
			_, err = remove(tx, p.ID)
			return err
		}
		if p.Seen, err = job.Now(tx, r.opt.Clock); err != nil {
			return err
		}
		p.Left, p.Detail = p.Seen, detail
		return put(tx, p)
	})
}

// Forget removes the row of a process that is not coming back.
func (r *Registry) Forget(ctx context.Context, id string) error {
	return r.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		now, err := job.Now(tx, r.opt.Clock)
		if err != nil {
			return err
		}
		all, err := list(tx)
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.ID != id {
				continue
			}
			if p.alive(now) {
				return fault.New(fault.Conflict, i18n.T("This process is running. Stop it first.", "このプロセスは稼働中です。先に停止してください。"))
			}
			_, err := remove(tx, id)
			return err
		}
		return fault.New(fault.NotFound, i18n.F("There is no process %q.", "プロセス %q はありません。", id))
	})
}

func (p Process) alive(now time.Time) bool { return p.Left.IsZero() && now.Sub(p.Seen) < aliveFor }

// List gives all processes that are known, by role and host, and the database's time.
func (r *Registry) List(ctx context.Context) (all []Process, now time.Time, err error) {
	err = r.opt.DB.Read(ctx, func(tx *sqldb.Tx) error {
		if now, err = job.Now(tx, r.opt.Clock); err != nil {
			return err
		}
		all, err = list(tx)
		return err
	})
	for i := range all {
		all[i].Alive = all[i].alive(now)
	}
	return all, now, err
}

// Key is what calls between the processes are signed with.
func (r *Registry) Key(ctx context.Context) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.key != nil {
		return r.key, nil
	}
	var secret string
	err := r.opt.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		secret, err = key(tx, id.Secret())
		return err
	})
	if err == nil {
		r.key = []byte(secret)
	}
	return r.key, err
}
