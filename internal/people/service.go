package people

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Options are what the service stands on.
type Options struct {
	DB    *sqldb.DB
	Clock clock.Clock
	Log   *slog.Logger
	// NoAuth says that sign-in is switched off: everybody is the local administrator.
	NoAuth bool
	// OIDC is the identity provider; nil: passwords alone.
	OIDC *OIDC
	// AdminPasswords says that only administrators may sign in with a password.
	AdminPasswords bool
	// TeamsFile is what a file says of teams; nil: there is none.
	TeamsFile *TeamsFile
	// HashMemory in KiB and HashPasses are argon2id's cost. 0 is 32 MiB and 3, some 80 ms;
	// tests take less.
	HashMemory, HashPasses uint32
}

// Service is what can be done with users, sessions and tokens. What needs a permission
// looks for it in the context.
type Service struct {
	db       *sqldb.DB
	clock    clock.Clock
	log      *slog.Logger
	ids      *id.Sequence
	hash     *hasher
	throttle *throttle
	ingest   *ingestCache
	owned    Ownership
	oidc     *relying // nil: there is no identity provider
	file     *TeamsFile
	noAuth   bool

	adminPasswords bool
}

// New makes the service. Its tables must have been migrated.
func New(opt Options) *Service {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.HashMemory == 0 {
		opt.HashMemory = 32 << 10
	}
	if opt.HashPasses == 0 {
		opt.HashPasses = 3
	}
	s := &Service{
		db: opt.DB, clock: opt.Clock, log: opt.Log, ids: id.NewSequence(opt.Clock),
		hash: newHasher(opt.HashMemory, opt.HashPasses), throttle: newThrottle(opt.Clock),
		ingest: newIngestCache(opt.Clock), owned: noOwnership{}, file: opt.TeamsFile, noAuth: opt.NoAuth,
	}
	if opt.OIDC != nil && !opt.NoAuth {
		s.oidc = &relying{OIDC: *opt.OIDC, clock: opt.Clock, log: opt.Log}
		s.adminPasswords = opt.AdminPasswords
	}
	return s
}

const setupLife = 24 * time.Hour

// SetupToken makes the secret of a link with which the first administrator introduces
// themselves, while there is none; then it is "". Each start makes one; they end
// after a day, and all at once when one is used.
func (s *Service) SetupToken(ctx context.Context) (string, error) {
	if s.noAuth {
		return "", nil
	}
	secret := ""
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := countSetUp(tx)
		if err != nil || n > 0 {
			secret = ""
			return err
		}
		secret = id.Secret()
		return insertSetup(tx, hashOf(secret), s.clock.Now(), s.clock.Now().Add(setupLife))
	})
	return secret, err
}

// SetupNeeded says that nobody can sign in yet.
func (s *Service) SetupNeeded(ctx context.Context) (needed bool, err error) {
	if s.noAuth {
		return false, nil
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error {
		n, err := countSetUp(tx)
		needed = n == 0
		return err
	})
	return needed, err
}

// Setup makes the first administrator and signs them in.
func (s *Service) Setup(ctx context.Context, token string, u User, password string) (User, Session, error) {
	var sess Session
	used := fault.New(fault.Forbidden, i18n.T(
		"This setup link is not valid any more. Start Yagura again to get a new one; if there is a user already, sign in.",
		"このセットアップリンクは無効です。Yagura を再起動すると新しいリンクが発行されます。ユーザーが登録済みの場合はサインインしてください。"))
	u.Role, u.Disabled = authz.Admin, false
	if err := errors.Join(u.Validate(), checkPassword("password", password, u)); err != nil {
		return u, sess, err
	}
	// Before the expensive hash: strangers must not make us work.
	if err := s.db.Read(ctx, func(tx *sqldb.Tx) error {
		ok, err := setupValid(tx, hashOf(token), s.clock.Now())
		if err == nil && !ok {
			err = used
		}
		return err
	}); err != nil {
		return u, sess, err
	}
	var err error
	if u.password, err = s.hash.hash(ctx, password); err != nil {
		return u, sess, err
	}
	u.ID, u.Created = id.New(), s.clock.Now()
	ctx = authz.With(ctx, u.Principal())
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		ok, err := setupValid(tx, hashOf(token), s.clock.Now())
		if err != nil {
			return err
		}
		n, err := countSetUp(tx)
		if err != nil {
			return err
		}
		if !ok || n > 0 {
			return used
		}
		if err := errors.Join(clearSetup(tx), insertUser(tx, u)); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, "user.setup", u.ID, u.Name, nil, stateOfUser(u)); err != nil {
			return err
		}
		if err := s.applyFile(ctx, tx, u); err != nil {
			return err
		}
		if u.teams, err = membershipsOf(tx, u.ID); err != nil {
			return err
		}
		sess, err = s.begin(tx, u)
		return err
	})
	return u, sess, err
}

