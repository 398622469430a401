package insight

import (
	"fmt"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func render(t *Tree, p Path) string {
	var out []string
	for _, s := range p.Segments {
		out = append(out, fmt.Sprintf("%s[%d %d]", t.Nodes[s.Node].Span.Name, s.From/ms, s.To/ms))
	}
	return strings.Join(out, " ")
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
		{"handlers that each outlast who called them", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", internal, 1, 50), sp(3, 2, "a", internal, 2, 10),
			sp(4, 3, "a", internal, 5, 60), sp(5, 4, "a", client, 8, 95),
		}, "a1[0 1] a2[1 2] a3[2 5] a4[5 8] a5[8 95] a1[95 100]"},
		{"a handler's earlier work counts as its own", []telemetry.Span{
			sp(1, 0, "a", server, 0, 100), sp(2, 1, "a", internal, 5, 50), sp(3, 2, "a", client, 10, 20), sp(4, 2, "a", client, 30, 90),
		}, "a1[0 5] a2[5 10] a3[10 20] a2[20 30] a4[30 90] a1[90 100]"},
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
