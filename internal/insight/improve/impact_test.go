package improve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// traces writes traces in the notation of the detectors' tests.
func traces(t *testing.T, text string) []detect.Input {
	t.Helper()
	cases, err := detecttest.Parse("case \"x\"\n" + text)
	if err != nil || len(cases) != 1 {
		t.Fatal(err)
	}
	parsed++
	for _, in := range cases[0].Inputs { // the notation numbers traces from 1 each time
		in.Tree.TraceID[0] = parsed
		for i := range in.Tree.Nodes {
			in.Tree.Nodes[i].Span.TraceID[0] = parsed
		}
	}
	return cases[0].Inputs
}

var parsed byte

// stratum is the requests to an endpoint in traces.
func stratum(name string, e Endpoint, requests float64, in []detect.Input) Stratum {
	s := Stratum{Endpoint: e, Name: name, Requests: requests}
	for _, x := range in {
		for i := range x.Tree.Nodes {
			if sp := x.Tree.Nodes[i].Span; sp.Service == e.Service && sp.Endpoint == e.Name && requestKind(sp.Kind) {
				s.Seen = append(s.Seen, Request{x, sp.SpanID})
			}
		}
	}
	return s
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// hours of a month that so many requests a week spare, each so many milliseconds.
func hours(requests, ms float64) float64 { return requests * ms * 30.44 / 7 / 3.6e6 }

const cartSlow = `trace at=0s x4/10s
shop/server "GET /cart" 0+300 user.id=u$t
  sql "SELECT item_id FROM cart WHERE user_id = ?" 5+10 p=7 rows=8
  sql "SELECT * FROM item WHERE id = ?" 20+12 x8/13 p=$i rows=1
`

const cartQuick = `trace at=100s x4/10s
shop/server "GET /cart" 0+40 user.id=u$t
  sql "SELECT item_id FROM cart WHERE user_id = ?" 5+10 p=7 rows=8
`

var cart = Endpoint{"", "shop", "GET /cart"}

func TestWhatAnNPlusOneIsWorth(t *testing.T) {
	st := Analyse([]Stratum{
		stratum("slow", cart, 2000, traces(t, cartSlow)),
		stratum("normal", cart, 18000, traces(t, cartQuick)),
	}, Options{})
	if len(st.Causes) != 1 || st.Sampled != 8 || st.Lost != 0 {
		t.Fatalf("%+v", st)
	}
	c := st.Causes[0]
	if c.Detector != "n_plus_one_query" || c.Service != "shop" || c.Findings != 4 || c.Sampled != 4 || len(c.Evidence) != 4 || c.Users != 4 {
		t.Errorf("%+v", c)
	}
	// Seven of eight go, 12 ms each; a tenth of the requests has it.
	if !near(c.Waiting.Mid, hours(2000, 84)) || c.Working.Mid != 0 || !near(c.Alone.Waiting, c.Waiting.Mid) || !near(st.Waiting, c.Waiting.Mid) {
		t.Errorf("%+v of %+v", c.Impact, st)
	}
	if c.Waiting.Low > c.Waiting.Mid || c.Waiting.High < c.Waiting.Mid {
		t.Errorf("%+v", c.Waiting)
	}
	if r := c.Requests; r.Mid != 2000 || math.Abs(r.Low-2000*0.5101) > 1 || math.Abs(r.High-2000-18000*0.4899) > 2 {
		t.Errorf("%+v", r)
	}
	e := c.Endpoints[0]
	if e.Before != (Percentiles{40e6, 300e6}) || e.After != (Percentiles{40e6, 216e6}) || e.Of != 20000 || e.SampledWith != 4 || e.Sampled != 8 {
		t.Errorf("%+v", e)
	}
	for _, ev := range c.Evidence {
		if ev.Duration != 300e6 || ev.Saving != 84e6 || len(ev.Spans) != 8 {
			t.Errorf("%+v", ev)
		}
	}
}

func TestWhatIsInNoRequestIsWorthNothing(t *testing.T) {
	if st := Analyse([]Stratum{stratum("normal", cart, 1000, traces(t, cartQuick))}, Options{}); len(st.Causes) != 0 || st.Waiting != 0 {
		t.Errorf("%+v", st)
	}
	if st := Analyse(nil, Options{}); len(st.Causes) != 0 || st.Sampled != 0 {
		t.Errorf("%+v", st)
	}
	// It is in the trace, and not in the request that was sampled.
	in := traces(t, `front/server "GET /page" 0+500
  http "GET http://shop/cart" 1+310
    shop/server "GET /cart" 2+300
      sql "SELECT * FROM item WHERE id = ?" 20+12 x8/13 p=$i rows=1
  http "GET http://ads/banner" 320+100
    ads/server "GET /banner" 321+90
`)
	if st := Analyse([]Stratum{stratum("all", Endpoint{"", "ads", "GET /banner"}, 1000, in)}, Options{}); len(st.Causes) != 0 || st.Sampled != 1 {
		t.Errorf("%+v", st)
	}
	// Of the page and of the cart, the waiting counts once.
	page, shop := stratum("all", Endpoint{"", "front", "GET /page"}, 1000, in), stratum("all", cart, 1000, in)
	o := Options{Detect: detect.Options{Only: []string{"n_plus_one_query"}}}
	one, both := Analyse([]Stratum{page}, o), Analyse([]Stratum{shop, page}, o)
	if one.Waiting == 0 || !near(one.Waiting, both.Waiting) || len(both.Causes) != 1 || len(both.Causes[0].Endpoints) != 2 {
		t.Errorf("%g for the page, %g for both", one.Waiting, both.Waiting)
	}
	if alone := Analyse([]Stratum{shop}, o); !near(alone.Waiting, one.Waiting) {
		t.Errorf("%g for the cart alone, %g for the page", alone.Waiting, one.Waiting)
	}
}

// Two that run side by side: neither spares much alone, and both together count once.
func TestSideBySideCountsOnce(t *testing.T) {
	in := traces(t, `trace at=0s x3/10s
shop/server "GET /cart" 0+1200
  sql "SELECT a FROM orders WHERE x = ?" 10+1100 p=1
  sql "SELECT b FROM parcels WHERE y = ?" 10+1050 p=2
`)
	st := Analyse([]Stratum{stratum("all", cart, 300, in)}, Options{Detect: detect.Options{Only: []string{"slow_query"}}})
	if len(st.Causes) != 2 {
		t.Fatalf("%d causes", len(st.Causes))
	}
	a, b := st.Causes[0], st.Causes[1]
	if !near(a.Alone.Waiting, hours(300, 50)) || b.Alone.Waiting != 0 || !near(a.Waiting.Mid, hours(300, 50)) || !near(b.Waiting.Mid, hours(300, 550)) || !near(st.Waiting, hours(300, 600)) {
		t.Errorf("%+v\n%+v\n%g", a.Impact, b.Impact, st.Waiting)
	}
}

func TestAWorkersTimeIsNobodysWaiting(t *testing.T) {
	in := traces(t, `trace at=0s x2/10s
loader/consumer "process imports" 0+2000
  sql "INSERT INTO stock (id, n) VALUES (?, ?)" 10+30 x40/35 p=$i,4
`)
	e := Endpoint{"", "loader", in[0].Tree.Nodes[0].Span.Endpoint}
	st := Analyse([]Stratum{stratum("all", e, 100, in)}, Options{})
	if len(st.Causes) != 1 || st.Waiting != 0 || st.Working == 0 || !near(st.Causes[0].Working.Mid, hours(100, 39*30)) {
		t.Fatalf("%+v", st)
	}
}

func TestWilson(t *testing.T) {
	// By the formula, 0 of 10 is 0 to 27.8 %, 5 of 10 23.7 to 76.3 %.
	for _, c := range [][4]float64{{0, 10, 0, 0.27753}, {0.5, 10, 0.23659, 0.76341}, {1, 10, 0.72247, 1}, {0.1, 1000, 0.08289, 0.12015}} {
		if low, high := wilson(c[0], c[1]); math.Abs(low-c[2]) > 1e-4 || math.Abs(high-c[3]) > 1e-4 {
			t.Errorf("%g of %g: %g to %g", c[0], c[1], low, high)
		}
	}
}

func TestMergeOfChanges(t *testing.T) {
	a := insight.Change{Remove: []int{3, 1}, Take: map[int]int64{5: 10, 6: 3}, Together: [][]int{{7, 8}}, Skip: []insight.Segment{{Node: 1, From: 0, To: 10}}}
	b := insight.Change{Remove: []int{3}, Take: map[int]int64{5: 4, 6: 9}, Together: [][]int{{8, 9}, {10, 11}}, Skip: []insight.Segment{{Node: 1, From: 5, To: 12}, {Node: 2, From: 0, To: 1}}}
	want := insight.Change{Remove: []int{1, 3}, Take: map[int]int64{5: 4, 6: 3}, Together: [][]int{{7, 8}, {10, 11}}, Skip: []insight.Segment{{Node: 1, From: 0, To: 12}, {Node: 2, From: 0, To: 1}}}
	if got := merge(a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// busy makes spans of requests that call, query and wait in any way.
func busy(r *rand.Rand, id byte, n int) []telemetry.Span {
	var h shape.Shaper
	spans := make([]telemetry.Span, n)
	for i := range spans {
		s := &spans[i]
		*s = telemetry.Span{ID: uint64(i + 1), TraceID: telemetry.TraceID{1, id}, SpanID: telemetry.SpanID{id, byte(i >> 8), byte(i + 1)}, Time: 1e18, Duration: 2e9, Source: telemetry.Source{Service: "a"}, Kind: telemetry.KindServer}
		if i > 0 {
			p := &spans[r.IntN(min(i, 5))]
			if i > 5 && r.IntN(3) == 0 {
				p = &spans[i-1]
			}
			s.ParentID, s.Service = p.SpanID, p.Service
			s.Time = p.Time + r.Int64N(p.Duration+1)
			s.Duration = r.Int64N(p.Time + p.Duration - s.Time + 1)
			s.Kind = telemetry.KindClient
			switch r.IntN(4) {
			case 0:
				s.Kind, s.Endpoint, s.Service = telemetry.KindServer, fmt.Sprintf("GET /%d", r.IntN(3)), string(rune('a'+r.IntN(3)))
			case 1:
				s.Attrs = []telemetry.Attr{{Key: "http.request.method", Value: "GET"}, {Key: "server.address", Value: "b"}, {Key: "url.full", Value: fmt.Sprintf("http://b/x/%d", r.IntN(9))}}
			default:
				s.Attrs = []telemetry.Attr{{Key: "db.query.text", Value: []string{"SELECT * FROM a WHERE id = ?", "SELECT b FROM c WHERE d = ?", "UPDATE a SET b = ?", "BEGIN", "COMMIT"}[r.IntN(5)]}, {Key: "db.system.name", Value: "postgresql"}}
			}
		} else {
			s.Endpoint = "GET /0"
		}
		h.Span(s)
	}
	return spans
}

// Whatever was sampled: nothing gets slower, what the causes spare adds up and is no more
// than all of them together spare, and the order in which requests come changes nothing.
func TestImpactIsSound(t *testing.T) {
	causes, waiting := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		var all [][]telemetry.Span
		for i := range 3 + r.IntN(8) {
			all = append(all, busy(r, byte(i+1), 10+r.IntN(120)))
		}
		build := func() []Stratum {
			by := map[Endpoint]*Stratum{}
			for _, spans := range all {
				in := detect.Input{Tree: insight.Assemble(spans)}
				for _, e := range []Endpoint{{"", "a", "GET /0"}, {"", "b", "GET /1"}, {"", "a", "GET /2"}} {
					part := stratum("all", e, 1000, []detect.Input{in})
					if by[e] == nil {
						by[e] = &part
					} else {
						by[e].Seen = append(by[e].Seen, part.Seen...)
					}
				}
			}
			var out []Stratum
			for _, s := range by {
				out = append(out, *s)
			}
			return out
		}
		first := build()
		got := Analyse(first, Options{})
		sum := [2]float64{}
		for i, c := range got.Causes {
			causes++
			sum[0] += c.Waiting.Mid
			sum[1] += c.Working.Mid
			if c.Waiting.Mid < 0 || c.Working.Mid < 0 || c.Waiting.Low > c.Waiting.Mid || c.Waiting.High < c.Waiting.Mid || c.Alone.Waiting < 0 {
				t.Fatalf("seed %d: %+v", seed, c.Impact)
			}
			if c.Rank.Place != i+1 || c.Rank.Why.En == "" || c.Rank.Why.Ja == "" || i > 0 && c.Rank.Score > 0 && c.Rank.Reach == 0 {
				t.Fatalf("seed %d: %+v", seed, c.Rank)
			}
			if c.Sampled == 0 || len(c.Evidence) == 0 || len(c.Endpoints) == 0 {
				t.Fatalf("seed %d: a cause in no request: %+v", seed, c)
			}
			for _, e := range c.Endpoints {
				if e.After.P50 > e.Before.P50 || e.After.P95 > e.Before.P95 || e.After.P95 < 0 || e.AfterLow.P95 > e.AfterHigh.P95 {
					t.Fatalf("seed %d: %+v", seed, e)
				}
				if q := e.Requests; q.Low > q.Mid || q.Mid > q.High || q.High > e.Of*(1+1e-9) {
					t.Fatalf("seed %d: %+v of %g", seed, q, e.Of)
				}
			}
			for _, e := range c.Evidence {
				if e.Saving < 0 || e.Saving > e.Duration {
					t.Fatalf("seed %d: %+v", seed, e)
				}
			}
		}
		if !near(sum[0], got.Waiting) || !near(sum[1], got.Working) {
			t.Fatalf("seed %d: the causes spare %v, all together %g and %g", seed, sum, got.Waiting, got.Working)
		}
		if got.Waiting > 0 {
			waiting++
		}
		// What all together spare is what the applied changes spare, computed anew.
		_, samples, _, _ := gather(first)
		most := 0.0
		for _, s := range samples {
			if s.waits != nobody {
				most += s.weight * float64(s.trace.in.Tree.Nodes[s.top].Duration) * toHours
			}
		}
		if got.Waiting+got.Working > most {
			t.Fatalf("seed %d: more is spared than was waited: %g of %g", seed, got.Waiting+got.Working, most)
		}
		for i := range all {
			r.Shuffle(len(all[i]), func(a, b int) { all[i][a], all[i][b] = all[i][b], all[i][a] })
		}
		r.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		if again := Analyse(build(), Options{}); !reflect.DeepEqual(got, again) {
			t.Fatalf("seed %d: another order gives another study", seed)
		}
	}
	if causes < 60 || waiting < 30 {
		t.Errorf("only %d causes, %d studies with waiting: the generator makes nothing to find", causes, waiting)
	}
}

func TestTheOrderGoesByWorth(t *testing.T) {
	in := traces(t, cartSlow)
	other := traces(t, strings.NewReplacer("GET /cart", "GET /settings", "item", "option", "cart", "setting", "at=0s", "at=500s", "u$t", "u1").Replace(cartSlow))
	settings := Endpoint{"", "shop", "GET /settings"}
	strata := []Stratum{stratum("all", cart, 1000, in), stratum("all", settings, 2000, other)}
	first := func(o Options) string {
		st := Analyse(strata, o)
		if len(st.Causes) != 2 {
			t.Fatalf("%d causes", len(st.Causes))
		}
		if st.Causes[0].Rank.Score < st.Causes[1].Rank.Score {
			t.Errorf("%+v before %+v", st.Causes[0].Rank, st.Causes[1].Rank)
		}
		return st.Causes[0].Endpoints[0].Name
	}
	if got := first(Options{}); got != "GET /settings" {
		t.Errorf("twice the requests, and %s is first", got)
	}
	if got := first(Options{Importance: func(e Endpoint) float64 {
		if e == cart {
			return 1
		}
		return 0.2
	}}); got != "GET /cart" {
		t.Errorf("five times the importance, and %s is first", got)
	}
	st := Analyse(strata, Options{Effort: func(string) float64 { return 4 }})
	if w := st.Causes[0].Rank; w.Effort != 4 || w.Why.Ja != "2件中1位：利用者の待ち時間の短縮 月12分 × 重要度0.6 × 確度0.95 ÷ 工数4日。" ||
		w.Why.En != "Place 1 of 2: 12 min of users' waiting a month, times importance 0.6 and confidence 0.95, divided by 4 days of effort." {
		t.Errorf("%s\n%s", w.Why.Ja, w.Why.En)
	}
}

// One user who asks very often does not outweigh many.
func TestWhoAsksOftenDoesNotShoutLouder(t *testing.T) {
	one := traces(t, strings.NewReplacer("x4/10s", "x6/10s", "u$t", "u1").Replace(cartSlow))
	st := Analyse([]Stratum{stratum("all", cart, 1000, one)}, Options{})
	r := st.Causes[0].Rank
	if r.Reach != 0.5 || !strings.Contains(r.Why.Ja, "利用者が分かるリクエスト6件は、すべて1人からのもの") {
		t.Errorf("%+v", r)
	}
	many := traces(t, strings.Replace(cartSlow, "x4/10s", "x12/10s", 1))
	if r := Analyse([]Stratum{stratum("all", cart, 1000, many)}, Options{}).Causes[0].Rank; r.Reach != 1 {
		t.Errorf("%+v", r)
	}
	firms := traces(t, strings.NewReplacer("x4/10s", "x12/10s", "user.id", "tenant=acme user.id").Replace(cartSlow))
	st = Analyse([]Stratum{stratum("all", cart, 1000, firms)}, Options{Company: "tenant"})
	if c := st.Causes[0]; c.Rank.Reach != 0.5 || c.Companies != 1 || c.ToldCompany != 12 || !strings.Contains(c.Rank.Why.Ja, "12件は、すべて1社") {
		t.Errorf("%+v %+v", c.Rank, c.Impact)
	}
}

func TestEachDetectorHasAnEffort(t *testing.T) {
	for _, d := range detect.All() {
		if _, ok := effort[d.ID]; !ok {
			t.Errorf("%s has no effort", d.ID)
		}
	}
	for id := range effort {
		if !slices.ContainsFunc(detect.All(), func(d *detect.Detector) bool { return d.ID == id }) {
			t.Errorf("%s is no detector", id)
		}
	}
}
