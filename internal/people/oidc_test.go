package people

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

// onWorlds runs f on both databases, with Yagura and a provider.
func onWorlds(t *testing.T, change func(*OIDC, *Options), f func(t *testing.T, w *world)) {
	t.Helper()
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) { f(t, newWorld(t, db, change)) })
}

func TestSignInByProvider(t *testing.T) {
	mapping := func(o *OIDC, _ *Options) {
		o.Roles = []GroupRole{{"sre", authz.Admin}, {"devs", authz.Member}, {"partner", authz.Operator}}
		o.Teams = []GroupTeam{{"pay-devs", "payments", false}, {"pay-leads", "payments", true}}
		o.TeamPrefix = "team-"
	}
	onWorlds(t, mapping, func(t *testing.T, w *world) {
		w.idp.add("bob", "bob@example.com", "devs", "pay-leads", "team-Web Shop")
		v := w.visitor()
		if to := v.enter("bob", "/traces?filter=status%3Aerror#x"); to != "/traces?filter=status%3Aerror#x" {
			t.Errorf("came back to %s", to)
		}
		who := v.session()
		if who["email"] != "bob@example.com" || who["name"] != "First bob" || who["role"] != "lead" || len(who["teams"].([]any)) != 2 || len(who["leads"].([]any)) != 1 || who["has_password"] != false {
			t.Errorf("%v", who)
		}
		id := who["id"].(string)
		if d, err := w.Team(w.ctx, "web-shop"); err != nil || roll(d) != "First bob oidc" || d.Origin != FromOIDC {
			t.Errorf("%+v %v", d, err)
		}
		// A cookie of the session, and none left of the way in that could be used.
		if all, err := w.Identities(w.ctx, id); err != nil || len(all) != 1 || all[0].Subject != "bob" || all[0].Issuer != w.idp.server.URL {
			t.Errorf("%+v %v", all, err)
		}

		// The second time it is the same account, also with another address and name; and
		// groups that went are gone, also the team that was merged meanwhile.
		if _, err := w.Merge(w.ctx, "web-shop", "payments", false); err != nil {
			t.Fatal(err)
		}
		w.idp.with(func() {
			w.idp.users["bob"].Email = "robert@example.com"
			w.idp.groups["bob"] = []string{"team-Web Shop"}
		})
		again := w.visitor()
		again.enter("bob", "/")
		who = again.session()
		if who["id"] != id || who["role"] != "viewer" || len(who["teams"].([]any)) != 1 || len(who["leads"].([]any)) != 0 {
			t.Errorf("after the groups were taken away: %v", who)
		}
		if first := v.session(); first["role"] != "viewer" {
			t.Errorf("the session from before: %v", first)
		}
		// What somebody put in by hand is not the groups' to take away.
		w.team(t, "By hand")
		if _, err := w.PutMember(w.ctx, "by-hand", id, false); err != nil {
			t.Fatal(err)
		}
		w.idp.with(func() { w.idp.groups["bob"] = []string{"partner"} })
		again.enter("bob", "/")
		if who = again.session(); who["role"] != "operator" || len(who["teams"].([]any)) != 1 {
			t.Errorf("%v", who)
		}
		if status, _ := again.call("GET", "/users", ""); status != http.StatusForbidden {
			t.Errorf("an operator lists users: %d", status)
		}

		// After the longest session, they sign in again; use does not put it off.
		for range 23 {
			w.clock.Advance(time.Hour)
			if again.session() == nil {
				t.Fatal("too early")
			}
		}
		w.clock.Advance(61 * time.Minute)
		if who := again.session(); who != nil {
			t.Errorf("still %v", who)
		}
	})
}

