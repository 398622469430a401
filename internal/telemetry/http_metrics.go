package telemetry

import (
	"context"
	"net/http"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// RegisterMetrics adds the operations on metrics.
func RegisterMetrics(a *api.API, s *MetricService) {
	const tag = "metrics"
	api.Register(a, api.Op{
		ID: "list-metric-names", Method: http.MethodGet, Path: "/metrics/names", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "The metrics that can be asked for",
	}, func(ctx context.Context, in *struct {
		Match string `query:"match" maxLength:"256" doc:"Only those with this in their name."`
		Limit int    `query:"limit" default:"1000" minimum:"1" maximum:"5000"`
	}) (*api.Out[MetricNamesBody], error) {
		names, more, err := s.Names(ctx, in.Match, in.Limit)
		if err != nil {
			return nil, err
		}
		return api.OK(MetricNamesBody{More: more, Items: records(names, func(n *MetricName) MetricNameRecord {
			return MetricNameRecord{Name: n.Name, Family: n.Family, Type: string(n.Kind), Unit: n.Unit, Help: n.Help, Series: n.Series}
		})}), nil
	})

	api.Register(a, api.Op{
		ID: "list-metric-labels", Method: http.MethodGet, Path: "/metrics/labels", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "The labels that series have", Description: "At most 2,000.",
	}, func(ctx context.Context, in *struct {
		api.RangeParams
		Metric string `query:"metric" maxLength:"512" doc:"Only of this metric."`
	}) (*api.Out[MetricLabelsBody], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		names, more, err := s.LabelNames(ctx, Range{From: from, To: to}, in.Metric)
		if err != nil {
			return nil, err
		}
		return api.OK(MetricLabelsBody{Items: names, More: more}), nil
	})

	api.Register(a, api.Op{
		ID: "list-metric-label-values", Method: http.MethodGet, Path: "/metrics/labels/values", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "The values of a label",
	}, func(ctx context.Context, in *struct {
		api.RangeParams
		Label  string `query:"label" required:"true" minLength:"1" maxLength:"512"`
		Metric string `query:"metric" maxLength:"512" doc:"Only of this metric's series."`
		Match  string `query:"match" maxLength:"256" doc:"Only those with this in them."`
		Limit  int    `query:"limit" default:"500" minimum:"1" maximum:"2000"`
	}) (*api.Out[MetricLabelsBody], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		values, more, err := s.LabelValues(ctx, Range{From: from, To: to}, in.Label, in.Metric, in.Match, in.Limit)
		if err != nil {
			return nil, err
		}
		return api.OK(MetricLabelsBody{Items: values, More: more}), nil
	})

	api.Register(a, api.Op{
		ID: "query-metrics", Method: http.MethodGet, Path: "/metrics/query", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "Evaluate PromQL at one instant",
	}, func(ctx context.Context, in *struct {
		Query string `query:"query" required:"true" maxLength:"16384" doc:"PromQL." example:"up"`
		Time  string `query:"time" default:"now" maxLength:"64" doc:"RFC 3339, relative to now, or Unix milliseconds."`
	}) (*api.Out[MetricResultBody], error) {
		at, err := api.ParseTime("time", in.Time, s.clock.Now())
		if err != nil {
			return nil, err
		}
		res, err := s.Query(ctx, in.Query, at)
		if err != nil {
			return nil, err
		}
		return api.OK(newMetricResultBody(&res)), nil
	})

	api.Register(a, api.Op{
		ID: "query-metrics-range", Method: http.MethodGet, Path: "/metrics/query_range", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "Evaluate PromQL over a range", Description: "Both ends of the range are evaluated.",
	}, func(ctx context.Context, in *struct {
		api.RangeParams
		Query string `query:"query" required:"true" maxLength:"16384" doc:"PromQL." example:"rate(http_server_request_duration_seconds_count[5m])"`
		Step  string `query:"step" maxLength:"32" doc:"15s, 1m, 1d, or a number of seconds; a fitting one is chosen without."`
	}) (*api.Out[MetricResultBody], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		step, err := ParseStep(in.Step)
		if err != nil {
			return nil, err
		}
		res, step, err := s.QueryRange(ctx, in.Query, Range{From: from, To: to}, step)
		if err != nil {
			return nil, err
		}
		body := newMetricResultBody(&res)
		body.StepNS = int64(step)
		return api.OK(body), nil
	})
}
