package sqldb_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

func TestCopyTo(t *testing.T) {
	dir := t.TempDir()
	db, err := sqldb.Open(t.Context(), sqldb.Options{Path: filepath.Join(dir, "state.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Script(t.Context(), "CREATE TABLE a (n INTEGER); INSERT INTO a VALUES (1), (2), (3); CREATE TABLE b (n INTEGER); INSERT INTO b VALUES (4);"); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "copy.db")
	if err := db.CopyTo(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := db.CopyTo(t.Context(), to); err == nil {
		t.Error("a copy over a file that is there")
	}
	if err := db.Script(t.Context(), "INSERT INTO a VALUES (5)"); err != nil {
		t.Fatal(err)
	}
	if n, err := sqldb.Inspect(t.Context(), to); err != nil || n != 4 {
		t.Errorf("%d rows are in the copy: %v", n, err)
	}
	// Readers still only read.
	for range 20 {
		if err := db.Read(t.Context(), func(tx *sqldb.Tx) error { _, err := tx.Exec("INSERT INTO a VALUES (6)"); return err }); err == nil {
			t.Fatal("a reader writes after a copy")
		}
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqldb.Inspect(t.Context(), to); err == nil {
		t.Error("half a database is whole")
	}
}
