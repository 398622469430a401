package people

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

var begin = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

const password = "correct horse battery"

type fixture struct {
	*Service
	db    *sqldb.DB
	clock *clock.Fake
	admin User
	ctx   context.Context // acts as the admin
}

// onBoth runs f on both databases, with an administrator ann@example.com in place.
func onBoth(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Helper()
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		x := fresh(t, db)
		token, err := x.SetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x.admin, _, err = x.Setup(t.Context(), token, User{Email: "ann@example.com", Name: "Ann"}, password)
		if err != nil {
			t.Fatal(err)
		}
		x.ctx = authz.With(t.Context(), x.admin.Principal())
		f(t, x)
	})
}

func fresh(t *testing.T, db *sqldb.DB) *fixture {
	t.Helper()
	if err := db.Migrate(t.Context(), Migrations); err != nil {
		t.Fatal(err)
	}
	c := clock.NewFake(begin)
	return &fixture{Service: another(db, c), db: db, clock: c}
}

// another is the same service in another process.
func another(db *sqldb.DB, c clock.Clock) *Service {
	return New(Options{DB: db, Clock: c, HashMemory: 64, HashPasses: 1})
}

func (x *fixture) add(t *testing.T, email string, role authz.Role) User {
	t.Helper()
	u, err := x.AddUser(x.ctx, User{Email: email, Name: email, Role: role}, password)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (x *fixture) signIn(t *testing.T, email, password string) Session {
	t.Helper()
	_, s, err := x.SignIn(t.Context(), email, password, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// who is the principal of a cookie or a bearer token.
func (x *fixture) who(t *testing.T, secret string) (authz.Principal, error) {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if strings.HasPrefix(secret, "yag") {
		r.Header.Set("Authorization", "Bearer "+secret)
	} else {
		r.AddCookie(&http.Cookie{Name: "yagura_session", Value: secret})
	}
	return x.Authenticate(t.Context(), r)
}

func (x *fixture) wantNobody(t *testing.T, secret, why string) {
	t.Helper()
	if p, err := x.who(t, secret); err != nil || !p.Nobody() {
		t.Errorf("%s: %+v %v, want nobody", why, p, err)
	}
}

func wantCode(t *testing.T, err error, code fault.Code, what string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: %v, want a fault %s", what, err, code)
	} else if f := fault.Of(err); f.Text.En == "" || f.Text.Ja == "" || f.Text.En == f.Text.Ja {
		t.Errorf("%s: the fault lacks a language: %+v", what, f.Text)
	}
}

func TestSetup(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		x := fresh(t, db)
		ctx := t.Context()
		old, _ := x.SetupToken(ctx)
		x.clock.Advance(25 * time.Hour)
		token, err := x.SetupToken(ctx)
		if err != nil || token == old || len(token) < 40 {
			t.Fatalf("%q %v", token, err)
		}
		second, _ := x.SetupToken(ctx) // another process started too; both links work
		if needed, err := x.SetupNeeded(ctx); !needed || err != nil {
			t.Errorf("%v %v", needed, err)
		}
		ann := User{Email: "ann@example.com", Name: "Ann", Role: authz.Viewer}
		for name, bad := range map[string]string{"made up": "abc", "empty": "", "expired": old} {
			_, _, err := x.Setup(ctx, bad, ann, password)
			wantCode(t, err, fault.Forbidden, name+" token")
		}
		_, _, err = x.Setup(ctx, token, User{Email: "no", Name: ""}, "short")
		if got := fields(err); got != "email name password" {
			t.Errorf("fields at fault: %q", got)
		}

		// Everybody who has the link presses the button at once: one of them wins.
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 6 {
			wg.Go(func() {
				link := token
				if i%2 == 0 {
					link = second
				}
				u, sess, err := x.Setup(ctx, link, ann, password)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
					if p, err := x.who(t, sess.Secret); err != nil || p.UserID != u.ID || p.Role != authz.Admin {
						t.Errorf("%+v %v", p, err)
					}
				} else {
					wantCode(t, err, fault.Forbidden, "a late setup")
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d setups succeeded", won)
		}
		if token, err := x.SetupToken(ctx); token != "" || err != nil {
			t.Errorf("a setup token although there is a user: %q %v", token, err)
		}
		if needed, _ := x.SetupNeeded(ctx); needed {
			t.Error("setup is still needed")
		}
	})
}

// fields lists the fields at fault, in order.
func fields(err error) string {
	var out []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case *fault.Error:
			out = append(out, e.Field)
		case interface{ Unwrap() []error }:
			for _, one := range e.Unwrap() {
				walk(one)
			}
		}
	}
	walk(err)
	return strings.Join(out, " ")
}

func TestSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		u, sess, err := x.SignIn(ctx, " ANN@Example.com ", password, "192.0.2.1")
		if err != nil || u.ID != x.admin.ID {
			t.Fatalf("%+v %v", u, err)
		}
		if p, err := x.who(t, sess.Secret); err != nil || p.UserID != x.admin.ID || p.Kind != authz.KindUser || p.Role != authz.Admin {
			t.Errorf("%+v %v", p, err)
		}
		// Full-width typing is the same password.
		if _, _, err := x.SignIn(ctx, "ann@example.com", "ｃｏｒｒｅｃｔ horse battery", "192.0.2.1"); err != nil {
			t.Error(err)
		}
		_, _, wrong := x.SignIn(ctx, "ann@example.com", password+"!", "192.0.2.1")
		_, _, nobody := x.SignIn(ctx, "eve@example.com", password, "192.0.2.1")
		wantCode(t, wrong, fault.Unauthenticated, "wrong password")
		wantCode(t, nobody, fault.Unauthenticated, "no such user")
		if wrong.Error() != nobody.Error() {
			t.Error("the answers tell who has an account")
		}
		if _, _, err := x.SignIn(ctx, "ann@example.com", strings.Repeat("x", 1<<20), "192.0.2.1"); !fault.Is(err, fault.Unauthenticated) {
			t.Error(err)
		}
		if _, err := x.SignOut(ctx, sess.Secret); err != nil {
			t.Error(err)
		}
		x.wantNobody(t, sess.Secret, "signed out")
		x.wantNobody(t, "made-up", "made up")
	})
}

func TestSessionSlides(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		used, unused := x.signIn(t, "ann@example.com", password), x.signIn(t, "ann@example.com", password)
		for range 4 {
			x.clock.Advance(10 * 24 * time.Hour)
			if p, err := x.who(t, used.Secret); err != nil || p.Nobody() {
				t.Fatalf("a session in use ended: %v", err)
			}
		}
		x.wantNobody(t, unused.Secret, "not used for 40 days")
		if u, _ := x.User(x.ctx, x.admin.ID); !u.Seen.Equal(x.clock.Now()) {
			t.Errorf("seen %v", u.Seen)
		}
		x.clock.Advance(sessionLife)
		x.wantNobody(t, used.Secret, "30 days later")
	})
}

func TestPasswordChangeSignsOutEverywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		before := x.signIn(t, "ann@example.com", password)
		_, err := x.ChangePassword(x.ctx, "192.0.2.1", "not it at all", "another fine password")
		wantCode(t, err, fault.Invalid, "wrong current password")
		_, err = x.ChangePassword(x.ctx, "192.0.2.1", password, "ann@example.com")
		wantCode(t, err, fault.Invalid, "bad new password")
		if p, _ := x.who(t, before.Secret); p.Nobody() {
			t.Error("a refused change signed out")
		}
		after, err := x.ChangePassword(x.ctx, "192.0.2.1", password, "another fine password")
		if err != nil {
			t.Fatal(err)
		}
		x.wantNobody(t, before.Secret, "password changed")
		if p, err := x.who(t, after.Secret); err != nil || p.Nobody() {
			t.Errorf("the new session: %+v %v", p, err)
		}
		if _, _, err := x.SignIn(t.Context(), "ann@example.com", password, "192.0.2.1"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the old password: %v", err)
		}
		x.signIn(t, "ann@example.com", "another fine password")
		// A token has no password.
		ctx := authz.With(t.Context(), authz.Principal{UserID: "t", Role: authz.Admin, Kind: authz.KindToken})
		_, err = x.ChangePassword(ctx, "192.0.2.1", password, password)
		wantCode(t, err, fault.Forbidden, "a token's password")
	})
}

func TestUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.clock.Advance(time.Second)
		bob := x.add(t, "bob@example.com", authz.Member)
		_, err := x.AddUser(x.ctx, User{Email: "BOB@example.COM", Name: "Bob 2", Role: authz.Viewer}, password)
		wantCode(t, err, fault.Conflict, "the same address in capitals")
		_, err = x.AddUser(x.ctx, User{Email: "Carl <carl@example.com>", Name: "a\x00b", Role: "root", Lang: "fr"}, "password1234")
		if got := fields(err); got != "email name role lang password" {
			t.Errorf("fields at fault: %q (%v)", got, err)
		}
		if users, err := x.Users(x.ctx); err != nil || len(users) != 2 || users[0].ID != x.admin.ID {
			t.Errorf("%+v %v", users, err)
		}

		sess := x.signIn(t, "bob@example.com", password)
		lead, off, on := authz.Lead, true, false
		if u, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Role: &lead}, nil); err != nil || u.Role != authz.Lead {
			t.Fatalf("%+v %v", u, err)
		}
		if p, _ := x.who(t, sess.Secret); p.Role != authz.Lead {
			t.Errorf("a new role shows in the next request: %+v", p)
		}
		stale := fault.New(fault.Conflict, i18n.T("a", "b"))
		_, err = x.UpdateUser(x.ctx, bob.ID, UserChange{Role: &lead}, func(User) error { return stale })
		wantCode(t, err, fault.Conflict, "a refused check")
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Disabled: &off}, nil); err != nil {
			t.Fatal(err)
		}
		x.wantNobody(t, sess.Secret, "disabled")
		_, _, err = x.SignIn(t.Context(), "bob@example.com", password, "192.0.2.1")
		wantCode(t, err, fault.Forbidden, "disabled")
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Disabled: &on}, nil); err != nil {
			t.Fatal(err)
		}
		x.wantNobody(t, sess.Secret, "enabled again: the old session stays dead")
		taken := "ann@example.com"
		_, err = x.UpdateUser(x.ctx, bob.ID, UserChange{Email: &taken}, nil)
		wantCode(t, err, fault.Conflict, "somebody else's address")
		_, err = x.UpdateUser(x.ctx, "nobody", UserChange{Email: &taken}, nil)
		wantCode(t, err, fault.NotFound, "no such user")

		sess = x.signIn(t, "bob@example.com", password)
		reset := "a fresh new password"
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Password: &reset}, nil); err != nil {
			t.Fatal(err)
		}
		x.wantNobody(t, sess.Secret, "an administrator reset the password")
		sess = x.signIn(t, "bob@example.com", reset)
		if err := x.RemoveUser(x.ctx, bob.ID); err != nil {
			t.Fatal(err)
		}
		x.wantNobody(t, sess.Secret, "removed")
		wantCode(t, x.RemoveUser(x.ctx, bob.ID), fault.NotFound, "removed twice")
	})
}

func TestLastAdministratorStays(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		viewer, off := authz.Viewer, true
		last := func(what string) {
			t.Helper()
			wantCode(t, x.RemoveUser(x.ctx, x.admin.ID), fault.Conflict, what+": remove")
			_, err := x.UpdateUser(x.ctx, x.admin.ID, UserChange{Role: &viewer}, nil)
			wantCode(t, err, fault.Conflict, what+": other role")
			_, err = x.UpdateUser(x.ctx, x.admin.ID, UserChange{Disabled: &off}, nil)
			wantCode(t, err, fault.Conflict, what+": disable")
		}
		last("alone")
		bob := x.add(t, "bob@example.com", authz.Admin)
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Disabled: &off}, nil); err != nil {
			t.Fatal(err)
		}
		last("the other is disabled")

		// Two administrators remove each other at the same time.
		on := false
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Disabled: &on}, nil); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, u := range []string{bob.ID, x.admin.ID} {
			wg.Go(func() { _ = x.RemoveUser(x.ctx, u) })
		}
		wg.Wait()
		if users, err := x.Users(x.ctx); err != nil || len(users) != 1 || users[0].Role != authz.Admin {
			t.Errorf("%d users are left: %v", len(users), err)
		}
	})
}

func TestTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		tok, secret, err := x.AddToken(x.ctx, Token{Name: "ci", Kind: APIToken, Role: authz.Member})
		if err != nil || !strings.HasPrefix(secret, "yag_") {
			t.Fatalf("%+v %q %v", tok, secret, err)
		}
		ing, ingSecret, err := x.AddToken(x.ctx, Token{Name: "collector", Kind: IngestToken, Expires: begin.Add(time.Hour)})
		if err != nil || !strings.HasPrefix(ingSecret, "yagi_") || ing.Role != authz.Ingest {
			t.Fatalf("%+v %q %v", ing, ingSecret, err)
		}
		for _, bad := range []Token{{Name: "x", Kind: "other"}, {Name: "", Kind: IngestToken}, {Name: "x", Kind: APIToken}, {Name: "x", Kind: APIToken, Role: authz.Ingest},
			{Name: "x", Kind: IngestToken, Role: authz.Admin}, {Name: "x", Kind: IngestToken, Expires: begin}} {
			_, _, err := x.AddToken(x.ctx, bad)
			wantCode(t, err, fault.Invalid, "a bad token")
		}
		if p, err := x.who(t, secret); err != nil || p.Role != authz.Member || p.Kind != authz.KindToken || p.UserID != tok.ID {
			t.Errorf("%+v %v", p, err)
		}
		if p, err := x.who(t, ingSecret); err != nil || p.Role != authz.Ingest || p.Allows(authz.TelemetryRead) || !p.Allows(authz.TelemetryWrite) {
			t.Errorf("%+v %v", p, err)
		}
		for _, bad := range []string{secret + "x", "yag_", "yagi_", ingSecret[:30], "yagi_" + strings.TrimPrefix(secret, "yag_"), "yag_" + strings.TrimPrefix(ingSecret, "yagi_")} {
			_, err := x.who(t, bad)
			wantCode(t, err, fault.Unauthenticated, bad)
		}
		_, err = x.CheckIngestToken(t.Context(), secret)
		wantCode(t, err, fault.Unauthenticated, "an API token at a receiver")

		tokens, err := x.Tokens(x.ctx)
		if err != nil || len(tokens) != 2 || !tokens[0].Used.Equal(begin) || tokens[0].CreatedBy != "Ann" {
			t.Errorf("%+v %v", tokens, err)
		}
		x.clock.Advance(time.Hour)
		_, err = x.who(t, ingSecret)
		wantCode(t, err, fault.Unauthenticated, "expired")
		if err := x.RevokeToken(x.ctx, tok.ID); err != nil {
			t.Fatal(err)
		}
		_, err = x.who(t, secret)
		wantCode(t, err, fault.Unauthenticated, "revoked")
		if err := x.RevokeToken(x.ctx, tok.ID); err != nil {
			t.Errorf("revoked twice: %v", err)
		}
		wantCode(t, x.RevokeToken(x.ctx, "none"), fault.NotFound, "no such token")
	})
}

func TestIngestTokenIsCachedAndRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		tok, secret, err := x.AddToken(x.ctx, Token{Name: "c", Kind: IngestToken})
		if err != nil {
			t.Fatal(err)
		}
		there := another(x.db, x.clock)
		check := func(s *Service) error { _, err := s.CheckIngestToken(t.Context(), secret); return err }
		if err := check(there); err != nil {
			t.Fatal(err)
		}
		// From memory: also while the database would not answer.
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := there.CheckIngestToken(gone, secret); err != nil {
			t.Errorf("a second look asked the database: %v", err)
		}
		if _, err := there.CheckIngestToken(gone, "yagi_other"); err == nil || fault.Is(err, fault.Unauthenticated) {
			t.Errorf("without an answer of the database: %v, want its trouble", err)
		}
		if err := check(x.Service); err != nil {
			t.Fatal(err)
		}
		if err := x.RevokeToken(x.ctx, tok.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, check(x.Service), fault.Unauthenticated, "revoked here")
		x.clock.Advance(10 * time.Second)
		wantCode(t, check(there), fault.Unauthenticated, "revoked elsewhere, 10 s later")
		for range maxIngest + 10 {
			_, _ = there.CheckIngestToken(gone, "yagi_"+strings.Repeat("x", 20))
		}
		if n := len(there.ingest.entries); n > maxIngest {
			t.Errorf("%d entries", n)
		}
	})
}

