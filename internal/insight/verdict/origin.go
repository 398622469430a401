package verdict

import (
	"cmp"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The walk begins at the main span and asks of each failing span: which failing child
// explains it? It ends where none does, and there is the origin. It ends too where somebody
// gave up waiting: what happens below then is a question of time, not of failure.

// walk sets the chain from i to the origin of its failure, and spares what is no cause.
func (a *analysis) walk(i int) {
	for {
		a.chain = append(a.chain, i)
		if a.state[i] == gaveUp {
			a.giver = i
			a.spareConsequences(i)
			return
		}
		next, ok := a.explains(i)
		if !ok {
			return
		}
		i = next
	}
}

// call is one piece of work below a failing span, with all its tries.
type call struct{ tries []int }

func (c call) last() int { return c.tries[len(c.tries)-1] }

// explains finds the child whose failure is the reason of i's.
func (a *analysis) explains(i int) (int, bool) {
	calls, recovered := a.calls(i)
	a.spared = append(a.spared, recovered...)
	if len(calls) == 0 {
		return -1, false
	}
	rank := func(c call) (r int) {
		k := c.last()
		if a.state[k] != cancelled {
			r += 8
		}
		if a.server[i] == k {
			r += 16
		}
		if a.related(i, k) {
			r += 4
		}
		if !a.nodes[k].Deferred {
			r += 2
		}
		if a.end(k) <= a.end(i)+slack(a.nodes[i].Duration) {
			r++
		}
		return r
	}
	slices.SortStableFunc(calls, func(x, y call) int {
		kx, ky := x.last(), y.last()
		if r := cmp.Compare(rank(y), rank(x)); r != 0 {
			return r
		}
		// Of calls side by side the first failure is what stopped the others; of calls in
		// turn the last is what was not got over.
		if a.nodes[kx].Start < a.end(ky) && a.nodes[ky].Start < a.end(kx) {
			return cmp.Or(cmp.Compare(a.end(kx), a.end(ky)), cmp.Compare(kx, ky))
		}
		return cmp.Or(cmp.Compare(a.end(ky), a.end(kx)), cmp.Compare(kx, ky))
	})
	best := calls[0].last()
	if a.nodes[best].Deferred || a.unrelated(i, best) {
		for _, c := range calls {
			a.spared = append(a.spared, aside{c.last(), why(a.nodes[c.last()].Deferred, "later", "handled"), i})
		}
		return -1, false
	}
	for _, c := range calls[1:] {
		k := c.last()
		switch {
		case a.state[k] == cancelled && a.end(k) >= a.end(best)-slack(a.nodes[k].Duration):
			a.spared = append(a.spared, aside{k, "stopped", best})
		case a.end(k) <= a.nodes[best].Start:
			a.spared = append(a.spared, aside{k, "handled", i})
		default:
			a.spared = append(a.spared, aside{k, "also", i})
		}
	}
	if t := calls[0].tries; len(t) > 1 {
		a.tries[best] = t
	}
	return best, true
}

func why(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// calls are the failing calls below i, each with its tries in order; those that a later try
// made good are told apart.
func (a *analysis) calls(i int) (open []call, recovered []aside) {
	seen := map[string][]int{}
	var order []string
	for _, k := range a.within(i) {
		key := a.sameCall(k)
		if _, ok := seen[key]; !ok {
			order = append(order, key)
		}
		seen[key] = append(seen[key], k)
	}
	for _, key := range order {
		all := seen[key]
		slices.SortStableFunc(all, func(x, y int) int { return cmp.Compare(a.nodes[x].Start, a.nodes[y].Start) })
		var bad []int
		for n, k := range all {
			switch {
			case a.state[k].bad():
				bad = append(bad, k)
			case len(bad) > 0 && a.nodes[k].Start >= a.end(bad[len(bad)-1])-slack(a.nodes[k].Duration) && n > 0:
				for _, b := range bad {
					recovered = append(recovered, aside{b, "retried", k})
				}
				bad = nil
			}
		}
		if len(bad) > 0 {
			open = append(open, call{bad})
		}
	}
	return open, recovered
}

// sameCall tells calls apart: those that agree in it ask the same thing.
func (a *analysis) sameCall(i int) string {
	s := a.span(i)
	return strings.Join([]string{
		s.Service, s.Kind.String(), s.Name, a.op[i], s.Peer.Name,
		attr(s, "url.full", "url.path"), attr(s, "url.query"), attr(s, "db.query.text"),
		attr(s, "db.query.parameter.0"), attr(s, "db.query.parameter.1"), attr(s, "messaging.message.id"), attr(s, "server.address"),
	}, "\x00")
}

// related says that i speaks of k's failure: by its words, its type or its code.
func (a *analysis) related(i, k int) bool {
	si, sk := a.span(i), a.span(k)
	if si.Exception.Type != "" && si.Exception.Type == sk.Exception.Type && firstLine(si.Exception.Message) == firstLine(sk.Exception.Message) {
		return true
	}
	mine := strings.ToLower(a.words[i] + "\n" + si.Exception.Stack)
	for _, w := range []string{firstLine(sk.Exception.Message), firstLine(sk.StatusMessage)} {
		if len(w) >= 6 && strings.Contains(mine, strings.ToLower(w)) {
			return true
		}
	}
	c := a.code[k]
	if len(c) >= 3 && strings.Contains(mine, strings.ToLower(c)) {
		return true
	}
	return false
}

// unrelated says that i failed by itself: it has words of its own that do not speak of k,
// and went on after k had failed.
func (a *analysis) unrelated(i, k int) bool {
	s := a.span(i)
	if a.server[i] == k || s.Exception.Message == "" && s.Exception.Type == "" || a.related(i, k) {
		return false
	}
	for _, w := range a.within(i) {
		if w == k || a.state[w].bad() || a.nodes[w].Start < a.end(k) || a.nodes[w].Deferred {
			continue
		}
		if kind := a.span(w).Kind; kind == telemetry.KindServer || kind == telemetry.KindConsumer || undoWords.MatchString(a.op[w]) {
			continue
		}
		return true
	}
	return false
}

// spareConsequences are the failures below who gave up that came of it.
func (a *analysis) spareConsequences(g int) {
	for k := g + 1; k < g+a.nodes[g].Size; k++ {
		if k == a.server[g] {
			continue // what became of the callee is told by itself
		}
		if a.state[k].bad() && a.end(k) >= a.end(g)-slack(a.nodes[g].Duration) && a.state[a.nodes[k].Parent] != cancelled {
			a.spared = append(a.spared, aside{k, "consequence", g})
		}
	}
}

// spareRest are the failures that nothing above had to explain: handled, or later than the
// answer.
func (a *analysis) spareRest() {
	known := map[int]bool{}
	for _, i := range a.chain {
		known[i] = true
		for _, k := range a.tries[i] {
			known[k] = true
		}
	}
	// What is spared takes what failed below along.
	covered := func(i int) bool {
		for p := i; p >= 0; p = a.nodes[p].Parent {
			if known[p] && p != i || p == i && known[p] {
				return true
			}
		}
		return false
	}
	for _, s := range a.spared {
		known[s.node] = true
	}
	for _, i := range a.chain[:max(len(a.chain)-1, 0)] {
		delete(known, i) // its other children are still to be told of
	}
	inChain := map[int]bool{}
	for _, i := range a.chain {
		inChain[i] = true
	}
	for i := range a.nodes {
		// Where the sender went away, what ended by that is told by it.
		if !a.state[i].bad() || inChain[i] || covered(i) || a.state[i] == cancelled && a.state[a.main] == cancelled {
			continue
		}
		p := a.nodes[i].Parent
		switch {
		case a.later(i):
			a.spared = append(a.spared, aside{i, "later", a.main})
		case p < 0:
			a.spared = append(a.spared, aside{i, "apart", -1})
		default:
			w := aside{i, "handled", p}
			for _, k := range a.within(p) {
				if k != i && !a.state[k].bad() && a.sameCall(k) == a.sameCall(i) && a.nodes[k].Start >= a.end(i)-slack(a.nodes[i].Duration) {
					w = aside{i, "retried", k}
					break
				}
			}
			a.spared = append(a.spared, w)
		}
		known[i] = true
	}
}

// later says that nobody waited for i or for something above it.
func (a *analysis) later(i int) bool {
	for ; i >= 0; i = a.nodes[i].Parent {
		if a.nodes[i].Deferred {
			return true
		}
	}
	return false
}
