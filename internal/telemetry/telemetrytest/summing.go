package telemetrytest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

type serviceID struct{ service, env string }

// services: sums per service and environment, and the same again per step, over the range
// widened to whole minutes.
func (f *filled) services(t *testing.T) {
	ctx := context.Background()
	for _, q := range f.queries() {
		q.Filter = nil
		const steps = 13
		q.From, q.To = q.From.Truncate(time.Minute), q.To.Add(time.Minute-1).Truncate(time.Minute)
		got, err := f.Services(ctx, q.Range, q.Env, steps)
		if err != nil {
			t.Fatal(err)
		}
		logs, spans := map[serviceID][]telemetry.Log{}, map[serviceID][]telemetry.Span{}
		all := map[serviceID]bool{}
		for _, l := range f.selectLogs(q) {
			id := serviceID{l.Service, l.Env}
			logs[id], all[id] = append(logs[id], l), true
		}
		for _, s := range f.selectSpans(q) {
			id := serviceID{s.Service, s.Env}
			spans[id], all[id] = append(spans[id], s), true
		}
		if len(got) != len(all) {
			t.Errorf("%d services, want %d", len(got), len(all))
		}
		for _, g := range got {
			id := serviceID{g.Service, g.Env}
			checkService(t, g, logs[id], spans[id], q.From.UnixNano(), steps)
		}
	}
	envs, err := f.Environments(ctx, always)
	if want := []string{"production", "staging", "検証"}; err != nil || !slices.Equal(envs, want) {
		t.Errorf("environments %q, want %q: %v", envs, want, err)
	}
}

func checkService(t *testing.T, g telemetry.ServiceStat, logs []telemetry.Log, spans []telemetry.Span, from int64, most int) {
	t.Helper()
	var requests, errs, errorLogs uint64
	var last int64
	seen := map[string]int64{}
	saw := func(version string, at int64) {
		last = max(last, at)
		if version != "" {
			seen[version] = max(seen[version], at)
		}
	}
	var durations []float64
	steps := len(g.Series.Requests)
	perStep := make([][]float64, steps)
	errsPerStep := make([]uint64, steps)
	if g.Series.Step <= 0 || g.Series.Step%time.Minute != 0 || steps < 1 || steps > most || len(g.Series.Errors) != steps || len(g.Series.P95) != steps {
		t.Fatalf("a series of %d, %d and %d steps of %v", len(g.Series.Requests), len(g.Series.Errors), len(g.Series.P95), g.Series.Step)
	}
	for _, s := range spans {
		saw(s.Version, s.Time)
		if s.Kind != telemetry.KindServer && s.Kind != telemetry.KindConsumer {
			continue
		}
		i := (s.Time - from) / int64(g.Series.Step)
		requests++
		durations = append(durations, float64(s.Duration))
		perStep[i] = append(perStep[i], float64(s.Duration))
		if s.Status == telemetry.StatusError {
			errs++
			errsPerStep[i]++
		}
	}
	for _, l := range logs {
		saw(l.Version, l.Time)
		if level := l.Severity.Level(); level == "error" || level == "fatal" {
			errorLogs++
		}
	}
	if g.Requests != requests || g.Errors != errs || g.Spans != uint64(len(spans)) || g.Logs != uint64(len(logs)) || g.ErrorLogs != errorLogs || g.LastSeen != last {
		t.Errorf("%s/%s: %+v, want %d requests, %d errors, %d spans, %d logs, %d error logs, last %d", g.Service, g.Env, g, requests, errs, len(spans), len(logs), errorLogs, last)
	}
	var versions []string
	for v := range seen {
		versions = append(versions, v)
	}
	slices.SortFunc(versions, func(a, b string) int { return cmp.Compare(seen[b], seen[a]) })
	if len(g.Versions) != min(5, len(versions)) {
		t.Errorf("versions %q, want %q", g.Versions, versions)
	}
	for i, v := range g.Versions {
		if seen[v] != seen[versions[i]] {
			t.Errorf("versions %q, want %q", g.Versions, versions)
		}
	}
	near(t, "p50", g.P50, durations, 0.5)
	near(t, "p95", g.P95, durations, 0.95)
	near(t, "p99", g.P99, durations, 0.99)
	for i := range steps {
		if g.Series.Requests[i] != uint64(len(perStep[i])) || g.Series.Errors[i] != errsPerStep[i] {
			t.Errorf("step %d: %d requests, %d errors, want %d and %d", i, g.Series.Requests[i], g.Series.Errors[i], len(perStep[i]), errsPerStep[i])
		}
		near(t, "p95 of a step", g.Series.P95[i], perStep[i], 0.95)
	}
}

