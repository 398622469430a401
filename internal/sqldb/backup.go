package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// CopyTo writes a copy of a SQLite database to a new file: one moment of it, while others
// read and write. PostgreSQL has its own tools for that.
func (db *DB) CopyTo(ctx context.Context, path string) error {
	if db.dialect != SQLite {
		return fault.New(fault.Invalid, i18n.T("The state is in PostgreSQL: back it up with pg_dump.",
			"状態は PostgreSQL に保存されています。pg_dump でバックアップしてください。"))
	}
	// A connection of the readers, so that who writes does not wait for the copy; it may
	// write no database, and the copy is one.
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return db.classify(err)
	}
	_, err = conn.ExecContext(ctx, "PRAGMA query_only(0)")
	if err == nil {
		_, err = conn.ExecContext(ctx, "VACUUM INTO ?", path)
	}
	_, again := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only(1)")
	return db.classify(errors.Join(err, again, conn.Close()))
}

// Inspect says whether a file is a whole SQLite database, and how many rows it has.
func Inspect(ctx context.Context, path string) (rows int64, err error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if verdict != "ok" {
		return 0, fmt.Errorf("%s: %s", path, verdict)
	}
	names, err := db.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		return 0, err
	}
	var counts []string
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			return 0, errors.Join(err, names.Close())
		}
		counts = append(counts, `(SELECT count(*) FROM "`+strings.ReplaceAll(name, `"`, `""`)+`")`)
	}
	if err := errors.Join(names.Err(), names.Close()); err != nil || len(counts) == 0 {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT "+strings.Join(counts, " + ")).Scan(&rows)
	return rows, err
}
