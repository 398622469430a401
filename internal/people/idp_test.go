package people

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// idp is a real OpenID provider, Zitadel's, on a loopback port. Its people and their
// groups are the test's; what it answers can be tampered with, signed by its own key.
type idp struct {
	*storage.Storage
	server *httptest.Server

	mu      sync.Mutex
	users   map[string]*storage.User
	groups  map[string]any // by user id: what the groups claim holds; nil: there is none
	extra   map[string]any // further claims of everybody
	inToken bool           // claims are in the ID token, too
	tamper  func(claims map[string]any)
	broken  string // path that answers 500
	calls   map[string]int
	clients map[string]*storage.Client
}

func newIDP(t *testing.T) *idp {
	p := &idp{users: map[string]*storage.User{}, groups: map[string]any{}, extra: map[string]any{}, calls: map[string]int{}, clients: map[string]*storage.Client{}}
	p.Storage = storage.NewStorageWithClients(p, p.clients)
	var inner http.Handler
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.calls[r.URL.Path]++
		broken, tamper := p.broken == r.URL.Path, p.tamper
		p.mu.Unlock()
		switch {
		case broken:
			http.Error(w, "out of order", http.StatusInternalServerError)
		case r.URL.Path == "/oauth/token" && tamper != nil:
			rec := httptest.NewRecorder()
			inner.ServeHTTP(rec, r)
			p.forge(t, w, rec, tamper)
		default:
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.server.Close)
	quiet := slog.Default()
	inner = exampleop.SetupServer(p.server.URL, p, slog.New(slog.DiscardHandler), false)
	slog.SetDefault(quiet) // the example replaces the whole process's logger
	return p
}

// forge changes the claims of the ID token and signs it again with the provider's key.
func (p *idp) forge(t *testing.T, w http.ResponseWriter, rec *httptest.ResponseRecorder, tamper func(map[string]any)) {
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer["id_token"] == nil {
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
		return
	}
	key, err := p.SigningKey(context.Background())
	if err != nil {
		t.Error(err)
	}
	old, err := jwt.ParseSigned(answer["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Error(err)
		return
	}
	claims := map[string]any{}
	if err := old.UnsafeClaimsWithoutVerification(&claims); err != nil {
		t.Error(err)
	}
	tamper(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key.Key(), KeyID: key.ID()}}, nil)
	if err != nil {
		t.Error(err)
	}
	answer["id_token"], err = jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (p *idp) with(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *idp) add(id, email string, groups ...string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := &storage.User{ID: id, Username: id, Password: "pw", FirstName: "First", LastName: id, Email: email, EmailVerified: true}
	p.users[id] = u
	p.groups[id] = groups
	return u
}

func (p *idp) GetUserByID(id string) *storage.User         { return p.users[id] }
func (p *idp) GetUserByUsername(name string) *storage.User { return p.users[name] }
func (p *idp) ExampleClientID() string                     { return "service" }

// relyingClient lets the browser come back after sign-out.
type relyingClient struct {
	op.Client
	back    string
	inToken bool
}

func (c relyingClient) PostLogoutRedirectURIs() []string     { return []string{c.back} }
func (c relyingClient) IDTokenUserinfoClaimsAssertion() bool { return c.inToken }

func (p *idp) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := p.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return relyingClient{c, strings.Replace(p.clients[id].RedirectURIs()[0], oidcCallback, signInPage, 1), p.inToken}, nil
}

func (p *idp) enrich(info *oidc.UserInfo, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g := p.groups[user]; g != nil {
		info.AppendClaims("groups", g)
	}
	for k, v := range p.extra {
		info.AppendClaims(k, v)
	}
}

func (p *idp) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	err := p.Storage.SetUserinfoFromRequest(ctx, info, token, scopes)
	p.enrich(info, token.GetSubject())
	return err
}

func (p *idp) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	err := p.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
	p.enrich(info, subject)
	return err
}

// world is Yagura on a loopback port with that provider.
type world struct {
	*fixture
	t      *testing.T
	idp    *idp
	server *httptest.Server
}