// near: within telemetry.PercentileError of a value whose rank is the quantile's, by either way of rounding it.
func near(t *testing.T, what string, got float64, values []float64, quantile float64) {
	t.Helper()
	if len(values) == 0 {
		if got != 0 {
			t.Errorf("%s of nothing is %v", what, got)
		}
		return
	}
	slices.Sort(values)
	rank := quantile * float64(len(values)-1)
	low, high := values[int(math.Floor(rank))], values[int(math.Ceil(rank))]
	const e = telemetry.PercentileError
	if got < low*(1-e)-1 || got > high*(1+e)+1 {
		t.Errorf("%s of %d values is %v, want between %v and %v", what, len(values), got, low, high)
	}
}

// place is where a trace stands in a list: its newest span of the selection.
type place struct {
	id telemetry.TraceID
	at telemetry.Cursor
}

func (f *filled) wantTraces(q telemetry.Query) (places []place) {
	newest := map[telemetry.TraceID]telemetry.Cursor{}
	for _, s := range f.selectSpans(q) {
		newest[s.TraceID] = telemetry.Cursor{Time: s.Time, ID: s.ID} // they come in that order
	}
	for id, at := range newest {
		places = append(places, place{id, at})
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.at.Time, a.at.Time), cmp.Compare(b.at.ID, a.at.ID))
	})
	return places
}

