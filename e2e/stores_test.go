//go:build e2e

package e2e

import (
	"bytes"
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
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

// TestPostgreSQL keeps state in a real PostgreSQL: a second server on the same database
// and a fresh folder finds the users and tokens of the first.
func TestPostgreSQL(t *testing.T) {
	dsn := sqldbtest.Postgres(t).DSN
	first := prepare(t, t.TempDir())
	first.env = []string{"YAGURA_DATABASE_DSN=" + dsn, "YAGURA_OTLP_AUTH=token"}
	first.live()
	const password = "a long passphrase 7"
	link := regexp.MustCompile(`/setup[?#/]\S*?([A-Za-z0-9_-]{20,})`)
	var setup []string
	first.eventually(20*time.Second, "a setup link", func() error {
		if setup = link.FindStringSubmatch(first.out.String()); setup == nil {
			return fmt.Errorf("in %s", first.out.String())
		}
		return nil
	})
	if _, err := os.Stat(filepath.Join(first.dir, "data", "state.db")); err == nil {
		t.Error("there is a SQLite database beside PostgreSQL")
	}
	ann := signedIn(t, first, "/setup", map[string]string{"token": setup[1], "email": "ann@example.com", "name": "Ann 鈴木", "password": password})
	if status, _ := ann.call(first, "POST", "/setup", map[string]string{"token": setup[1], "email": "eve@example.com", "name": "Eve", "password": password}); status == 200 {
		t.Error("the setup link works twice")
	}
	secret := func(kind, role string) string {
		t.Helper()
		token := map[string]string{"name": kind + " of the test", "kind": kind}
		if role != "" {
			token["role"] = role
		}
		status, raw := ann.call(first, "POST", "/tokens", token)
		var made struct{ Secret string }
		if err := json.Unmarshal(raw, &made); status != 201 || err != nil || made.Secret == "" {
			t.Fatalf("create a token: %d %s", status, raw)
		}
		return made.Secret
	}
	ingest, api := secret("ingest", ""), secret("api", "viewer")

	use := func(y *yagura, service string) {
		t.Helper()
		if got := send(t, y, "", service); got != 401 {
			t.Errorf("without a token: %d", got)
		}
		if got := send(t, y, api, service); got != 401 && got != 403 {
			t.Errorf("with a token that may only read: %d", got)
		}
		if got := send(t, y, ingest, service); got != 200 {
			t.Errorf("with the ingest token: %d", got)
		}
		y.eventually(30*time.Second, "the row", func() error {
			status, raw := y.ask("GET", "/api/v1/logs/count?filter=service:"+service+"&from=-1h", nil, "Authorization", "Bearer "+api)
			if status != 200 || !strings.Contains(string(raw), `"count":1`) {
				return fmt.Errorf("%d %s", status, raw)
			}
			return nil
		})
	}
	use(first, "before")
	first.kill()
	first.start()
	if status, raw := ann.call(first, "GET", "/session", nil); status != 200 || !strings.Contains(string(raw), "Ann 鈴木") {
		t.Errorf("the session after a restart: %d %s", status, raw)
	}
	use(first, "again")
	first.stop()

	second := prepare(t, t.TempDir())
	second.env = first.env
	second.live()
	bob := signedIn(t, second, "/session", map[string]string{"email": "ann@example.com", "password": password})
	if status, _ := bob.call(second, "POST", "/session", map[string]string{"email": "ann@example.com", "password": "wrong"}); status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
	use(second, "elsewhere")
	if status, raw := bob.call(second, "GET", "/audit", nil); status != 200 || !strings.Contains(string(raw), "token") {
		t.Errorf("the audit: %d %s", status, raw)
	}
	if strings.Contains(second.out.String(), "/setup") {
		t.Error("a set-up server offers another setup")
	}
}

// browser is a signed-in person.
type browser struct{ cookies []*http.Cookie }

func signedIn(t *testing.T, y *yagura, path string, body any) *browser {
	t.Helper()
	b := &browser{}
	if status, raw := b.call(y, "POST", path, body); status != 200 || len(b.cookies) == 0 {
		t.Fatalf("POST %s: %d %s", path, status, raw)
	}
	return b
}

func (b *browser) call(y *yagura, method, path string, body any) (int, []byte) {
	y.t.Helper()
	var in io.Reader
	if body != nil {
		raw, _ := json.Marshal(body)
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, y.api+"/api/v1"+path, in)
	if err != nil {
		y.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Yagura-CSRF", "1")
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		y.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if c := resp.Cookies(); len(c) > 0 {
		b.cookies = c
	}
	raw, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, raw
}

// send posts a row with a token and gives the status.
func send(t *testing.T, y *yagura, token, service string) int {
	t.Helper()
	req, _ := http.NewRequest("POST", y.otlp+"/v1/logs", bytes.NewReader(logsOf(service, 0, 1, time.Now())))
	req.Header.Set("Content-Type", "application/x-protobuf")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := sender.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// clickhouse is an engine elsewhere: a process of its own behind a TCP address.
type clickhouse struct {
	t      *testing.T
	dir    string
	addr   string
	cmd    *exec.Cmd
	stdin  io.Closer
	mu     sync.Mutex
	listen net.Listener
	conns  map[net.Conn]bool
}

func startClickHouse(t *testing.T) *clickhouse {
	t.Helper()
	dir, err := os.MkdirTemp("", "ch-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	c := &clickhouse{t: t, dir: dir, addr: freeAddr(t), conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		c.kill()
		_ = os.RemoveAll(dir)
	})
	c.start()
	return c
}

func (c *clickhouse) start() {
	c.t.Helper()
	socket := filepath.Join(c.dir, "s")
	c.cmd = exec.Command(binary, "engine", "--data="+filepath.Join(c.dir, "data"), "--socket="+socket,
		"--lib="+filepath.Join(root, "lib", "libchdb.so"), "--max-threads=2")
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	out := &buffer{}
	c.cmd.Stderr = out
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	l, err := net.Listen("tcp", c.addr)
	if err != nil {
		c.t.Fatal(err)
	}
	c.listen = l
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go c.relay(in, socket)
		}
	}()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if resp, err := http.Get("http://" + c.addr + "/ping"); err == nil {
			_ = resp.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the engine elsewhere does not start: %s", out)
		}
	}
}

