package clickhouse

import (
	"context"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Trace gives all spans of a trace, oldest first.
func (s *Store) Trace(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	return ofTrace(ctx, s, telemetry.Spans, id, limit, spanFields, block.span)
}

// TraceLogs gives all logs of a trace, oldest first.
func (s *Store) TraceLogs(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Log, bool, error) {
	return ofTrace(ctx, s, telemetry.Logs, id, limit, logFields, block.log)
}

// ofTrace reads the rows of a trace: trace_times says when it was, so that only that time
// is looked at.
func ofTrace[T any](ctx context.Context, s *Store, signal telemetry.Signal, id telemetry.TraceID, limit int, fields string,
	row func(block, int, resources) (T, error)) ([]T, bool, error) {
	if id.IsZero() || limit <= 0 {
		return nil, false, nil
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT toUnixTimestamp64Nano(min(first)), toUnixTimestamp64Nano(max(last)), count() FROM trace_times WHERE trace_id = ",
		q.id(id.String(), 16), " AND signal = '", signal.String(), "'")
	var first, last int64
	var n uint64
	if err := s.answer(ctx, q, func(r driver.Rows) error { return r.Scan(&first, &last, &n) }); err != nil || n == 0 {
		return nil, false, err
	}
	q = &statement{}
	q.text("SELECT ", fields, " FROM ", signal.String(), " WHERE time >= ", q.time(first), " AND time <= ", q.time(last),
		" AND trace_id = ", q.id(id.String(), 16), " ORDER BY time, id LIMIT ", strconv.Itoa(limit+1))
	known := resources{}
	var found []T
	err := s.blocksOf(ctx, q, func(cols block, n int) (err error) {
		found, err = rows(cols, n, found, known, row)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if len(found) > limit {
		return found[:limit], true, nil
	}
	return found, false, nil
}
