package authz

import (
	"context"
	"testing"

	"github.com/yagura-sre/yagura/internal/fault"
)

// TestTable states who holds what, permission by permission.
func TestTable(t *testing.T) {
	who := map[string]Principal{
		"nobody": {},
		"viewer": {Role: Viewer, Kind: KindUser},
		"member": {Role: Member, Kind: KindUser},
		"lead":   {Role: Lead, Kind: KindUser},
		"admin":  {Role: Admin, Kind: KindUser},
		"token":  {Role: Viewer, Kind: KindToken},
		"ingest": {Role: Ingest, Kind: KindToken},
		"local":  Local(),
		"odd":    {Role: "root", Kind: KindUser},
	}
	order := []string{"nobody", "viewer", "member", "lead", "admin", "token", "ingest", "local", "odd"}
	rows := []struct {
		perm Permission
		may  string // one letter for each of order: y or -
	}{
		{Public, "yyyyyyyyy"},
		{SignedIn, "-yyyyy-y-"},
		{TelemetryRead, "-yyyyy-y-"},
		{StatusRead, "-yyyyy-y-"},
		{UsersRead, "--yyy--y-"},
		{AuditRead, "---yy--y-"},
		{UsersWrite, "----y--y-"},
		{TokensRead, "----y--y-"},
		{TokensWrite, "----y--y-"},
		{TelemetryWrite, "------yy-"},
		{"telemetry.raed", "---------"}, // what nobody granted
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
	for p := range least {
		if !listed[p] {
			t.Errorf("permission %s is not in this table", p)
		}
	}
}

func TestContextWithoutPrincipalIsNobody(t *testing.T) {
	if !From(context.Background()).Nobody() {
		t.Error("a bare context must be nobody")
	}
}
