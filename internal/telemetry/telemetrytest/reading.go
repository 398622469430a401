package telemetrytest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

func (f *filled) selectLogs(q telemetry.Query) (rows []telemetry.Log) {
	for i := range f.logs {
		if l := &f.logs[i]; in(q, l.Time, l.Env) && filter.Match(q.Filter, telemetry.LogRow(l)) {
			rows = append(rows, *l)
		}
	}
	return rows
}

func (f *filled) selectSpans(q telemetry.Query) (rows []telemetry.Span) {
	for i := range f.spans {
		if s := &f.spans[i]; in(q, s.Time, s.Env) && filter.Match(q.Filter, telemetry.SpanRow(s)) {
			rows = append(rows, *s)
		}
	}
	return rows
}

func in(q telemetry.Query, at int64, env string) bool {
	return at >= q.From.UnixNano() && at < q.To.UnixNano() && (q.Env == "" || q.Env == env)
}

// queries are some of all sizes, for what is not about filters.
func (f *filled) queries() []telemetry.Query {
	mid, end := time.Unix(0, f.logs[len(f.logs)/2].Time), time.Unix(0, f.logs[len(f.logs)-1].Time)
	return []telemetry.Query{
		{Range: always},
		{Range: always, Env: "production"},
		{Range: telemetry.Range{From: day, To: mid}},
		{Range: telemetry.Range{From: mid, To: end}, Env: "検証"},
		{Range: always, Filter: filter.Text{Folded: []string{"a"}}},
		{Range: telemetry.Range{From: day, To: end}, Filter: filter.Not{Node: filter.Compare{Key: "service", Value: "cart"}}},
	}
}

// pages: rows come back as they went in, in order, none twice, none left out.
func (f *filled) pages(t *testing.T) {
	ctx := context.Background()
	for _, q := range f.queries() {
		logs, spans := f.selectLogs(q), f.selectSpans(q)
		for _, order := range []telemetry.Order{telemetry.Newest, telemetry.Oldest} {
			for _, limit := range []int{1 + len(f.logs)/6, len(f.logs) + 1} {
				got := walk(t, q, order, limit, func(p telemetry.PageQuery) ([]telemetry.Log, bool, error) { return f.ReadLogs(ctx, p) },
					func(l telemetry.Log) telemetry.Cursor { return telemetry.Cursor{Time: l.Time, ID: l.ID} })
				same(t, "logs", got, logs)
				gotS := walk(t, q, order, limit, func(p telemetry.PageQuery) ([]telemetry.Span, bool, error) { return f.ReadSpans(ctx, p) },
					func(s telemetry.Span) telemetry.Cursor { return telemetry.Cursor{Time: s.Time, ID: s.ID} })
				same(t, "spans", gotS, spans)
			}
		}
	}
}

// walk reads all pages and gives the rows oldest first.
func walk[T any](t *testing.T, q telemetry.Query, order telemetry.Order, limit int, read func(telemetry.PageQuery) ([]T, bool, error), place func(T) telemetry.Cursor) []T {
	t.Helper()
	return walkPages(t, q, order, limit, false, read, place)
}

// walkPages is walk; large says that pages may end before their limit.
func walkPages[T any](t *testing.T, q telemetry.Query, order telemetry.Order, limit int, large bool, read func(telemetry.PageQuery) ([]T, bool, error), place func(T) telemetry.Cursor) []T {
	t.Helper()
	var all []T
	p := telemetry.PageQuery{Query: q, Order: order, Limit: limit}
	for {
		rows, more, err := read(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
		if !more {
			break
		}
		if len(rows) != limit && (!large || len(rows) == 0 || len(rows) > limit) {
			t.Fatalf("a page of %d rows of %d says that more follow", len(rows), limit)
		}
		p.After = place(rows[len(rows)-1])
	}
	if order == telemetry.Newest {
		slices.Reverse(all)
	}
	return all
}

func same[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: row %d is\n%+v\nwant\n%+v", what, i, got[i], want[i])
			return
		}
	}
}

func (f *filled) slowest(t *testing.T) {
	for _, q := range f.queries() {
		want := f.selectSpans(q)
		slices.SortFunc(want, func(a, b telemetry.Span) int {
			return cmp.Or(cmp.Compare(b.Duration, a.Duration), cmp.Compare(b.Time, a.Time), cmp.Compare(b.ID, a.ID))
		})
		got, more, err := f.ReadSpans(context.Background(), telemetry.PageQuery{Query: q, Order: telemetry.Slowest, Limit: 20})
		if err != nil || more != (len(want) > 20) {
			t.Fatal(more, err)
		}
		same(t, "slowest", got, want[:min(20, len(want))])
	}
}

