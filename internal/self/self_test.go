package self

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/clock"
)

// taken is what a Self handed on.
type taken struct {
	mu      sync.Mutex
	err     error
	spans   []ptrace.Span
	logs    []string // "trace id: body"
	metrics []string
	service string
}

func (k *taken) send(_ context.Context, signal string, b []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return k.err
	}
	switch signal {
	case Spans:
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(b); err != nil {
			return err
		}
		for _, rs := range r.Traces().ResourceSpans().All() {
			v, _ := rs.Resource().Attributes().Get("service.name")
			k.service = v.Str()
			for _, ss := range rs.ScopeSpans().All() {
				for _, sp := range ss.Spans().All() {
					k.spans = append(k.spans, sp)
				}
			}
		}
	case Logs:
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(b); err != nil {
			return err
		}
		for _, rl := range r.Logs().ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, l := range sl.LogRecords().All() {
					k.logs = append(k.logs, l.TraceID().String()+": "+l.Body().AsString())
				}
			}
		}
	case Metrics:
		r := pmetricotlp.NewExportRequest()
		if err := r.UnmarshalProto(b); err != nil {
			return err
		}
		for _, rm := range r.Metrics().ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					k.metrics = append(k.metrics, m.Name())
				}
			}
		}
	default:
		return fmt.Errorf("signal %q", signal)
	}
	return nil
}

func begin(t *testing.T, c clock.Clock) (*Self, *taken) {
	t.Helper()
	k := &taken{}
	s, err := New(Options{Version: "v1", Instance: "a", Role: "all", Clock: c, Send: k.send, Level: slog.LevelInfo})
	if err != nil {
		t.Fatal(err)
	}
	return s, k
}

func TestTracesAreKeptWholeOrNotAtAll(t *testing.T) {
	s, k := begin(t, clock.Real{})
	const n = 300
	answer := func(status int, fail error) string {
		r := httptest.NewRequest("GET", "/api/v1/logs?x", nil)
		ctx, id, end := s.Request(r)
		for range 3 {
			_, done := s.Question(ctx, "SELECT 1")
			done(fail)
		}
		end("GET /api/v1/logs", status, false)
		return id
	}
	for range n {
		answer(200, nil)
	}
	bad := []string{answer(500, nil), answer(200, errors.New("gone"))}
	// Outside a request a question makes no span, nor does a parent elsewhere keep one back.
	_, done := s.Question(t.Context(), "SELECT 2")
	done(nil)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	_, id, end := s.Request(r)
	end("GET /", 500, false)
	if id != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the caller's trace became %s", id)
	}
	_, job := s.Job(t.Context(), "x")
	job("failed", errors.New("no"))
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := map[string]int{}
	for _, sp := range k.spans {
		spans[sp.TraceID().String()]++
	}
	for _, id := range bad {
		if spans[id] != 4 {
			t.Errorf("a trace with an error has %d spans", spans[id])
		}
	}
	kept := 0
	for id, n := range spans {
		if n == 4 && !slices.Contains(bad, id) {
			kept++
		} else if n != 4 && n != 1 {
			t.Errorf("trace %s has %d spans", id, n)
		}
	}
	if kept < 5 || kept > 80 {
		t.Errorf("%d of %d ordinary traces were kept", kept, n)
	}
	if spans["0af7651916cd43dd8448eb211c80319c"] != 1 || k.service != Service || !slices.ContainsFunc(k.spans, func(sp ptrace.Span) bool { return sp.Name() == "job x" }) {
		t.Errorf("%v %s", spans, k.service)
	}
	for _, name := range []string{"http.server.request.duration", "db.client.operation.duration", "yagura.job.duration"} {
		if !slices.Contains(k.metrics, name) {
			t.Errorf("%s is not among %v", name, k.metrics)
		}
	}
}

func TestSlowOnesAreKeptAndStreamsAreNotSlow(t *testing.T) {
	s, k := begin(t, clock.Real{})
	const each = 12
	var ends []func()
	for range each {
		r := httptest.NewRequest("GET", "/", nil)
		_, _, end := s.Request(r)
		_, _, endStream := s.Request(r)
		ends = append(ends, func() { end("GET /", 200, false) }, func() { endStream("GET /tail", 200, true) })
	}
	time.Sleep(slow + 50*time.Millisecond)
	for _, end := range ends {
		end()
	}
	_ = s.Stop(t.Context())
	n := map[string]int{}
	for _, sp := range k.spans {
		v, _ := sp.Attributes().Get(streamKey)
		n[fmt.Sprint(v.Bool())]++
	}
	if n["false"] != each || n["true"] > each/2 {
		t.Errorf("kept %v of %d slow ones and as many streams", n, each)
	}
}

func TestLogsCarryTheirTraceAndAreBounded(t *testing.T) {
	c := clock.NewFake(time.Unix(1_800_000_000, 0))
	s, k := begin(t, c)
	var out strings.Builder
	log := slog.New(s.Log(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))).With("room", "x")
	r := httptest.NewRequest("GET", "/", nil)
	ctx, id, end := s.Request(r)
	log.WarnContext(ctx, "first")
	log.DebugContext(ctx, "too little")
	for range 3 * maxRecords {
		log.Info("again")
	}
	end("", 200, false)
	c.Advance(recordWindow)
	log.Info("later")
	_ = s.Stop(t.Context())
	if len(k.logs) != maxRecords+1 || k.logs[0] != id+": first" || !strings.HasSuffix(k.logs[maxRecords], ": later") {
		t.Errorf("%d records, %q", len(k.logs), k.logs[:1])
	}
	if n := strings.Count(out.String(), "\n"); n != 3*maxRecords+3 || !strings.Contains(out.String(), "too little") {
		t.Errorf("%d lines on standard error", n)
	}
}

func TestWhatIsNotTakenIsDroppedAndCounted(t *testing.T) {
	s, k := begin(t, clock.Real{})
	k.err = errors.New("full")
	_, job := s.Job(t.Context(), "x")
	job("failed", errors.New("no"))
	slog.New(s.Log(slog.DiscardHandler)).Info("nobody hears this") // and nothing is asked of the handler below
	begun := time.Now()
	if err := s.Stop(t.Context()); err != nil || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
	if s.Failing() == nil || s.Dropped() < 2 {
		t.Errorf("%d dropped", s.Dropped())
	}
	var none *Self
	if none.Dropped() != 0 || none.Failing() != nil || none.Stop(t.Context()) != nil || none.Log(slog.DiscardHandler) != slog.DiscardHandler {
		t.Error("a Self that is not there does something")
	}
}

func TestScrape(t *testing.T) {
	s, err := New(Options{Clock: clock.Real{}, Instance: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Runtime(); err != nil {
		t.Fatal(err)
	}
	s.Block(t.Context(), "logs", 20*time.Millisecond, nil)
	_, _, end := s.Request(httptest.NewRequest("BREW", "/", nil))
	end("GET /things/{id}", 404, false)
	rec := httptest.NewRecorder()
	s.Scrape().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, _ := io.ReadAll(rec.Body)
	for _, want := range []string{
		`http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="404",http_route="/things/{id}"} 1`,
		`yagura_block_write_duration_seconds_bucket{yagura_outcome="ok",yagura_signal="logs",le="0.025"} 1`,
		"go_goroutine_count", "process_cpu_time_seconds_total", "process_memory_usage_bytes", `service_version`,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}
