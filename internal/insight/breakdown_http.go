package insight

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// BreakdownView says where the time of an endpoint goes.
type BreakdownView struct {
	From       time.Time           `json:"from"`
	To         time.Time           `json:"to"`
	Requests   uint64              `json:"requests" doc:"All of the range; those that were read are in strata."`
	SlowNS     int64               `json:"slow_ns" doc:"Slow are those of this duration and more, the 95th percentile of the range."`
	Spans      int                 `json:"spans" doc:"That were read."`
	Left       int                 `json:"left" doc:"Requests that were chosen and could not be read whole, as their trace has more than 5,000 spans."`
	Strata     []StratumView       `json:"strata" doc:"Normal, slow and failed requests; at most 32 of each, from all of the range."`
	Operations []OperationPartView `json:"operations" doc:"Those that weigh most first, at most 40; what is left over is the last, without a name."`
}

// StratumView is requests of a kind.
type StratumView struct {
	Kind    string `json:"kind" enum:"normal,slow,failed"`
	Read    int    `json:"read" doc:"How many requests were read; 0: there were none."`
	P50NS   int64  `json:"p50_ns" doc:"Of those read."`
	TraceID string `json:"trace_id" doc:"Of the one of median duration."`
	SpanID  string `json:"span_id"`
}

// OperationPartView is what an operation takes.
type OperationPartView struct {
	Service string     `json:"service" doc:"Empty for what is left over."`
	Kind    string     `json:"kind"`
	Name    string     `json:"name" doc:"A statement without its values, a route, or the span's name."`
	Parts   []PartView `json:"parts" doc:"In the order of strata."`
}

// PartView is what an operation takes of the requests of a kind.
type PartView struct {
	Share    float64 `json:"share" doc:"Of the time of all requests read, on their critical paths; those of all operations add up to 1."`
	MeanNS   int64   `json:"mean_ns" doc:"On the critical path, in the mean of all requests read."`
	Requests int     `json:"requests" doc:"That have it."`
	Calls    int     `json:"calls"`
	Usual    int     `json:"usual" doc:"Calls in a request that has it, median."`
	Most     int     `json:"most"`
	P50NS    int64   `json:"p50_ns" doc:"Of one call."`
	P95NS    int64   `json:"p95_ns"`
	TraceID  string  `json:"trace_id" doc:"Of the request in which it took most."`
	SpanID   string  `json:"span_id"`
}

// maxOperations is how many operations are named; the rest is one more.
const maxOperations = 40

// UsualView is a trace beside its endpoint's usual.
type UsualView struct {
	Service    string      `json:"service"`
	Endpoint   string      `json:"endpoint"`
	SpanID     string      `json:"span_id" doc:"Of the request that is compared."`
	DurationNS int64       `json:"duration_ns"`
	From       time.Time   `json:"from" doc:"The usual requests are of this time."`
	To         time.Time   `json:"to"`
	Read       int         `json:"read" doc:"Usual requests that were read; below 10 nothing is said."`
	P50NS      int64       `json:"p50_ns" doc:"Of the usual requests."`
	TraceID    string      `json:"trace_id" doc:"A typical one of them."`
	Slow       []SlowView  `json:"slow" doc:"Calls that take unusually long."`
	More       []CountView `json:"more" doc:"Operations that come far more often than ever."`
	Extra      []CountView `json:"extra" doc:"Operations that none of the usual requests has."`
	Missing    []CountView `json:"missing" doc:"Operations that four of five usual requests have, and this has not."`
}

// SlowView is a call that takes unusually long.
type SlowView struct {
	SpanID     string `json:"span_id"`
	Kind       string `json:"kind" doc:"Of the span; two may share an ID."`
	DurationNS int64  `json:"duration_ns"`
	P50NS      int64  `json:"p50_ns" doc:"Usually."`
	P95NS      int64  `json:"p95_ns"`
	Own        bool   `json:"own" doc:"Most of it is its own time: there the cause lies."`
}

