package app

import (
	"os"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// peopleOptions turns the configuration into what the room of people stands on.
func (a *App) peopleOptions(db *sqldb.DB) (people.Options, error) {
	c := a.Config.Auth
	opt := people.Options{
		DB: db, Clock: a.Clock, Log: a.Log.With("room", "people"), NoAuth: a.Config.NoAuth(),
		OIDC: oidcOptions(c.OIDC, a.Config.PublicURL), AdminPasswords: c.Passwords == "admins",
	}
	if c.TeamsFile == "" {
		return opt, nil
	}
	text, err := os.ReadFile(c.TeamsFile)
	if err != nil {
		return opt, &fault.Error{Code: fault.Invalid, Field: "auth.teams_file", Cause: err, Text: i18n.F(
			"The file cannot be read: %s", "ファイルを読み取れません: %s", err)}
	}
	opt.TeamsFile, err = people.ParseTeamsFile("auth.teams_file", text)
	return opt, err
}

func oidcOptions(o config.OIDC, publicURL string) *people.OIDC {
	if o.Issuer == "" {
		return nil
	}
	out := &people.OIDC{
		Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Name: o.Name, Scopes: o.Scopes,
		GroupsClaim: o.GroupsClaim, TeamPrefix: o.TeamPrefix, AllowUnknown: o.AllowUnknown, DefaultRole: authz.Role(o.DefaultRole),
		Domains: o.Domains, LinkByEmail: o.LinkByEmail, TrustEmail: o.TrustEmail,
		Leeway: o.Leeway.D(), MaxSession: o.MaxSession.D(), PublicURL: publicURL,
		// The address is the operator's own, so it may be an internal one.
		Client: netguard.New(netguard.Options{AnyAddress: true, Timeout: 10 * time.Second}).Client(),
	}
	for _, m := range o.Roles {
		group, role, _ := config.Mapping(m)
		out.Roles = append(out.Roles, people.GroupRole{Group: group, Role: authz.Role(role)})
	}
	for _, m := range o.Teams {
		group, team, _ := config.Mapping(m)
		team, lead := strings.CutSuffix(team, ":lead")
		out.Teams = append(out.Teams, people.GroupTeam{Group: group, Team: team, Lead: lead})
	}
	return out
}
