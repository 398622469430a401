package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Traces lists traces by their newest span of the selection. The place of a trace in that
// order is its newest span's (Time, ID), which is also what a cursor is of.
//
// Like a page of rows it goes back through time in windows. Spans in a window may belong to
// a trace that has a newer one: found in a window before, or on a page before, which is
// asked of the engine for the few traces that a window gives.
func (s *Store) Traces(ctx context.Context, p telemetry.PageQuery) ([]telemetry.TraceSummary, bool, error) {
	if p.Limit <= 0 || p.Order != telemetry.Newest {
		return nil, false, fault.Internalf("a page of %d traces in the order %d", p.Limit, p.Order)
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, all, err := s.selection(ctx, telemetry.Spans, p.Query)
	if err != nil {
		return nil, false, err
	}
	below := all
	if !p.After.IsZero() {
		below.to = min(below.to, p.After.Time+1)
	}
	w := s.walker(ctx, below, false)
	seen := map[telemetry.TraceID]bool{}
	var found []telemetry.TraceID
	for want := p.Limit + 1; len(found) < want; {
		from, to, ok := w.next()
		if !ok {
			break
		}
		here, err := s.newTracesIn(ctx, all, from, to, p.After, seen, want-len(found))
		if err != nil {
			return nil, false, err
		}
		before := len(found)
		for _, id := range here {
			seen[id] = true
			found = append(found, id)
		}
		w.grow(len(found)-before, want-before)
	}
	more := len(found) > p.Limit
	if more {
		found = found[:p.Limit]
	}
	summaries, err := s.summaries(ctx, found)
	return summaries, more, err
}

// newTracesIn is tracesIn without those seen and those on the pages before. At least limit
// of them are given, if the window has as many.
func (s *Store) newTracesIn(ctx context.Context, sel selection, from, to int64, after telemetry.Cursor, seen map[telemetry.TraceID]bool, limit int) ([]telemetry.TraceID, error) {
	for ask := limit + len(seen); ; ask *= 4 {
		ids, err := s.tracesIn(ctx, sel, from, to, after, ask)
		if err != nil {
			return nil, err
		}
		all := len(ids) < ask
		ids = slices.DeleteFunc(ids, func(id telemetry.TraceID) bool { return seen[id] })
		if !after.IsZero() {
			if ids, err = s.notAbove(ctx, sel, after, ids); err != nil {
				return nil, err
			}
		}
		if all || len(ids) >= limit {
			return ids, nil
		}
	}
}

// tracesIn gives the traces of a selection's spans in a window, below a cursor, by the
// newest of these.
func (s *Store) tracesIn(ctx context.Context, sel selection, from, to int64, after telemetry.Cursor, limit int) (ids []telemetry.TraceID, err error) {
	q := &statement{}
	q.text("SELECT lower(hex(trace_id)) AS trace, max((time, id)) AS place")
	if err := sel.condition(q, from, to); err != nil {
		return nil, err
	}
	q.text(" AND trace_id != toFixedString('', 16)")
	if !after.IsZero() {
		cursor(q, telemetry.Newest, after)
	}
	inner := q.String()
	q.Reset()
	q.text("SELECT trace FROM (", inner, " GROUP BY trace_id) ORDER BY place DESC LIMIT ", strconv.Itoa(limit))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var trace string
		err := r.Scan(&trace)
		id, _ := telemetry.ParseTraceID(trace)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// notAbove leaves out the traces that have a span of the selection at or above a cursor.
func (s *Store) notAbove(ctx context.Context, sel selection, after telemetry.Cursor, ids []telemetry.TraceID) ([]telemetry.TraceID, error) {
	times, err := s.traceTimes(ctx, telemetry.Spans, ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	last := int64(minTime)
	for _, t := range times {
		last = max(last, t.last)
	}
	q := &statement{}
	q.text("SELECT DISTINCT lower(hex(trace_id))")
	if err := sel.condition(q, max(sel.from, after.Time), min(sel.to, last+1)); err != nil {
		return nil, err
	}
	t, id := q.time(after.Time), q.param("UInt64", after.ID)
	fmt.Fprintf(q, " AND (time > %[1]s OR time = %[1]s AND id >= %[2]s) AND trace_id IN %[3]s", t, id, q.ids(ids))
	above := map[telemetry.TraceID]bool{}
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var trace string
		err := r.Scan(&trace)
		id, _ := telemetry.ParseTraceID(trace)
		above[id] = true
		return err
	})
	return slices.DeleteFunc(ids, func(id telemetry.TraceID) bool { return above[id] }), err
}

// summaries describes traces, all of their spans, in the order given.
func (s *Store) summaries(ctx context.Context, ids []telemetry.TraceID) ([]telemetry.TraceSummary, error) {
	out := []telemetry.TraceSummary{}
	if len(ids) == 0 {
		return out, nil
	}
	times, err := s.traceTimes(ctx, telemetry.Spans, ids)
	if err != nil {
		return nil, err
	}
	q := &statement{}
	q.text(`SELECT lower(hex(trace_id)) AS trace, toUnixTimestamp64Nano(min(time)) AS first,
	max(toUnixTimestamp64Nano(time) + duration) - first, count(), countIf(status = 2), arraySort(groupUniqArray(toString(service))),
	argMin((toString(service), toString(name), status, toString(http_response_status_code)), (parent_id != toFixedString('', 8), time, id))
FROM spans WHERE trace_id IN `, q.ids(ids), " AND (", q.within(times), ") GROUP BY trace_id")
	byID := map[telemetry.TraceID]telemetry.TraceSummary{}
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var trace string
		var t telemetry.TraceSummary
		var root []any
		if err := r.Scan(&trace, &t.Time, &t.Duration, &t.Spans, &t.Errors, &t.Services, &root); err != nil {
			return err
		}
		t.TraceID, _ = telemetry.ParseTraceID(trace)
		t.RootService, t.RootName = root[0].(string), root[1].(string)
		t.RootStatus, t.RootHTTPStatus = telemetry.Status(root[2].(uint8)), root[3].(string)
		byID[t.TraceID] = t
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if t, ok := byID[id]; ok {
			out = append(out, t)
		}
	}
	return out, nil
}

// within holds in the times of the traces, joined where they touch, so that the engine
// looks at no time between.
func (q *statement) within(times map[telemetry.TraceID]traceTime) string {
	list := make([]traceTime, 0, len(times))
	for _, t := range times {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b traceTime) int { return cmp.Compare(a.first, b.first) })
	var joined []traceTime
	for _, t := range list {
		if n := len(joined); n > 0 && t.first <= joined[n-1].last {
			joined[n-1].last = max(joined[n-1].last, t.last)
		} else {
			joined = append(joined, t)
		}
	}
	parts := make([]string, len(joined))
	for i, t := range joined {
		parts[i] = "time >= " + q.time(t.first) + " AND time <= " + q.time(t.last)
	}
	if len(parts) == 0 {
		return never
	}
	return strings.Join(parts, " OR ")
}
