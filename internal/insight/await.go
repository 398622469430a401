package insight

import (
	"math"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The parent of a span is who started it, which need not be who waited for it: a
// middleware's span is over before the handler that it called is done, a message is
// handled when its sender has long gone on. The times of a trace add up only along
// those who waited, so each span gets an awaiter:
//
//   - the server's side of a call is awaited by the client's, however long it takes:
//     a client that gives up early has waited until then;
//   - a message's handling is awaited by nobody;
//   - else the nearest of the parent and the parent's ancestors within the same process
//     that lasted to its end: who ended earlier did not wait for it. Beyond the process
//     nobody can have waited, since all that crosses is the answer;
//   - else nobody.
//
// Who is awaited by nobody and is not at the top is deferred.

// slack is by how much a span may outlast its awaiter: instrumentations end spans in an
// order of their own, microseconds apart.
func slack(dur int64) int64 { return max(int64(time.Millisecond), dur/100) }

// messaged says that the child handles what the parent sent without waiting.
func messaged(parent, child *telemetry.Span) bool {
	if parent.Service == child.Service && parent.Instance == child.Instance {
		return parent.Kind == telemetry.KindProducer && child.Kind == telemetry.KindConsumer
	}
	return parent.Kind == telemetry.KindProducer || child.Kind == telemetry.KindConsumer
}

// local says that both are parts of one process's work on one request.
func local(parent, child *telemetry.Span) bool {
	return parent.Service == child.Service && parent.Instance == child.Instance &&
		!called(parent, child) && !messaged(parent, child)
}

// climber finds the nearest ancestor within a process that lasted long enough, in
// logarithmic time however deep the trace: up jumps over a run of ancestors, and far is
// the latest end among those jumped over and the one jumped to.
type climber struct {
	height []int
	up     []int // -1 where the process begins
	far    []int64
	parent []int // within the process, -1 where it begins
}

func (c *climber) add(b *builder, i int) {
	p := b.parent[i]
	if p < 0 || !local(b.spans[p], b.spans[i]) {
		c.parent[i], c.up[i], c.far[i] = -1, -1, math.MinInt64
		return
	}
	c.parent[i], c.height[i] = p, c.height[p]+1
	c.up[i], c.far[i] = p, b.end(p)
	if q := c.up[p]; q >= 0 && c.up[q] >= 0 && c.height[p]-c.height[q] == c.height[q]-c.height[c.up[q]] {
		c.up[i] = c.up[q]
		c.far[i] = max(b.end(p), c.far[p], c.far[q])
	}
}

// find gives the first of i and its ancestors that ends at or after t, or -1.
func (c *climber) find(b *builder, i int, t int64) int {
	for i >= 0 && b.end(i) < t {
		if c.far[i] < t {
			i = c.up[i]
		} else {
			i = c.parent[i]
		}
	}
	return i
}

// findAwaiters sets awaiter, deferred and awaited.
func (b *builder) findAwaiters() {
	n := len(b.spans)
	b.awaiter, b.deferred, b.awaited = make([]int, n), make([]bool, n), make([][]int, n)
	c := &climber{height: make([]int, n), up: make([]int, n), far: make([]int64, n), parent: make([]int, n)}
	for _, i := range b.depthFirst() {
		c.add(b, i)
		b.awaiter[i] = -1
		p := b.parent[i]
		if p < 0 {
			continue
		}
		a := -1
		switch {
		case called(b.spans[p], b.spans[i]):
			a = p
		case messaged(b.spans[p], b.spans[i]):
		default:
			a = c.find(b, p, b.end(i)-slack(b.dur[i]))
		}
		if a >= 0 && b.dur[i] > 0 && b.start[i] >= b.end(a) {
			a = -1
		}
		b.awaiter[i], b.deferred[i] = a, a < 0
		if a >= 0 {
			b.awaited[a] = append(b.awaited[a], i)
		}
	}
}

// depthFirst lists the spans, each before its children.
func (b *builder) depthFirst() []int {
	order := make([]int, 0, len(b.spans))
	stack := slices.Clone(b.top)
	slices.Reverse(stack)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		order = append(order, i)
		for _, c := range slices.Backward(b.children[i]) {
			stack = append(stack, c)
		}
	}
	return order
}

// self is the part of span i's time that none of those it awaited covers.
func (b *builder) self(i int) int64 {
	left, at := b.dur[i], b.start[i]
	kids := slices.Clone(b.awaited[i])
	slices.SortFunc(kids, b.byStart)
	for _, c := range kids {
		from, to := max(b.start[c], at), min(b.end(c), b.end(i))
		if from < to {
			left -= to - from
			at = to
		}
	}
	return left
}
