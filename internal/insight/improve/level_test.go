package improve

import (
	"errors"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
)

var monday = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)

// weeks go back from the newest, in milliseconds of p95.
func weeks(p95 ...int64) (out []Week) {
	for i, v := range p95 {
		out = append(out, Week{From: monday.AddDate(0, 0, -7*i), Requests: 1000, P95: time.Duration(v) * time.Millisecond})
	}
	return out
}

func set(s Scope, k Kind, limit time.Duration, why string) Rule {
	return Rule{Scope: s, Kind: k, Limit: limit, By: "Aoki", At: monday, Why: why}
}

func TestTheMostSpecificLevelWins(t *testing.T) {
	rules := []Rule{
		set(Scope{}, "", 3*time.Second, "org"),
		set(Scope{}, Web, 2*time.Second, "org web"),
		set(Scope{Product: "shop"}, "", 900*time.Millisecond, "product"),
		set(Scope{Service: "cart"}, "", 800*time.Millisecond, "service"),
		set(Scope{Service: "cart", Endpoint: "GET /cart"}, "", 700*time.Millisecond, "endpoint"),
		set(Scope{Service: "cart", Endpoint: "GET /cart"}, Web, 650*time.Millisecond, "endpoint web"),
		set(Scope{Env: "stage", Service: "cart", Endpoint: "GET /cart"}, "", 600*time.Millisecond, "endpoint on stage"),
		set(Scope{Env: "stage"}, "", 5*time.Second, "stage"),
	}
	l, err := NewLevels(rules)
	if err != nil {
		t.Fatal(err)
	}
	cart := Endpoint{"prod", "cart", "GET /cart"}
	for _, c := range []struct {
		e       Endpoint
		product string
		kind    Kind
		want    string
	}{
		{cart, "shop", Web, "endpoint web"},
		{cart, "shop", API, "endpoint"},
		{cart, "", API, "endpoint"},
		{Endpoint{"stage", "cart", "GET /cart"}, "shop", Web, "endpoint on stage"},
		{Endpoint{"prod", "cart", "GET /other"}, "shop", Web, "service"},
		{Endpoint{"prod", "stock", "GET /other"}, "shop", Web, "product"},
		{Endpoint{"prod", "stock", "GET /other"}, "bank", Web, "org web"},
		{Endpoint{"prod", "stock", "GET /other"}, "bank", Worker, "org"},
		{Endpoint{"stage", "stock", "GET /other"}, "bank", Worker, "stage"},
		{Endpoint{"stage", "stock", "GET /other"}, "shop", Worker, "product"},
	} {
		if got := l.Of(c.e, c.product, c.kind, nil); got.Rule.Why != c.want || got.Limit != got.Rule.Limit || got.Endpoint != c.e {
			t.Errorf("%v %s %s: %q, not %q", c.e, c.product, c.kind, got.Rule.Why, c.want)
		}
	}
	// In any order.
	for i := range rules {
		turned, _ := NewLevels(append(append([]Rule{}, rules[i:]...), rules[:i]...))
		if got := turned.Of(cart, "shop", Web, nil); got.Rule.Why != "endpoint web" {
			t.Errorf("turned by %d: %s", i, got.Rule.Why)
		}
	}
}

