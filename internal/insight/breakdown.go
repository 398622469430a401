package insight

import (
	"cmp"
	"math"
	"slices"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// A breakdown says where the time of an endpoint goes: of several requests to it, each put
// together and walked along its critical path, how much of it each operation takes. It is
// pure; breakdown_sample.go reads the requests.

// Operation is what spans do alike: of one service, by the form of a statement, the route,
// or the name.
type Operation struct {
	Service string
	Kind    telemetry.Kind
	Name    string
}

// operationOf names what a span does.
func operationOf(s *telemetry.Span) Operation {
	name := s.Name
	switch {
	case s.Operation.Text != "":
		name = s.Operation.Text
	case s.Endpoint != "":
		name = s.Endpoint
	}
	return Operation{s.Service, s.Kind, line(name)}
}

// Request is one request to an endpoint, taken apart.
type Request struct {
	TraceID  telemetry.TraceID
	SpanID   telemetry.SpanID // its root
	Time     int64
	Duration int64
	parts    map[Operation]*part
}

// part is what one operation does within one request.
type part struct {
	critical  int64 // on the critical path
	durations []int64
	selves    []int64
	worst     telemetry.SpanID // that took most of the critical path
	most      int64
}

// requestOf takes the request apart whose root is a node of a tree. Its critical path is
// its own: what of it held up the caller is not asked.
func requestOf(t *Tree, root int) (Request, bool) {
	n := &t.Nodes[root]
	spans := make([]telemetry.Span, 0, n.Size)
	for i := root; i < root+n.Size; i++ {
		spans = append(spans, *t.Nodes[i].Span)
	}
	sub := Assemble(spans)
	if sub.Main < 0 || len(sub.Paths) == 0 || sub.Nodes[sub.Main].Span.SpanID != n.Span.SpanID {
		return Request{}, false
	}
	top := &sub.Nodes[sub.Main]
	r := Request{TraceID: t.TraceID, SpanID: n.Span.SpanID, Time: n.Span.Time, Duration: top.Duration, parts: map[Operation]*part{}}
	of := make([]*part, len(sub.Nodes))
	for i := range sub.Nodes {
		s := &sub.Nodes[i]
		op := operationOf(s.Span)
		p := r.parts[op]
		if p == nil {
			p = &part{}
			r.parts[op] = p
		}
		p.durations = append(p.durations, s.Duration)
		p.selves = append(p.selves, s.Self)
		of[i] = p
	}
	took := map[int]int64{}
	for _, s := range sub.Paths[0].Segments {
		of[s.Node].critical += s.To - s.From
		took[s.Node] += s.To - s.From
	}
	for i := range sub.Nodes {
		if p := of[i]; took[i] > p.most || p.worst.IsZero() {
			p.most, p.worst = took[i], sub.Nodes[i].Span.SpanID
		}
	}
	return r, true
}

// Part is what an operation takes of the requests of a kind.
type Part struct {
	// Share of all their time that is its on the critical paths; those of all operations
	// add up to 1.
	Share float64
	// PerRequest is its time on the critical path, in the mean of all the requests.
	PerRequest int64
	Requests   int // that have it
	Calls      int
	// CallsP50 and CallsMax are calls in a request that has it.
	CallsP50, CallsMax int
	P50, P95           int64 // of one call
	SelfP50            int64
	// Example is the request in which it took most of the critical path, and there the call.
	Example struct {
		TraceID telemetry.TraceID
		SpanID  telemetry.SpanID
	}
}

// Stratum is requests of a kind.
type Stratum struct {
	Requests int
	P50      int64 // of their durations
	Total    int64 // all their time
	// Typical is the one of median duration.
	Typical Request
	Parts   map[Operation]Part
}

// stratify adds requests up.
func stratify(requests []Request) Stratum {
	s := Stratum{Requests: len(requests), Parts: map[Operation]Part{}}
	if len(requests) == 0 {
		return s
	}
	type sums struct {
		critical, best  int64
		durations, self []int64
		calls           []int
		Part
	}
	all := map[Operation]*sums{}
	durations := make([]int64, len(requests))
	for i, r := range requests {
		durations[i] = r.Duration
		s.Total = add(s.Total, r.Duration)
		for op, p := range r.parts {
			a := all[op]
			if a == nil {
				a = &sums{best: -1}
				all[op] = a
			}
			a.critical = add(a.critical, p.critical)
			a.durations, a.self = append(a.durations, p.durations...), append(a.self, p.selves...)
			a.calls = append(a.calls, len(p.durations))
			if p.critical > a.best {
				a.best = p.critical
				a.Example.TraceID, a.Example.SpanID = r.TraceID, p.worst
			}
		}
	}
	for op, a := range all {
		p := a.Part
		if s.Total > 0 {
			p.Share = float64(a.critical) / float64(s.Total)
		}
		p.PerRequest = a.critical / int64(len(requests))
		p.Requests, p.Calls = len(a.calls), len(a.durations)
		slices.Sort(a.calls)
		p.CallsP50, p.CallsMax = rank(a.calls, 0.5), a.calls[len(a.calls)-1]
		slices.Sort(a.durations)
		slices.Sort(a.self)
		p.P50, p.P95, p.SelfP50 = rank(a.durations, 0.5), rank(a.durations, 0.95), rank(a.self, 0.5)
		s.Parts[op] = p
	}
	order := slices.SortedFunc(slices.Values(requests), func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Duration, b.Duration), cmp.Compare(a.Time, b.Time), slices.Compare(a.TraceID[:], b.TraceID[:]))
	})
	s.Typical = order[(len(order)-1)/2]
	s.P50 = s.Typical.Duration
	return s
}

// rank is the nearest-rank percentile of sorted values, of which there is one at least.
func rank[T any](sorted []T, q float64) T {
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

// Breakdown is the requests of an endpoint, by how they went.
type Breakdown struct {
	Normal, Slow, Failed Stratum
	// Operations are those of all, the ones that weigh most in any kind first.
	Operations []Operation
}

// breakDown adds up requests of each kind.
func breakDown(normal, slow, failed []Request) Breakdown {
	b := Breakdown{Normal: stratify(normal), Slow: stratify(slow), Failed: stratify(failed)}
	weight := map[Operation]float64{}
	for _, s := range []*Stratum{&b.Normal, &b.Slow, &b.Failed} {
		for op, p := range s.Parts {
			weight[op] = max(weight[op], p.Share)
		}
	}
	for op := range weight {
		b.Operations = append(b.Operations, op)
	}
	slices.SortFunc(b.Operations, func(x, y Operation) int {
		return cmp.Or(cmp.Compare(weight[y], weight[x]), cmp.Compare(x.Service, y.Service), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Kind, y.Kind))
	})
	return b
}
