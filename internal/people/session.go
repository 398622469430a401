package people

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Session is the right of a browser to act for a user. Secret is for its cookie alone.
type Session struct {
	Secret  string
	Expires time.Time
}

const (
	sessionLife  = 30 * 24 * time.Hour // since it was last used
	sessionTouch = time.Hour           // so often at most is the use written down
	tokenTouch   = time.Minute
)

// The ways in that make a session.
const (
	byPassword = "password"
	byOIDC     = "oidc"
)

// begin makes a session of u, and sweeps those that ended.
func (s *Service) begin(tx *sqldb.Tx, u User) (Session, error) {
	return s.beginBy(tx, u, byPassword, "")
}

// beginBy makes a session by one of the ways in. Those by the identity provider end at a
// fixed time, so that groups are read again; idToken is what its sign-out wants to see.
func (s *Service) beginBy(tx *sqldb.Tx, u User, method, idToken string) (Session, error) {
	now := s.clock.Now()
	sess := Session{Secret: id.Secret(), Expires: now.Add(sessionLife)}
	sealed := ""
	if method == byOIDC {
		sess.Expires = now.Add(s.oidc.MaxSession)
		sealed = seal(sess.Secret, idToken)
	}
	if err := deleteExpiredSessions(tx, now); err != nil {
		return sess, err
	}
	row := session{hash: hashOf(sess.Secret), user: u.ID, created: now, seen: now, expires: sess.Expires, method: method, sealed: sealed}
	if err := insertSession(tx, row); err != nil {
		return sess, err
	}
	return sess, touchSession(tx, row)
}

var errWrongPassword = fault.New(fault.Unauthenticated, i18n.T(
	"The e-mail address or the password is wrong.", "メールアドレスまたはパスワードが正しくありません。"))

// SignIn begins a session for who knows the password. Its faults do not tell whether
// there is such an account, unless the password was right.
func (s *Service) SignIn(ctx context.Context, email, password, addr string) (User, Session, error) {
	var sess Session
	if s.noAuth {
		return User{}, sess, fault.New(fault.Conflict, i18n.T("Sign-in is switched off.", "サインインは無効になっています。"))
	}
	try, err := s.throttle.begin(emailKey(email), addr)
	if err != nil {
		return User{}, sess, err
	}
	var u User
	err = s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { u, err = userByEmail(tx, email); return err })
	if err != nil && !fault.Is(err, fault.NotFound) {
		return User{}, sess, err
	}
	ok, stale, err := s.hash.verify(ctx, u.password, password)
	if err != nil {
		return User{}, sess, err
	}
	if !ok {
		s.log.Warn("sign-in failed", "addr", addr, "user", u.ID, "trace_id", api.TraceID(ctx))
		return User{}, sess, errWrongPassword
	}
	s.throttle.succeed(try)
	verified := u.password
	if stale {
		if hash, err := s.hash.hash(ctx, password); err == nil {
			u.password = hash
		} else {
			stale = false // the old one does until next time
		}
	}
	known := u
	ctx = authz.With(ctx, u.Principal())
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		// Meanwhile they may have been disabled, or have changed the password.
		if u, err = userByID(tx, known.ID); err != nil {
			return err
		}
		if u.password != verified {
			return errWrongPassword
		}
		if u.Disabled {
			return fault.New(fault.Forbidden, i18n.T(
				"This account is disabled. Ask an administrator.", "このアカウントは無効化されています。管理者にお問い合わせください。"))
		}
		if s.adminPasswords && u.Role != authz.Admin {
			return fault.New(fault.Forbidden, i18n.T(
				"Passwords are for administrators in an emergency. Sign in with your organisation's account.",
				"パスワードでサインインできるのは、非常時の管理者のみです。組織のアカウントでサインインしてください。"))
		}
		if stale {
			u.password = known.password
			if err := updateUser(tx, u); err != nil {
				return err
			}
		}
		if u.teams, err = membershipsOf(tx, u.ID); err != nil {
			return err
		}
		if sess, err = s.begin(tx, u); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "session.create", u.ID, u.Name, nil, nil)
	})
	return u, sess, err
}

