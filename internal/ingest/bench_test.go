package ingest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// noCodec costs nothing, so that what is measured is ours.
type noCodec struct{}

func (noCodec) EncodeLogs(dst []byte, rows []telemetry.Log) ([]byte, error) {
	return append(dst, 1), nil
}
func (noCodec) EncodeSpans(dst []byte, rows []telemetry.Span) ([]byte, error) {
	return append(dst, 1), nil
}

func benchService(b testing.TB, httpAddr string) *Service {
	s, err := New(Options{
		HTTP: httpAddr, Codec: noCodec{}, Clock: clock.Real{}, IDs: id.NewSequence(clock.Real{}), Tail: &TailHub{},
		Append: func(context.Context, telemetry.Signal, []byte, int) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func fillResource(r pcommon.Resource) {
	a := r.Attributes()
	a.PutStr("service.name", "checkout")
	a.PutStr("service.version", "1.4.2")
	a.PutStr("deployment.environment.name", "production")
	a.PutStr("host.name", "ip-10-0-12-7")
	a.PutStr("telemetry.sdk.language", "go")
	a.PutStr("telemetry.sdk.name", "opentelemetry")
	a.PutStr("k8s.pod.name", "checkout-7d9f8b6c5-x2x7k")
}

// benchLogs is a request of n logs with bodies of about 120 bytes and 6 attributes.
func benchLogs(n int) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	fillResource(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("com.example.shop.OrderService")
	now := time.Now()
	for i := range n {
		r := sl.LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(i) * time.Microsecond)))
		r.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.SetSeverityText("INFO")
		r.Body().SetStr(fmt.Sprintf("order %d accepted for customer c-%06d: 3 items, total 12,480 JPY, payment authorised by gateway-2 in %d ms", 100000+i, i*7919%1000000, 20+i%300))
		r.SetTraceID(pcommon.TraceID{1, 2, 3, byte(i), byte(i >> 8)})
		r.SetSpanID(pcommon.SpanID{1, 2, byte(i), byte(i >> 8)})
		a := r.Attributes()
		a.PutStr("thread.name", "http-nio-8080-exec-"+strconv.Itoa(i%32))
		a.PutStr("code.function", "acceptOrder")
		a.PutStr("customer.tier", "gold")
		a.PutInt("order.items", int64(i%9))
		a.PutStr("session.id", fmt.Sprintf("%016x", i*2654435761))
		a.PutStr("http.route", "/api/v1/orders/{id}")
	}
	b, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		panic(err)
	}
	return b
}

// benchSpans is a request of n spans with 12 attributes.
func benchSpans(n int) []byte {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	fillResource(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
	now := time.Now()
	for i := range n {
		r := ss.Spans().AppendEmpty()
		r.SetTraceID(pcommon.TraceID{1, 2, 3, byte(i), byte(i >> 8)})
		r.SetSpanID(pcommon.SpanID{1, 2, byte(i), byte(i >> 8)})
		r.SetParentSpanID(pcommon.SpanID{9, 2, byte(i), byte(i >> 8)})
		r.SetName("GET /api/v1/orders/{id}")
		r.SetKind(ptrace.SpanKindServer)
		r.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
		r.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(i%900) * time.Millisecond)))
		a := r.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("http.route", "/api/v1/orders/{id}")
		a.PutStr("url.path", "/api/v1/orders/"+strconv.Itoa(100000+i))
		a.PutStr("url.scheme", "https")
		a.PutInt("http.response.status_code", 200)
		a.PutStr("server.address", "checkout.shop.svc.cluster.local")
		a.PutInt("server.port", 8443)
		a.PutStr("client.address", "10.0."+strconv.Itoa(i%256)+".17")
		a.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
		a.PutStr("network.protocol.version", "1.1")
		a.PutStr("customer.tier", "gold")
		a.PutStr("session.id", fmt.Sprintf("%016x", i*2654435761))
	}
	b, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		panic(err)
	}
	return b
}

const benchRows = 1000

// perMillion reports the CPU seconds, of all threads, that a million rows cost.
func perMillion(b *testing.B, run func()) {
	run() // pools and caches as they are in steady state
	b.ReportAllocs()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		run()
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
	b.ReportMetric(cpu.Seconds()/float64(b.N)/benchRows*1e6, "cpu-s/Mrow")
}

func BenchmarkLogsDecode(b *testing.B) {
	body := benchLogs(benchRows)
	perMillion(b, func() {
		if err := plogotlp.NewExportRequest().UnmarshalProto(body); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkLogsMeasure(b *testing.B) {
	body := benchLogs(benchRows)
	lim := DefaultLimits()
	perMillion(b, func() {
		if err := measureProto(telemetry.Logs, body, &lim); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkLogsNormalise(b *testing.B) {
	s := benchService(b, "")
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalProto(benchLogs(benchRows)); err != nil {
		b.Fatal(err)
	}
	perMillion(b, func() {
		if err := s.consumeLogs(context.Background(), req.Logs()); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSpansDecode(b *testing.B) {
	body := benchSpans(benchRows)
	perMillion(b, func() {
		if err := ptraceotlp.NewExportRequest().UnmarshalProto(body); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSpansNormalise(b *testing.B) {
	s := benchService(b, "")
	req := ptraceotlp.NewExportRequest()
	if err := req.UnmarshalProto(benchSpans(benchRows)); err != nil {
		b.Fatal(err)
	}
	perMillion(b, func() {
		if err := s.consumeSpans(context.Background(), req.Traces()); err != nil {
			b.Fatal(err)
		}
	})
}

func benchHTTP(b *testing.B, path string, body []byte) {
	s := benchService(b, "127.0.0.1:0")
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer s.Stop(context.Background())
	url := "http://" + s.HTTPAddr() + path
	perMillion(b, func() {
		resp, err := http.Post(url, protobufType, bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			b.Fatal(resp.Status)
		}
	})
}

func BenchmarkLogsHTTP(b *testing.B)  { benchHTTP(b, "/v1/logs", benchLogs(benchRows)) }
func BenchmarkSpansHTTP(b *testing.B) { benchHTTP(b, "/v1/traces", benchSpans(benchRows)) }
