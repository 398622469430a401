//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// quarantined is a row in quarantine as the status page has it.
type quarantined struct{ Signal, Reason, Example string }

func (y *yagura) quarantine() []quarantined {
	y.t.Helper()
	var st struct{ Quarantine []quarantined }
	y.get("/status/ingest", url.Values{"from": {"-1h"}, "to": {"now"}}, &st)
	return st.Quarantine
}

// lane is a signal's line of the write-ahead log on the status page.
type lane struct {
	Signal, State string
	Blocks        int
	Quarantined   int
	LastError     string `json:"last_error"`
}

func (y *yagura) lanes() map[string]lane {
	y.t.Helper()
	var st struct{ WAL []lane }
	y.get("/status", nil, &st)
	lanes := map[string]lane{}
	for _, l := range st.WAL {
		lanes[l.Signal] = l
	}
	return lanes
}

// engineSQL has a server's embedded engine run a statement, as a hand inside would.
func engineSQL(t *testing.T, socket, statement string) {
	t.Helper()
	cl := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	resp, err := cl.Post("http://engine/", "text/plain", strings.NewReader(statement))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 {
		t.Fatalf("%s: %s", statement, said)
	}
}

// reword gives a row of a request of logs another body.
func reword(raw []byte, row int, body string) []byte {
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalProto(raw); err != nil {
		panic(err)
	}
	req.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(row).Body().SetStr(body)
	raw, err := req.MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

// rename gives a row of a request of spans another name.
func rename(raw []byte, row int, name string) []byte {
	req := ptraceotlp.NewExportRequest()
	if err := req.UnmarshalProto(raw); err != nil {
		panic(err)
	}
	req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(row).SetName(name)
	raw, err := req.MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

// accepted sends a request that must be taken.
func (y *yagura) accepted(path string, body []byte) {
	y.t.Helper()
	resp, err := y.post(y.t.Context(), path, body)
	if err != nil || resp.StatusCode != 200 {
		y.t.Fatal(path, resp, err)
	}
}

// kept checks that of n rows with seq 0 to n-1 exactly the guilty ones are missing, and
// that none is there twice.
func (y *yagura) kept(signal, service string, n int, guilty ...int) {
	y.t.Helper()
	y.settles(signal, "service:"+service, n-len(guilty))
	bad := map[int]bool{}
	for _, g := range guilty {
		bad[g] = true
	}
	seen := y.seqs(signal, service)
	for i := range n {
		want := 1
		if bad[i] {
			want = 0
		}
		if seen[i] != want {
			y.t.Errorf("row %d of %s is there %d times, want %d", i, signal, seen[i], want)
		}
	}
}

// Rows that the real engine refuses for good, here by a constraint of its table: they are
// found, kept out, counted and shown; every other row is stored once, and others' rows do
// not wait for them.
func TestPoisonRows(t *testing.T) {
	y := serve(t)
	socket := filepath.Join(y.dir, "data", "engine.sock")
	engineSQL(t, socket, "ALTER TABLE yagura.logs ADD CONSTRAINT healthy CHECK position(body, 'arsenic') = 0")
	engineSQL(t, socket, "ALTER TABLE yagura.spans ADD CONSTRAINT healthy CHECK name != 'hemlock'")
	const n, per = 2000, 100
	for first := 0; first < n; first += per {
		logs, spans := logsOf("victims", first, per, time.Now()), spansOf("victims", first, per, time.Now())
		switch first {
		case 300:
			logs = reword(logs, 33, "a row of arsenic 砒素")
			spans = rename(spans, 0, "hemlock")
		case 1900:
			logs = reword(logs, 99, "the last one, arsenic too")
		}
		y.accepted("/v1/logs", logs)
		y.accepted("/v1/traces", spans)
	}
	y.accepted("/v1/logs", logsOf("healthy", 0, 50, time.Now()))
	y.settles("logs", "service:healthy", 50)
	y.kept("logs", "victims", n, 333, 1999)
	y.kept("spans", "victims", n, 300)

	// A sample that contradicts what an earlier block stored for its time.
	begun := time.Now()
	for i := range 3 {
		y.accepted("/v1/metrics", metricOf("drops", begun, begun.Add(time.Duration(i)*time.Second), float64(i)))
	}
	y.eventually(30*time.Second, "the metric is stored", func() error {
		if l := y.lanes()["metrics"]; l.Blocks > 0 {
			return fmt.Errorf("%+v", l)
		}
		return nil
	})
	y.accepted("/v1/metrics", metricOf("drops", begun, begun, 77))
	y.eventually(30*time.Second, "the contradiction in quarantine", func() error {
		if l := y.lanes()["metrics"]; l.Quarantined != 1 {
			return fmt.Errorf("%+v", l)
		}
		return nil
	})

	check := func(when string) {
		t.Helper()
		rows := y.quarantine()
		if len(rows) != 4 {
			t.Fatalf("%s: in quarantine are %+v", when, rows)
		}
		for _, q := range rows {
			word := map[string]string{"logs": "arsenic", "spans": "hemlock", "metrics": "drops"}[q.Signal]
			why := "healthy"
			if q.Signal == "metrics" {
				why = "same series and time"
			}
			if word == "" || !strings.Contains(q.Example, word) || !strings.Contains(q.Reason, why) {
				t.Errorf("%s: in quarantine is %+v", when, q)
			}
		}
	}
	check("at once")
	lanes := y.lanes()
	if lanes["logs"].Quarantined != 2 || lanes["spans"].Quarantined != 1 {
		t.Errorf("counted: %+v", lanes)
	}
	y.kill()
	y.start()
	check("after a restart")
	y.kept("logs", "victims", n, 333, 1999)
	y.accepted("/v1/logs", logsOf("after", 0, 10, time.Now()))
	y.settles("logs", "service:after", 10)
}

// crashing builds the product with an engine that crashes on certain texts: see
// internal/engine/face/fuse_crash.go.
func crashing(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "yagura")
	build := exec.Command("go", "build", "-tags", "crashtest", "-o", exe, "./cmd/yagura")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build -tags crashtest: %v\n%s", err, out)
	}
	return exe
}

