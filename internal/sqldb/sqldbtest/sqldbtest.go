// Package sqldbtest runs the test of a store on both databases: SQLite in a temporary
// folder, and a real PostgreSQL that it starts itself, one per test process, with one
// database per test.
//
// PostgreSQL is Debian's (package postgresql). Where it is missing the test fails and
// says so, unless YAGURA_TEST_POSTGRES=off.
package sqldbtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Run runs f once on each database, empty, as subtests.
func Run(t *testing.T, f func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, OpenAt(t, SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { f(t, OpenAt(t, Postgres(t))) })
}

// SQLite names a new database file.
func SQLite(t *testing.T) sqldb.Options {
	return sqldb.Options{Path: filepath.Join(t.TempDir(), "state.db")}
}

// OpenAt opens a database until the test ends.
func OpenAt(t *testing.T, opt sqldb.Options) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var (
	server   = sync.OnceValues(start)
	database atomic.Int64
)

// Postgres makes a new, empty database on the test server.
func Postgres(t *testing.T) sqldb.Options {
	t.Helper()
	if os.Getenv("YAGURA_TEST_POSTGRES") == "off" {
		t.Skip("YAGURA_TEST_POSTGRES=off")
	}
	dsn, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", database.Add(1))
	admin, err := sqldb.Open(context.Background(), sqldb.Options{DSN: dsn + " dbname=postgres"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if err := admin.Script(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return sqldb.Options{DSN: dsn + " dbname=" + name}
}

// keeper runs the server until its standard input ends, which it does however the test
// process ends, and removes the folder.
const keeper = `
"$1/postgres" -D "$2/data" </dev/null >>"$2/log" 2>&1 &
pid=$!
trap '' INT HUP TERM
read -r _
kill -QUIT $pid
wait $pid
cd / && rm -rf "$2"
`

func start() (dsn string, err error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	// A socket's path may have 107 bytes, so not in a test's long folder.
	dir, err := os.MkdirTemp("", "yagura-pg-")
	if err != nil {
		return "", err
	}
	if len(dir) > 80 {
		_ = os.Remove(dir)
		if dir, err = os.MkdirTemp("/tmp", "yagura-pg-"); err != nil {
			return "", err
		}
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	attr, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	// An order of text other than SQLite's, so that a store that leans on one fails.
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "yagura", "-A", "trust",
		"-E", "UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=ja", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	conf := "listen_addresses = ''\nunix_socket_directories = '" + dir + "'\n" +
		"fsync = off\nfull_page_writes = off\nmax_connections = 60\nshared_buffers = 16MB\njit = off\nautovacuum = off\n"
	f, err := os.OpenFile(filepath.Join(dir, "data", "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	if _, err := f.WriteString(conf); err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	keep := exec.Command("/bin/sh", "-c", keeper, "sh", bin, dir)
	keep.Dir = dir
	keep.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: attr.Credential} // Ctrl-C is for us
	stdin, err := keep.StdinPipe()
	if err != nil {
		return "", err
	}
	if err := keep.Start(); err != nil {
		return "", err
	}
	alive.Store(&stdin) // a collected pipe would be a closed one
	dsn = "host=" + dir + " user=yagura sslmode=disable"
	for range 300 {
		var db *sqldb.DB
		if db, err = sqldb.Open(context.Background(), sqldb.Options{DSN: dsn + " dbname=postgres"}); err == nil {
			return dsn, db.Close()
		}
		_ = clock.Real{}.Sleep(context.Background(), 50*time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	return "", fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
}

var alive atomic.Value

// binaries finds the newest installed server.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	best, version := "", 0
	for _, f := range found {
		dir := filepath.Dir(f)
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && n > version {
			best, version = dir, n
		}
	}
	if best != "" {
		return best, nil
	}
	if f, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(f), nil
	}
	return "", fmt.Errorf("no PostgreSQL server here: install the package postgresql (apt-get install postgresql), or set YAGURA_TEST_POSTGRES=off to leave its half of the tests out")
}

// unprivileged gives the folder to a user that PostgreSQL accepts: it refuses root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	var last error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			last = err
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 != nil || err2 != nil || strings.TrimSpace(u.Uid) == "0" {
			continue
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user for it: %w", last)
}
