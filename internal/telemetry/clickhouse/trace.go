package clickhouse

import (
	"context"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Trace gives all spans of a trace, oldest first.
func (s *Store) Trace(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	return ofTrace(ctx, s, spanKind, id, limit, traceBytes)
}

// TraceOutline is Trace of the columns that a waterfall is made of: every column that is read
// costs the same, however few the rows are.
func (s *Store) TraceOutline(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	return ofTrace(ctx, s, outlineKind, id, limit, traceBytes)
}

// outlined are the columns of an outline, beside those of own attributes.
var outlined = []string{"id", "time", "duration", "env", "service", "instance", "host", "trace_id", "span_id", "parent_id",
	"name", "kind", "status", "status_message", "exception_type", "exception_message", "attributes"}

var outlineKind = func() kind[telemetry.Span] {
	k := spanKind
	fields := slices.Clone(outlined)
	for _, own := range ownColumns {
		fields = append(fields, own.column)
	}
	k.fields = strings.Join(fields, ", ")
	return k
}()

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
	t, ok, err := s.traceTime(ctx, k.signal, id)
	if err != nil || !ok {
		return nil, false, err
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

// traceTime looks up one trace. Its spans and its logs are mostly asked for at the same
// time, and half of what this statement costs any statement does: who asks while the answer
// is on its way, for whichever signal, waits for the same.
func (s *Store) traceTime(ctx context.Context, signal telemetry.Signal, id telemetry.TraceID) (traceTime, bool, error) {
	shared := s.lookups.DoChan(string(id[:]), func() (any, error) {
		// Who asked first may go away before the others.
		ctx, cancel := s.limited(context.WithoutCancel(ctx))
		defer cancel()
		return s.signalTimes(ctx, id)
	})
	select {
	case <-ctx.Done():
		return traceTime{}, false, s.explain(ctx, ctx.Err())
	case r := <-shared:
		if r.Err != nil {
			return traceTime{}, false, r.Err
		}
		t, ok := r.Val.(map[telemetry.Signal]traceTime)[signal]
		return t, ok, nil
	}
}

func (s *Store) signalTimes(ctx context.Context, id telemetry.TraceID) (map[telemetry.Signal]traceTime, error) {
	times := map[telemetry.Signal]traceTime{}
	q := &statement{}
	// One thread, no grouping, the other columns only where the trace is: there are few rows,
	// one of each block that the trace came in, and what there is to do is for each part.
	q.text("SELECT signal = 'logs', toUnixTimestamp64Nano(first), toUnixTimestamp64Nano(last) FROM trace_times PREWHERE trace_id = ",
		q.id(id.String(), 16), " SETTINGS max_threads = 1")
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var logs uint8
		var t traceTime
		if err := r.Scan(&logs, &t.first, &t.last); err != nil {
			return err
		}
		signal := telemetry.Spans
		if logs == 1 {
			signal = telemetry.Logs
		}
		if known, ok := times[signal]; ok {
			t.first, t.last = min(t.first, known.first), max(t.last, known.last)
		}
		times[signal] = t
		return nil
	})
	return times, err
}

// traceTimes looks up several traces.
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
