package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// A load is a set of requests made beforehand, so that the sender costs little while the
// server is measured. Times are patched in when a request is sent.
type load struct {
	path   string // "/v1/logs"
	rows   int    // in one request
	bodies [][]byte
}

const (
	requestRows = 1000
	services    = 20
	templates   = 40 // requests made beforehand; sent round and round with new times and ids
)

var bodies = []string{
	"GET /api/v1/carts/%d answered 200 in %d ms after 3 upstream calls, cache hit ratio 0.93",
	"ユーザー %d の注文を受け付けました。在庫の引き当てを開始します（キュー長 %d）",
	"connection to inventory-db-%d established, pool size is now %d, oldest idle connection closed",
	"決済サービスへの接続に %d 回失敗しました。%d ミリ秒後に再試行します",
	"worker %d finished batch of %d items without errors; next run is scheduled as usual",
	"slow statement: SELECT * FROM orders WHERE customer_id = %d AND state = 'open' took %d ms",
}

// The terms that questions look for: one row in rareEvery has each.
const (
	rareEvery = 500_000
	rareWord  = "zanzibar_overflow"
	rareJa    = "幽霊在庫"
	common    = "在庫"
)

// makeTime and traceMark mark the places of a request that are patched when it is sent:
// no other eight bytes have the high bits of the one, no other four are the other.
const makeTime = 386_547 << 42

var traceMark = [4]byte{0xf0, 0x9d, 0xc3, 0xa7}

func resourceAttrs(m pcommon.Map, i int) {
	m.PutStr("service.name", fmt.Sprintf("service-%02d", i))
	m.PutStr("service.version", "1.4.2")
	m.PutStr("service.instance.id", fmt.Sprintf("service-%02d-7d9f8b-x%d", i, i))
	m.PutStr("deployment.environment.name", "production")
	m.PutStr("host.name", fmt.Sprintf("ip-10-0-%d-17", i))
	m.PutStr("telemetry.sdk.language", "go")
}

func makeLogs(r *rand.Rand, rows int) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	resourceAttrs(rl.Resource().Attributes(), r.IntN(services))
	recs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range rows {
		rec := recs.AppendEmpty()
		rec.SetTimestamp(pcommon.Timestamp(makeTime + i))
		rec.SetObservedTimestamp(pcommon.Timestamp(makeTime + i))
		sev := plog.SeverityNumberInfo
		switch n := r.IntN(100); {
		case n < 2:
			sev = plog.SeverityNumberError
		case n < 7:
			sev = plog.SeverityNumberWarn
		}
		rec.SetSeverityNumber(sev)
		rec.Body().SetStr(fmt.Sprintf(bodies[r.IntN(len(bodies))], r.IntN(100000), r.IntN(5000)))
		a := rec.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.path", fmt.Sprintf("/api/v1/carts/%d", r.IntN(100000)))
		a.PutInt("http.response.status_code", int64([]int{200, 200, 200, 201, 404, 500}[r.IntN(6)]))
		a.PutStr("user.id", fmt.Sprintf("u%06d", r.IntN(200000)))
		a.PutStr("thread.name", fmt.Sprintf("worker-%d", r.IntN(16)))
		a.PutInt("request.bytes", int64(r.IntN(90000)))
		rec.SetTraceID(randomTrace(r))
		rec.SetSpanID(randomSpan(r))
	}
	return must(plogotlp.NewExportRequestFromLogs(ld).MarshalProto())
}

func makeSpans(r *rand.Rand, rows int) []byte {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	resourceAttrs(rs.Resource().Attributes(), r.IntN(services))
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	var trace pcommon.TraceID
	var parent pcommon.SpanID
	for i := range rows {
		s := spans.AppendEmpty()
		if i%10 == 0 { // ten spans a trace
			trace, parent = randomTrace(r), pcommon.SpanID{}
		}
		s.SetTraceID(trace)
		s.SetSpanID(randomSpan(r))
		s.SetParentSpanID(parent)
		s.SetStartTimestamp(pcommon.Timestamp(makeTime + i*1000))
		s.SetEndTimestamp(pcommon.Timestamp(makeTime + i*1000 + r.IntN(400_000_000)))
		a := s.Attributes()
		if parent.IsEmpty() {
			route := fmt.Sprintf("/api/v1/%s/{id}", []string{"carts", "orders", "users", "items"}[r.IntN(4)])
			s.SetKind(ptrace.SpanKindServer)
			s.SetName("GET " + route)
			a.PutStr("http.request.method", "GET")
			a.PutStr("http.route", route)
			a.PutStr("url.path", fmt.Sprintf("/api/v1/carts/%d", r.IntN(100000)))
			a.PutStr("url.scheme", "https")
			a.PutInt("http.response.status_code", int64([]int{200, 200, 200, 404, 500}[r.IntN(5)]))
			a.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
			parent = s.SpanID()
		} else {
			s.SetKind(ptrace.SpanKindClient)
			s.SetName("SELECT orders")
			a.PutStr("db.system.name", "postgresql")
			a.PutStr("db.namespace", "shop")
			a.PutStr("db.operation.name", "SELECT")
			a.PutStr("db.collection.name", "orders")
			a.PutStr("db.query.text", "SELECT id, state, total FROM orders WHERE customer_id = $1 AND state = $2 LIMIT 50")
			a.PutInt("db.response.returned_rows", int64(r.IntN(50)))
		}
		a.PutStr("server.address", "orders-db.internal")
		a.PutInt("server.port", 5432)
		a.PutStr("network.peer.address", fmt.Sprintf("10.0.%d.%d", r.IntN(8), r.IntN(256)))
		a.PutStr("user.id", fmt.Sprintf("u%06d", r.IntN(200000)))
		a.PutStr("thread.name", fmt.Sprintf("worker-%d", r.IntN(16)))
		a.PutInt("code.line.number", int64(r.IntN(900)))
		if r.IntN(50) == 0 {
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage("deadline exceeded")
		}
	}
	return must(ptraceotlp.NewExportRequestFromTraces(td).MarshalProto())
}

