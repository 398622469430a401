package wal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

func openAt(t testing.TB, dir string, e *engine, change ...func(*Options)) *Log {
	t.Helper()
	o := Options{Dir: dir, FreeSpaceMin: -1, BlockAge: 20 * time.Millisecond,
		Writers: map[telemetry.Signal]telemetry.Writer{telemetry.Logs: &session{engine: e}, telemetry.Spans: &session{engine: e}}}
	for _, f := range change {
		f(&o)
	}
	g, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func closeLog(t testing.TB, g *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := g.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// abandonLog is a stop that does not wait for the engine.
func abandonLog(g *Log) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g.Close(ctx)
}

func blocksIn(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func appendRow(t testing.TB, g *Log, s telemetry.Signal, rows ...uint64) {
	t.Helper()
	if err := g.Append(context.Background(), s, frameOf(rows...), len(rows)); err != nil {
		t.Fatal(err)
	}
}

// From Append to the engine to an empty folder, for two signals and many senders.
func TestAppendedIsStoredOnce(t *testing.T) {
	dir, e := t.TempDir(), newEngine(1)
	g := openAt(t, dir, e, func(o *Options) { o.BlockRows = 50 })
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			appendRow(t, g, telemetry.Signals[i%2], uint64(2*i), uint64(2*i+1))
		})
	}
	wg.Wait()
	closeLog(t, g)
	for r := range uint64(400) {
		if e.times(r) != 1 {
			t.Errorf("row %d is stored %d times", r, e.times(r))
		}
	}
	if left := blocksIn(t, dir); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	for _, s := range g.Stats() {
		if s.AppendedRows != 200 || s.RowsWritten != 200 || s.Bytes != 0 || s.Blocks != 0 || s.State != OK {
			t.Errorf("%+v", s)
		}
		if s.BlocksWritten < 4 {
			t.Errorf("%d blocks for 200 rows, although one holds 50", s.BlocksWritten)
		}
		if s.Commits >= 100 {
			t.Errorf("%d commits for 100 frames that came together", s.Commits)
		}
	}
}

// While the engine is away the log takes what fits, and says then what the matter is.
func TestEngineAway(t *testing.T) {
	dir, e := t.TempDir(), newEngine(1)
	e.away = true
	g := openAt(t, dir, e, func(o *Options) { o.MaxBytes, o.MemoryBytes, o.BlockRows = 80_000, 5_000, 10 })
	var acked []uint64
	var refusal error
	for r := uint64(1); refusal == nil && r < 10_000; r++ {
		if refusal = g.Append(context.Background(), telemetry.Logs, frameOf(r), 1); refusal == nil {
			acked = append(acked, r)
		}
		if r == 100 { // both writers have met the engine
			for g.Stats()[0].State != Retrying {
				time.Sleep(time.Millisecond)
			}
		}
	}
	f := fault.Of(refusal)
	if f.Code != fault.Unavailable || f.RetryAfter == 0 || f.Text.Ja == "" {
		t.Fatalf("refused with %v", refusal)
	}
	s := g.Stats()[0]
	if s.State != Full || s.Bytes > s.Limit || s.Bytes < s.Limit-100 || s.Limit != 70_000 || s.LastError == nil || s.OldestAge <= 0 {
		t.Errorf("%+v", s)
	}
	if g.held.Load() > 5_000 {
		t.Errorf("%d bytes of waiting blocks are in memory", g.held.Load())
	}
	// The other signal has its share.
	appendRow(t, g, telemetry.Spans, 1_000_000)
	acked = append(acked, 1_000_000)

	abandonLog(g)
	g = openAt(t, dir, e)
	e.set(func(e *engine) { e.away = false })
	closeLog(t, g)
	for _, r := range acked {
		if e.times(r) != 1 {
			t.Fatalf("row %d is stored %d times", r, e.times(r))
		}
	}
	if left := blocksIn(t, dir); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

func TestOneOwner(t *testing.T) {
	dir, e := t.TempDir(), newEngine(1)
	g := openAt(t, dir, e)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, dir + "/.", link} {
		if _, err := Open(Options{Dir: d}); err == nil {
			t.Errorf("%s was opened twice", d)
		}
	}
	closeLog(t, g)
	if err := g.Append(context.Background(), telemetry.Logs, frameOf(1), 1); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a closed log says %v", err)
	}
	closeLog(t, openAt(t, dir, e))
}

// Poison rows go to quarantine, all others are stored.
func TestRefusedRows(t *testing.T) {
	dir, e := t.TempDir(), newEngine(1)
	e.refuses[7], e.refuses[34], e.refuses[99] = true, true, true
	g := openAt(t, dir, e, func(o *Options) { o.QuarantineEntries = 2; o.BlockAge = time.Hour })
	for r := uint64(0); r < 100; r += 10 {
		appendRow(t, g, telemetry.Logs, r, r+1, r+2, r+3, r+4, r+5, r+6, r+7, r+8, r+9)
	}
	closeLog(t, g)
	for r := range uint64(100) {
		if want := 1; e.times(r) != want && !e.refuses[r] {
			t.Errorf("row %d is stored %d times", r, e.times(r))
		}
	}
	q := g.Quarantine()
	if len(q.Rows) != 2 || q.Evicted != 1 || q.Rows[0].Row != "[99]" || q.Rows[1].Row != "[34]" ||
		q.Rows[0].Signal != telemetry.Logs || q.Rows[0].Reason != "invalid: row 99 is poison" {
		t.Errorf("%+v", q)
	}
	if s := g.Stats()[0]; s.QuarantinedRows != 3 || s.RowsWritten != 97 {
		t.Errorf("%+v", s)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	if len(left) != 2 {
		t.Errorf("files are left: %v", left)
	}
	g = openAt(t, dir, e)
	if again := g.Quarantine(); fmt.Sprint(again.Rows) != fmt.Sprint(q.Rows) || again.Bytes != q.Bytes {
		t.Errorf("after a restart %+v, before it %+v", again, q)
	}
	closeLog(t, g)
}
