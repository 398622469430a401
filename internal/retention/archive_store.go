package retention

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const archiveColumns = `signal, day, row_count, byte_count, file_count, generations, first_at, last_at, cut, archived_at, verified_at,
	wanted, wanted_by, wanted_at, until, done, total, error_en, error_ja, tried_at`

func scanArchived(r sqldb.Row) (d ArchivedDay, err error) {
	var signal, en, ja string
	var rows, first, last, cut, archived, verified, wanted, until, tried int64
	err = r.Scan(&signal, &d.Day, &rows, &d.Bytes, &d.Files, &d.Generations, &first, &last, &cut, &archived, &verified,
		&d.Wanted, &d.WantedBy, &wanted, &until, &d.Done, &d.Total, &en, &ja, &tried)
	d.Signal, d.Rows, d.First, d.Last, d.Cut = telemetry.SignalNamed(signal), uint64(rows), sqldb.Time(first), sqldb.Time(last), sqldb.Time(cut)
	d.ArchivedAt, d.VerifiedAt, d.WantedAt, d.Until, d.TriedAt = sqldb.Time(archived), sqldb.Time(verified), sqldb.Time(wanted), sqldb.Time(until), sqldb.Time(tried)
	if en != "" || ja != "" {
		d.Error = i18n.T(en, ja)
	}
	return d, err
}

// listArchived gives the newest days first.
func listArchived(tx *sqldb.Tx) ([]ArchivedDay, error) {
	return sqldb.Collect(tx, scanArchived, `SELECT `+archiveColumns+` FROM retention_archive ORDER BY day DESC, signal`)
}

// oneArchived gives a day; one of which nothing is known is empty.
func oneArchived(tx *sqldb.Tx, signal telemetry.Signal, day string) (ArchivedDay, error) {
	all, err := sqldb.Collect(tx, scanArchived, `SELECT `+archiveColumns+` FROM retention_archive WHERE signal = $1 AND day = $2`, signal.String(), day)
	if err != nil || len(all) == 0 {
		return ArchivedDay{Signal: signal, Day: day}, err
	}
	return all[0], nil
}

func putArchived(tx *sqldb.Tx, d ArchivedDay) error {
	_, err := tx.Exec(`INSERT INTO retention_archive (`+archiveColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		ON CONFLICT (signal, day) DO UPDATE SET row_count = excluded.row_count, byte_count = excluded.byte_count, file_count = excluded.file_count,
			generations = excluded.generations, first_at = excluded.first_at, last_at = excluded.last_at, cut = excluded.cut, archived_at = excluded.archived_at,
			verified_at = excluded.verified_at, wanted = excluded.wanted, wanted_by = excluded.wanted_by, wanted_at = excluded.wanted_at, until = excluded.until,
			done = excluded.done, total = excluded.total, error_en = excluded.error_en, error_ja = excluded.error_ja, tried_at = excluded.tried_at`,
		d.Signal.String(), d.Day, int64(d.Rows), d.Bytes, d.Files, d.Generations, sqldb.Nanos(d.First), sqldb.Nanos(d.Last), sqldb.Nanos(d.Cut),
		sqldb.Nanos(d.ArchivedAt), sqldb.Nanos(d.VerifiedAt), d.Wanted, d.WantedBy, sqldb.Nanos(d.WantedAt), sqldb.Nanos(d.Until), d.Done, d.Total,
		d.Error.In(i18n.En), d.Error.In(i18n.Ja), sqldb.Nanos(d.TriedAt))
	return err
}
