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
	// One process, where most outlast who started them, deep and wide.
	r := rand.New(rand.NewPCG(3, 4))
	deep, wild := make([]telemetry.Span, n), make([]telemetry.Span, n)
	for i := range n {
		deep[i] = sp(i+1, max(0, i-r.IntN(3)), "a", internal, int64(i), int64(i)+1+r.Int64N(int64(4*n-i)))
		wild[i] = sp(i+1, r.IntN(i+1), "a", internal, r.Int64N(int64(n)), int64(n)+r.Int64N(int64(n)))
	}
	deep[0].Duration, wild[0].Duration = 9*n*ms, 9*n*ms
	for name, spans := range map[string][]telemetry.Span{"usual": big(n), "chain": chain, "comb": comb, "deep": deep, "wild": wild} {
		t.Run(name, func(t *testing.T) {
			var tree *Tree
			best := time.Hour
			for range 3 { // the machine may be busy with other things
				start := time.Now()
				tree = Assemble(spans)
				if best = min(best, time.Since(start)); best < time.Second {
					break
				}
			}
			if best > 5*time.Second { // a tenth of a second on quiet cores
				t.Errorf("%d spans took %s", n, best)
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