// traces: listed by their newest span of the selection, described by all of their spans.
func (f *filled) traces(t *testing.T) {
	ctx := context.Background()
	queries := append(f.queries(), telemetry.Query{Range: always, Filter: filter.Compare{Key: "status", Value: "error"}},
		telemetry.Query{Range: always, Filter: filter.Compare{Key: "kind", Value: "server"}})
	for i, q := range queries {
		want := f.wantTraces(q)
		for _, limit := range []int{1, 5, 100} {
			if limit == 1 && i%3 > 0 {
				continue
			}
			p := telemetry.PageQuery{Query: q, Limit: limit}
			for i := 0; ; {
				got, more, err := f.Traces(ctx, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range got {
					if i >= len(want) || g.TraceID != want[i].id {
						t.Fatalf("trace %d, in pages of %d, is %v, want %+v", i, limit, g.TraceID, want)
					}
					f.checkSummary(t, g)
					i++
				}
				if more != (i < len(want)) {
					t.Fatalf("after %d traces of %d more is %v", i, len(want), more)
				}
				if !more {
					break
				}
				p.After = want[i-1].at
			}
		}
	}
}

func (f *filled) checkSummary(t *testing.T, g telemetry.TraceSummary) {
	t.Helper()
	want := telemetry.TraceSummary{TraceID: g.TraceID}
	services := map[string]bool{}
	var root *telemetry.Span
	var end int64
	for i := range f.spans {
		s := &f.spans[i]
		if s.TraceID != g.TraceID {
			continue
		}
		if want.Spans == 0 {
			want.Time = s.Time
		}
		want.Spans++
		end = max(end, s.Time+s.Duration)
		if s.Status == telemetry.StatusError {
			want.Errors++
		}
		services[s.Service] = true
		if root == nil || !root.ParentID.IsZero() && s.ParentID.IsZero() {
			root = s
		}
	}
	want.Duration = end - want.Time
	for s := range services {
		want.Services = append(want.Services, s)
	}
	slices.Sort(want.Services)
	want.RootService, want.RootName, want.RootStatus = root.Service, root.Name, root.Status
	want.RootHTTPStatus, _ = telemetry.Get(root.Attrs, "http.response.status_code")
	slices.Sort(g.Services)
	if !equalSummary(g, want) {
		t.Errorf("a summary\n%+v\nwant\n%+v", g, want)
	}
}

func equalSummary(a, b telemetry.TraceSummary) bool {
	services := slices.Equal(a.Services, b.Services)
	a.Services, b.Services = nil, nil
	return services && a.TraceID == b.TraceID && a.Time == b.Time && a.Duration == b.Duration && a.Spans == b.Spans && a.Errors == b.Errors &&
		a.RootService == b.RootService && a.RootName == b.RootName && a.RootStatus == b.RootStatus && a.RootHTTPStatus == b.RootHTTPStatus
}

// oneTrace: by its id alone, whenever it was.
func (f *filled) oneTrace(t *testing.T) {
	ctx := context.Background()
	for _, id := range []telemetry.TraceID{f.spans[0].TraceID, f.spans[len(f.spans)/2].TraceID, {15: 200}} {
		var spans []telemetry.Span
		for _, s := range f.spans {
			if s.TraceID == id {
				spans = append(spans, s)
			}
		}
		var logs []telemetry.Log
		for _, l := range f.logs {
			if l.TraceID == id {
				logs = append(logs, l)
			}
		}
		for _, limit := range []int{5, 10000} {
			got, more, err := f.Trace(ctx, id, limit)
			if err != nil || more != (len(spans) > limit) {
				t.Fatalf("trace %s: more %v, %v", id, more, err)
			}
			same(t, "a trace", got, spans[:min(limit, len(spans))])
			outline, more, err := f.TraceOutline(ctx, id, limit)
			if err != nil || more != (len(spans) > limit) {
				t.Fatalf("outline of trace %s: more %v, %v", id, more, err)
			}
			var outlined []telemetry.Span
			for _, s := range spans[:min(limit, len(spans))] {
				outlined = append(outlined, s.Outline())
			}
			same(t, "the outline of a trace", outline, outlined)
			gotLogs, more, err := f.TraceLogs(ctx, id, limit)
			if err != nil || more != (len(logs) > limit) {
				t.Fatalf("logs of trace %s: more %v, %v", id, more, err)
			}
			same(t, "a trace's logs", gotLogs, logs[:min(limit, len(logs))])
		}
	}
}

// traceSteps: several traces at once are what each is alone; large ones are left out.
func (f *filled) traceSteps(t *testing.T) {
	all := map[telemetry.TraceID][]telemetry.Span{}
	for _, s := range f.spans {
		all[s.TraceID] = append(all[s.TraceID], s.Step())
	}
	delete(all, telemetry.TraceID{})
	ids := []telemetry.TraceID{{}, {15: 200}} // none, and unknown
	for id := range all {
		ids = append(ids, id)
	}
	ids = append(ids, ids[2]) // one twice
	for _, each := range []int{10000, 5, 0} {
		got, err := f.TraceSteps(context.Background(), ids, each)
		if err != nil {
			t.Fatal(err)
		}
		for id, spans := range all {
			if len(spans) > each {
				spans = nil
			}
			same(t, "the steps of a trace", got[id], spans)
			delete(got, id)
		}
		if len(got) > 0 {
			t.Errorf("%d traces that were not asked for", len(got))
		}
	}
}

func (f *filled) storage(t *testing.T) {
	days, err := f.Storage(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		day    string
		signal telemetry.Signal
	}
	want := map[key]uint64{}
	for _, l := range f.logs {
		want[key{time.Unix(0, l.Time).UTC().Format(time.DateOnly), telemetry.Logs}]++
	}
	for _, s := range f.spans {
		want[key{time.Unix(0, s.Time).UTC().Format(time.DateOnly), telemetry.Spans}]++
	}
	last := "9999"
	for _, d := range days {
		k := key{d.Day, d.Signal}
		if d.Rows != want[k] || d.Bytes == 0 || d.Parts == 0 || d.Day > last {
			t.Errorf("storage of %+v, want %d rows", d, want[k])
		}
		last = d.Day
		delete(want, k)
	}
	if len(want) > 0 {
		t.Errorf("storage does not know of %v", want)
	}
}
