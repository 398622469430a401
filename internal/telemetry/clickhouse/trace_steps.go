package clickhouse

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// stepFields are the columns of a step.
const stepFields = "id, time, duration, env, service, instance, host, trace_id, span_id, parent_id, name, kind, status, endpoint, operation_id, operation"

// TraceSteps reads several traces with two statements: one says when they were, and the
// other reads them all. Most of what the reading of a small trace costs is the statement's,
// however few its rows, so a hundred traces at once cost little more than one.
func (s *Store) TraceSteps(ctx context.Context, ids []telemetry.TraceID, each int) (map[telemetry.TraceID][]telemetry.Span, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), telemetry.TraceID.IsZero)
	out := map[telemetry.TraceID][]telemetry.Span{}
	if len(ids) == 0 || each <= 0 {
		return out, nil
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	times, err := s.traceTimes(ctx, telemetry.Spans, ids)
	if err != nil || len(times) == 0 {
		return out, err
	}
	q := &statement{}
	// Without an order the engine hands rows over as it finds them, and stops reading a trace
	// that is too large.
	q.text("SELECT ", stepFields, " FROM spans WHERE (", q.within(times), ") AND trace_id IN ", q.ids(ids), " LIMIT ", strconv.Itoa(each+1), " BY trace_id")
	type gathered struct {
		spans []telemetry.Span
		bytes int
		left  bool
	}
	all := map[telemetry.TraceID]*gathered{}
	bytes := 0
	leave := func(g *gathered) {
		bytes -= g.bytes
		*g = gathered{left: true}
	}
	known := resources{}
	err = s.blocksOf(ctx, q, func(cols block, n int) error {
		for i := range n {
			id := telemetry.TraceID(cols.bytes("trace_id", i))
			g := all[id]
			if g == nil {
				g = &gathered{}
				all[id] = g
			}
			if g.left {
				continue
			}
			if len(g.spans) == each {
				leave(g)
				continue
			}
			span, err := cols.span(i, known)
			if err != nil {
				return err
			}
			g.spans = append(g.spans, span)
			g.bytes += span.Size()
			for bytes += span.Size(); bytes > traceBytes; {
				largest := g
				for _, other := range all {
					if other.bytes > largest.bytes {
						largest = other
					}
				}
				leave(largest)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id, g := range all {
		if g.left {
			continue
		}
		slices.SortFunc(g.spans, func(a, b telemetry.Span) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID)) })
		out[id] = g.spans
	}
	return out, nil
}
