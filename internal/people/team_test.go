package people

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// shelf owns services for tests, as the catalogue does.
type shelf struct{ team map[string]string }

func (o *shelf) OwnedBy(_ context.Context, _ *sqldb.Tx, team, product string) (out []string, err error) {
	for name, t := range o.team {
		if t == team && team != "" || t == product && product != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (o *shelf) Reassign(_ context.Context, _ *sqldb.Tx, services []string, team string) error {
	for _, s := range services {
		o.team[s] = team
	}
	return nil
}

func (x *fixture) team(t *testing.T, name string) TeamDetail {
	t.Helper()
	d, err := x.AddTeam(x.ctx, Team{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// as acts for a user with what they are now.
func (x *fixture) as(t *testing.T, u User) context.Context {
	t.Helper()
	err := x.db.Read(t.Context(), func(tx *sqldb.Tx) (err error) {
		if u, err = userByID(tx, u.ID); err == nil {
			u.teams, err = membershipsOf(tx, u.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return authz.With(t.Context(), u.Principal())
}

func yes(Team) error { return nil }

func str(s string) *string { return &s }

func roll(d TeamDetail) string {
	var out []string
	for _, p := range d.People {
		name, _, _ := strings.Cut(p.Name, "@")
		if p.Lead {
			name += "*"
		}
		for _, s := range p.Sources {
			name += " " + string(s)
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

func TestTeamLinksOutliveEveryChange(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		pay, web := x.team(t, "Payments"), x.team(t, "Web shop")
		if pay.Slug != "payments" || web.Slug != "web-shop" {
			t.Fatalf("%q %q", pay.Slug, web.Slug)
		}
		if ja := x.team(t, "決済チーム"); ja.Slug != ja.ID {
			t.Errorf("a name without Latin letters: slug %q", ja.Slug)
		}
		for _, slug := range []string{"money", "cash", "payments", "cash"} { // also back and forth
			if _, err := x.UpdateTeam(x.ctx, pay.ID, TeamChange{Slug: &slug, Name: str("Money")}, yes); err != nil {
				t.Fatal(err)
			}
		}
		for _, ref := range []string{pay.ID, "payments", "money", "cash"} {
			if d, err := x.Team(x.ctx, ref); err != nil || d.ID != pay.ID || d.Slug != "cash" || fmt.Sprint(d.Former) != "[money payments]" {
				t.Errorf("%s: %+v %v", ref, d, err)
			}
		}
		// Nobody else can take what leads there.
		_, err := x.AddTeam(x.ctx, Team{Name: "New", Slug: "payments"})
		wantCode(t, err, fault.Conflict, "an old slug")
		_, err = x.UpdateTeam(x.ctx, web.ID, TeamChange{Slug: str("money")}, yes)
		wantCode(t, err, fault.Conflict, "an old slug of another")
		_, err = x.AddTeam(x.ctx, Team{Name: " ", Slug: "no spaces"})
		if got := fields(err); got != "name slug" {
			t.Errorf("fields at fault: %q", got)
		}

		// Merged twice over, everything leads to the last.
		last := x.team(t, "Commerce")
		for _, m := range [][2]string{{"payments", web.ID}, {"web-shop", "commerce"}} {
			if _, err := x.Merge(x.ctx, m[0], m[1], false); err != nil {
				t.Fatal(err)
			}
		}
		for _, ref := range []string{pay.ID, web.ID, "payments", "money", "cash", "web-shop", last.ID} {
			d, err := x.Team(x.ctx, ref)
			if err != nil || d.ID != last.ID {
				t.Errorf("%s leads to %+v %v", ref, d.Team, err)
			}
			dir, err := x.Directory(x.ctx, nil)
			if got, ok := dir.Team(ref); err != nil || !ok || got.ID != last.ID {
				t.Errorf("directory: %s leads to %+v %v", ref, got, err)
			}
		}
		if d, _ := x.Team(x.ctx, last.ID); fmt.Sprint(d.Former) != "[cash money payments web-shop]" {
			t.Errorf("%v", d.Former)
		}
		_, err = x.AddTeam(x.ctx, Team{Name: "Web shop"})
		wantCode(t, err, fault.Conflict, "the slug of a merged team")
		_, err = x.Merge(x.ctx, pay.ID, last.ID, false)
		if got := fields(err); got != "into" {
			t.Errorf("into itself: %q", got)
		}
		_, err = x.Team(x.ctx, "nothing")
		wantCode(t, err, fault.NotFound, "unknown")
		if err := x.RemoveTeam(x.ctx, "web-shop"); err != nil { // the last one, by an old link
			t.Fatal(err)
		}
		_, err = x.Team(x.ctx, pay.ID)
		wantCode(t, err, fault.NotFound, "gone with all that was merged")
	})
}

func TestMergeAndSplitMoveEverythingOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		own := &shelf{map[string]string{}}
		x.BindOwnership(own)
		a, b := x.team(t, "Alpha"), x.team(t, "Beta")
		ann, bob, eve := x.admin, x.add(t, "bob@example.com", authz.Member), x.add(t, "eve@example.com", authz.Viewer)
		for _, m := range []struct {
			team string
			u    User
			lead bool
		}{{a.ID, ann, true}, {a.ID, bob, true}, {a.ID, eve, false}, {b.ID, bob, false}} {
			if _, err := x.PutMember(x.ctx, m.team, m.u.ID, m.lead); err != nil {
				t.Fatal(err)
			}
		}
		shop, err := x.AddProduct(x.ctx, Product{Name: "Shop", Team: "alpha"})
		if err != nil || shop.Team != a.ID {
			t.Fatal(shop, err)
		}
		own.team["cart"], own.team["batch"], own.team["front"] = a.ID, a.ID, shop.ID

		before := x.lines(t)
		m, err := x.Merge(x.ctx, "alpha", "beta", true)
		if err != nil || len(m.Members) != 3 || len(m.Products) != 1 || fmt.Sprint(m.Services) != "[batch cart]" {
			t.Fatalf("preview: %+v %v", m, err)
		}
		if d, _ := x.Team(x.ctx, "alpha"); d.Members != 3 || x.lines(t) != before {
			t.Error("a preview changed something")
		}
		plan := SplitPlan{Team: Team{Name: "Gamma"}, Members: []string{eve.ID}, Both: []string{bob.ID}, Products: []string{"shop"}, Services: []string{"cart"}}
		if _, err = x.Split(x.ctx, "alpha", plan, true); err != nil {
			t.Fatal(err)
		}
		own.team["cart"] = a.ID // the shelf of this test knows no transactions
		if _, err := x.Team(x.ctx, "gamma"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a preview made a team: %v", err)
		}
		if _, err = x.Split(x.ctx, "alpha", plan, false); err != nil {
			t.Fatal(err)
		}
		d, _ := x.Team(x.ctx, "alpha")
		g, _ := x.Team(x.ctx, "gamma")
		if roll(d) != "Ann* manual, bob* manual" || roll(g) != "bob* manual, eve manual" || len(d.Owns) != 0 || len(g.Owns) != 1 ||
			fmt.Sprint(d.Services, g.Services) != "[batch] [cart]" {
			t.Errorf("%s | %s | %v %v | %v %v", roll(d), roll(g), d.Owns, g.Owns, d.Services, g.Services)
		}
		for name, bad := range map[string]SplitPlan{
			"members":  {Team: Team{Name: "X"}, Members: []string{eve.ID}},
			"products": {Team: Team{Name: "X"}, Products: []string{"shop"}},
			"services": {Team: Team{Name: "X"}, Services: []string{"cart"}},
		} {
			_, err := x.Split(x.ctx, "alpha", bad, false)
			if got := fields(err); got != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantCode(t, x.RemoveTeam(x.ctx, "gamma"), fault.Conflict, "it owns something")
		wantCode(t, x.RemoveProduct(x.ctx, "shop"), fault.Conflict, "services belong to it")

		if _, err := x.Merge(x.ctx, "alpha", "beta", false); err != nil {
			t.Fatal(err)
		}
		if d, _ = x.Team(x.ctx, "alpha"); d.ID != b.ID || roll(d) != "Ann* manual, bob* manual" {
			t.Errorf("%+v %s", d.Team, roll(d))
		}
		line := x.last(t)
		if line.Action != "team.merge" || !strings.Contains(string(line.Before), `"services":["batch"]`) || !strings.Contains(string(line.After), b.ID) {
			t.Errorf("%+v %s %s", line.Action, line.Before, line.After)
		}
	})
}

func (x *fixture) lines(t *testing.T) int {
	t.Helper()
	all, err := x.AuditTrail(x.ctx, AuditQuery{}, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func (x *fixture) last(t *testing.T) Entry {
	t.Helper()
	all, err := x.AuditTrail(x.ctx, AuditQuery{}, 0, 1)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

func TestAuditIsFiltered(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		bob := x.add(t, "bob@example.com", authz.Admin)
		x.clock.Advance(time.Hour)
		later := x.clock.Now()
		a := x.team(t, "Alpha")
		if _, err := x.AddTeam(x.as(t, bob), Team{Name: "Beta"}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			q    AuditQuery
			want string
		}{
			"all":         {AuditQuery{}, "team.create team.create user.create user.setup"},
			"kind":        {AuditQuery{Action: "team."}, "team.create team.create"},
			"one kind":    {AuditQuery{Action: "user.create"}, "user.create"},
			"no wildcard": {AuditQuery{Action: "%"}, ""},
			"actor":       {AuditQuery{Actor: bob.ID}, "team.create"},
			"actor name":  {AuditQuery{Actor: "Ann", Action: "team"}, "team.create"},
			"subject":     {AuditQuery{Subject: a.ID}, "team.create"},
			"since":       {AuditQuery{From: later}, "team.create team.create"},
			"until":       {AuditQuery{To: later}, "user.create user.setup"},
			"address":     {AuditQuery{Addr: "203.0.113.9"}, ""},
		} {
			entries, err := x.AuditTrail(x.ctx, c.q, 0, 10)
			var got []string
			for _, e := range entries {
				got = append(got, e.Action)
			}
			if err != nil || strings.Join(got, " ") != c.want {
				t.Errorf("%s: %v %v, want %s", name, got, err, c.want)
			}
		}
		if actions, err := x.AuditActions(x.ctx); err != nil || fmt.Sprint(actions) != "[team.create user.create user.setup]" {
			t.Errorf("%v %v", actions, err)
		}
	})
}

func TestLeadsDecideForTheirTeamsAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		a, b := x.team(t, "Alpha"), x.team(t, "Beta")
		lead, plain, op := x.add(t, "lead@example.com", authz.Viewer), x.add(t, "plain@example.com", authz.Lead), x.add(t, "op@partner.example", authz.Operator)
		if _, err := x.PutMember(x.ctx, a.ID, lead.ID, true); err != nil {
			t.Fatal(err)
		}
		ctx := x.as(t, lead)
		if p := authz.From(ctx); p.Role != authz.Lead || !p.Decides(a.ID) || p.Decides(b.ID) {
			t.Errorf("%+v", p)
		}
		if _, err := x.PutMember(ctx, "alpha", op.ID, false); err != nil {
			t.Error(err)
		}
		if _, err := x.UpdateTeam(ctx, "alpha", TeamChange{Name: str("A")}, yes); err != nil {
			t.Error(err)
		}
		prod, err := x.AddProduct(ctx, Product{Name: "Mine", Team: "alpha"})
		if err != nil {
			t.Error(err)
		}
		theirs, err := x.AddProduct(x.ctx, Product{Name: "Theirs", Team: "beta"})
		if err != nil {
			t.Error(err)
		}
		never := func(Product) error { return nil }
		for name, err := range map[string]error{
			"other team":        second(x.PutMember(ctx, "beta", lead.ID, true)),
			"rename other":      second(x.UpdateTeam(ctx, "beta", TeamChange{Name: str("B")}, yes)),
			"create":            second(x.AddTeam(ctx, Team{Name: "C"})),
			"merge own":         second(x.Merge(ctx, "alpha", "beta", true)),
			"split own":         second(x.Split(ctx, "alpha", SplitPlan{Team: Team{Name: "C"}}, true)),
			"delete own":        x.RemoveTeam(ctx, "alpha"),
			"product of others": second(x.AddProduct(ctx, Product{Name: "P", Team: "beta"})),
			"take a product":    second(x.UpdateProduct(ctx, theirs.ID, ProductChange{Team: &a.ID}, never)),
			"delete theirs":     x.RemoveProduct(ctx, theirs.ID),
			// The role alone leads no team.
			"lead of none": second(x.PutMember(x.as(t, plain), "alpha", plain.ID, true)),
			"operator":     second(x.PutMember(x.as(t, op), "alpha", op.ID, true)),
		} {
			wantCode(t, err, fault.Forbidden, name)
		}
		if _, err := x.UpdateProduct(ctx, prod.ID, ProductChange{Team: &b.ID}, never); err != nil {
			t.Errorf("give one's own away: %v", err)
		}
		_, err = x.PutMember(x.ctx, "alpha", op.ID, true)
		if got := fields(err); got != "lead" {
			t.Errorf("an operator as lead: %v", err)
		}

		// The operator sees their team and nothing of others.
		ctx = x.as(t, op)
		if teams, err := x.Teams(ctx); err != nil || len(teams) != 1 || teams[0].ID != a.ID {
			t.Errorf("%+v %v", teams, err)
		}
		_, err = x.Team(ctx, "beta")
		wantCode(t, err, fault.NotFound, "another team")
		if all, err := x.Products(ctx); err != nil || len(all) != 0 {
			t.Errorf("%+v %v", all, err)
		}
		for name, err := range map[string]error{"users": second(x.Users(ctx)), "audit": second(x.AuditTrail(ctx, AuditQuery{}, 0, 1))} {
			wantCode(t, err, fault.Forbidden, name)
		}
		// Out of the team, a lead is what they were.
		if _, err := x.RemoveMember(x.ctx, "alpha", lead.ID); err != nil {
			t.Fatal(err)
		}
		if p := authz.From(x.as(t, lead)); p.Role != authz.Viewer || len(p.Teams) != 0 {
			t.Errorf("%+v", p)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestTeamsByHTTP(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		a := api.New(api.Options{Auth: x.Service, Clock: x.clock})
		x.Routes(a)
		ann := &browser{t: t, api: a}
		ann.must(200, "POST", "/session", `{"email":"ann@example.com","password":"`+password+`"}`)
		made := ann.must(201, "POST", "/teams", `{"name":"Payments"}`)
		_, _, w := ann.call("GET", "/teams/payments", "")
		tag := w.Header().Get("ETag")
		ann.must(200, "PATCH", "/teams/payments", `{"slug":"money"}`, "If-Match: "+tag)
		ann.must(412, "PATCH", "/teams/payments", `{"slug":"cash"}`, "If-Match: "+tag)
		got := ann.must(200, "GET", "/teams/payments", "")
		if got["redirected_from"] != "payments" || got["slug"] != "money" || got["id"] != made["id"] {
			t.Errorf("%v", got)
		}
		ann.must(200, "PUT", "/teams/money/members/"+x.admin.ID, `{"lead":true}`)
		if got = ann.must(200, "GET", "/teams/money", ""); got["redirected_from"] != nil || got["people"].([]any)[0].(map[string]any)["email"] != "ann@example.com" {
			t.Errorf("%v", got)
		}
		ann.must(201, "POST", "/teams", `{"name":"Other"}`)
		ann.must(201, "POST", "/products", `{"name":"Shop","team":"money"}`)
		ann.must(422, "POST", "/products", `{"name":"Shop","team":"nobody"}`)
		if got = ann.must(200, "POST", "/teams/money/merge", `{"into":"other","preview":true}`); got["done"] != false || len(got["members"].([]any)) != 1 {
			t.Errorf("%v", got)
		}
		ann.must(200, "POST", "/teams/money/split", `{"name":"Half","members":["`+x.admin.ID+`"],"products":["shop"]}`)
		ann.must(200, "POST", "/teams/money/merge", `{"into":"other"}`)
		if list := ann.must(200, "GET", "/teams", "")["items"].([]any); len(list) != 2 {
			t.Errorf("%v", list)
		}
		ann.must(200, "DELETE", "/teams/half/members/"+x.admin.ID, "")
		ann.must(409, "DELETE", "/teams/half", "")
		ann.must(204, "DELETE", "/products/shop", "")
		ann.must(204, "DELETE", "/teams/half", "")
		ann.must(404, "GET", "/teams/half", "")
	})
}
