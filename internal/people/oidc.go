package people

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/id"
)

// OIDC says how people come in by an identity provider.
type OIDC struct {
	Issuer, ClientID, ClientSecret string
	Name                           string // for people; the issuer's host when empty
	Scopes                         []string
	GroupsClaim                    string
	Roles                          []GroupRole
	Teams                          []GroupTeam
	TeamPrefix                     string
	AllowUnknown                   bool
	DefaultRole                    authz.Role // "" keeps out whom no group gives a role
	Domains                        []string   // of verified addresses; none: all
	LinkByEmail, TrustEmail        bool
	Leeway, MaxSession             time.Duration
	PublicURL                      string // without it, only loopback hosts are come back to
	Client                         *http.Client
}

// Paths of the sign-in, beside the API: browsers are sent there.
const (
	oidcStart    = "/auth/oidc/start"
	oidcCallback = "/auth/oidc/callback"
	signInPage   = "/signin"
)

// refusal is why somebody was not let in by the provider. The page has a sentence for
// each in both languages; the log has the cause.
type refusal struct {
	code  string
	cause error
}

func (r *refusal) Error() string { return fmt.Sprintf("sign-in refused (%s): %v", r.code, r.cause) }
func (r *refusal) Unwrap() error { return r.cause }

// The refusals.
const (
	refusedDenied     = "denied"       // the person, or the provider, said no
	refusedState      = "state"        // not begun in this browser, too long ago, or tampered with
	refusedReplay     = "replay"       // this answer was used already
	refusedProvider   = "provider"     // the provider does not answer as it should
	refusedToken      = "token"        // what it answered is not valid
	refusedUnverified = "unverified"   // no verified e-mail address
	refusedDomain     = "domain"       // an address of another domain
	refusedUnknown    = "unknown"      // no account, and none is made
	refusedTaken      = "email_taken"  // the address belongs to an account that may not be linked
	refusedRole       = "no_role"      // no group gives a role
	refusedGroups     = "group_claims" // too many groups to be listed
	refusedDisabled   = "disabled"
)

func refuse(code string, format string, args ...any) *refusal {
	return &refusal{code, fmt.Errorf(format, args...)}
}

// relying is our side of the protocol.
type relying struct {
	OIDC
	clock clock.Clock
	log   *slog.Logger

	mu      sync.Mutex
	known   *oidc.Provider
	fetched time.Time
	logout  string // the provider's end_session_endpoint
	tried   time.Time
}

const (
	discoveryLife  = time.Hour
	discoveryRetry = 5 * time.Second // between attempts while the provider is away
	flowLife       = 10 * time.Minute
)

// provider is the provider's discovery document, at most an hour old; an older one while
// it cannot be had anew.
func (o *relying) provider(ctx context.Context) (*oidc.Provider, string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock.Now()
	if o.known != nil && now.Sub(o.fetched) < discoveryLife {
		return o.known, o.logout, nil
	}
	if !o.tried.IsZero() && now.Sub(o.tried) < discoveryRetry {
		if o.known != nil {
			return o.known, o.logout, nil
		}
		return nil, "", errors.New("the identity provider did not answer a moment ago")
	}
	o.tried = now
	// The keys are fetched later and by others, so they must not end with this request.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.Client), o.Issuer)
	if err != nil {
		if o.known != nil {
			o.log.Warn("the identity provider's settings could not be read again; the old ones are used", "issuer", o.Issuer, "error", err)
			return o.known, o.logout, nil
		}
		return nil, "", err
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := p.Claims(&more); err != nil {
		return nil, "", err
	}
	o.known, o.logout, o.fetched, o.tried = p, more.EndSession, now, time.Time{}
	return p, o.logout, nil
}

func (o *relying) oauth(p *oidc.Provider, base string) *oauth2.Config {
	return &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: p.Endpoint(), Scopes: o.Scopes, RedirectURL: base + oidcCallback}
}