func TestDefaultLevels(t *testing.T) {
	var none *Levels
	e := Endpoint{"", "a", "x"}
	if l := none.Of(e, "", Web, nil); l.Limit != time.Second || l.Rule.By != "" || l.Quantile != 0.95 {
		t.Errorf("%+v", l)
	}
	if l := none.Of(e, "", API, nil); l.Limit != 500*time.Millisecond {
		t.Errorf("%+v", l)
	}
	// A worker: the median of the weeks before the newest, and a quarter.
	if l := none.Of(e, "", Worker, weeks(9000, 100, 400, 200, 300, 8000)); l.Limit != 250*time.Millisecond || !l.OwnUsual {
		t.Errorf("%+v", l)
	}
	if l := none.Of(e, "", Worker, weeks(100, 100)); l.Limit != 0 || !l.OwnUsual {
		t.Errorf("two weeks are too few: %+v", l)
	}
	for name, want := range map[string]Kind{
		"GET /cart": Web, "GET /api/cart": API, "POST /v2/orders": API, "GET /orders.json": API, "GET /videos": Web, "GET /v": Web, "GET /vip/1": Web,
		"shop.Prices/GetPrice": API, "query Cart": API, "GET /": Web, "POST /graphql": API,
	} {
		if got := KindOf(name, true); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
		if got := KindOf(name, false); got != Worker {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRulesAreChecked(t *testing.T) {
	good := set(Scope{Service: "a", Endpoint: "b"}, Web, time.Second, "because")
	for field, spoil := range map[string]func(*Rule){
		"service": func(r *Rule) { r.Service = "" },
		"kind":    func(r *Rule) { r.Kind = "page" },
		"limit":   func(r *Rule) { r.Limit = time.Microsecond },
		"by":      func(r *Rule) { r.By = "" },
		"why":     func(r *Rule) { r.Why = " " },
	} {
		r := good
		spoil(&r)
		var f *fault.Error
		if err := r.Validate(); !errors.As(err, &f) || f.Field != field || f.Text.Ja == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := NewLevels([]Rule{good, good}); err == nil {
		t.Error("two of one scope were taken")
	}
}

func TestStanding(t *testing.T) {
	e := Endpoint{"", "a", "GET /"}
	var levels *Levels
	web := levels.Of(e, "", Web, nil)
	few := weeks(500, 500, 500, 500)
	few[0].Requests = 99
	gap := weeks(500, 500, 500, 500, 500)
	gap = append(gap[:2], gap[3:]...)
	thin := weeks(500, 500, 500, 500, 500)
	thin[2].Requests = 3
	busy := weeks(3000, 500, 500, 500)
	for _, c := range []struct {
		name  string
		l     Level
		weeks []Week
		state State
		held  int
		ja    string
	}{
		{"four weeks", web, weeks(500, 900, 1000, 500, 2400), Ready, 4, "p95が基準値1秒を4週間続けて満たしています。SLOとして維持する段階です。"},
		{"three weeks", web, weeks(500, 900, 1000, 1001, 500), Within, 3, "p95は500 msで、基準値1秒以内です（3週間継続）"},
		{"over now", web, weeks(2400, 500, 500, 500, 500), Over, 0, "p95が基準値を超えています（2.4秒 → 1秒以下）"},
		{"nothing is known", web, nil, Unknown, 0, "リクエストが少なく、判定できません（1週間に100件以上必要です）。"},
		{"few requests now", web, few, Unknown, 0, "リクエストが少なく、判定できません（1週間に100件以上必要です）。"},
		{"a week is missing", web, gap, Within, 2, "p95は500 msで、基準値1秒以内です（2週間継続）"},
		{"a week had few", web, thin, Within, 2, "p95は500 msで、基準値1秒以内です（2週間継続）"},
		{"a worker within its usual has no level to promise", levels.Of(e, "", Worker, weeks(500, 500, 500, 500, 500)), weeks(500, 500, 500, 500, 500), Within, 5, "p95は500 msで、基準値625 ms以内です（5週間継続）"},
		{"a worker over its usual", levels.Of(e, "", Worker, busy), busy, Over, 0, "p95が基準値を超えています（3秒 → 625 ms以下）"},
		{"a worker's usual is not known", levels.Of(e, "", Worker, weeks(500)), weeks(500), Unknown, 0, "通常値がまだ分かりません（100件以上の週が3週分必要です）。"},
	} {
		s := Stand(c.l, c.weeks)
		if s.State != c.state || s.Held != c.held || s.Say().Ja != c.ja || s.Say().En == "" {
			t.Errorf("%s: %s, held %d: %s", c.name, s.State, s.Held, s.Say().Ja)
		}
		if (s.Excess() > 0) != (s.State == Over) {
			t.Errorf("%s: over by %s", c.name, s.Excess())
		}
	}
}

func TestProgress(t *testing.T) {
	of := func(over, within, ready, unknown int) (out []Standing) {
		for state, n := range map[State]int{Over: over, Within: within, Ready: ready, Unknown: unknown} {
			for range n {
				out = append(out, Standing{State: state})
			}
		}
		return out
	}
	for _, c := range []struct {
		all    []Standing
		en, ja string
	}{
		{of(3, 30, 8, 0), "3 of 41 endpoints left", "残り 3 / 41 エンドポイント"},
		{of(3, 30, 0, 8), "3 of 41 endpoints left (8 without requests enough to judge)", "残り 3 / 41 エンドポイント（ほかに8個はリクエストが少なく判定できません）"},
		{of(0, 30, 8, 3), "No endpoint is over its level (38 of 41 judged).", "基準値を超えているエンドポイントはありません（41個中38個を判定）。"},
		{of(0, 0, 0, 2), "None of 2 endpoints has requests enough to judge.", "2個のエンドポイントすべてで、判定に足りるリクエストがありません。"},
		{nil, "There are no endpoints yet.", "エンドポイントはまだありません。"},
	} {
		p := ProgressOf(c.all)
		if got := p.Say(); got.En != c.en || got.Ja != c.ja {
			t.Errorf("%+v: %s / %s", p, got.En, got.Ja)
		}
		if p.Over+p.Within+p.Unknown != p.Endpoints || p.Ready > p.Within {
			t.Errorf("%+v does not add up", p)
		}
	}
}

func TestWhereALevelComesFrom(t *testing.T) {
	var none *Levels
	e := Endpoint{"", "cart", "GET /cart"}
	l, _ := NewLevels([]Rule{set(Scope{Service: "cart"}, "", time.Second, "スマホの回線でも待たせないため")})
	for want, level := range map[string]Level{
		"サービス cartの基準値（2026-11-16にAokiさんが設定：スマホの回線でも待たせないため）": l.Of(e, "", Web, nil),
		"APIの標準の基準値（p95が500 ms以内）":                            none.Of(e, "", API, nil),
		"ワーカーの標準の基準値（p95が通常値の1.25倍以内）":                        none.Of(e, "", Worker, nil),
	} {
		if got := level.From(); got.Ja != want || got.En == "" {
			t.Errorf("%s / %s", got.Ja, got.En)
		}
	}
}

func TestDurationsReadAsAPersonWrites(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 850 * time.Microsecond: "850 µs", 3200 * time.Microsecond: "3.2 ms", 2400 * time.Millisecond: "2.4秒", 12345 * time.Millisecond: "12秒",
		59_960 * time.Millisecond: "1分", 83 * time.Second: "1分23秒", 3725 * time.Second: "1時間2分", 999_900 * time.Microsecond: "1秒",
	} {
		if got := span(d); got.Ja != want {
			t.Errorf("%s: %s", d, got.Ja)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.42: "0.4", 9.96: "10", 104: "100", 12345: "12,000", 1_260_000: "1,300,000", 999: "1,000"} {
		if got := about(v); got != want {
			t.Errorf("%g: %s", v, got)
		}
	}
}