func newWorld(t *testing.T, db *sqldb.DB, change func(*OIDC, *Options)) *world {
	t.Helper()
	if err := db.Migrate(t.Context(), Migrations); err != nil {
		t.Fatal(err)
	}
	p := newIDP(t)
	c := clock.NewFake(clock.Real{}.Now()) // the provider's is real
	o := &OIDC{
		Issuer: p.server.URL, ClientID: "yagura", ClientSecret: "hush", Scopes: []string{"openid", "profile", "email"}, GroupsClaim: "groups",
		AllowUnknown: true, DefaultRole: authz.Viewer, Leeway: time.Minute, MaxSession: 24 * time.Hour,
		Client: netguard.New(netguard.Options{AnyAddress: true, Timeout: 5 * time.Second}).Client(),
	}
	opt := Options{DB: db, Clock: c, HashMemory: 64, HashPasses: 1, OIDC: o}
	if change != nil {
		change(o, &opt)
	}
	s := New(opt)
	a := api.New(api.Options{Auth: s, Clock: c})
	s.Routes(a)
	w := &world{fixture: &fixture{Service: s, db: db, clock: c}, t: t, idp: p, server: httptest.NewServer(a.Handler())}
	t.Cleanup(w.server.Close)
	p.clients["yagura"] = storage.WebClient("yagura", "hush", w.server.URL+oidcCallback)
	token, err := s.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.admin, _, err = s.Setup(t.Context(), token, User{Email: "ann@example.com", Name: "Ann"}, password); err != nil {
		t.Fatal(err)
	}
	w.ctx = authz.With(t.Context(), w.admin.Principal())
	return w
}

// visitor is a browser: it keeps cookies, and is shown every redirect.
type visitor struct {
	w      *world
	client *http.Client
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visitor{w, &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// get follows nothing, and gives where it is sent to.
func (v *visitor) get(address string) (status int, location string) {
	v.w.t.Helper()
	r, err := v.client.Get(address)
	if err != nil {
		v.w.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return r.StatusCode, r.Header.Get("Location")
}

// begin goes to the provider, signs in there, and gives where the provider sends it back.
func (v *visitor) begin(user, next string) (callback string) {
	v.w.t.Helper()
	status, to := v.get(v.w.server.URL + oidcStart + "?next=" + url.QueryEscape(next))
	if status != http.StatusFound || !strings.HasPrefix(to, v.w.idp.server.URL) {
		v.w.t.Fatalf("start: %d %s", status, to)
	}
	return v.signInThere(to, user)
}

func (v *visitor) signInThere(to, user string) string {
	v.w.t.Helper()
	status, to := v.get(to) // the authorization endpoint
	if status != http.StatusFound {
		v.w.t.Fatalf("authorize: %d %s", status, to)
	}
	login, err := url.Parse(to)
	if err != nil {
		v.w.t.Fatal(err)
	}
	form := url.Values{"id": {login.Query().Get("authRequestID")}, "username": {user}, "password": {"pw"}}
	r, err := v.client.PostForm(v.w.idp.server.URL+"/login/username", form)
	if err != nil {
		v.w.t.Fatal(err)
	}
	_ = r.Body.Close()
	to = r.Header.Get("Location")
	if !strings.HasPrefix(to, "http") {
		to = v.w.idp.server.URL + to
	}
	status, to = v.get(to)
	if status != http.StatusFound || !strings.HasPrefix(to, v.w.server.URL+oidcCallback) {
		v.w.t.Fatalf("the provider's callback: %d %s", status, to)
	}
	return to
}

// enter signs in, and gives where that ends: a path of ours.
func (v *visitor) enter(user, next string) string {
	v.w.t.Helper()
	status, to := v.get(v.begin(user, next))
	if status != http.StatusFound || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
		v.w.t.Fatalf("callback: %d %s", status, to)
	}
	return to
}

// session is who we think it is: null when nobody.
func (v *visitor) session() (user map[string]any) {
	v.w.t.Helper()
	r, err := v.client.Get(v.w.server.URL + api.Base + "/session")
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		v.w.t.Fatal(err)
	}
	user, _ = body["user"].(map[string]any)
	return user
}

func (v *visitor) call(method, path, body string) (int, map[string]any) {
	v.w.t.Helper()
	r, err := http.NewRequest(method, v.w.server.URL+api.Base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		v.w.t.Fatal(err)
	}
	r.Header.Set("X-Yagura-CSRF", "1")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := v.client.Do(r)
	if err != nil {
		v.w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&out)
	return resp.StatusCode, out
}

// refused checks that a sign-in ends on the sign-in page with that reason, and no session.
func (v *visitor) refused(to, code, what string) {
	v.w.t.Helper()
	u, err := url.Parse(to)
	if err != nil || u.Path != signInPage || u.Query().Get("error") != code || u.Host != "" {
		v.w.t.Errorf("%s: ended at %s, want the reason %s", what, to, code)
	}
	if who := v.session(); who != nil {
		v.w.t.Errorf("%s: signed in as %v", what, who)
	}
}