// flow is a sign-in under way. All of it is in the state, which is signed with a secret
// that only the browser's cookie has: nobody else can have begun it, and nothing needs to
// be stored for people who never come back.
type flow struct {
	Random string `json:"r"`
	Ends   int64  `json:"e"` // Unix seconds
	Next   string `json:"n,omitempty"`
}

// keyed derives what belongs to one flow: its signature, its nonce, its PKCE verifier.
func keyed(secret, use, payload string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("yagura oidc " + use + "\x00" + payload))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// begin gives the address to send the browser to.
func (o *relying) begin(ctx context.Context, base, secret, next string) (string, error) {
	p, _, err := o.provider(ctx)
	if err != nil {
		return "", refuse(refusedProvider, "discovery: %w", err)
	}
	b, err := json.Marshal(flow{Random: id.New(), Ends: o.clock.Now().Add(flowLife).Unix(), Next: safeNext(next)})
	if err != nil {
		return "", err
	}
	payload := base64.RawURLEncoding.EncodeToString(b)
	state := payload + "." + keyed(secret, "state", payload)
	return o.oauth(p, base).AuthCodeURL(state,
		oidc.Nonce(keyed(secret, "nonce", payload)), oauth2.S256ChallengeOption(keyed(secret, "verifier", payload))), nil
}

// arrived is what the provider said of a person, verified.
type arrived struct {
	claims
	subject string
	rawID   string
	flow    flow
	state   string
}

// finish turns what the browser brought back into who it is.
func (o *relying) finish(ctx context.Context, base, secret string, q url.Values) (a arrived, err error) {
	a.state = q.Get("state")
	payload, sign, ok := strings.Cut(a.state, ".")
	if !ok || secret == "" || !hmac.Equal([]byte(sign), []byte(keyed(secret, "state", payload))) {
		return a, refuse(refusedState, "the state was not given out to this browser")
	}
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err == nil {
		err = json.Unmarshal(b, &a.flow)
	}
	if err != nil || o.clock.Now().Unix() > a.flow.Ends {
		return a, refuse(refusedState, "the sign-in began too long ago: %w", err)
	}
	if iss := q.Get("iss"); iss != "" && iss != o.Issuer { // RFC 9207: another provider's answer
		return a, refuse(refusedToken, "the answer is of issuer %q", iss)
	}
	if code := q.Get("error"); code != "" {
		why := refusedProvider
		if slices.Contains([]string{"access_denied", "login_required", "interaction_required", "consent_required"}, code) {
			why = refusedDenied
		}
		return a, refuse(why, "the provider answered %q: %q", code, q.Get("error_description"))
	}
	p, _, err := o.provider(ctx)
	if err != nil {
		return a, refuse(refusedProvider, "discovery: %w", err)
	}
	ctx = oidc.ClientContext(ctx, o.Client)
	token, err := o.oauth(p, base).Exchange(ctx, q.Get("code"), oauth2.VerifierOption(keyed(secret, "verifier", payload)))
	if err != nil {
		return a, refuse(refusedProvider, "code exchange: %w", err)
	}
	a.rawID, ok = token.Extra("id_token").(string)
	if !ok {
		return a, refuse(refusedToken, "no id_token in the answer")
	}
	verified, err := o.verify(ctx, p, a.rawID, token.AccessToken)
	if err != nil {
		return a, &refusal{refusedToken, err}
	}
	if !hmac.Equal([]byte(verified.Nonce), []byte(keyed(secret, "nonce", payload))) {
		return a, refuse(refusedToken, "the nonce is of another sign-in")
	}
	a.subject = verified.Subject
	if a.claims, err = parseClaims(verified.Claims); err != nil {
		return a, &refusal{refusedToken, err}
	}
	return a, o.complete(ctx, p, token, &a)
}

