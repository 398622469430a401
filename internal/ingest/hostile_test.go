package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcgzip "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// post sends a body and gives the status, the answer and its headers.
func post(t *testing.T, s *Service, path string, body []byte, headers ...string) (int, []byte, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.HTTPAddr()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", protobufType)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer, resp.Header
}

func dial(t *testing.T, s *Service) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient(s.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return cc
}

// rawCodec sends bytes as they are, so that a test can send what no client would.
type rawCodec struct{}

func (rawCodec) Name() string                    { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (rawCodec) Unmarshal(b []byte, v any) error { *v.(*[]byte) = bytes.Clone(b); return nil }

func sendRaw(t *testing.T, s *Service, signal string, b []byte, opts ...grpc.CallOption) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out []byte
	method := map[string]string{
		"logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export", "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
		"metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
	}[signal]
	return dial(t, s).Invoke(ctx, method, b, &out, append(opts, grpc.ForceCodec(rawCodec{}))...)
}

func field1(tag byte, b []byte) []byte {
	return append(binary.AppendUvarint([]byte{tag<<3 | 2}, uint64(len(b))), b...)
}

// deepLog is a request whose body nests arrays n deep, built from the inside.
func deepLog(n int) []byte {
	rev := []byte{} // reversed, for a message begins with its length
	size := 0
	put := func(tag byte) {
		head := binary.AppendUvarint([]byte{tag<<3 | 2}, uint64(size))
		for i := len(head) - 1; i >= 0; i-- {
			rev = append(rev, head[i])
		}
		size += len(head)
	}
	for range n {
		put(1) // ArrayValue.values
		put(5) // AnyValue.array_value
	}
	put(5) // LogRecord.body
	put(2) // ScopeLogs.log_records
	put(2) // ResourceLogs.scope_logs
	put(1)
	for i, j := 0, len(rev)-1; i < j; i, j = i+1, j-1 {
		rev[i], rev[j] = rev[j], rev[i]
	}
	return rev
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zst(t *testing.T, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// What cannot be taken is answered with a clear error, counted under its reason, and
// harms nobody: the same server takes a good request afterwards.
func TestHostileRequests(t *testing.T) {
	lim := Limits{RequestBytes: 1 << 20, Elements: 200_000}
	good := benchLogs(10)
	bomb := bytes.Repeat([]byte{0}, 64<<20)
	flat := field1(1, field1(2, field1(2, bytes.Repeat([]byte{6<<3 | 2, 0}, 400_000)))) // 400,000 empty attributes
	for _, c := range []struct {
		name    string
		body    []byte
		headers []string
		code    int
		reason  Reason
		grpc    codes.Code // 0: not tried over gRPC
		gzip    bool
	}{
		{name: "truncated", body: good[:len(good)/2], code: 400, reason: Malformed, grpc: codes.InvalidArgument},
		{name: "garbage", body: []byte("\xff\xff\xff\xff not otlp"), code: 400, reason: Malformed, grpc: codes.InvalidArgument},
		{name: "wrong wire type", body: []byte{1 << 3, 7}, code: 400, reason: Malformed, grpc: codes.InvalidArgument},
		{name: "length beyond the end", body: []byte{1<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f}, code: 400, reason: Malformed, grpc: codes.InvalidArgument},
		{name: "json as protobuf", body: []byte(`{"resourceLogs":[]}`), code: 400, reason: Malformed, grpc: codes.InvalidArgument},
		{name: "protobuf as json", body: good, headers: []string{"Content-Type", jsonType}, code: 400, reason: Malformed},
		{name: "json of the wrong shape", body: []byte("{\"resourceLogs\":\"\xff\"}"), headers: []string{"Content-Type", jsonType}, code: 400, reason: Malformed},
		{name: "unfinished json", body: []byte(`{"resourceLogs":[{`), headers: []string{"Content-Type", jsonType}, code: 400, reason: Malformed},
		{name: "text", body: []byte("hello"), headers: []string{"Content-Type", "text/plain"}, code: 415, reason: BadEncoding},
		{name: "no content type", body: good, headers: []string{"Content-Type", ""}, code: 415, reason: BadEncoding},
		{name: "unknown compression", body: good, headers: []string{"Content-Encoding", "br"}, code: 415, reason: BadEncoding},
		{name: "not gzip", body: good, headers: []string{"Content-Encoding", "gzip"}, code: 400, reason: Malformed},
		{name: "not zstd", body: good, headers: []string{"Content-Encoding", "zstd"}, code: 400, reason: Malformed},
		{name: "gzip, cut off", body: gz(good)[:100], headers: []string{"Content-Encoding", "gzip"}, code: 400, reason: Malformed},
		{name: "gzip bomb", body: gz(bomb), headers: []string{"Content-Encoding", "gzip"}, code: 413, reason: TooLarge},
		{name: "zstd bomb", body: zst(t, bomb), headers: []string{"Content-Encoding", "zstd"}, code: 413, reason: TooLarge},
		{name: "too large", body: bomb[:2<<20], code: 413, reason: TooLarge, grpc: codes.ResourceExhausted},
		{name: "too large when decompressed", body: bomb[:8<<20], grpc: codes.ResourceExhausted, gzip: true, reason: TooLarge},
		{name: "deep", body: deepLog(60_000), code: 400, reason: TooComplex, grpc: codes.InvalidArgument},
		{name: "deep json", body: []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":` + strings.Repeat(`{"arrayValue":{"values":[`, 40_000)), headers: []string{"Content-Type", jsonType}, code: 400, reason: TooComplex},
		{name: "400,000 attributes", body: flat, code: 400, reason: TooComplex, grpc: codes.InvalidArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, st := serve(t, func(o *Options) { o.Limits = lim })
			want := int64(0)
			if c.code != 0 {
				code, answer, h := post(t, s, "/v1/logs", c.body, c.headers...)
				if code != c.code {
					t.Errorf("HTTP answers %d %q, want %d", code, answer, c.code)
				}
				var msg spb.Status
				err := proto.Unmarshal(answer, &msg)
				if strings.HasPrefix(h.Get("Content-Type"), jsonType) {
					err = protojson.Unmarshal(answer, &msg)
				}
				if err != nil || msg.GetMessage() == "" {
					t.Errorf("the answer is no google.rpc.Status: %q (%s): %v", answer, h.Get("Content-Type"), err)
				}
				want++
			}
			if c.grpc != 0 {
				var opts []grpc.CallOption
				if c.gzip {
					opts = append(opts, grpc.UseCompressor(grpcgzip.Name))
				}
				if err := sendRaw(t, s, "logs", c.body, opts...); status.Code(err) != c.grpc {
					t.Errorf("gRPC answers %v, want %v", err, c.grpc)
				}
				want++
			}
			waitFor(t, func() bool { // gRPC counts after it answered
				rs := s.Refusals()
				return len(rs) == 1 && rs[0].Reason == c.reason && rs[0].Count == want && rs[0].Signal == telemetry.Logs
			}, func() any { return s.Refusals() })
			if code, answer, _ := post(t, s, "/v1/logs", good); code != 200 {
				t.Errorf("afterwards a good request is answered %d %q", code, answer)
			}
			if logs, _ := st.rows(); logs != 10 {
				t.Errorf("%d rows stored", logs)
			}
			if n := s.gate.bytes.Load(); n != 0 {
				t.Errorf("%d bytes are still held", n)
			}
			waitFor(t, func() bool { return s.gate.requests.Load() == 0 }, func() any { return s.gate.requests.Load() })
		})
	}
}

func waitFor(t *testing.T, ok func() bool, state func() any) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("it never came to it: %+v", state())
}

// A bomb costs no more memory than the limit allows.
func TestBombMemory(t *testing.T) {
	s, _ := serve(t, func(o *Options) { o.Limits = Limits{RequestBytes: 1 << 20} })
	bomb := gz(bytes.Repeat([]byte{0}, 256<<20))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 4 {
		if code, _, _ := post(t, s, "/v1/traces", bomb, "Content-Encoding", "gzip"); code != 413 {
			t.Fatalf("answered %d", code)
		}
	}
	runtime.ReadMemStats(&after)
	if grew := after.TotalAlloc - before.TotalAlloc; grew > 64<<20 {
		t.Errorf("four bombs of 256 MB made us allocate %d MB", grew>>20)
	}
}

func TestHugeValuesAreCut(t *testing.T) {
	s, st := serve(t, nil)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.Body().SetStr(strings.Repeat("あ", 2<<20))
	many := map[string]any{}
	for i := range 100_000 {
		many["a"+formatInt(int64(i))] = "v"
	}
	many[strings.Repeat("k", 1<<20)] = strings.Repeat("v", 1<<20)
	if err := r.Attributes().FromRaw(many); err != nil {
		t.Fatal(err)
	}
	a := plog.NewLogs() // one whose values are too long, not too many
	ra := a.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	ra.Attributes().PutStr(strings.Repeat("k", 1<<20), strings.Repeat("v", 1<<20))
	a.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	b, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if code, answer, _ := post(t, s, "/v1/logs", gz(b), "Content-Encoding", "gzip"); code != 200 {
		t.Fatalf("%d %q", code, answer)
	}
	row := st.logs[0]
	if len(row.Body) > 256<<10 || len(row.Attrs) != 128 || row.Flags&telemetry.Truncated == 0 {
		t.Errorf("body %d, %d attributes, flags %b", len(row.Body), len(row.Attrs), row.Flags)
	}
	row = st.logs[1]
	if len(row.Attrs) != 1 || len(row.Attrs[0].Key) != 256 || len(row.Attrs[0].Value) != 16<<10 || row.Flags&telemetry.Truncated == 0 {
		t.Errorf("%d attributes, flags %b", len(row.Attrs), row.Flags)
	}
	reasons := map[Reason]bool{}
	for _, r := range s.Refusals() {
		reasons[r.Reason] = r.Stored && r.Example != "" && len(r.Example) <= exampleBytes
	}
	if !reasons[ValueLimit] || !reasons[AttributeLimit] {
		t.Errorf("refusals: %+v", reasons)
	}
}

// Rows that cannot be taken are refused by partial success, on both transports and in
// both encodings, and the rest is stored.
func TestPartialSuccess(t *testing.T) {
	s, st := serve(t, nil)
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 5 {
		sp := spans.AppendEmpty()
		sp.SetSpanID(pcommon.SpanID{byte(i + 1)})
		sp.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		sp.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		if i < 3 {
			sp.SetTraceID(pcommon.TraceID{1})
		}
	}
	req := ptraceotlp.NewExportRequestFromTraces(td)
	check := func(transport string, resp ptraceotlp.ExportResponse) {
		t.Helper()
		if p := resp.PartialSuccess(); p.RejectedSpans() != 2 || !strings.Contains(p.ErrorMessage(), string(MissingIDs)) {
			t.Errorf("%s: %d refused, %q", transport, p.RejectedSpans(), p.ErrorMessage())
		}
	}
	b, _ := req.MarshalProto()
	code, answer, h := post(t, s, "/v1/traces", b)
	resp := ptraceotlp.NewExportResponse()
	if err := resp.UnmarshalProto(answer); err != nil || code != 200 || h.Get("Content-Type") != protobufType {
		t.Fatalf("%d %v %v", code, err, h)
	}
	check("HTTP/protobuf", resp)

	j, _ := req.MarshalJSON()
	code, answer, h = post(t, s, "/v1/traces", j, "Content-Type", jsonType+"; charset=utf-8")
	resp = ptraceotlp.NewExportResponse()
	if err := resp.UnmarshalJSON(answer); err != nil || code != 200 || !strings.HasPrefix(h.Get("Content-Type"), jsonType) {
		t.Fatalf("%d %v %q %v", code, err, answer, h)
	}
	check("HTTP/JSON", resp)

	resp, err := ptraceotlp.NewGRPCClient(dial(t, s)).Export(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	check("gRPC", resp)
	if _, n := st.rows(); n != 9 {
		t.Errorf("%d spans stored, want 9", n)
	}
	rs := s.Refusals()
	if len(rs) != 1 || rs[0].Count != 6 || rs[0].Reason != MissingIDs || rs[0].Stored || rs[0].Example == "" || rs[0].Text.Ja == "" {
		t.Errorf("refusals: %+v", rs)
	}

	// Without anything refused, the answer says nothing of it.
	spans.RemoveIf(func(sp ptrace.Span) bool { return sp.TraceID().IsEmpty() })
	if resp, err = ptraceotlp.NewGRPCClient(dial(t, s)).Export(t.Context(), req); err != nil || resp.PartialSuccess().RejectedSpans() != 0 || resp.PartialSuccess().ErrorMessage() != "" {
		t.Errorf("%v %v", resp.PartialSuccess(), err)
	}
}

func TestAuth(t *testing.T) {
	s, st := serve(t, func(o *Options) {
		o.Auth = func(_ context.Context, token string) error {
			switch token {
			case "good":
				return nil
			case "reader":
				return fault.New(fault.Forbidden, i18n.T("This token cannot write.", "このトークンでは書き込めません。"))
			case "db away":
				return fault.New(fault.Unavailable, i18n.T("The state is away.", "状態を参照できません。"))
			}
			return fault.New(fault.Unauthenticated, i18n.T("Unknown token.", "不明なトークンです。"))
		}
	})
	body := benchLogs(1)
	for _, c := range []struct {
		header string
		http   int
		grpc   codes.Code
	}{
		{"", 401, codes.Unauthenticated},
		{"Bearer wrong", 401, codes.Unauthenticated},
		{"Basic good", 401, codes.Unauthenticated},
		{"Bearer reader", 403, codes.PermissionDenied},
		{"Bearer db away", 503, codes.Unavailable},
		{"Bearer good", 200, codes.OK},
		{"bearer  good ", 200, codes.OK},
	} {
		code, answer, _ := post(t, s, "/v1/logs", body, "Authorization", c.header)
		if code != c.http {
			t.Errorf("HTTP %q: %d %q, want %d", c.header, code, answer, c.http)
		}
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(body); err != nil {
			t.Fatal(err)
		}
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.Pairs("authorization", c.header))
		_, err := plogotlp.NewGRPCClient(dial(t, s)).Export(ctx, req)
		if status.Code(err) != c.grpc {
			t.Errorf("gRPC %q: %v, want %v", c.header, err, c.grpc)
		}
	}
	if n, _ := st.rows(); n != 4 {
		t.Errorf("%d rows stored, want 4", n)
	}
	var refused int64
	for _, r := range s.Refusals() {
		refused += r.Count
		if strings.Contains(r.Example, "wrong") {
			t.Errorf("an example shows a token: %q", r.Example)
		}
	}
	if refused != 10 {
		t.Errorf("%d refusals counted, want 10: %+v", refused, s.Refusals())
	}
}

// When too much is in flight, senders are told to come back, with a time, before their
// request is read; when it is over they get in.
func TestOverload(t *testing.T) {
	gate := make(chan struct{})
	s, st := serve(t, func(o *Options) { o.Limits = Limits{Requests: 2} })
	st.wait = gate
	body := benchLogs(5)
	done := make(chan int, 2)
	for range 2 {
		go func() {
			resp, err := http.Post("http://"+s.HTTPAddr()+"/v1/logs", protobufType, bytes.NewReader(body))
			if err != nil {
				done <- 0
				return
			}
			resp.Body.Close()
			done <- resp.StatusCode
		}()
	}
	waitFor(t, func() bool { return s.gate.requests.Load() == 2 }, func() any { return s.gate.requests.Load() })
	code, _, h := post(t, s, "/v1/logs", body)
	if code != 429 || h.Get("Retry-After") != "1" {
		t.Errorf("HTTP: %d, Retry-After %q", code, h.Get("Retry-After"))
	}
	err := sendRaw(t, s, "logs", body)
	st2 := status.Convert(err)
	retry := false
	for _, d := range st2.Details() {
		info, ok := d.(*errdetails.RetryInfo)
		retry = retry || ok && info.GetRetryDelay().AsDuration() == time.Second
	}
	if st2.Code() != codes.ResourceExhausted || !retry {
		t.Errorf("gRPC: %v, details %v", err, st2.Details())
	}
	close(gate)
	for range 2 {
		if code := <-done; code != 200 {
			t.Errorf("one that was let in was answered %d", code)
		}
	}
	if code, _, _ := post(t, s, "/v1/logs", body); code != 200 {
		t.Errorf("afterwards: %d", code)
	}
	if rs := s.Refusals(); len(rs) != 1 || rs[0].Reason != Busy || rs[0].Count != 2 {
		t.Errorf("refusals: %+v", rs)
	}
}

// A sender that sends a byte now and then does not take the place of others.
func TestSlowSender(t *testing.T) {
	s, _ := serve(t, func(o *Options) { o.Limits = Limits{Requests: 1} })
	conn, err := net.Dial("tcp", s.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.gate.bytes.Load() > 0 }, func() any { return s.gate.bytes.Load() })
	if code, answer, _ := post(t, s, "/v1/logs", benchLogs(1)); code != 200 {
		t.Errorf("%d %q", code, answer)
	}
	conn.Close()
	waitFor(t, func() bool { return s.gate.bytes.Load() == 0 }, func() any { return s.gate.bytes.Load() })
}

