package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

func room(name string, files map[string]string) sqldb.Migrations {
	m := fstest.MapFS{}
	for k, v := range files {
		m[k+".sql"] = &fstest.MapFile{Data: []byte(v)}
	}
	return sqldb.Migrations{Room: name, Files: m}
}

var accounts = room("accounts", map[string]string{
	"202601010000_account": `
		CREATE TABLE account (id TEXT PRIMARY KEY, owner TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL, open BOOLEAN NOT NULL);
		CREATE TABLE entry (id BIGINT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (id));`,
})

func prepare(t *testing.T, db *sqldb.DB) {
	t.Helper()
	if err := db.Migrate(t.Context(), accounts); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO account VALUES ('a', 'ann', 0, TRUE), ('b', 'bob', 0, FALSE)`)
}

func exec(t *testing.T, db *sqldb.DB, query string, args ...any) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, db *sqldb.DB, query string) (n int64) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *sqldb.Tx) error { return tx.QueryRow(query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParametersByNumber(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		prepare(t, db)
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			n, err := tx.Exec(`UPDATE account SET amount = $2, open = $3 /* not $1's */ WHERE id = $1 AND owner <> '$2 "x' -- $9`, "b", int64(1)<<60, true)
			if err != nil || n != 1 {
				t.Errorf("changed %d: %v", n, err)
			}
			var owner string
			var amount int64
			var open bool
			if err := tx.QueryRow(`SELECT owner, amount, open FROM account WHERE amount = $2 AND (id = $1 OR owner = $1)`, "b", int64(1)<<60).Scan(&owner, &amount, &open); err != nil {
				return err
			}
			if owner != "bob" || amount != 1<<60 || !open {
				t.Errorf("%s %d %v", owner, amount, open)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestWritesAreSerial lets many goroutines read a number and write it back increased,
// and two rows keep a promise to each other that neither sees alone.
func TestWritesAreSerial(t *testing.T) {
	const workers, rounds = 8, 15
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		prepare(t, db)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rounds {
					err := fault.New(fault.Unavailable, i18n.Text{})
					var last error = err
					for fault.Is(last, fault.Unavailable) {
						last = db.Write(t.Context(), func(tx *sqldb.Tx) error {
							var n int64
							if err := tx.QueryRow(`SELECT amount FROM account WHERE id = $1`, "a").Scan(&n); err != nil {
								return err
							}
							_, err := tx.Exec(`UPDATE account SET amount = $1 WHERE id = $2`, n+1, "a")
							return err
						})
					}
					if last != nil {
						t.Error(last)
					}
				}
			})
		}
		wg.Wait()
		if n := number(t, db, `SELECT amount FROM account WHERE id = 'a'`); n != workers*rounds {
			t.Errorf("amount %d, want %d: changes were lost", n, workers*rounds)
		}

		// Write skew: at least one account must stay open; each closes one if both are.
		exec(t, db, `UPDATE account SET open = TRUE`)
		for _, id := range []string{"a", "b"} {
			wg.Go(func() {
				if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
					var n int
					if err := tx.QueryRow(`SELECT count(*) FROM account WHERE open`).Scan(&n); err != nil || n < 2 {
						return err
					}
					time.Sleep(30 * time.Millisecond)
					_, err := tx.Exec(`UPDATE account SET open = FALSE WHERE id = $1`, id)
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := number(t, db, `SELECT count(*) FROM account WHERE open`); n != 1 {
			t.Errorf("%d open accounts, want 1", n)
		}
	})
}

func TestAllOrNothing(t *testing.T) {
	boom := errors.New("boom")
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		prepare(t, db)
		add := func(tx *sqldb.Tx) {
			if _, err := tx.Exec(`UPDATE account SET amount = amount + 1`); err != nil {
				t.Error(err)
			}
		}
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { add(tx); return boom }); !errors.Is(err, boom) {
			t.Error(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(t.Context(), func(tx *sqldb.Tx) error { add(tx); panic("boom") })
		}()
		// A failed statement that the function overlooked.
		err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
			add(tx)
			_, _ = tx.Exec(`INSERT INTO account VALUES ('c', 'ann', 0, TRUE)`)
			return nil
		})
		if !sqldb.IsUnique(err) {
			t.Errorf("%v is not about uniqueness", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.Write(ctx, func(tx *sqldb.Tx) error { add(tx); cancel(); return nil }); err == nil {
			t.Error("a cancelled write was committed")
		}
		if n := number(t, db, `SELECT sum(amount) FROM account`); n != 0 {
			t.Errorf("amounts %d, want 0: something stayed", n)
		}
	})
}

func TestErrorsOfStatements(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		prepare(t, db)
		write := func(query string, args ...any) error {
			return db.Write(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(query, args...); return err })
		}
		if err := write(`INSERT INTO account VALUES ('a', 'x', 0, TRUE)`); !sqldb.IsUnique(err) || sqldb.IsForeignKey(err) {
			t.Error(err)
		}
		if err := write(`INSERT INTO entry VALUES (1, 'nobody')`); !sqldb.IsForeignKey(err) || sqldb.IsUnique(err) {
			t.Error(err)
		}
		for _, bad := range []string{"a\x00b", "\xff"} {
			if err := write(`UPDATE account SET owner = $1`, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		err := db.Read(t.Context(), func(tx *sqldb.Tx) error {
			var s string
			return tx.QueryRow(`SELECT owner FROM account WHERE id = $1`, "z").Scan(&s)
		})
		if !errors.Is(err, sqldb.ErrNoRows) {
			t.Error(err)
		}
		if err := db.Read(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec(`DELETE FROM account`); return err }); err == nil {
			t.Error("a read wrote")
		}
		if n := number(t, db, `SELECT count(*) FROM account`); n != 2 {
			t.Errorf("%d accounts", n)
		}
		names, err := collect(t, db, `SELECT owner FROM account ORDER BY amount`)
		if err != nil || len(names) != 2 {
			t.Errorf("%v %v", names, err)
		}
		if none, err := collect(t, db, `SELECT owner FROM account WHERE amount > 9`); err != nil || none == nil || len(none) != 0 {
			t.Errorf("%v %v", none, err)
		}
	})
}

func collect(t *testing.T, db *sqldb.DB, query string) (out []string, err error) {
	err = db.Read(t.Context(), func(tx *sqldb.Tx) error {
		out, err = sqldb.Collect(tx, func(r sqldb.Row) (s string, err error) { return s, r.Scan(&s) }, query)
		return err
	})
	return out, err
}

func TestReadIsOneSnapshot(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		prepare(t, db)
		err := db.Read(t.Context(), func(tx *sqldb.Tx) error {
			var before, after int64
			if err := tx.QueryRow(`SELECT sum(amount) FROM account`).Scan(&before); err != nil {
				return err
			}
			exec(t, db, `UPDATE account SET amount = 5`)
			if err := tx.QueryRow(`SELECT sum(amount) FROM account`).Scan(&after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("%d became %d within one read", before, after)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestMigrateTwiceAndOnward(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		prepare(t, db)
		if err := db.Migrate(t.Context(), accounts); err != nil {
			t.Fatalf("the second time: %v", err)
		}
		// An older file of another room may come later.
		more := room("more", map[string]string{"202512310000_note": `CREATE TABLE note (id TEXT PRIMARY KEY)`, "202601020000_note": `ALTER TABLE note ADD COLUMN body TEXT NOT NULL DEFAULT ''`})
		if err := db.Migrate(t.Context(), more, accounts); err != nil {
			t.Fatal(err)
		}
		exec(t, db, `INSERT INTO note (id, body) VALUES ('1', 'x')`)
		if n := number(t, db, `SELECT count(*) FROM schema_migrations WHERE applied_at > 0`); n != 3 {
			t.Errorf("%d migrations are recorded", n)
		}

		// The old program meets the new database: beside a newer one on PostgreSQL, until
		// something that it may need is gone.
		err := db.Migrate(t.Context(), accounts)
		if shared := db.Dialect() == sqldb.Postgres; shared != (err == nil) || !shared && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "202512310000_note")) {
			t.Errorf("a newer database: %v", err)
		}
		less := room("less", map[string]string{"202601030000_body_contract": `ALTER TABLE note DROP COLUMN body`})
		if err := db.Migrate(t.Context(), more, accounts, less); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), more, accounts); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "202601030000_body_contract") {
			t.Errorf("a database without what this program needs: %v", err)
		}
		more.Files.(fstest.MapFS)["202601030000_body_contract.sql"] = less.Files.(fstest.MapFS)["202601030000_body_contract.sql"]
		// A released file was edited.
		edited := room("accounts", map[string]string{"202601010000_account": `CREATE TABLE account (id TEXT)`})
		if err := db.Migrate(t.Context(), edited, more); err == nil || !strings.Contains(err.Error(), "changed") {
			t.Errorf("an edited migration: %v", err)
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		bad := room("bad", map[string]string{"202601010000_one": `CREATE TABLE one (id TEXT)`, "202601020000_two": `CREATE TABLE two (id TEXT); CREATE TABEL three`})
		if err := db.Migrate(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "202601020000_two") {
			t.Fatalf("%v", err)
		}
		good := room("bad", map[string]string{"202601010000_one": `CREATE TABLE one (id TEXT)`, "202601020000_two": `CREATE TABLE two (id TEXT)`})
		if err := db.Migrate(t.Context(), good); err != nil {
			t.Errorf("after it was mended: %v", err)
		}
	})
}

func TestMigrationsOfMistakenRooms(t *testing.T) {
	db := sqldbtest.OpenAt(t, sqldbtest.SQLite(t))
	for name, rooms := range map[string][]sqldb.Migrations{
		"no files":   {room("empty", nil)},
		"bad name":   {room("bad", map[string]string{"1_x": "SELECT 1"})},
		"same twice": {accounts, accounts},
		"drops":      {room("drops", map[string]string{"202601010000_x": "ALTER TABLE a RENAME TO b"})},
		"empty file": {room("blank", map[string]string{"202601010000_blank": " \n"})},
	} {
		if err := db.Migrate(t.Context(), rooms...); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestMigrateByManyAtOnce starts as many programs on one new database.
func TestMigrateByManyAtOnce(t *testing.T) {
	many := func(t *testing.T, opt sqldb.Options) {
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				db, err := sqldb.Open(t.Context(), opt)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = db.Close() }()
				if err := db.Migrate(t.Context(), accounts); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := number(t, sqldbtest.OpenAt(t, opt), `SELECT count(*) FROM schema_migrations`); n != 1 {
			t.Errorf("%d records", n)
		}
	}
	t.Run("sqlite", func(t *testing.T) { many(t, sqldbtest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { many(t, sqldbtest.Postgres(t)) })
}

func TestSQLiteIsDurableAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder", "50% #1?.db") // a path is not a URL
	db := sqldbtest.OpenAt(t, sqldb.Options{Path: path})
	prepare(t, db)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	var sync, keys int
	var journal string
	err = db.Write(t.Context(), func(tx *sqldb.Tx) error {
		return errors.Join(tx.QueryRow("PRAGMA synchronous").Scan(&sync), tx.QueryRow("PRAGMA foreign_keys").Scan(&keys), tx.QueryRow("PRAGMA journal_mode").Scan(&journal))
	})
	if err != nil || sync != 2 || keys != 1 || journal != "wal" {
		t.Errorf("synchronous %d, foreign_keys %d, journal %s: %v", sync, keys, journal, err)
	}
}

func TestOpenRefusals(t *testing.T) {
	notADB := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(notADB, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		opt  sqldb.Options
		code fault.Code
	}{
		"not a database": {sqldb.Options{Path: notADB}, fault.Unavailable},
		"nobody there":   {sqldb.Options{DSN: "postgres://yagura:geheim@127.0.0.1:1/x?connect_timeout=2"}, fault.Unavailable},
		"not a DSN":      {sqldb.Options{DSN: "postgres://yagura:geheim@127.0.0.1:port/x"}, fault.Invalid},
	} {
		db, err := sqldb.Open(t.Context(), c.opt)
		if err == nil {
			_ = db.Close()
		}
		if !fault.Is(err, c.code) || strings.Contains(fmt.Sprint(err), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPostgresGoingAwayIsUnavailable(t *testing.T) {
	db := sqldbtest.OpenAt(t, sqldbtest.Postgres(t))
	prepare(t, db)
	err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`SELECT pg_terminate_backend(pg_backend_pid())`)
		return err
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("it does not come back: %v", err)
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 12, 44, 123456789, time.FixedZone("JST", 9*3600))
	if got := sqldb.Time(sqldb.Nanos(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Error(got)
	}
	if got := sqldb.Time(sqldb.Nanos(time.Time{})); !got.IsZero() {
		t.Error(got)
	}
}

// Two at once: the second begins when the first has ended, however it ends.
func TestExclusively(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		var at, most, runs atomic.Int32
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				err := db.Exclusively(t.Context(), "thing", func(context.Context) error {
					most.Store(max(most.Load(), at.Add(1)))
					runs.Add(1)
					time.Sleep(20 * time.Millisecond)
					at.Add(-1)
					if i%2 == 0 {
						return boom
					}
					return nil
				})
				if (i%2 == 0) != errors.Is(err, boom) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if runs.Load() != 4 || most.Load() != 1 {
			t.Errorf("%d runs, %d at once", runs.Load(), most.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.Exclusively(t.Context(), "thing", func(context.Context) error {
			cancel()
			return db.Exclusively(t.Context(), "other", func(context.Context) error { return nil })
		}); err != nil {
			t.Error(err)
		}
		if err := db.Exclusively(ctx, "thing", func(context.Context) error { return nil }); err == nil {
			t.Error("who gave up goes on")
		}
	})
}
