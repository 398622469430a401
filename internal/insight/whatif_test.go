package insight

import (
	"math/rand/v2"
	"testing"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// row builds a trace of one root and its children, in milliseconds.
func row(root [2]int64, kids ...[2]int64) *Tree {
	var spans []telemetry.Span
	add := func(id byte, parent byte, at [2]int64) {
		s := telemetry.Span{ID: uint64(id), TraceID: telemetry.TraceID{1}, SpanID: telemetry.SpanID{id}, Time: 1e18 + at[0]*1e6, Duration: at[1] * 1e6, Source: telemetry.Source{Service: "a"}}
		if parent > 0 {
			s.ParentID = telemetry.SpanID{parent}
		}
		spans = append(spans, s)
	}
	add(1, 0, root)
	for i, k := range kids {
		add(byte(i+2), 1, k)
	}
	return Assemble(spans)
}

func TestWhatIfAnswers(t *testing.T) {
	inTurn := row([2]int64{0, 100}, [2]int64{10, 20}, [2]int64{35, 20}, [2]int64{60, 30}) // gaps of 10, 5, 5, 10
	beside := row([2]int64{0, 100}, [2]int64{10, 50}, [2]int64{10, 80})
	for _, c := range []struct {
		name string
		t    *Tree
		c    Change
		want int64 // ms
	}{
		{"nothing", inTurn, Change{}, 0},
		{"one is gone", inTurn, Change{Remove: []int{2}}, 20},
		{"two are gone", inTurn, Change{Remove: []int{2, 3}}, 50},
		{"one is quicker", inTurn, Change{Take: map[int]int64{3: 10e6}}, 20},
		{"none gets longer", inTurn, Change{Take: map[int]int64{3: 500e6}}, 0},
		// Side by side they take 30 from the first's start; the 5 and 5 of own work between stay.
		{"together", inTurn, Change{Together: [][]int{{1, 2, 3}}}, 40},
		{"two of them together", inTurn, Change{Together: [][]int{{1, 2}}}, 20},
		{"own work is gone", inTurn, Change{Skip: []Segment{{Node: 0, From: 30e6, To: 35e6}, {Node: 0, From: 90e6, To: 100e6}}}, 15},
		{"own work where others ran", inTurn, Change{Skip: []Segment{{Node: 0, From: 10e6, To: 30e6}}}, 0},
		{"all is gone", inTurn, Change{Remove: []int{0}}, 100},
		{"the shorter of two beside each other", beside, Change{Remove: []int{1}}, 0},
		{"the longer, down to the shorter", beside, Change{Remove: []int{2}}, 30},
		{"both", beside, Change{Remove: []int{1, 2}}, 80},
		{"nodes that are not there", inTurn, Change{Remove: []int{-1, 99}, Skip: []Segment{{Node: 99, From: 0, To: 5}}}, 0},
	} {
		// Assemble orders by start, then the longer first.
		if got := NewWhatIf(c.t).Spared(0, c.c); c.t == inTurn && got != c.want*1e6 {
			t.Errorf("%s: %d ms, want %d", c.name, got/1e6, c.want)
		} else if c.t == beside {
			// There node 1 is the longer.
			flip := map[int]int{1: 2, 2: 1}
			var ch Change
			for _, i := range c.c.Remove {
				ch.Remove = append(ch.Remove, flip[i])
			}
			if got := NewWhatIf(c.t).Spared(0, ch); got != c.want*1e6 {
				t.Errorf("%s: %d ms, want %d", c.name, got/1e6, c.want)
			}
		}
	}
	if got := NewWhatIf(inTurn).Spared(7, Change{Remove: []int{1}}); got != 0 {
		t.Errorf("a root that is not there: %d", got)
	}
}

// Whatever is changed in whatever trace: nothing is spared below zero or beyond the root,
// no change spares nothing, and more changes never spare less.
func TestWhatIfStaysWithinItsRoot(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := 1 + r.IntN(60)
		spans := make([]telemetry.Span, n)
		for i := range spans {
			s := &spans[i]
			*s = telemetry.Span{ID: uint64(i + 1), TraceID: telemetry.TraceID{1}, SpanID: telemetry.SpanID{1, byte(i)}, Time: 1e18 + r.Int64N(1e9), Duration: r.Int64N(1e9),
				Kind: telemetry.Kind(r.IntN(6)), Source: telemetry.Source{Service: string(rune('a' + r.IntN(3)))}}
			if i > 0 && r.IntN(10) > 0 {
				p := &spans[r.IntN(i)]
				s.ParentID = p.SpanID
				s.Time, s.Service = p.Time+r.Int64N(max(1, p.Duration)), p.Service
			}
		}
		tree := Assemble(spans)
		w := NewWhatIf(tree)
		var c Change
		c.Take = map[int]int64{}
		before := map[int]int64{}
		roots := map[int]bool{}
		for i := range tree.Nodes {
			roots[tree.Root(i)] = true
		}
		for range 12 {
			i := r.IntN(n)
			switch r.IntN(3) {
			case 0:
				c.Remove = append(c.Remove, i)
			case 1:
				d := r.Int64N(1e9)
				if old, ok := c.Take[i]; ok {
					d = min(d, old)
				}
				c.Take[i] = d
			default:
				c.Skip = append(c.Skip, Segment{Node: i, From: tree.Nodes[i].Start, To: tree.Nodes[i].Start + r.Int64N(1e9)})
			}
			for root := range roots {
				got := w.Spared(root, c)
				if got < 0 || got > tree.Nodes[root].Duration {
					t.Fatalf("seed %d: %d spared of %d", seed, got, tree.Nodes[root].Duration)
				}
				if got < before[root] {
					t.Fatalf("seed %d: one more change spares %d, not %d", seed, got, before[root])
				}
				before[root] = got
			}
		}
		// A group that starts together spares no more than all but its longest.
		for a := range tree.Nodes {
			var group []int
			longest, sum := int64(0), int64(0)
			for i := range tree.Nodes {
				if tree.Nodes[i].Awaiter == a {
					group = append(group, i)
					d := max(0, min(tree.Nodes[i].End(), tree.Nodes[a].End())-max(tree.Nodes[i].Start, tree.Nodes[a].Start))
					longest, sum = max(longest, d), sum+d
				}
			}
			if got := w.Spared(a, Change{Together: [][]int{group}}); got < 0 || got > sum-longest {
				t.Fatalf("seed %d: together spares %d of %d, the longest %d", seed, got, sum, longest)
			}
		}
		for root := range roots {
			if got := w.Spared(root, Change{}); got != 0 {
				t.Fatalf("seed %d: no change spares %d", seed, got)
			}
			// The layout itself adds up to what was: taking a node as long as it was changes nothing.
			same := Change{Take: map[int]int64{}}
			for i := range tree.Nodes {
				if len(tree.Nodes) > 1 && i != root {
					same.Take[i] = tree.Nodes[i].Duration
				}
			}
			if got := w.Spared(root, same); got != 0 {
				t.Fatalf("seed %d: what was spares %d", seed, got)
			}
		}
	}
}
