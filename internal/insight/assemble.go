package insight

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// builder holds the spans while they are put together. Indexes are into its slices,
// which are in the order of canonical; the tree's order comes last.
type builder struct {
	spans    []*telemetry.Span
	parent   []int // -1 at the top
	missing  []bool
	children [][]int
	top      []int

	base       int64   // what start is relative to
	start, dur []int64 // start is corrected once fixClocks has run
	skew       []int64

	awaiter  []int // who waited for it; -1 for the main root's peers and deferred nodes
	deferred []bool
	awaited  [][]int

	duplicates, cycles, selfParents int
	domains                         []domain
}

// Assemble puts the spans of a trace together. It keeps pointers into spans and changes
// nothing there.
func Assemble(spans []telemetry.Span) *Tree {
	b := &builder{}
	b.take(spans)
	b.link()
	b.breakCycles()
	b.fixClocks()
	b.sortChildren()
	b.findAwaiters()
	return b.tree()
}

// canonical is an order that does not depend on how the spans came in.
func canonical(a, b *telemetry.Span) int {
	return cmp.Or(
		cmp.Compare(a.Time, b.Time),
		slices.Compare(a.SpanID[:], b.SpanID[:]),
		cmp.Compare(b.Duration, a.Duration),
		cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Service, b.Service),
		cmp.Compare(a.Instance, b.Instance),
		cmp.Compare(a.Host, b.Host),
		cmp.Compare(a.Name, b.Name),
		slices.Compare(a.ParentID[:], b.ParentID[:]),
	)
}

// identity tells spans apart. A Zipkin sender gives a call one id on both of its sides,
// so that the server's half is told from the rest.
type identity struct {
	id     telemetry.SpanID
	server bool
}

func identify(s *telemetry.Span) identity {
	return identity{s.SpanID, s.Kind == telemetry.KindServer}
}

// take sorts the spans and drops those that came twice, keeping the longer one: a
// sender that reports a span before it ends reports it again when it has.
func (b *builder) take(spans []telemetry.Span) {
	all := make([]*telemetry.Span, len(spans))
	for i := range spans {
		all[i] = &spans[i]
	}
	slices.SortFunc(all, canonical)
	best := make(map[identity]int, len(all))
	for _, s := range all {
		if s.SpanID.IsZero() {
			b.spans = append(b.spans, s)
			continue
		}
		at, seen := best[identify(s)]
		if !seen {
			best[identify(s)] = len(b.spans)
			b.spans = append(b.spans, s)
			continue
		}
		b.duplicates++
		if s.Duration > b.spans[at].Duration {
			b.spans[at] = s
		}
	}
	slices.SortFunc(b.spans, canonical)

	n := len(b.spans)
	b.parent, b.missing = make([]int, n), make([]bool, n)
	b.start, b.dur, b.skew = make([]int64, n), make([]int64, n), make([]int64, n)
	if n > 0 {
		b.base = b.spans[0].Time
	}
	for i, s := range b.spans {
		b.start[i] = sub(s.Time, b.base)
		b.dur[i] = sub(add(b.start[i], max(s.Duration, 0)), b.start[i])
	}
}

// link finds each span's parent.
func (b *builder) link() {
	byID := make(map[identity]int, len(b.spans))
	for i, s := range b.spans {
		if !s.SpanID.IsZero() {
			byID[identify(s)] = i
		}
	}
	for i, s := range b.spans {
		b.parent[i] = -1
		if !s.SpanID.IsZero() && s.Kind == telemetry.KindServer {
			// The client's half of a shared id is the caller, whatever parent the server names.
			if p, ok := byID[identity{s.SpanID, false}]; ok && b.spans[p].Kind == telemetry.KindClient {
				b.parent[i] = p
				continue
			}
		}
		if s.ParentID.IsZero() {
			continue
		}
		if s.ParentID == s.SpanID {
			b.selfParents++
			continue
		}
		client, hasClient := byID[identity{s.ParentID, false}]
		server, hasServer := byID[identity{s.ParentID, true}]
		switch {
		case hasClient && hasServer:
			b.parent[i] = server
			if s.Service == b.spans[client].Service && s.Service != b.spans[server].Service {
				b.parent[i] = client
			}
		case hasClient:
			b.parent[i] = client
		case hasServer:
			b.parent[i] = server
		default:
			b.missing[i] = true
		}
	}
}

// breakCycles cuts each ring of parents at its first span.
func (b *builder) breakCycles() {
	const (
		unseen = iota
		onWay
		done
	)
	state := make([]uint8, len(b.spans))
	var way []int
	for i := range b.spans {
		way = way[:0]
		j := i
		for j >= 0 && state[j] == unseen {
			state[j] = onWay
			way = append(way, j)
			j = b.parent[j]
		}
		if j >= 0 && state[j] == onWay {
			first := j
			for k := b.parent[j]; k != j; k = b.parent[k] {
				first = min(first, k)
			}
			b.parent[first] = -1
			b.cycles++
		}
		for _, k := range way {
			state[k] = done
		}
	}
	b.children = make([][]int, len(b.spans))
	for i, p := range b.parent {
		if p < 0 {
			b.top = append(b.top, i)
		} else {
			b.children[p] = append(b.children[p], i)
		}
	}
}

// main is the span that the trace is about.
func (b *builder) main() int {
	best := -1
	for _, i := range b.top {
		switch {
		case best < 0, b.missing[best] && !b.missing[i]:
			best = i
		case b.missing[i] == b.missing[best] && b.dur[i] > b.dur[best]:
			best = i
		}
	}
	return best
}

func (b *builder) end(i int) int64 { return b.start[i] + b.dur[i] }

// byStart orders spans as a person reads them; the index is the canonical order.
func (b *builder) byStart(i, j int) int {
	return cmp.Or(cmp.Compare(b.start[i], b.start[j]), cmp.Compare(b.dur[j], b.dur[i]), cmp.Compare(i, j))
}

// sortChildren puts siblings in order of time, and at the top those that miss the same
// parent side by side.
func (b *builder) sortChildren() {
	for _, c := range b.children {
		slices.SortFunc(c, b.byStart)
	}
	slices.SortFunc(b.top, b.byStart)
	first := make(map[telemetry.SpanID]int)
	rank := make(map[int]int, len(b.top))
	for at, i := range b.top {
		rank[i] = at
		if !b.missing[i] {
			continue
		}
		id := b.spans[i].ParentID
		if _, ok := first[id]; !ok {
			first[id] = at
		}
		rank[i] = first[id]
	}
	slices.SortStableFunc(b.top, func(i, j int) int { return cmp.Compare(rank[i], rank[j]) })
}

// Times of hostile senders may be anything: sums and differences stop at limit, which
// keeps every length within an int64.
const limit = 1<<62 - 1

func clamp(v int64) int64 { return min(max(v, -limit), limit) }

func add(a, b int64) int64 {
	a, b = clamp(a), clamp(b)
	return clamp(a + b)
}

func sub(a, b int64) int64 { return add(clamp(a), -clamp(b)) }
