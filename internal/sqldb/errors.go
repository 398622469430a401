package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsUnique says that a statement failed because such a row exists already.
func IsUnique(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return true
	}
	return postgresCode(err) == "23505"
}

// IsForeignKey says that a statement failed because a row that it names is not there,
// or is still named by others.
func IsForeignKey(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY || postgresCode(err) == "23503"
}

// again says that the transaction lost against another one and may simply run again.
func again(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return true
	}
	switch postgresCode(err) {
	case "40001", "40P01": // serialisation failure, deadlock
		return true
	}
	return false
}

// classify turns what is the database's trouble into a fault that says so, and leaves
// other errors alone.
func (db *DB) classify(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if again(err) {
		return &fault.Error{Code: fault.Unavailable, RetryAfter: time.Second, Cause: err, Text: i18n.T(
			"The database is busy with other changes. Try again in a moment.",
			"データベースが他の変更を処理中です。しばらくしてから再度お試しください。")}
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_FULL:
		return &fault.Error{Code: fault.Unavailable, RetryAfter: time.Minute, Cause: err, Text: i18n.T(
			"The disk that holds the database is full.", "データベースのあるディスクに空き容量がありません。")}
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fault.Wrap(err, fault.Unavailable, i18n.T(
			"The database file is damaged or not a database. Restore it from a backup.",
			"データベースファイルが破損しているか、データベースではありません。バックアップから復元してください。"))
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR:
		return fault.Wrap(err, fault.Unavailable, i18n.T(
			"The database file cannot be read or written. Check the data folder's disk and permissions.",
			"データベースファイルを読み書きできません。データフォルダーのディスクと権限を確認してください。"))
	}
	var network net.Error
	var connect *pgconn.ConnectError
	code := postgresCode(err)
	away := errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	if db.dialect == Postgres && (away || strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "53")) {
		return &fault.Error{Code: fault.Unavailable, RetryAfter: 5 * time.Second, Cause: err, Text: i18n.T(
			"The database does not answer. Check that PostgreSQL runs and that database.dsn is right.",
			"データベースに接続できません。PostgreSQL が起動していることと database.dsn の設定を確認してください。")}
	}
	return err
}
