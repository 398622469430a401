package insight

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const tag = "traces"

// TraceView is a trace in the API, compact enough for 50,000 spans.
type TraceView struct {
	TraceID    string             `json:"trace_id"`
	Time       time.Time          `json:"time" doc:"The earliest start, after the correction of clocks."`
	DurationNS int64              `json:"duration_ns" doc:"To the latest end."`
	Main       int                `json:"main" doc:"Index in spans of the root whose critical path is shown."`
	Services   []ServiceShareView `json:"services" doc:"Most self time first."`
	Spans      []TraceSpan        `json:"spans" doc:"Depth first: a span comes before its children."`
	More       bool               `json:"more" doc:"There are more spans than are shown."`
	Notes      []string           `json:"notes" doc:"What had to be assumed, in the reader's language."`
	LogCount   int                `json:"log_count" doc:"How many logs name the trace."`
	MoreLogs   bool               `json:"more_logs" doc:"There are more logs than were counted."`
}

// TraceSpan is a span in its place in a trace.
type TraceSpan struct {
	SpanID        string     `json:"span_id"`
	ParentID      string     `json:"parent_id" doc:"As it was sent; empty for a root."`
	Depth         int        `json:"depth"`
	Service       string     `json:"service"`
	Env           string     `json:"env"`
	Name          string     `json:"name"`
	Kind          string     `json:"kind"`
	Status        string     `json:"status" doc:"unset, ok or error."`
	StartNS       int64      `json:"start_ns" doc:"After the start of the trace, corrected."`
	DurationNS    int64      `json:"duration_ns"`
	SelfNS        int64      `json:"self_ns" doc:"The part in which it waited for no child."`
	Critical      [][2]int64 `json:"critical,omitempty" doc:"Its parts on the critical path, from and to after the start of the trace. A deferred span is the root of a path of its own."`
	MissingParent bool       `json:"missing_parent,omitempty" doc:"It names a parent that is not stored."`
	Deferred      bool       `json:"deferred,omitempty" doc:"Nobody above waited for it."`
	SkewNS        int64      `json:"skew_ns,omitempty" doc:"What was added to its times because its machine's clock was wrong."`
	Error         bool       `json:"error,omitempty" doc:"Its status is error."`
	Message       string     `json:"message,omitempty" doc:"What went wrong, in short, where status is error."`
	Summary       string     `json:"summary,omitempty" doc:"What it did: HTTP route and status, statement, procedure, queue."`
}

// ServiceShareView is a service's part in a trace.
type ServiceShareView struct {
	Service    string `json:"service"`
	Env        string `json:"env"`
	Spans      int    `json:"spans"`
	Errors     int    `json:"errors"`
	SelfNS     int64  `json:"self_ns" doc:"Sum of its spans' self times; may exceed the trace's duration."`
	CriticalNS int64  `json:"critical_ns" doc:"Its part of the main critical path; the parts add up to the main root's duration."`
}

// TraceLogsView is the logs of a trace.
type TraceLogsView struct {
	Items []telemetry.LogRecord `json:"items"`
	More  bool                  `json:"more" doc:"There are more than were asked for."`
}

