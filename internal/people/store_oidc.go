package people

import (
	"time"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

func userByIdentity(tx *sqldb.Tx, issuer, subject string) (User, error) {
	u, err := scanUser(tx.QueryRow(`SELECT `+userColumns+` FROM people_user WHERE id = (SELECT user_id FROM people_identity WHERE issuer = $1 AND subject = $2)`, issuer, subject))
	if err == sqldb.ErrNoRows {
		return User{}, errNoUser
	}
	return u, err
}

func insertIdentity(tx *sqldb.Tx, i Identity) error {
	_, err := tx.Exec(`INSERT INTO people_identity (issuer, subject, user_id, email, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		i.Issuer, i.Subject, i.User, i.Email, sqldb.Nanos(i.Created), sqldb.Nanos(i.Seen))
	return err
}

func touchIdentity(tx *sqldb.Tx, i Identity) error {
	_, err := tx.Exec(`UPDATE people_identity SET email = $3, seen_at = $4 WHERE issuer = $1 AND subject = $2`, i.Issuer, i.Subject, i.Email, sqldb.Nanos(i.Seen))
	return err
}

func deleteIdentity(tx *sqldb.Tx, issuer, subject string) error {
	_, err := tx.Exec(`DELETE FROM people_identity WHERE issuer = $1 AND subject = $2`, issuer, subject)
	return err
}

func identitiesOf(tx *sqldb.Tx, user string) ([]Identity, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (i Identity, err error) {
		var created, seen int64
		err = r.Scan(&i.Issuer, &i.Subject, &i.User, &i.Email, &created, &seen)
		i.Created, i.Seen = sqldb.Time(created), sqldb.Time(seen)
		return i, err
	}, `SELECT issuer, subject, user_id, email, created_at, seen_at FROM people_identity WHERE user_id = $1 ORDER BY created_at`, user)
}

// insertUsed remembers a state until it would be refused for its age, and says whether it
// is the first time.
func insertUsed(tx *sqldb.Tx, hash string, now, ends time.Time) (bool, error) {
	if _, err := tx.Exec(`DELETE FROM people_oidc_used WHERE expires_at < $1`, sqldb.Nanos(now)); err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO people_oidc_used (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`, hash, sqldb.Nanos(ends.Add(time.Minute)))
	return n > 0, err
}
