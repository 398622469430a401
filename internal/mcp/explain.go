package mcp

import (
	"context"
	"slices"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
)

type traceAsked struct {
	TraceID string `json:"trace_id" jsonschema:"the id, or a traceparent, log line or address that holds one"`
}

type traceAnswer struct {
	TraceID  string         `json:"trace_id"`
	Time     string         `json:"time"`
	Duration float64        `json:"duration_ms"`
	Spans    int            `json:"spans"`
	Logs     int64          `json:"logs"`
	Services []shareShort   `json:"services"`
	Path     []segmentShort `json:"critical_path" jsonschema:"the spans that decided how long it took, the longest share first"`
	Failed   []failedShort  `json:"failed" jsonschema:"spans with an error, the deepest first"`
	Notes    []string       `json:"notes,omitempty" jsonschema:"what is missing or had to be assumed"`
	Link     string         `json:"link"`
}

type shareShort struct {
	Service string  `json:"service"`
	Spans   int64   `json:"spans"`
	Errors  int64   `json:"errors"`
	Self    float64 `json:"self_ms"`
}

type segmentShort struct {
	SpanID   string  `json:"span_id"`
	Service  string  `json:"service"`
	Name     string  `json:"name"`
	Summary  string  `json:"summary,omitempty"`
	Critical float64 `json:"critical_ms" jsonschema:"its own share of the critical path"`
	Duration float64 `json:"duration_ms"`
}

type failedShort struct {
	SpanID  string `json:"span_id"`
	Service string `json:"service"`
	Name    string `json:"name"`
	Message string `json:"message,omitempty"`
	Depth   int64  `json:"depth"`
}

func explainTrace(s *sdk.Server, a *asker) {
	tool(s, "explain_trace", "Explain one request", "What happened in one request: where its time went, what failed, with links. It needs no range.",
		func(ctx context.Context, in traceAsked) (out traceAnswer, err error) {
			r, err := client.Do(a.api.GetTraceWithResponse(ctx, in.TraceID))
			if err != nil {
				return out, err
			}
			v := r.JSON200
			out = traceAnswer{TraceID: v.TraceID, Time: at(v.Time), Duration: ms(v.DurationNs), Spans: len(v.Spans), Logs: v.LogCount, Notes: v.Notes,
				Link: a.link([]string{"traces", v.TraceID})}
			out.Services, _ = first(v.Services, 10, func(s *client.ServiceShareView) shareShort {
				return shareShort{s.Service, s.Spans, s.Errors, ms(s.SelfNs)}
			})
			var path []client.TraceSpan
			var failed []client.TraceSpan
			for _, sp := range v.Spans {
				if critical(&sp) > 0 {
					path = append(path, sp)
				}
				if sp.Error != nil && *sp.Error {
					failed = append(failed, sp)
				}
			}
			slices.SortStableFunc(path, func(x, y client.TraceSpan) int { return int(critical(&y) - critical(&x)) })
			slices.SortStableFunc(failed, func(x, y client.TraceSpan) int { return int(y.Depth - x.Depth) })
			out.Path, _ = first(path, 8, func(s *client.TraceSpan) segmentShort {
				return segmentShort{s.SpanID, s.Service, s.Name, short(text(s.Summary), 200), ms(critical(s)), ms(s.DurationNs)}
			})
			out.Failed, _ = first(failed, 8, func(s *client.TraceSpan) failedShort {
				return failedShort{s.SpanID, s.Service, s.Name, short(text(s.Message), 300), s.Depth}
			})
			return out, nil
		})
}

func critical(s *client.TraceSpan) (ns int64) {
	if s.Critical != nil {
		for _, seg := range *s.Critical {
			if len(seg) == 2 {
				ns += seg[1] - seg[0]
			}
		}
	}
	return ns
}
