package explain

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Reader is the part of telemetry.Reader that a request is explained with.
type Reader interface {
	Trace(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error)
	TraceLogs(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Log, bool, error)
	ReadSpans(ctx context.Context, q telemetry.PageQuery) ([]telemetry.Span, bool, error)
	CountSpans(ctx context.Context, q telemetry.Query) (uint64, error)
	SpanFacets(ctx context.Context, q telemetry.Query, keys []string, limit int) ([]telemetry.Facet, error)
	SpanContrast(ctx context.Context, q telemetry.Query, chosen filter.Node, sample int) (telemetry.Contrast, error)
}

// Figures is the part of telemetry.DerivedReader that a request is explained with.
type Figures interface {
	Endpoints(ctx context.Context, q telemetry.DerivedQuery) ([]telemetry.EndpointFigures, telemetry.Derived, error)
	Calls(ctx context.Context, q telemetry.CallQuery) ([]telemetry.Call, telemetry.Derived, error)
}

// Store is the source over Yagura's own rows and figures.
type Store struct {
	Reader  Reader
	Figures Figures
}

const (
	around   = 30 * time.Minute // similar requests are looked for so far to either side
	enough   = 20               // requests that make a usual
	perAsk   = 500              // endpoints or calls of a service
	sample   = 5_000            // spans of either side that are compared
	chosen   = 5                // failing or slow ones that are worth comparing
	besides  = 1_000            // spans of others on a database
	holdBack = 30 * time.Second // how long before a wait its holder may have begun
)

// Trace implements Source.
func (s *Store) Trace(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	return s.Reader.Trace(ctx, id, limit)
}

// Logs implements Source.
func (s *Store) Logs(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Log, bool, error) {
	return s.Reader.TraceLogs(ctx, id, limit)
}

// Lacks implements Source: nothing is lacking here.
func (s *Store) Lacks() []i18n.Text { return nil }

// windows are the ranges that usual figures are taken from, in the order of preference.
func windows(at int64) [3]telemetry.Range {
	t := time.Unix(0, at).UTC()
	hour := func(mid time.Time) telemetry.Range {
		return telemetry.Range{From: mid.Add(-around), To: mid.Add(around)}
	}
	return [3]telemetry.Range{
		verdict.LastWeek:  hour(t.AddDate(0, 0, -7)),
		verdict.Yesterday: hour(t.AddDate(0, 0, -1)),
		verdict.DayBefore: {From: t.Add(-24 * time.Hour), To: t.Add(-time.Minute)},
	}
}

// Usual implements Source. What is too rare in one window is looked for in the next.
func (s *Store) Usual(ctx context.Context, q UsualQuery) (verdict.Baseline, error) {
	b := verdict.Baseline{Endpoints: map[verdict.EndpointKey]verdict.Usual{}, Calls: map[verdict.CallKey]verdict.Usual{}}
	for when, r := range windows(q.At) {
		ask := telemetry.DerivedQuery{Range: r, Env: q.Env, Service: q.Service, Limit: perAsk}
		if slices.ContainsFunc(q.Endpoints, func(e string) bool {
			return b.Endpoints[verdict.EndpointKey{Service: q.Service, Env: q.Env, Endpoint: e}].Count < enough
		}) {
			rows, _, err := s.Figures.Endpoints(ctx, ask)
			if err != nil {
				return b, err
			}
			for _, row := range rows {
				k := verdict.EndpointKey{Service: row.Service, Env: row.Env, Endpoint: row.Endpoint}
				if row.Env == q.Env && slices.Contains(q.Endpoints, row.Endpoint) {
					b.Endpoints[k] = better(b.Endpoints[k], row.RED, verdict.When(when))
				}
			}
		}
		if slices.ContainsFunc(q.Calls, func(k verdict.CallKey) bool { return b.Calls[k].Count < enough }) {
			rows, _, err := s.Figures.Calls(ctx, telemetry.CallQuery{EdgeQuery: telemetry.EdgeQuery{DerivedQuery: ask}, ByCaller: true})
			if err != nil {
				return b, err
			}
			for _, row := range rows {
				k := verdict.CallKey{Service: q.Service, Env: q.Env, Peer: row.Peer.Name, Operation: row.Shape.ID}
				if slices.Contains(q.Calls, k) {
					b.Calls[k] = better(b.Calls[k], row.RED, verdict.When(when))
				}
			}
		}
	}
	return b, nil
}

// better keeps what an earlier window told enough of.
func better(was verdict.Usual, red telemetry.RED, when verdict.When) verdict.Usual {
	if was.Count >= enough || was.Count >= red.Count {
		return was
	}
	return verdict.Usual{Count: red.Count, Errors: red.Errors, P50: int64(red.P50), P95: int64(red.P95), When: when}
}

