package authz

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

var update = flag.Bool("update", false, "write testdata/roles.md")

// The table as a reviewer sees it change; the guide shows the same rows.
func TestRolesGolden(t *testing.T) {
	const golden = "testdata/roles.md"
	got := Markdown(i18n.En) + "\n" + Markdown(i18n.Ja)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%s is out of date (%v); run with -update and look at what changed:\n%s", golden, err, got)
	}
	for lang, file := range map[i18n.Lang]string{i18n.En: "../../docs/guide/en/people.md", i18n.Ja: "../../docs/guide/ja/people.md"} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), Markdown(lang)) {
			t.Errorf("%s does not show this table (%v):\n%s", file, err, Markdown(lang))
		}
	}
}

// Leading is of a team, not of all teams.
func TestDecides(t *testing.T) {
	lead := Principal{Role: Lead, Kind: KindUser, Teams: []string{"a", "b"}, Leads: []string{"a"}}
	for _, c := range []struct {
		p    Principal
		team string
		want bool
	}{
		{lead, "a", true}, {lead, "b", false}, {lead, "", false},
		{Principal{Role: Lead, Kind: KindUser, Leads: []string{""}}, "", false},
		{Principal{Role: Member, Kind: KindUser, Leads: []string{"a"}}, "a", false},
		{Principal{Role: Operator, Kind: KindUser, Leads: []string{"a"}}, "a", false},
		{Principal{Role: Admin, Kind: KindUser}, "a", true}, {Local(), "a", true}, {Principal{}, "a", false},
	} {
		if err := CanDecide(With(t.Context(), c.p), c.team); (err == nil) != c.want {
			t.Errorf("%+v for %q: %v, want %v", c.p, c.team, err, c.want)
		}
	}
}

// TestTable states who holds what, permission by permission.
func TestTable(t *testing.T) {
	who := map[string]Principal{
		"nobody":  {},
		"viewer":  {Role: Viewer, Kind: KindUser},
		"member":  {Role: Member, Kind: KindUser},
		"lead":    {Role: Lead, Kind: KindUser},
		"admin":   {Role: Admin, Kind: KindUser},
		"outside": {Role: Operator, Kind: KindUser, Teams: []string{"t1"}},
		"token":   {Role: Viewer, Kind: KindToken},
		"ingest":  {Role: Ingest, Kind: KindToken},
		"local":   Local(),
		"odd":     {Role: "root", Kind: KindUser},
	}
	order := []string{"nobody", "viewer", "member", "lead", "admin", "token", "ingest", "local", "odd", "outside"}
	rows := []struct {
		perm Permission
		may  string // one letter for each of order: y or -
	}{
		{Public, "yyyyyyyyyy"},
		{SignedIn, "-yyyyy-y-y"},
		{TelemetryRead, "-yyyyy-y--"},
		{TelemetryReadOwn, "-yyyyy-y-y"},
		{TeamsRead, "-yyyyy-y-y"},
		{TeamsLead, "---yy--y--"},
		{TeamsWrite, "----y--y--"},
		{AlertsAck, "--yyy--y-y"},
		{ErrorsWrite, "--yyy--y--"},
		{ViewsShare, "--yyy--y--"},
		{ReleasesWrite, "--yyy--y--"},
		{CodeRead, "--yyy--y--"},
		{IssuesWrite, "--yyy--y--"},
		{CodeWrite, "----y--y--"},
		{NotifyRead, "--yyy--y--"},
		{NotifyWrite, "----y--y--"},
		{JobsRun, "----y--y--"},
		{RetentionWrite, "----y--y--"},
		{StatusRead, "-yyyyy-y--"},
		{UsersRead, "--yyy--y--"},
		{AuditRead, "---yy--y--"},
		{UsersWrite, "----y--y--"},
		{TokensRead, "----y--y--"},
		{TokensWrite, "----y--y--"},
		{TelemetryWrite, "------yy--"},
		{"telemetry.raed", "----------"}, // what nobody granted
	}
	listed := map[Permission]bool{}
	for _, row := range rows {
		listed[row.perm] = true
		for i, name := range order {
			err := Can(With(context.Background(), who[name]), row.perm)
			if want := row.may[i] == 'y'; (err == nil) != want {
				t.Errorf("%s %s: allowed %v, want %v", name, row.perm, err == nil, want)
			}
			if err == nil {
				continue
			}
			want := fault.Forbidden
			if name == "nobody" {
				want = fault.Unauthenticated
			}
			if !fault.Is(err, want) {
				t.Errorf("%s %s: %v, want a fault %s", name, row.perm, err, want)
			}
		}
	}
	for _, g := range table {
		if !listed[g.perm] {
			t.Errorf("permission %s is not in this table", g.perm)
		}
	}
}

func TestContextWithoutPrincipalIsNobody(t *testing.T) {
	if !From(context.Background()).Nobody() {
		t.Error("a bare context must be nobody")
	}
}
