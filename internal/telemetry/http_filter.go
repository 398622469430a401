package telemetry

import (
	"context"
	"net/http"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
)

// FilterBody is a filter looked through.
type FilterBody struct {
	Canonical string       `json:"canonical" doc:"The same filter in its one form; empty when there is an error."`
	Error     *FilterError `json:"error,omitempty"`
}

// FilterError says what is wrong with a filter and where.
type FilterError struct {
	Message string `json:"message" doc:"In the reader's language, with what to write instead."`
	Pos     int    `json:"pos" doc:"Byte offset of the wrong part."`
	End     int    `json:"end" doc:"Byte offset behind it."`
}

// KeyRecord is a key that a filter may use.
type KeyRecord struct {
	Key    string   `json:"key"`
	Label  string   `json:"label,omitempty" doc:"The column's name for people, in the reader's language."`
	Values []string `json:"values,omitempty" doc:"All its values, where they are few and known."`
}

// SignalParam says what a filter is for.
type SignalParam struct {
	Signal string `query:"signal" enum:"logs,spans" default:"logs"`
}

func (p SignalParam) signal() Signal {
	if p.Signal == Spans.String() {
		return Spans
	}
	return Logs
}

func registerFilter(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "check-filter", Method: http.MethodGet, Path: "/filter", Tag: "filter", Permission: authz.TelemetryReadOwn,
		Summary: "Look a filter through while it is written",
	}, func(ctx context.Context, in *struct {
		SignalParam
		Text string `query:"text" doc:"The filter."`
	}) (*api.Out[FilterBody], error) {
		n, err := ParseFilter(in.signal(), in.Text)
		if err != nil {
			f := fault.Of(err)
			if f.Code != fault.Invalid {
				return nil, err
			}
			return api.OK(FilterBody{Error: &FilterError{Message: f.Text.In(api.Lang(ctx)), Pos: f.Pos, End: f.End}}), nil
		}
		return api.OK(FilterBody{Canonical: filter.Print(n)}), nil
	})

	api.Register(a, api.Op{
		ID: "list-filter-keys", Method: http.MethodGet, Path: "/filter/keys", Tag: "filter", Permission: authz.TelemetryReadOwn,
		Summary: "The keys that a filter may use", Description: "The columns, then the attributes that rows in the range have.",
	}, func(ctx context.Context, in *struct {
		SignalParam
		api.RangeParams
		Env string `query:"env" maxLength:"256"`
	}) (*api.Out[api.List[KeyRecord]], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		hints, err := s.Keys(ctx, in.signal(), Range{From: from, To: to}, in.Env)
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(hints, func(h *KeyHint) KeyRecord {
			return KeyRecord{Key: h.Key, Label: h.Label.In(api.Lang(ctx)), Values: h.Values}
		}), "")), nil
	})
}

// DroppedEvent says how many rows of a tail were left out.
type DroppedEvent struct {
	Count uint64 `json:"count"`
}

type tailInput struct {
	Env    string `query:"env" maxLength:"256" doc:"Only this environment; empty for all."`
	Filter string `query:"filter" maxLength:"4096" doc:"Which rows; empty or * for all."`
}

func registerTail(a *api.API, s *Service) {
	const description = "Rows as they arrive. What is more than a person can follow (200 a second) is left out and counted in dropped."
	api.Stream(a, api.Op{
		ID: "tail-logs", Method: http.MethodGet, Path: "/logs/tail", Tag: "logs", Permission: authz.TelemetryRead,
		Summary: "Follow logs", Description: description,
	}, map[string]any{"log": LogRecord{}, "dropped": DroppedEvent{}}, func(ctx context.Context, in *tailInput) (api.Source, error) {
		follow, err := s.Tail(Logs, in.Env, in.Filter)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, to *api.Sender) error {
			return follow(ctx, TailSink{
				Log:     func(l *Log) error { return to.Send("log", NewLogRecord(l)) },
				Dropped: func(n uint64) error { return to.Send("dropped", DroppedEvent{n}) },
			})
		}, nil
	})
	api.Stream(a, api.Op{
		ID: "tail-spans", Method: http.MethodGet, Path: "/spans/tail", Tag: "spans", Permission: authz.TelemetryRead,
		Summary: "Follow spans", Description: description,
	}, map[string]any{"span": SpanRecord{}, "dropped": DroppedEvent{}}, func(ctx context.Context, in *tailInput) (api.Source, error) {
		follow, err := s.Tail(Spans, in.Env, in.Filter)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, to *api.Sender) error {
			return follow(ctx, TailSink{
				Span:    func(sp *Span) error { return to.Send("span", NewSpanRecord(sp)) },
				Dropped: func(n uint64) error { return to.Send("dropped", DroppedEvent{n}) },
			})
		}, nil
	})
}
