package telemetry

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/filter"
)

// memory is a Reader over slices: what the contract says, by scanning everything.
type memory struct {
	logs  []Log
	spans []Span
	asked []PageQuery // what was asked for, for tests of limits
	err   error
}

func (m *memory) matchLog(q Query, l *Log) bool {
	return inRange(q.Range, l.Time) && (q.Env == "" || q.Env == l.Env) && filter.Match(q.Filter, LogRow(l))
}

func (m *memory) matchSpan(q Query, s *Span) bool {
	return inRange(q.Range, s.Time) && (q.Env == "" || q.Env == s.Env) && filter.Match(q.Filter, SpanRow(s))
}

func inRange(r Range, ns int64) bool { return ns >= r.From.UnixNano() && ns < r.To.UnixNano() }

// page sorts rows, skips those up to the cursor and cuts.
func page[Row any](q PageQuery, rows []Row, key func(*Row) Cursor, slower func(a, b *Row) int) ([]Row, bool) {
	order := func(a, b Cursor) int {
		c := cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID))
		if q.Order == Newest {
			c = -c
		}
		return c
	}
	slices.SortFunc(rows, func(a, b Row) int {
		if q.Order == Slowest {
			return slower(&a, &b)
		}
		return order(key(&a), key(&b))
	})
	if !q.After.IsZero() {
		rows = slices.DeleteFunc(rows, func(r Row) bool { return order(key(&r), q.After) <= 0 })
	}
	if len(rows) > q.Limit {
		return rows[:q.Limit], true
	}
	return rows, false
}

func (m *memory) ReadLogs(_ context.Context, q PageQuery) ([]Log, bool, error) {
	m.asked = append(m.asked, q)
	var rows []Log
	for i := range m.logs {
		if m.matchLog(q.Query, &m.logs[i]) {
			rows = append(rows, m.logs[i])
		}
	}
	rows, more := page(q, rows, func(l *Log) Cursor { return Cursor{l.Time, l.ID} }, nil)
	return rows, more, m.err
}

func (m *memory) ReadSpans(_ context.Context, q PageQuery) ([]Span, bool, error) {
	m.asked = append(m.asked, q)
	var rows []Span
	for i := range m.spans {
		if m.matchSpan(q.Query, &m.spans[i]) {
			rows = append(rows, m.spans[i])
		}
	}
	rows, more := page(q, rows, func(s *Span) Cursor { return Cursor{s.Time, s.ID} },
		func(a, b *Span) int { return cmp.Compare(b.Duration, a.Duration) })
	return rows, more, m.err
}

func (m *memory) CountLogs(_ context.Context, q Query) (n uint64, err error) {
	for i := range m.logs {
		if m.matchLog(q, &m.logs[i]) {
			n++
		}
	}
	return n, m.err
}

func (m *memory) CountSpans(_ context.Context, q Query) (n uint64, err error) {
	for i := range m.spans {
		if m.matchSpan(q, &m.spans[i]) {
			n++
		}
	}
	return n, m.err
}

func (m *memory) histogram(q Query, n int, each func(add func(ns int64, group string))) (Histogram, error) {
	step := q.To.Sub(q.From) / time.Duration(n)
	counts := map[int64]map[string]uint64{}
	each(func(ns int64, group string) {
		at := ns - (ns-q.From.UnixNano())%int64(step)
		if counts[at] == nil {
			counts[at] = map[string]uint64{}
		}
		counts[at][group]++
	})
	h := Histogram{Step: step}
	for _, at := range slices.Sorted(maps.Keys(counts)) {
		h.Buckets = append(h.Buckets, Bucket{Time: at, Counts: counts[at]})
	}
	return h, m.err
}

func (m *memory) LogHistogram(_ context.Context, q Query, n int) (Histogram, error) {
	return m.histogram(q, n, func(add func(int64, string)) {
		for i := range m.logs {
			if m.matchLog(q, &m.logs[i]) {
				add(m.logs[i].Time, m.logs[i].Severity.Level())
			}
		}
	})
}

func (m *memory) SpanHistogram(_ context.Context, q Query, n int) (Histogram, error) {
	return m.histogram(q, n, func(add func(int64, string)) {
		for i := range m.spans {
			if m.matchSpan(q, &m.spans[i]) {
				add(m.spans[i].Time, m.spans[i].Status.String())
			}
		}
	})
}

func (m *memory) SpanDurations(_ context.Context, q Query, n int) (DurationMap, error) {
	step := (q.To.Sub(q.From) / time.Duration(n)).Truncate(time.Millisecond) + time.Millisecond
	cells := map[[2]int64]DurationCell{}
	for i := range m.spans {
		s := &m.spans[i]
		if !m.matchSpan(q, s) {
			continue
		}
		key := [2]int64{s.Time - s.Time%int64(step), int64(DurationBucket(s.Duration))}
		c := cells[key]
		c.Time, c.Bucket, c.Count = key[0], int(key[1]), c.Count+1
		if s.Status == StatusError {
			c.Errors++
		}
		cells[key] = c
	}
	out := DurationMap{Step: step, Cells: slices.Collect(maps.Values(cells))}
	slices.SortFunc(out.Cells, func(a, b DurationCell) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Bucket, b.Bucket))
	})
	return out, m.err
}

