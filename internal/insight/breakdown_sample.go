package insight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Bounds of what a breakdown reads: requests of each kind, spread over slices of the time,
// and of traces too large to be worth it, none.
const (
	sampleEach    = 32
	sampleSlices  = 4
	largestTrace  = 5_000
	readsAtOnce   = 4
	breakdownTime = 30 * time.Second
	keepLive      = time.Minute
	keepPast      = 15 * time.Minute
	keptMost      = 100
	// usualBack is how far before a trace its endpoint's usual requests are read.
	usualBack = 24 * time.Hour
)

// Figures is the part of the telemetry store that says how long an endpoint's requests are.
type Figures interface {
	Requests(ctx context.Context, q telemetry.DerivedQuery) (telemetry.RED, *telemetry.RED, telemetry.Trend, telemetry.Derived, error)
}

// StepReader reads many traces at once.
type StepReader interface {
	Reader
	TraceSteps(ctx context.Context, ids []telemetry.TraceID, each int) (map[telemetry.TraceID][]telemetry.Span, error)
}

// Breakdowns says where the time of endpoints goes.
type Breakdowns struct {
	reader  StepReader
	figures Figures
	clock   clock.Clock

	once singleflight.Group
	mu   sync.Mutex
	kept map[string]keptBreakdown
}

type keptBreakdown struct {
	until time.Time
	*Sampled
}

// NewBreakdowns makes the service.
func NewBreakdowns(r StepReader, f Figures, c clock.Clock) *Breakdowns {
	return &Breakdowns{reader: r, figures: f, clock: c, kept: map[string]keptBreakdown{}}
}

// Sampled is a breakdown with what it was made of.
type Sampled struct {
	Breakdown
	Range   telemetry.Range
	Of      telemetry.RED // all requests of the range
	SlowAt  int64         // from this duration on a request is slow
	Left    int           // requests that were chosen and could not be read whole
	Spans   int           // that were read
	Sampled time.Time
}

// endpointQuery names what is broken down.
type endpointQuery struct {
	telemetry.Range
	Env, Service, Endpoint, Version string
	normalOnly                      bool
}

// Endpoint reads requests of an endpoint and breaks them down. What was read within the
// last minute is not read again.
func (b *Breakdowns) Endpoint(ctx context.Context, q endpointQuery) (*Sampled, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	q.From, q.To = q.From.Truncate(time.Minute), q.To.Add(time.Minute-1).Truncate(time.Minute)
	if authz.From(ctx).Restricted() { // what they see is theirs alone
		return b.read(ctx, q)
	}
	key := fmt.Sprintf("%d\x00%d\x00%q\x00%q\x00%q\x00%q\x00%v", q.From.Unix(), q.To.Unix(), q.Env, q.Service, q.Endpoint, q.Version, q.normalOnly)
	now := b.clock.Now()
	b.mu.Lock()
	had, ok := b.kept[key]
	b.mu.Unlock()
	if ok && now.Before(had.until) {
		return had.Sampled, nil
	}
	done := b.once.DoChan(key, func() (any, error) {
		// Who asked first may go away before the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), breakdownTime)
		defer cancel()
		s, err := b.read(ctx, q)
		if err == nil {
			b.keep(key, s, now)
		}
		return s, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Sampled), nil
	}
}

func (b *Breakdowns) keep(key string, s *Sampled, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, had := range b.kept {
		if !now.Before(had.until) || len(b.kept) >= keptMost {
			delete(b.kept, k)
		}
	}
	d := keepLive
	if now.Sub(s.Range.To) > time.Hour {
		d = keepPast
	}
	b.kept[key] = keptBreakdown{now.Add(d), s}
}

// chosen is a request to be read.
type chosen struct {
	trace telemetry.TraceID
	span  telemetry.SpanID
}

