package telemetry

import (
	"context"
	"slices"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Scope says which services a context may see; all is every one.
type Scope func(ctx context.Context) (services []string, all bool, err error)

// Scoped is r, narrowed to what each context may see: rows of other services are as if
// they were not there. It has every question of Reader by name and embeds nothing, so
// that a new one cannot be added without deciding how it is narrowed.
func Scoped(r Reader, scope Scope) Reader { return scoped{r, scope} }

type scoped struct {
	r     Reader
	scope Scope
}

// narrow adds the services that may be seen to a query; none is true when that is none.
func (s scoped) narrow(ctx context.Context, q *Query) (none bool, err error) {
	services, all, err := s.scope(ctx)
	if err != nil || all {
		return false, err
	}
	if len(services) == 0 {
		return true, nil
	}
	of := make([]filter.Node, len(services))
	for i, name := range services {
		of[i] = filter.Compare{Key: "service", Value: name}
	}
	q.Filter = filter.AllOf(filter.AnyOf(of...), q.Filter)
	return false, nil
}

func (s scoped) ReadLogs(ctx context.Context, q PageQuery) ([]Log, bool, error) {
	if none, err := s.narrow(ctx, &q.Query); none || err != nil {
		return nil, false, err
	}
	return s.r.ReadLogs(ctx, q)
}

func (s scoped) CountLogs(ctx context.Context, q Query) (uint64, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return 0, err
	}
	return s.r.CountLogs(ctx, q)
}

func (s scoped) LogHistogram(ctx context.Context, q Query, buckets int) (Histogram, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return Histogram{}, err
	}
	return s.r.LogHistogram(ctx, q, buckets)
}

func (s scoped) LogFacets(ctx context.Context, q Query, keys []string, limit int) ([]Facet, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return empty(keys), err
	}
	return s.r.LogFacets(ctx, q, keys, limit)
}

func empty(keys []string) []Facet {
	out := make([]Facet, len(keys))
	for i, k := range keys {
		out[i].Key = k
	}
	return out
}

func (s scoped) ReadSpans(ctx context.Context, q PageQuery) ([]Span, bool, error) {
	if none, err := s.narrow(ctx, &q.Query); none || err != nil {
		return nil, false, err
	}
	return s.r.ReadSpans(ctx, q)
}

func (s scoped) CountSpans(ctx context.Context, q Query) (uint64, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return 0, err
	}
	return s.r.CountSpans(ctx, q)
}

func (s scoped) SpanHistogram(ctx context.Context, q Query, buckets int) (Histogram, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return Histogram{}, err
	}
	return s.r.SpanHistogram(ctx, q, buckets)
}

func (s scoped) SpanDurations(ctx context.Context, q Query, buckets int) (DurationMap, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return DurationMap{}, err
	}
	return s.r.SpanDurations(ctx, q, buckets)
}

func (s scoped) SpanFacets(ctx context.Context, q Query, keys []string, limit int) ([]Facet, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return empty(keys), err
	}
	return s.r.SpanFacets(ctx, q, keys, limit)
}

func (s scoped) SpanContrast(ctx context.Context, q Query, chosen filter.Node, sample int) (Contrast, error) {
	if none, err := s.narrow(ctx, &q); none || err != nil {
		return Contrast{}, err
	}
	return s.r.SpanContrast(ctx, q, chosen, sample)
}

// Traces are those that have a span of a service that may be seen. What their summaries
// tell of other services is left out; their times and numbers are of the whole trace.
func (s scoped) Traces(ctx context.Context, q PageQuery) ([]TraceSummary, bool, error) {
	services, all, err := s.scope(ctx)
	if err != nil {
		return nil, false, err
	}
	if none, err := s.narrow(ctx, &q.Query); none || err != nil {
		return nil, false, err
	}
	traces, more, err := s.r.Traces(ctx, q)
	if all {
		return traces, more, err
	}
	for i := range traces {
		t := &traces[i]
		t.Services = slices.DeleteFunc(slices.Clone(t.Services), func(name string) bool { return !slices.Contains(services, name) })
		if !slices.Contains(services, t.RootService) {
			t.RootService, t.RootName, t.RootHTTPStatus = "", "", ""
		}
	}
	return traces, more, err
}

func (s scoped) Trace(ctx context.Context, id TraceID, limit int) ([]Span, bool, error) {
	services, all, err := s.scope(ctx)
	if err != nil {
		return nil, false, err
	}
	spans, more, err := s.r.Trace(ctx, id, limit)
	if !all {
		spans = slices.DeleteFunc(spans, func(sp Span) bool { return !slices.Contains(services, sp.Service) })
	}
	return spans, more, err
}

func (s scoped) TraceOutline(ctx context.Context, id TraceID, limit int) ([]Span, bool, error) {
	services, all, err := s.scope(ctx)
	if err != nil {
		return nil, false, err
	}
	spans, more, err := s.r.TraceOutline(ctx, id, limit)
	if !all {
		spans = slices.DeleteFunc(spans, func(sp Span) bool { return !slices.Contains(services, sp.Service) })
	}
	return spans, more, err
}

func (s scoped) TraceSteps(ctx context.Context, ids []TraceID, each int) (map[TraceID][]Span, error) {
	services, all, err := s.scope(ctx)
	if err != nil {
		return nil, err
	}
	traces, err := s.r.TraceSteps(ctx, ids, each)
	if !all {
		for id, spans := range traces {
			spans = slices.DeleteFunc(spans, func(sp Span) bool { return !slices.Contains(services, sp.Service) })
			if traces[id] = spans; len(spans) == 0 {
				delete(traces, id)
			}
		}
	}
	return traces, err
}

func (s scoped) TraceLogs(ctx context.Context, id TraceID, limit int) ([]Log, bool, error) {
	services, all, err := s.scope(ctx)
	if err != nil {
		return nil, false, err
	}
	logs, more, err := s.r.TraceLogs(ctx, id, limit)
	if !all {
		logs = slices.DeleteFunc(logs, func(l Log) bool { return !slices.Contains(services, l.Service) })
	}
	return logs, more, err
}

func (s scoped) Services(ctx context.Context, r Range, env string, steps int) ([]ServiceStat, error) {
	services, all, err := s.scope(ctx)
	if err != nil {
		return nil, err
	}
	stats, err := s.r.Services(ctx, r, env, steps)
	if !all {
		stats = slices.DeleteFunc(stats, func(st ServiceStat) bool { return !slices.Contains(services, st.Service) })
	}
	return stats, err
}

// Environments tells who is restricted only of those in which their services are.
func (s scoped) Environments(ctx context.Context, r Range) ([]string, error) {
	_, all, err := s.scope(ctx)
	if err != nil {
		return nil, err
	}
	if all {
		return s.r.Environments(ctx, r)
	}
	stats, err := s.Services(ctx, r, "", 1)
	envs := []string{}
	for _, st := range stats {
		envs = append(envs, st.Env)
	}
	slices.Sort(envs)
	return slices.Compact(envs), err
}

// Storage is of everything, so it is nobody's who is restricted.
func (s scoped) Storage(ctx context.Context) ([]DayStorage, error) {
	if _, all, err := s.scope(ctx); err != nil || !all {
		if err == nil {
			err = fault.New(fault.Forbidden, i18n.T("You see the services of your teams alone.", "閲覧できるのは担当チームのサービスだけです。"))
		}
		return nil, err
	}
	return s.r.Storage(ctx)
}
