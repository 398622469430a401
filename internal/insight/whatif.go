package insight

import (
	"cmp"
	"slices"
)

// What a request would have taken, had a part of it been otherwise. A span's time is laid
// out by those it awaited: each began when the last of those that had ended before was
// done, and the span's own work between (the gap) takes as long as it took. When an
// awaited span ends sooner, what followed it moves up, but never before another that it
// may have waited for as well. So an answer errs on the side of too little: nothing gets
// slower, and nothing starts before all that was over by then would have been.

// Change says what would be otherwise. Nodes are indexes in Tree.Nodes.
type Change struct {
	// Remove are nodes that would not be there at all, with what they awaited.
	Remove []int
	// Take are nodes that would last so long at most.
	Take map[int]int64
	// Together are groups of nodes with one awaiter that would start when the first of
	// them does, as far as the awaiter's own work between them allows.
	Together [][]int
	// Skip are stretches of nodes' own work that would not be there.
	Skip []Segment
}

// WhatIf answers questions about one tree. It is not safe for concurrent use.
type WhatIf struct {
	t    *Tree
	kids [][]int // awaited, by start; nil until needed
	all  bool

	take map[int]int64
	with map[int]int // the group of a node
	skip map[int][]Segment
}

// NewWhatIf prepares for questions about a tree.
func NewWhatIf(t *Tree) *WhatIf { return &WhatIf{t: t} }

// Root is the node at whose end a span's time counts: the nearest ancestor, or itself,
// that nobody awaited.
func (t *Tree) Root(i int) int {
	for i >= 0 && t.Nodes[i].Awaiter >= 0 {
		i = t.Nodes[i].Awaiter
	}
	return i
}

// Spared is by how much sooner root would have ended: from 0 to its duration. Changes to
// nodes that root did not wait for spare nothing.
func (w *WhatIf) Spared(root int, c Change) int64 {
	if root < 0 || root >= len(w.t.Nodes) {
		return 0
	}
	w.prepare()
	w.take, w.with, w.skip = map[int]int64{}, map[int]int{}, map[int][]Segment{}
	touched := map[int]bool{}
	touch := func(i int) bool {
		if i < 0 || i >= len(w.t.Nodes) {
			return false
		}
		for ; i >= 0 && !touched[i]; i = w.t.Nodes[i].Awaiter {
			touched[i] = true
		}
		return true
	}
	for i, d := range c.Take {
		if touch(i) {
			w.take[i] = max(0, min(d, w.t.Nodes[i].Duration))
		}
	}
	for _, i := range c.Remove {
		if touch(i) {
			w.take[i] = 0
		}
	}
	for g, group := range c.Together {
		for _, i := range group {
			if touch(i) {
				w.with[i] = g + 1
			}
		}
	}
	for _, s := range c.Skip {
		if s.From < s.To && touch(s.Node) {
			w.skip[s.Node] = append(w.skip[s.Node], s)
		}
	}
	if !touched[root] {
		return 0
	}
	// An awaiter may come before or after in Nodes; a stack that goes down only where
	// something changed keeps this as small as the change.
	lasts := map[int]int64{}
	type visit struct {
		node int
		done bool
	}
	stack := []visit{{root, false}}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := lasts[v.node]; ok {
			continue
		}
		take, ok := w.take[v.node]
		if ok && take == 0 {
			lasts[v.node] = 0
			continue
		}
		if v.done {
			d := w.lay(v.node, lasts)
			if ok {
				d = min(d, take)
			}
			lasts[v.node] = d
			continue
		}
		stack = append(stack, visit{v.node, true})
		for _, k := range w.kids[v.node] {
			if touched[k] {
				stack = append(stack, visit{k, false})
			}
		}
	}
	d := w.t.Nodes[root].Duration
	return max(0, min(d-lasts[root], d))
}

func (w *WhatIf) prepare() {
	if w.all {
		return
	}
	w.all = true
	w.kids = make([][]int, len(w.t.Nodes))
	for i := range w.t.Nodes {
		if a := w.t.Nodes[i].Awaiter; a >= 0 {
			w.kids[a] = append(w.kids[a], i)
		}
	}
	for _, k := range w.kids {
		slices.SortStableFunc(k, func(x, y int) int { return cmp.Compare(w.t.Nodes[x].Start, w.t.Nodes[y].Start) })
	}
}

// ended is an awaited span that is over: when it was, and when it would be.
type ended struct{ was, would int64 }

// lay is how long node i would last, when those it awaited last as given, or as they did.
func (w *WhatIf) lay(i int, lasts map[int]int64) int64 {
	n := &w.t.Nodes[i]
	from, to := n.Start, n.End()
	heap := &endHeap{}
	done := ended{from, from} // the latest of those that are over
	type open struct{ at, gaps, last, high int64 }
	groups := map[int]*open{}
	// next is when what began at `at` would begin.
	next := func(at int64) int64 {
		for len(*heap) > 0 && (*heap)[0].was <= at {
			e := heap.pop()
			gap := e.was - done.was
			if gap > 0 {
				done.was = e.was
			}
			done.would = max(done.would, e.would)
		}
		return done.would + (at - done.was) - w.skipped(i, done.was, at)
	}
	for _, k := range w.kids[i] {
		kn := &w.t.Nodes[k]
		at, end := max(kn.Start, from), min(kn.End(), to)
		if end <= at {
			continue
		}
		begin := next(at)
		d := end - at
		if l, ok := lasts[k]; ok {
			d = min(d, l)
		}
		would := begin + d
		if g := w.with[k]; g > 0 {
			o := groups[g]
			if o == nil {
				o = &open{at: begin, last: at}
				groups[g] = o
			} else {
				// What stays is the awaiter's own work since the one before began, as far as it
				// did not wait for one meanwhile. Where it ran alone, it may have worked on what
				// was answered, so that it comes after.
				o.gaps += max(0, at-max(o.last, done.was))
				if len(*heap) == 0 {
					o.high += max(0, at-max(o.last, done.was)-w.skipped(i, done.was, at))
				}
				o.last = at
				would = min(would, max(min(begin, o.at+o.gaps)+d, o.high))
			}
			o.high = max(o.high, would)
		}
		heap.push(ended{end, would})
	}
	return max(0, min(next(to)-from, n.Duration))
}

// skipped is how much of a node's own work within a stretch would not be there.
func (w *WhatIf) skipped(i int, from, to int64) (sum int64) {
	for _, s := range w.skip[i] {
		if a, b := max(s.From, from), min(s.To, to); a < b {
			sum += b - a
		}
	}
	return min(sum, max(0, to-from))
}

// endHeap has the one that ended first on top.
type endHeap []ended

func (h *endHeap) push(e ended) {
	*h = append(*h, e)
	for i := len(*h) - 1; i > 0; {
		p := (i - 1) / 2
		if (*h)[p].was <= (*h)[i].was {
			break
		}
		(*h)[p], (*h)[i] = (*h)[i], (*h)[p]
		i = p
	}
}

func (h *endHeap) pop() ended {
	old := *h
	top := old[0]
	n := len(old) - 1
	old[0] = old[n]
	*h = old[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && old[c+1].was < old[c].was {
			c++
		}
		if old[i].was <= old[c].was {
			break
		}
		old[i], old[c] = old[c], old[i]
		i = c
	}
	return top
}
