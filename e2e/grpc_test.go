//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

func init() {
	if path := os.Getenv("YAGURA_E2E_BINARY"); path != "" {
		binary = path
	}
}

const (
	logsMethod    = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
	spansMethod   = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	metricsMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
)

// caller makes gRPC calls with an implementation that is not Go's.
type caller struct {
	t    *testing.T
	in   io.WriteCloser
	dir  string
	mu   sync.Mutex
	next int
	wait map[int]chan reply
	last string // what it said that was no answer
}

// callSpec is one call, as the callers' programs read it.
type callSpec struct {
	ID      int     `json:"id"`
	Method  string  `json:"method"`
	File    string  `json:"file"`
	Gzip    bool    `json:"gzip"`
	Timeout float64 `json:"timeout"`
	Token   string  `json:"token"`
}

type reply struct {
	ID                           int
	Code, Message, Details, Body string
}

func (r reply) bytes(t *testing.T) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// retry is the time after which the sender was asked to come back, 0 when it was not.
func (r reply) retry(t *testing.T) time.Duration {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(r.Details)
	if err != nil {
		t.Fatal(err)
	}
	var st spb.Status
	if err := proto.Unmarshal(raw, &st); err != nil {
		t.Fatal(err)
	}
	for _, d := range st.GetDetails() {
		var info errdetails.RetryInfo
		if d.MessageIs(&info) && d.UnmarshalTo(&info) == nil {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// callers are the implementations of gRPC under test, each with its own HTTP/2.
var callers = map[string][]string{
	"C core":  {"/usr/bin/python3", filepath.Join("tools", "grpcsend", "send.py")},
	"grpc-js": {"node", filepath.Join("tools", "grpcsend", "send.js")},
}

func call(t *testing.T, implementation, addr string, args ...string) *caller {
	t.Helper()
	argv := callers[implementation]
	cmd := exec.Command(argv[0], append([]string{filepath.Join(root, argv[1]), addr}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, in: in, dir: t.TempDir(), wait: map[int]chan reply{}}
	lines := program(t, cmd)
	go func() {
		for line := range lines {
			var r reply
			c.mu.Lock()
			if json.Unmarshal([]byte(line), &r) == nil && c.wait[r.ID] != nil {
				c.wait[r.ID] <- r
			} else {
				c.last = line
			}
			c.mu.Unlock()
		}
	}()
	return c
}

// start makes a call and gives its answer when it is there.
func (c *caller) start(spec callSpec, body []byte) <-chan reply {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	spec.ID = c.next
	spec.File = filepath.Join(c.dir, strconv.Itoa(spec.ID))
	if spec.Timeout == 0 {
		spec.Timeout = 30
	}
	if err := os.WriteFile(spec.File, body, 0o600); err != nil {
		c.t.Fatal(err)
	}
	ch := make(chan reply, 1)
	c.wait[spec.ID] = ch
	line, err := json.Marshal(spec)
	if err == nil {
		_, err = fmt.Fprintf(c.in, "%s\n", line)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return ch
}

func (c *caller) finish(ch <-chan reply) reply {
	c.t.Helper()
	select {
	case r := <-ch:
		return r
	case <-time.After(time.Minute):
		c.mu.Lock()
		defer c.mu.Unlock()
		c.t.Fatalf("no answer; its last line: %s", c.last)
		return reply{}
	}
}

func (c *caller) do(spec callSpec, body []byte) reply {
	c.t.Helper()
	return c.finish(c.start(spec, body))
}

func (c *caller) ok(spec callSpec, body []byte) reply {
	c.t.Helper()
	r := c.do(spec, body)
	if r.Code != "OK" {
		c.t.Fatalf("%s: %s: %s", spec.Method, r.Code, r.Message)
	}
	return r
}

// gaugesOf makes a request of n points of one gauge.
func gaugesOf(service string, n int, at time.Time) []byte {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", service)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("e2e.things")
	points := m.SetEmptyGauge().DataPoints()
	for i := range n {
		p := points.AppendEmpty()
		p.Attributes().PutInt("seq", int64(i))
		p.SetIntValue(int64(i))
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	}
	raw, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

// series counts the series of the gauge that a service has.
func (y *yagura) series(service string) (int, error) {
	var out struct{ Series []struct{} }
	err := y.try("/metrics/query", map[string][]string{"query": {`e2e_things{service_name="` + service + `"}`}}, &out)
	return len(out.Series), err
}

// largeLogs is about n MB of logs that do not compress away.
func largeLogs(service string, mb int) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	recs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range mb * 64 {
		r := recs.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Body().SetStr(strings.Repeat(strconv.Itoa(i*7919)+" ", 16<<10/len(strconv.Itoa(i*7919)+" ")))
		r.Attributes().PutInt("seq", int64(i))
	}
	raw, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

func eachCaller(t *testing.T, f func(t *testing.T, implementation string)) {
	for implementation := range callers {
		t.Run(implementation, func(t *testing.T) { f(t, implementation) })
	}
}

// TestOtherGRPC calls the OTLP port with implementations of gRPC that are not Go's: each
// has its own opinions on flow control, trailers, compression and reconnecting.
func TestOtherGRPC(t *testing.T) {
	eachCaller(t, func(t *testing.T, implementation string) {
		y := serve(t)
		c := call(t, implementation, y.grpc)
		now := time.Now()
		for i, zip := range []bool{false, true} {
			first := i * 100
			c.ok(callSpec{Method: logsMethod, Gzip: zip}, logsOf("other", first, 100, now))
			c.ok(callSpec{Method: spansMethod, Gzip: zip}, spansOf("other", first, 100, now))
			c.ok(callSpec{Method: metricsMethod, Gzip: zip}, gaugesOf("other"+strconv.Itoa(i), 10, now))
		}
		y.settles("logs", "service:other", 200)
		y.settles("spans", "service:other", 200)
		y.eventually(20*time.Second, "its metrics", func() error {
			for _, service := range []string{"other0", "other1"} {
				if n, err := y.series(service); err != nil || n != 10 {
					return fmt.Errorf("%s: %d series, %v", service, n, err)
				}
			}
			return nil
		})

		t.Run("partial success", func(t *testing.T) {
			// A span without ids among two that are good.
			req := ptraceotlp.NewExportRequest()
			if err := req.UnmarshalProto(spansOf("partly", 0, 3, now)); err != nil {
				t.Fatal(err)
			}
			req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1).SetSpanID(pcommon.SpanID{})
			raw, _ := req.MarshalProto()
			resp := ptraceotlp.NewExportResponse()
			if err := resp.UnmarshalProto(c.ok(callSpec{Method: spansMethod}, raw).bytes(t)); err != nil {
				t.Fatal(err)
			}
			if p := resp.PartialSuccess(); p.RejectedSpans() != 1 || !strings.Contains(p.ErrorMessage(), "missing_ids") {
				t.Errorf("partial success: %d rejected, %q", p.RejectedSpans(), p.ErrorMessage())
			}
			y.settles("spans", "service:partly", 2)
		})

		t.Run("refusals", func(t *testing.T) {
			for _, refused := range []struct {
				name, method, code string
				body               []byte
				gzip               bool
			}{
				{"not OTLP", logsMethod, "INVALID_ARGUMENT", []byte("{\"json\": true}"), false},
				{"an unknown method", "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", "UNIMPLEMENTED", nil, false},
				{"too large", logsMethod, "RESOURCE_EXHAUSTED", make([]byte, 17<<20), false},
				{"too large when it is unpacked", logsMethod, "RESOURCE_EXHAUSTED", make([]byte, 200<<20), true},
			} {
				r := c.do(callSpec{Method: refused.method, Gzip: refused.gzip}, refused.body)
				if r.Code != refused.code || r.Message == "" {
					t.Errorf("%s: %s: %q, want %s", refused.name, r.Code, r.Message, refused.code)
				}
				if r.retry(t) != 0 {
					t.Errorf("%s: the sender is asked to send the same again", refused.name)
				}
			}
			c.ok(callSpec{Method: logsMethod}, logsOf("after", 0, 1, now)) // the connection lives on
			y.settles("logs", "service:after", 1)
		})

		t.Run("large and many", func(t *testing.T) {
			// More at once than the port has streams and bytes in flight: each ends, and
			// what was turned away is told when to come back.
			body := largeLogs("large", 8)
			var open []<-chan reply
			for range 40 {
				open = append(open, c.start(callSpec{Method: logsMethod, Timeout: 55}, body))
			}
			stored := 0
			for _, ch := range open {
				switch r := c.finish(ch); r.Code {
				case "OK":
					stored++
				case "RESOURCE_EXHAUSTED", "UNAVAILABLE":
					if r.retry(t) <= 0 {
						t.Errorf("turned away without a time to come back: %s", r.Message)
					}
				default:
					t.Errorf("%s: %s", r.Code, r.Message)
				}
			}
			t.Logf("%d of %d requests of 8 MB were stored", stored, len(open))
			if stored == 0 {
				t.Fatal("no large request was stored")
			}
			y.settles("logs", "service:large", stored*8*64)
		})

		t.Run("a restart", func(t *testing.T) {
			// One connection object over two lives of the server.
			c.ok(callSpec{Method: logsMethod}, logsOf("restarted", 0, 10, now))
			y.stop()
			down := c.start(callSpec{Method: logsMethod, Timeout: 50}, logsOf("restarted", 10, 10, now))
			time.Sleep(300 * time.Millisecond)
			y.start()
			if r := c.finish(down); r.Code != "OK" {
				t.Fatalf("a call that waits for the server: %s: %s", r.Code, r.Message)
			}
			y.settles("logs", "service:restarted", 20)
		})
	})
}

// TestOtherGRPCUnderARefusingServer: a server with one place turns callers away in a form
// that they understand, and takes everything in the end.
func TestOtherGRPCUnderARefusingServer(t *testing.T) {
	eachCaller(t, func(t *testing.T, implementation string) {
		y := serve(t, "--config", configFile(t, "limits: {concurrent_requests: 1}"))
		const connections, requests, rows = 4, 40, 100
		var turned atomic.Int64
		var all sync.WaitGroup
		for n := range connections {
			c := call(t, implementation, y.grpc)
			all.Go(func() {
				for i := range requests {
					for deadline := time.Now().Add(time.Minute); ; {
						r := c.do(callSpec{Method: spansMethod}, spansOf("patient", (n*requests+i)*rows, rows, time.Now()))
						if r.Code == "OK" {
							break
						}
						if r.Code != "RESOURCE_EXHAUSTED" || r.retry(t) < time.Second || time.Now().After(deadline) {
							t.Errorf("%s: %s; come back after %s", r.Code, r.Message, r.retry(t))
							return
						}
						turned.Add(1)
					}
				}
			})
		}
		all.Wait()
		t.Logf("turned away %d times", turned.Load())
		if turned.Load() == 0 {
			t.Error("nobody was turned away: the test proves nothing")
		}
		y.settles("spans", "service:patient", connections*requests*rows)
	})
}

// TestOtherGRPCOverALongTime holds one connection for longer than the server's patience
// with silence, and sends over it again.
func TestOtherGRPCOverALongTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	y := serve(t)
	var all sync.WaitGroup
	for implementation := range callers {
		c := call(t, implementation, y.grpc)
		service := strings.ReplaceAll(implementation, " ", "-")
		all.Go(func() {
			for i, pause := range []time.Duration{0, time.Second, 50 * time.Second} {
				time.Sleep(pause)
				if r := c.do(callSpec{Method: logsMethod, Timeout: 5}, logsOf(service, i, 1, time.Now())); r.Code != "OK" {
					t.Errorf("%s after %s: %s: %s", implementation, pause, r.Code, r.Message)
				}
			}
			// Many small ones, one after the other, over the same connection.
			for i := range 500 {
				if r := c.do(callSpec{Method: logsMethod, Timeout: 5}, logsOf(service, 3+i, 1, time.Now())); r.Code != "OK" {
					t.Errorf("%s: %s: %s", implementation, r.Code, r.Message)
					return
				}
			}
		})
	}
	all.Wait()
	for implementation := range callers {
		y.settles("logs", "service:"+strings.ReplaceAll(implementation, " ", "-"), 503)
	}
}

// TestNodeOverGRPC is the Node.js application with its SDK's own exporters over gRPC.
func TestNodeOverGRPC(t *testing.T) {
	y := serve(t)
	cmd := exec.Command("node", "--require", "@opentelemetry/auto-instrumentations-node/register", "app.js")
	cmd.Dir = filepath.Join(root, "tools", "nodeapp")
	cmd.Env = append(os.Environ(), "OTEL_SERVICE_NAME=bookshop",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+y.grpc, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip",
		"OTEL_LOGS_EXPORTER=otlp", "OTEL_METRICS_EXPORTER=otlp", "OTEL_METRIC_EXPORT_INTERVAL=1000", "OTEL_METRIC_EXPORT_TIMEOUT=900",
		"OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_BLRP_SCHEDULE_DELAY=200", "OTEL_NODE_RESOURCE_DETECTORS=env,host,process")
	lines := program(t, cmd)
	base := ""
	for line := range lines {
		if addr, ok := strings.CutPrefix(line, "listening on "); ok {
			base = addr
			break
		}
	}
	if base == "" {
		t.Fatal("the application did not start (npm ci in tools/nodeapp?)")
	}
	for _, id := range []string{"1", "2", "13"} {
		resp, err := sender.Get(base + "/books/" + id)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	for _, signal := range []string{"logs", "spans"} {
		y.eventually(30*time.Second, "its "+signal, func() error {
			n, err := y.count(signal, "service:bookshop")
			if err == nil && n < 3 {
				err = fmt.Errorf("%d", n)
			}
			return err
		})
	}
	y.eventually(30*time.Second, "its metrics", func() error {
		var out struct{ Series []struct{} }
		err := y.try("/metrics/query", map[string][]string{"query": {`{__name__=~"http_server.*_count", service_name="bookshop"}`}}, &out)
		if err == nil && len(out.Series) == 0 {
			err = fmt.Errorf("no series")
		}
		return err
	})
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "yagura.yaml")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// logged waits for a line of a program that holds text.
func logged(ctx context.Context, t *testing.T, lines <-chan string, text string) {
	t.Helper()
	for {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("it ended and never said %q", text)
			}
			if strings.Contains(line, text) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("it never said %q", text)
		}
	}
}
