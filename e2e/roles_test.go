//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

// fleet is processes in roles on one PostgreSQL, one ClickHouse and one Prometheus.
type fleet struct {
	t     *testing.T
	db    *sqldb.DB
	env   []string
	token string
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	opt := sqldbtest.Postgres(t)
	ch := startClickHouse(t)
	f := &fleet{t: t, db: sqldbtest.OpenAt(t, opt)}
	f.env = []string{"YAGURA_DATABASE_DSN=" + opt.DSN, "YAGURA_ENGINE_URL=http://" + ch.addr, "YAGURA_METRICS_URL=http://" + startPrometheus(t)}
	return f
}

// startPrometheus runs a real one that takes late samples, as several receivers need it.
func startPrometheus(t *testing.T) (addr string) {
	t.Helper()
	dir, addr := t.TempDir(), freeAddr(t)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("storage:\n  tsdb:\n    out_of_order_time_window: 30m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program(t, exec.Command(filepath.Join(root, "tools", "bin", "prometheus"), "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+addr, "--web.enable-remote-write-receiver", "--log.level=warn"))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get("http://" + addr + "/-/ready"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == 200 {
				return addr
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("Prometheus does not start (tools/e2e.sh builds it)")
		}
	}
}

// run starts a process in a role.
func (f *fleet) run(role string) *yagura {
	f.t.Helper()
	y := prepare(f.t, f.t.TempDir(), "--role", role)
	y.env, y.token = f.env, f.token
	y.live()
	return y
}

// recordLeases has the database itself write down every change of a job's lease.
func (f *fleet) recordLeases() {
	f.t.Helper()
	if err := f.db.Script(f.t.Context(), `
		CREATE TABLE lease_log (n BIGSERIAL PRIMARY KEY, at BIGINT NOT NULL, name TEXT NOT NULL, fence BIGINT NOT NULL, holder TEXT NOT NULL, until_at BIGINT NOT NULL);
		CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO lease_log (at, name, fence, holder, until_at)
				VALUES ((extract(epoch FROM clock_timestamp()) * 1000000000)::bigint, NEW.name, NEW.fence, NEW.holder, NEW.until_at);
			RETURN NEW; END $$;
		CREATE TRIGGER note_lease AFTER UPDATE ON job_lease FOR EACH ROW EXECUTE FUNCTION note_lease();`); err != nil {
		f.t.Fatal(err)
	}
}

