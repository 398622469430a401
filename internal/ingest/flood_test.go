package ingest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

const logsMethod = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

// However many large messages come over gRPC at once, what is held stays within the limit.
func TestFloodOfLargeMessages(t *testing.T) {
	const size, streams = 4 << 20, 100
	s, st := serve(t, func(o *Options) {
		o.Limits = Limits{RequestBytes: size, InflightBytes: 4 * size}
	})
	st.wait = make(chan struct{})
	defer close(st.wait)
	var conns []*grpc.ClientConn
	for range 4 {
		conns = append(conns, dial(t, s))
	}
	// One field that the decoder skips, so that only the reading costs memory.
	body := field1(15, make([]byte, size-64))
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() {
			// All but the last byte: a message that stays unfinished.
			cs, err := conns[i%len(conns)].NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, logsMethod, grpc.ForceCodec(rawCodec{}))
			if err == nil {
				_ = cs.SendMsg(body)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	peak, held := uint64(0), int64(0)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		runtime.ReadMemStats(&now)
		peak, held = max(peak, now.HeapInuse-min(now.HeapInuse, before.HeapInuse)), max(held, s.gate.bytes.Load())
	}
	<-done
	t.Logf("%d MB sent at once: the heap grew by %d MB, %d MB held", streams*size>>20, peak>>20, held>>20)
	if peak > 160<<20 {
		t.Errorf("the heap grew by %d MB with a limit of %d MB", peak>>20, 4*size>>20)
	}
}

// Streams and posts that only announce a message keep out nobody, and are ended.
func TestSilentSenders(t *testing.T) {
	s, st := serve(t, func(o *Options) { o.Limits = Limits{Requests: 16, InflightBytes: 1 << 20, RequestBytes: 1 << 20} })
	s.readers.mu.Lock()
	s.readers.grace, s.readers.max = 3*time.Second, 200
	s.readers.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var streams []grpc.ClientStream
	for range 10 {
		cc := dial(t, s)
		for range 10 {
			cs, err := cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, logsMethod, grpc.ForceCodec(rawCodec{}))
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, cs)
		}
	}
	var posts []net.Conn
	for range 300 { // more than readers may be
		c, err := net.Dial("tcp", s.HTTPAddr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n")
		posts = append(posts, c)
	}
	open := func() int { s.readers.mu.Lock(); defer s.readers.mu.Unlock(); return s.readers.open.Len() }
	waitFor(t, func() bool { return open() == 200 }, func() any { return open() })
	if held := s.gate.bytes.Load(); held != 0 {
		t.Errorf("the silent hold %d bytes", held)
	}
	if code, answer, _ := post(t, s, "/v1/logs", benchLogs(1)); code != 200 {
		t.Errorf("HTTP: %d %q", code, answer)
	}
	if err := sendRaw(t, s, "logs", benchLogs(1)); err != nil {
		t.Errorf("gRPC: %v", err)
	}
	if n, _ := st.rows(); n != 2 {
		t.Errorf("%d rows", n)
	}
	var out []byte
	if err := streams[0].RecvMsg(&out); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "slowly") {
		t.Errorf("a silent stream: %v", err)
	}
	last := posts[len(posts)-1]
	_ = last.SetReadDeadline(time.Now().Add(10 * time.Second))
	if answer, err := io.ReadAll(last); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 503") {
		t.Errorf("a silent post: %v %.60q", err, answer)
	}
	waitFor(t, func() bool { return open() == 0 }, func() any { return open() })
}

