package telemetrytest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// large: a page of large rows ends at PageBytes, and the pages still hold every row once.
func large(t *testing.T, s Store) {
	ctx := context.Background()
	const n, each = 90, 300_000
	g := NewGen(7, day, time.Second)
	logs, spans := g.Logs(nil, n), g.Spans(nil, n)
	id := telemetry.TraceID{7}
	for i := range n {
		text := strings.Repeat(fmt.Sprintf("%05d ", i), each/6)
		logs[i].Body, logs[i].TraceID = text, id
		spans[i].StatusMessage = text
	}
	for i := 0; i < n; i += 30 {
		writeLogs(t, s, fmt.Sprint("logs", i), logs[i:i+30])
		writeSpans(t, s, fmt.Sprint("spans", i), spans[i:i+30])
	}
	fits := telemetry.PageBytes / each
	check := func(what string, rows int, more bool) {
		t.Helper()
		if more && (rows > fits || rows < fits/2) || !more && rows > fits {
			t.Errorf("a page of %d %s of %d bytes, and more %v", rows, what, each, more)
		}
	}
	q := telemetry.Query{Range: always}
	for _, order := range []telemetry.Order{telemetry.Newest, telemetry.Oldest} {
		got := walkPages(t, q, order, 1000, true, func(p telemetry.PageQuery) ([]telemetry.Log, bool, error) {
			rows, more, err := s.ReadLogs(ctx, p)
			check("logs", len(rows), more)
			return rows, more, err
		}, func(l telemetry.Log) telemetry.Cursor { return telemetry.Cursor{Time: l.Time, ID: l.ID} })
		same(t, "logs", got, logs)
		gotS := walkPages(t, q, order, 1000, true, func(p telemetry.PageQuery) ([]telemetry.Span, bool, error) {
			rows, more, err := s.ReadSpans(ctx, p)
			check("spans", len(rows), more)
			return rows, more, err
		}, func(s telemetry.Span) telemetry.Cursor { return telemetry.Cursor{Time: s.Time, ID: s.ID} })
		same(t, "spans", gotS, spans)
	}
	slowest, more, err := s.ReadSpans(ctx, telemetry.PageQuery{Query: q, Order: telemetry.Slowest, Limit: n})
	check("of the slowest spans", len(slowest), more)
	if err != nil || !more || !slices.IsSortedFunc(slowest, func(a, b telemetry.Span) int { return int(b.Duration - a.Duration) }) {
		t.Error("the slowest", more, err)
	}
	ofTrace, more, err := s.TraceLogs(ctx, id, 1000)
	check("logs of a trace", len(ofTrace), more)
	if err != nil || !more {
		t.Error("logs of a trace", more, err)
	}
}
