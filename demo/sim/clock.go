package sim

import (
	"context"
	"sync"
	"time"
)

// Clock is time, and everything that waits for it. It is safe for concurrent use.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns why ctx ended before.
	Sleep(ctx context.Context, d time.Duration) error
	// Go starts a task.
	Go(f func())
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// Err says why ctx has ended, if it has.
	Err(ctx context.Context) error
	// Detach is ctx without its deadline and its end, for work that goes on when nobody
	// waits for it any more.
	Detach(ctx context.Context) context.Context
	NewEvent() Event
	// Virtual says that time does not pass by itself.
	Virtual() bool
}

// Event happens once.
type Event interface {
	Set()
	// Wait returns nil when the event has happened, or why ctx ended before.
	Wait(ctx context.Context) error
}

// Real is the machine's clock.
type Real struct{}

func (Real) Now() time.Time { return time.Now() }

func (Real) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (Real) Go(f func()) { go f() }

func (Real) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (Real) Err(ctx context.Context) error              { return ctx.Err() }
func (Real) Detach(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
func (Real) Virtual() bool                              { return false }
func (Real) NewEvent() Event                            { return &realEvent{ch: make(chan struct{})} }

type realEvent struct {
	once sync.Once
	ch   chan struct{}
}

func (e *realEvent) Set() { e.once.Do(func() { close(e.ch) }) }

func (e *realEvent) Wait(ctx context.Context) error {
	select {
	case <-e.ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Join runs all of fs side by side and returns when the last has ended.
func Join(c Clock, fs ...func()) {
	if len(fs) == 0 {
		return
	}
	var done []Event
	for _, f := range fs[1:] {
		e := c.NewEvent()
		done = append(done, e)
		c.Go(func() {
			defer e.Set()
			f()
		})
	}
	fs[0]()
	for _, e := range done {
		_ = e.Wait(context.Background()) // it ends by itself
	}
}
