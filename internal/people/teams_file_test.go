package people

import (
	"testing"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

func parseTeams(t *testing.T, text string) *TeamsFile {
	t.Helper()
	f, err := ParseTeamsFile("auth.teams_file", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTeamsFile(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		text := `
teams:
  - slug: payments
    name: 決済
    leads: [ANN@example.com]
    members: [bob@example.com, later@example.com]
products:
  - {slug: shop, name: Shop, team: payments}
`
		x.add(t, "bob@example.com", authz.Member)
		for range 2 { // each start does it again
			x.file = parseTeams(t, text)
			if err := x.ApplyTeamsFile(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		d, err := x.Team(x.ctx, "payments")
		if err != nil || roll(d) != "Ann* file, bob file" || d.Name != "決済" || d.Origin != FromFile || len(d.Owns) != 1 {
			t.Fatalf("%+v %s %v", d, roll(d), err)
		}
		if got := x.trailOf(t, "team."); got != "team.create team.member team.member" {
			t.Errorf("the second start changed something: %s", got)
		}
		if line := x.last(t); line.Actor.Kind != authz.KindSystem {
			t.Errorf("%+v", line.Actor)
		}
		later := x.add(t, "Later@example.com", authz.Viewer)
		if d, _ = x.Team(x.ctx, "payments"); roll(d) != "Ann* file, bob file, Later file" {
			t.Errorf("whoever gets an account: %s", roll(d))
		}
		_, err = x.RemoveMember(x.ctx, "payments", later.ID)
		wantCode(t, err, fault.Conflict, "whom the file put there")

		// Merged by hand, the file's team is the other, and not made again.
		x.team(t, "Commerce")
		if _, err := x.Merge(x.ctx, "payments", "commerce", false); err != nil {
			t.Fatal(err)
		}
		x.file = parseTeams(t, "teams: [{slug: payments, name: 決済, members: [bob@example.com]}]")
		if err := x.ApplyTeamsFile(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d, _ = x.Team(x.ctx, "payments"); d.Slug != "commerce" || d.Name != "Commerce" || roll(d) != "bob file" {
			t.Errorf("%+v %s", d.Team, roll(d))
		}
	})
}

func (x *fixture) trailOf(t *testing.T, action string) (s string) {
	t.Helper()
	all, err := x.AuditTrail(x.ctx, AuditQuery{Action: action}, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if s != "" {
			s = " " + s
		}
		s = e.Action + s
	}
	return s
}

// The file was read before there was anybody: the first administrator is in their team too.
func TestTeamsFileNamesTheFirstAdministrator(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		x := fresh(t, db)
		x.file = parseTeams(t, "teams: [{slug: a, name: A, leads: [ann@example.com]}]")
		if err := x.ApplyTeamsFile(t.Context()); err != nil {
			t.Fatal(err)
		}
		token, err := x.SetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		u, _, err := x.Setup(t.Context(), token, User{Email: "ann@example.com", Name: "Ann"}, password)
		if p := u.Principal(); err != nil || len(p.Leads) != 1 || p.Role != authz.Admin {
			t.Errorf("%+v %v", p, err)
		}
	})
}

func TestTeamsFileThatIsWrong(t *testing.T) {
	for name, text := range map[string]string{
		"not YAML":       "teams: [",
		"unknown key":    "teams: [{slug: a, name: A, member: [x]}]",
		"no slug":        "teams: [{name: A}]",
		"twice":          "teams: [{slug: a, name: A}, {slug: a, name: B}]",
		"bad slug":       "teams: [{slug: A B, name: A}]",
		"no name":        "teams: [{slug: a}]",
		"no team":        "products: [{slug: p, name: P}]",
		"product twice":  "products: [{slug: p, name: P, team: a}, {slug: p, name: P, team: a}]",
		"list is a text": "teams: payments",
	} {
		_, err := ParseTeamsFile("auth.teams_file", []byte(text))
		if got := fields(err); !fault.Is(err, fault.Invalid) || got == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err := ParseTeamsFile("x", []byte("# nothing yet\n")); err != nil || len(f.Teams) != 0 {
		t.Errorf("%+v %v", f, err)
	}
}
