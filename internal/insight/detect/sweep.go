package detect

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// observation is what the second stage keeps of a statement, or of a read over HTTP.
type observation struct {
	spanRef
	unit                                   spanRef // the request that made it
	env, service, endpoint, instance, peer string
	op                                     telemetry.Shape
	stmt                                   *statement // nil over HTTP
	kind                                   Kind
	start, dur, critical, rows             int64 // start is Unix; rows -1 where it is not told
	input                                  uint64
	node                                   place // for the finding
}

// place defers working out a Place, which few observations need.
type place struct {
	Place
	main bool
}

// unit is what it keeps of a request or message.
type unit struct {
	spanRef
	env, service, instance, endpoint string
	kind                             Kind
	start, dur                       int64
	input                            uint64
	failed, main                     bool
	place                            Place
}

// holding is a stretch in which a transaction held what it had written.
type holding struct {
	spanRef
	service, endpoint, peer string
	tables                  []string
	start, end              int64
}

// observe remembers what the second stage needs of a trace.
func (a *Across) observe(s *scan) {
	for _, i := range s.calls {
		f := &s.facts[i]
		// What a service of ours answers is judged by what it reads itself.
		read := f.class == httpCall && s.readsOnly(i) && s.callee(i) < 0
		if f.class != database && !read || f.op.ID == 0 || s.failed(i) {
			continue
		}
		if f.stmt != nil && f.stmt.verb != reads && f.stmt.verb != writes && f.stmt.verb != locks {
			continue
		}
		n := &s.t.Nodes[i]
		e := s.entryNode(i)
		o := observation{
			spanRef: spanRef{s.t.TraceID, n.Span.SpanID}, unit: spanRef{s.t.TraceID, s.t.Nodes[e].Span.SpanID},
			env: n.Span.Env, service: s.t.Nodes[e].Span.Service, endpoint: s.endpoint(e), instance: n.Span.Instance,
			peer: f.peer, op: f.op, stmt: f.stmt, kind: s.kind(i), start: s.t.Start + n.Start, dur: n.Duration, rows: -1, input: s.input(i),
			node: place{s.place(i), s.t.Root(i) == s.t.Main},
		}
		if rows, ok := s.rows(i); ok {
			o.rows = rows
		}
		for _, seg := range n.Critical {
			o.critical += seg.To - seg.From
		}
		if c := s.callee(i); c >= 0 { // the answer took part of it
			for k := c; k < c+s.t.Nodes[c].Size; k++ {
				for _, seg := range s.t.Nodes[k].Critical {
					o.critical += seg.To - seg.From
				}
			}
		}
		o.critical = min(o.critical, o.dur)
		if o.input == 0 {
			// What the span does not tell may stand in the request.
			o.input = s.asked(e)
		}
		a.seen = append(a.seen, o)
	}
	for i := range s.t.Nodes {
		n := &s.t.Nodes[i]
		if s.entryNode(i) != i || n.Span.Kind != telemetry.KindServer && n.Span.Kind != telemetry.KindConsumer {
			continue
		}
		a.units = append(a.units, unit{
			spanRef: spanRef{s.t.TraceID, n.Span.SpanID}, env: n.Span.Env, service: n.Span.Service, instance: n.Span.Instance, endpoint: s.endpoint(i),
			kind: s.kind(i), start: s.t.Start + n.Start, dur: n.Duration, input: s.asked(i), failed: s.failed(i), main: s.t.Root(i) == s.t.Main, place: s.place(i),
		})
	}
	for _, t := range s.transactions() {
		n := s.t.Nodes[t.begin].Span
		a.held = append(a.held, holding{
			spanRef: spanRef{s.t.TraceID, n.SpanID}, service: n.Service, endpoint: s.endpoint(int(t.entry)),
			peer: t.peer, tables: t.tables, start: s.t.Start + t.from, end: s.t.Start + t.to,
		})
	}
}

// asked is a number for what a unit of work was asked: the same for the same path and
// query, 0 where it is not told.
func (s *scan) asked(e int) uint64 {
	span := s.t.Nodes[e].Span
	if p := s.t.Nodes[e].Parent; p >= 0 && s.t.Nodes[p].Span.Kind == telemetry.KindClient {
		if u := attr(s.t.Nodes[p].Span, "url.full"); u != "" {
			return xxhash.Sum64String(u) | 1
		}
	}
	if p := attr(span, "url.path"); p != "" {
		return xxhash.Sum64String(p+"?"+attr(span, "url.query")) | 1
	}
	return 0
}

// sweep is a set of traces while detectors look at it.
type sweep struct {
	a         *Across
	d         *Detector
	explain   bool
	best      *WhyNot
	bestScore float64
	found     []Finding
	cand      candidate
	whole     map[wholeKey]limits
}

