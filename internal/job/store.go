package job

import (
	"embed"
	"errors"
	"time"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "job", Files: migrations}

const columns = "name, every_ns, fence, holder, until_at, next_at, started_at, ended_at, ok_at, outcome, error, runs, failed"

func scan(r sqldb.Row) (s State, err error) {
	var until, next, started, ended, ok int64
	err = r.Scan(&s.Name, &s.Every, &s.Fence, &s.Holder, &until, &next, &started, &ended, &ok, &s.Outcome, &s.Error, &s.Runs, &s.FailedRuns)
	s.Until, s.Next, s.Started, s.Ended, s.LastOK = sqldb.Time(until), sqldb.Time(next), sqldb.Time(started), sqldb.Time(ended), sqldb.Time(ok)
	return s, err
}

func list(tx *sqldb.Tx) ([]State, error) {
	return sqldb.Collect(tx, scan, `SELECT `+columns+` FROM job_lease`)
}

// get finds a job's row; false when it was never announced.
func get(tx *sqldb.Tx, name string) (State, bool, error) {
	s, err := scan(tx.QueryRow(`SELECT `+columns+` FROM job_lease WHERE name = $1`, name))
	if errors.Is(err, sqldb.ErrNoRows) {
		return s, false, nil
	}
	return s, err == nil, err
}

// announce makes the row of a job that is not there yet, and keeps its pace current.
func announce(tx *sqldb.Tx, name string, every time.Duration, next time.Time) error {
	_, err := tx.Exec(`INSERT INTO job_lease (name, fence, holder, until_at, next_at, every_ns, started_at, ended_at, outcome, error, runs, failed, ok_at)
		VALUES ($1, 0, '', 0, $2, $3, 0, 0, '', '', 0, 0, 0)
		ON CONFLICT (name) DO UPDATE SET every_ns = excluded.every_ns`, name, sqldb.Nanos(next), int64(every))
	return err
}

func update(tx *sqldb.Tx, s State) error {
	_, err := tx.Exec(`UPDATE job_lease SET fence = $2, holder = $3, until_at = $4, next_at = $5, started_at = $6, ended_at = $7, ok_at = $8,
		outcome = $9, error = $10, runs = $11, failed = $12 WHERE name = $1`,
		s.Name, s.Fence, s.Holder, sqldb.Nanos(s.Until), sqldb.Nanos(s.Next), sqldb.Nanos(s.Started), sqldb.Nanos(s.Ended), sqldb.Nanos(s.LastOK),
		string(s.Outcome), s.Error, s.Runs, s.FailedRuns)
	return err
}

// hold writes the row, though it changes nothing, so that who takes the job meanwhile
// and this transaction cannot both commit without one seeing the other.
func hold(tx *sqldb.Tx, l lease) error {
	n, err := tx.Exec(`UPDATE job_lease SET fence = fence WHERE name = $1 AND fence = $2 AND until_at > 0`, l.name, l.fence)
	if err == nil && n == 0 {
		err = ErrLost
	}
	return err
}

func renew(tx *sqldb.Tx, l lease, until time.Time) error {
	n, err := tx.Exec(`UPDATE job_lease SET until_at = $3 WHERE name = $1 AND fence = $2 AND until_at > 0`, l.name, l.fence, sqldb.Nanos(until))
	if err == nil && n == 0 {
		err = ErrLost
	}
	return err
}

func setNext(tx *sqldb.Tx, name string, next time.Time) (int64, error) {
	return tx.Exec(`UPDATE job_lease SET next_at = $2 WHERE name = $1`, name, sqldb.Nanos(next))
}

// postgresNow is the time of the database's machine.
func postgresNow(tx *sqldb.Tx) (time.Time, error) {
	var us int64
	err := tx.QueryRow(`SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&us)
	return time.UnixMicro(us).UTC(), err
}
