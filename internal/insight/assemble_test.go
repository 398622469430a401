package insight

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"pgregory.net/rapid"
)

const ms = int64(time.Millisecond)

var epoch = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).UnixNano()

func id(n int) (s telemetry.SpanID) {
	binary.BigEndian.PutUint64(s[:], uint64(n))
	return s
}

// sp is a span of a service at a machine of the same name, times in ms.
func sp(n, parent int, service string, kind telemetry.Kind, from, to int64) telemetry.Span {
	return telemetry.Span{
		ID: uint64(n), SpanID: id(n), ParentID: id(parent), TraceID: telemetry.TraceID{1},
		Source: telemetry.Source{Service: service, Instance: service + "-1", Host: service + "-host"},
		Name:   fmt.Sprint(service, n), Kind: kind,
		Time: epoch + from*ms, Duration: (to - from) * ms,
	}
}

const (
	internal = telemetry.KindInternal
	server   = telemetry.KindServer
	client   = telemetry.KindClient
	producer = telemetry.KindProducer
	consumer = telemetry.KindConsumer
)

// render writes a path as "service1[0 10] db2[10 40]", in ms after the trace's start.
func render(t *Tree, p Path) string {
	var out []string
	for _, s := range p.Segments {
		out = append(out, fmt.Sprintf("%s[%d %d]", t.Nodes[s.Node].Span.Name, s.From/ms, s.To/ms))
	}
	return strings.Join(out, " ")
}

func node(t *testing.T, tree *Tree, n int) *Node {
	t.Helper()
	for i := range tree.Nodes {
		if tree.Nodes[i].Span.SpanID == id(n) {
			return &tree.Nodes[i]
		}
	}
	t.Fatalf("span %d is not in the tree", n)
	return nil
}

func TestCriticalPath(t *testing.T) {
	for _, c := range []struct {
		name  string
		spans []telemetry.Span
		want  string
	}{
		{"a span alone", []telemetry.Span{sp(1, 0, "a", server, 0, 10)}, "a1[0 10]"},
		{"one after the other", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", client, 10, 30), sp(3, 1, "a", client, 40, 90),
		}, "a1[0 10] a2[10 30] a1[30 40] a3[40 90] a1[90 100]"},
		{"side by side: the last to end counts", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", client, 10, 50), sp(3, 1, "a", client, 10, 90),
		}, "a1[0 10] a3[10 90] a1[90 100]"},
		{"through a call into the other service", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", client, 10, 90), sp(3, 2, "b", server, 15, 85), sp(4, 3, "b", client, 20, 80),
		}, "a1[0 10] a2[10 15] b3[15 20] b4[20 80] b3[80 85] a2[85 90] a1[90 100]"},
		{"a client that gives up has waited until then, not longer", []telemetry.Span{
			sp(1, 0, "a", server, 0, 31), sp(2, 1, "a", client, 0, 30), sp(3, 2, "b", server, 1, 45), sp(4, 3, "b", client, 2, 44),
		}, "a2[0 1] b3[1 2] b4[2 30] a1[30 31]"},
		{"a middleware that is over before its handler", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", internal, 5, 8), sp(3, 2, "a", client, 7, 90),
		}, "a1[0 5] a2[5 7] a3[7 90] a1[90 100]"},
		{"work that goes on after the answer held nothing up", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", internal, 50, 500), sp(3, 1, "a", client, 10, 40),
		}, "a1[0 10] a3[10 40] a1[40 100]"},
		{"ends of instrumentation in the wrong order", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", internal, 1, 101),
		}, "a1[0 1] a2[1 100]"},
		{"a message is not waited for", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", producer, 10, 12), sp(3, 2, "b", consumer, 20, 98), sp(4, 1, "a", client, 12, 95),
		}, "a1[0 10] a2[10 12] a4[12 95] a1[95 100]"},
		{"who works beside an answered call is not the caller's concern", []telemetry.Span{
			sp(1, 0, "a", client, 0, 20), sp(2, 1, "b", server, 1, 10), sp(3, 2, "b", internal, 2, 18),
		}, "a1[0 1] b2[1 10] a1[10 20]"},
		{"an empty child is nothing", []telemetry.Span{
			sp(1, 0, "a", server, 0, 10), sp(2, 1, "a", internal, 5, 5),
		}, "a1[0 10]"},
		{"an empty root has no path", []telemetry.Span{sp(1, 0, "a", server, 0, 0)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := Assemble(c.spans)
			if got := render(tree, tree.Paths[0]); got != c.want {
				t.Errorf("path\n got %s\nwant %s", got, c.want)
			}
			check(t, c.spans, tree)
		})
	}
}