// checkLeases reads what recordLeases wrote: a job is taken when its last holder gave it
// back or its time was up, each time with a higher fence, and a fence has one holder.
func (f *fleet) checkLeases() {
	f.t.Helper()
	type change struct {
		at, fence, until int64
		name, holder     string
	}
	var all []change
	if err := f.db.Read(f.t.Context(), func(tx *sqldb.Tx) (err error) {
		all, err = sqldb.Collect(tx, func(r sqldb.Row) (c change, err error) {
			return c, r.Scan(&c.at, &c.name, &c.fence, &c.holder, &c.until)
		}, `SELECT at, name, fence, holder, until_at FROM lease_log ORDER BY n`)
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	last, holders, taken, late := map[string]change{}, map[string]bool{}, 0, 0
	for _, c := range all {
		was, known := last[c.name]
		last[c.name] = c
		if c.holder != "" {
			holders[c.holder] = true
		}
		switch {
		case !known:
		case c.fence < was.fence:
			f.t.Errorf("%s: the fence went back from %d to %d", c.name, was.fence, c.fence)
		case c.fence == was.fence && c.holder != was.holder:
			f.t.Errorf("%s: fence %d has two holders, %s and %s", c.name, c.fence, was.holder, c.holder)
		case c.fence > was.fence:
			taken++
			if was.until != 0 {
				late++
				if was.until > c.at+int64(50*time.Millisecond) {
					f.t.Errorf("%s: %s took it from %s %s before its time was up", c.name, c.holder, was.holder, time.Duration(was.until-c.at))
				}
			}
		}
	}
	f.t.Logf("%d changes of leases, %d takings by %d processes, %d of them from one that did not come back", len(all), taken, len(holders), late)
	if taken < 20 || len(holders) < 3 {
		f.t.Errorf("%d takings by %d processes: the test proves nothing", taken, len(holders))
	}
}

type processState struct {
	ID, Role, State, Version, URL string
	Self                          bool
	Problems                      []struct{ Text string }
}

func (y *yagura) processes() (all []processState) {
	y.t.Helper()
	var st struct{ Processes []processState }
	y.get("/status", nil, &st)
	return st.Processes
}

// TestRoles runs two processes of each role, kills any of them at any time, and finds
// every acknowledged row once, every job run by one process at a time, and each query
// process as good as the other.
func TestRoles(t *testing.T) {
	f := newFleet(t)
	q1 := f.run("query")
	const password = "a long passphrase 7"
	setup := regexp.MustCompile(`/setup\?token=([A-Za-z0-9_-]{20,})`).FindStringSubmatch(q1.out.String())
	if setup == nil {
		t.Fatalf("no set-up link in %s", q1.out.String())
	}
	ann := signedIn(t, q1, "/setup", map[string]string{"token": setup[1], "email": "ann@example.com", "name": "Ann 鈴木", "password": password})
	status, raw := ann.call(q1, "POST", "/tokens", map[string]string{"name": "test", "kind": "api", "role": "admin"})
	var made struct{ Secret string }
	if err := json.Unmarshal(raw, &made); status != 201 || err != nil {
		t.Fatalf("%d %s", status, raw)
	}
	f.token, q1.token = made.Secret, made.Secret
	f.recordLeases()
	q2, i1, i2, j1, j2 := f.run("query"), f.run("ingest"), f.run("ingest"), f.run("jobs"), f.run("jobs")
	all := []*yagura{q1, q2, i1, i2, j1, j2}

	// One session for both, and no page where none belongs.
	if status, raw := ann.call(q2, "GET", "/session", nil); status != 200 || !strings.Contains(string(raw), "Ann 鈴木") {
		t.Errorf("a session of the other process: %d %s", status, raw)
	}
	for _, y := range []*yagura{i1, j1} {
		if status, raw := y.ask("GET", "/", nil); status != 404 || !strings.Contains(string(raw), "role") {
			t.Errorf("%v: the root answers %d %s", y.args, status, raw)
		}
		if status, _ := y.ask("GET", "/api/v1/status", nil); status != 404 {
			t.Errorf("%v: the API answers %d", y.args, status)
		}
	}
	for _, path := range []string{"/process/v1/tail?signal=logs", "/process/v1/ingest?from=x"} {
		if status, raw := i1.ask("GET", path, nil, "Yagura-Process", "1.abc"); status != 403 {
			t.Errorf("%s for anybody: %d %s", path, status, raw)
		}
	}
	alive := func(y *yagura, want map[string]int) error {
		got := map[string]int{}
		for _, p := range y.processes() {
			if p.State == "alive" {
				got[p.Role]++
			}
			if len(p.Problems) > 0 && p.State == "alive" {
				return fmt.Errorf("%+v", p)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("%v", got)
		}
		return nil
	}
	two := map[string]int{"ingest": 2, "jobs": 2, "query": 2}
	q2.eventually(20*time.Second, "all six on the status page", func() error { return alive(q2, two) })

	// What either receiver takes is in the tail of either query process.
	for _, pair := range [][2]*yagura{{q1, i2}, {q2, i1}} {
		tailed(t, pair[0], pair[1])
	}

	// The same under load and with any of them killed at any time. The receivers' rows are
	// counted by a query process.
	ask1, ask2 := *i1, *i2
	ask1.api, ask2.api = q1.api, q2.api
	feeders := []*feeder{feedLogs(&ask1), feedLogs(&ask2), feedSpans(&ask1), feedSpans(&ask2)}
	ctx, cancel := context.WithCancel(t.Context())
	var waits []func()
	for i, fe := range feeders {
		fe.next.Store(int64(i%2) * 50_000_000)
		waits = append(waits, fe.run(ctx, 1))
	}
	points := 0
	begun := time.Now()
	victims := append([]*yagura{j1, j2}, all...) // jobs are short: to be killed in one takes more kills
	for i := range rounds(12) {
		victim := victims[rand.IntN(len(victims))]
		if i < 2 {
			victim = victims[i]
		}
		if err := f.db.Script(t.Context(), `UPDATE job_lease SET next_at = 1`); err != nil { // all of them are due
			t.Fatal(err)
		}
		time.Sleep(time.Duration(200+rand.IntN(1500)) * time.Millisecond)
		points++
		for i, y := range []*yagura{i1, i2} {
			y.accepted("/v1/metrics", metricOf(fmt.Sprintf("orders_%d", i), begun, time.Now(), float64(points)))
		}
		victim.kill()
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
		victim.start()
	}
	time.Sleep(time.Second)
	cancel()
	for _, wait := range waits {
		wait()
	}
	for signal, pair := range map[string][2]*feeder{"logs": {feeders[0], feeders[1]}, "spans": {feeders[2], feeders[3]}} {
		want := len(pair[0].acked) + len(pair[1].acked)
		q1.eventually(time.Minute, fmt.Sprintf("%d acknowledged %s", want, signal), func() error {
			n, err := q1.count(signal, "service:feeder")
			if err == nil && n < want {
				err = fmt.Errorf("%d", n)
			}
			return err
		})
		pair[0].verify()
		pair[1].verify()
	}
	for i := range 2 {
		q2.eventually(30*time.Second, "every point", func() error {
			var out struct {
				Series []struct{ Points [][2]float64 }
			}
			err := q2.try("/metrics/query", url.Values{"query": {fmt.Sprintf(`count_over_time(orders_%d_total[10m])`, i)}}, &out)
			if err == nil && (len(out.Series) != 1 || int(out.Series[0].Points[0][1]) != points) {
				err = fmt.Errorf("%+v of %d", out, points)
			}
			return err
		})
	}
	// What came in at either is one list; both query processes say the same.
	var in struct {
		Sources []struct {
			Service, Signal string
			Rows            int
		}
	}
	q1.get("/status/ingest", nil, &in)
	if len(in.Sources) < 3 {
		t.Errorf("sources of both: %+v", in)
	}
	q1.eventually(time.Minute, "all six again", func() error { return alive(q1, two) })
	// A job is asked for at a query process and run by one of the others. Leases of those
	// that were killed run out first.
	var ran struct {
		Items []struct {
			Name, Holder string
			Runs         int
		}
	}
	q2.eventually(2*time.Minute, "jobs run after all the kills", func() error {
		q2.get("/jobs", nil, &ran)
		for _, j := range ran.Items {
			if j.Runs == 0 {
				return fmt.Errorf("%s never ran", j.Name)
			}
		}
		return nil
	})
	f.checkLeases()

	// A receiver that stops in good order takes its row away: nothing is left in its log.
	i2.stop()
	q1.eventually(10*time.Second, "it is gone", func() error { return alive(q1, map[string]int{"ingest": 1, "jobs": 2, "query": 2}) })
	if n := len(q1.processes()); n > 5+rounds(12) {
		t.Errorf("%d processes are listed", n)
	}
}

// tailed follows the logs at one process and sends a row to another.
func tailed(t *testing.T, at, to *yagura) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", at.api+"/api/v1/logs/tail?filter="+url.QueryEscape("service:tailed"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+at.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	go func() { // the other process is found within seconds; rows before that are not followed
		for i := 0; ctx.Err() == nil; i++ {
			_, _ = to.post(ctx, "/v1/logs", logsOf("tailed", i, 1, time.Now()))
			time.Sleep(200 * time.Millisecond)
		}
	}()
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		if strings.Contains(s.Text(), "接続エラー") {
			return
		}
	}
	t.Errorf("a row that %s took is not in the tail of %s", to.otlp, at.api)
}

