//go:build e2e

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestArchive kills the server while a day is archived, and while it is brought back: in
// the end each row is in the archive, and is back exactly once.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "archive")
	y := prepare(t, dir, "--no-auth")
	y.env = append(y.env, "YAGURA_ARCHIVE_FOLDER="+folder)
	y.live()
	old := time.Now().AddDate(0, 0, -3)
	day := old.UTC().Format(time.DateOnly)
	const rows = 20_000
	for i := range 20 {
		if resp, err := y.post(t.Context(), "/v1/logs", logsOf("shop", i*rows/20, rows/20, old)); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	counted := func() (int, error) {
		var out struct{ Count int }
		err := y.try("/logs/count", url.Values{"filter": {"service:shop"}, "from": {"-10d"}}, &out)
		return out.Count, err
	}
	is := func(want int) func() error {
		return func() error {
			if n, err := counted(); err != nil || n != want {
				return fmt.Errorf("%d logs, want %d: %v", n, want, err)
			}
			return nil
		}
	}
	y.eventually(time.Minute, "the old logs", is(rows))
	type view struct {
		Days []struct {
			Day, Signal, State, Wanted, Error string
			Rows                              int
			AttachedRows                      int        `json:"attached_rows"`
			AttachedUntil                     *time.Time `json:"attached_until"`
		}
	}
	do := func(what string) {
		t.Helper()
		if status, raw := y.ask("POST", "/api/v1/retention/archive/"+day, strings.NewReader(`{"what":"`+what+`"}`), "Content-Type", "application/json"); status != 202 {
			t.Fatalf("%s: %d %s", what, status, raw)
		}
	}
	// until asks again after each of some kills -9, and waits for the last.
	until := func(what string, done func(view) bool) {
		t.Helper()
		for _, after := range []time.Duration{30 * time.Millisecond, 200 * time.Millisecond, 0} {
			do(what)
			if after > 0 {
				time.Sleep(after)
				y.kill()
				y.start()
			}
		}
		y.eventually(4*time.Minute, what, func() error {
			var v view
			if err := y.try("/retention/archive", nil, &v); err != nil {
				return err
			}
			if len(v.Days) != 1 || v.Days[0].Wanted != "" || v.Days[0].Error != "" || !done(v) {
				return fmt.Errorf("%+v", v)
			}
			return nil
		})
	}
	until("archive", func(v view) bool { return v.Days[0].Rows == rows && v.Days[0].State == "archived" })
	if files, err := filepath.Glob(filepath.Join(folder, "logs", day, "*", "manifest.json")); err != nil || len(files) != 1 {
		t.Errorf("%v %v", files, err)
	}
	if out, errs, code := y.run("--lang=en", "retention", "set", "logs", "--whole=1", "--yes"); code != 0 {
		t.Fatal(out, errs)
	}
	if status, raw := y.ask("POST", "/api/v1/jobs/retention.enforce/run", nil); status/100 != 2 {
		t.Fatal(status, string(raw))
	}
	y.eventually(2*time.Minute, "the day is gone", is(0))
	until("attach", func(v view) bool { return v.Days[0].AttachedRows == rows && v.Days[0].AttachedUntil != nil })
	y.eventually(10*time.Second, "all are back, once", is(rows))
	if got := y.seqs("logs", "shop"); len(got) != rows {
		t.Errorf("%d different logs", len(got))
	}
	if status, raw := y.ask("POST", "/api/v1/jobs/retention.enforce/run", nil); status/100 != 2 {
		t.Fatal(status, string(raw))
	}
	time.Sleep(3 * time.Second)
	if err := is(rows)(); err != nil {
		t.Errorf("the rules took what was brought back: %v", err)
	}
	if out, errs, code := y.run("--lang=en", "archive", "detach", day); code != 0 || strings.Contains(out, "detach (") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if err := is(0)(); err != nil {
		t.Error(err)
	}
	// A damaged file is named, and brings nothing back.
	file := filepath.Join(folder, "logs", day, "1", "0001.parquet")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 0x40
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := y.run("--lang=en", "archive", "attach", day); code == 0 || !strings.Contains(errs, "logs/"+day+"/1/0001.parquet") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if err := is(0)(); err != nil {
		t.Error(err)
	}
}