func TestSignOutAtTheProviderToo(t *testing.T) {
	onWorlds(t, nil, func(t *testing.T, w *world) {
		w.idp.add("bob", "bob@example.com")
		v := w.visitor()
		v.enter("bob", "/")
		status, out := v.call("DELETE", "/session", "")
		end, _ := out["logout_url"].(string)
		if status != 200 || !strings.HasPrefix(end, w.idp.server.URL) || v.session() != nil {
			t.Fatalf("%d %v", status, out)
		}
		// The provider agrees to what we send it, and sends the browser back.
		if status, to := v.get(end); status != http.StatusFound || to != w.server.URL+signInPage {
			t.Errorf("%d %s", status, to)
		}
		// By a password there is nothing to do there.
		v.call("POST", "/session", `{"email":"ann@example.com","password":"`+password+`"}`)
		if status, out = v.call("DELETE", "/session", ""); status != 200 || out["logout_url"] != nil {
			t.Errorf("%d %v", status, out)
		}
	})
}

func TestAttacksOnTheWayIn(t *testing.T) {
	w := newWorld(t, sqldbtest.OpenAt(t, sqldbtest.SQLite(t)), nil)
	w.idp.add("bob", "bob@example.com")
	w.idp.add("eve", "eve@example.com")

	t.Run("state", func(t *testing.T) {
		v := w.visitor()
		good, err := url.Parse(v.begin("bob", "/"))
		if err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string]func(url.Values){
			"none":      func(q url.Values) { q.Del("state") },
			"made up":   func(q url.Values) { q.Set("state", "eyJyIjoieCIsImUiOjk5OTk5OTk5OTl9.AAAA") },
			"extended":  func(q url.Values) { q.Set("state", "x"+q.Get("state")) },
			"unsigned":  func(q url.Values) { s, _, _ := strings.Cut(q.Get("state"), "."); q.Set("state", s+".") },
			"no dot":    func(q url.Values) { s, _, _ := strings.Cut(q.Get("state"), "."); q.Set("state", s) },
			"other sig": func(q url.Values) { q.Set("state", q.Get("state")[:len(q.Get("state"))-2]+"AA") },
		} {
			bad := *good
			q := bad.Query()
			change(q)
			bad.RawQuery = q.Encode()
			_, to := v.get(bad.String())
			v.refused(to, refusedState, what)
		}
		// In a victim's browser, which began nothing, or began another: not signed in as eve.
		victim := w.visitor()
		_, to := victim.get(good.String())
		victim.refused(to, refusedState, "another browser")
		victim.begin("eve", "/")
		_, to = victim.get(good.String())
		victim.refused(to, refusedState, "another browser's own sign-in")

		w.clock.Advance(flowLife + time.Second)
		_, to = v.get(good.String())
		v.refused(to, refusedState, "too late")
		w.clock.Advance(-flowLife - time.Second)
		if _, to = v.get(good.String()); to != "/" || v.session() == nil {
			t.Errorf("untouched: %s", to)
		}
	})
	t.Run("replay", func(t *testing.T) {
		v := w.visitor()
		back := v.begin("bob", "/")
		if _, to := v.get(back); to != "/" {
			t.Fatal(to)
		}
		v.call("DELETE", "/session", "")
		_, to := v.get(back)
		v.refused(to, refusedProvider, "the provider refuses the code") // it deletes a code that was used
		// And we would, if the provider did not.
		err := w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			u, _ := url.Parse(back)
			return w.useOnce(tx, u.Query().Get("state"), w.clock.Now().Add(time.Minute))
		})
		if no, ok := err.(*refusal); !ok || no.code != refusedReplay {
			t.Errorf("%v", err)
		}
	})
	t.Run("a stolen code is worth nothing elsewhere", func(t *testing.T) {
		v, thief := w.visitor(), w.visitor()
		theirs, _ := url.Parse(v.begin("bob", "/"))
		mine, _ := url.Parse(thief.begin("eve", "/"))
		q := mine.Query()
		q.Set("code", theirs.Query().Get("code"))
		mine.RawQuery = q.Encode()
		_, to := thief.get(mine.String())
		thief.refused(to, refusedProvider, "PKCE") // the verifier is not bob's
	})
	t.Run("forged tokens", func(t *testing.T) {
		now := w.clock.Now()
		for what, tamper := range map[string]func(map[string]any){
			"nonce of another":   func(c map[string]any) { c["nonce"] = "another" },
			"no nonce":           func(c map[string]any) { delete(c, "nonce") },
			"another audience":   func(c map[string]any) { c["aud"] = []string{"shop"} },
			"no audience":        func(c map[string]any) { delete(c, "aud") },
			"two audiences":      func(c map[string]any) { c["aud"] = []string{"yagura", "shop"}; delete(c, "azp") },
			"another party":      func(c map[string]any) { c["azp"] = "shop" },
			"another issuer":     func(c map[string]any) { c["iss"] = "https://evil.example" },
			"issuer with slash":  func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" },
			"expired":            func(c map[string]any) { c["exp"] = now.Add(-2 * time.Minute).Unix() },
			"no expiry":          func(c map[string]any) { delete(c, "exp") },
			"not yet":            func(c map[string]any) { c["nbf"] = now.Add(10 * time.Minute).Unix() },
			"issued in future":   func(c map[string]any) { c["iat"] = now.Add(5 * time.Minute).Unix() },
			"nobody":             func(c map[string]any) { c["sub"] = "" },
			"another's userinfo": func(c map[string]any) { c["sub"] = "eve" },
			"other access token": func(c map[string]any) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" },
		} {
			w.idp.with(func() { w.idp.tamper = tamper })
			v := w.visitor()
			v.refused(v.enter("bob", "/"), refusedToken, what)
		}
		// The clocks may differ a little.
		w.idp.with(func() {
			w.idp.tamper = func(c map[string]any) {
				c["exp"], c["iat"] = now.Add(-30*time.Second).Unix(), now.Add(30*time.Second).Unix()
			}
		})
		v := w.visitor()
		if to := v.enter("bob", "/"); to != "/" || v.session() == nil {
			t.Errorf("within the leeway: %s", to)
		}
		w.idp.with(func() { w.idp.tamper = nil })
	})
	t.Run("another provider's answer", func(t *testing.T) {
		v := w.visitor()
		_, to := v.get(v.begin("bob", "/") + "&iss=https%3A%2F%2Fevil.example")
		v.refused(to, refusedToken, "iss")
		_, to = v.get(v.begin("bob", "/") + "&iss=" + url.QueryEscape(w.idp.server.URL) + "&session_state=x")
		if to != "/" {
			t.Errorf("its own iss and parameters of its own: %s", to)
		}
	})
	t.Run("the person says no", func(t *testing.T) {
		v := w.visitor()
		u, _ := url.Parse(v.begin("bob", "/logs"))
		state := u.Query().Get("state")
		_, to := v.get(w.server.URL + oidcCallback + "?error=access_denied&error_description=%3Cscript%3E&state=" + url.QueryEscape(state))
		v.refused(to, refusedDenied, "denied")
		if q, _ := url.Parse(to); q.Query().Get("next") != "/logs" || strings.Contains(to, "script") {
			t.Errorf("%s", to)
		}
	})
	t.Run("userinfo that fails is not the answer that there are no groups", func(t *testing.T) {
		w.idp.with(func() { w.idp.broken = "/userinfo" })
		v := w.visitor()
		v.refused(v.enter("bob", "/"), refusedProvider, "userinfo")
		w.idp.with(func() { w.idp.broken = "" })
	})
	t.Run("groups that are too many to be listed", func(t *testing.T) {
		w.idp.with(func() {
			w.idp.groups["bob"] = nil
			w.idp.extra["_claim_names"] = map[string]any{"groups": "src1"}
			w.idp.extra["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://graph.example/users/x/getMemberObjects"}}
		})
		v := w.visitor()
		v.refused(v.enter("bob", "/"), refusedGroups, "overflow")
		w.idp.with(func() { clear(w.idp.extra); w.idp.groups["bob"] = []string{} })
	})
}

