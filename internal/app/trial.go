package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/clickhouse"
)

const (
	trialMax    = 2 * time.Minute  // a trial takes at most: an engine's start, its tables, one block
	trialIdle   = 30 * time.Second // how long the second engine waits for the next trial
	trialMemory = 1 << 30          // what it may use
)

// trials answer the write-ahead log's question whether rows kill the engine: by giving
// them to a second engine, in a folder of its own that is thrown away. Nothing else is
// asked of that one, so that no question, no other block and no other memory can be why it
// died; and it must have stored an ordinary row just before.
type trials struct {
	app *App
	log *slog.Logger

	mu    sync.Mutex
	child *engine.Supervisor // nil while there is no second engine
	store *clickhouse.Store
	uses  int
}

var _ wal.Witness = (*trials)(nil)

// Crashes counts those of the engine that everybody uses.
func (t *trials) Crashes() int { return t.app.engine.State().Crashes }

// Try stores frames in the second engine.
func (t *trials) Try(ctx context.Context, signal telemetry.Signal, frames [][]byte) (result wal.Trial, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, trialMax)
	defer cancel()
	t.uses++
	defer func() {
		if err != nil {
			t.end(context.WithoutCancel(ctx))
		}
	}()
	if t.child == nil {
		if err := t.begin(ctx); err != nil {
			return result, err
		}
	}
	ordinary, err := ordinaryRow(t.store, signal, t.app.Clock.Now())
	if err != nil {
		return result, err
	}
	if err := t.store.Write(ctx, signal, fmt.Sprintf("ordinary-%d", t.uses), [][]byte{ordinary}); err != nil {
		return result, fmt.Errorf("an ordinary row: %w", err)
	}
	before, err := t.count(ctx, signal)
	if err != nil {
		return result, err
	}
	err = t.store.Write(ctx, signal, fmt.Sprintf("suspect-%d", t.uses), frames)
	if err == nil || fault.Is(err, fault.Invalid) { // a refusal is not a death either
		return result, nil
	}
	how, err := t.died(ctx, err)
	if err != nil {
		return result, err
	}
	// Again by our own hand: the supervisor waits the longer the more often it has to.
	if err := t.start(ctx); err != nil {
		return result, err
	}
	after, err := t.count(ctx, signal)
	if err != nil {
		return result, err
	}
	result = wal.Trial{Died: true, Stored: after > before, How: how}
	t.log.Warn("the engine on trial died of the rows it was given", "signal", signal, "frames", len(frames), "how", how, "stored_before", result.Stored)
	return result, nil
}

func (t *trials) dir() string { return filepath.Join(t.app.Config.DataDir, "trial") }

// begin makes a second engine with empty tables.
func (t *trials) begin(ctx context.Context) (err error) {
	if err := os.RemoveAll(t.dir()); err != nil { // of a process that was killed
		return err
	}
	if err := t.start(ctx); err != nil {
		return err
	}
	t.store, err = clickhouse.Open(clickhouse.Options{
		Database: t.app.Config.Engine.Database, Clock: t.app.Clock, Log: t.log,
		Dial: func(ctx context.Context) (net.Conn, error) { return t.child.Dial(ctx) },
	})
	if err != nil {
		return err
	}
	return t.store.Migrate(ctx)
}

// start starts the second engine on its folder, instead of one that may be there.
func (t *trials) start(ctx context.Context) error {
	c := t.app.Config.Engine
	lib, err := engine.FindLib(c.Lib, t.app.Exe)
	if err != nil {
		return err
	}
	if err := t.stop(ctx); err != nil {
		return err
	}
	t.child, err = engine.Start(ctx, engine.Options{
		Exe: t.app.Exe, Args: []string{"engine"}, Lib: lib, DataDir: t.dir(),
		MaxMemory: min(c.Memory(), trialMemory), MaxThreads: c.MaxThreads, MaxQuery: c.MaxQuery.D(),
		Clock: t.app.Clock, Log: t.log,
	})
	if err != nil {
		return err
	}
	return t.child.WaitReady(ctx)
}

func (t *trials) stop(ctx context.Context) error {
	if t.child == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return t.child.Stop(ctx)
}

// end throws the second engine and its folder away.
func (t *trials) end(ctx context.Context) {
	if t.child == nil && t.store == nil {
		return
	}
	_ = t.stop(ctx)
	if t.store != nil {
		_ = t.store.Close()
	}
	t.child, t.store = nil, nil
	if err := os.RemoveAll(t.dir()); err != nil {
		t.log.Warn("the folder of the engine on trial is left over until the next trial", "error", err)
	}
}

// sweep ends a second engine that had nothing to do for a while, until ctx ends.
func (t *trials) sweep(ctx context.Context) {
	for seen := 0; t.app.Clock.Sleep(ctx, trialIdle) == nil; {
		t.mu.Lock()
		if t.uses == seen {
			t.end(ctx)
		}
		seen = t.uses
		t.mu.Unlock()
	}
}

// Close ends it.
func (t *trials) Close(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(ctx)
	return nil
}

// died waits until the supervisor has seen a crash; a failure without one says nothing.
func (t *trials) died(ctx context.Context, why error) (how string, err error) {
	for range 100 {
		if st := t.child.State(); st.Crashes > 0 {
			return st.LastCrash, nil
		} else if !st.LastEnd.IsZero() {
			break // killed
		}
		if err := t.app.Clock.Sleep(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("the engine on trial did not crash, and yet: %w", why)
}

// count is how many rows of a signal the second engine has.
func (t *trials) count(ctx context.Context, signal telemetry.Signal) (rows uint64, err error) {
	days, err := t.store.Storage(ctx)
	if err != nil {
		return 0, err
	}
	for _, d := range days {
		if d.Signal == signal {
			rows += d.Rows
		}
	}
	return rows, nil
}

// ordinaryRow is a frame of a row with which nothing can be wrong.
func ordinaryRow(codec telemetry.Codec, signal telemetry.Signal, at time.Time) ([]byte, error) {
	if signal == telemetry.Spans {
		return codec.EncodeSpans(nil, []telemetry.Span{{Time: at.UnixNano(), Source: telemetry.Source{Service: "yagura"}, Name: "trial", TraceID: telemetry.TraceID{1}, SpanID: telemetry.SpanID{1}}})
	}
	return codec.EncodeLogs(nil, []telemetry.Log{{Time: at.UnixNano(), Observed: at.UnixNano(), Source: telemetry.Source{Service: "yagura"}, Body: "trial"}})
}
