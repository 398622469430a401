package wal

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// inBubble opens a log on a model disk, in a bubble where time is exact and free.
func inBubble(t *testing.T, change func(*Options, *simDisk), f func(t *testing.T, g *Log, e *engine, d *simDisk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e, d := newEngine(1), newSimDisk(1)
		d.slow = 1
		o := Options{Dir: "/wal", Disk: &mount{simDisk: d}, FreeSpaceMin: -1,
			Writers: map[telemetry.Signal]telemetry.Writer{telemetry.Logs: &session{engine: e}}}
		if change != nil {
			change(&o, d)
		}
		g, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		f(t, g, e, d)
		closeLog(t, g)
	})
}

// storedAfter waits until a row is in the engine.
func storedAfter(t *testing.T, e *engine, row uint64) time.Duration {
	t.Helper()
	began := time.Now()
	for e.times(row) == 0 {
		if time.Since(began) > time.Minute {
			t.Fatalf("row %d is not stored", row)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began).Round(100 * time.Millisecond)
}

func TestBlockAge(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		appendRow(t, g, telemetry.Logs, 1)
		if d := storedAfter(t, e, 1); d != time.Second {
			t.Errorf("the first block is stored after %v", d)
		}
		appendRow(t, g, telemetry.Logs, 2)
		if d := storedAfter(t, e, 2); d != 2*time.Second {
			t.Errorf("after a small block, the next is stored after %v", d)
		}
		big := make([]uint64, 20_000)
		for i := range big {
			big[i] = uint64(100 + i)
		}
		appendRow(t, g, telemetry.Logs, big...)
		if d := storedAfter(t, e, 100); d != 0 {
			t.Errorf("a full block is stored after %v", d)
		}
		appendRow(t, g, telemetry.Logs, 3)
		if d := storedAfter(t, e, 3); d != time.Second {
			t.Errorf("after a full block, the next is stored after %v", d)
		}
	})
}

// While blocks wait for the engine the open one grows instead of adding small ones, and
// is stored as soon as they are gone.
func TestOpenBlockGrowsWhileOthersWait(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		e.set(func(e *engine) { e.away = true })
		for r := range uint64(600) {
			appendRow(t, g, telemetry.Logs, r+1)
			time.Sleep(100 * time.Millisecond)
		}
		// Two in flight, one that waits, and the open one.
		if s := g.Stats()[0]; s.Blocks != 4 || s.State != Retrying || s.OldestAge.Round(time.Second) != time.Minute {
			t.Errorf("%+v", s)
		}
		e.set(func(e *engine) { e.away = false })
		if d := storedAfter(t, e, 600); d > lastWait*3/2+time.Second {
			t.Errorf("the newest row is stored %v after the engine is back", d)
		}
		time.Sleep(lastWait * 3 / 2) // the other writer has noticed too
		if s := g.Stats()[0]; s.State != OK || s.RowsWritten != 600 || s.Bytes != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A lone sender hardly ever waits for company; senders that come together share syncs,
// however quick the disk is.
func TestGroupCommit(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, g *Log, e *engine, d *simDisk) {
		began := time.Now()
		for r := range uint64(1000) {
			appendRow(t, g, telemetry.Logs, r+1)
		}
		if took := time.Since(began); took > 6*g.GroupCommit {
			t.Errorf("a lone sender waited %v for 1000 frames", took)
		}
		before := g.Stats()[0].Commits
		began = time.Now()
		var wg sync.WaitGroup
		for i := range uint64(20) {
			wg.Go(func() {
				for r := range uint64(100) {
					appendRow(t, g, telemetry.Logs, 10_000+1000*i+r)
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		took, commits := time.Since(began), g.Stats()[0].Commits-before
		if frames := uint64(2000); commits > frames/8 || took > 105*(g.GroupCommit+2*time.Millisecond) {
			t.Errorf("%d commits for %d frames in %v", commits, frames, took)
		}
		time.Sleep(time.Second)
		began = time.Now()
		appendRow(t, g, telemetry.Logs, 9_999)
		if took := time.Since(began); took > time.Millisecond {
			t.Errorf("after a pause a sender waited %v", took)
		}
	})
}

// When the engine works but more comes than it takes, senders are told to slow down.
func TestOverloaded(t *testing.T) {
	inBubble(t, func(o *Options, _ *simDisk) {
		o.MaxBytes, o.BlockRows = 2_000, 5
		o.Writers = map[telemetry.Signal]telemetry.Writer{telemetry.Logs: &slowly{o.Writers[telemetry.Logs]}}
	}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		var err error
		n := uint64(0)
		for ; err == nil && n < 1000; n++ {
			err = g.Append(context.Background(), telemetry.Logs, frameOf(n), 1)
		}
		if f := fault.Of(err); f == nil || f.Code != fault.Overloaded || f.RetryAfter == 0 {
			t.Fatal(err)
		}
		if s := g.Stats()[0]; s.State != Full || s.RefusedRows != 1 {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Second)
		if s := g.Stats()[0]; s.State != OK {
			t.Errorf("%+v", s)
		}
	})
}

type slowly struct{ telemetry.Writer }

func (s *slowly) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	time.Sleep(50 * time.Millisecond)
	return s.Writer.Write(ctx, signal, token, frames)
}

func TestRefusals(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		ctx := context.Background()
		if err := g.Append(ctx, telemetry.Metrics, frameOf(1), 1); !fault.Is(err, fault.Internal) {
			t.Error(err)
		}
		g.MaxBytes = 1000
		if err := g.Append(ctx, telemetry.Logs, make([]byte, 800), 1); !fault.Is(err, fault.TooLarge) {
			t.Error(err)
		}
		if err := g.Append(ctx, telemetry.Logs, nil, 0); err != nil {
			t.Error(err)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if err := g.Append(gone, telemetry.Logs, frameOf(2), 1); err == nil {
			t.Log("acknowledged before it was seen that the sender is gone")
		}
	})
}

// Blocks that must come in order do, also when one of them has to be repeated.
func TestInOrder(t *testing.T) {
	to := &ordered{}
	inBubble(t, func(o *Options, _ *simDisk) {
		to.Writer = o.Writers[telemetry.Logs]
		o.BlockRows, o.InFlight = 1, 3
		o.InOrder = map[telemetry.Signal]bool{telemetry.Logs: true}
		o.Writers = map[telemetry.Signal]telemetry.Writer{telemetry.Logs: to}
	}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		e.set(func(e *engine) { e.flaky = 0.5 })
		for r := range uint64(50) {
			appendRow(t, g, telemetry.Logs, r+1)
		}
		time.Sleep(20 * time.Minute)
		to.mu.Lock()
		defer to.mu.Unlock()
		if len(to.order) != 50 || !slices.IsSorted(to.order) {
			t.Errorf("stored in the order %v", to.order)
		}
	})
}

type ordered struct {
	telemetry.Writer
	mu    sync.Mutex
	order []uint64
}

func (o *ordered) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	err := o.Writer.Write(ctx, signal, token, frames)
	if err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.order = append(o.order, rowsOf(frames[0])[0])
	}
	return err
}