// SignOut ends the session of a secret, if there is one. For one by the identity provider
// it gives the ID token with which the provider lets them sign out there too.
func (s *Service) SignOut(ctx context.Context, secret string) (idToken string, err error) {
	if secret == "" {
		return "", nil
	}
	var sealed string
	err = s.db.Write(ctx, func(tx *sqldb.Tx) (err error) { sealed, err = deleteSession(tx, hashOf(secret)); return err })
	if err != nil || sealed == "" {
		return "", err
	}
	return unseal(secret, sealed), nil
}

// Authenticate implements api.Authenticator.
func (s *Service) Authenticate(ctx context.Context, r *http.Request) (authz.Principal, error) {
	if s.noAuth {
		return authz.Local(), nil
	}
	if head := r.Header.Get("Authorization"); head != "" {
		scheme, secret, _ := strings.Cut(head, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return authz.Principal{}, errBadToken
		}
		secret = strings.TrimSpace(secret)
		if strings.HasPrefix(secret, ingestPrefix) {
			return s.CheckIngestToken(ctx, secret)
		}
		return s.checkAPIToken(ctx, secret)
	}
	cookie, err := r.Cookie(api.SessionCookie)
	if err != nil || cookie.Value == "" || len(cookie.Value) > 100 {
		return authz.Principal{}, nil
	}
	return s.checkSession(ctx, cookie.Value)
}

func (s *Service) checkSession(ctx context.Context, secret string) (authz.Principal, error) {
	var sess session
	var u User
	err := s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { sess, u, err = sessionUser(tx, hashOf(secret)); return err })
	now := s.clock.Now()
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
		return authz.Principal{}, nil
	case err != nil:
		return authz.Principal{}, err
	case u.Disabled, !now.Before(sess.expires):
		return authz.Principal{}, nil
	}
	if now.Sub(sess.seen) >= sessionTouch {
		sess.seen = now
		if sess.method == byPassword {
			sess.expires = now.Add(sessionLife)
		}
		if err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return touchSession(tx, sess) }); err != nil {
			// They are who they are also while the disk is full.
			s.log.Warn("the use of a session could not be written down", "error", err)
		}
	}
	return u.Principal(), nil
}

var errBadToken = fault.New(fault.Unauthenticated, i18n.T(
	"This token is not valid: unknown, revoked or expired. Make a new one under Settings.",
	"トークンが無効です（存在しない、失効済み、または期限切れ）。設定画面で新しいトークンを発行してください。"))

func (s *Service) checkAPIToken(ctx context.Context, secret string) (authz.Principal, error) {
	if !strings.HasPrefix(secret, apiPrefix) || len(secret) > 100 {
		return authz.Principal{}, errBadToken
	}
	t, err := s.loadToken(ctx, hashOf(secret))
	if err != nil {
		return authz.Principal{}, err
	}
	if t.Kind != APIToken || !t.Valid(s.clock.Now()) {
		return authz.Principal{}, errBadToken
	}
	return t.Principal(), nil
}

// loadToken reads a token and writes down its use.
func (s *Service) loadToken(ctx context.Context, hash string) (Token, error) {
	var t Token
	err := s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { t, err = tokenByHash(tx, hash); return err })
	if errors.Is(err, sqldb.ErrNoRows) {
		return t, errBadToken
	}
	if err != nil {
		return t, err
	}
	if now := s.clock.Now(); t.Valid(now) && now.Sub(t.Used) >= tokenTouch {
		if err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return touchToken(tx, t.ID, now) }); err != nil {
			s.log.Warn("the use of a token could not be written down", "error", err)
		}
	}
	return t, nil
}