// Users lists everybody, oldest first.
func (s *Service) Users(ctx context.Context) (users []User, err error) {
	if err := authz.Can(ctx, authz.UsersRead); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { users, err = listUsers(tx); return err })
	return users, err
}

// User finds one.
func (s *Service) User(ctx context.Context, userID string) (u User, err error) {
	if err := authz.Can(ctx, authz.UsersRead); err != nil && authz.From(ctx).UserID != userID {
		return u, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { u, err = userByID(tx, userID); return err })
	return u, err
}

// AddUser makes a user with a first password, which its owner then changes.
func (s *Service) AddUser(ctx context.Context, u User, password string) (User, error) {
	if err := authz.Can(ctx, authz.UsersWrite); err != nil {
		return u, err
	}
	checks := u.Validate()
	// Without one they come by the identity provider, and are known by their address.
	if password != "" || s.oidc == nil {
		checks = errors.Join(checks, checkPassword("password", password, u))
	}
	if checks != nil {
		return u, checks
	}
	var err error
	if password != "" {
		if u.password, err = s.hash.hash(ctx, password); err != nil {
			return u, err
		}
	}
	u.ID, u.Created = id.New(), s.clock.Now()
	return u, s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := insertUser(tx, u); err != nil {
			return err
		}
		if err := s.applyFile(ctx, tx, u); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "user.create", u.ID, u.Name, nil, stateOfUser(u))
	})
}

// UserChange is what an administrator may change of a user; nil stays as it is.
type UserChange struct {
	Email, Name, Password *string
	Role                  *authz.Role
	Disabled              *bool
}

// UpdateUser changes a user. Check sees the user as it is now, and may refuse (ETag).
// Who is disabled or gets a new password is signed out everywhere.
func (s *Service) UpdateUser(ctx context.Context, userID string, c UserChange, check func(User) error) (User, error) {
	if err := authz.Can(ctx, authz.UsersWrite); err != nil {
		return User{}, err
	}
	return s.change(ctx, userID, "user.update", check, func(u *User) { c.apply(u) }, c.Password)
}

func (c UserChange) apply(u *User) {
	set(&u.Email, c.Email)
	set(&u.Name, c.Name)
	set(&u.Role, c.Role)
	set(&u.Disabled, c.Disabled)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Service) change(ctx context.Context, userID, action string, check func(User) error, apply func(*User), password *string) (User, error) {
	var now User
	hash := ""
	if password != nil {
		// Hashing takes long: not within the transaction.
		var u User
		if err := s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { u, err = userByID(tx, userID); return err }); err != nil {
			return u, err
		}
		apply(&u)
		if err := checkPassword("password", *password, u); err != nil {
			return u, err
		}
		var err error
		if hash, err = s.hash.hash(ctx, *password); err != nil {
			return u, err
		}
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(was); err != nil {
				return err
			}
		}
		now = was
		apply(&now)
		if err := now.Validate(); err != nil {
			return err
		}
		if hash != "" {
			now.password = hash
		}
		if err := updateUser(tx, now); err != nil {
			return err
		}
		if err := s.lastAdmin(tx, was, now.Role == authz.Admin && !now.Disabled); err != nil {
			return err
		}
		if now.Disabled || hash != "" {
			if err := deleteSessionsOf(tx, userID); err != nil {
				return err
			}
		}
		if stateOfUser(was) != stateOfUser(now) {
			if err := s.Audit(ctx, tx, action, now.ID, now.Name, stateOfUser(was), stateOfUser(now)); err != nil {
				return err
			}
		}
		if hash != "" {
			return s.Audit(ctx, tx, "user.password", now.ID, now.Name, nil, nil)
		}
		return nil
	})
	return now, err
}

// lastAdmin refuses a change that left no administrator.
func (s *Service) lastAdmin(tx *sqldb.Tx, was User, stays bool) error {
	if stays || was.Role != authz.Admin || was.Disabled {
		return nil
	}
	n, err := countAdmins(tx, s.issuer(), "")
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, i18n.T(
			"This is the last administrator. Make somebody else one first.",
			"最後の管理者のため変更できません。先に別のユーザーを管理者にしてください。"))
	}
	return err
}