func (c *clickhouse) relay(in net.Conn, socket string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	c.mu.Lock()
	c.conns[in] = true
	c.mu.Unlock()
	go func() {
		_, _ = io.Copy(out, in)
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
	c.mu.Lock()
	delete(c.conns, in)
	c.mu.Unlock()
}

// cut breaks the network, and leaves the engine as it is.
func (c *clickhouse) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for in := range c.conns {
		_ = in.Close()
	}
}

func (c *clickhouse) kill() {
	_ = c.listen.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
	c.cut()
}

// TestRemoteClickHouse stores logs and spans in an engine behind a URL, whose connections
// break, which goes away and comes back.
func TestRemoteClickHouse(t *testing.T) {
	ch := startClickHouse(t)
	y := prepare(t, t.TempDir(), "--no-auth")
	y.env = []string{"YAGURA_ENGINE_URL=http://" + ch.addr}
	y.live()
	logs, spans := feedLogs(y), feedSpans(y)
	ctx, cancel := context.WithCancel(t.Context())
	waitLogs, waitSpans := logs.run(ctx, 2), spans.run(ctx, 2)
	for range 2 {
		for range 5 {
			time.Sleep(300 * time.Millisecond)
			ch.cut()
		}
		ch.kill()
		y.eventually(30*time.Second, "the status says that it waits", func() error {
			if l := y.lanes(); l["logs"].State != "retrying" || l["spans"].State != "retrying" {
				return fmt.Errorf("%+v", l)
			}
			return nil
		})
		ch.start()
	}
	var st struct{ Engine struct{ Kind string } }
	if y.get("/status", nil, &st); st.Engine.Kind != "remote" {
		t.Errorf("the engine is %q", st.Engine.Kind)
	}
	ch.kill()
	y.kill() // and both at once
	ch.start()
	y.start()
	time.Sleep(time.Second)
	cancel()
	waitLogs()
	waitSpans()
	logs.verify()
	spans.verify()
	if q := y.quarantine(); len(q) > 0 {
		t.Errorf("in quarantine: %+v", q)
	}
	if _, err := os.Stat(filepath.Join(y.dir, "data", "engine")); err == nil {
		t.Error("there is an embedded engine beside the remote one")
	}
}

// TestRemoteMetrics stores metrics in a real Prometheus as it is out of the box, with the
// receiver of remote write switched on, which goes away and comes back.
func TestRemoteMetrics(t *testing.T) {
	dir, addr := t.TempDir(), freeAddr(t)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var cmd *exec.Cmd
	start := func() {
		t.Helper()
		cmd = exec.Command(filepath.Join(root, "tools", "bin", "prometheus"), "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
			"--web.listen-address="+addr, "--web.enable-remote-write-receiver", "--log.level=warn")
		program(t, cmd)
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			if resp, err := http.Get("http://" + addr + "/-/ready"); err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode == 200 {
					return
				}
			}
			if time.Now().After(deadline) {
				t.Fatal("Prometheus does not start (tools/e2e.sh builds it)")
			}
		}
	}
	start()
	y := prepare(t, t.TempDir(), "--no-auth")
	y.env = []string{"YAGURA_METRICS_URL=http://" + addr}
	y.live()

	sent, sum := 0, 0
	begun := time.Now()
	feed := func(points int) {
		t.Helper()
		for range points {
			sent++
			sum += sent
			y.accepted("/v1/metrics", metricOf("orders", begun, time.Now(), float64(sent)))
			time.Sleep(50 * time.Millisecond)
		}
	}
	feed(40)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	feed(80) // several blocks wait
	y.eventually(30*time.Second, "the status says that it waits", func() error {
		if l := y.lanes()["metrics"]; l.State != "retrying" || l.LastError == "" {
			return fmt.Errorf("%+v", l)
		}
		return nil
	})
	start()
	feed(40)
	ask := func(query string) (float64, error) {
		var out struct {
			Series []struct{ Points [][2]float64 }
		}
		if err := y.try("/metrics/query", url.Values{"query": {query}}, &out); err != nil {
			return 0, err
		}
		if len(out.Series) != 1 || len(out.Series[0].Points) != 1 {
			return 0, fmt.Errorf("%s: %+v", query, out)
		}
		return out.Series[0].Points[0][1], nil
	}
	y.eventually(30*time.Second, "every point", func() error {
		n, err := ask(`count_over_time(orders_total[10m])`)
		if err == nil && int(n) != sent {
			err = fmt.Errorf("%v of %d; %+v", n, sent, y.lanes()["metrics"])
		}
		return err
	})
	if got, err := ask(`sum_over_time(orders_total[10m])`); err != nil || int(got) != sum {
		t.Errorf("the sum of all points is %v (%v), %d was sent", got, err, sum)
	}
	if q := y.quarantine(); len(q) > 0 {
		t.Errorf("in quarantine: %+v", q)
	}
	if l := y.lanes()["metrics"]; l.Quarantined > 0 {
		t.Errorf("%+v", l)
	}
}

// metricOf makes a request of one point of a cumulative sum.
func metricOf(name string, begun, at time.Time, value float64) []byte {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := s.DataPoints().AppendEmpty()
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(begun))
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetDoubleValue(value)
	raw, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}
