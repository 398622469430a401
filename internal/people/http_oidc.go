package people

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/id"
)

type providerWire struct {
	Name   string `json:"name" doc:"For the button: Sign in with ..."`
	SignIn string `json:"sign_in" doc:"Where to send the browser; ?next= is where it comes back to."`
}

type identityWire struct {
	Issuer  string     `json:"issuer"`
	Subject string     `json:"subject"`
	Email   string     `json:"email" doc:"As the provider has it."`
	Created time.Time  `json:"created"`
	Seen    *time.Time `json:"seen,omitempty" doc:"Last sign-in."`
}

func wireIdentity(i Identity) identityWire {
	return identityWire{i.Issuer, i.Subject, i.Email, i.Created, optional(i.Seen)}
}

type signOutWire struct {
	LogoutURL string `json:"logout_url,omitempty" doc:"Send the browser here to sign out at the identity provider too."`
}

func (s *Service) providers() []providerWire {
	if s.oidc == nil {
		return []providerWire{}
	}
	name := s.oidc.Name
	if u, err := url.Parse(s.oidc.Issuer); name == "" && err == nil {
		name = u.Hostname()
	}
	return []providerWire{{name, oidcStart}}
}

// oidcRoutes adds what browsers are sent to. They are no operations: they answer with
// redirects, and providers add parameters of their own.
func (s *Service) oidcRoutes(a *api.API) {
	if s != nil && s.oidc != nil { // nil when only the document is made
		a.Mount("GET "+oidcStart, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.startOIDC(a, w, r) }))
		a.Mount("GET "+oidcCallback, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.finishOIDC(a, w, r) }))
	}
	const tag = "people"
	api.Register(a, api.Op{ID: "list-user-identities", Method: "GET", Path: "/users/{id}/identities", Tag: tag, Permission: authz.SignedIn,
		Summary: "List who a user is at identity providers", Description: "One's own, or for administrators everybody's."},
		func(ctx context.Context, in *userPath) (*api.Out[api.List[identityWire]], error) {
			all, err := s.Identities(ctx, in.ID)
			return api.OK(api.ListOf(mapped(all, wireIdentity), "")), err
		})
	api.Register(a, api.Op{ID: "unlink-user-identity", Method: "DELETE", Path: "/users/{id}/identities", Tag: tag, Permission: authz.UsersWrite,
		Summary: "Forget who a user is at an identity provider, and sign them out"},
		func(ctx context.Context, in *struct {
			ID      string `path:"id" maxLength:"32"`
			Issuer  string `query:"issuer" required:"true" maxLength:"1000"`
			Subject string `query:"subject" required:"true" maxLength:"1000"`
		}) (*struct{}, error) {
			return nil, s.Unlink(ctx, in.ID, in.Issuer, in.Subject)
		})
}

// base is our address as the browser sees it. Without a configured one only a loopback
// host is believed: the Host header is the visitor's.
func (s *Service) base(r *http.Request) (string, error) {
	if s.oidc.PublicURL != "" {
		return strings.TrimRight(s.oidc.PublicURL, "/"), nil
	}
	if config.Loopback(r.Host) || config.Loopback(r.Host+":80") {
		return "http://" + r.Host, nil
	}
	return "", refuse(refusedProvider, "public_url is not set, and %q is not a loopback address", r.Host)
}

// flowCookie holds the secret of this browser's sign-ins that are under way. Over TLS its
// name keeps pages of neighbouring hosts from setting it.
func flowCookie(a *api.API, r *http.Request, secret string) *http.Cookie {
	c := &http.Cookie{Name: "yagura_signin", Value: secret, Path: "/", MaxAge: int(flowLife / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if a.Secure(r) {
		c.Name, c.Secure = "__Host-yagura_signin", true
	}
	return c
}

func flowSecret(a *api.API, r *http.Request) string {
	c, err := r.Cookie(flowCookie(a, r, "").Name)
	if err != nil || len(c.Value) != 52 {
		return ""
	}
	return c.Value
}

func (s *Service) startOIDC(a *api.API, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	next := r.URL.Query().Get("next")
	base, err := s.base(r)
	if err != nil {
		s.refuseOIDC(w, r, next, err)
		return
	}
	// Several tabs share the secret; each has a state of its own.
	secret := flowSecret(a, r)
	if secret == "" {
		secret = id.Secret()
	}
	to, err := s.oidc.begin(r.Context(), base, secret, next)
	if err != nil {
		s.refuseOIDC(w, r, next, err)
		return
	}
	http.SetCookie(w, flowCookie(a, r, secret))
	http.Redirect(w, r, to, http.StatusFound)
}

func (s *Service) finishOIDC(a *api.API, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	ctx := r.Context()
	base, err := s.base(r)
	if err != nil {
		s.refuseOIDC(w, r, "", err)
		return
	}
	who, err := s.oidc.finish(ctx, base, flowSecret(a, r), r.URL.Query())
	if err != nil {
		s.refuseOIDC(w, r, who.flow.Next, err)
		return
	}
	u, sess, err := s.enter(ctx, who)
	if err != nil {
		s.refuseOIDC(w, r, who.flow.Next, err)
		return
	}
	s.log.Info("signed in by the identity provider", "user", u.ID, "trace_id", api.TraceID(ctx))
	w.Header().Add("Set-Cookie", cookie(a, r, sess.Secret, int(s.oidc.MaxSession/time.Second)))
	http.Redirect(w, r, safeNext(who.flow.Next), http.StatusFound)
}

// refuseOIDC sends people to the sign-in page, which has a sentence for each code.
func (s *Service) refuseOIDC(w http.ResponseWriter, r *http.Request, next string, err error) {
	code := refusedProvider
	var no *refusal
	if errors.As(err, &no) {
		code = no.code
	} else if fault.Of(err).Code == fault.Internal {
		s.log.Error("sign-in by the identity provider failed", "error", err, "trace_id", api.TraceID(r.Context()))
	}
	s.log.Warn("sign-in by the identity provider refused", "reason", code, "error", err, "addr", api.ClientAddr(r.Context()), "trace_id", api.TraceID(r.Context()))
	q := url.Values{"error": {code}, "trace": {api.TraceID(r.Context())}}
	if next = safeNext(next); next != "/" {
		q.Set("next", next)
	}
	http.Redirect(w, r, signInPage+"?"+q.Encode(), http.StatusFound)
}
