//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// peakMB is the most memory that the server's process had so far.
func (y *yagura) peakMB() int {
	y.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", y.cmd.Process.Pid))
	if err != nil {
		y.t.Fatalf("the server is gone: %v", err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb >> 10
		}
	}
	y.t.Fatal("no VmHWM")
	return 0
}

// alive says that one small request is stored and can be asked for, promptly.
func (y *yagura) alive(service string) {
	y.t.Helper()
	ctx, cancel := context.WithTimeout(y.t.Context(), 10*time.Second)
	defer cancel()
	y.eventually(10*time.Second, "a small request is taken", func() error {
		resp, err := y.post(ctx, "/v1/logs", logsOf(service, 0, 1, time.Now()))
		if err == nil && resp.StatusCode != 200 {
			err = fmt.Errorf("%s", resp.Status)
		}
		return err
	})
	y.eventually(30*time.Second, "and found", func() error {
		n, err := y.count("logs", "service:"+service)
		if err == nil && n == 0 {
			err = fmt.Errorf("none")
		}
		return err
	})
}

// TestFloodOfLargePosts sends far more at once than may be in flight.
func TestFloodOfLargePosts(t *testing.T) {
	y := serve(t)
	y.alive("before")
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "flood")
	recs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range 62 {
		r := recs.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Body().SetStr(strings.Repeat("0123456789abcde ", 16<<10)[:250<<10])
	}
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil || len(body) < 15<<20 || len(body) > 16<<20 {
		t.Fatal(len(body), err)
	}
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	client := &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{MaxIdleConns: -1}}
	for range 240 {
		all.Go(func() {
			req, _ := http.NewRequest("POST", y.otlp+"/v1/logs", bytes.NewReader(body))
			req.Header.Set("Content-Type", "application/x-protobuf")
			resp, err := client.Do(req)
			code := 0 // the connection was closed on what was still being sent
			if err == nil {
				code = resp.StatusCode
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if (code == 429 || code == 503) && resp.Header.Get("Retry-After") == "" {
					t.Errorf("%d without Retry-After", code)
				}
			}
			mu.Lock()
			codes[code]++
			mu.Unlock()
		})
	}
	all.Wait()
	t.Logf("240 requests of %d MB: %v; the server's memory peaked at %d MB", len(body)>>20, codes, y.peakMB())
	if codes[200] == 0 || codes[429]+codes[503] == 0 {
		t.Errorf("answers %v: want some stored, and some told to come back", codes)
	}
	for code := range codes {
		if code != 200 && code != 429 && code != 503 && code != 0 {
			t.Errorf("an answer of %d", code)
		}
	}
	// 256 MiB in flight, what decoding and encoding make of them, the log, and garbage, which
	// is the most of it: with GOMEMLIMIT=1GiB the peak is 1.1 GB.
	if mb := y.peakMB(); mb > 2560 {
		t.Errorf("the server's memory peaked at %d MB", mb)
	}
	y.settles("logs", "service:flood", codes[200]*62)
	y.alive("after")
}

// TestSilentSenders: connections, streams and bodies on which nothing comes keep nobody
// out.
func TestSilentSenders(t *testing.T) {
	y := serve(t)
	y.alive("before")
	var open []net.Conn
	t.Cleanup(func() {
		for _, c := range open {
			_ = c.Close()
		}
	})
	dial := func(addr string) net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		return c
	}
	httpAddr := strings.TrimPrefix(y.otlp, "http://")
	for range 300 { // nothing at all, half a header, a header and no body
		dial(httpAddr)
		_, _ = io.WriteString(dial(httpAddr), "POST /v1/logs HTTP/1.1\r\nHost: x\r\nX-A")
		_, _ = io.WriteString(dial(httpAddr), "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000000\r\n\r\n")
		dial(y.grpc)
	}
	// 256 streams that are opened and say no more, on three connections.
	for range 3 {
		c := dial(y.grpc)
		_, _ = io.WriteString(c, http2.ClientPreface)
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		var block bytes.Buffer
		enc := hpack.NewEncoder(&block)
		for id := uint32(1); id < 2*256; id += 2 {
			block.Reset()
			for _, h := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", logsMethod}, {"content-type", "application/grpc"}, {"te", "trailers"}} {
				_ = enc.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
			}
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
				break // refused streams may end the connection
			}
		}
	}
	time.Sleep(500 * time.Millisecond)
	y.alive("meanwhile")
	c := call(t, "grpc-js", y.grpc)
	c.ok(callSpec{Method: logsMethod, Timeout: 5}, logsOf("meanwhile2", 0, 1, time.Now()))
	t.Logf("%d silent connections; the server's memory peaked at %d MB", len(open), y.peakMB())
	if mb := y.peakMB(); mb > 600 {
		t.Errorf("the server's memory peaked at %d MB", mb)
	}
	// A drop at a time: the server ends it rather than wait for days.
	slow := dial(httpAddr)
	_, _ = io.WriteString(slow, "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000000\r\n\r\n")
	began := time.Now()
	for time.Since(began) < 40*time.Second {
		if _, err := slow.Write([]byte{0}); err != nil {
			break
		}
		_ = slow.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		if n, _ := slow.Read(make([]byte, 1)); n > 0 {
			break
		}
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("a body of a byte every half second was borne for %s", took)
	}
}

