package process

import (
	"embed"
	"time"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "process", Files: migrations}

func list(tx *sqldb.Tx) ([]Process, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (p Process, err error) {
		var started, seen, left int64
		var detail string
		err = r.Scan(&p.ID, &p.Role, &p.Host, &p.PID, &p.Version, &p.URL, &started, &seen, &left, &detail)
		p.Started, p.Seen, p.Left, p.Detail = sqldb.Time(started), sqldb.Time(seen), sqldb.Time(left), []byte(detail)
		return p, err
	}, `SELECT id, role, host, pid, version, url, started_at, seen_at, left_at, detail FROM process ORDER BY role, host, id`)
}

// put writes a process's row. Seen is now.
func put(tx *sqldb.Tx, p Process) error {
	_, err := tx.Exec(`INSERT INTO process (id, role, host, pid, version, url, started_at, seen_at, left_at, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET role = excluded.role, host = excluded.host, pid = excluded.pid, version = excluded.version, url = excluded.url,
			started_at = excluded.started_at, seen_at = excluded.seen_at, left_at = excluded.left_at, detail = excluded.detail`,
		p.ID, string(p.Role), p.Host, p.PID, p.Version, p.URL, sqldb.Nanos(p.Started), sqldb.Nanos(p.Seen), sqldb.Nanos(p.Left), string(p.Detail))
	return err
}

func remove(tx *sqldb.Tx, id string) (int64, error) {
	return tx.Exec(`DELETE FROM process WHERE id = $1`, id)
}

// prune removes the rows of those that were not seen since a time, in roles with a folder
// or without.
func prune(tx *sqldb.Tx, folder bool, before time.Time) error {
	q := `DELETE FROM process WHERE seen_at < $1 AND role IN ('query', 'jobs')`
	if folder {
		q = `DELETE FROM process WHERE seen_at < $1 AND role NOT IN ('query', 'jobs')`
	}
	_, err := tx.Exec(q, sqldb.Nanos(before))
	return err
}

// key is the one key; the first who asks makes it.
func key(tx *sqldb.Tx, fresh string) (secret string, err error) {
	if fresh != "" {
		if _, err := tx.Exec(`INSERT INTO process_key (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`, fresh); err != nil {
			return "", err
		}
	}
	return secret, tx.QueryRow(`SELECT secret FROM process_key WHERE id = 1`).Scan(&secret)
}