func TestPermissionsOfTheService(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		bob := x.add(t, "bob@example.com", authz.Lead)
		ctx := authz.With(t.Context(), bob.Principal())
		admin := authz.Admin
		_, err := x.AddUser(ctx, User{Email: "c@example.com", Name: "C", Role: authz.Viewer}, password)
		wantCode(t, err, fault.Forbidden, "add user")
		_, err = x.UpdateUser(ctx, bob.ID, UserChange{Role: &admin}, nil)
		wantCode(t, err, fault.Forbidden, "make oneself an administrator")
		wantCode(t, x.RemoveUser(ctx, bob.ID), fault.Forbidden, "remove")
		_, _, err = x.AddToken(ctx, Token{Name: "x", Kind: APIToken, Role: admin})
		wantCode(t, err, fault.Forbidden, "add token")
		wantCode(t, x.RevokeToken(ctx, "x"), fault.Forbidden, "revoke")
		if _, err := x.AuditTrail(ctx, AuditQuery{}, 0, 10); err != nil {
			t.Errorf("a lead reads the audit: %v", err)
		}
		_, err = x.Users(t.Context())
		wantCode(t, err, fault.Unauthenticated, "nobody lists users")
		name, lang := "Bob B.", i18n.Ja
		if u, err := x.UpdateMe(ctx, &name, &lang); err != nil || u.Name != name || u.Lang != i18n.Ja || u.Role != authz.Lead {
			t.Errorf("%+v %v", u, err)
		}
	})
}

func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		bob := x.add(t, "bob@example.com", authz.Viewer)
		lead, pass := authz.Lead, "a fresh new password"
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Role: &lead}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Role: &lead}, nil); err != nil { // changes nothing
			t.Fatal(err)
		}
		if _, err := x.UpdateUser(x.ctx, bob.ID, UserChange{Password: &pass}, nil); err != nil {
			t.Fatal(err)
		}
		tok, secret, _ := x.AddToken(x.ctx, Token{Name: "ci", Kind: APIToken, Role: lead})
		if err := x.RevokeToken(x.ctx, tok.ID); err != nil {
			t.Fatal(err)
		}
		if err := x.RemoveUser(x.ctx, bob.ID); err != nil {
			t.Fatal(err)
		}
		_, _ = x.AddUser(x.ctx, User{Email: "bad"}, password) // refused: no line
		all, err := x.AuditTrail(x.ctx, AuditQuery{}, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, e := range all {
			actions = append(actions, e.Action)
			if e.Actor.UserID != x.admin.ID || e.Actor.Name != "Ann" || !e.At.Equal(begin) {
				t.Errorf("%+v", e)
			}
			raw, _ := json.Marshal(e)
			for _, s := range []string{password, pass, secret, hashOf(secret), "argon2"} {
				if strings.Contains(string(raw), s) {
					t.Errorf("%s: a secret is in the audit: %s", e.Action, raw)
				}
			}
		}
		want := "user.delete token.revoke token.create user.password user.update user.create user.setup"
		if got := strings.Join(actions, " "); got != want {
			t.Errorf("audit %q, want %q", got, want)
		}
		if up := all[4]; !strings.Contains(string(up.Before), `"role":"viewer"`) || !strings.Contains(string(up.After), `"role":"lead"`) || up.SubjectID != bob.ID {
			t.Errorf("%s → %s", up.Before, up.After)
		}
		page, err := x.AuditTrail(x.ctx, AuditQuery{}, all[2].ID, 2)
		if err != nil || len(page) != 2 || page[0].ID != all[3].ID {
			t.Errorf("%+v %v", page, err)
		}
	})
}
