package insight

import (
	"cmp"
	"slices"
)

// The critical path answers: of what would the request have had to do less, to be done
// sooner? It is walked backwards from the root's end. What a span waited for last, is
// the awaited child that ended last before; from that child's start on, it is the same
// question again. Where no child runs, the span itself is on the path. A child that was
// still running when the next began has not held it up and is passed over.

// frame is a span being walked: from its end down to its start, of which only what lies
// within [lo, hi) is kept, because its awaiter left earlier or its starter was done.
type frame struct {
	node   int
	lo, hi int64
	at     int64 // walked down to here
	next   int   // in awaited[node]
	via    int   // who to walk next: the starter of an adopted child, -1 for none
}

// maxStarters bounds the walk from an adopted child through those who started it; code
// nests deeper than this only in traces made to hurt.
const maxStarters = 64

// path walks the critical path of a root. Nodes are in the builder's indexes. It sorts
// awaited on the way.
func (b *builder) path(root int) []Segment {
	var segments []Segment // backwards
	emit := func(f *frame, from, to int64) {
		from, to = max(from, f.lo), min(to, f.hi)
		if from >= to {
			return
		}
		if n := len(segments); n > 0 && segments[n-1].Node == f.node && segments[n-1].From == to {
			segments[n-1].From = from
			return
		}
		segments = append(segments, Segment{Node: f.node, From: from, To: to})
	}
	stack := []frame{b.frame(root, b.start[root], b.end(root))}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if f.at <= f.lo {
			stack = stack[:len(stack)-1]
			continue
		}
		if c, ok := b.starter(f); ok {
			to := f.at
			f.at = max(b.start[c], b.start[f.node])
			if lo, hi := max(f.lo, f.at), min(f.hi, to); lo < hi {
				stack = append(stack, b.frame(c, lo, hi))
			}
			continue
		}
		c, ok := b.lastBefore(f)
		if !ok {
			emit(f, b.start[f.node], f.at)
			stack = stack[:len(stack)-1]
			continue
		}
		end := min(b.end(c), b.end(f.node))
		emit(f, end, f.at)
		f.at = max(b.start[c], b.start[f.node])
		if p := b.parent[c]; p != f.node {
			f.via = p
		}
		if lo, hi := max(f.lo, f.at), min(f.hi, end); lo < hi {
			stack = append(stack, b.frame(c, lo, hi))
		}
	}
	slices.Reverse(segments)
	return segments
}

func (b *builder) frame(i int, lo, hi int64) frame {
	end := b.end(i)
	slices.SortFunc(b.awaited[i], func(x, y int) int {
		return cmp.Or(cmp.Compare(min(b.end(y), end), min(b.end(x), end)), b.byStart(x, y))
	})
	return frame{node: i, lo: lo, hi: hi, at: end, via: -1}
}

// lastBefore is the awaited child that ended last at or before f.at.
func (b *builder) lastBefore(f *frame) (int, bool) {
	kids := b.awaited[f.node]
	for f.next < len(kids) {
		c := kids[f.next]
		f.next++
		end := min(b.end(c), b.end(f.node))
		if end <= f.at && max(b.start[c], b.start[f.node]) < end {
			return c, true
		}
	}
	return 0, false
}

// starter is who was at work when an adopted child was started at f.at: without it, the
// time before would fall to the adopter.
func (b *builder) starter(f *frame) (int, bool) {
	for range maxStarters {
		i := f.via
		if i < 0 || i == f.node || b.deferred[i] {
			break
		}
		f.via = b.parent[i] // its starter, whoever waited for it
		if b.start[i] < f.at && f.at <= b.end(i) && max(b.start[i], b.start[f.node]) < f.at {
			return i, true
		}
	}
	f.via = -1
	return 0, false
}
