package people

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// userWire is a user on the wire.
type userWire struct {
	ID       string     `json:"id"`
	Email    string     `json:"email"`
	Name     string     `json:"name"`
	Role     string     `json:"role" enum:"operator,viewer,member,lead,admin"`
	Lang     string     `json:"lang" enum:",en,ja" doc:"Empty until they chose one."`
	Disabled bool       `json:"disabled"`
	Created  time.Time  `json:"created"`
	Seen     *time.Time `json:"seen,omitempty" doc:"Last request, to the hour."`
}

func wireUser(u User) userWire {
	return userWire{u.ID, u.Email, u.Name, string(u.Role), string(u.Lang), u.Disabled, u.Created, optional(u.Seen)}
}

// etag names what can be edited of a user; being seen is not a change.
func etag(u User) string {
	w := wireUser(u)
	w.Seen = nil
	return api.ETag(w)
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type tokenWire struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Kind      string     `json:"kind" enum:"api,ingest"`
	Role      string     `json:"role" enum:"viewer,member,lead,admin,ingest"`
	CreatedBy string     `json:"created_by"`
	Created   time.Time  `json:"created"`
	Expires   *time.Time `json:"expires,omitempty"`
	Used      *time.Time `json:"used,omitempty" doc:"Last use, to the minute."`
	Revoked   *time.Time `json:"revoked,omitempty"`
}

func wireToken(t Token) tokenWire {
	return tokenWire{t.ID, t.Name, string(t.Kind), string(t.Role), t.CreatedBy, t.Created, optional(t.Expires), optional(t.Used), optional(t.Revoked)}
}

type sessionWire struct {
	User        *sessionUserWire `json:"user,omitempty" doc:"Missing when nobody is signed in."`
	Auth        string           `json:"auth" enum:"password,none" doc:"none: sign-in is switched off on this machine."`
	SetupNeeded bool             `json:"setup_needed" doc:"There is no administrator yet: follow the setup link."`
	Passwords   string           `json:"passwords" enum:"all,admins" doc:"Who may sign in with a password; admins: in an emergency."`
	Providers   []providerWire   `json:"providers" doc:"Identity providers to sign in with."`
}

type sessionUserWire struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role" enum:"operator,viewer,member,lead,admin" doc:"Who leads a team is a lead at least."`
	Lang  string `json:"lang" enum:",en,ja"`
	// Teams are ids.
	Teams       []string `json:"teams" doc:"Ids of the teams they belong to."`
	Leads       []string `json:"leads" doc:"Of these, those they lead."`
	HasPassword bool     `json:"has_password"`
}

type signOutOut struct {
	Cookie string `header:"Set-Cookie"`
	Body   signOutWire
}

// sessionOut also sets the cookie.
type sessionOut struct {
	Cookie string `header:"Set-Cookie"`
	Body   sessionWire
}

type auditWire struct {
	ID      string           `json:"id"`
	Time    time.Time        `json:"time"`
	Actor   auditActor       `json:"actor"`
	Addr    string           `json:"addr"`
	TraceID string           `json:"trace_id,omitempty"`
	Action  string           `json:"action" example:"user.update"`
	Subject auditSubject     `json:"subject"`
	Before  *json.RawMessage `json:"before,omitempty"`
	After   *json.RawMessage `json:"after,omitempty"`
}

type auditActor struct {
	Kind string `json:"kind" enum:",user,token,none,system" doc:"system: Yagura itself, by its configuration."`
	ID   string `json:"id"`
	Name string `json:"name"`
}

type auditSubject struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// request lets an input see the HTTP request: for the cookie and for TLS.
type request struct{ r *http.Request }

// Resolve keeps the request.
func (q *request) Resolve(ctx huma.Context) []error {
	q.r, _ = humago.Unwrap(ctx)
	return nil
}

var signInLimit = &api.Limit{Burst: 20, Every: 3 * time.Second}

