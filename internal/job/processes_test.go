package job

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

const childVar = "YAGURA_JOB_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

const jobsOfChild = 3

// child is one process of several: it runs jobs until it is killed. What it sees that
// must not be goes into a file.
func child(dir string) {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, sqldb.Options{DSN: os.Getenv(childVar + "_DSN"), Path: os.Getenv(childVar + "_PATH")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	paused := os.Getenv(childVar+"_PAUSED") != ""
	r := New(Options{DB: db, Holder: strconv.Itoa(os.Getpid()), Lease: 900 * time.Millisecond})
	for i := range jobsOfChild {
		name := fmt.Sprint("job", i)
		r.Add(Spec{Name: name, Title: i18n.T("t", "t"), Every: 50 * time.Millisecond, Timeout: 5 * time.Second, Run: func(ctx context.Context) error {
			// The kernel frees the lock of who is killed, so only two at once can meet in it.
			lock, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return err
			}
			defer func() { _ = lock.Close() }()
			if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil && !paused {
				return os.WriteFile(filepath.Join(dir, fmt.Sprint("violation-", name, "-", os.Getpid())), []byte("two at once"), 0o600)
			}
			for range 3 {
				// Without the run's context: this is the work of who does not notice.
				if err := db.Write(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error {
					if err := Hold(ctx, tx); err != nil {
						return err
					}
					var seq int64
					if err := tx.QueryRow(`SELECT coalesce(max(seq), 0) + 1 FROM work WHERE name = $1`, name).Scan(&seq); err != nil {
						return err
					}
					_, err := tx.Exec(`INSERT INTO work (name, seq, fence) VALUES ($1, $2, $3)`, name, seq, Fence(ctx))
					return err
				}); err != nil {
					return err
				}
				time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
			}
			return nil
		}})
	}
	r.Run(ctx)
}

// Several processes on one database are killed, and others paused past their lease, at
// random moments. No job runs twice at once, and no work of an old holder comes after
// that of a newer one.
func TestManyProcessesNoJobTwice(t *testing.T) {
	for name, open := range map[string]func(*testing.T) sqldb.Options{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
		for _, pause := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/pause=%v", name, pause), func(t *testing.T) { t.Parallel(); storm(t, open(t), pause) })
		}
	}
}

func storm(t *testing.T, opt sqldb.Options, pause bool) {
	db := sqldbtest.OpenAt(t, opt)
	if err := db.Migrate(t.Context(), Migrations); err != nil {
		t.Fatal(err)
	}
	if err := db.Script(t.Context(), `CREATE TABLE work (name TEXT NOT NULL, seq BIGINT NOT NULL, fence BIGINT NOT NULL, PRIMARY KEY (name, seq))`); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spawn := func() *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), childVar+"="+dir, childVar+"_DSN="+opt.DSN, childVar+"_PATH="+opt.Path)
		if pause {
			c.Env = append(c.Env, childVar+"_PAUSED=1")
		}
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	kill := func(c *exec.Cmd) {
		_ = c.Process.Kill()
		_, _ = c.Process.Wait()
	}
	all := []*exec.Cmd{spawn(), spawn(), spawn()}
	defer func() {
		for _, c := range all {
			kill(c)
		}
	}()
	stormy := 5 * time.Second
	if testing.Short() {
		stormy = 3 * time.Second
	}
	disturbed := 0
	for end := time.Now().Add(stormy); time.Now().Before(end); {
		time.Sleep(time.Duration(200+rand.IntN(500)) * time.Millisecond)
		i := rand.IntN(len(all))
		if pause {
			_ = all[i].Process.Signal(syscall.SIGSTOP)
			time.Sleep(1200 * time.Millisecond)
			_ = all[i].Process.Signal(syscall.SIGCONT)
		} else {
			kill(all[i])
			all[i] = spawn()
		}
		disturbed++
	}
	if bad, _ := filepath.Glob(filepath.Join(dir, "violation-*")); len(bad) > 0 {
		t.Errorf("two at once: %v", bad)
	}
	rows, holders := 0, 0
	last := map[string]int64{}
	if err := db.Read(t.Context(), func(tx *sqldb.Tx) error {
		return tx.Each(func(r sqldb.Row) error {
			var name string
			var fence int64
			if err := r.Scan(&name, &fence); err != nil {
				return err
			}
			rows++
			if fence < last[name] {
				t.Errorf("%s: fence %d wrote after %d", name, fence, last[name])
			}
			if fence > last[name] {
				holders++
			}
			last[name] = fence
			return nil
		}, `SELECT name, fence FROM work ORDER BY name, seq`)
	}); err != nil {
		t.Fatal(err)
	}
	if len(last) != jobsOfChild || holders < 10 || disturbed < 2 {
		t.Errorf("%d rows by %d runs of %d jobs under %d disturbances prove nothing", rows, holders, len(last), disturbed)
	}
	t.Logf("%d rows, %d runs, %d disturbances", rows, holders, disturbed)
}