// onlyAdmin says that there is no other administrator who could sign in.
func (s *Service) onlyAdmin(tx *sqldb.Tx, u User) (bool, error) {
	if u.Role != authz.Admin || u.Disabled {
		return false, nil
	}
	n, err := countAdmins(tx, s.issuer(), u.ID)
	return n == 0, err
}

func (s *Service) issuer() string {
	if s.oidc == nil {
		return ""
	}
	return s.oidc.Issuer
}

// RemoveUser removes a user and signs them out. What they did stays in the audit.
func (s *Service) RemoveUser(ctx context.Context, userID string) error {
	if err := authz.Can(ctx, authz.UsersWrite); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		if err := deleteUser(tx, userID); err != nil {
			return err
		}
		if err := s.lastAdmin(tx, was, false); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "user.delete", was.ID, was.Name, stateOfUser(was), nil)
	})
}

// me is the person who acts; programs have no self to change.
func me(ctx context.Context) (authz.Principal, error) {
	p := authz.From(ctx)
	if p.Kind == authz.KindUser {
		return p, nil
	}
	if err := authz.Can(ctx, authz.SignedIn); err != nil {
		return p, err
	}
	return p, fault.New(fault.Forbidden, i18n.T(
		"Only a signed-in person can do this, not a token.", "この操作はサインインしたユーザーのみ行えます。トークンでは行えません。"))
}

// UpdateMe changes one's own name and language.
func (s *Service) UpdateMe(ctx context.Context, name *string, lang *i18n.Lang) (User, error) {
	p, err := me(ctx)
	if err != nil {
		return User{}, err
	}
	return s.change(ctx, p.UserID, "user.update", nil, func(u *User) { set(&u.Name, name); set(&u.Lang, lang) }, nil)
}

// ChangePassword changes one's own password, ends all of one's sessions and begins a new
// one.
func (s *Service) ChangePassword(ctx context.Context, addr, current, password string) (Session, error) {
	var sess Session
	p, err := me(ctx)
	if err != nil {
		return sess, err
	}
	u, err := s.User(ctx, p.UserID)
	if err != nil {
		return sess, err
	}
	// Who found an unlocked browser must not be able to guess here either.
	try, err := s.throttle.begin("password of "+u.ID, addr)
	if err != nil {
		return sess, err
	}
	ok, _, err := s.hash.verify(ctx, u.password, current)
	if err != nil {
		return sess, err
	}
	if !ok {
		return sess, fault.Field("current", i18n.T("This is not your current password.", "現在のパスワードが正しくありません。"))
	}
	s.throttle.succeed(try)
	if _, err := s.change(ctx, u.ID, "user.update", nil, func(*User) {}, &password); err != nil {
		return sess, err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error { sess, err = s.begin(tx, u); return err })
	return sess, err
}

// Tokens lists all tokens, also those that were revoked, oldest first.
func (s *Service) Tokens(ctx context.Context) (tokens []Token, err error) {
	if err := authz.Can(ctx, authz.TokensRead); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { tokens, err = listTokens(tx); return err })
	return tokens, err
}

// AddToken makes a token. The secret is shown this once.
func (s *Service) AddToken(ctx context.Context, t Token) (Token, string, error) {
	if err := authz.Can(ctx, authz.TokensWrite); err != nil {
		return t, "", err
	}
	now := s.clock.Now()
	if err := t.Validate(now); err != nil {
		return t, "", err
	}
	secret := newSecret(t.Kind)
	t.ID, t.Created, t.CreatedBy, t.Used, t.Revoked = id.New(), now, authz.From(ctx).Name, time.Time{}, time.Time{}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := insertToken(tx, t, hashOf(secret)); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "token.create", t.ID, t.Name, nil, stateOfToken(t))
	})
	return t, secret, err
}

// RevokeToken makes a token worthless. Doing it again changes nothing.
func (s *Service) RevokeToken(ctx context.Context, tokenID string) error {
	if err := authz.Can(ctx, authz.TokensWrite); err != nil {
		return err
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := tokenByID(tx, tokenID)
		if err != nil || !was.Revoked.IsZero() {
			return err
		}
		is := was
		is.Revoked = s.clock.Now()
		if err := revokeToken(tx, tokenID, is.Revoked); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "token.revoke", was.ID, was.Name, stateOfToken(was), stateOfToken(is))
	})
	s.ingest.forget()
	return err
}