func TestDeferredHasItsOwnPath(t *testing.T) {
	spans := []telemetry.Span{
		sp(1, 0, "a", server, 0, 20), sp(2, 1, "a", producer, 10, 12),
		sp(3, 2, "b", consumer, 30, 80), sp(4, 3, "b", client, 40, 70),
	}
	tree := Assemble(spans)
	if !node(t, tree, 3).Deferred || node(t, tree, 4).Deferred || node(t, tree, 2).Deferred {
		t.Error("only the consumer is deferred")
	}
	if len(tree.Paths) != 2 {
		t.Fatalf("%d paths, want 2", len(tree.Paths))
	}
	if got, want := render(tree, tree.Paths[1]), "b3[30 40] b4[40 70] b3[70 80]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if tree.Duration != 80*ms {
		t.Errorf("the trace lasts %d, want to the consumer's end", tree.Duration/ms)
	}
	check(t, spans, tree)
}

func TestSelfTime(t *testing.T) {
	tree := Assemble([]telemetry.Span{
		sp(1, 0, "a", server, 0, 100),
		sp(2, 1, "a", client, 10, 50), sp(3, 1, "a", client, 30, 60), // overlap counts once
		sp(4, 3, "b", server, 35, 55),
	})
	for n, want := range map[int]int64{1: 50, 2: 40, 3: 10, 4: 20} {
		if got := node(t, tree, n).Self / ms; got != want {
			t.Errorf("self of %d is %d, want %d", n, got, want)
		}
	}
	if s := tree.Services[0]; s.Service != "a" || s.Self != 100*ms || s.Spans != 3 {
		t.Errorf("a's share is %+v", s)
	}
	var critical int64
	for _, s := range tree.Services {
		critical += s.Critical
	}
	if critical != 100*ms {
		t.Errorf("the services' critical times add up to %d, want the root's 100", critical/ms)
	}
}

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

func TestBrokenTraces(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		if tree := Assemble(nil); tree.Main != -1 || len(tree.Nodes) != 0 {
			t.Errorf("%+v", tree)
		}
	})
	t.Run("missing parents stand side by side", func(t *testing.T) {
		spans := []telemetry.Span{
			sp(1, 0, "a", server, 0, 100),
			sp(2, 77, "b", server, 10, 20), sp(3, 88, "b", server, 15, 25), sp(4, 77, "b", server, 30, 40),
		}
		tree := Assemble(spans)
		var order []string
		for i := range tree.Nodes {
			order = append(order, tree.Nodes[i].Span.Name)
		}
		if want := []string{"a1", "b2", "b4", "b3"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if !node(t, tree, 2).MissingParent || node(t, tree, 1).MissingParent || tree.Nodes[tree.Main].Span.SpanID != id(1) {
			t.Error("marks are wrong")
		}
		if len(tree.Notes) != 1 || !strings.HasPrefix(tree.Notes[0].En, "3 spans name") || !strings.HasPrefix(tree.Notes[0].Ja, "親スパン") {
			t.Errorf("notes %v", tree.Notes)
		}
		check(t, spans, tree)
	})
	t.Run("no root", func(t *testing.T) {
		tree := Assemble([]telemetry.Span{sp(2, 77, "b", server, 10, 20), sp(3, 77, "b", server, 15, 99)})
		if tree.Nodes[tree.Main].Span.SpanID != id(3) || len(tree.Notes) != 2 ||
			!strings.Contains(tree.Notes[1].En, "1 more span names") || !strings.HasPrefix(tree.Notes[1].Ja, "ほかに") {
			t.Errorf("main %s, notes %v", tree.Nodes[tree.Main].Span.Name, tree.Notes)
		}
	})
	t.Run("a ring", func(t *testing.T) {
		spans := []telemetry.Span{sp(1, 3, "a", internal, 5, 9), sp(2, 1, "a", internal, 0, 9), sp(3, 2, "a", internal, 6, 9), sp(4, 4, "a", internal, 7, 8)}
		tree := Assemble(spans)
		if len(tree.Nodes) != 4 || tree.Nodes[0].Span.SpanID != id(2) || node(t, tree, 1).Depth != 2 {
			t.Errorf("the ring was not cut at its first span: %+v", tree.Nodes)
		}
		if len(tree.Notes) == 0 || !strings.Contains(tree.Notes[len(tree.Notes)-1].En, "2 rings of spans") {
			t.Errorf("notes %v", tree.Notes)
		}
		check(t, spans, tree)
	})
	t.Run("duplicates", func(t *testing.T) {
		early := sp(1, 0, "a", server, 0, 5)
		early.ID = 99
		tree := Assemble([]telemetry.Span{early, sp(1, 0, "a", server, 0, 50), sp(2, 1, "a", internal, 1, 2), sp(2, 1, "a", internal, 1, 2)})
		if len(tree.Nodes) != 2 || tree.Duration != 50*ms {
			t.Errorf("%d nodes, duration %d", len(tree.Nodes), tree.Duration/ms)
		}
		if len(tree.Notes) != 1 || !strings.Contains(tree.Notes[0].En, "2 spans that came again") {
			t.Errorf("notes %v", tree.Notes)
		}
	})
	t.Run("the two halves of a Zipkin call share an id", func(t *testing.T) {
		spans := []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", client, 10, 90), sp(2, 1, "b", server, 20, 80),
			sp(3, 2, "b", client, 30, 70), sp(4, 2, "a", internal, 85, 88),
		}
		tree := Assemble(spans)
		var shape []string
		for i := range tree.Nodes {
			n := &tree.Nodes[i]
			shape = append(shape, fmt.Sprintf("%d %s %s", n.Depth, n.Span.Name, n.Span.Kind))
		}
		want := []string{"0 a1 server", "1 a2 client", "2 b2 server", "3 b3 client", "2 a4 internal"}
		if !slices.Equal(shape, want) {
			t.Errorf("got %v\nwant %v", shape, want)
		}
		check(t, spans, tree)
	})
	t.Run("times that do not fit", func(t *testing.T) {
		spans := []telemetry.Span{sp(1, 0, "a", server, 0, 1), sp(2, 1, "b", server, 0, 1), sp(3, 2, "c", server, 0, 1)}
		spans[0].Time, spans[0].Duration = math.MinInt64, math.MaxInt64
		spans[1].Time, spans[1].Duration = math.MaxInt64, math.MaxInt64
		spans[2].Duration = -5
		check(t, spans, Assemble(spans))
	})
}

