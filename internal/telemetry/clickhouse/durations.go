package clickhouse

import (
	"context"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// boundsSQL is telemetry.DurationBounds as an array. A duration is looked up in it and not
// computed from a logarithm: what lies on a bound would fall to either side of it.
var boundsSQL = func() string {
	var b strings.Builder
	b.WriteString("CAST([")
	for i, n := range telemetry.DurationBounds() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(n, 10))
	}
	b.WriteString("], 'Array(Int64)')")
	return b.String()
}()

// SpanDurations counts spans by time and duration.
func (s *Store) SpanDurations(ctx context.Context, tq telemetry.Query, buckets int) (telemetry.DurationMap, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, sel, err := s.selection(ctx, telemetry.Spans, tq)
	if err != nil {
		return telemetry.DurationMap{}, err
	}
	m := telemetry.DurationMap{Step: roundStep(unixNano(tq.From), unixNano(tq.To), buckets)}
	if m.Step == 0 {
		return m, fault.Internalf("a heat map of %d steps", buckets)
	}
	q := &statement{}
	q.text("SELECT intDiv(toUnixTimestamp64Nano(time), ", strconv.FormatInt(int64(m.Step), 10), ") AS step, ",
		"roundDown(duration, ", boundsSQL, ") AS low, count(), countIf(status = ", strconv.Itoa(int(telemetry.StatusError)), ")")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return m, err
	}
	q.text(" GROUP BY step, low ORDER BY step, low")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var step, low int64
		var c telemetry.DurationCell
		if err := r.Scan(&step, &low, &c.Count, &c.Errors); err != nil {
			return err
		}
		c.Time, c.Bucket = step*int64(m.Step), telemetry.DurationBucket(low)
		m.Cells = append(m.Cells, c)
		return nil
	})
	return m, err
}
