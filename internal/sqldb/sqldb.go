package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Dialect is which database it is. Stores need it only where the subset does not reach.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options say which database.
type Options struct {
	// DSN is a PostgreSQL URL or key=value string; "" is SQLite at Path.
	DSN   string
	Path  string
	Log   *slog.Logger
	Clock clock.Clock
}

// DB is the state database. Its methods may be called by many goroutines.
type DB struct {
	dialect Dialect
	write   *sql.DB // the same as read on PostgreSQL
	read    *sql.DB
	clock   clock.Clock
	log     *slog.Logger
}

const (
	busyTimeout = 10 * time.Second // another process, such as a backup, holds the file
	readers     = 4
	minPostgres = 150000
)

// Open opens the database and makes sure that it answers. SQLite's file is made when
// it is not there.
func Open(ctx context.Context, opt Options) (*DB, error) {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{clock: opt.Clock, log: opt.Log}
	var err error
	if opt.DSN == "" {
		err = db.openSQLite(opt.Path)
	} else {
		err = db.openPostgres(ctx, opt.DSN)
	}
	if err != nil {
		return nil, err
	}
	if err := db.Ping(ctx); err != nil {
		_ = db.Close() // the ping's error says more
		return nil, err
	}
	return db, nil
}

func (db *DB) openSQLite(path string) error {
	db.dialect = SQLite
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// It holds the hashes of passwords and tokens: the owner's alone, from the first byte.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	open := func(lock string, conns int, pragmas ...string) (*sql.DB, error) {
		q := url.Values{"_txlock": {lock}, "_pragma": append([]string{
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
			"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
		}, pragmas...)}
		u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
		pool, err := sql.Open("sqlite", u.String())
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		return pool, nil
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	// One writer whose transactions take the lock at once: with deferred ones, most that
	// read before they write fail under load, and no busy timeout helps them.
	if db.write, err = open("immediate", 1); err != nil {
		return err
	}
	db.read, err = open("deferred", readers, "query_only(1)")
	return err
}

func (db *DB) openPostgres(ctx context.Context, dsn string) error {
	db.dialect = Postgres
	conf, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The parser's error repeats the DSN without its password.
		return fault.Wrap(err, fault.Invalid, i18n.F(
			"database.dsn is not a PostgreSQL URL or key=value string: %[1]s",
			"database.dsn は PostgreSQL の URL または key=value 形式ではありません: %[1]s", err))
	}
	defaults := map[string]string{
		"application_name":                    "yagura",
		"idle_in_transaction_session_timeout": "60000",
		"synchronous_commit":                  "on",
	}
	for k, v := range defaults {
		if _, set := conf.RuntimeParams[k]; !set {
			conf.RuntimeParams[k] = v
		}
	}
	if conf.ConnectTimeout == 0 {
		conf.ConnectTimeout = 10 * time.Second
	}
	pool := stdlib.OpenDB(*conf)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(4)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	db.write, db.read = pool, pool

	var version int
	if err := pool.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		_ = pool.Close()
		return db.classify(err)
	}
	if version < minPostgres {
		_ = pool.Close()
		return fault.New(fault.Unavailable, i18n.F(
			"This PostgreSQL is version %d; Yagura needs 15 or newer.",
			"接続先の PostgreSQL はバージョン %d です。Yagura にはバージョン 15 以降が必要です。", version/10000))
	}
	return nil
}

// Dialect says which database it is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Ping says by its error whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.Read(ctx, func(tx *Tx) error {
		var one int
		return tx.QueryRow("SELECT 1").Scan(&one)
	})
}

// Close waits for running transactions and closes the database.
func (db *DB) Close() error {
	if db.write == db.read {
		return db.write.Close()
	}
	// The writer last: closing the last connection folds the write-ahead log in.
	return errors.Join(db.read.Close(), db.write.Close())
}

// Read runs f on one snapshot of the database.
func (db *DB) Read(ctx context.Context, f func(tx *Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	if db.dialect == SQLite {
		opts = nil // the connections can only read, and every transaction is a snapshot
	}
	return db.run(ctx, db.read, opts, f)
}

// Write runs f and commits what it did, all or nothing. When another writer came in
// between, f runs again.
func (db *DB) Write(ctx context.Context, f func(tx *Tx) error) error {
	opts := &sql.TxOptions{Isolation: sql.LevelSerializable}
	if db.dialect == SQLite {
		opts = nil // one writer at a time is serial
	}
	return db.run(ctx, db.write, opts, f)
}

const attempts = 12

func (db *DB) run(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, f func(tx *Tx) error) error {
	for n := 1; ; n++ {
		err := db.once(ctx, pool, opts, f)
		if err == nil || !again(err) || n == attempts {
			return db.classify(err)
		}
		// 1, 2, 4 … 512 ms, each between half and whole: those that collided must not
		// meet again.
		d := time.Millisecond << min(n-1, 9)
		if err := db.clock.Sleep(ctx, d/2+rand.N(d/2+1)); err != nil {
			return err
		}
	}
}

func (db *DB) once(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, f func(tx *Tx) error) error {
	sqlTx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // also when f panics: the connection must come back
			_ = sqlTx.Rollback()
		}
	}()
	tx := &Tx{ctx: ctx, tx: sqlTx, dialect: db.dialect}
	if err := f(tx); err != nil {
		if again(tx.err) {
			return tx.err // whatever f made of it, it has to run again
		}
		return err
	}
	if tx.err != nil {
		// A statement failed and f went on. PostgreSQL would roll back at commit anyway,
		// SQLite would keep the rest: the same on both.
		return tx.err
	}
	done = true
	return sqlTx.Commit()
}

// Nanos is how a point in time is stored; the zero time is 0.
func Nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Time is the point in time that was stored.
func Time(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// Location describes the database for people, without secrets.
func (o Options) Location() string {
	if o.DSN == "" {
		return o.Path
	}
	conf, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return "PostgreSQL"
	}
	return "PostgreSQL " + strings.TrimSpace(conf.Database+" at "+conf.Host)
}

// Script runs statements outside any transaction, for what cannot run in one: making a
// database, VACUUM. It is for administration and tests, not for stores.
func (db *DB) Script(ctx context.Context, script string) error {
	_, err := db.write.ExecContext(ctx, script)
	return db.classify(err)
}