// logFilters: what a filter selects is what filter.Match selects.
func (f *filled) logFilters(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		q := telemetry.Query{Range: always, Filter: filters(telemetry.Logs).Draw(r, "filter")}
		want := f.selectLogs(q)
		n, err := f.CountLogs(context.Background(), q)
		if err != nil {
			r.Fatal(err)
		}
		if n == uint64(len(want)) && n%4 != 0 {
			return // the number tells; a quarter is looked at row by row
		}
		got, _, err := f.ReadLogs(context.Background(), telemetry.PageQuery{Query: q, Order: telemetry.Oldest, Limit: len(f.logs)})
		if err != nil {
			r.Fatal(err)
		}
		differ(r, got, want, int(n), func(l telemetry.Log) uint64 { return l.ID })
	})
}

func (f *filled) spanFilters(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		q := telemetry.Query{Range: always, Filter: filters(telemetry.Spans).Draw(r, "filter")}
		want := f.selectSpans(q)
		n, err := f.CountSpans(context.Background(), q)
		if err != nil {
			r.Fatal(err)
		}
		if n == uint64(len(want)) && n%4 != 0 {
			return
		}
		got, _, err := f.ReadSpans(context.Background(), telemetry.PageQuery{Query: q, Order: telemetry.Oldest, Limit: len(f.spans)})
		if err != nil {
			r.Fatal(err)
		}
		differ(r, got, want, int(n), func(s telemetry.Span) uint64 { return s.ID })
	})
}

func differ[T any](r *rapid.T, got, want []T, count int, id func(T) uint64) {
	has := map[uint64]T{}
	for _, g := range got {
		has[id(g)] = g
	}
	for _, w := range want {
		if _, ok := has[id(w)]; !ok {
			r.Fatalf("the store counts %d rows of %d and does not find\n%+v", count, len(want), w)
		}
		delete(has, id(w))
	}
	for _, g := range has {
		r.Fatalf("the store counts %d rows of %d and finds what Match does not:\n%+v", count, len(want), g)
	}
	if count != len(want) {
		r.Fatalf("the store counts %d rows and finds %d", count, len(want))
	}
}

func (f *filled) histograms(t *testing.T) {
	ctx := context.Background()
	for _, q := range f.queries() {
		for _, n := range []int{1, 7, 60, 400} {
			h, err := f.LogHistogram(ctx, q, n)
			if err != nil {
				t.Fatal(err)
			}
			checkBars(t, h, q, n)
			want := map[int64]map[string]uint64{}
			for _, l := range f.selectLogs(q) {
				bar(want, l.Time, h.Step)[l.Severity.Level()]++
			}
			checkHistogram(t, h, want)
			if h, err = f.SpanHistogram(ctx, q, n); err != nil {
				t.Fatal(err)
			}
			want = map[int64]map[string]uint64{}
			for _, s := range f.selectSpans(q) {
				bar(want, s.Time, h.Step)[s.Status.String()]++
			}
			checkHistogram(t, h, want)
		}
	}
}

func (f *filled) durations(t *testing.T) {
	for _, q := range f.queries() {
		for _, n := range []int{1, 7, 60, 400} {
			got, err := f.SpanDurations(context.Background(), q, n)
			if err != nil {
				t.Fatal(err)
			}
			h, err := f.SpanHistogram(context.Background(), q, n)
			if err != nil || got.Step != h.Step {
				t.Fatalf("cells of %v where bars are of %v: %v", got.Step, h.Step, err)
			}
			type place struct {
				at     int64
				bucket int
			}
			cells := map[place]telemetry.DurationCell{}
			for _, s := range f.selectSpans(q) {
				p := place{s.Time - s.Time%int64(got.Step), telemetry.DurationBucket(s.Duration)}
				c := cells[p]
				c.Time, c.Bucket, c.Count = p.at, p.bucket, c.Count+1
				if s.Status == telemetry.StatusError {
					c.Errors++
				}
				cells[p] = c
			}
			want := slices.SortedFunc(maps.Values(cells), func(a, b telemetry.DurationCell) int {
				return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Bucket, b.Bucket))
			})
			if !slices.Equal(got.Cells, want) {
				t.Errorf("durations in %d steps\n%v\nwant\n%v", n, got.Cells, want)
			}
		}
	}
}

func bar(bars map[int64]map[string]uint64, at int64, step time.Duration) map[string]uint64 {
	at -= at % int64(step)
	if bars[at] == nil {
		bars[at] = map[string]uint64{}
	}
	return bars[at]
}