// TestUpgradeByRoles has an older and a newer process beside each other.
func TestUpgradeByRoles(t *testing.T) {
	f := newFleet(t)
	old := filepath.Join(t.TempDir(), "yagura")
	build := exec.Command("go", "build", "-ldflags", "-X main.version=older", "-o", old, "./cmd/yagura")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f.env = append(f.env, "YAGURA_AUTH_MODE=none")
	older := prepare(t, t.TempDir(), "--role", "query")
	older.exe, older.env = old, f.env
	older.live()
	ingest, newer := f.run("ingest"), f.run("query")
	versions := map[string]bool{}
	for _, p := range newer.processes() {
		versions[p.Version] = true
	}
	if !versions["older"] || len(versions) != 2 {
		t.Errorf("%v", versions)
	}
	// A migration of a version to come, beside which this one starts, until it takes
	// something away.
	note := func(version string) {
		t.Helper()
		if err := f.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`INSERT INTO schema_migrations (version, room, sum, applied_at) VALUES ($1, 'people', 'x', 1)`, version)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	note("299901010000_more")
	older.kill()
	older.start()
	ingest.accepted("/v1/logs", logsOf("both", 0, 3, time.Now()))
	older.settles("logs", "service:both", 3)
	newer.settles("logs", "service:both", 3)
	note("299901020000_less_contract")
	older.stop()
	older.cmd = exec.Command(old, older.args...)
	older.cmd.Env = append(os.Environ(), f.env...)
	out, err := older.cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "299901020000_less_contract") {
		t.Errorf("a database without what it needs: %v %s", err, out)
	}
}

// TestRoleOnEmbeddedStores is refused with what to set.
func TestRoleOnEmbeddedStores(t *testing.T) {
	for lang, want := range map[string]string{"en": "engine.url, metrics.url, database.dsn", "ja": "組み込みのエンジン"} {
		out, err := exec.Command(binary, "--lang", lang, "serve", "--role", "query", "--data-dir", t.TempDir()).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "--role") {
			t.Errorf("%v %s", err, out)
		}
	}
}
