package insight

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// memory is a reader over slices.
type memory struct {
	spans   []telemetry.Span
	logs    []telemetry.Log
	traces  int // how often a whole trace was read
	logsErr error
}

func (m *memory) Trace(_ context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	m.traces++
	var rows []telemetry.Span
	for _, s := range m.spans {
		if s.TraceID == id {
			rows = append(rows, s)
		}
	}
	slices.SortFunc(rows, func(a, b telemetry.Span) int { return cmp.Compare(a.Time, b.Time) })
	return rows[:min(limit, len(rows))], len(rows) > limit, nil
}

func (m *memory) TraceOutline(ctx context.Context, id telemetry.TraceID, limit int) ([]telemetry.Span, bool, error) {
	rows, more, err := m.Trace(ctx, id, limit)
	for i := range rows {
		rows[i] = rows[i].Outline()
	}
	return rows, more, err
}

func (m *memory) CountLogs(_ context.Context, q telemetry.Query) (n uint64, err error) {
	for i := range m.logs {
		if filter.Match(q.Filter, telemetry.LogRow(&m.logs[i])) {
			n++
		}
	}
	return n, m.logsErr
}

func (m *memory) TraceLogs(_ context.Context, id telemetry.TraceID, limit int) ([]telemetry.Log, bool, error) {
	var rows []telemetry.Log
	for _, l := range m.logs {
		if l.TraceID == id {
			rows = append(rows, l)
		}
	}
	return rows[:min(limit, len(rows))], len(rows) > limit, m.logsErr
}

func (m *memory) ReadSpans(_ context.Context, q telemetry.PageQuery) ([]telemetry.Span, bool, error) {
	var rows []telemetry.Span
	for _, s := range m.spans {
		if s.Time >= q.From.UnixNano() && s.Time < q.To.UnixNano() && filter.Match(q.Filter, telemetry.SpanRow(&s)) {
			rows = append(rows, s)
		}
	}
	return rows, false, nil
}

const (
	shop  = "01000000000000000000000000000000"
	other = "02000000000000000000000000000000"
)

func get(t *testing.T, m *memory, path, lang string, want int, body any) string {
	t.Helper()
	a := api.New(api.Options{NoAuth: true})
	Register(a, NewService(m))
	r := httptest.NewRequest("GET", api.Base+path, nil)
	r.Host = "localhost"
	r.Header.Set("Accept-Language", lang)
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("%s: %d, want %d: %s", path, w.Code, want, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), body); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return strings.TrimSpace(w.Body.String())
}

func shopTrace() *memory {
	m := &memory{spans: []telemetry.Span{
		sp(3, 2, "stock", server, 20-500, 80-500), sp(1, 0, "shop", server, 0, 100), sp(2, 1, "shop", client, 10, 90),
	}}
	m.spans[0].Status, m.spans[0].Exception = telemetry.StatusError, telemetry.Exception{Type: "LockWait", Message: "timeout\n on stock"}
	m.spans[1].Env = "prod"
	m.spans[1].Attrs = []telemetry.Attr{{Key: "http.request.method", Value: "POST"}, {Key: "http.route", Value: "/checkout"}}
	m.logs = []telemetry.Log{{ID: 1, TraceID: telemetry.TraceID{1}, Body: "a"}, {ID: 2, TraceID: telemetry.TraceID{1}, Body: "b"}, {ID: 3, TraceID: telemetry.TraceID{2}}}
	return m
}

