package mcp

import (
	"context"
	"maps"
	"slices"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type metricsAsked struct {
	Match string `json:"match,omitempty" jsonschema:"part of a name, such as memory or http_server"`
	Limit int    `json:"limit,omitempty" jsonschema:"at most so many, 40 when nothing is said"`
}

type metricsAnswer struct {
	Metrics []metricShort `json:"metrics"`
	Left    int           `json:"left_out,omitempty"`
}

type metricShort struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Unit   string `json:"unit,omitempty"`
	Help   string `json:"help,omitempty"`
	Series int64  `json:"series"`
}

func findMetrics(s *sdk.Server, a *asker) {
	tool(s, "find_metrics", "Find metrics", "Names of metrics, with type, unit and number of series, for query_metrics.",
		func(ctx context.Context, in metricsAsked) (out metricsAnswer, err error) {
			r, err := client.Do(a.api.ListMetricNamesWithResponse(ctx, &client.ListMetricNamesParams{Match: some(in.Match)}))
			if err != nil {
				return out, err
			}
			out.Metrics, out.Left = first(r.JSON200.Items, atMost(in.Limit, 40, 200), func(m *client.MetricNameRecord) metricShort {
				return metricShort{m.Name, m.Type, m.Unit, i18n.Short(m.Help, 120), m.Series}
			})
			return out, nil
		})
}

type queryAsked struct {
	period
	Query string `json:"query" jsonschema:"PromQL"`
}

type queryAnswer struct {
	Series   []seriesShort `json:"series"`
	Left     int           `json:"left_out,omitempty" jsonschema:"aggregate with sum by (...) or topk to see them"`
	Warnings []string      `json:"warnings,omitempty"`
	Link     string        `json:"link"`
}

type seriesShort struct {
	Labels map[string]string `json:"labels"`
	Last   *float64          `json:"last"`
	Min    *float64          `json:"min"`
	Max    *float64          `json:"max"`
	Mean   *float64          `json:"mean"`
	Points [][2]float64      `json:"points" jsonschema:"Unix seconds and value, evenly spread over the range"`
}

// queryPoints are how many points of a series an agent sees.
const queryPoints = 24

func queryMetrics(s *sdk.Server, a *asker) {
	tool(s, "query_metrics", "Query metrics", "Evaluates PromQL over the range: each series in short, with a few points.",
		func(ctx context.Context, in queryAsked) (out queryAnswer, err error) {
			from, to := in.bounds()
			r, err := client.Do(a.api.QueryMetricsRangeWithResponse(ctx, &client.QueryMetricsRangeParams{From: &from, To: &to, Query: in.Query}))
			if err != nil {
				return out, err
			}
			out = queryAnswer{Warnings: r.JSON200.Warnings, Link: a.link([]string{"metrics"}, in.page("query", in.Query)...)}
			out.Series, out.Left = first(r.JSON200.Series, 20, series)
			return out, nil
		})
}

func series(v *client.MetricSeriesRecord) seriesShort {
	s := seriesShort{Labels: v.Labels, Points: [][2]float64{}}
	var points [][2]float64
	sum := 0.0
	for _, p := range v.Points {
		if len(p) != 2 || p[0] == nil || p[1] == nil {
			continue
		}
		y := *p[1]
		points = append(points, [2]float64{*p[0] / 1000, round(y)})
		sum += y
		if s.Min == nil || y < *s.Min {
			s.Min = &y
		}
		if s.Max == nil || y > *s.Max {
			s.Max = &y
		}
		s.Last = &y
	}
	if n := len(points); n > 0 {
		mean := round(sum / float64(n))
		s.Mean = &mean
		for i := range min(n, queryPoints) {
			s.Points = append(s.Points, points[i*n/min(n, queryPoints)])
		}
	}
	return s
}