type signInInput struct {
	request
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type setupInput struct {
	request
	Body struct {
		Token    string `json:"token" maxLength:"100" doc:"From the setup link."`
		Email    string `json:"email" maxLength:"254"`
		Name     string `json:"name" maxLength:"400"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type passwordInput struct {
	request
	Body struct {
		Current  string `json:"current" maxLength:"1000"`
		Password string `json:"password" maxLength:"1000" doc:"At least 10 characters."`
	}
}

type userInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Name     string `json:"name" maxLength:"400"`
		Role     string `json:"role" enum:"operator,viewer,member,lead,admin"`
		Password string `json:"password,omitempty" maxLength:"1000" doc:"A first one, of at least 10 characters, for its owner to change. May be missing where people sign in by an identity provider."`
	}
}

type userPath struct {
	ID string `path:"id" maxLength:"32"`
}

type userPatch struct {
	ID string `path:"id" maxLength:"32"`
	api.IfMatch
	Body struct {
		Email    *string `json:"email,omitempty" maxLength:"254"`
		Name     *string `json:"name,omitempty" maxLength:"400"`
		Role     *string `json:"role,omitempty" enum:"operator,viewer,member,lead,admin"`
		Disabled *bool   `json:"disabled,omitempty"`
		Password *string `json:"password,omitempty" maxLength:"1000" doc:"Also signs them out everywhere."`
	}
}

type mePatch struct {
	Body struct {
		Name *string `json:"name,omitempty" maxLength:"400"`
		Lang *string `json:"lang,omitempty" enum:",en,ja"`
	}
}

type userOut struct {
	ETag string `header:"ETag"`
	Body userWire
}

func outUser(u User) *userOut { return &userOut{etag(u), wireUser(u)} }

type tokenInput struct {
	Body struct {
		Name    string     `json:"name" maxLength:"400"`
		Kind    string     `json:"kind" enum:"api,ingest"`
		Role    string     `json:"role,omitempty" enum:"viewer,member,lead,admin" doc:"For API tokens."`
		Expires *time.Time `json:"expires,omitempty" doc:"Never when missing."`
	}
}

type tokenSecret struct {
	Token  tokenWire `json:"token"`
	Secret string    `json:"secret" doc:"Shown this once."`
}

type auditInput struct {
	From    string `query:"from" maxLength:"64" doc:"Not before: RFC 3339, relative to now (-7d), or Unix milliseconds. The begin when empty."`
	To      string `query:"to" maxLength:"64" doc:"Before; as from. Now when empty."`
	Actor   string `query:"actor" maxLength:"400" doc:"Who did it: id or name."`
	Action  string `query:"action" maxLength:"100" doc:"What was done, or how its name begins: team.merge, team."`
	Subject string `query:"subject" maxLength:"400" doc:"To what: id or name."`
	Addr    string `query:"addr" maxLength:"64" doc:"From which address."`
	After   string `query:"after" maxLength:"100" doc:"The cursor of the page before."`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (in auditInput) query(now time.Time) (q AuditQuery, err error) {
	q = AuditQuery{Actor: in.Actor, Action: in.Action, Subject: in.Subject, Addr: in.Addr}
	if in.From != "" {
		if q.From, err = api.ParseTime("from", in.From, now); err != nil {
			return q, err
		}
	}
	if in.To != "" {
		q.To, err = api.ParseTime("to", in.To, now)
	}
	return q, err
}

type auditCursor struct {
	Before uint64 `json:"b"`
}

// Routes adds the operations of this room.
func (s *Service) Routes(a *api.API) {
	s.teamRoutes(a)
	s.oidcRoutes(a)
	const tag = "people"
	api.Register(a, api.Op{ID: "get-session", Method: "GET", Path: "/session", Tag: tag, Permission: authz.Public,
		Summary: "Who is signed in"},
		func(ctx context.Context, _ *struct{}) (*api.Out[sessionWire], error) {
			w, err := s.sessionWire(ctx)
			return api.OK(w), err
		})
	api.Register(a, api.Op{ID: "sign-in", Method: "POST", Path: "/session", Tag: tag, Permission: authz.Public, Limit: signInLimit,
		Summary: "Sign in with a password; answers with a session cookie"},
		func(ctx context.Context, in *signInInput) (*sessionOut, error) {
			u, sess, err := s.SignIn(ctx, in.Body.Email, in.Body.Password, api.ClientAddr(ctx))
			if err != nil {
				return nil, err
			}
			return s.signedIn(a, in.r, u, sess), nil
		})
	api.Register(a, api.Op{ID: "sign-out", Method: "DELETE", Path: "/session", Tag: tag, Permission: authz.Public, Status: http.StatusOK,
		Summary: "Sign out"},
		func(ctx context.Context, in *struct{ request }) (*signOutOut, error) {
			out := &signOutOut{Cookie: cookie(a, in.r, "", -1)}
			c, err := in.r.Cookie(api.SessionCookie)
			if err != nil {
				return out, nil
			}
			idToken, err := s.SignOut(ctx, c.Value)
			if err != nil {
				return nil, err
			}
			if idToken != "" && s.oidc != nil {
				if base, err := s.base(in.r); err == nil {
					out.Body.LogoutURL = s.oidc.logoutURL(ctx, base, idToken)
				}
			}
			return out, nil
		})
	api.Register(a, api.Op{ID: "setup", Method: "POST", Path: "/setup", Tag: tag, Permission: authz.Public, Limit: signInLimit,
		Summary: "Make the first administrator with the setup link, and sign in"},
		func(ctx context.Context, in *setupInput) (*sessionOut, error) {
			u, sess, err := s.Setup(ctx, in.Body.Token, User{Email: in.Body.Email, Name: in.Body.Name, Lang: api.Lang(ctx)}, in.Body.Password)
			if err != nil {
				return nil, err
			}
			return s.signedIn(a, in.r, u, sess), nil
		})

	api.Register(a, api.Op{ID: "list-users", Method: "GET", Path: "/users", Tag: tag, Permission: authz.UsersRead,
		Summary: "List users"},
		func(ctx context.Context, _ *struct{}) (*api.Out[api.List[userWire]], error) {
			users, err := s.Users(ctx)
			return api.OK(api.ListOf(mapped(users, wireUser), "")), err
		})
	api.Register(a, api.Op{ID: "get-user", Method: "GET", Path: "/users/{id}", Tag: tag, Permission: authz.UsersRead,
		Summary: "Get a user"},
		func(ctx context.Context, in *userPath) (*userOut, error) {
			u, err := s.User(ctx, in.ID)
			return outUser(u), err
		})
	api.Register(a, api.Op{ID: "create-user", Method: "POST", Path: "/users", Tag: tag, Permission: authz.UsersWrite, Status: http.StatusCreated,
		Summary: "Create a user"},
		func(ctx context.Context, in *userInput) (*userOut, error) {
			u, err := s.AddUser(ctx, User{Email: in.Body.Email, Name: in.Body.Name, Role: authz.Role(in.Body.Role)}, in.Body.Password)
			return outUser(u), err
		})
	api.Register(a, api.Op{ID: "update-user", Method: "PATCH", Path: "/users/{id}", Tag: tag, Permission: authz.UsersWrite,
		Summary: "Change a user"},
		func(ctx context.Context, in *userPatch) (*userOut, error) {
			c := UserChange{Email: in.Body.Email, Name: in.Body.Name, Disabled: in.Body.Disabled, Password: in.Body.Password}
			if in.Body.Role != nil {
				role := authz.Role(*in.Body.Role)
				c.Role = &role
			}
			u, err := s.UpdateUser(ctx, in.ID, c, func(now User) error { return in.Check(etag(now)) })
			return outUser(u), err
		})
	api.Register(a, api.Op{ID: "delete-user", Method: "DELETE", Path: "/users/{id}", Tag: tag, Permission: authz.UsersWrite,
		Summary: "Delete a user"},
		func(ctx context.Context, in *userPath) (*struct{}, error) { return nil, s.RemoveUser(ctx, in.ID) })
	api.Register(a, api.Op{ID: "update-me", Method: "PATCH", Path: "/users/me", Tag: tag, Permission: authz.SignedIn,
		Summary: "Change one's own name and language"},
		func(ctx context.Context, in *mePatch) (*userOut, error) {
			u, err := s.UpdateMe(ctx, in.Body.Name, (*i18n.Lang)(in.Body.Lang))
			return outUser(u), err
		})
	api.Register(a, api.Op{ID: "change-password", Method: "POST", Path: "/users/me/password", Tag: tag, Permission: authz.SignedIn,
		Summary: "Change one's own password; ends all other sessions"},
		func(ctx context.Context, in *passwordInput) (*sessionOut, error) {
			sess, err := s.ChangePassword(ctx, api.ClientAddr(ctx), in.Body.Current, in.Body.Password)
			if err != nil {
				return nil, err
			}
			u, err := s.User(ctx, authz.From(ctx).UserID)
			if err != nil {
				return nil, err
			}
			return s.signedIn(a, in.r, u, sess), nil
		})

	api.Register(a, api.Op{ID: "list-tokens", Method: "GET", Path: "/tokens", Tag: tag, Permission: authz.TokensRead,
		Summary: "List API and ingest tokens"},
		func(ctx context.Context, _ *struct{}) (*api.Out[api.List[tokenWire]], error) {
			tokens, err := s.Tokens(ctx)
			return api.OK(api.ListOf(mapped(tokens, wireToken), "")), err
		})
	api.Register(a, api.Op{ID: "create-token", Method: "POST", Path: "/tokens", Tag: tag, Permission: authz.TokensWrite, Status: http.StatusCreated,
		Summary: "Create a token; its secret is in this answer alone"},
		func(ctx context.Context, in *tokenInput) (*api.Out[tokenSecret], error) {
			t := Token{Name: in.Body.Name, Kind: TokenKind(in.Body.Kind), Role: authz.Role(in.Body.Role)}
			if in.Body.Expires != nil {
				t.Expires = in.Body.Expires.UTC()
			}
			t, secret, err := s.AddToken(ctx, t)
			return api.OK(tokenSecret{wireToken(t), secret}), err
		})
	api.Register(a, api.Op{ID: "revoke-token", Method: "DELETE", Path: "/tokens/{id}", Tag: tag, Permission: authz.TokensWrite,
		Summary: "Revoke a token"},
		func(ctx context.Context, in *userPath) (*struct{}, error) { return nil, s.RevokeToken(ctx, in.ID) })

	api.Register(a, api.Op{ID: "list-audit", Method: "GET", Path: "/audit", Tag: tag, Permission: authz.AuditRead,
		Summary: "Read who changed what, newest first"},
		func(ctx context.Context, in *auditInput) (*api.Out[api.List[auditWire]], error) {
			after, err := api.ParseCursor[auditCursor]("after", in.After)
			if err != nil {
				return nil, err
			}
			q, err := in.query(s.clock.Now())
			if err != nil {
				return nil, err
			}
			entries, err := s.AuditTrail(ctx, q, after.Before, in.Limit)
			if err != nil {
				return nil, err
			}
			next := ""
			if len(entries) == in.Limit {
				next = api.Cursor(auditCursor{entries[len(entries)-1].ID})
			}
			return api.OK(api.ListOf(mapped(entries, wireAudit), next)), nil
		})
	api.Register(a, api.Op{ID: "list-audit-actions", Method: "GET", Path: "/audit/actions", Tag: tag, Permission: authz.AuditRead,
		Summary: "List what the audit has lines of, to choose from"},
		func(ctx context.Context, _ *struct{}) (*api.Out[api.List[string]], error) {
			actions, err := s.AuditActions(ctx)
			return api.OK(api.ListOf(actions, "")), err
		})
}

func wireAudit(e Entry) auditWire {
	w := auditWire{
		ID: strconv.FormatUint(e.ID, 10), Time: e.At, Addr: e.Addr, TraceID: e.TraceID, Action: e.Action,
		Actor: auditActor{string(e.Actor.Kind), e.Actor.UserID, e.Actor.Name}, Subject: auditSubject{e.SubjectID, e.SubjectName},
	}
	if e.Before != nil {
		w.Before = &e.Before
	}
	if e.After != nil {
		w.After = &e.After
	}
	return w
}

func (s *Service) sessionWire(ctx context.Context) (sessionWire, error) {
	w := s.emptySession()
	p := authz.From(ctx)
	switch {
	case s.noAuth:
		w.Auth = "none"
		w.User = &sessionUserWire{ID: "local", Name: p.Name, Role: string(p.Role), Teams: []string{}, Leads: []string{}}
	case p.Kind == authz.KindUser:
		u, err := s.User(ctx, p.UserID)
		if err != nil {
			return w, err
		}
		w.User = wireSessionUser(u, p)
	case p.Kind == authz.KindToken && p.Role.Valid():
		w.User = &sessionUserWire{ID: p.UserID, Name: p.Name, Role: string(p.Role), Teams: []string{}, Leads: []string{}}
	case p.Kind == authz.KindToken:
		return w, fault.New(fault.Forbidden, i18n.T(
			"An ingest token can only send telemetry.", "取り込みトークンで行えるのはテレメトリーの送信だけです。"))
	default:
		var err error
		if w.SetupNeeded, err = s.SetupNeeded(ctx); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (s *Service) emptySession() sessionWire {
	w := sessionWire{Auth: "password", Passwords: "all", Providers: s.providers()}
	if s.adminPasswords {
		w.Passwords = "admins"
	}
	return w
}

func wireSessionUser(u User, p authz.Principal) *sessionUserWire {
	return &sessionUserWire{u.ID, u.Name, u.Email, string(p.Role), string(u.Lang), mapped(p.Teams, same), mapped(p.Leads, same), u.HasPassword()}
}

func (s *Service) signedIn(a *api.API, r *http.Request, u User, sess Session) *sessionOut {
	out := &sessionOut{Cookie: cookie(a, r, sess.Secret, int(cookieLife/time.Second)), Body: s.emptySession()}
	out.Body.User = wireSessionUser(u, u.Principal())
	return out
}

// cookieLife is longer than a session's, which slides on the server: the longest that
// browsers keep.
const cookieLife = 400 * 24 * time.Hour

func cookie(a *api.API, r *http.Request, secret string, maxAge int) string {
	c := http.Cookie{
		Name: api.SessionCookie, Value: secret, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.Secure(r),
	}
	return c.String()
}

func mapped[T, W any](in []T, f func(T) W) []W {
	out := make([]W, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}