func (b *Breakdowns) read(ctx context.Context, q endpointQuery) (*Sampled, error) {
	red, _, _, _, err := b.figures.Requests(ctx, telemetry.DerivedQuery{Range: q.Range, Env: q.Env, Service: q.Service, Endpoint: q.Endpoint, Version: q.Version})
	if err != nil {
		return nil, err
	}
	s := &Sampled{Range: q.Range, Of: red, SlowAt: int64(red.P95), Sampled: b.clock.Now()}
	if red.Count == 0 {
		s.Breakdown = breakDown(nil, nil, nil)
		return s, nil
	}
	failed := filter.Node(filter.Compare{Key: "status", Value: "error"})
	at := max(s.SlowAt/1000, 1)
	slow, err := filter.Parse(fmt.Sprintf("duration>=%dus", at))
	if err != nil {
		return nil, err
	}
	strata := [3]filter.Node{
		filter.And{Nodes: []filter.Node{filter.Not{Node: failed}, filter.Not{Node: slow}}},
		filter.And{Nodes: []filter.Node{filter.Not{Node: failed}, slow}},
		failed,
	}
	if red.Count < 2*enough { // of few, none is slow
		strata[0], strata[1] = filter.Not{Node: failed}, nil
	}
	if red.Errors == 0 {
		strata[2] = nil
	}
	if q.normalOnly {
		strata[1], strata[2] = nil, nil
	}
	var picked [len(strata)][]chosen
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readsAtOnce)
	for i, node := range strata {
		if node == nil {
			continue
		}
		for _, part := range slicesOf(q.Range) {
			g.Go(func() error {
				rows, err := b.choose(gctx, q, part, node)
				mu.Lock()
				defer mu.Unlock()
				picked[i] = append(picked[i], rows...)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var read [len(strata)][]Request
	trees := map[telemetry.TraceID][]func(*Tree){}
	for i := range picked {
		for _, c := range picked[i] {
			trees[c.trace] = append(trees[c.trace], func(t *Tree) {
				for n := range t.Nodes {
					if sp := t.Nodes[n].Span; sp.SpanID == c.span && sp.Endpoint == q.Endpoint && sp.Service == q.Service {
						if r, ok := requestOf(t, n); ok {
							read[i] = append(read[i], r)
							return
						}
					}
				}
				s.Left++
			})
		}
	}
	traces, err := b.reader.TraceSteps(ctx, slices.Collect(maps.Keys(trees)), largestTrace)
	if err != nil {
		return nil, err
	}
	for id, take := range trees {
		s.Spans += len(traces[id])
		t := &Tree{Main: -1} // of a part, the path would be another
		if spans := traces[id]; len(spans) > 0 {
			t = Assemble(spans)
		}
		for _, f := range take {
			f(t)
		}
	}
	s.Breakdown = breakDown(read[0], read[1], read[2])
	return s, nil
}

// slicesOf cuts a range, so that what is read comes from all of it.
func slicesOf(r telemetry.Range) (out []telemetry.Range) {
	step := (r.To.Sub(r.From) / sampleSlices).Truncate(time.Second)
	if step < time.Second {
		return []telemetry.Range{r}
	}
	for i := range sampleSlices {
		part := telemetry.Range{From: r.From.Add(time.Duration(i) * step), To: r.From.Add(time.Duration(i+1) * step)}
		if i == sampleSlices-1 {
			part.To = r.To
		}
		out = append(out, part)
	}
	return out
}

func (b *Breakdowns) choose(ctx context.Context, q endpointQuery, part telemetry.Range, node filter.Node) ([]chosen, error) {
	nodes := []filter.Node{filter.Compare{Key: "service", Value: q.Service}, filter.Compare{Key: "endpoint", Value: q.Endpoint}, node}
	if q.Version != "" {
		nodes = append(nodes, filter.Compare{Key: "version", Value: q.Version})
	}
	rows, _, err := b.reader.ReadSpans(ctx, telemetry.PageQuery{
		Query: telemetry.Query{Range: part, Env: q.Env, Filter: filter.And{Nodes: nodes}},
		Limit: max(sampleEach/len(slicesOf(q.Range)), 1),
	})
	out := make([]chosen, len(rows))
	for i := range rows {
		out[i] = chosen{rows[i].TraceID, rows[i].SpanID}
	}
	return out, err
}

// Compared is a trace beside its endpoint's usual.
type Compared struct {
	Unusual
	Service, Endpoint string
	Root              telemetry.SpanID
	Duration          int64
	Usual             *Sampled
}

// Trace compares a trace with the usual requests of the endpoint that it is about.
func (b *Breakdowns) Trace(ctx context.Context, ref string) (*Compared, error) {
	id, err := traceID(ref)
	if err != nil {
		return nil, err
	}
	traces, err := b.reader.TraceSteps(ctx, []telemetry.TraceID{id}, MaxSpans)
	if err != nil {
		return nil, err
	}
	spans := traces[id]
	if len(spans) == 0 { // also one that is too large to be read whole
		if spans, _, err = b.reader.Trace(ctx, id, MaxSpans); err != nil {
			return nil, err
		}
	}
	if len(spans) == 0 {
		return nil, noTrace(id, 0)
	}
	t := Assemble(spans)
	root := aboutEndpoint(t)
	if root < 0 {
		return nil, fault.New(fault.NotFound, i18n.T(
			"No span of this trace answers a request or handles a message, so there is no endpoint to compare it with.",
			"このトレースにはリクエストやメッセージを処理するスパンがないため、比較対象のエンドポイントがありません。"))
	}
	n := &t.Nodes[root]
	// By whole quarters of an hour, so that traces of about the same time share an answer.
	to := time.Unix(0, n.Span.Time).UTC().Truncate(15 * time.Minute).Add(15 * time.Minute)
	usual, err := b.Endpoint(ctx, endpointQuery{
		Range: telemetry.Range{From: to.Add(-usualBack), To: to}, Env: n.Span.Env, Service: n.Span.Service, Endpoint: n.Span.Endpoint, normalOnly: true,
	})
	if err != nil {
		return nil, err
	}
	return &Compared{
		Unusual: unusual(t, root, &usual.Normal), Service: n.Span.Service, Endpoint: n.Span.Endpoint, Root: n.Span.SpanID, Duration: n.Duration, Usual: usual,
	}, nil
}