// check is what holds for every trace, whatever was sent.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, spans []telemetry.Span, tree *Tree) {
	t.Helper()
	if len(tree.Nodes) == 0 {
		return
	}
	seen := make(map[*telemetry.Span]bool)
	for i := range tree.Nodes {
		n := &tree.Nodes[i]
		if seen[n.Span] {
			t.Fatalf("%s is there twice", n.Span.Name)
		}
		seen[n.Span] = true
		if n.Parent >= i || n.Start < 0 || n.Duration < 0 || n.Start+n.Duration > tree.Duration {
			t.Fatalf("node %d: parent %d, start %d, duration %d of %d", i, n.Parent, n.Start, n.Duration, tree.Duration)
		}
		if n.Self < 0 || n.Self > n.Duration {
			t.Fatalf("node %d: self %d of %d", i, n.Self, n.Duration)
		}
		if n.Parent >= 0 {
			p := &tree.Nodes[n.Parent]
			if n.Depth != p.Depth+1 || i >= n.Parent+p.Size {
				t.Fatalf("node %d: depth %d below %d, outside its parent's subtree", i, n.Depth, p.Depth)
			}
			// The other half of a shared id apart, the parent is the one that was named.
			if p.Span.SpanID != n.Span.ParentID && p.Span.SpanID != n.Span.SpanID {
				t.Fatalf("node %d hangs on a foreign parent", i)
			}
		} else if n.Depth != 0 || n.Deferred {
			t.Fatalf("node %d at the top: depth %d, deferred %t", i, n.Depth, n.Deferred)
		}
		for _, s := range n.Critical {
			if s.From < n.Start || s.To > n.End() {
				t.Fatalf("node %d: critical %v outside of %d to %d", i, s, n.Start, n.End())
			}
		}
	}
	ids := make(map[identity]bool)
	for i := range spans {
		if !spans[i].SpanID.IsZero() {
			ids[identify(&spans[i])] = true
		}
	}
	for s := range seen {
		delete(ids, identify(s))
	}
	if len(ids) > 0 {
		t.Fatalf("%d spans are lost", len(ids))
	}

	roots := 1
	for i := range tree.Nodes {
		if tree.Nodes[i].Deferred {
			roots++
		}
	}
	if len(tree.Paths) != roots || tree.Paths[0].Root != tree.Main {
		t.Fatalf("%d paths for %d roots", len(tree.Paths), roots)
	}
	on := make(map[int]int)
	for k, p := range tree.Paths {
		root := &tree.Nodes[p.Root]
		at := root.Start
		for _, s := range p.Segments {
			if s.From != at || s.To <= s.From {
				t.Fatalf("path %d: a segment from %d to %d where %d was due", k, s.From, s.To, at)
			}
			at = s.To
			if other, ok := on[s.Node]; ok && other != k {
				t.Fatalf("node %d is on paths %d and %d", s.Node, other, k)
			}
			on[s.Node] = k
		}
		if at != root.End() {
			t.Fatalf("path %d ends at %d, its root at %d", k, at, root.End())
		}
	}
}