func TestTraceOnTheWire(t *testing.T) {
	var v TraceView
	got := get(t, shopTrace(), "/traces/"+shop, "ja", http.StatusOK, &v)
	want := `{"trace_id":"` + shop + `","time":"2026-11-22T09:00:00Z","duration_ns":100000000,"main":0,` +
		`"services":[{"service":"stock","env":"","spans":1,"errors":1,"self_ns":60000000,"critical_ns":60000000},` +
		`{"service":"shop","env":"prod","spans":1,"errors":0,"self_ns":20000000,"critical_ns":20000000},` +
		`{"service":"shop","env":"","spans":1,"errors":0,"self_ns":20000000,"critical_ns":20000000}],"spans":[` +
		`{"span_id":"0000000000000001","parent_id":"","depth":0,"service":"shop","env":"prod","name":"shop1","kind":"server","status":"unset","start_ns":0,"duration_ns":100000000,"self_ns":20000000,` +
		`"critical":[[0,10000000],[90000000,100000000]],"summary":"POST /checkout"},` +
		`{"span_id":"0000000000000002","parent_id":"0000000000000001","depth":1,"service":"shop","env":"","name":"shop2","kind":"client","status":"unset","start_ns":10000000,"duration_ns":80000000,"self_ns":20000000,` +
		`"critical":[[10000000,20000000],[80000000,90000000]]},` +
		`{"span_id":"0000000000000003","parent_id":"0000000000000002","depth":2,"service":"stock","env":"","name":"stock3","kind":"server","status":"error","start_ns":20000000,"duration_ns":60000000,"self_ns":60000000,` +
		`"critical":[[20000000,80000000]],"skew_ns":500000000,"error":true,"message":"LockWait: timeout on stock"}],` +
		`"more":false,"notes":["stock (stock-host)の時計が呼び出し元とずれているため、スパンを+500msずらして表示しています。"],"log_count":2,"more_logs":false}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	get(t, shopTrace(), "/traces/"+shop, "en", http.StatusOK, &v)
	if !strings.Contains(v.Notes[0], "disagrees with its callers") {
		t.Errorf("notes %v", v.Notes)
	}
	// What people paste.
	for _, ref := range []string{strings.ToUpper(shop), "00-" + shop + "-00f067aa0ba902b7-01", "https://yagura.example/traces/" + shop + "?x=1"} {
		get(t, shopTrace(), "/traces/"+url.PathEscape(ref), "en", http.StatusOK, &v)
		if v.TraceID != shop || len(v.Spans) != 3 {
			t.Errorf("%s: %+v", ref, v)
		}
	}
}

func TestTraceThatIsNotThere(t *testing.T) {
	m := shopTrace()
	for lang, say := range map[string][]string{"en": {"retention", "sampled", "32 hex digits", "There are logs"}, "ja": {"保持期間", "サンプリング", "32桁", "ログは保存されています"}} {
		var p api.Problem
		get(t, m, "/traces/"+other, lang, http.StatusNotFound, &p)
		for _, s := range say {
			if !strings.Contains(p.Detail, s) {
				t.Errorf("%s: %q lacks %q", lang, p.Detail, s)
			}
		}
	}
	var p api.Problem
	get(t, m, "/traces/03000000000000000000000000000000", "en", http.StatusNotFound, &p)
	if strings.Contains(p.Detail, "There are logs") {
		t.Errorf("no logs are there: %s", p.Detail)
	}
	for _, path := range []string{"/traces/nonsense", "/traces/nonsense/logs", "/traces/nonsense/spans/0000000000000001", "/traces/" + shop + "/spans/xyz"} {
		get(t, m, path, "ja", http.StatusUnprocessableEntity, &p)
		if len(p.Errors) != 1 || !strings.Contains(p.Detail, "16進数") {
			t.Errorf("%s: %+v", path, p)
		}
	}
	m.logsErr = errors.New("engine away")
	get(t, m, "/traces/"+shop, "en", http.StatusInternalServerError, &p)
}

func TestSpanOfATrace(t *testing.T) {
	m := shopTrace()
	var r telemetry.SpanRecord
	get(t, m, "/traces/"+shop+"/spans/0000000000000003", "en", http.StatusOK, &r)
	if r.Service != "stock" || r.Exception.Type != "LockWait" || m.traces != 1 {
		t.Errorf("%+v", r)
	}
	at := url.QueryEscape(time.Unix(0, epoch+10*ms).UTC().Format(time.RFC3339Nano))
	get(t, m, "/traces/"+shop+"/spans/0000000000000002?at="+at, "en", http.StatusOK, &r)
	if r.Name != "shop2" || m.traces != 1 {
		t.Errorf("%s, and the whole trace was read %d times", r.Name, m.traces-1)
	}
	// A wrong hint costs time, not the answer.
	get(t, m, "/traces/"+shop+"/spans/0000000000000002?at=2020-01-01T00:00:00Z", "en", http.StatusOK, &r)
	if r.Name != "shop2" || m.traces != 2 {
		t.Errorf("%s", r.Name)
	}
	half := sp(2, 1, "stock", server, 12, 88)
	m.spans = append(m.spans, half)
	get(t, m, "/traces/"+shop+"/spans/0000000000000002?kind=server", "en", http.StatusOK, &r)
	if r.Service != "stock" {
		t.Errorf("%s", r.Service)
	}
	var p api.Problem
	get(t, m, "/traces/"+shop+"/spans/00000000000000ff", "ja", http.StatusNotFound, &p)
	if !strings.Contains(p.Detail, "00000000000000ff") {
		t.Errorf("%+v", p)
	}
	get(t, m, "/traces/09000000000000000000000000000000/spans/0000000000000001", "ja", http.StatusNotFound, &p)
	if !strings.Contains(p.Detail, "保持期間") {
		t.Errorf("%+v", p)
	}
}

func TestLogsOfATrace(t *testing.T) {
	m := shopTrace()
	var v TraceLogsView
	get(t, m, "/traces/"+shop+"/logs", "en", http.StatusOK, &v)
	if len(v.Items) != 2 || v.More || v.Items[0].Body != "a" {
		t.Errorf("%+v", v)
	}
	get(t, m, "/traces/"+shop+"/logs?limit=1", "en", http.StatusOK, &v)
	if len(v.Items) != 1 || !v.More {
		t.Errorf("%+v", v)
	}
	if got := get(t, m, "/traces/09000000000000000000000000000000/logs", "en", http.StatusOK, &v); got != `{"items":[],"more":false}` {
		t.Error(got)
	}
}

func TestTraceBeyondTheLimit(t *testing.T) {
	m := &memory{spans: big(MaxSpans + 1)}
	m.logs = make([]telemetry.Log, MaxLogs+1)
	for i := range m.logs {
		m.logs[i].TraceID = telemetry.TraceID{1}
	}
	start := time.Now()
	var v TraceView
	body := get(t, m, "/traces/"+shop, "en", http.StatusOK, &v)
	t.Logf("%d spans, %d bytes, %s", len(v.Spans), len(body), time.Since(start))
	if len(v.Spans) != MaxSpans || !v.More || v.LogCount != MaxLogs || !v.MoreLogs || !strings.Contains(v.Notes[0], "50000") {
		t.Errorf("%d spans, more %t, %d logs, notes %v", len(v.Spans), v.More, v.LogCount, v.Notes)
	}
}

func BenchmarkTraceAnswer50k(b *testing.B) {
	m := &memory{spans: big(MaxSpans)}
	a := api.New(api.Options{NoAuth: true})
	Register(a, NewService(m))
	h := a.Handler()
	for b.Loop() {
		r := httptest.NewRequest("GET", api.Base+"/traces/"+shop, nil)
		r.Host = "localhost"
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