// TestBombs sends little that unpacks, or nests, to much.
func TestBombs(t *testing.T) {
	y := serve(t)
	y.alive("before")
	zeros := make([]byte, 1<<20)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for range 1024 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	var zstded bytes.Buffer
	zs, _ := zstd.NewWriter(&zstded)
	for range 1024 {
		_, _ = zs.Write(zeros)
	}
	_ = zs.Close()
	nested := bytes.Repeat([]byte(`{"arrayValue":{"values":[`), 100_000)
	random := make([]byte, 64<<10)
	_, _ = rand.Read(random)
	post := func(body []byte, header ...string) int {
		req, _ := http.NewRequest("POST", y.otlp+"/v1/logs", bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/x-protobuf")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := sender.Do(req)
		if err != nil {
			t.Errorf("no answer: %v", err)
			return 0
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	var all sync.WaitGroup
	for name, bomb := range map[string]struct {
		body   []byte
		header []string
		want   int
	}{
		"gzip, 1 GB in 1 MB":   {zipped.Bytes(), []string{"Content-Encoding", "gzip"}, 413},
		"zstd, 1 GB in 100 KB": {zstded.Bytes(), []string{"Content-Encoding", "zstd"}, 413},
		"JSON, 100,000 deep":   {nested, []string{"Content-Type", "application/json"}, 400},
		"random bytes":         {random, nil, 400},
		"not gzip":             {random, []string{"Content-Encoding", "gzip"}, 400},
		"an unknown encoding":  {random, []string{"Content-Encoding", "br"}, 415},
	} {
		for range 20 {
			all.Go(func() {
				if code := post(bomb.body, bomb.header...); code != bomb.want && code != 429 {
					t.Errorf("%s: %d, want %d", name, code, bomb.want)
				}
			})
		}
	}
	all.Wait()
	t.Logf("the server's memory peaked at %d MB", y.peakMB())
	// 256 MiB in flight, and the garbage of buffers that grew.
	if mb := y.peakMB(); mb > 1536 {
		t.Errorf("the server's memory peaked at %d MB", mb)
	}
	y.alive("after")
}

// TestQuestionBombs asks for more than anybody may have: PromQL that makes its own rows,
// filters without end.
func TestQuestionBombs(t *testing.T) {
	y := serve(t)
	y.alive("before")
	for i := range 20 {
		if resp, err := y.post(t.Context(), "/v1/metrics", gaugesOf("bombed"+strconv.Itoa(i), 1000, time.Now())); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	y.eventually(20*time.Second, "the metrics", func() error {
		if n, err := y.series("bombed19"); err != nil || n != 1000 {
			return fmt.Errorf("%d series, %v", n, err)
		}
		return nil
	})
	now := time.Now().UTC()
	var bombs []string
	for _, expr := range []string{
		`max_over_time(vector(1)[100y:1ms])`,
		`count_over_time(vector(time())[10y:1s])`,
		`sum_over_time(sum_over_time(vector(1)[1y:1s])[1y:1s])`,
		`avg_over_time(rate({__name__=~".+"}[5m])[30d:1s])`,
		`label_replace(max_over_time(vector(1)[100y:1ms]), "a", "$1", "b", "(.*)")`,
		`quantile_over_time(0.9, (vector(1) + on() group_left() {__name__=~".+"})[1y:1ms])`,
		`{__name__=~".+"} * on() group_left() topk(1, {__name__=~".+"})`,
		`{__name__=~"(((((.+)+)+)+)+)+"}`,
		strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000),
		strings.Repeat("-", 20_000) + "1",
		"1" + strings.Repeat("+1", 30_000),
		`sort(` + strings.Repeat("absent(", 1000) + "up" + strings.Repeat(")", 1000) + `)`,
		`histogram_quantile(0.9, vector(1)[100y:1ms])`,
		`max_over_time(vector(1)[99999999999y:1ms])`,
		`vector(1) offset 99999999y`,
	} {
		bombs = append(bombs, "/metrics/query?"+url.Values{"query": {expr}}.Encode(),
			"/metrics/query_range?"+url.Values{"query": {expr}, "from": {now.AddDate(-10, 0, 0).Format(time.RFC3339)}, "to": {now.Format(time.RFC3339)}, "step": {"1s"}}.Encode())
	}
	for _, filter := range []string{
		strings.Repeat("(", 2000) + "a" + strings.Repeat(")", 2000), strings.Repeat("-", 4000) + "a", strings.Repeat("a OR ", 800) + "a",
		strings.Repeat("*a", 2000), "\"" + strings.Repeat("エ", 1300) + "\"", "a:" + strings.Repeat("*x*", 1000),
	} {
		bombs = append(bombs, "/logs?"+url.Values{"filter": {filter}}.Encode(), "/spans/count?"+url.Values{"filter": {filter}}.Encode())
	}
	client := &http.Client{Timeout: 45 * time.Second}
	var all sync.WaitGroup
	began := time.Now()
	slots := make(chan struct{}, 16)
	for _, bomb := range bombs {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			began := time.Now()
			resp, err := client.Get(y.api + "/api/v1" + bomb)
			if err != nil {
				t.Errorf("%.120s: no answer: %v", bomb, err)
				return
			}
			raw, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode >= 500 && resp.StatusCode != 503 && resp.StatusCode != 504 {
				t.Errorf("%.120s: %s: %.300s", bomb, resp.Status, raw)
			}
			if took := time.Since(began); took > 40*time.Second || len(raw) > 64<<20 {
				t.Errorf("%.120s: %s, %d bytes after %s", bomb, resp.Status, len(raw), took)
			}
			t.Logf("%3d in %6s, %8d bytes: %.90s", resp.StatusCode, time.Since(began).Round(time.Millisecond), len(raw), bomb)
		})
	}
	all.Wait()
	t.Logf("all within %s; the server's memory peaked at %d MB", time.Since(began).Round(time.Second), y.peakMB())
	if mb := y.peakMB(); mb > 1536 {
		t.Errorf("the server's memory peaked at %d MB", mb)
	}
	y.alive("after")
}

// TestDeltaOfInfinity: one bad increment must not spoil the total for good.
func TestDeltaOfInfinity(t *testing.T) {
	y := serve(t)
	send := func(at time.Time, v float64) (refused int64) {
		t.Helper()
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", "delta")
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("e2e.increments")
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := sum.DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(-time.Second)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetDoubleValue(v)
		raw, _ := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
		resp, err := sender.Post(y.otlp+"/v1/metrics", "application/x-protobuf", bytes.NewReader(raw))
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		out := pmetricotlp.NewExportResponse()
		if err := out.UnmarshalProto(body); err != nil {
			t.Fatal(err)
		}
		return out.PartialSuccess().RejectedDataPoints()
	}
	inf := func(sign float64) float64 { return sign / zero }
	now := time.Now()
	for i, v := range []float64{3, inf(1), 4, inf(-1), zero / zero, 1.5e308, 1.5e308, 5} {
		if refused := send(now.Add(time.Duration(i-9)*time.Second), v); (refused != 0) != (i == 1 || i == 3 || i == 4) {
			t.Errorf("increment %g: %d refused", v, refused)
		}
	}
	y.eventually(20*time.Second, "a total that is a number", func() error {
		var out struct {
			Series []struct{ Points [][]*float64 }
		}
		if err := y.try("/metrics/query", url.Values{"query": {`e2e_increments_total{service_name="delta"}`}}, &out); err != nil {
			return err
		}
		if len(out.Series) != 1 || len(out.Series[0].Points) != 1 {
			return fmt.Errorf("%+v", out)
		}
		v := out.Series[0].Points[0][1]
		if v == nil || *v < 5 {
			return fmt.Errorf("the total is %v", v)
		}
		t.Logf("the total is %g", *v)
		return nil
	})
}

var zero float64
