package people

import (
	"embed"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "people", Files: migrations}

const userColumns = "id, email, name, role, lang, password, disabled, created_at, seen_at"

func scanUser(r sqldb.Row) (u User, err error) {
	var created, seen int64
	err = r.Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Lang, &u.password, &u.Disabled, &created, &seen)
	u.Created, u.Seen = sqldb.Time(created), sqldb.Time(seen)
	return u, err
}

func insertUser(tx *sqldb.Tx, u User) error {
	_, err := tx.Exec(`INSERT INTO people_user (id, email, email_key, name, role, lang, password, disabled, created_at, seen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		u.ID, u.Email, emailKey(u.Email), u.Name, string(u.Role), string(u.Lang), u.password, u.Disabled, sqldb.Nanos(u.Created), sqldb.Nanos(u.Seen))
	return taken(err)
}

func updateUser(tx *sqldb.Tx, u User) error {
	_, err := tx.Exec(`UPDATE people_user SET email = $2, email_key = $3, name = $4, role = $5, lang = $6, password = $7, disabled = $8 WHERE id = $1`,
		u.ID, u.Email, emailKey(u.Email), u.Name, string(u.Role), string(u.Lang), u.password, u.Disabled)
	return taken(err)
}

func taken(err error) error {
	if sqldb.IsUnique(err) {
		return &fault.Error{Code: fault.Conflict, Field: "email", Cause: err, Text: i18n.T(
			"Somebody has this e-mail address already.", "このメールアドレスはすでに登録されています。")}
	}
	return err
}

func deleteUser(tx *sqldb.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM people_user WHERE id = $1`, id)
	return err
}

func listUsers(tx *sqldb.Tx) ([]User, error) {
	return sqldb.Collect(tx, scanUser, `SELECT `+userColumns+` FROM people_user ORDER BY created_at, id`)
}

func userByID(tx *sqldb.Tx, id string) (User, error) {
	return oneUser(tx, `SELECT `+userColumns+` FROM people_user WHERE id = $1`, id)
}

func userByEmail(tx *sqldb.Tx, email string) (User, error) {
	return oneUser(tx, `SELECT `+userColumns+` FROM people_user WHERE email_key = $1`, emailKey(email))
}

func oneUser(tx *sqldb.Tx, query, arg string) (User, error) {
	u, err := scanUser(tx.QueryRow(query, arg))
	if errors.Is(err, sqldb.ErrNoRows) {
		return User{}, errNoUser
	}
	return u, err
}

var errNoUser = fault.New(fault.NotFound, i18n.T("There is no such user.", "ユーザーが見つかりません。"))

// countSetUp counts administrators, whether they can sign in or not: once there was one,
// the setup link makes no other.
func countSetUp(tx *sqldb.Tx) (n int, err error) {
	return n, tx.QueryRow(`SELECT count(*) FROM people_user WHERE role = $1`, string(authz.Admin)).Scan(&n)
}

// countAdmins counts those who can sign in, but for one: with a password, or by the
// provider of that issuer ("": there is none).
func countAdmins(tx *sqldb.Tx, issuer, except string) (n int, err error) {
	return n, tx.QueryRow(`SELECT count(*) FROM people_user WHERE role = $1 AND NOT disabled AND id <> $3
		AND (password <> '' OR $2 <> '' AND EXISTS (SELECT 1 FROM people_identity WHERE user_id = people_user.id AND issuer = $2))`,
		string(authz.Admin), issuer, except).Scan(&n)
}

type session struct {
	hash          string
	user          string
	created, seen time.Time
	expires       time.Time
	method        string // byPassword, byOIDC
	sealed        string
}

func insertSession(tx *sqldb.Tx, s session) error {
	_, err := tx.Exec(`INSERT INTO people_session (hash, user_id, created_at, seen_at, expires_at, method, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.hash, s.user, sqldb.Nanos(s.created), sqldb.Nanos(s.seen), sqldb.Nanos(s.expires), s.method, s.sealed)
	return err
}

// sessionUser finds who a session is of. No such session is ErrNoRows.
func sessionUser(tx *sqldb.Tx, hash string) (s session, u User, err error) {
	s.hash = hash
	var seen, expires int64
	if err = tx.QueryRow(`SELECT user_id, seen_at, expires_at, method, sealed FROM people_session WHERE hash = $1`, hash).Scan(&s.user, &seen, &expires, &s.method, &s.sealed); err != nil {
		return
	}
	s.seen, s.expires = sqldb.Time(seen), sqldb.Time(expires)
	if u, err = userByID(tx, s.user); err == nil {
		u.teams, err = membershipsOf(tx, u.ID)
	}
	return
}

func touchSession(tx *sqldb.Tx, s session) error {
	if _, err := tx.Exec(`UPDATE people_session SET seen_at = $2, expires_at = $3 WHERE hash = $1`,
		s.hash, sqldb.Nanos(s.seen), sqldb.Nanos(s.expires)); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE people_user SET seen_at = $2 WHERE id = $1`, s.user, sqldb.Nanos(s.seen))
	return err
}

// deleteSession also gives what was sealed with it.
func deleteSession(tx *sqldb.Tx, hash string) (sealed string, err error) {
	err = tx.QueryRow(`DELETE FROM people_session WHERE hash = $1 RETURNING sealed`, hash).Scan(&sealed)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = nil
	}
	return sealed, err
}

func deleteSessionsOf(tx *sqldb.Tx, user string) error {
	_, err := tx.Exec(`DELETE FROM people_session WHERE user_id = $1`, user)
	return err
}

func deleteExpiredSessions(tx *sqldb.Tx, now time.Time) error {
	_, err := tx.Exec(`DELETE FROM people_session WHERE expires_at <= $1`, sqldb.Nanos(now))
	return err
}