// A request that we fail on is refused for good and counted, and the server goes on.
func TestPanicIsARefusal(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	s, st := serve(t, func(o *Options) { o.Codec = panicCodec{&broken} })
	if code, _, _ := post(t, s, "/v1/logs", benchLogs(1)); code != 400 {
		t.Errorf("answered %d", code)
	}
	if rs := s.Refusals(); len(rs) != 1 || rs[0].Reason != StorageRefuse {
		t.Errorf("refusals: %+v", rs)
	}
	broken.Store(false)
	if code, _, _ := post(t, s, "/v1/logs", benchLogs(1)); code != 200 {
		t.Errorf("afterwards: %d", code)
	}
	if n, _ := st.rows(); n != 1 {
		t.Errorf("%d rows", n)
	}
}

type panicCodec struct{ broken *atomic.Bool }

func (c panicCodec) EncodeLogs(dst []byte, rows []telemetry.Log) ([]byte, error) {
	if c.broken.Load() {
		panic("a codec that breaks")
	}
	return gobCodec{}.EncodeLogs(dst, rows)
}

func (c panicCodec) EncodeSpans(dst []byte, rows []telemetry.Span) ([]byte, error) {
	return gobCodec{}.EncodeSpans(dst, rows)
}

func TestBytesInFlight(t *testing.T) {
	gate := make(chan struct{})
	s, st := serve(t, func(o *Options) { o.Limits = Limits{RequestBytes: 1 << 20, InflightBytes: 1 << 20} })
	st.wait = gate
	body := benchLogs(1500) // about 700 KB: two do not fit
	first := make(chan int, 1)
	go func() {
		resp, err := http.Post("http://"+s.HTTPAddr()+"/v1/logs", protobufType, bytes.NewReader(body))
		if err != nil {
			first <- 0
			return
		}
		resp.Body.Close()
		first <- resp.StatusCode
	}()
	waitFor(t, func() bool { return s.gate.bytes.Load() > int64(len(body)) }, func() any { return s.gate.bytes.Load() })
	if code, answer, h := post(t, s, "/v1/logs", body); code != 429 || h.Get("Retry-After") == "" {
		t.Errorf("HTTP: %d %q", code, answer)
	}
	if err := sendRaw(t, s, "logs", body); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("gRPC: %v", err)
	}
	close(gate)
	if code := <-first; code != 200 {
		t.Errorf("the first was answered %d", code)
	}
	if err := sendRaw(t, s, "logs", body); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := s.gate.bytes.Load(); n != 0 {
		t.Errorf("%d bytes are still held", n)
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	s, _ := serve(t, nil)
	if code, _, _ := post(t, s, "/v1/nothing", nil); code != 404 {
		t.Errorf("an unknown path: %d", code)
	}
	resp, err := http.Get("http://" + s.HTTPAddr() + "/v1/logs")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 405 {
		t.Errorf("GET: %d", resp.StatusCode)
	}
	for _, enc := range []string{"gzip", "zstd"} {
		body := gz(benchLogs(3))
		if enc == "zstd" {
			body = zst(t, benchLogs(3))
		}
		if code, answer, _ := post(t, s, "/v1/logs", body, "Content-Encoding", enc); code != 200 {
			t.Errorf("%s: %d %q", enc, code, answer)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	a, _ := serve(t, nil)
	b, err := New(Options{HTTP: a.HTTPAddr(), Codec: gobCodec{}, Clock: a.clock, IDs: a.ids, Append: a.append})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a port that is taken: %v", err)
	}
}
