package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Migrations are the embedded .sql files of one room. They are named by the minute in
// which they were written and what they do, 202611221530_users.sql, and are never changed
// once released: the database remembers what it ran.
//
// Each change must suit the version before it too (expand first, contract a version
// later), as old and new processes run side by side during an upgrade. One that takes
// something away is named …_contract.sql: an older program does not start on a PostgreSQL
// that ran it, while it does on one that was only expanded.
type Migrations struct {
	Room  string
	Files fs.FS
}

type migration struct{ room, version, text, sum string }

var migrationName = regexp.MustCompile(`^(\d{12}_[a-z0-9_]+)\.sql$`)

const contract = "_contract"

// contracting is what a program of before could not live with.
var contracting = regexp.MustCompile(`(?i)\b(drop|rename|set\s+not\s+null)\b`)

// lockKey is the advisory lock that migrating processes wait for; any constant does.
const lockKey = 0x79616775_7261

// Migrate brings the schema up to date, in one transaction. It may be called any number
// of times and by several processes at once; all of the rooms' migrations must be given
// each time. A database that knows migrations which the program does not is from a newer
// version: it is left alone, but for a PostgreSQL that others share and only expanded.
func (db *DB) Migrate(ctx context.Context, rooms ...Migrations) error {
	known, err := collect(rooms)
	if err != nil {
		return err
	}
	// Read committed, as the wait for the lock must not fix an old snapshot.
	opts := &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	if db.dialect == SQLite {
		opts = nil
	}
	return db.run(ctx, db.write, opts, func(tx *Tx) error { return db.migrate(tx, known) })
}

func collect(rooms []Migrations) (map[string]migration, error) {
	known := map[string]migration{}
	for _, room := range rooms {
		names, err := fs.Glob(room.Files, "*.sql")
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			if names, err = fs.Glob(room.Files, "*/*.sql"); err != nil {
				return nil, err
			}
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("room %s has no migrations", room.Room)
		}
		for _, name := range names {
			m := migrationName.FindStringSubmatch(path.Base(name))
			if m == nil {
				return nil, fmt.Errorf("migration %s of %s: the name must be YYYYMMDDhhmm_words.sql", name, room.Room)
			}
			b, err := fs.ReadFile(room.Files, name)
			if err != nil {
				return nil, err
			}
			if other, twice := known[m[1]]; twice {
				return nil, fmt.Errorf("migration %s is in %s and in %s", m[1], other.room, room.Room)
			}
			if contracting.Match(b) && !strings.HasSuffix(m[1], contract) {
				return nil, fmt.Errorf("migration %s of %s takes something away that a process of the version before may need: expand first, contract a version later, in a file %s%s.sql", name, room.Room, m[1], contract)
			}
			sum := sha256.Sum256(b)
			known[m[1]] = migration{room.Room, m[1], string(b), hex.EncodeToString(sum[:])}
		}
	}
	return known, nil
}

func (db *DB) migrate(tx *Tx, known map[string]migration) error {
	if db.dialect == Postgres {
		if _, err := tx.Exec("SELECT pg_advisory_xact_lock($1)", int64(lockKey)); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
		version TEXT PRIMARY KEY, room TEXT NOT NULL, sum TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
		return err
	}
	done := map[string]string{}
	if err := tx.Each(func(r Row) error {
		var version, sum string
		err := r.Scan(&version, &sum)
		done[version] = sum
		return err
	}, "SELECT version, sum FROM schema_migrations"); err != nil {
		return err
	}
	for _, version := range slices.Sorted(maps.Keys(done)) {
		m, ok := known[version]
		if !ok && db.dialect == Postgres && !strings.HasSuffix(version, contract) {
			// A newer process beside this one has expanded the schema: what we know is there.
			db.log.Warn("the database was migrated by a newer version of Yagura; finish the upgrade", "version", version)
			continue
		}
		if !ok {
			return fault.New(fault.Conflict, i18n.F(
				"The database was made by a newer version of Yagura (it has %[1]s). Start that version, or restore a backup from before the upgrade.",
				"データベースは新しいバージョンの Yagura で作成されています（%[1]s を適用済み）。そのバージョンで起動するか、アップグレード前のバックアップを復元してください。", version))
		}
		if m.sum != done[version] {
			return fmt.Errorf("migration %s of %s was changed after it had run: write a new one", version, m.room)
		}
	}
	for _, version := range slices.Sorted(maps.Keys(known)) {
		if _, ok := done[version]; ok {
			continue
		}
		m := known[version]
		if err := run(tx, m); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO schema_migrations (version, room, sum, applied_at) VALUES ($1, $2, $3, $4)",
			m.version, m.room, m.sum, Nanos(db.clock.Now())); err != nil {
			return err
		}
		db.log.Info("database migrated", "room", m.room, "version", m.version)
	}
	return nil
}

func run(tx *Tx, m migration) error {
	if strings.TrimSpace(m.text) == "" {
		return fmt.Errorf("migration %s of %s is empty", m.version, m.room)
	}
	// Without arguments both drivers take several statements at once.
	if _, err := tx.tx.ExecContext(tx.ctx, m.text); err != nil {
		return fmt.Errorf("migration %s of %s: %w", m.version, m.room, tx.failed(err))
	}
	return nil
}