// genTrace draws a trace that real systems could send: calls, messages, background
// work and skewed clocks, with some spans lost.
func genTrace(t *rapid.T) []telemetry.Span {
	n := rapid.IntRange(1, 40).Draw(t, "spans")
	spans := make([]telemetry.Span, n)
	for i := range spans {
		parent := 0
		if i > 0 {
			parent = rapid.IntRange(0, i).Draw(t, "parent")
		}
		from := rapid.Int64Range(-50, 200).Draw(t, "from")
		s := sp(i+1, parent, string(rune('a'+rapid.IntRange(0, 3).Draw(t, "service"))),
			telemetry.Kind(rapid.IntRange(0, 5).Draw(t, "kind")), from, from+rapid.Int64Range(0, 150).Draw(t, "dur"))
		switch rapid.IntRange(0, 20).Draw(t, "odd") {
		case 0:
			s.ParentID = id(1000 + i%3) // not here
		case 1:
			s.ParentID = id(rapid.IntRange(1, n).Draw(t, "any")) // perhaps a ring
		case 2:
			s.SpanID = id(rapid.IntRange(1, n).Draw(t, "same"))
		case 3:
			s.SpanID = telemetry.SpanID{}
		}
		spans[i] = s
	}
	return spans
}

func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := genTrace(t)
		tree := Assemble(spans)
		check(t, spans, tree)

		// The order in which they came makes no difference.
		shuffled := rapid.Permutation(spans).Draw(t, "shuffled")
		if got, want := describe(Assemble(shuffled)), describe(tree); got != want {
			t.Fatalf("another order, another tree:\n%s\n%s", got, want)
		}
		// Nor does sending everything twice.
		if got, want := shape(Assemble(append(slices.Clone(spans), spans...))), shape(tree); !hasAnonymous(spans) && got != want {
			t.Fatalf("sent twice, another tree:\n%s\n%s", got, want)
		}
	})
}

func hasAnonymous(spans []telemetry.Span) bool {
	return slices.ContainsFunc(spans, func(s telemetry.Span) bool { return s.SpanID.IsZero() })
}

func describe(tree *Tree) string { return shape(tree) + fmt.Sprint(tree.Notes) }

func shape(tree *Tree) string {
	var b strings.Builder
	for i := range tree.Nodes {
		n := &tree.Nodes[i]
		fmt.Fprintln(&b, n.Span.ID, n.Parent, n.Start, n.Duration, n.Skew, n.Self, n.Deferred, n.Critical)
	}
	fmt.Fprintln(&b, tree.Services)
	return b.String()
}

// Where every clock is right, none is corrected.
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

// Where a clock is wrong, what follows is possible again, and all its spans moved alike.
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

// nested draws calls within calls: every child lies within its parent, and only the two
// ends of a call are on different machines. Each service is called by one other, so that
// a single shift per machine is always possible.
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

// In a trace where nothing runs side by side, self times add up to the root's duration.
func TestSelfTimesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := []telemetry.Span{sp(1, 0, "a", server, 0, 1000)}
		for i := 0; i < len(spans) && len(spans) < 40; i++ {
			at, end := spans[i].Time, spans[i].Time+spans[i].Duration
			for at < end && rapid.Bool().Draw(t, "another") {
				from := rapid.Int64Range(at, end).Draw(t, "from")
				to := rapid.Int64Range(from, end).Draw(t, "to")
				s := sp(len(spans)+1, i+1, "a", internal, 0, 0)
				s.Time, s.Duration = from, to-from
				spans = append(spans, s)
				at = to
			}
		}
		tree := Assemble(spans)
		var self, critical int64
		perNode := map[int]int64{}
		for i := range tree.Nodes {
			self += tree.Nodes[i].Self
		}
		for _, s := range tree.Paths[0].Segments {
			perNode[s.Node] += s.To - s.From
			critical += s.To - s.From
		}
		if self != 1000*ms || critical != 1000*ms {
			t.Fatalf("self %d, critical %d, want both 1000 ms", self, critical)
		}
		for i := range tree.Nodes {
			if perNode[i] != tree.Nodes[i].Self {
				t.Fatalf("node %d is on the path for %d, its self time is %d", i, perNode[i], tree.Nodes[i].Self)
			}
		}
	})
}

