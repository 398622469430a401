package improve

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Request is a sampled request: a span, and the trace that it is in.
type Request struct {
	Trace detect.Input
	Span  telemetry.SpanID
}

// Stratum is requests of one endpoint of which some were sampled, each as likely as any
// other: the slow ones, the normal ones, those that failed.
type Stratum struct {
	Endpoint Endpoint
	Name     string
	Requests float64 // there are in a week
	Seen     []Request
}

// waiter is who waits for a request.
type waiter uint8

const (
	nobody     waiter = iota // counted at another request, further up
	people                   // somebody asked, and waits for the answer
	unattended               // a worker
)

// trace is a trace that requests were sampled from.
type trace struct {
	in   detect.Input
	what *insight.WhatIf
	at   map[telemetry.SpanID]int
	// found are changes by cause and the node where the finding is placed.
	found []placed
}

type placed struct {
	cause, node int
	change      insight.Change
}

// sample is a request while causes are worked out.
type sample struct {
	stratum   int
	trace     *trace
	root, top int     // the request's node, and the node at whose end its time counts
	weight    float64 // requests of a week that it stands for
	waits     waiter
	has       []held // by cause

	applied insight.Change
	saved   saving // with what is applied
}

// held is a cause within a sample.
type held struct {
	cause  int
	change insight.Change
	alone  saving
	next   saving // with it added to what is applied
	stale  bool
	gain   saving // that it brought when it was applied
}

// saving is by how much sooner the request would have ended, and whoever waited gone on.
type saving struct{ root, wait int64 }

func (s *sample) node() *insight.Node { return &s.trace.in.Tree.Nodes[s.root] }

// within says that a node is part of the request.
func (s *sample) within(node int) bool { return node >= s.root && node < s.root+s.node().Size }

// spared is what a change spares of the request.
func (s *sample) spared(c insight.Change) saving {
	out := saving{root: s.trace.what.Spared(s.root, c)}
	switch {
	case s.waits == nobody:
	case s.top == s.root:
		out.wait = out.root
	default:
		out.wait = s.trace.what.Spared(s.top, c)
	}
	return out
}

// add is what a change spares on top of what is applied already. One that would undo some
// of that is not applied to this request: its spans do not tell how both go together.
func (s *sample) add(c insight.Change) (saving, insight.Change) {
	both := merge(s.applied, c)
	got := s.spared(both)
	if got.root < s.saved.root || got.wait < s.saved.wait {
		return s.saved, s.applied
	}
	return got, both
}

// gather lays samples out in an order that does not depend on how they came, and their
// traces.
func gather(strata []Stratum) (sorted []Stratum, samples []*sample, traces []*trace, lost int) {
	sorted = slices.Clone(strata)
	byID := map[telemetry.TraceID]*trace{}
	for i := range sorted {
		var seen []Request
		for _, r := range sorted[i].Seen {
			if t := r.Trace.Tree; t == nil || !slices.ContainsFunc(t.Nodes, func(n insight.Node) bool { return n.Span.SpanID == r.Span }) {
				lost++
				continue
			}
			seen = append(seen, r)
		}
		slices.SortStableFunc(seen, func(a, b Request) int {
			return cmp.Or(slices.Compare(a.Trace.Tree.TraceID[:], b.Trace.Tree.TraceID[:]), slices.Compare(a.Span[:], b.Span[:]))
		})
		sorted[i].Seen = seen
	}
	slices.SortStableFunc(sorted, func(a, b Stratum) int {
		return cmp.Or(a.Endpoint.compare(b.Endpoint), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Requests, b.Requests))
	})
	studied := map[Endpoint]bool{}
	for i := range sorted {
		studied[sorted[i].Endpoint] = true
	}
	for i := range sorted {
		for _, r := range sorted[i].Seen {
			t := byID[r.Trace.Tree.TraceID]
			if t == nil {
				t = &trace{in: r.Trace, what: insight.NewWhatIf(r.Trace.Tree), at: map[telemetry.SpanID]int{}}
				for n := range r.Trace.Tree.Nodes {
					if id := r.Trace.Tree.Nodes[n].Span.SpanID; t.at[id] == 0 {
						t.at[id] = n + 1
					}
				}
				byID[r.Trace.Tree.TraceID] = t
				traces = append(traces, t)
			}
			s := &sample{stratum: i, trace: t, root: t.at[r.Span] - 1, weight: sorted[i].Requests / float64(len(sorted[i].Seen))}
			if s.root < 0 { // another reading of the trace had it
				lost++
				continue
			}
			s.top = t.in.Tree.Root(s.root)
			s.waits = whoWaits(t.in.Tree, s.root, s.top, studied)
			samples = append(samples, s)
		}
	}
	slices.SortFunc(traces, func(a, b *trace) int { return slices.Compare(a.in.Tree.TraceID[:], b.in.Tree.TraceID[:]) })
	return sorted, samples, traces, lost
}