// TraceParam names a trace.
type TraceParam struct {
	TraceID string `path:"trace_id" maxLength:"4096" doc:"32 hex digits in either case, or a text that holds them: a traceparent, an address, a log line." example:"4bf92f3577b34da6a3ce929d0e0e4736"`
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "get-trace", Method: http.MethodGet, Path: "/traces/{trace_id}", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "A trace with its critical path",
		Description: "All spans of a trace, whenever it was, put together: depth first, clocks corrected where causality demands it, self times and the critical path.",
	}, func(ctx context.Context, in *TraceParam) (*api.Out[TraceView], error) {
		t, err := s.Trace(ctx, in.TraceID)
		if err != nil {
			return nil, err
		}
		return api.OK(view(ctx, t)), nil
	})

	api.Register(a, api.Op{
		ID: "get-trace-span", Method: http.MethodGet, Path: "/traces/{trace_id}/spans/{span_id}", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "A span of a trace with all its attributes, events and links",
	}, func(ctx context.Context, in *struct {
		TraceParam
		SpanID string `path:"span_id" maxLength:"64" example:"00f067aa0ba902b7"`
		At     string `query:"at" maxLength:"64" doc:"When the span began, as it was sent, if known: makes it quick in a large trace."`
		Kind   string `query:"kind" enum:"internal,server,client,producer,consumer" doc:"Of which kind, where two spans share an ID."`
	}) (*api.Out[telemetry.SpanRecord], error) {
		hint := SpanHint{Kind: in.Kind}
		if in.At != "" {
			at, err := api.ParseTime("at", in.At, time.Time{})
			if err != nil {
				return nil, err
			}
			hint.At = at
		}
		span, err := s.Span(ctx, in.TraceID, in.SpanID, hint)
		if err != nil {
			return nil, err
		}
		return api.OK(telemetry.NewSpanRecord(span)), nil
	})

	api.Register(a, api.Op{
		ID: "list-trace-logs", Method: http.MethodGet, Path: "/traces/{trace_id}/logs", Tag: tag, Permission: authz.TelemetryReadOwn, Heavy: true,
		Summary: "The logs of a trace, oldest first",
	}, func(ctx context.Context, in *struct {
		TraceParam
		Limit int `query:"limit" default:"1000" minimum:"1" maximum:"1000"`
	}) (*api.Out[TraceLogsView], error) {
		logs, more, err := s.Logs(ctx, in.TraceID, in.Limit)
		if err != nil {
			return nil, err
		}
		body := TraceLogsView{Items: make([]telemetry.LogRecord, len(logs)), More: more}
		for i := range logs {
			body.Items[i] = telemetry.NewLogRecord(&logs[i])
		}
		return api.OK(body), nil
	})
}

func view(ctx context.Context, t *Trace) TraceView {
	v := TraceView{
		TraceID: t.TraceID.String(), Time: telemetry.UTC(t.Start), DurationNS: t.Duration, Main: t.Main,
		Services: make([]ServiceShareView, len(t.Services)), Spans: make([]TraceSpan, len(t.Nodes)),
		Notes: make([]string, len(t.Notes)), More: t.More, LogCount: t.Logs, MoreLogs: t.MoreLogs,
	}
	for i, s := range t.Services {
		v.Services[i] = ServiceShareView{Service: s.Service, Env: s.Env, Spans: s.Spans, Errors: s.Errors, SelfNS: s.Self, CriticalNS: s.Critical}
	}
	for i, n := range t.Notes {
		v.Notes[i] = n.In(api.Lang(ctx))
	}
	for i := range t.Nodes {
		n := &t.Nodes[i]
		s := TraceSpan{
			SpanID: n.Span.SpanID.String(), ParentID: n.Span.ParentID.String(), Depth: n.Depth,
			Service: n.Span.Service, Env: n.Span.Env, Name: n.Span.Name, Kind: n.Span.Kind.String(), Status: n.Span.Status.String(),
			StartNS: n.Start, DurationNS: n.Duration, SelfNS: n.Self,
			MissingParent: n.MissingParent, Deferred: n.Deferred, SkewNS: n.Skew,
			Summary: Summary(n.Span),
		}
		if n.Span.Status == telemetry.StatusError {
			s.Error, s.Message = true, errorLine(n.Span)
		}
		for _, c := range n.Critical {
			s.Critical = append(s.Critical, [2]int64{c.From, c.To})
		}
		v.Spans[i] = s
	}
	return v
}

// errorLine is what went wrong in a span, in a line.
func errorLine(s *telemetry.Span) string {
	e := s.Exception
	switch {
	case e.Type != "" && e.Message != "":
		return line(e.Type + ": " + e.Message)
	case e.Message != "" || e.Type != "":
		return line(e.Type + e.Message)
	case s.StatusMessage != "":
		return line(s.StatusMessage)
	}
	v, _ := telemetry.Get(s.Attrs, "error.type")
	return line(v)
}
