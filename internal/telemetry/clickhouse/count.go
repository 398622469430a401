package clickhouse

import (
	"context"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// CountLogs counts logs.
func (s *Store) CountLogs(ctx context.Context, q telemetry.Query) (uint64, error) {
	return s.count(ctx, telemetry.Logs, q)
}

// CountSpans counts spans.
func (s *Store) CountSpans(ctx context.Context, q telemetry.Query) (uint64, error) {
	return s.count(ctx, telemetry.Spans, q)
}

func (s *Store) count(ctx context.Context, signal telemetry.Signal, tq telemetry.Query) (n uint64, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, sel, err := s.selection(ctx, signal, tq)
	if err != nil {
		return 0, err
	}
	q := &statement{}
	q.text("SELECT count()")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return 0, err
	}
	err = s.answer(ctx, q, func(r driver.Rows) error { return r.Scan(&n) })
	return n, err
}

// LogHistogram counts logs by time and level.
func (s *Store) LogHistogram(ctx context.Context, q telemetry.Query, buckets int) (telemetry.Histogram, error) {
	return s.histogram(ctx, telemetry.Logs, q, buckets, "severity", func(n uint8) string { return telemetry.Severity(n).Level() })
}

// SpanHistogram counts spans by time and status.
func (s *Store) SpanHistogram(ctx context.Context, q telemetry.Query, buckets int) (telemetry.Histogram, error) {
	return s.histogram(ctx, telemetry.Spans, q, buckets, "status", func(n uint8) string { return telemetry.Status(n).String() })
}

func (s *Store) histogram(ctx context.Context, signal telemetry.Signal, tq telemetry.Query, buckets int, column string, name func(uint8) string) (telemetry.Histogram, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, sel, err := s.selection(ctx, signal, tq)
	if err != nil {
		return telemetry.Histogram{}, err
	}
	// The step is the asked range's, however little of it the selection needs.
	h := telemetry.Histogram{Step: roundStep(unixNano(tq.From), unixNano(tq.To), buckets)}
	if h.Step == 0 {
		return h, fault.Internalf("a histogram of %d bars", buckets)
	}
	step := strconv.FormatInt(int64(h.Step), 10)
	q := &statement{}
	q.text("SELECT intDiv(toUnixTimestamp64Nano(time), ", step, ") AS bar, ", column, ", count()")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return h, err
	}
	q.text(" GROUP BY bar, ", column, " ORDER BY bar, ", column)
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var bar int64
		var group uint8
		var n uint64
		if err := r.Scan(&bar, &group, &n); err != nil {
			return err
		}
		at := bar * int64(h.Step)
		if k := len(h.Buckets); k == 0 || h.Buckets[k-1].Time != at {
			h.Buckets = append(h.Buckets, telemetry.Bucket{Time: at, Counts: map[string]uint64{}})
		}
		h.Buckets[len(h.Buckets)-1].Counts[name(group)] += n
		return nil
	})
	return h, err
}

var roundSteps = [...]time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// roundStep is the shortest round step that cuts [from, to) into at most n bars, which
// begin at multiples of the step; 0 if n is not positive.
func roundStep(from, to int64, n int) time.Duration {
	if n <= 0 {
		return 0
	}
	fits := func(step time.Duration) bool {
		if to <= from {
			return true
		}
		return (to-1)/int64(step)-from/int64(step)+1 <= int64(n)
	}
	for _, step := range roundSteps {
		if fits(step) {
			return step
		}
	}
	// Weeks, then, as many as it takes. The range may still touch two of the longest.
	step := roundSteps[len(roundSteps)-1]
	for !fits(step) && step < time.Duration(maxTime) {
		step *= 2
	}
	return step
}
