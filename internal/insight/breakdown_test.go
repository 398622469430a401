package insight

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Of whatever traces, the shares of each kind of requests add up to 1, and what the API
// gives of very many operations does too.
func TestSharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var of [3][]Request
		for i := range of {
			for range rapid.IntRange(0, 5).Draw(t, "requests") {
				tree := Assemble(genTrace(t))
				if r, ok := requestOf(tree, rapid.IntRange(0, len(tree.Nodes)-1).Draw(t, "root")); ok {
					of[i] = append(of[i], r)
				}
			}
		}
		b := breakDown(of[0], of[1], of[2])
		view := breakdownView(&Sampled{Breakdown: b})
		for i, s := range []*Stratum{&b.Normal, &b.Slow, &b.Failed} {
			want := 0.0
			for _, r := range of[i] {
				if r.Duration > 0 {
					want = 1
				}
			}
			sum, shown, mean := 0.0, 0.0, int64(0)
			for op, p := range s.Parts {
				sum += p.Share
				mean += p.PerRequest
				if p.Share < 0 || p.Requests > s.Requests || p.Calls < p.Requests || p.CallsP50 > p.CallsMax || p.P50 > p.P95 || p.Example.TraceID != (telemetry.TraceID{}) && p.Requests == 0 {
					t.Fatalf("%v: %+v", op, p)
				}
				if !slices.Contains(b.Operations, op) {
					t.Fatalf("%v is missing", op)
				}
			}
			for _, o := range view.Operations {
				shown += o.Parts[i].Share
			}
			if math.Abs(sum-want) > 1e-9 || math.Abs(shown-want) > 1e-9 {
				t.Fatalf("the shares of %d requests add up to %g, shown %g", s.Requests, sum, shown)
			}
			// Whole nanoseconds: each operation may lose one.
			if s.Requests > 0 && (mean > s.Total/int64(s.Requests) || s.Total/int64(s.Requests)-mean > int64(len(s.Parts))) {
				t.Fatalf("the parts of a request are %d of %d", mean, s.Total/int64(s.Requests))
			}
		}
	})
}

func TestWhatIsLeftOverIsOneMore(t *testing.T) {
	spans := []telemetry.Span{sp(1, 0, "a", server, 0, 1000)}
	for i := range 60 {
		s := sp(i+2, 1, "a", client, int64(i*10), int64(i*10+8))
		s.Name = fmt.Sprintf("call %d", i)
		spans = append(spans, s)
	}
	r, ok := requestOf(Assemble(spans), 0)
	if !ok {
		t.Fatal("no request")
	}
	v := breakdownView(&Sampled{Breakdown: breakDown([]Request{r}, nil, nil)})
	if len(v.Operations) != maxOperations+1 || v.Operations[maxOperations].Name != "" || v.Operations[maxOperations].Parts[0].Calls != 61-maxOperations {
		t.Errorf("%d operations, the last %+v", len(v.Operations), v.Operations[len(v.Operations)-1])
	}
}

// A request within a larger one has a path of its own, though nobody waited for it there.
func TestARequestWithinAnother(t *testing.T) {
	tree := Assemble([]telemetry.Span{
		sp(1, 0, "front", server, 0, 100), sp(2, 1, "front", client, 0, 95),
		sp(3, 1, "front", client, 5, 50), sp(4, 3, "stock", server, 10, 40), sp(5, 4, "stock", client, 12, 36),
	})
	at := slices.IndexFunc(tree.Nodes, func(n Node) bool { return n.Span.SpanID == id(4) })
	if len(tree.Nodes[at].Critical) != 0 {
		t.Fatal("it is on the path of the whole")
	}
	r, ok := requestOf(tree, at)
	if !ok || r.Duration != 30*ms {
		t.Fatalf("%+v", r)
	}
	s := stratify([]Request{r})
	if p := s.Parts[Operation{"stock", client, "stock5"}]; math.Abs(p.Share-0.8) > 1e-9 {
		t.Errorf("%+v", s.Parts)
	}
}

// shopRequest is a request that asks a database several times, and then stock, which takes
// a while of its own.
func shopRequest(n, queries int, stock int64) []telemetry.Span {
	end := int64(queries)*3 + stock + 10
	spans := []telemetry.Span{sp(n*100+1, 0, "shop", server, 0, end)}
	spans[0].Endpoint = "GET /cart"
	for i := range queries {
		s := sp(n*100+10+i, n*100+1, "shop", client, int64(i*3), int64(i*3+2))
		s.Name, s.Operation.Text = "query", "SELECT * FROM items WHERE id = ?"
		spans = append(spans, s)
	}
	begin := int64(queries)*3 + 1
	spans = append(spans, sp(n*100+2, n*100+1, "shop", client, begin, begin+stock+4), sp(n*100+3, n*100+2, "stock", server, begin+1, begin+1+stock))
	spans[len(spans)-2].Name, spans[len(spans)-1].Name, spans[len(spans)-1].Endpoint = "GET", "GET /stock", "GET /stock"
	for i := range spans {
		spans[i].TraceID = telemetry.TraceID{1, byte(n), byte(n >> 8)}
	}
	return spans
}

func usually(t *testing.T) *Stratum {
	t.Helper()
	var all []Request
	for i := range 20 {
		r, ok := requestOf(Assemble(shopRequest(i, 1+i%2, 20)), 0)
		if !ok {
			t.Fatal("no request")
		}
		all = append(all, r)
	}
	s := stratify(all)
	return &s
}