// Rows of which the real engine crashes: it does so a few times, then they are found by
// trials in an engine of their own and kept out. All others are stored once.
func TestRowsThatCrashTheEngine(t *testing.T) {
	y := prepare(t, t.TempDir(), "--no-auth")
	y.exe = crashing(t)
	y.env = []string{"YAGURA_ENGINE_LIB=" + filepath.Join(root, "lib", "libchdb.so")}
	y.live()
	const n, per = 400, 100
	for first := 0; first < n; first += per {
		logs := logsOf("victims", first, per, time.Now())
		if first == 100 {
			logs = reword(logs, 55, "please kill-the-engine-now, thank you")
		}
		y.accepted("/v1/logs", logs)
	}
	y.eventually(5*time.Minute, "the guilty row in quarantine", func() error {
		if q := y.quarantine(); len(q) != 1 {
			return fmt.Errorf("%+v, %+v", q, y.lanes()["logs"])
		}
		return nil
	})
	q := y.quarantine()[0]
	if !strings.Contains(q.Example, "kill-the-engine-now") || !strings.Contains(q.Reason, "crashes") {
		t.Errorf("in quarantine is %+v", q)
	}
	y.kept("logs", "victims", n, 155)
	var st struct{ Engine struct{ Restarts int } }
	y.get("/status", nil, &st)
	t.Logf("the engine was restarted %d times; in quarantine is %+v", st.Engine.Restarts, q)
	if st.Engine.Restarts > 4 {
		t.Errorf("the engine was restarted %d times", st.Engine.Restarts)
	}

	// A row of which it crashes when it has stored it: the block is there once, and the
	// engine is not given it for ever.
	y.accepted("/v1/logs", reword(logsOf("late", 0, 20, time.Now()), 7, "kill-the-engine-after-storing"))
	y.eventually(5*time.Minute, "the block set aside", func() error {
		if rows := y.quarantine(); len(rows) != 2 || !strings.Contains(rows[0].Reason, "after it has stored") {
			return fmt.Errorf("%+v", rows)
		}
		return nil
	})
	y.kept("logs", "late", 20)

	// Crashes that no row is to blame for: innocent rows are on their way each time.
	f := feedLogs(y)
	ctx, cancel := context.WithCancel(t.Context())
	wait := f.run(ctx, 2)
	for range 3 {
		pid := 0
		y.eventually(time.Minute, "a running engine", func() error {
			if pid = y.enginePID(); pid == 0 {
				return fmt.Errorf("no engine")
			}
			return nil
		})
		if err := syscall.Kill(pid, syscall.SIGSEGV); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
	}
	cancel()
	wait()
	f.verify()
	y.kill()
	y.start()
	if rows := y.quarantine(); len(rows) != 2 {
		t.Errorf("in quarantine are %+v", rows)
	}
	f.verify()
	y.kept("logs", "victims", n, 155)
	y.kept("logs", "late", 20)
}
