// Package authz says who may do what: four roles that contain one another, a list of
// permissions, and the principal on whose behalf a request runs.
//
// Invariants: what is not granted in the table below is refused; an ingest token may
// write telemetry and nothing else; a context without a principal is nobody.
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

// The roles. Ingest stands outside the ladder and is for tokens alone.
const (
	Viewer Role = "viewer" // reads
	Member Role = "member" // works with incidents, boards, notes
	Lead   Role = "lead"   // also decides for a team
	Admin  Role = "admin"  // also users, tokens, settings
	Ingest Role = "ingest" // writes telemetry, reads nothing
)

// Roles are the roles that a person may have, least first.
var Roles = []Role{Viewer, Member, Lead, Admin}

// Valid says that r is a role that a person may have.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// AtLeast says that r contains other. Ingest contains no role but itself.
func (r Role) AtLeast(other Role) bool {
	if r == other {
		return r != ""
	}
	i, j := slices.Index(Roles, r), slices.Index(Roles, other)
	return i >= 0 && j >= 0 && i >= j
}

// Permission is one thing that may be allowed. An API operation declares exactly one.
type Permission string

// The permissions.
const (
	Public         Permission = "public"          // everybody, signed in or not
	SignedIn       Permission = "signed_in"       // every person and API token: one's own things
	TelemetryRead  Permission = "telemetry.read"  // logs, spans, metrics, services
	TelemetryWrite Permission = "telemetry.write" // the receivers
	StatusRead     Permission = "status.read"     // what Yagura itself is doing
	UsersRead      Permission = "users.read"
	UsersWrite     Permission = "users.write"
	TokensRead     Permission = "tokens.read"
	TokensWrite    Permission = "tokens.write"
	AuditRead      Permission = "audit.read"
	JobsRun        Permission = "jobs.run"       // make a job due now
	ReleasesWrite  Permission = "releases.write" // record and edit releases
	NotifyRead     Permission = "notify.read"    // destinations and deliveries, without secrets
	NotifyWrite    Permission = "notify.write"
)

// least is the least role that holds a permission. What is missing is held by nobody.
var least = map[Permission]Role{
	SignedIn:       Viewer,
	TelemetryRead:  Viewer,
	StatusRead:     Viewer,
	UsersRead:      Member,
	AuditRead:      Lead,
	ReleasesWrite:  Member,
	NotifyRead:     Member,
	NotifyWrite:    Admin,
	JobsRun:        Admin,
	UsersWrite:     Admin,
	TokensRead:     Admin,
	TokensWrite:    Admin,
	TelemetryWrite: Ingest,
}

// Known says that p is a permission of this package.
func (p Permission) Known() bool {
	_, ok := least[p]
	return ok || p == Public
}

// Kind is how a principal came in.
type Kind string

// The kinds. The zero kind is a visitor who has not said who they are.
const (
	KindUser  Kind = "user"  // a person with a session cookie
	KindToken Kind = "token" // a program with an API or ingest token
	KindNone  Kind = "none"  // sign-in is switched off: everybody on this machine
)

// Principal is on whose behalf something is done.
type Principal struct {
	UserID string // of the user; of the token for KindToken; "" for KindNone
	Name   string // for people: in the audit and the access log
	Role   Role
	Kind   Kind
	Lang   i18n.Lang // the person's saved language; "" when there is none
}

// Nobody says that the principal has not said who they are.
func (p Principal) Nobody() bool { return p.Kind == "" }

// Local is everybody when sign-in is switched off, which is only possible on loopback.
func Local() Principal { return Principal{Name: "local", Role: Admin, Kind: KindNone} }

// Allows says that p holds the permission.
func (p Principal) Allows(perm Permission) bool {
	if perm == Public {
		return true
	}
	role, ok := least[perm]
	if !ok || p.Nobody() {
		return false
	}
	if p.Kind == KindNone {
		return true
	}
	return p.Role.AtLeast(role)
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
	return fault.New(fault.Forbidden, i18n.F(
		"Your role (%[1]s) may not do this; it needs %[2]s or higher.",
		"現在のロール（%[1]s）ではこの操作を行えません。%[2]s 以上のロールが必要です。", p.Role, least[perm]))
}