func checkBars(t *testing.T, h telemetry.Histogram, q telemetry.Query, n int) {
	t.Helper()
	if h.Step <= 0 || n > 2 && int64(q.To.Sub(q.From)/h.Step) > int64(n) {
		t.Errorf("bars of %v for %v in at most %d", h.Step, q.To.Sub(q.From), n)
	}
	if len(h.Buckets) > n {
		t.Errorf("%d bars, at most %d were asked for", len(h.Buckets), n)
	}
}

func checkHistogram(t *testing.T, h telemetry.Histogram, want map[int64]map[string]uint64) {
	t.Helper()
	got := map[int64]map[string]uint64{}
	last := int64(math.MinInt64)
	for _, b := range h.Buckets {
		if b.Time <= last {
			t.Error("bars are out of order")
		}
		last = b.Time
		got[b.Time] = b.Counts
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("histogram\n%v\nwant\n%v", got, want)
	}
}

func (f *filled) facets(t *testing.T) {
	ctx := context.Background()
	for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		var keys []string
		for _, field := range telemetry.Fields(signal) {
			keys = append(keys, field.Key)
		}
		keys = append(keys, "user", "resource.user", "attributes.level", "http.response.status_code", "it's", "nobody has this")
		for i, q := range f.queries() {
			ask := keys
			if i > 0 {
				ask = keys[:3]
			}
			for _, limit := range []int{3, 1000} {
				got, err := f.askFacets(ctx, signal, q, ask, limit)
				if err != nil {
					t.Fatal(err)
				}
				if len(got) != len(ask) {
					t.Fatalf("%d facets of %d keys", len(got), len(ask))
				}
				for k, key := range ask {
					want := f.wantFacet(signal, q, key, limit)
					if got[k].Key != key || !slices.Equal(got[k].Values, want.Values) || math.Abs(float64(got[k].Distinct)-float64(want.Distinct)) > 0.02*float64(want.Distinct) {
						t.Errorf("%s %q, limit %d:\n%+v\nwant\n%+v", signal, key, limit, got[k], want)
					}
				}
			}
		}
		auto, err := f.askFacets(ctx, signal, telemetry.Query{Range: always}, nil, 5)
		if err != nil || len(auto) < 5 {
			t.Fatalf("facets without keys: %v %v", auto, err)
		}
		attrs := 0
		for _, a := range auto {
			if want := f.wantFacet(signal, telemetry.Query{Range: always}, a.Key, 5); !slices.Equal(a.Values, want.Values) || a.Distinct == 0 {
				t.Errorf("chosen facet %+v, want %+v", a, want)
			}
			if telemetry.ResolveKey(signal, a.Key).Place != telemetry.Column {
				attrs++
			}
		}
		if attrs == 0 {
			t.Error("no attribute was chosen as a facet")
		}
	}
}

func (f *filled) askFacets(ctx context.Context, signal telemetry.Signal, q telemetry.Query, keys []string, limit int) ([]telemetry.Facet, error) {
	if signal == telemetry.Logs {
		return f.LogFacets(ctx, q, keys, limit)
	}
	return f.SpanFacets(ctx, q, keys, limit)
}

func (f *filled) wantFacet(signal telemetry.Signal, q telemetry.Query, key string, limit int) (want telemetry.Facet) {
	counts := map[string]uint64{}
	count := func(r filter.Row) {
		if v, ok := r.Value(key); ok {
			counts[v]++
		}
	}
	if signal == telemetry.Logs {
		for _, l := range f.selectLogs(q) {
			count(telemetry.LogRow(&l))
		}
	} else {
		for _, s := range f.selectSpans(q) {
			count(telemetry.SpanRow(&s))
		}
	}
	want.Distinct = uint64(len(counts))
	for v, n := range counts {
		want.Values = append(want.Values, telemetry.FacetValue{Value: v, Count: n})
	}
	slices.SortFunc(want.Values, func(a, b telemetry.FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	want.Values = want.Values[:min(limit, len(want.Values))]
	return want
}

// gone: a question whose asker is gone ends, and says so.
func (f *filled) gone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.CountLogs(ctx, telemetry.Query{Range: always}); !errors.Is(err, context.Canceled) {
		t.Errorf("a question of one who is gone: %v", err)
	}
	if _, _, err := f.ReadSpans(ctx, telemetry.PageQuery{Query: telemetry.Query{Range: always}, Limit: 5}); !errors.Is(err, context.Canceled) {
		t.Errorf("a page for one who is gone: %v", err)
	}
}
