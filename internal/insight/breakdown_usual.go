package insight

import (
	"cmp"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// A trace is compared with what its endpoint's requests are usually like: the normal ones
// among those read. Nothing is said where too few were read to know what is usual.

const (
	// enough requests, and calls of an operation, to say what is usual of them.
	enough = 10
	// A call is unusually slow when it takes half as long again as the slowest twentieth,
	// twice the median, and so much longer than the median that a person would mind.
	overP95     = 1.5
	overP50     = 2
	leastExcess = int64(5 * time.Millisecond)
	excessOf    = 50 // a part of the whole request: 2 %
	// An operation is missing that four of five usual requests have.
	mostHave = 0.8
	// An operation comes unusually often when it comes twice as often as ever, and three
	// times more than usually.
	moreThanEver   = 2
	moreThanUsual  = 3
	ownExcessShare = 0.5
)

// Slower is a call that takes unusually long.
type Slower struct {
	SpanID   telemetry.SpanID
	Kind     telemetry.Kind
	Duration int64
	P50, P95 int64 // usually
	// Own says that most of what is unusual is its own time, and not that of what it waits
	// for: there the cause lies.
	Own bool
}

// Count is how often an operation comes.
type Count struct {
	Operation
	Here       int
	Usual, Max int // in the usual requests that have it
	Requests   int // of them, those that have it
	SpanID     telemetry.SpanID
	Took       int64 // here, on the critical path
}

// Unusual is what of a request is not as usual.
type Unusual struct {
	Slow []Slower
	// More come far more often than ever, Extra never otherwise, Missing in most others.
	More, Extra, Missing []Count
}

// unusual compares the request at a node of a tree with the usual ones.
func unusual(t *Tree, root int, usual *Stratum) (u Unusual) {
	r, ok := requestOf(t, root)
	if !ok || usual.Requests < enough {
		return u
	}
	n := &t.Nodes[root]
	for i := root; i < root+n.Size; i++ {
		s := &t.Nodes[i]
		p, known := usual.Parts[operationOf(s.Span)]
		if !known || p.Calls < enough {
			continue
		}
		excess := s.Duration - p.P50
		if float64(s.Duration) <= float64(p.P95)*overP95 || s.Duration <= p.P50*overP50 || excess < max(leastExcess, r.Duration/excessOf) {
			continue
		}
		u.Slow = append(u.Slow, Slower{
			SpanID: s.Span.SpanID, Kind: s.Span.Kind, Duration: s.Duration, P50: p.P50, P95: p.P95,
			Own: float64(s.Self-p.SelfP50) >= ownExcessShare*float64(excess),
		})
	}
	for op, here := range r.parts {
		c := Count{Operation: op, Here: len(here.durations), SpanID: here.worst, Took: here.critical}
		p, known := usual.Parts[op]
		if !known {
			u.Extra = append(u.Extra, c)
			continue
		}
		c.Usual, c.Max, c.Requests = p.CallsP50, p.CallsMax, p.Requests
		if c.Here > moreThanEver*c.Max && c.Here >= c.Usual+moreThanUsual {
			u.More = append(u.More, c)
		}
	}
	for op, p := range usual.Parts {
		if _, here := r.parts[op]; !here && float64(p.Requests) >= mostHave*float64(usual.Requests) {
			u.Missing = append(u.Missing, Count{Operation: op, Usual: p.CallsP50, Max: p.CallsMax, Requests: p.Requests})
		}
	}
	for _, list := range [][]Count{u.More, u.Extra, u.Missing} {
		slices.SortFunc(list, func(a, b Count) int {
			return cmp.Or(cmp.Compare(b.Took, a.Took), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
		})
	}
	return u
}

// aboutEndpoint is the node that the trace is a request to: the main root where it answers
// one, else the longest of the uppermost below it that does. -1 when none does.
func aboutEndpoint(t *Tree) int {
	best := -1
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if n.Span.Endpoint == "" {
			continue
		}
		if i == t.Main {
			return i
		}
		if best < 0 || n.Depth < t.Nodes[best].Depth || n.Depth == t.Nodes[best].Depth && n.Duration > t.Nodes[best].Duration {
			best = i
		}
	}
	return best
}