func eq(key, value string) filter.Node { return filter.Compare{Key: key, Value: value} }

// base selects the requests of the endpoint around a moment.
func (q SimilarQuery) base() telemetry.Query {
	t := time.Unix(0, q.At).UTC()
	return telemetry.Query{
		Range: telemetry.Range{From: t.Add(-around).Truncate(time.Minute), To: t.Add(around).Truncate(time.Minute)}, Env: q.Env,
		Filter: filter.AllOf(eq("service", q.Service), eq("endpoint", q.Endpoint)),
	}
}

// alike selects those that went the same way.
func (q SimilarQuery) alike() filter.Node {
	switch {
	case q.Slow:
		return filter.Compare{Key: "duration", Op: filter.Gt, Number: float64(q.Than), Unit: filter.Duration}
	case q.Group != 0:
		return eq("error_group", q.Group.String())
	}
	return eq("status", "error")
}

// Similar implements Neighbours.
func (s *Store) Similar(ctx context.Context, q SimilarQuery) (*verdict.Similar, error) {
	base := q.base()
	narrow := base
	narrow.Filter = filter.AllOf(base.Filter, q.alike())
	m := &verdict.Similar{
		Service: q.Service, Endpoint: q.Endpoint, Slow: q.Slow, Than: q.Than, Group: q.Group,
		Filter: filter.Print(narrow.Filter), Range: base.Range,
	}
	var facets []telemetry.Facet
	var running []telemetry.Facet
	err := together(ctx,
		func(ctx context.Context) (err error) {
			running, err = s.Reader.SpanFacets(ctx, base, []string{"version"}, 2)
			return err
		},
		func(ctx context.Context) (err error) { m.Requests, err = s.Reader.CountSpans(ctx, base); return err },
		func(ctx context.Context) (err error) { m.Count, err = s.Reader.CountSpans(ctx, narrow); return err },
		func(ctx context.Context) (err error) {
			facets, err = s.Reader.SpanFacets(ctx, narrow, []string{"user.id", "version"}, 10)
			return err
		},
	)
	if err != nil {
		return nil, err
	}
	for _, f := range running {
		m.Running = f.Distinct
	}
	for _, f := range facets {
		switch f.Key {
		case "user.id":
			m.Users = f.Distinct
		case "version":
			for _, v := range f.Values {
				m.Versions = append(m.Versions, telemetry.Tally(v))
			}
		}
	}
	return m, nil
}

// told are keys that say of a request what is said already: how it ended and which it was.
func told(key string) bool {
	switch key {
	case "status", "status_message", "duration", "trace_id", "span_id", "parent_id", "error_group", "endpoint", "service", "env", "kind", "name", "scope",
		"http.response.status_code", "http.response.body.size", "http.route", "http.request.method", "error.type", "rpc.response.status_code", "operation_id", "url.scheme", "network.protocol.version":
		return true
	}
	return strings.HasPrefix(key, "exception.")
}

// Contrast implements Neighbours.
func (s *Store) Contrast(ctx context.Context, q SimilarQuery) ([]telemetry.Difference, verdict.Versus, error) {
	c, err := s.Reader.SpanContrast(ctx, q.base(), q.alike(), sample)
	if err != nil {
		return nil, verdict.Versus{}, err
	}
	v := verdict.Versus{Slow: q.Slow, Service: q.Service, Endpoint: q.Endpoint, Chosen: c.Chosen.All, Others: c.Others.All}
	if c.Chosen.All < chosen {
		return nil, v, nil
	}
	c.Tallies = slices.DeleteFunc(c.Tallies, func(t telemetry.ContrastTally) bool { return told(t.Key) })
	return c.Differences(20), v, nil
}

// Beside implements Neighbours.
func (s *Store) Beside(ctx context.Context, span *telemetry.Span) ([]telemetry.Span, error) {
	if span.Peer.Name == "" {
		return nil, nil
	}
	from := time.Unix(0, span.Time)
	q := telemetry.PageQuery{Query: telemetry.Query{
		Range:  telemetry.Range{From: from.Add(-holdBack), To: from.Add(time.Duration(span.Duration) + time.Millisecond)},
		Env:    span.Env,
		Filter: filter.AllOf(eq("peer", span.Peer.Name), filter.Not{Node: eq("trace_id", span.TraceID.String())}),
	}, Order: telemetry.Newest, Limit: besides}
	rows, _, err := s.Reader.ReadSpans(ctx, q)
	return rows, err
}
