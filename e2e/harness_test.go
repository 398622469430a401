//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// root is the repository.
var root = func() string {
	dir, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return dir
}()

// binary is what is tested; YAGURA_E2E_BINARY names another.
var binary = cmp.Or(os.Getenv("YAGURA_E2E_BINARY"), filepath.Join(root, "bin", "yagura"))

// yagura is the running product on a data folder, on the same addresses over restarts.
type yagura struct {
	t         *testing.T
	dir       string
	api, otlp string // "http://127.0.0.1:1234"
	grpc      string // "127.0.0.1:1234"
	args      []string
	exe       string   // "" is binary
	env       []string // settings by environment
	token     string   // for the API, where sign-in is on
	cmd       *exec.Cmd
	out       *buffer
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// serve starts the product on a new folder with --no-auth and waits until it is ready.
func serve(t *testing.T, args ...string) *yagura {
	t.Helper()
	return serveIn(t, t.TempDir(), append([]string{"--no-auth"}, args...)...)
}

func serveIn(t *testing.T, dir string, args ...string) *yagura {
	t.Helper()
	y := prepare(t, dir, args...)
	y.live()
	return y
}

// prepare is a server that does not run yet.
func prepare(t *testing.T, dir string, args ...string) *yagura {
	t.Helper()
	api, otlp := freeAddr(t), freeAddr(t)
	y := &yagura{t: t, dir: dir, api: "http://" + api, otlp: "http://" + otlp, grpc: freeAddr(t), out: &buffer{}}
	y.args = append([]string{"serve", "--data-dir", filepath.Join(dir, "data"),
		"--listen", api, "--otlp-http", otlp, "--otlp-grpc", y.grpc}, args...)
	return y
}

// live starts it, and stops it when the test ends.
func (y *yagura) live() {
	t := y.t
	t.Helper()
	y.start()
	t.Cleanup(func() {
		y.stop()
		if t.Failed() {
			t.Logf("the server's output:\n%s", tail(y.out.String(), 60))
		}
	})
}

func tail(s string, lines int) string {
	all := strings.Split(s, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (y *yagura) start() {
	y.t.Helper()
	y.cmd = exec.Command(cmp.Or(y.exe, binary), y.args...)
	y.cmd.Dir = y.dir
	// Most tests count all rows that there are; own telemetry is switched on where it is tested.
	y.cmd.Env = append(append(os.Environ(), "YAGURA_SELF_ENABLED=false"), y.env...)
	y.cmd.Stdout, y.cmd.Stderr = y.out, y.out
	if err := y.cmd.Start(); err != nil {
		y.t.Fatalf("start %s: %v (make build first)", binary, err)
	}
	y.eventually(time.Minute, "ready", func() error {
		resp, err := http.Get(y.api + "/readyz")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			return fmt.Errorf("readyz: %s", resp.Status)
		}
		return nil
	})
}

// stop ends it as an operator would, and expects it to obey within a minute.
func (y *yagura) stop() {
	if y.cmd == nil || y.cmd.ProcessState != nil {
		return
	}
	_ = y.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = y.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		_ = y.cmd.Process.Kill()
		y.t.Error("the server did not stop in a minute")
	}
}

// kill ends it as misfortune would.
func (y *yagura) kill() {
	_ = y.cmd.Process.Kill()
	_ = y.cmd.Wait()
}

func (y *yagura) enginePID() int {
	y.t.Helper()
	var st struct {
		Engine struct {
			PID   int
			Phase string
		}
	}
	y.get("/status", nil, &st)
	return st.Engine.PID
}

// eventually repeats f until it succeeds.
func (y *yagura) eventually(within time.Duration, what string, f func() error) {
	y.t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			y.t.Fatalf("%s: not after %s: %v", what, within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ask sends a request to the API and gives the answer as it is.
func (y *yagura) ask(method, path string, body io.Reader, header ...string) (int, []byte) {
	y.t.Helper()
	req, err := http.NewRequest(method, y.api+path, body)
	if err != nil {
		y.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		y.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		y.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, raw
}

// try asks the API and decodes a good answer.
func (y *yagura) try(path string, q url.Values, out any) error {
	req, err := http.NewRequest("GET", y.api+"/api/v1"+path+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	if y.token != "" {
		req.Header.Set("Authorization", "Bearer "+y.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != 200 {
		return fmt.Errorf("GET %s: %s: %s", path, resp.Status, raw)
	}
	return json.Unmarshal(raw, out)
}

func (y *yagura) get(path string, q url.Values, out any) {
	y.t.Helper()
	if err := y.try(path, q, out); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yagura) count(signal, filter string) (int, error) {
	var out struct{ Count int }
	err := y.try("/"+signal+"/count", url.Values{"filter": {filter}, "from": {"-10d"}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}, &out)
	return out.Count, err
}

// settles waits until a filter counts n rows.
func (y *yagura) settles(signal, filter string, n int) {
	y.t.Helper()
	y.eventually(30*time.Second, fmt.Sprintf("%d %s for %s", n, signal, filter), func() error {
		got, err := y.count(signal, filter)
		if err == nil && got != n {
			err = fmt.Errorf("%d", got)
		}
		return err
	})
}

// logsOf makes a request of n logs whose attribute seq counts up from first.
func logsOf(service string, first, n int, at time.Time) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	recs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := recs.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.Body().SetStr(fmt.Sprintf("row %d: 接続エラーが発生しました", first+i))
		r.Attributes().PutInt("seq", int64(first+i))
	}
	raw, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

// spansOf makes a request of n server spans, each a trace of its own.
func spansOf(service string, first, n int, at time.Time) []byte {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, 2, 3, 4, 12: byte((first + i) >> 24), 13: byte((first + i) >> 16), 14: byte((first + i) >> 8), 15: byte(first + i)})
		s.SetSpanID(pcommon.SpanID{1, 4: byte((first + i) >> 24), 5: byte((first + i) >> 16), 6: byte((first + i) >> 8), 7: byte(first + i)})
		s.SetKind(ptrace.SpanKindServer)
		s.SetName("GET /things")
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(20 * time.Millisecond)))
		s.Attributes().PutInt("seq", int64(first+i))
	}
	raw, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

var sender = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

// post sends OTLP/HTTP protobuf. A lost connection is an error, an answer is not.
func (y *yagura) post(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", y.otlp+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := sender.Do(req)
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp, nil
}

// seqs reads the attribute seq of every stored row of a service, and how often it is there.
func (y *yagura) seqs(signal, service string) map[int]int {
	y.t.Helper()
	seen := map[int]int{}
	after := ""
	for {
		var page struct {
			Items []struct{ Attributes map[string]string }
			Next  string
		}
		q := url.Values{"filter": {"service:" + service}, "from": {"-10d"}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}, "limit": {"1000"}}
		if after != "" {
			q.Set("after", after)
		}
		y.get("/"+signal, q, &page)
		for _, row := range page.Items {
			n, err := strconv.Atoi(row.Attributes["seq"])
			if err != nil {
				y.t.Fatalf("row without seq: %v", row.Attributes)
			}
			seen[n]++
		}
		if page.Next == "" {
			return seen
		}
		after = page.Next
	}
}

// run executes the CLI against this server.
func (y *yagura) run(args ...string) (stdout, stderr string, code int) {
	y.t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "YAGURA_SERVER="+y.api)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		y.t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}
