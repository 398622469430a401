package catalog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// shop is teams and products, and the owners on top of them.
type shop struct {
	*Owners
	people *people.Service
	clock  *clock.Fake
	ctx    context.Context // acts as an administrator
	pay    string          // ids of the teams
	web    string
}

func onBoth(t *testing.T, change func(*OwnersOptions), f func(t *testing.T, x *shop)) {
	t.Helper()
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), people.Migrations, Migrations); err != nil {
			t.Fatal(err)
		}
		c := clock.NewFake(now)
		x := &shop{people: people.New(people.Options{DB: db, Clock: c, HashMemory: 64, HashPasses: 1}), clock: c, ctx: authz.With(t.Context(), authz.System("test"))}
		opt := OwnersOptions{DB: db, People: x.people, Clock: c, TeamAttributes: []string{"service.owner", "team"}, ProductAttributes: []string{"service.namespace"}}
		if change != nil {
			change(&opt)
		}
		var err error
		if x.Owners, err = NewOwners(opt); err != nil {
			t.Fatal(err)
		}
		x.pay, x.web = x.team(t, "Payments"), x.team(t, "Web")
		for _, p := range []people.Product{{Name: "Checkout", Team: "payments"}, {Name: "Storefront", Team: "web"}} {
			if _, err := x.people.AddProduct(x.ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		f(t, x)
	})
}

