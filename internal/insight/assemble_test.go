package insight

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
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
// Where every clock is right, none is corrected.
// Where a clock is wrong, what follows is possible again, and all its spans moved alike.
// nested draws calls within calls: every child lies within its parent, and only the two
// ends of a call are on different machines. Each service is called by one other, so that
// a single shift per machine is always possible.
// In a trace where nothing runs side by side, self times add up to the root's duration.
// reach is the climb done step by step.
// wide spreads a byte over what an int64 can hold, with both ends and the usual.
// big makes n spans of 20 services, two thirds of them calls.
