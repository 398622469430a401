package insight

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"pgregory.net/rapid"
)

func TestClockSkew(t *testing.T) {
	t.Run("a child before its parent", func(t *testing.T) {
		// b's clock is 500 ms behind; the call took 10 ms there and 10 ms back.
		spans := []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", client, 10, 90),
			sp(3, 2, "b", server, 20-500, 80-500), sp(4, 3, "b", internal, 30-500, 40-500),
		}
		tree := Assemble(spans)
		for n, want := range map[int]int64{1: 0, 2: 0, 3: 500 * ms, 4: 500 * ms} {
			if got := node(t, tree, n).Skew; got != want {
				t.Errorf("span %d moved by %d, want %d", n, got/ms, want/ms)
			}
		}
		if len(tree.Notes) != 1 || !strings.Contains(tree.Notes[0].En, "+500ms") || !strings.Contains(tree.Notes[0].Ja, "+500ms") {
			t.Errorf("notes %v", tree.Notes)
		}
		check(t, spans, tree)
	})
	t.Run("a server that ends after its client", func(t *testing.T) {
		tree := Assemble([]telemetry.Span{sp(1, 0, "a", client, 0, 100), sp(2, 1, "b", server, 50, 130)})
		if got := node(t, tree, 2).Skew; got != -40*ms {
			t.Errorf("moved by %d, want -40", got/ms)
		}
	})
	t.Run("nothing is moved that is possible", func(t *testing.T) {
		tree := Assemble([]telemetry.Span{
			sp(1, 0, "a", client, 0, 100), sp(2, 1, "b", server, 0, 100),
			sp(3, 2, "b", producer, 5, 6), sp(4, 3, "c", consumer, 3000, 4000),
		})
		for i := range tree.Nodes {
			if tree.Nodes[i].Skew != 0 {
				t.Errorf("%s moved by %d", tree.Nodes[i].Span.Name, tree.Nodes[i].Skew)
			}
		}
		if len(tree.Notes) != 0 {
			t.Errorf("notes %v", tree.Notes)
		}
	})
	t.Run("a timeout is not a wrong clock", func(t *testing.T) {
		tree := Assemble([]telemetry.Span{sp(1, 0, "a", client, 0, 100), sp(2, 1, "b", server, 1, 300)})
		if got := node(t, tree, 2).Skew; got != 0 {
			t.Errorf("moved by %d", got/ms)
		}
	})
	t.Run("one machine has one clock", func(t *testing.T) {
		spans := []telemetry.Span{sp(1, 0, "a", client, 0, 100), sp(2, 1, "b", server, -50, 30)}
		spans[1].Host = spans[0].Host
		if got := node(t, Assemble(spans), 2).Skew; got != 0 {
			t.Errorf("moved by %d", got/ms)
		}
	})
	t.Run("all calls of a machine move together", func(t *testing.T) {
		spans := []telemetry.Span{sp(1, 0, "a", server, 0, 1000)}
		for i := range 10 {
			at := int64(100 * i)
			spans = append(spans, sp(10+i, 1, "a", client, at, at+90), sp(30+i, 10+i, "b", server, at+5+777, at+85+777))
		}
		tree := Assemble(spans)
		for i := range 10 {
			if got := node(t, tree, 30+i).Skew; got != -777*ms {
				t.Errorf("call %d moved by %d, want -777", i, got/ms)
			}
		}
	})
	t.Run("many clocks", func(t *testing.T) {
		spans := []telemetry.Span{sp(1, 0, "a", server, 0, 1000)}
		for i := range 8 {
			c, s := sp(10+i, 1, "a", client, 10, 90), sp(30+i, 10+i, fmt.Sprint("b", i), server, 20, 80)
			s.Time -= int64(i) * 200 * ms
			spans = append(spans, c, s)
		}
		fast := sp(50, 1, "a", client, 10, 90)
		slow := sp(51, 50, "z", server, 10, 90)
		slow.Time -= 5000 // 5 µs: corrected, but no word about it
		tree := Assemble(append(spans, fast, slow))
		if node(t, tree, 51).Skew <= 0 {
			t.Error("5 µs were not corrected")
		}
		if len(tree.Notes) != 6 || !strings.HasPrefix(tree.Notes[5].En, "2 more clocks") || !strings.Contains(tree.Notes[0].En, "b7") {
			t.Errorf("notes %v", tree.Notes)
		}
	})
	t.Run("a clock that jumps", func(t *testing.T) {
		// The first call says b is 400 ms behind, the second that it is 400 ms ahead.
		spans := []telemetry.Span{
			sp(1, 0, "a", server, 0, 2000), sp(2, 1, "a", client, 100, 200), sp(3, 2, "b", server, -290, -210),
			sp(4, 1, "a", client, 1100, 1200), sp(5, 4, "b", server, 1510, 1590),
		}
		tree := Assemble(spans)
		if got := node(t, tree, 3).Skew; got != 390*ms || node(t, tree, 5).Skew != got {
			t.Errorf("moved by %d and %d", got/ms, node(t, tree, 5).Skew/ms)
		}
		if len(tree.Notes) != 2 || !strings.Contains(tree.Notes[1].En, "No single shift") {
			t.Errorf("notes %v", tree.Notes)
		}
		check(t, spans, tree)
	})
	t.Run("a clock of 1970", func(t *testing.T) {
		spans := []telemetry.Span{sp(1, 0, "a", client, 0, 100), sp(2, 1, "b", server, 10, 90)}
		spans[1].Time = int64(time.Hour)
		tree := Assemble(spans)
		if n := node(t, tree, 2); n.Start != 10*ms || tree.Start != epoch || tree.Duration != 100*ms {
			t.Errorf("start %d of %d at %d", n.Start, tree.Duration, tree.Start)
		}
	})
}

func TestRightClocksAreLeftAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := nested(t)
		for i, tree := 0, Assemble(spans); i < len(tree.Nodes); i++ {
			if tree.Nodes[i].Skew != 0 {
				t.Fatalf("%s moved by %d", tree.Nodes[i].Span.Name, tree.Nodes[i].Skew)
			}
		}
	})
}

func TestWrongClocksAreCorrected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := nested(t)
		off := map[string]int64{}
		for i := range spans {
			s := &spans[i]
			if _, ok := off[s.Service]; !ok {
				off[s.Service] = rapid.Int64Range(-100000, 100000).Draw(t, "offset") * ms
			}
			s.Time += off[s.Service]
		}
		tree := Assemble(spans)
		moved := map[string]int64{}
		for i := range tree.Nodes {
			n := &tree.Nodes[i]
			if was, ok := moved[n.Span.Service]; ok && was != n.Skew {
				t.Fatalf("%s moved by %d and by %d", n.Span.Service, was, n.Skew)
			}
			moved[n.Span.Service] = n.Skew
			if n.Parent < 0 {
				continue
			}
			if p := &tree.Nodes[n.Parent]; n.Start < p.Start || n.End() > p.End() {
				t.Fatalf("%s (%d to %d) does not fit into %s (%d to %d)", n.Span.Name, n.Start, n.End(), p.Span.Name, p.Start, p.End())
			}
		}
	})
}

func nested(t *rapid.T) []telemetry.Span {
	spans := []telemetry.Span{sp(1, 0, "a", server, 0, 1000)}
	services := 1
	for i := 0; i < len(spans) && len(spans) < 30; i++ {
		p := spans[i]
		for range rapid.IntRange(0, 3).Draw(t, "children") {
			from := rapid.Int64Range(0, p.Duration/ms).Draw(t, "from")
			to := rapid.Int64Range(from, p.Duration/ms).Draw(t, "to")
			s := sp(len(spans)+1, i+1, p.Service, client, 0, 0)
			if p.Kind == client {
				services++
				s = sp(len(spans)+1, i+1, fmt.Sprint("s", services), server, 0, 0)
			}
			s.Time, s.Duration = p.Time+from*ms, (to-from)*ms
			spans = append(spans, s)
		}
	}
	return spans
}