func (x *shop) team(t *testing.T, name string) string {
	t.Helper()
	d, err := x.people.AddTeam(x.ctx, people.Team{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return d.ID
}

func ptr(s string) *string { return &s }

func (x *shop) assign(t *testing.T, service string, team, product *string) {
	t.Helper()
	if err := x.Assign(x.ctx, Assignment{[]string{service}, team, product}); err != nil {
		t.Fatal(err)
	}
}

// table is what is known, a line a service: name team/from product/from problems.
func (x *shop) table(t *testing.T) string {
	t.Helper()
	all, err := x.List(x.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range all {
		fmt.Fprintf(&b, "%s %s/%s %s/%s %v\n", o.Service, o.Team.Slug, o.TeamFrom, o.Product.Slug, o.ProductFrom, o.Problems)
	}
	return b.String()
}

const backstage = `
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  annotations: {backstage.io/techdocs-ref: "dir:."}
spec: {type: service, lifecycle: production, owner: group:default/payments, system: checkout}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: front-component
  annotations:
    yagura.io/service-name: front
spec: {owner: user:ann, system: default/storefront}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: lonely}
spec: {owner: guests}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: petstore}
spec: {definition: {$text: ./x.yaml}}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: platform, description: runs things}
spec: {type: team, children: [], profile: {displayName: Platform}}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: base, title: Base}
spec: {owner: platform}
`

func TestPrecedenceAndConflicts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "owners.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ours := `services:
  - name: cart
    team: web
  - names: [search-*]
    team: Web
  - {name: search-api, product: checkout}
  - {name: "*", team: nobody-yet}
`
	onBoth(t, func(o *OwnersOptions) { write(ours); o.Files = []string{file} }, func(t *testing.T, x *shop) {
		says := func(place string, c Claim) {
			c.Source, c.Place, c.At = Telemetry, place, x.clock.Now()
			if err := x.opt.DB.Write(t.Context(), func(tx *sqldb.Tx) error { return putClaim(tx, c) }); err != nil {
				t.Fatal(err)
			}
		}
		says("team=web", Claim{Service: "search-ui", Team: "web"})
		says("service.owner=payments", Claim{Service: "search-ui", Team: "payments"})
		says("service.namespace=storefront", Claim{Service: "front", Product: "storefront"})
		if _, err := x.Import(x.ctx, "catalog-info.yaml", backstage, false, false); err != nil {
			t.Fatal(err)
		}
		want := `cart web/file checkout/backstage [other_team product_team unknown_team]
front web/product storefront/backstage [unknown_team]
lonely / / [unknown_team]
search-api web/file checkout/file [product_team unknown_team]
search-ui web/file / [other_team unknown_team]
`
		if got := x.table(t); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		// A person is believed before all of them; taken back, the others count again.
		x.assign(t, "cart", ptr("payments"), nil)
		x.assign(t, "new", nil, ptr("storefront"))
		o, err := x.Of(x.ctx, "cart")
		if err != nil || o.TeamFrom != Manual || o.Team.ID != x.pay || o.ProductFrom != Backstage {
			t.Errorf("%+v %v", o, err)
		}
		if o.Claims[1].Place != "line 2" || o.Claims[1].Source != FromFile || !slices.Contains(o.Claims[1].Problems, OtherTeam) {
			t.Errorf("%+v", o.Claims[1])
		}
		if o, _ = x.Of(x.ctx, "new"); o.Team.ID != x.web || o.TeamFrom != FromProduct {
			t.Errorf("%+v", o)
		}
		x.assign(t, "cart", ptr(""), nil)
		x.assign(t, "new", nil, ptr(""))
		if got := x.table(t); got != want {
			t.Errorf("taken back: got\n%swant\n%s", got, want)
		}
		// The team that the pattern names comes to be: nothing needs to be imported again.
		if _, err := x.people.AddTeam(x.ctx, people.Team{Name: "Nobody yet"}); err != nil {
			t.Fatal(err)
		}
		if o, _ = x.Of(x.ctx, "lonely"); o.Team.Slug != "nobody-yet" || o.TeamFrom != FromFile {
			t.Errorf("%+v", o)
		}
		// Merged, everything that names it is the other's.
		if _, err := x.people.Merge(x.ctx, "web", "payments", false); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(x.table(t), "\n"); got != "cart payments/file checkout/backstage []" {
			t.Errorf("after the merger: %s", got)
		}

		// The file changes; then it breaks, and what it said holds.
		write("services: [{name: cart, product: storefront}]\n")
		if err := os.Chtimes(file, now, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		x.clock.Advance(filesEvery)
		if o, _ = x.Of(x.ctx, "cart"); o.Product.Slug != "storefront" || o.TeamFrom != Backstage {
			t.Errorf("%+v", o)
		}
		write("services: [{nam: cart}]\n")
		x.clock.Advance(filesEvery)
		if o, _ = x.Of(x.ctx, "cart"); o.Product.Slug != "storefront" {
			t.Errorf("%+v", o)
		}
		docs, err := x.Documents(x.ctx)
		if err != nil || len(docs) != 2 || docs[0].Name != "catalog-info.yaml" || docs[0].Claims != 3 || docs[1].Err == nil || !strings.Contains(docs[1].Err.Error(), file) {
			t.Errorf("%+v %v", docs, err)
		}
		if _, err := NewOwners(x.opt); !fault.Is(err, fault.Invalid) {
			t.Errorf("it would start with that file: %v", err)
		}
		if err := x.Forget(x.ctx, "catalog-info.yaml"); err != nil {
			t.Error(err)
		}
		if err := x.Forget(x.ctx, file); !fault.Is(err, fault.NotFound) {
			t.Errorf("a configured file is the configuration's: %v", err)
		}
	})
}

func TestImportMakesWhatItDeclares(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, x *shop) {
		r, err := x.Import(x.ctx, "all", backstage, true, true)
		if err != nil || fmt.Sprint(r.Services, r.Teams, r.Products, r.Unknown) != "[cart front lonely] [platform guests] [base] []" || len(r.Left) != 2 {
			t.Fatalf("%+v %v", r, err)
		}
		if x.table(t) != "" {
			t.Error("a preview changed something")
		}
		if r, err = x.Import(x.ctx, "all", backstage, false, false); err != nil || fmt.Sprint(r.Unknown) != "[platform guests base]" {
			t.Fatalf("%+v %v", r, err)
		}
		if _, err = x.Import(x.ctx, "all", backstage, true, false); err != nil {
			t.Fatal(err)
		}
		want := "cart payments/backstage checkout/backstage []\nfront web/product storefront/backstage []\nlonely guests/backstage / []\n"
		if got := x.table(t); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		// The next of that name replaces it.
		if _, err = x.Import(x.ctx, "all", "services: [{name: other, team: web}]", false, false); err != nil {
			t.Fatal(err)
		}
		if got := x.table(t); got != "other web/file / []\n" {
			t.Errorf("%s", got)
		}
		for name, text := range map[string]string{
			"no YAML": "services: [", "nothing said": "services: [{name: a}]", "no name": "services: [{team: web}]",
			"a typing error": "services: [{name: a, tema: web}]", "something else": "- a\n- b",
		} {
			if _, err := x.Import(x.ctx, "bad", text, false, false); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := x.Import(x.ctx, "empty", "# nothing\n", false, false); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoMayAssign(t *testing.T) {
	onBoth(t, nil, func(t *testing.T, x *shop) {
		x.assign(t, "theirs", ptr("web"), nil)
		lead := authz.With(t.Context(), authz.Principal{UserID: "u", Name: "Lea", Kind: authz.KindUser, Role: authz.Lead, Teams: []string{x.pay}, Leads: []string{x.pay}})
		do := func(service, team string) error { return x.Assign(lead, Assignment{[]string{service}, &team, nil}) }
		if err := do("unowned", "payments"); err != nil {
			t.Errorf("what is nobody's: %v", err)
		}
		if err := do("theirs", "payments"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("what is another's: %v", err)
		}
		if err := do("free", "web"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("give what is nobody's to another team: %v", err)
		}
		if err := do("unowned", "web"); err != nil {
			t.Errorf("give one's own away: %v", err)
		}
		if err := do("unowned", "payments"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("and take it back: %v", err)
		}
		if err := do("free", "nobody"); fault.Of(err).Field != "team" {
			t.Errorf("%v", err)
		}
		if err := do("a*", "payments"); fault.Of(err).Field != "services" {
			t.Errorf("%v", err)
		}
		trail, err := x.people.AuditTrail(x.ctx, people.AuditQuery{Subject: "unowned"}, 0, 9)
		if err != nil || len(trail) != 2 || trail[0].Actor.Name != "Lea" || string(trail[1].After) != `{"team":"`+x.pay+`"}` {
			t.Errorf("%+v %v", trail, err)
		}
		// An outside operator sees what their team owns.
		op := authz.With(t.Context(), authz.Principal{UserID: "o", Kind: authz.KindUser, Role: authz.Operator, Teams: []string{x.web}})
		services, all, err := x.Visible(op)
		if err != nil || all || fmt.Sprint(services) != "[theirs unowned]" {
			t.Errorf("%v %v %v", services, all, err)
		}
		if _, all, _ := x.Visible(lead); !all {
			t.Error("others see everything")
		}
		if err := x.Assign(op, Assignment{[]string{"theirs"}, ptr("web"), nil}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v", err)
		}
		if _, err := x.Of(op, "free"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

// resources is a FacetReader over what services send as resource attributes.
type resources []map[string]string

func (r resources) LogFacets(context.Context, telemetry.Query, []string, int) ([]telemetry.Facet, error) {
	return nil, nil
}

func (r resources) SpanFacets(_ context.Context, q telemetry.Query, keys []string, _ int) ([]telemetry.Facet, error) {
	out := make([]telemetry.Facet, len(keys))
	for i, key := range keys {
		out[i].Key = key
		seen := map[string]bool{}
		for _, one := range r {
			s := telemetry.Span{Source: telemetry.Source{Service: one["service"]}}
			for k, v := range one {
				if k != "service" {
					s.Source.Attrs = append(s.Source.Attrs, telemetry.Attr{Key: k, Value: v})
				}
			}
			v := one[strings.TrimPrefix(key, "resource.")]
			if v != "" && !seen[v] && (q.Filter == nil || filter.Match(q.Filter, telemetry.SpanRow(&s))) {
				seen[v] = true
				out[i].Values = append(out[i].Values, telemetry.FacetValue{Value: v, Count: 1})
			}
		}
	}
	return out, nil
}

func TestLearnFromTelemetry(t *testing.T) {
	var r resources
	onBoth(t, func(o *OwnersOptions) { o.Reader = &r }, func(t *testing.T, x *shop) {
		r = resources{
			{"service": "cart", "service.owner": "Payments", "service.namespace": "checkout"},
			{"service": "cart", "team": "web"},
			{"service": "front", "service.namespace": "elsewhere"},
			{"service": "plain"},
		}
		for range 2 {
			if err := x.Learn(t.Context()); err != nil {
				t.Fatal(err)
			}
			x.clock.Advance(LearnEvery)
		}
		want := "cart payments/telemetry checkout/telemetry [other_team]\nfront / / [unknown_product]\nplain / / []\n"
		if got := x.table(t); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		o, _ := x.Of(x.ctx, "cart")
		if len(o.Claims) != 3 || o.Claims[1].Place == "" || !o.FirstSeen.Equal(now) || !o.LastSeen.Equal(now.Add(LearnEvery)) {
			t.Errorf("%+v", o)
		}
		// What is not said any more is forgotten after a week.
		r = resources{{"service": "cart"}}
		x.clock.Advance(learnForget + time.Hour)
		if err := x.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := x.table(t); got != "cart / / []\nfront / / []\nplain / / []\n" {
			t.Errorf("%s", got)
		}
	})
}

func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"a": "a", "a*": "a ab abc", "*c": "abc xc", "a*c": "abc", "*": "a ab abc xc *", "*b*": "ab abc", "a*b*c": "abc", "ab*bc": "", "": "",
	} {
		var got []string
		for _, name := range []string{"a", "ab", "abc", "xc", "*"} {
			if matches(pattern, name) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q fits %v, want %s", pattern, got, want)
		}
	}
}