func (m *memory) facets(rows []filter.Row, keys []string, limit int) ([]Facet, error) {
	var facets []Facet
	for _, key := range keys {
		counts := map[string]uint64{}
		for _, r := range rows {
			if v, ok := r.Value(key); ok {
				counts[v]++
			}
		}
		f := Facet{Key: key, Distinct: uint64(len(counts))}
		for _, v := range slices.Sorted(maps.Keys(counts)) {
			f.Values = append(f.Values, FacetValue{v, counts[v]})
		}
		slices.SortStableFunc(f.Values, func(a, b FacetValue) int { return cmp.Compare(b.Count, a.Count) })
		f.Values = f.Values[:min(limit, len(f.Values))]
		facets = append(facets, f)
	}
	return facets, m.err
}

func (m *memory) LogFacets(_ context.Context, q Query, keys []string, limit int) ([]Facet, error) {
	var rows []filter.Row
	attrs := map[string]bool{}
	for i := range m.logs {
		if m.matchLog(q, &m.logs[i]) {
			rows = append(rows, LogRow(&m.logs[i]))
			for _, a := range m.logs[i].Attrs {
				attrs[AttrKey(Logs, a.Key)] = true
			}
		}
	}
	if len(keys) == 0 {
		keys = append([]string{"level", "service"}, slices.Sorted(maps.Keys(attrs))...)
	}
	return m.facets(rows, keys, limit)
}

func (m *memory) SpanFacets(_ context.Context, q Query, keys []string, limit int) ([]Facet, error) {
	var rows []filter.Row
	for i := range m.spans {
		if m.matchSpan(q, &m.spans[i]) {
			rows = append(rows, SpanRow(&m.spans[i]))
		}
	}
	if len(keys) == 0 {
		keys = []string{"service", "status"}
	}
	return m.facets(rows, keys, limit)
}

func (m *memory) SpanContrast(_ context.Context, q Query, chosen filter.Node, _ int) (c Contrast, err error) {
	tallies := map[[2]string]*ContrastTally{}
	for i := range m.spans {
		s := &m.spans[i]
		if !m.matchSpan(q, s) {
			continue
		}
		in := filter.Match(chosen, SpanRow(s))
		count := func(chosen, others *uint64) {
			if in {
				*chosen++
			} else {
				*others++
			}
		}
		count(&c.Chosen.All, &c.Others.All)
		for _, a := range append([]Attr{{"status", s.Status.String()}}, s.Attrs...) {
			at := [2]string{a.Key, a.Value}
			if tallies[at] == nil {
				tallies[at] = &ContrastTally{Key: a.Key, Value: a.Value}
			}
			count(&tallies[at].Chosen, &tallies[at].Others)
		}
	}
	c.Chosen.Seen, c.Others.Seen = c.Chosen.All, c.Others.All
	for _, t := range tallies {
		c.Tallies = append(c.Tallies, *t)
	}
	return c, nil
}

func (m *memory) Traces(_ context.Context, q PageQuery) ([]TraceSummary, bool, error) {
	m.asked = append(m.asked, q)
	newest := map[TraceID]Span{}
	for i := range m.spans {
		s := m.spans[i]
		if n, ok := newest[s.TraceID]; m.matchSpan(q.Query, &s) && (!ok || s.Time > n.Time || s.Time == n.Time && s.ID > n.ID) {
			newest[s.TraceID] = s
		}
	}
	rows, more := page(q, slices.Collect(maps.Values(newest)), func(s *Span) Cursor { return Cursor{s.Time, s.ID} }, nil)
	var out []TraceSummary
	for _, r := range rows {
		t := TraceSummary{TraceID: r.TraceID, Time: r.Time}
		end := r.Time
		for _, s := range m.spans {
			if s.TraceID != r.TraceID {
				continue
			}
			t.Spans++
			t.Time, end = min(t.Time, s.Time), max(end, s.Time+s.Duration)
			if s.Status == StatusError {
				t.Errors++
			}
			if !slices.Contains(t.Services, s.Service) {
				t.Services = append(t.Services, s.Service)
			}
			if s.ParentID.IsZero() {
				t.RootService, t.RootName, t.RootStatus = s.Service, s.Name, s.Status
			}
		}
		t.Duration = end - t.Time
		out = append(out, t)
	}
	return out, more, m.err
}

func (m *memory) Trace(_ context.Context, id TraceID, limit int) ([]Span, bool, error) {
	panic("not asked by this room")
}

func (m *memory) TraceOutline(_ context.Context, id TraceID, limit int) ([]Span, bool, error) {
	panic("not asked by this room")
}

func (m *memory) TraceSteps(context.Context, []TraceID, int) (map[TraceID][]Span, error) {
	panic("not asked by this room")
}

func (m *memory) TraceLogs(_ context.Context, id TraceID, limit int) ([]Log, bool, error) {
	panic("not asked by this room")
}

func (m *memory) Services(context.Context, Range, string, int) ([]ServiceStat, error) {
	panic("not asked by this room")
}

func (m *memory) Environments(context.Context, Range) ([]string, error) {
	panic("not asked by this room")
}

func (m *memory) Storage(context.Context) ([]DayStorage, error) { panic("not asked by this room") }

var _ Reader = (*memory)(nil)