func TestNextStaysHere(t *testing.T) {
	for next, want := range map[string]string{
		"/":                             "/",
		"/logs?from=-1h&q=a%2Fb#r":      "/logs?from=-1h&q=a%2Fb#r",
		"/services/日本":                  "/services/%E6%97%A5%E6%9C%AC",
		"":                              "/",
		"logs":                          "/",
		"//evil.example":                "/",
		"///evil.example":               "/",
		`/\evil.example`:                "/",
		`\\evil.example`:                "/",
		"/\t/evil.example":              "/",
		"/\n/evil.example":              "/",
		" //evil.example":               "/",
		"https://evil.example":          "/",
		"https:evil.example":            "/",
		"javascript:alert(1)":           "/",
		"//user@evil.example":           "/",
		"/%2Fevil.example":              "/", // decoded, it begins with two slashes
		"/%5Cevil.example/..":           "/%5Cevil.example/..",
		"/auth/oidc/start":              "/",
		"/api/v1/session":               "/",
		"/signin?next=/signin":          "/",
		"/\u202e/x":                     "/",
		"/" + strings.Repeat("a", 1000): "/",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("%q: %q, want %q", next, got, want)
		}
	}
}

func FuzzNextStaysHere(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/%2f%2fx", "/.//x", "/a?b#c", "http://x"} {
		f.Add(s)
	}
	ours, _ := url.Parse("https://yagura.example/auth/oidc/callback")
	f.Fuzz(func(t *testing.T, next string) {
		got := safeNext(next)
		to, err := ours.Parse(got)
		if err != nil || to.Host != ours.Host || to.Scheme != ours.Scheme || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\t\r\n") || got[0] != '/' {
			t.Errorf("%q becomes %q (%v)", next, got, err)
		}
		if again := safeNext(got); again != got {
			t.Errorf("%q becomes %q, and that %q", next, got, again)
		}
	})
}

