package clickhouse

import (
	"context"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Trace gives all spans of a trace, oldest first.
func (s *Store) Trace(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	return ofTrace(ctx, s, spanKind, id, limit, traceBytes)
}

// TraceLogs gives all logs of a trace, oldest first.
func (s *Store) TraceLogs(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Log, bool, error) {
	return ofTrace(ctx, s, logKind, id, limit, telemetry.PageBytes)
}

// traceBytes bounds the spans of a trace: they are put together before any is shown.
const traceBytes = 8 * telemetry.PageBytes

// ofTrace reads the rows of a trace: trace_times says when it was, so that only that time
// is looked at.
func ofTrace[T any](ctx context.Context, s *Store, k kind[T], id telemetry.TraceID, limit, bytes int) ([]T, bool, error) {
	if id.IsZero() || limit <= 0 {
		return nil, false, nil
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	times, err := s.traceTimes(ctx, k.signal, []telemetry.TraceID{id})
	if err != nil {
		return nil, false, err
	}
	t, ok := times[id]
	if !ok {
		return nil, false, nil
	}
	found := newFiller(k, limit+1, bytes)
	err = found.from(ctx, s, telemetry.Oldest, nil, func(q *statement) error {
		q.text(" FROM ", k.signal.String(), " WHERE time >= ", q.time(t.first), " AND time <= ", q.time(t.last),
			" AND trace_id = ", q.id(id.String(), 16))
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	rows, more := found.page()
	return rows, more, nil
}

// span of time in which a trace has rows of a signal, both ends in.
type traceTime struct{ first, last int64 }

func (s *Store) traceTimes(ctx context.Context, signal telemetry.Signal, ids []telemetry.TraceID) (map[telemetry.TraceID]traceTime, error) {
	times := make(map[telemetry.TraceID]traceTime, len(ids))
	if len(ids) == 0 {
		return times, nil
	}
	q := &statement{}
	q.text("SELECT lower(hex(trace_id)) AS trace, toUnixTimestamp64Nano(min(first)), toUnixTimestamp64Nano(max(last)) FROM trace_times WHERE trace_id IN ",
		q.ids(ids), " AND signal = '", signal.String(), "' GROUP BY trace")
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var trace string
		var t traceTime
		if err := r.Scan(&trace, &t.first, &t.last); err != nil {
			return err
		}
		id, _ := telemetry.ParseTraceID(trace)
		times[id] = t
		return nil
	})
	return times, err
}

// ids is a list of trace ids.
func (q *statement) ids(ids []telemetry.TraceID) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = "unhex('" + id.String() + "')" // hex digits, whoever wrote them
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
