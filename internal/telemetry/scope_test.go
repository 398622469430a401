package telemetry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
)

// whole also answers what other rooms ask.
type whole struct{ *memory }

func (w whole) Trace(_ context.Context, id TraceID, _ int) (out []Span, more bool, err error) {
	for _, s := range w.spans {
		if s.TraceID == id {
			out = append(out, s)
		}
	}
	return out, false, nil
}

func (w whole) TraceOutline(ctx context.Context, id TraceID, limit int) (out []Span, more bool, err error) {
	out, more, err = w.Trace(ctx, id, limit)
	for i := range out {
		out[i] = out[i].Outline()
	}
	return out, more, err
}

func (w whole) TraceSteps(ctx context.Context, ids []TraceID, each int) (map[TraceID][]Span, error) {
	out := map[TraceID][]Span{}
	for _, id := range ids {
		if spans, _, _ := w.TraceOutline(ctx, id, each); len(spans) > 0 {
			out[id] = spans
		}
	}
	return out, nil
}

func (w whole) TraceLogs(_ context.Context, id TraceID, _ int) (out []Log, more bool, err error) {
	for _, l := range w.logs {
		if l.TraceID == id {
			out = append(out, l)
		}
	}
	return out, false, nil
}

func (w whole) Services(context.Context, Range, string, int) (out []ServiceStat, err error) {
	for _, s := range w.spans {
		out = append(out, ServiceStat{Service: s.Service, Env: s.Env})
	}
	return out, nil
}

// Every question, asked by somebody who may see one of two services, is answered as if the
// other had sent nothing; by somebody who may see none, with nothing; by others, with all.
func TestScoped(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	all := whole{&memory{}}
	for i := range 20 {
		name := []string{"mine", "theirs"}[i%2]
		src := Source{Service: name, Env: name + "-env"}
		id := TraceID{1, byte(i / 4)}
		all.logs = append(all.logs, Log{ID: uint64(i), Time: at.UnixNano() + int64(i), Source: src, TraceID: id})
		all.spans = append(all.spans, Span{ID: uint64(i), Time: at.UnixNano() + int64(i), Source: src, TraceID: id, SpanID: SpanID{byte(i + 1)}, Name: name, Duration: 5})
	}
	only := whole{&memory{
		logs:  slices.DeleteFunc(slices.Clone(all.logs), func(l Log) bool { return l.Service != "mine" }),
		spans: slices.DeleteFunc(slices.Clone(all.spans), func(s Span) bool { return s.Service != "mine" }),
	}}
	scope := func(services []string, every bool) Scope {
		return func(context.Context) ([]string, bool, error) { return services, every, nil }
	}
	q := Query{Range: Range{From: at, To: at.Add(time.Hour)}, Filter: filter.AnyOf(filter.Compare{Key: "service", Value: "theirs"}, filter.Compare{Key: "service", Value: "mine"})}
	answers := func(r Reader) string {
		ctx := t.Context()
		var out []any
		add := func(v ...any) { out = append(out, v...) }
		p := PageQuery{Query: q, Limit: 7}
		{
			a, b, c := r.ReadLogs(ctx, p)
			add(a, b, c)
		}
		{
			a, b, c := r.ReadSpans(ctx, p)
			add(a, b, c)
		}
		{
			a, b, c := r.Trace(ctx, TraceID{1, 2}, 100)
			add(a, b, c)
		}
		{
			a, b, c := r.TraceOutline(ctx, TraceID{1, 2}, 100)
			add(a, b, c)
		}
		{
			a, b := r.TraceSteps(ctx, []TraceID{{1, 2}, {1, 3}}, 100)
			add(a, b)
		}
		{
			a, b, c := r.TraceLogs(ctx, TraceID{1, 2}, 100)
			add(a, b, c)
		}
		add(r.CountLogs(ctx, q))
		add(r.CountSpans(ctx, q))
		add(r.LogHistogram(ctx, q, 10))
		add(r.SpanHistogram(ctx, q, 10))
		add(r.SpanDurations(ctx, q, 10))
		add(r.LogFacets(ctx, q, []string{"service"}, 10))
		add(r.SpanFacets(ctx, q, []string{"service"}, 10))
		add(r.SpanContrast(ctx, q, filter.Compare{Key: "service", Value: "mine"}, 10))
		return fmt.Sprintf("%+v", out)
	}
	if got, want := answers(Scoped(all, scope([]string{"mine"}, false))), answers(only); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := answers(Scoped(all, scope(nil, true))), answers(all); got != want {
		t.Errorf("unrestricted: got\n%s\nwant\n%s", got, want)
	}
	none := answers(Scoped(all, scope([]string{}, false)))
	for _, name := range []string{"mine", "theirs"} {
		if strings.Contains(none, name) {
			t.Errorf("somebody who may see nothing sees %s: %s", name, none)
		}
	}
	r := Scoped(all, scope([]string{"mine"}, false))
	traces, _, err := r.Traces(t.Context(), PageQuery{Query: q, Limit: 10})
	if err != nil || len(traces) == 0 || strings.Contains(fmt.Sprintf("%+v", traces), "theirs") {
		t.Errorf("%+v %v", traces, err)
	}
	stats, err := r.Services(t.Context(), q.Range, "", 1)
	envs, err2 := r.Environments(t.Context(), q.Range)
	if err != nil || err2 != nil || strings.Contains(fmt.Sprint(stats, envs), "theirs") {
		t.Errorf("%+v %v %v %v", stats, envs, err, err2)
	}
	if _, err := r.Storage(t.Context()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("%v", err)
	}
	broken := Scoped(all, func(context.Context) ([]string, bool, error) {
		return nil, false, fault.Internalf("the database is away")
	})
	if _, err := broken.CountLogs(t.Context(), q); err == nil {
		t.Error("who cannot be looked up may see everything")
	}
}