func TestWhoComesIn(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		var w *world
		restart := func(change func(*OIDC)) {
			o := w.oidc.OIDC
			change(&o)
			w.oidc.OIDC = o
		}
		w = newWorld(t, db, nil)
		w.idp.add("bob", "bob@example.com", "devs")
		w.idp.add("ann", "Ann@Example.com")
		in := func(user string) string { return w.visitor().enter(user, "/") }
		out := func(user, code, what string) {
			t.Helper()
			v := w.visitor()
			v.refused(v.enter(user, "/"), code, what)
		}

		// An account of that address is there: linked only when allowed, and only if verified.
		out("ann", refusedTaken, "not allowed to be linked")
		restart(func(o *OIDC) { o.LinkByEmail = true })
		w.idp.with(func() { w.idp.users["ann"].EmailVerified = false })
		out("ann", refusedUnverified, "unverified")
		restart(func(o *OIDC) { o.TrustEmail = true })
		w.idp.with(func() { w.idp.extra["email_verified"] = false })
		out("ann", refusedUnverified, "the provider says that it is not, which trust does not outweigh")
		w.idp.with(func() { clear(w.idp.extra) })
		restart(func(o *OIDC) { o.TrustEmail = false })
		w.idp.with(func() { w.idp.users["ann"].EmailVerified = true })
		if to := in("ann"); to != "/" {
			t.Fatal(to)
		}
		if line := w.trail(t, "user.link"); line.SubjectID != w.admin.ID {
			t.Errorf("%+v", line)
		}
		// Who gets the address of somebody who left is not them.
		w.idp.add("newann", "ann@example.com")
		out("newann", refusedTaken, "another subject with her address")
		// No groups are mapped: roles are ours.
		if u, _ := w.User(w.ctx, w.admin.ID); u.Role != authz.Admin {
			t.Errorf("%+v", u)
		}

		restart(func(o *OIDC) { o.AllowUnknown = false })
		out("bob", refusedUnknown, "nobody made an account")
		restart(func(o *OIDC) { o.AllowUnknown = true; o.Domains = []string{"example.org"} })
		out("bob", refusedDomain, "domain")
		out("ann", refusedDomain, "domain, with an account")
		w.idp.add("sub", "x@evil-example.org")
		w.idp.add("at", "x@evil.com@example.org")
		out("sub", refusedDomain, "a domain that ends so")
		out("at", refusedToken, "no address at all")
		restart(func(o *OIDC) { o.Domains = []string{"Example.COM"} })
		w.idp.with(func() { w.idp.users["bob"].EmailVerified = false })
		out("bob", refusedUnverified, "unverified")
		w.idp.with(func() { w.idp.users["bob"].EmailVerified = true })
		restart(func(o *OIDC) { o.DefaultRole = ""; o.Roles = []GroupRole{{"sre", authz.Admin}} })
		out("bob", refusedRole, "no group")
		if _, err := w.AddUser(w.ctx, User{Email: "zoe@example.com", Name: "Zoe", Role: authz.Viewer}, ""); err != nil {
			t.Errorf("an account without a password: %v", err)
		}
		if _, _, err := w.SignIn(t.Context(), "zoe@example.com", "", "192.0.2.1"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("an empty password: %v", err)
		}

		restart(func(o *OIDC) { o.Roles = []GroupRole{{"devs", authz.Member}} })
		v := w.visitor()
		if to := v.enter("bob", "/"); to != "/" || v.session()["role"] != "member" {
			t.Fatal(to)
		}
		bob := v.session()["id"].(string)
		// Out of the group: the session that was there ends with the next attempt.
		w.idp.with(func() { w.idp.groups["bob"] = []string{"other"} })
		out("bob", refusedRole, "lost the group")
		if who := v.session(); who != nil {
			t.Errorf("still %v", who)
		}
		w.idp.with(func() { w.idp.groups["bob"] = []string{"devs"} })
		v.enter("bob", "/")
		off := true
		if _, err := w.UpdateUser(w.ctx, bob, UserChange{Disabled: &off}, nil); err != nil {
			t.Fatal(err)
		}
		if who := v.session(); who != nil {
			t.Errorf("disabled, and still %v", who)
		}
		out("bob", refusedDisabled, "disabled")
		if line := w.trail(t, "session.create"); !strings.Contains(string(line.After), `"oidc"`) || line.Actor.Name != "First bob" {
			t.Errorf("%+v %s", line.Actor, line.After)
		}
	})
}