func (o *relying) verify(ctx context.Context, p *oidc.Provider, raw, access string) (*oidc.IDToken, error) {
	now := o.clock.Now()
	v := p.VerifierContext(ctx, &oidc.Config{ClientID: o.ClientID, Now: func() time.Time { return now.Add(-o.Leeway) }})
	t, err := v.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	var azp struct {
		Party string `json:"azp"`
	}
	if err := t.Claims(&azp); err != nil {
		return nil, err
	}
	switch {
	case t.Subject == "":
		return nil, errors.New("no subject")
	case azp.Party != "" && azp.Party != o.ClientID, azp.Party == "" && len(t.Audience) > 1:
		return nil, fmt.Errorf("issued to %q, for %q", azp.Party, t.Audience)
	case t.IssuedAt.After(now.Add(o.Leeway)):
		return nil, fmt.Errorf("issued in the future, at %s", t.IssuedAt)
	case t.AccessTokenHash != "":
		return t, t.VerifyAccessToken(access)
	}
	return t, nil
}

// complete asks for what the ID token left out. When that fails, nobody is let in: no
// answer is not the answer that they have no groups.
func (o *relying) complete(ctx context.Context, p *oidc.Provider, token *oauth2.Token, a *arrived) error {
	_, listed := a.groups(o.GroupsClaim)
	if (a.text("email") == "" || !listed) && p.UserInfoEndpoint() != "" {
		info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return refuse(refusedProvider, "userinfo: %w", err)
		}
		if info.Subject != a.subject {
			return refuse(refusedToken, "userinfo is of %q", info.Subject)
		}
		more, err := parseClaims(info.Claims)
		if err != nil {
			return refuse(refusedProvider, "userinfo: %w", err)
		}
		// An address and whether it is verified belong together.
		if a.text("email") == "" {
			delete(a.claims, "email_verified")
		} else {
			delete(more, "email_verified")
		}
		for k, v := range more {
			if _, said := a.claims[k]; !said {
				a.claims[k] = v
			}
		}
		_, listed = a.groups(o.GroupsClaim)
	}
	if !listed && a.overflown(o.GroupsClaim) {
		return refuse(refusedGroups, "the provider left the groups out as they are too many")
	}
	return nil
}

// verifiedEmail is the person's address, when the provider vouches for it.
func (o *relying) verifiedEmail(c claims) (string, bool) {
	email := c.text("email")
	_, said := c["email_verified"]
	return email, email != "" && (c.flag("email_verified") || !said && o.TrustEmail)
}

// logoutURL is where the browser ends its session at the provider; "" when it cannot.
func (o *relying) logoutURL(ctx context.Context, base, rawID string) string {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_, end, err := o.provider(ctx)
	u, errURL := url.Parse(end)
	if err != nil || errURL != nil || end == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	q := u.Query()
	q.Set("client_id", o.ClientID)
	q.Set("post_logout_redirect_uri", base+signInPage)
	if len(rawID) < 6000 { // longer ones do not fit in an address
		q.Set("id_token_hint", rawID)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// safeNext is a place of ours to go on to, or "/": never another site, whatever tricks
// browsers play on slashes, and nothing that acts by being visited.
func safeNext(next string) string {
	if len(next) > 1000 || !strings.HasPrefix(next, "/") || strings.ContainsFunc(next, func(r rune) bool { return r <= ' ' || r == '\\' || unprintable(r) }) {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "/"
	}
	for _, p := range []string{"//", "/api", "/auth/", signInPage, "/setup"} {
		if strings.HasPrefix(u.Path, p) {
			return "/"
		}
	}
	return u.String()
}

// seal keeps a text so that only who holds the secret can read it.
func seal(secret, text string) string {
	gcm := sealer(secret)
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	return base64.RawStdEncoding.EncodeToString(gcm.Seal(nonce, nonce, []byte(text), nil))
}

func unseal(secret, sealed string) string {
	gcm := sealer(secret)
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(b) < gcm.NonceSize() {
		return ""
	}
	text, err := gcm.Open(nil, b[:gcm.NonceSize()], b[gcm.NonceSize():], nil)
	if err != nil {
		return ""
	}
	return string(text)
}

func sealer(secret string) cipher.AEAD {
	key := sha256.Sum256([]byte("yagura sign-out " + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}
