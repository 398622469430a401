package app

import (
	"context"
	"fmt"
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

// trialMax is how long a trial may take: an engine's start, its tables, one block.
const trialMax = 2 * time.Minute

// trialMemory is what an engine on trial may use at most.
const trialMemory = 1 << 30

// trials answer the write-ahead log's question whether rows kill the engine: by giving
// them to a second engine, in a folder of its own that is thrown away. Nothing else is
// asked of that one, so that no question, no other block and no other memory can be why it
// died; and it must have stored an ordinary row just before.
type trials struct {
	app *App
	one sync.Mutex // a second engine is enough
}

var _ wal.Witness = (*trials)(nil)

// Crashes counts those of the engine that everybody uses.
func (t *trials) Crashes() int { return t.app.engine.State().Crashes }

// Try stores frames in an engine of their own.
func (t *trials) Try(ctx context.Context, signal telemetry.Signal, frames [][]byte) (result wal.Trial, err error) {
	t.one.Lock()
	defer t.one.Unlock()
	ctx, cancel := context.WithTimeout(ctx, trialMax)
	defer cancel()
	a := t.app
	dir := filepath.Join(a.Config.DataDir, "trial")
	if err := os.RemoveAll(dir); err != nil { // of a process that was killed
		return result, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	lib, err := engine.FindLib(a.Config.Engine.Lib, a.Exe)
	if err != nil {
		return result, err
	}
	log := a.Log.With("room", "trial")
	second, err := engine.Start(ctx, engine.Options{
		Exe: a.Exe, Args: []string{"engine"}, Lib: lib, DataDir: dir,
		MaxMemory: min(a.Config.Engine.Memory(), trialMemory), MaxThreads: a.Config.Engine.MaxThreads,
		MaxQuery: a.Config.Engine.MaxQuery.D(), Clock: a.Clock, Log: log,
	})
	if err != nil {
		return result, err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_ = second.Stop(stopping)
	}()
	if err := second.WaitReady(ctx); err != nil {
		return result, err
	}
	store, err := clickhouse.Open(clickhouse.Options{
		Database: a.Config.Engine.Database, Dial: second.Dial, Clock: a.Clock, Log: log,
	})
	if err != nil {
		return result, err
	}
	defer func() { _ = store.Close() }()
	if err := store.Migrate(ctx); err != nil {
		return result, err
	}
	ordinary, err := ordinaryRow(store, signal, a.Clock.Now())
	if err != nil {
		return result, err
	}
	if err := store.Write(ctx, signal, "ordinary", [][]byte{ordinary}); err != nil {
		return result, fmt.Errorf("an ordinary row: %w", err)
	}
	err = store.Write(ctx, signal, "suspect", frames)
	if err == nil || fault.Is(err, fault.Invalid) { // a refusal is not a death either
		return result, nil
	}
	if err := t.awaitEnd(ctx, second, err); err != nil {
		return result, err
	}
	st := second.State()
	result = wal.Trial{Died: true, How: st.LastCrash}
	rows, err := count(ctx, second, store, signal)
	if err != nil {
		return wal.Trial{}, err
	}
	result.Stored = rows > 1
	a.Log.Warn("rows were tried in an engine of their own, which died of them", "signal", signal, "frames", len(frames), "how", st.LastCrash, "stored_before", result.Stored)
	return result, nil
}

// awaitEnd waits until the supervisor has seen a crash; a failure without one says nothing.
func (t *trials) awaitEnd(ctx context.Context, second *engine.Supervisor, why error) error {
	for range 100 {
		if st := second.State(); st.Crashes > 0 {
			return nil
		} else if !st.LastEnd.IsZero() {
			break // killed
		}
		if err := t.app.Clock.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the second engine did not crash, and yet: %w", why)
}

// count is how many rows of a signal the second engine has, once it is up again.
func count(ctx context.Context, second *engine.Supervisor, store *clickhouse.Store, signal telemetry.Signal) (rows uint64, err error) {
	if err := second.WaitReady(ctx); err != nil {
		return 0, err
	}
	days, err := store.Storage(ctx)
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