func (w *world) trail(t *testing.T, action string) Entry {
	t.Helper()
	all, err := w.AuditTrail(w.ctx, AuditQuery{Action: action}, 0, 1)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

func TestTheLastAdminStays(t *testing.T) {
	roles := func(o *OIDC, opt *Options) {
		o.Roles, o.DefaultRole, o.LinkByEmail = []GroupRole{{"sre", authz.Admin}, {"devs", authz.Member}}, "", true
		opt.AdminPasswords = true
	}
	onWorlds(t, roles, func(t *testing.T, w *world) {
		// Her groups make her a member, or nothing: she is the only administrator.
		for _, groups := range [][]string{{"devs"}, {}} {
			w.idp.add("ann", "ann@example.com", groups...)
			v := w.visitor()
			if v.enter("ann", "/"); v.session()["role"] != "admin" {
				t.Errorf("%v: %v", groups, v.session())
			}
		}
		w.idp.add("bob", "bob@example.com", "sre")
		v := w.visitor()
		v.enter("bob", "/")
		bob := v.session()["id"].(string)
		if status, _ := v.call("GET", "/audit", ""); status != 200 {
			t.Errorf("%d", status)
		}
		// Now there are two, and she is what her groups say.
		w.idp.add("ann", "ann@example.com", "devs")
		a := w.visitor()
		if a.enter("ann", "/"); a.session()["role"] != "member" {
			t.Errorf("%v", a.session())
		}
		// Bob has no password: unlinked, nobody could come in.
		ctx := authz.With(t.Context(), authz.Principal{UserID: bob, Role: authz.Admin, Kind: authz.KindUser})
		wantCode(t, w.Unlink(ctx, bob, w.idp.server.URL, "bob"), fault.Conflict, "the last way in")
		wantCode(t, w.Unlink(ctx, bob, w.idp.server.URL, "nobody"), fault.NotFound, "unknown")

		// Passwords are for administrators: Ann is none, for the moment.
		_, _, err := w.SignIn(t.Context(), "ann@example.com", password, "192.0.2.1")
		wantCode(t, err, fault.Forbidden, "a member with a password")
		_, _, err = w.SignIn(t.Context(), "ann@example.com", "wrong", "192.0.2.1")
		wantCode(t, err, fault.Unauthenticated, "and nobody learns that without it")
		role := authz.Admin
		if _, err := w.UpdateUser(ctx, w.admin.ID, UserChange{Role: &role}, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err = w.SignIn(t.Context(), "ann@example.com", password, "192.0.2.1"); err != nil {
			t.Errorf("in an emergency: %v", err)
		}
		if err := w.Unlink(ctx, bob, w.idp.server.URL, "bob"); err != nil {
			t.Errorf("with another administrator: %v", err)
		}
		if who := v.session(); who != nil {
			t.Errorf("unlinked, and still %v", who)
		}
		// Started without the provider, accounts that only it lets in do not count.
		alone := another(w.db, w.clock)
		if err := alone.RemoveUser(ctx, w.admin.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("the last with a password: %v", err)
		}
	})
}

func TestProviderThatIsAway(t *testing.T) {
	w := newWorld(t, sqldbtest.OpenAt(t, sqldbtest.SQLite(t)), nil)
	w.idp.add("bob", "bob@example.com")
	const discovery = "/.well-known/openid-configuration"
	w.idp.with(func() { w.idp.broken = discovery })
	v := w.visitor()
	for range 5 {
		_, to := v.get(w.server.URL + oidcStart)
		v.refused(to, refusedProvider, "away")
	}
	w.idp.with(func() {
		if n := w.idp.calls[discovery]; n != 1 {
			t.Errorf("asked %d times within a moment", n)
		}
		w.idp.broken = ""
	})
	w.clock.Advance(discoveryRetry)
	if to := v.enter("bob", "/"); to != "/" {
		t.Errorf("back again: %s", to)
	}
	for range 3 {
		v.enter("bob", "/")
	}
	w.idp.with(func() {
		if n := w.idp.calls[discovery]; n != 2 {
			t.Errorf("the document was read %d times", n)
		}
		w.idp.broken = discovery
	})
	// Gone when the document is due again: what was known does.
	w.oidc.fetched = w.oidc.fetched.Add(-2 * discoveryLife) // not by the clock: tokens are timed by the provider's own
	if to := v.enter("bob", "/"); to != "/" {
		t.Errorf("%s", to)
	}
	w.idp.with(func() {
		if n := w.idp.calls[discovery]; n != 3 {
			t.Errorf("the document was read %d times", n)
		}
	})
	// Another host may not choose where the provider sends people back to.
	r, _ := http.NewRequest("GET", w.server.URL+oidcStart, nil)
	r.Host = "evil.example"
	resp, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if to := resp.Header.Get("Location"); !strings.HasPrefix(to, signInPage+"?error=provider") {
		t.Errorf("a foreign host: %s", to)
	}
}

func TestClaims(t *testing.T) {
	c := claims{
		"groups": []any{"a", 1, "b"}, "one": "solo", "realm_access": map[string]any{"roles": []any{"x"}},
		"https://example.com/groups": []any{"url"}, "email_verified": "true",
	}
	for path, want := range map[string]string{
		"groups": "[a b] true", "one": "[solo] true", "realm_access.roles": "[x] true", "https://example.com/groups": "[url] true",
		"realm_access.none": "[] false", "none": "[] false", "one.two": "[] false",
	} {
		groups, known := c.groups(path)
		if got := fmt.Sprint(groups, known); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if !c.flag("email_verified") {
		t.Error("a boolean written as a text")
	}
	roles := []GroupRole{{"a", authz.Operator}, {"b", authz.Member}, {"b", authz.Viewer}}
	for groups, want := range map[string]authz.Role{"": "", "c": "", "a": authz.Operator, "a b": authz.Member} {
		if got := roleOf(strings.Fields(groups), roles); got != want {
			t.Errorf("%s: %s, want %s", groups, got, want)
		}
	}
	teams := teamsOf([]string{"g1", "g2", "team-Pay Ments", "team-", "teams-x"}, []GroupTeam{{"g1", "a", false}, {"g2", "a", true}, {"g3", "b", true}}, "team-")
	if !slices.Equal(sortedKeys(teams), []string{"a", "pay-ments"}) || !teams["a"] || teams["pay-ments"] {
		t.Errorf("%v", teams)
	}
}
