package improve

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var update = flag.Bool("update", false, "write the goldens anew")

// written sets the scope and the language of a service's spans.
func written(in []detect.Input, service, scope, language string) {
	for _, x := range in {
		for i := range x.Tree.Nodes {
			if s := x.Tree.Nodes[i].Span; s.Service == service {
				s.Scope = scope
				s.Source.Attrs = []telemetry.Attr{{Key: "telemetry.sdk.language", Value: language}}
			}
		}
	}
}

func TestNotesReadLikeAColleagues(t *testing.T) {
	slow := traces(t, `trace at=0s x14/10s
shop/server "GET /cart" 0+2400 user.id=u$t tenant=t$t code.function.name=shop.views.cart code.file.path=shop/views.py code.line.number=42
  sql "SELECT item_id FROM cart WHERE user_id = ?" 5+10 p=7 rows=80
  sql "SELECT * FROM item WHERE id = ?" 20+24 x80/25 p=$i rows=1
`)
	quick := traces(t, cartQuick)
	written(slow, "shop", "opentelemetry.instrumentation.django", "python")
	written(quick, "shop", "opentelemetry.instrumentation.django", "python")
	far := traces(t, `trace at=0s x3/10s
checkout/server "POST /checkout" 0+3200
  http "POST http://inventory/reserve" 10+3100
    inventory/server "POST /reserve" 12+3090
      sql "UPDATE stock SET n = n - ? WHERE id = ?" 20+3000 p=1,7
        @20 "waiting for lock"
        @2980 "lock acquired"
`)
	late := traces(t, `trace at=0s x2/10s
shop/server "GET /quote" 0+1200
  http "GET http://prices/all" 10+1000 error="context deadline exceeded"
    prices/server "GET /all" 12+3000
`)
	level := func(e Endpoint) (Standing, bool) {
		var none *Levels
		return Stand(none.Of(e, "", Web, nil), []Week{{From: monday, Requests: 20000, P95: 2400 * time.Millisecond}}), true
	}
	link := func(e Evidence) string { return "https://yagura.example/traces/" + e.Trace.String() }
	for name, c := range map[string]struct {
		strata   []Stratum
		detector string
	}{
		"n_plus_one_django": {[]Stratum{stratum("slow", cart, 2000, slow), stratum("normal", cart, 18000, quick)}, "n_plus_one_query"},
		"lock_elsewhere":    {[]Stratum{stratum("all", Endpoint{"", "checkout", "POST /checkout"}, 700, far)}, "lock_wait"},
		"timeout_order":     {[]Stratum{stratum("all", Endpoint{"", "shop", "GET /quote"}, 40, late)}, "timeout_order"},
	} {
		t.Run(name, func(t *testing.T) {
			st := Analyse(c.strata, Options{Detect: detect.Options{Only: []string{c.detector}}, Company: "tenant"})
			if len(st.Causes) != 1 {
				t.Fatalf("%d causes", len(st.Causes))
			}
			for i := range st.Causes[0].Evidence { // the numbers of traces depend on the order of tests
				st.Causes[0].Evidence[i].Trace[0] = 1
			}
			n := NoteOf(&st.Causes[0], level, link)
			var b strings.Builder
			for _, l := range []i18n.Lang{i18n.Ja, i18n.En} {
				b.WriteString(n.Markdown(l) + "\n" + st.Causes[0].Rank.Why.In(l) + "\n\n")
			}
			file := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || string(want) != b.String() {
				t.Errorf("%v\n%s", err, b.String())
			}
		})
	}
}

func TestAdviceFitsTheCode(t *testing.T) {
	for _, c := range []struct{ scope, language, want string }{
		{"OpenTelemetry::Instrumentation::ActiveRecord", "ruby", "includes(:関連名)"},
		{"opentelemetry.instrumentation.django", "python", "prefetch_related"},
		{"opentelemetry.instrumentation.sqlalchemy", "python", "selectinload"},
		{"io.opentelemetry.hibernate-6.0", "java", "@EntityGraph"},
		{"gorm.io/plugin/opentelemetry", "go", "db.Preload"},
		{"@prisma/instrumentation", "nodejs", "include: { items: true }"},
		{"github.com/XSAM/otelsql", "go", "WHERE id = ANY($1)"},
		{"some.agent", "cobol", "まとめて"},
		{"", "", "まとめて"},
	} {
		in := traces(t, cartSlow)
		written(in, "shop", c.scope, c.language)
		st := Analyse([]Stratum{stratum("all", cart, 100, in)}, Options{})
		if got := Advice("n_plus_one_query", st.Causes[0].Stack); !strings.Contains(got.Ja, c.want) || got.En == "" {
			t.Errorf("%s: %s", c.scope, got.Ja)
		}
	}
	// The statement's own span tells before the request's, and that before another's.
	in := traces(t, cartSlow)
	written(in, "shop", "opentelemetry.instrumentation.django", "python")
	for _, x := range in {
		for i := range x.Tree.Nodes {
			if x.Tree.Nodes[i].Span.Kind == telemetry.KindClient {
				x.Tree.Nodes[i].Span.Scope = "opentelemetry.instrumentation.sqlalchemy"
			}
		}
	}
	if s := stackOf(in[0].Tree, 1); s != (Stack{"python", "sqlalchemy"}) {
		t.Errorf("%+v", s)
	}
	if s := stackOf(in[0].Tree, 0); s.Framework != "django" {
		t.Errorf("%+v", s)
	}
	if s := stackOf(&insight.Tree{}, 0); s != (Stack{}) {
		t.Errorf("%+v", s)
	}
}

func TestEachDetectorHasAReasonAndAdviceInBothLanguages(t *testing.T) {
	japanese := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x3040 && r <= 0x30ff })
	}
	for _, d := range detect.All() {
		if r := reasons[d.ID]; r.En == "" || !japanese(r.Ja) || japanese(r.En) || !strings.HasSuffix(r.Ja, "。") {
			t.Errorf("%s: %+v", d.ID, r)
		}
		if a := Advice(d.ID, Stack{"klingon", "none"}); a.En == "" || !japanese(a.Ja) {
			t.Errorf("%s: %+v", d.ID, a)
		}
	}
	if len(reasons) != len(detect.All()) {
		t.Errorf("%d reasons for %d detectors", len(reasons), len(detect.All()))
	}
	for id, by := range advice {
		if _, ok := detect.ByID(id); !ok {
			t.Errorf("%s is no detector", id)
		}
		for key, a := range by {
			if a.En == "" || !japanese(a.Ja) || japanese(a.En) || !strings.HasSuffix(a.Ja, "。") || !strings.HasSuffix(a.En, ".") {
				t.Errorf("%s %s: %+v", id, key, a)
			}
		}
	}
}

func TestWhatSpansSayIsNotMarkdown(t *testing.T) {
	for in, want := range map[string]string{"a": "`a`", "SELECT `x`\n FROM y": "`` SELECT `x` FROM y ``", "``": "``` `` ```"} {
		if got := code(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := escape("SELECT * FROM a_b <x> [y]\n`z`"); got != "SELECT \\* FROM a\\_b \\<x> \\[y\\] \\`z\\`" {
		t.Errorf("%q", got)
	}
}