const tokenColumns = "id, kind, name, role, created_by, created_at, expires_at, used_at, revoked_at"

func scanToken(r sqldb.Row) (t Token, err error) {
	var created, expires, used, revoked int64
	err = r.Scan(&t.ID, &t.Kind, &t.Name, &t.Role, &t.CreatedBy, &created, &expires, &used, &revoked)
	t.Created, t.Expires, t.Used, t.Revoked = sqldb.Time(created), sqldb.Time(expires), sqldb.Time(used), sqldb.Time(revoked)
	return t, err
}

func insertToken(tx *sqldb.Tx, t Token, hash string) error {
	_, err := tx.Exec(`INSERT INTO people_token (hash, `+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		hash, t.ID, string(t.Kind), t.Name, string(t.Role), t.CreatedBy, sqldb.Nanos(t.Created), sqldb.Nanos(t.Expires), sqldb.Nanos(t.Used), sqldb.Nanos(t.Revoked))
	return err
}

func listTokens(tx *sqldb.Tx) ([]Token, error) {
	return sqldb.Collect(tx, scanToken, `SELECT `+tokenColumns+` FROM people_token ORDER BY created_at, id`)
}

func tokenByID(tx *sqldb.Tx, id string) (Token, error) {
	t, err := scanToken(tx.QueryRow(`SELECT `+tokenColumns+` FROM people_token WHERE id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return t, fault.New(fault.NotFound, i18n.T("There is no such token.", "トークンが見つかりません。"))
	}
	return t, err
}

// tokenByHash is ErrNoRows when there is none.
func tokenByHash(tx *sqldb.Tx, hash string) (Token, error) {
	return scanToken(tx.QueryRow(`SELECT `+tokenColumns+` FROM people_token WHERE hash = $1`, hash))
}

func touchToken(tx *sqldb.Tx, id string, used time.Time) error {
	_, err := tx.Exec(`UPDATE people_token SET used_at = $2 WHERE id = $1`, id, sqldb.Nanos(used))
	return err
}

func revokeToken(tx *sqldb.Tx, id string, at time.Time) error {
	_, err := tx.Exec(`UPDATE people_token SET revoked_at = $2 WHERE id = $1`, id, sqldb.Nanos(at))
	return err
}

func insertSetup(tx *sqldb.Tx, hash string, now, expires time.Time) error {
	if _, err := tx.Exec(`DELETE FROM people_setup WHERE expires_at <= $1`, sqldb.Nanos(now)); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO people_setup (hash, expires_at) VALUES ($1, $2)`, hash, sqldb.Nanos(expires))
	return err
}

func setupValid(tx *sqldb.Tx, hash string, now time.Time) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT count(*) FROM people_setup WHERE hash = $1 AND expires_at > $2`, hash, sqldb.Nanos(now)).Scan(&n)
	return n > 0, err
}

func clearSetup(tx *sqldb.Tx) error {
	_, err := tx.Exec(`DELETE FROM people_setup`)
	return err
}

func insertAudit(tx *sqldb.Tx, e Entry) error {
	_, err := tx.Exec(`INSERT INTO people_audit (id, at, actor_kind, actor_id, actor_name, addr, trace_id, action, subject_id, subject_name, before_json, after_json)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		int64(e.ID), sqldb.Nanos(e.At), string(e.Actor.Kind), e.Actor.UserID, e.Actor.Name, e.Addr, e.TraceID, e.Action, e.SubjectID, e.SubjectName, string(e.Before), string(e.After))
	return err
}

const auditColumns = "id, at, actor_kind, actor_id, actor_name, addr, trace_id, action, subject_id, subject_name, before_json, after_json"

func scanAudit(r sqldb.Row) (e Entry, err error) {
	var id, at int64
	var was, is string
	err = r.Scan(&id, &at, &e.Actor.Kind, &e.Actor.UserID, &e.Actor.Name, &e.Addr, &e.TraceID, &e.Action, &e.SubjectID, &e.SubjectName, &was, &is)
	e.ID, e.At = uint64(id), sqldb.Time(at)
	if was != "" {
		e.Before = json.RawMessage(was)
	}
	if is != "" {
		e.After = json.RawMessage(is)
	}
	return e, err
}

// listAudit reads newest first, older than the id before (0: all).
func listAudit(tx *sqldb.Tx, q AuditQuery, before uint64, limit int) ([]Entry, error) {
	if before == 0 || before > 1<<63-1 {
		before = 1<<63 - 1
	}
	to := int64(1<<63 - 1)
	if !q.To.IsZero() {
		to = sqldb.Nanos(q.To)
	}
	return sqldb.Collect(tx, scanAudit, `SELECT `+auditColumns+` FROM people_audit
		WHERE id < $1 AND at >= $2 AND at < $3
			AND ($4 = '' OR actor_id = $4 OR actor_name = $4)
			AND ($5 = '' OR substr(action, 1, length($5)) = $5)
			AND ($6 = '' OR subject_id = $6 OR subject_name = $6)
			AND ($7 = '' OR addr = $7)
		ORDER BY id DESC LIMIT $8`,
		int64(before), sqldb.Nanos(q.From), to, q.Actor, q.Action, q.Subject, q.Addr, limit)
}

// listAuditActions are the kinds of lines that there are, to choose from.
func listAuditActions(tx *sqldb.Tx) ([]string, error) {
	all, err := sqldb.Collect(tx, func(r sqldb.Row) (s string, err error) { err = r.Scan(&s); return s, err }, `SELECT DISTINCT action FROM people_audit`)
	slices.Sort(all)
	return all, err
}