// A sender that goes on sending at a fair pace is not ended, whatever the time it takes.
func TestSteadySender(t *testing.T) {
	s, _ := serve(t, nil)
	s.readers.mu.Lock()
	s.readers.grace = 500 * time.Millisecond
	s.readers.mu.Unlock()
	body := benchLogs(300)
	r, w := io.Pipe()
	go func() {
		for len(body) > 0 {
			n := min(40<<10, len(body))
			_, _ = w.Write(body[:n])
			body = body[n:]
			time.Sleep(250 * time.Millisecond)
		}
		w.Close()
	}()
	began := time.Now()
	resp, err := http.Post("http://"+s.HTTPAddr()+"/v1/logs", protobufType, r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || time.Since(began) < 600*time.Millisecond {
		t.Errorf("%d after %v", resp.StatusCode, time.Since(began))
	}
}

func TestGRPCWords(t *testing.T) {
	s, _ := serve(t, nil)
	cc, err := grpc.NewClient(s.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	var out []byte
	if err := cc.Invoke(t.Context(), "/grpc.health.v1.Health/Check", []byte{}, &out, grpc.ForceCodec(rawCodec{})); status.Code(err) != codes.Unimplemented {
		t.Errorf("an unknown method: %v", err)
	}
	for in, want := range map[string]time.Duration{"10S": 10 * time.Second, "250m": 250 * time.Millisecond, "": 0, "S": 0, "-1S": 0, "1x": 0, "99999999H": 0} {
		if d, ok := grpcTimeout(in); d != want || ok != (want != 0) {
			t.Errorf("grpc-timeout %q is %v %v", in, d, ok)
		}
	}
	if got := percent("100% ダメ\n"); got != "100%25 %E3%83%80%E3%83%A1%0A" {
		t.Errorf("percent: %s", got)
	}
}

// Made-up names keep out neither services that are known nor new ones that stay.
func TestServiceFlood(t *testing.T) {
	const max = 1000
	b := newBook()
	now := testNow
	known := []string{"checkout", "cart"}
	b.know(known, max, now)
	n := 0
	flood := func(names int) (in int) {
		for range names {
			n++
			if b.admit(fmt.Sprintf("made-up-%d", n), max, now) {
				in++
			}
		}
		return in
	}
	if in := flood(10_000); in > max/2+max/100 {
		t.Errorf("%d of a flood were let in at once", in)
	}
	for _, k := range known {
		if !b.admit(k, max, now) {
			t.Errorf("%s was refused", k)
		}
	}
	admitted := false
	for range 3 {
		admitted = b.admit("honest", max, now) || admitted
		now = now.Add(time.Minute)
		flood(10_000)
	}
	if !admitted {
		t.Error("a new service that asks again is kept out")
	}
	for range 240 { // four hours
		now = now.Add(time.Minute)
		flood(1000)
		if !b.admit("honest", max, now) {
			t.Fatal("it lost its place")
		}
	}
	if got := len(b.places.names); got > max*7/10 {
		t.Errorf("the flood has %d places after four hours", got)
	}
}

// A browser's page may send only when it is allowed to, where there are no tokens.
func TestForeignPages(t *testing.T) {
	s, _ := serve(t, func(o *Options) { o.CORSOrigins = []string{"https://shop.example.com", "https://*.example.org"} })
	for _, c := range []struct {
		origin, host string
		code         int
	}{
		{"", "", 200}, {"", "localhost:4318", 200}, {"", "[::1]:4318", 200},
		{"https://shop.example.com", "", 200}, {"https://a.example.org", "", 200},
		{"http://evil.example", "", 403}, {"null", "", 403}, {"https://shop.example.com.evil", "", 403},
		{"", "evil.example:4318", 403}, {"", "10.0.0.1:4318", 403}, {"", "localhost.evil.example", 403},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.HTTPAddr()+"/v1/logs", strings.NewReader(string(benchLogs(1))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", protobufType)
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
		}
		req.Host = c.host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.code {
			t.Errorf("Origin %q, Host %q: %d, want %d", c.origin, c.host, resp.StatusCode, c.code)
		}
	}
	withTokens, _ := serve(t, func(o *Options) { o.Auth = func(context.Context, string) error { return nil } })
	if code, _, _ := post(t, withTokens, "/v1/logs", benchLogs(1), "Origin", "http://page.example", "Authorization", "Bearer x"); code != 200 {
		t.Errorf("a page with a token: %d", code)
	}
}

// A listener that does not read holds so many bytes and no more.
func TestTailBytes(t *testing.T) {
	h := &TailHub{}
	l := h.logs.listen()
	defer l.close()
	rows := make([]telemetry.Log, 64)
	for i := range rows {
		rows[i].Body = strings.Repeat("x", 256<<10)
	}
	for range 10 {
		h.publishLogs(rows)
	}
	got := 0
	for len(l.ch) > 0 {
		for _, r := range (<-l.ch).rows {
			got += len(r.Body)
		}
	}
	if got > tailBytes || got < tailBytes/2 {
		t.Errorf("%d bytes wait", got)
	}
	if lost := int(l.dropped.Load()); lost != 640-got>>18 {
		t.Errorf("%d rows lost, %d kept", lost, got>>18)
	}
}

// Every reason has words in both languages.
func TestReasonTexts(t *testing.T) {
	for _, r := range []Reason{
		Malformed, TooLarge, TooComplex, BadEncoding, NoToken, Busy, StorageAway, StorageRefuse, Abandoned, TooManyRows, ServiceLimit, MissingIDs,
		BadMetric, SlowSender, BadOrigin, AttributeLimit, ValueLimit, ClockSkew, BadDuration, DuplicateKey, InvalidUTF8,
	} {
		if text := r.Text(); text.En == "" || text.Ja == "" {
			t.Errorf("%s has no words", r)
		}
	}
}
