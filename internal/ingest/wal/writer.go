package wal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
)

// Retries begin after about firstWait and double up to about lastWait: short enough
// that an engine that is back is noticed at once.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// panicTries is how often frames are tried that the engine's code panics on. Then they
// count as refused: what lies in the log comes again at every start, so that a row that
// ended the process would end every one after it.
const panicTries = 3

// writeAll is a writer: it stores block after block until the lane is closed and empty,
// or ctx ends.
func (l *lane) writeAll(ctx context.Context) {
	for b := l.dequeue(ctx); b != nil; b = l.dequeue(ctx) {
		if err := l.store(ctx, b); err != nil {
			return // ctx ended; the file waits for the next start
		}
	}
}

// dequeue waits for the oldest block that waits; nil when there will be none.
func (l *lane) dequeue(ctx context.Context) *block {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 || ctx.Err() != nil {
		if l.sealed || ctx.Err() != nil {
			return nil
		}
		l.queued.Wait()
	}
	b := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	if len(l.queue) == 0 {
		l.queue = nil
		l.poke() // the open block may be due
	}
	return b
}

func (l *lane) wakeWriters() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued.Broadcast()
}

// store writes a block to the engine and deletes its file. It returns an error only when
// ctx ended first.
func (l *lane) store(ctx context.Context, b *block) error {
	some := false
	err := l.retry(ctx, "read a block", func() (err error) {
		some, err = l.load(b)
		return err
	})
	if err != nil {
		return err
	}
	quarantined := 0
	if some {
		var err error
		if !b.refused {
			err = l.write(ctx, b.name.token(), b.frames, false)
		}
		if b.refused || fault.Is(err, fault.Invalid) {
			quarantined, err = l.bisect(ctx, b, err)
		}
		var late storedAndDied
		if errors.As(err, &late) {
			quarantined, err = b.rows, l.setDown(ctx, b, late)
		}
		if err != nil {
			return err
		}
	}
	if err := l.retry(ctx, "delete a block", func() error { return l.discard(b) }); err != nil {
		return err
	}
	l.log.release(l, b.size)
	l.log.held.Add(-b.held)
	l.mu.Lock()
	delete(l.blocks, b)
	l.counters.blocksWritten++
	l.counters.full = false // there is room again; the next frame will tell
	l.counters.rowsWritten += uint64(max(b.rows-quarantined, 0))
	l.mu.Unlock()
	b.frames = nil
	return nil
}

// write calls the engine with one token until it stores the frames (nil), refuses them
// for good (fault.Invalid), dies of them (the same, or storedAndDied), or ctx ends. Frames
// that are suspect are tried before the engine gets them.
func (l *lane) write(ctx context.Context, token string, frames [][]byte, suspect bool) error {
	var refusal error
	panics := 0
	s := suspicion{witness: l.log.Witnesses[l.signal], enough: deathsToSuspect}
	err := l.retry(ctx, "write a block", func() error {
		if part := suspect && s.witness != nil; s.begin() || part {
			suspect = false
			if refusal = l.try(ctx, &s, frames, part); refusal != nil {
				return nil
			}
		}
		began := l.log.Clock.Now()
		err := l.guarded("write a block", func() error { return l.writer.Write(ctx, l.signal, token, frames) })
		var p *panicked
		if errors.As(err, &p) {
			if panics++; panics >= panicTries {
				err = refusedByPanic(p)
			}
		}
		if fault.Is(err, fault.Invalid) {
			refusal, err = err, nil
		} else if err == nil {
			took := clock.Since(l.log.Clock, began)
			l.count(func(c *counters) { c.writeLatency = took })
		}
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}

// panicked is a panic of the engine's code.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// guarded calls the engine's code and makes an error of its panic.
func (l *lane) guarded(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Log.Error("the engine's code panicked", "signal", l.signal, "in", what, "panic", p, "stack", string(debug.Stack()))
			err = &panicked{p}
		}
	}()
	return call()
}

// split, rowsIn and describe are the writer's, for frames that it may panic on.
func (l *lane) split(frame []byte) (a, b []byte, err error) {
	err = l.guarded("split a frame", func() (err error) {
		a, b, err = l.writer.Split(l.signal, frame)
		return err
	})
	return a, b, err
}

func (l *lane) rowsIn(frame []byte) int {
	n := 1
	_ = l.guarded("count rows", func() error {
		rows, err := l.writer.Rows(l.signal, frame)
		if err == nil {
			n = rows
		}
		return err
	})
	return n
}

func (l *lane) describe(frame []byte) (row string) {
	if err := l.guarded("describe a row", func() error {
		row = l.writer.Describe(l.signal, frame)
		return nil
	}); err != nil {
		return fmt.Sprintf("%d bytes that cannot be described: %v", len(frame), err)
	}
	return row
}

// discard deletes the files of a block whose frames are all stored. The list of
// refusals goes last, and after the block is gone to stay: without the list, a replay
// would try the whole block again.
func (l *lane) discard(b *block) error {
	d := l.log.Disk
	if err := removeIfThere(d, b.path); err != nil {
		return err
	}
	if !b.refused {
		return nil // a file that comes back in a crash is a replay, which the token absorbs
	}
	if err := d.SyncDir(l.dir); err != nil {
		return err
	}
	return removeIfThere(d, b.path+refusedSuffix)
}

// retry repeats op with backoff until it succeeds or ctx ends.
func (l *lane) retry(ctx context.Context, what string, op func() error) error {
	err := op()
	if err == nil {
		return nil
	}
	l.count(func(c *counters) { c.retrying++ })
	defer l.count(func(c *counters) { c.retrying-- })
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.failed(what, err, wait == firstWait)
		// Between half and one and a half of it, so that blocks do not knock in step.
		if e := l.log.Clock.Sleep(ctx, wait/2+rand.N(wait)); e != nil {
			return e
		}
		l.count(func(c *counters) { c.retries++ })
		if err = op(); err == nil {
			l.log.Log.Info("the write-ahead log goes on", "signal", l.signal, "after", what)
			return nil
		}
	}
}

// failed keeps an error for Stats, and logs it when it is news.
func (l *lane) failed(what string, err error, first bool) {
	l.mu.Lock()
	news := first || l.counters.lastError == nil || l.counters.lastError.Error() != err.Error()
	l.counters.failed(err, l.log.Clock.Now())
	l.mu.Unlock()
	if news {
		l.log.Log.Warn("the write-ahead log retries", "signal", l.signal, "to", what, "error", err)
	}
}

func (l *lane) count(f func(*counters)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.counters)
}