func TestWhatIsUnusual(t *testing.T) {
	usual := usually(t)
	tell := func(spans []telemetry.Span) (out []string) {
		tree := Assemble(spans)
		u := unusual(tree, aboutEndpoint(tree), usual)
		for _, s := range u.Slow {
			i := slices.IndexFunc(spans, func(x telemetry.Span) bool { return x.SpanID == s.SpanID })
			out = append(out, fmt.Sprintf("slow %s %d (%d) %v", spans[i].Name, s.Duration/ms, s.P50/ms, s.Own))
		}
		for name, list := range map[string][]Count{"more": u.More, "extra": u.Extra, "missing": u.Missing} {
			for _, c := range list {
				out = append(out, fmt.Sprintf("%s %s %d (%d)", name, c.Name, c.Here, c.Usual))
			}
		}
		slices.Sort(out)
		return out
	}
	extra := shopRequest(50, 1, 20)
	extra[1].Operation.Text = "DELETE FROM items"
	for _, c := range []struct {
		name  string
		spans []telemetry.Span
		want  []string
	}{
		{"as usual", shopRequest(50, 2, 24), nil},
		{"slow stock: it is its own time there, and nobody else's", shopRequest(50, 1, 900), []string{
			"slow GET /stock 900 (20) true", "slow GET 904 (24) false", "slow shop5001 913 (33) false",
		}},
		{"too many queries", shopRequest(50, 31, 20), []string{"more SELECT * FROM items WHERE id = ? 31 (1)", "slow shop5001 123 (33) false"}},
		{"another statement instead", extra, []string{"extra DELETE FROM items 1 (0)", "missing SELECT * FROM items WHERE id = ? 0 (1)"}},
	} {
		want := slices.Sorted(slices.Values(c.want))
		if got := tell(c.spans); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, want)
		}
	}
	few := stratify(nil)
	tree := Assemble(shopRequest(50, 31, 900))
	if u := unusual(tree, 0, &few); len(u.Slow)+len(u.More)+len(u.Extra)+len(u.Missing) != 0 {
		t.Errorf("nothing is known of the usual, and yet: %+v", u)
	}
}

// shelf is a store of a few traces.
type shelf struct {
	traces map[telemetry.TraceID][]telemetry.Span
	reads  atomic.Int64
}

func (s *shelf) ReadSpans(_ context.Context, q telemetry.PageQuery) (rows []telemetry.Span, more bool, err error) {
	for _, spans := range s.traces {
		if at := time.Unix(0, spans[0].Time); !at.Before(q.From) && at.Before(q.To) && len(rows) < q.Limit {
			rows = append(rows, spans[0])
		}
	}
	return rows, false, nil
}

func (s *shelf) Trace(_ context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	s.reads.Add(1)
	spans := s.traces[id]
	return spans[:min(limit, len(spans))], len(spans) > limit, nil
}

func (s *shelf) TraceSteps(_ context.Context, ids []telemetry.TraceID, each int) (map[telemetry.TraceID][]telemetry.Span, error) {
	out := map[telemetry.TraceID][]telemetry.Span{}
	for _, id := range ids {
		s.reads.Add(1)
		if spans := s.traces[id]; len(spans) > 0 && len(spans) <= each {
			out[id] = spans
		}
	}
	return out, nil
}

func (s *shelf) TraceLogs(context.Context, telemetry.TraceID, int) ([]telemetry.Log, bool, error) {
	return nil, false, nil
}

func (s *shelf) Requests(context.Context, telemetry.DerivedQuery) (telemetry.RED, *telemetry.RED, telemetry.Trend, telemetry.Derived, error) {
	return telemetry.RED{Count: uint64(len(s.traces)), P95: float64(time.Hour)}, nil, telemetry.Trend{}, telemetry.Derived{}, nil
}

func TestABreakdownIsReadOnceAMinute(t *testing.T) {
	s := &shelf{traces: map[telemetry.TraceID][]telemetry.Span{}}
	for i := range 4 {
		spans := shopRequest(i, 1, 20)
		s.traces[spans[0].TraceID] = spans
	}
	huge := shopRequest(7, largestTrace+1, 20)
	s.traces[huge[0].TraceID] = huge
	at := time.Unix(0, huge[0].Time).UTC()
	c := clock.NewFake(at.Add(time.Minute))
	b := NewBreakdowns(s, s, c)
	q := endpointQuery{Range: telemetry.Range{From: at.Add(-time.Minute), To: at.Add(time.Minute)}, Service: "shop", Endpoint: "GET /cart", normalOnly: true}
	for i, want := range []int64{5, 5, 10} {
		got, err := b.Endpoint(t.Context(), q)
		if err != nil || got.Normal.Requests != 4 || got.Left != 1 {
			t.Fatalf("%d requests, %d left, %v", got.Normal.Requests, got.Left, err)
		}
		if s.reads.Load() != want {
			t.Errorf("%d: %d traces were read, not %d", i, s.reads.Load(), want)
		}
		c.Advance(40 * time.Second)
	}
	// A trace of it beside its usual: too few to say anything, but the typical one is there.
	var one telemetry.TraceID
	for id := range s.traces {
		one = id
	}
	cmp, err := b.Trace(t.Context(), one.String())
	if err != nil || cmp.Endpoint != "GET /cart" || cmp.Usual.Normal.Typical.TraceID.IsZero() || len(cmp.Slow) != 0 {
		t.Errorf("%+v %v", cmp, err)
	}
}