// newSweep puts what was remembered in an order that does not depend on how it came.
func newSweep(a *Across) *sweep {
	byRef := func(x, y spanRef) int {
		return cmp.Or(slices.Compare(x.trace[:], y.trace[:]), slices.Compare(x.span[:], y.span[:]))
	}
	slices.SortFunc(a.seen, func(x, y observation) int {
		return cmp.Or(cmp.Compare(x.start, y.start), byRef(x.spanRef, y.spanRef), cmp.Compare(x.dur, y.dur))
	})
	slices.SortFunc(a.units, func(x, y unit) int {
		return cmp.Or(cmp.Compare(x.start, y.start), byRef(x.spanRef, y.spanRef), cmp.Compare(x.dur, y.dur))
	})
	slices.SortFunc(a.held, func(x, y holding) int {
		return cmp.Or(cmp.Compare(x.start, y.start), byRef(x.spanRef, y.spanRef), cmp.Compare(x.end, y.end))
	})
	return &sweep{a: a, whole: map[wholeKey]limits{}}
}

// limits are the thresholds of the detector at work for a sort of work; nil where it is off.
func (w *sweep) limits(k Kind, service, endpoint string) []int64 {
	key := wholeKey{k, service, endpoint}
	l, ok := w.whole[key]
	if !ok {
		l = w.a.th.resolve(k, service, endpoint)
		w.whole[key] = l
	}
	return l[w.d.index]
}

// try begins a candidate; see scan.try.
func (w *sweep) try(limits []int64) *candidate {
	c := &w.cand
	*c = candidate{limits: limits, params: w.d.Params, explain: w.explain, near: 1, failed: c.failed[:0]}
	return c
}

func (w *sweep) missed(c *candidate, service, endpoint string, ref spanRef, about i18n.Text) {
	if !w.explain || !c.bad {
		return
	}
	score := c.near * float64(1+c.size)
	if w.best != nil && score <= w.bestScore {
		return
	}
	n := &WhyNot{Detector: w.d.ID, TraceID: ref.trace, Service: service, Endpoint: endpoint, SpanIDs: []telemetry.SpanID{ref.span}}
	n.Failed = append(n.Failed, c.failed...)
	n.Text, n.Near = whyNotText(about, n), score
	w.best, w.bestScore = n, score
}

// sort of statement that one endpoint makes.
type asking struct {
	env, service, endpoint, peer string
	op                           telemetry.ShapeID
}

// askings groups observations, the groups in the order of their first.
func (w *sweep) askings(wanted func(o *observation) bool) [][]*observation {
	at := map[asking]int{}
	var out [][]*observation
	for i := range w.a.seen {
		o := &w.a.seen[i]
		if !wanted(o) {
			continue
		}
		k := asking{o.env, o.service, o.endpoint, o.peer, o.op.ID}
		g, ok := at[k]
		if !ok {
			g = len(out)
			at[k] = g
			out = append(out, nil)
		}
		out[g] = append(out[g], o)
	}
	return out
}

// found of observations: the one that stands for all is the one of the median cost.
func (w *sweep) fire(shown []*observation, cost func(o *observation) int64, conf Confidence, why i18n.Text, what string) {
	byCost := slices.Clone(shown)
	slices.SortStableFunc(byCost, func(a, b *observation) int { return cmp.Compare(cost(a), cost(b)) })
	mid := byCost[len(byCost)/2]
	f := Finding{
		Detector: w.d.ID, TraceID: mid.trace, Service: mid.service, Env: mid.env, Endpoint: mid.endpoint, Kind: mid.kind,
		SpanIDs: []telemetry.SpanID{mid.span}, Spans: len(shown), Place: mid.node.Place, Main: mid.node.main,
		CostNS: min(mid.dur, max(0, cost(mid))), SavingNS: min(mid.critical, max(0, cost(mid))), Confidence: conf, Why: why,
	}
	requests := map[telemetry.TraceID]bool{}
	for _, o := range shown {
		f.covers = append(f.covers, o.spanRef)
		f.Cuts = append(f.Cuts, Cut{o.trace, o.span, min(o.dur, max(0, cost(o)))})
		if !requests[o.trace] {
			requests[o.trace] = true
			if len(f.Traces) < MaxSpanIDs && o.trace != mid.trace {
				f.Traces = append(f.Traces, o.trace)
			}
		}
	}
	f.Requests = len(requests)
	f.Key = key(f.Detector, f.Env, f.Service, f.Place, what)
	w.found = append(w.found, f)
}

// median of values, which it sorts.
func median(v []int64) int64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func durations(of []*observation) []int64 {
	out := make([]int64, len(of))
	for i, o := range of {
		out[i] = o.dur
	}
	return out
}