// CountView is how often an operation comes.
type CountView struct {
	Service  string `json:"service"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Here     int    `json:"here"`
	Usual    int    `json:"usual" doc:"In a usual request that has it, median."`
	Most     int    `json:"most"`
	Requests int    `json:"requests" doc:"Usual requests that have it."`
	SpanID   string `json:"span_id" doc:"Of one here."`
	TookNS   int64  `json:"took_ns" doc:"Here, on the critical path."`
}

func countViews(all []Count) []CountView {
	out := make([]CountView, len(all))
	for i, c := range all {
		out[i] = CountView{c.Service, c.Kind.String(), c.Name, c.Here, c.Usual, c.Max, c.Requests, c.SpanID.String(), c.Took}
	}
	return out
}

func breakdownView(s *Sampled) BreakdownView {
	strata := []*Stratum{&s.Normal, &s.Slow, &s.Failed}
	v := BreakdownView{From: s.Range.From.UTC(), To: s.Range.To.UTC(), Requests: s.Of.Count, SlowNS: s.SlowAt, Spans: s.Spans, Left: s.Left, Operations: []OperationPartView{}}
	for i, kind := range []string{"normal", "slow", "failed"} {
		st := strata[i]
		v.Strata = append(v.Strata, StratumView{kind, st.Requests, st.P50, st.Typical.TraceID.String(), st.Typical.SpanID.String()})
	}
	rest := OperationPartView{Parts: make([]PartView, len(strata))}
	for i, op := range s.Operations {
		if i >= maxOperations {
			for k, st := range strata {
				p, r := st.Parts[op], &rest.Parts[k]
				r.Share, r.MeanNS, r.Calls = r.Share+p.Share, r.MeanNS+p.PerRequest, r.Calls+p.Calls
			}
			continue
		}
		o := OperationPartView{op.Service, op.Kind.String(), op.Name, make([]PartView, len(strata))}
		for k, st := range strata {
			p := st.Parts[op]
			o.Parts[k] = PartView{p.Share, p.PerRequest, p.Requests, p.Calls, p.CallsP50, p.CallsMax, p.P50, p.P95, p.Example.TraceID.String(), p.Example.SpanID.String()}
		}
		v.Operations = append(v.Operations, o)
	}
	if len(s.Operations) > maxOperations {
		v.Operations = append(v.Operations, rest)
	}
	return v
}

// RegisterBreakdowns adds the operations on where time goes.
func RegisterBreakdowns(a *api.API, b *Breakdowns) {
	api.Register(a, api.Op{
		ID: "get-endpoint-breakdown", Method: http.MethodGet, Path: "/services/{service}/endpoint/breakdown", Tag: "services", Permission: authz.TelemetryReadOwn, Heavy: true,
		Summary:     "Where the time of an endpoint goes, by operation",
		Description: "Of a sample of its normal, slow and failed requests: what each operation takes of their critical paths.",
	}, func(ctx context.Context, in *struct {
		Service string `path:"service" maxLength:"256"`
		api.RangeParams
		Env      string `query:"env" maxLength:"256"`
		Endpoint string `query:"endpoint" required:"true" maxLength:"1024" example:"GET /cart/{id}"`
		Version  string `query:"version" maxLength:"256"`
	}) (*api.Out[BreakdownView], error) {
		from, to, err := in.Range(b.clock)
		if err != nil {
			return nil, err
		}
		s, err := b.Endpoint(ctx, endpointQuery{Range: telemetry.Range{From: from, To: to}, Env: in.Env, Service: in.Service, Endpoint: in.Endpoint, Version: in.Version})
		if err != nil {
			return nil, err
		}
		return api.OK(breakdownView(s)), nil
	})

	api.Register(a, api.Op{
		ID: "get-trace-usual", Method: http.MethodGet, Path: "/traces/{trace_id}/usual", Tag: tag, Permission: authz.TelemetryReadOwn, Heavy: true,
		Summary:     "A trace beside what its endpoint's requests are usually like",
		Description: "Compared with a sample of the endpoint's requests of the 24 hours before that neither failed nor were slow.",
	}, func(ctx context.Context, in *TraceParam) (*api.Out[UsualView], error) {
		c, err := b.Trace(ctx, in.TraceID)
		if err != nil {
			return nil, err
		}
		u := &c.Usual.Normal
		v := UsualView{
			Service: c.Service, Endpoint: c.Endpoint, SpanID: c.Root.String(), DurationNS: c.Duration, From: c.Usual.Range.From.UTC(), To: c.Usual.Range.To.UTC(),
			Read: u.Requests, P50NS: u.P50, TraceID: u.Typical.TraceID.String(), Slow: make([]SlowView, len(c.Slow)),
			More: countViews(c.More), Extra: countViews(c.Extra), Missing: countViews(c.Missing),
		}
		for i, s := range c.Slow {
			v.Slow[i] = SlowView{s.SpanID.String(), s.Kind.String(), s.Duration, s.P50, s.P95, s.Own}
		}
		return api.OK(v), nil
	})
}
