package telemetry

import (
	"context"
	"net/http"
	"strings"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// Register adds the operations on logs and spans.
func Register(a *api.API, s *Service) {
	registerLogs(a, s)
	registerSpans(a, s)
	registerSignal(a, s, Logs, "log")
	registerSignal(a, s, Spans, "span")
	registerAround(a, s)
	registerFiles(a, s, Logs)
	registerFiles(a, s, Spans)
	registerTraces(a, s)
	registerFilter(a, s)
	registerTail(a, s)
}

// SelectParams select rows; every operation on rows has them.
type SelectParams struct {
	api.RangeParams
	Env    string `query:"env" maxLength:"256" doc:"Only this environment; empty for all."`
	Filter string `query:"filter" maxLength:"4096" doc:"Which rows, in the filter language; empty or * for all." example:"service:checkout level>=error -user.id:bot*"`
}

func (in *SelectParams) ask(s *Service) (Ask, error) {
	from, to, err := in.Range(s.clock)
	return Ask{Range: Range{From: from, To: to}, Env: in.Env, Filter: in.Filter}, err
}

// PageParams cut a page out of a list.
type PageParams struct {
	After string `query:"after" maxLength:"2048" doc:"The cursor next of the page before."`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"At most so many rows. A page ends at 8 MB, so it may be shorter: what says that there is more is next alone."`
}

var orders = map[string]Order{"": Newest, "newest": Newest, "oldest": Oldest, "slowest": Slowest}

func (in *PageParams) page(s *Service, sel *SelectParams, order string) (PageAsk, error) {
	ask, err := sel.ask(s)
	return PageAsk{Ask: ask, Order: orders[order], After: in.After, Limit: in.Limit}, err
}

func registerLogs(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-logs", Method: http.MethodGet, Path: "/logs", Tag: "logs", Permission: authz.TelemetryReadOwn,
		Summary: "Search logs", Heavy: true,
	}, func(ctx context.Context, in *struct {
		SelectParams
		PageParams
		Order string `query:"order" enum:"newest,oldest" default:"newest"`
	}) (*api.Out[api.List[LogRecord]], error) {
		ask, err := in.page(s, &in.SelectParams, in.Order)
		if err != nil {
			return nil, err
		}
		rows, next, err := s.Logs(ctx, ask)
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(rows, NewLogRecord), next)), nil
	})
}

func registerSpans(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "get-span-contrast", Method: http.MethodGet, Path: "/spans/contrast", Tag: "spans", Permission: authz.TelemetryReadOwn,
		Summary:     "What some spans have in common that others have not",
		Description: "Compares the spans that chosen selects with the other spans of the filter, value by value, and tells the values that are more frequent among the chosen than chance explains (99 % intervals), the most telling first.",
	}, func(ctx context.Context, in *struct {
		SelectParams
		Chosen string `query:"chosen" required:"true" maxLength:"4096" doc:"Which of the spans, in the filter language." example:"status:error"`
		Limit  int    `query:"limit" default:"20" minimum:"1" maximum:"100"`
	}) (*api.Out[ContrastBody], error) {
		ask, err := in.ask(s)
		if err != nil {
			return nil, err
		}
		c, found, err := s.Contrast(ctx, ask, in.Chosen, in.Limit)
		if err != nil {
			return nil, err
		}
		return api.OK(newContrastBody(ctx, c, found)), nil
	})

	api.Register(a, api.Op{
		ID: "get-span-durations", Method: http.MethodGet, Path: "/spans/durations", Tag: "spans", Permission: authz.TelemetryReadOwn,
		Summary: "Count spans over time and duration", Description: "A heat map of all spans that the filter selects, on a logarithmic scale of durations.",
	}, func(ctx context.Context, in *struct {
		SelectParams
		Buckets int `query:"buckets" default:"60" minimum:"1" maximum:"500" doc:"At most so many steps of time; the step is a round one."`
	}) (*api.Out[DurationsBody], error) {
		ask, err := in.ask(s)
		if err != nil {
			return nil, err
		}
		m, err := s.Durations(ctx, ask, in.Buckets)
		if err != nil {
			return nil, err
		}
		return api.OK(newDurationsBody(m)), nil
	})

	api.Register(a, api.Op{
		ID: "list-spans", Method: http.MethodGet, Path: "/spans", Tag: "spans", Permission: authz.TelemetryReadOwn,
		Summary: "Search spans", Description: "The slowest come in one page: there is no next.", Heavy: true,
	}, func(ctx context.Context, in *struct {
		SelectParams
		PageParams
		Order string `query:"order" enum:"newest,oldest,slowest" default:"newest"`
	}) (*api.Out[api.List[SpanRecord]], error) {
		ask, err := in.page(s, &in.SelectParams, in.Order)
		if err != nil {
			return nil, err
		}
		rows, next, err := s.Spans(ctx, ask)
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(rows, NewSpanRecord), next)), nil
	})
}

// registerSignal adds what logs and spans have alike.
func registerSignal(a *api.API, s *Service, signal Signal, one string) {
	tag := signal.String()
	api.Register(a, api.Op{
		ID: "count-" + tag, Method: http.MethodGet, Path: "/" + tag + "/count", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "Count " + tag,
	}, func(ctx context.Context, in *SelectParams) (*api.Out[CountBody], error) {
		ask, err := in.ask(s)
		if err != nil {
			return nil, err
		}
		n, err := s.Count(ctx, signal, ask)
		if err != nil {
			return nil, err
		}
		return api.OK(CountBody{n}), nil
	})

	api.Register(a, api.Op{
		ID: "get-" + one + "-histogram", Method: http.MethodGet, Path: "/" + tag + "/histogram", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "Count " + tag + " over time",
	}, func(ctx context.Context, in *struct {
		SelectParams
		Buckets int `query:"buckets" default:"60" minimum:"1" maximum:"500" doc:"At most so many; the step is a round one."`
	}) (*api.Out[HistogramBody], error) {
		ask, err := in.ask(s)
		if err != nil {
			return nil, err
		}
		h, err := s.Histogram(ctx, signal, ask, in.Buckets)
		if err != nil {
			return nil, err
		}
		return api.OK(newHistogramBody(h)), nil
	})

	api.Register(a, api.Op{
		ID: "list-" + one + "-facets", Method: http.MethodGet, Path: "/" + tag + "/facets", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "The most frequent values of keys among " + tag,
	}, func(ctx context.Context, in *struct {
		SelectParams
		Keys  []string `query:"keys,explode" doc:"Which keys, at most 20, with commas between or repeated; without any, the most telling are chosen."`
		Limit int      `query:"limit" default:"10" minimum:"1" maximum:"100" doc:"Values per key."`
	}) (*api.Out[api.List[FacetRecord]], error) {
		ask, err := in.ask(s)
		if err != nil {
			return nil, err
		}
		var keys []string
		if all := strings.Join(in.Keys, ","); all != "" {
			keys = strings.Split(all, ",")
		}
		facets, err := s.Facets(ctx, signal, ask, keys, in.Limit)
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(facets, func(f *Facet) FacetRecord {
			r := FacetRecord{Key: f.Key, Distinct: f.Distinct, Values: make([]FacetValueRecord, len(f.Values))}
			if field, ok := LookupField(signal, f.Key); ok {
				r.Label = field.Label.In(api.Lang(ctx))
			}
			for i, v := range f.Values {
				r.Values[i] = FacetValueRecord(v)
			}
			return r
		}), "")), nil
	})
}

func registerTraces(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-traces", Method: http.MethodGet, Path: "/traces", Tag: "traces", Permission: authz.TelemetryReadOwn,
		Summary: "Search traces", Description: "The traces that have a span which the filter selects, by the newest such span.",
	}, func(ctx context.Context, in *struct {
		SelectParams
		PageParams
	}) (*api.Out[api.List[TraceRecord]], error) {
		ask, err := in.page(s, &in.SelectParams, "")
		if err != nil {
			return nil, err
		}
		traces, next, err := s.Traces(ctx, ask)
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(traces, newTraceRecord), next)), nil
	})
}