// whoWaits says who waits for the request at a node. What waits within another request that
// is studied too is counted there.
func whoWaits(t *insight.Tree, root, top int, studied map[Endpoint]bool) waiter {
	for i := root; i != top && i >= 0; {
		i = t.Nodes[i].Awaiter
		if i < 0 {
			break
		}
		if s := t.Nodes[i].Span; s.Endpoint != "" && studied[Endpoint{s.Env, s.Service, s.Endpoint}] && requestKind(s.Kind) {
			return nobody
		}
	}
	s := t.Nodes[top].Span
	switch k := detect.KindOf(s); {
	case k == detect.Browser, k == detect.Mobile, s.Kind == telemetry.KindServer:
		return people
	case s.Kind == telemetry.KindClient && t.Nodes[root].Span.Kind == telemetry.KindServer:
		return people // of a browser or a program that says nothing of itself
	}
	return unattended
}

func requestKind(k telemetry.Kind) bool {
	return k == telemetry.KindServer || k == telemetry.KindConsumer
}

// restrict is the part of a change that is within the request.
func (s *sample) restrict(c insight.Change) insight.Change {
	out := insight.Change{}
	for _, i := range c.Remove {
		if s.within(i) {
			out.Remove = append(out.Remove, i)
		}
	}
	for i, d := range c.Take {
		if s.within(i) {
			if out.Take == nil {
				out.Take = map[int]int64{}
			}
			out.Take[i] = d
		}
	}
	for _, group := range c.Together {
		var g []int
		for _, i := range group {
			if s.within(i) {
				g = append(g, i)
			}
		}
		if len(g) > 1 {
			out.Together = append(out.Together, g)
		}
	}
	for _, k := range c.Skip {
		if s.within(k.Node) {
			out.Skip = append(out.Skip, k)
		}
	}
	return out
}

// merge is both changes: what either removes is gone, a span takes the shorter, and one
// that starts together with others in the first does so as there.
func merge(a, b insight.Change) insight.Change {
	out := insight.Change{Remove: slices.Concat(a.Remove, b.Remove), Take: map[int]int64{}, Together: slices.Clone(a.Together)}
	slices.Sort(out.Remove)
	out.Remove = slices.Compact(out.Remove)
	for _, m := range [...]map[int]int64{a.Take, b.Take} {
		for i, d := range m {
			if had, ok := out.Take[i]; ok {
				d = min(d, had)
			}
			out.Take[i] = d
		}
	}
	grouped := map[int]bool{}
	for _, g := range a.Together {
		for _, i := range g {
			grouped[i] = true
		}
	}
	for _, g := range b.Together {
		g = slices.DeleteFunc(slices.Clone(g), func(i int) bool { return grouped[i] })
		if len(g) > 1 {
			out.Together = append(out.Together, g)
		}
	}
	// Stretches that overlap count once.
	skip := slices.Concat(a.Skip, b.Skip)
	slices.SortFunc(skip, func(x, y insight.Segment) int {
		return cmp.Or(cmp.Compare(x.Node, y.Node), cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To))
	})
	for _, s := range skip {
		if n := len(out.Skip); n > 0 && out.Skip[n-1].Node == s.Node && s.From <= out.Skip[n-1].To {
			out.Skip[n-1].To = max(out.Skip[n-1].To, s.To)
			continue
		}
		out.Skip = append(out.Skip, s)
	}
	return out
}
