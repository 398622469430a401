package clickhouse

import (
	"context"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestDroppedDaysAreGone(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	id := telemetry.TraceID{1}
	for day := range 4 { // the 20th to the 23rd
		at := start.AddDate(0, 0, day).UnixNano()
		logs, err := s.EncodeLogs(nil, []telemetry.Log{{ID: uint64(day), Time: at, Observed: at, TraceID: id, Body: "x"}})
		if err != nil {
			t.Fatal(err)
		}
		spans, err := s.EncodeSpans(nil, []telemetry.Span{{ID: uint64(day), Time: at, TraceID: id, SpanID: telemetry.SpanID{byte(day + 1)}}})
		if err != nil {
			t.Fatal(err)
		}
		for signal, frame := range map[telemetry.Signal][]byte{telemetry.Logs: logs, telemetry.Spans: spans} {
			if err := s.Write(ctx, signal, "day"+time.Unix(0, at).String(), [][]byte{frame}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // a second time changes nothing
		for day, signals := range map[string][]telemetry.Signal{"2026-11-20": {telemetry.Logs, telemetry.Spans}, "2026-11-21": {telemetry.Spans}, "2026-11-22": {telemetry.Spans}} {
			for _, signal := range signals {
				if err := s.DropDay(ctx, day, signal); err != nil {
					t.Fatal(err)
				}
			}
		}
		all := telemetry.Query{Range: telemetry.Range{From: start.AddDate(0, 0, -1), To: start.AddDate(0, 0, 9)}}
		logs, err := s.CountLogs(ctx, all)
		if err != nil {
			t.Fatal(err)
		}
		spans, err := s.CountSpans(ctx, all)
		if err != nil {
			t.Fatal(err)
		}
		if logs != 3 || spans != 1 {
			t.Errorf("%d logs and %d spans are left, want 3 and 1", logs, spans)
		}
		// The index of traces still finds what is left of both.
		found, _, err := s.TraceLogs(ctx, id, 10)
		if err != nil || len(found) != 3 {
			t.Errorf("%d logs of the trace: %v", len(found), err)
		}
	}
}
