// Package authz says who may do what: four roles that contain one another, the outside
// operator beside them, a list of permissions, and the principal on whose behalf a request
// runs. table.go grants; testdata/roles.md shows it, and so does the guide.
//
// Invariants: what is not granted in the table is refused; an ingest token may write
// telemetry and nothing else; an outside operator holds only what the table gives them by
// name, and sees only services that their teams own; a context without a principal is
// nobody.
package authz

import (
	"context"
	"slices"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Role is what a user or a token is. Each role of people may do all that the one before
// it may.
type Role string

// The roles. Operator and Ingest stand outside the ladder.
const (
	Viewer Role = "viewer" // reads
	Member Role = "member" // works with incidents, boards, notes
	Lead   Role = "lead"   // also decides for the teams that they lead
	Admin  Role = "admin"  // also users, tokens, settings, all teams
	// Operator is an on-call person of an outside company: they see what the teams that
	// they are assigned to own, and acknowledge.
	Operator Role = "operator"
	Ingest   Role = "ingest" // writes telemetry, reads nothing; for tokens alone
)

// Roles are the roles of the ladder, least first.
var Roles = []Role{Viewer, Member, Lead, Admin}

// PeopleRoles are all that a person may have.
var PeopleRoles = []Role{Operator, Viewer, Member, Lead, Admin}

// Valid says that r is a role that a person may have.
func (r Role) Valid() bool { return slices.Contains(PeopleRoles, r) }

// ForToken says that an API token may act in r. It may not be an outside operator: it
// belongs to no team, so it would see nothing.
func (r Role) ForToken() bool { return slices.Contains(Roles, r) }

// AtLeast says that r contains other. Operator and Ingest contain no role but themselves.
func (r Role) AtLeast(other Role) bool {
	if r == other {
		return r != ""
	}
	i, j := slices.Index(Roles, r), slices.Index(Roles, other)
	return i >= 0 && j >= 0 && i >= j
}

// Kind is how a principal came in.
type Kind string

// The kinds. The zero kind is a visitor who has not said who they are.
const (
	KindUser  Kind = "user"  // a person with a session cookie
	KindToken Kind = "token" // a program with an API or ingest token
	KindNone  Kind = "none"  // sign-in is switched off: everybody on this machine
	// KindSystem is Yagura itself, doing what its configuration says.
	KindSystem Kind = "system"
)

// Principal is on whose behalf something is done.
type Principal struct {
	UserID string // of the user; of the token for KindToken; "" for KindNone
	Name   string // for people: in the audit and the access log
	Role   Role
	Kind   Kind
	Lang   i18n.Lang // the person's saved language; "" when there is none
	Teams  []string  // ids of the teams they belong to; an operator's are those they work for
	Leads  []string  // of Teams, those they lead
}

// Nobody says that the principal has not said who they are.
func (p Principal) Nobody() bool { return p.Kind == "" }

// Local is everybody when sign-in is switched off, which is only possible on loopback.
func Local() Principal { return Principal{Name: "local", Role: Admin, Kind: KindNone} }

// System is Yagura itself; what says why it acts, for the audit.
func System(what string) Principal { return Principal{Name: what, Role: Admin, Kind: KindSystem} }

// Allows says that p holds the permission.
func (p Principal) Allows(perm Permission) bool {
	if perm == Public {
		return true
	}
	g, ok := find(perm)
	switch {
	case !ok || p.Nobody():
		return false
	case p.Kind == KindNone:
		return true
	case p.Role == Operator:
		return g.operator
	}
	return p.Role.AtLeast(g.least)
}

// Restricted says that p sees only what their teams own. What answers without looking at
// that must need a permission that restricted principals do not hold.
func (p Principal) Restricted() bool { return p.Role == Operator && p.Kind != KindNone }

// Decides says that p may decide for a team: its lead, or an administrator.
func (p Principal) Decides(team string) bool {
	return p.Kind == KindNone || p.Role == Admin || p.Role.AtLeast(Lead) && team != "" && slices.Contains(p.Leads, team)
}

type key struct{}

// With gives a context that acts on behalf of p.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// From is on whose behalf the context acts: nobody when that was never said.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(key{}).(Principal)
	return p
}

// Can says by a fault why the context may not do what needs the permission: not signed
// in, or not allowed. Nil is yes.
func Can(ctx context.Context, perm Permission) error {
	p := From(ctx)
	switch {
	case p.Allows(perm):
		return nil
	case p.Nobody():
		return fault.New(fault.Unauthenticated, i18n.T(
			"Sign in, or send an API token.", "サインインするか、API トークンを送信してください。"))
	case p.Role == Ingest:
		return fault.New(fault.Forbidden, i18n.T(
			"An ingest token can only send telemetry. Use an API token.",
			"取り込みトークンで行えるのはテレメトリーの送信だけです。API トークンを使用してください。"))
	}
	g, _ := find(perm)
	return fault.New(fault.Forbidden, i18n.F(
		"Your role (%[1]s) may not do this; it needs %[2]s or higher.",
		"現在のロール（%[1]s）ではこの操作を行えません。%[2]s 以上のロールが必要です。", p.Role, g.least))
}

// CanDecide says by a fault why the context may not decide for a team. Nil is yes.
func CanDecide(ctx context.Context, team string) error {
	if err := Can(ctx, TeamsLead); err != nil {
		return err
	}
	if From(ctx).Decides(team) {
		return nil
	}
	return fault.New(fault.Forbidden, i18n.T(
		"Only a lead of this team, or an administrator, may do this.",
		"この操作を行えるのは、このチームのリードまたは管理者だけです。"))
}