func randomTrace(r *rand.Rand) (id pcommon.TraceID) {
	copy(id[:], traceMark[:])
	binary.LittleEndian.PutUint32(id[4:], r.Uint32())
	binary.LittleEndian.PutUint64(id[8:], r.Uint64())
	return id
}

func randomSpan(r *rand.Rand) (id pcommon.SpanID) {
	binary.LittleEndian.PutUint64(id[:], r.Uint64())
	return id
}

// rareLog is a request of one log that has both rare terms.
func rareLog(at time.Time) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	resourceAttrs(rl.Resource().Attributes(), 3)
	rec := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	rec.SetTimestamp(pcommon.NewTimestampFromTime(at))
	rec.SetSeverityNumber(plog.SeverityNumberError)
	rec.Body().SetStr("stock count " + rareWord + ": " + rareJa + "を検出しました")
	return must(plogotlp.NewExportRequestFromLogs(ld).MarshalProto())
}

// newLoad makes requests of so many rows of a signal. The same seed makes the same load.
func newLoad(signal string, rows int) *load {
	r := rand.New(rand.NewPCG(1, 2))
	l := &load{rows: rows}
	for range templates {
		switch signal {
		case "logs":
			l.path = "/v1/logs"
			l.bodies = append(l.bodies, makeLogs(r, rows))
		case "spans":
			l.path = "/v1/traces"
			l.bodies = append(l.bodies, makeSpans(r, rows))
		}
	}
	return l
}

// sender posts requests of a load to an endpoint until it has sent so many rows, and
// repeats what the server puts off, as an SDK does.
type sender struct {
	endpoint string
	token    string
	client   *http.Client
	workers  int
	rate     int // rows a second; 0 is as fast as the server takes them
	// span is the time over which the rows' times are spread, ending now; 0 is now.
	span time.Duration

	retried atomic.Int64
}

func (s *sender) send(ctx context.Context, l *load, rows int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	requests := int64(rows / l.rows)
	start := time.Now()
	var wg sync.WaitGroup
	for range s.workers {
		wg.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= requests || ctx.Err() != nil {
					return
				}
				if s.rate > 0 {
					due := start.Add(time.Duration(float64(n) * float64(l.rows) / float64(s.rate) * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				at := time.Now()
				if s.span > 0 {
					at = start.Add(-s.span + time.Duration(float64(s.span)*float64(n)/float64(requests)))
				}
				if err := s.post(ctx, l.path, patch(l.bodies[n%int64(len(l.bodies))], at, uint64(n))); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (s *sender) post(ctx context.Context, path string, body []byte) error {
	for {
		req, err := http.NewRequestWithContext(ctx, "POST", s.endpoint+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-protobuf")
		if s.token != "" {
			req.Header.Set("Authorization", "Bearer "+s.token)
		}
		resp, err := s.client.Do(req)
		if err != nil {
			return err
		}
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		_ = resp.Body.Close()
		switch resp.StatusCode {
		case 200, 202, 204:
			return nil
		case 429, 502, 503, 504:
			s.retried.Add(1)
			time.Sleep(50 * time.Millisecond)
		default:
			return fmt.Errorf("%s%s: %s: %s", s.endpoint, path, resp.Status, answer)
		}
	}
}

// patch copies a request with its times moved to at and its trace ids made new, by
// rewriting the fixed-size fields where they lie. Protobuf writes a fixed64 as eight
// bytes, little end first, and the times of all rows lie within one day of makeTime.
func patch(body []byte, at time.Time, n uint64) []byte {
	out := bytes.Clone(body)
	shift := uint64(at.UnixNano()) - makeTime
	const high = uint64(makeTime) >> 42
	for i := 1; i+8 <= len(out); i++ {
		// A time's tag precedes it: fields 1, 7, 8 or 11 of wire type 1.
		switch out[i-1] {
		case 1<<3 | 1, 7<<3 | 1, 8<<3 | 1, 11<<3 | 1:
			if v := binary.LittleEndian.Uint64(out[i:]); v>>42 == high {
				binary.LittleEndian.PutUint64(out[i:], v+shift)
				i += 7
			}
		case 16: // the length of a trace id
			if i+16 <= len(out) && [4]byte(out[i:]) == traceMark {
				binary.LittleEndian.PutUint64(out[i+8:], binary.LittleEndian.Uint64(out[i+8:])^(n*0x9e3779b97f4a7c15))
				i += 15
			}
		}
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