// reach is the climb done step by step.
func TestClimberFindsTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		spans := make([]telemetry.Span, n)
		for i := range spans {
			parent := 0
			if i > 0 {
				parent = rapid.IntRange(max(0, i-3), i).Draw(t, "parent")
			}
			spans[i] = sp(i+1, parent, "a", internal, 0, rapid.Int64Range(0, 100).Draw(t, "end"))
			spans[i].Time += int64(i) // keeps the canonical order
		}
		b := &builder{}
		b.take(spans)
		b.link()
		b.breakCycles()
		c := &climber{height: make([]int, n), up: make([]int, n), far: make([]int64, n), parent: make([]int, n)}
		for _, i := range b.depthFirst() {
			c.add(b, i)
		}
		from, at := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.Int64Range(0, 110).Draw(t, "at")*ms
		want := from
		for want >= 0 && b.end(want) < at {
			want = b.parent[want]
		}
		if got := c.find(b, from, at); got != want {
			t.Fatalf("from %d at %d: got %d, want %d", from, at, got, want)
		}
	})
}

func FuzzAssemble(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef0123456789abcdef"))
	f.Add([]byte{1, 0, 0, 100, 1, 2, 1, 10, 50, 2, 3, 2, 5, 40, 11, 4, 3, 20, 90, 17, 5, 99, 1, 1, 20})  // calls, a message, a lost parent
	f.Add([]byte{1, 3, 0, 9, 0, 2, 1, 254, 255, 1, 3, 2, 255, 254, 2, 4, 4, 200, 140, 3, 1, 3, 0, 9, 0}) // a ring, both ends of time, a duplicate
	f.Add([]byte{1, 0, 0, 9, 1, 2, 1, 1, 5, 2, 3, 2, 0, 200, 3, 3, 1, 255, 1, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		var spans []telemetry.Span
		for i := 0; len(data) >= 5 && i < 2000; i++ {
			s := sp(int(data[0]%64), int(data[1]%64), string(rune('a'+data[4]%5)), telemetry.Kind(data[4]/5%7), 0, 0)
			s.ID = uint64(i)
			s.Time, s.Duration = wide(data[2]), wide(data[3])
			spans = append(spans, s)
			data = data[5:]
		}
		check(t, spans, Assemble(spans))
	})
}

// wide spreads a byte over what an int64 can hold, with both ends and the usual.
func wide(v byte) int64 {
	switch {
	case v == 255:
		return math.MaxInt64
	case v == 254:
		return math.MinInt64
	case v >= 192:
		return -(int64(1) << (v - 191))
	case v >= 128:
		return int64(1) << (v - 128)
	}
	return epoch + int64(v)*ms
}

// big makes n spans of 20 services, two thirds of them calls.
func big(n int) []telemetry.Span {
	r := rand.New(rand.NewPCG(1, 2))
	spans := []telemetry.Span{sp(1, 0, "s0", server, 0, 100_000)}
	for i := 2; i <= n; i++ {
		p := &spans[r.IntN(len(spans))]
		s := sp(i, int(binary.BigEndian.Uint64(p.SpanID[:])), p.Service, telemetry.Kind(1+r.IntN(5)), 0, 0)
		if p.Kind == client {
			s = sp(i, int(binary.BigEndian.Uint64(p.SpanID[:])), fmt.Sprint("s", r.IntN(20)), server, 0, 0)
		}
		s.Time = p.Time + r.Int64N(p.Duration+1)
		s.Duration = r.Int64N(p.Duration + 1)
		spans = append(spans, s)
	}
	r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	return spans
}

func TestLargeTraces(t *testing.T) {
	const n = 50_000
	chain, comb := make([]telemetry.Span, n), make([]telemetry.Span, n)
	for i := range n {
		// Each child outlasts its parent: every one asks all of its ancestors.
		chain[i] = sp(i+1, i, "a", internal, int64(i), int64(n+2000*i))
		// A long spine, and below its end as many that outlast all of it.
		comb[i] = sp(i+1, min(i, n/2), "a", internal, int64(i), int64(3*n-i))
		if i > n/2 {
			comb[i] = sp(i+1, n/2, "a", internal, int64(n/2), int64(9*n+i))
		}
	}
	for name, spans := range map[string][]telemetry.Span{"usual": big(n), "chain": chain, "comb": comb} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			tree := Assemble(spans)
			if took := time.Since(start); took > 3*time.Second { // a third of it on quiet cores
				t.Errorf("%d spans took %s", n, took)
			}
			check(t, spans, tree)
		})
	}
}

func BenchmarkAssemble50k(b *testing.B) {
	spans := big(50_000)
	b.ReportAllocs()
	for b.Loop() {
		Assemble(spans)
	}
}
