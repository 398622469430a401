package clickhouse

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine/enginetest"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// newStore gives an empty store on the engine that this binary's tests share.
func newStore(t testing.TB) *Store {
	t.Helper()
	sup := enginetest.Start(t)
	s, err := Open(Options{Dial: sup.Dial, Database: enginetest.Database(t, sup)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func TestWriteOnce(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	g := telemetrytest.NewGen(1, start, time.Millisecond)
	f, err := s.EncodeLogs(nil, g.Logs(nil, 100))
	if err != nil {
		t.Fatal(err)
	}
	g2, _ := s.EncodeLogs(nil, g.Logs(nil, 50))
	for range 3 {
		if err := s.Write(ctx, telemetry.Logs, "a", [][]byte{f, g2}); err != nil {
			t.Fatal(err)
		}
	}
	var n uint64
	if err := s.reads.QueryRow(ctx, "SELECT count() FROM logs").Scan(&n); err != nil || n != 150 {
		t.Fatal(n, err)
	}
	sp, _ := s.EncodeSpans(nil, g.Spans(nil, 100))
	for range 3 {
		if err := s.Write(ctx, telemetry.Spans, "a", [][]byte{sp}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.reads.QueryRow(ctx, "SELECT count() FROM spans").Scan(&n); err != nil || n != 100 {
		t.Fatal(n, err)
	}
	if err := s.reads.QueryRow(ctx, "SELECT count() FROM trace_times").Scan(&n); err != nil {
		t.Fatal(n, err)
	}
	t.Log(n)
}

func TestRiver(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	g := telemetrytest.NewGen(1, start, time.Second)
	logs, spans := g.Logs(nil, 3000), g.Spans(nil, 3000)
	f, _ := s.EncodeLogs(nil, logs)
	if err := s.Write(ctx, telemetry.Logs, "l", [][]byte{f}); err != nil {
		t.Fatal(err)
	}
	f, _ = s.EncodeSpans(nil, spans)
	if err := s.Write(ctx, telemetry.Spans, "s", [][]byte{f}); err != nil {
		t.Fatal(err)
	}
	p := telemetry.PageQuery{Query: telemetry.Query{Range: telemetry.Range{From: start.Add(-time.Hour), To: start.Add(24 * time.Hour)}}, Limit: 1000}
	var all []telemetry.Log
	for {
		rows, more, err := s.ReadLogs(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
		if !more {
			break
		}
		last := rows[len(rows)-1]
		p.After = telemetry.Cursor{Time: last.Time, ID: last.ID}
	}
	slices.Reverse(all)
	if !reflect.DeepEqual(all, logs) {
		t.Fatal(len(all))
	}
	tr, more, err := s.Trace(ctx, spans[10].TraceID, 100)
	if err != nil || more || !reflect.DeepEqual(tr, spans[10:20]) {
		t.Fatal(tr, more, err)
	}
}
