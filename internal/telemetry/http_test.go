package telemetry

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// house is the room behind the real API, over a reader in memory.
type house struct {
	*memory
	hub     *hub
	clock   *clock.Fake
	handler http.Handler
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{memory: &memory{}, hub: &hub{in: make(chan Arrival)}, clock: clock.NewFake(now)}
	a := api.New(api.Options{NoAuth: true, Clock: h.clock})
	Register(a, NewService(h.memory, h.hub, h.clock))
	h.handler = a.Handler()
	return h
}

// hub is a tailer that a test feeds.
type hub struct{ in chan Arrival }

func (h *hub) Subscribe(ctx context.Context, _ Signal) <-chan Arrival { return h.in }

// get asks with parameters "key=value" and reads the answer into body.
func (h *house) get(t *testing.T, want int, path string, body any, params ...string) {
	t.Helper()
	q := url.Values{}
	for _, p := range params {
		k, v, _ := strings.Cut(p, "=")
		q.Set(k, v)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	r := httptest.NewRequest("GET", api.Base+path, nil)
	r.Host = "localhost"
	r.Header.Set("Accept-Language", "ja")
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if w.Code != want {
		t.Fatalf("%s %v: %d, want %d: %s", path, params, w.Code, want, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), body); err != nil {
		t.Fatalf("%s: %v: %s", path, err, w.Body)
	}
}

func (h *house) addLogs(n int) {
	for i := range n {
		l := someLog
		l.ID = uint64(i + 1)
		l.Time = now.Add(-time.Duration(i/2) * time.Minute / 10).UnixNano() // pairs share a time
		l.Time -= int64(time.Second)
		l.Body = fmt.Sprintf("row %d 接続エラー", i)
		if i%5 == 0 {
			l.Severity, l.Env = 9, "dev"
		}
		h.logs = append(h.logs, l)
	}
}

func TestLogsPageByPage(t *testing.T) {
	for _, order := range []string{"newest", "oldest"} {
		h := newHouse(t)
		h.addLogs(25)
		var all []LogRecord
		after := ""
		for pages := 0; ; pages++ {
			var body api.List[LogRecord]
			h.get(t, 200, "/logs", &body, "limit=4", "order="+order, "after="+after, "filter=level>=error ｴﾗｰ")
			all = append(all, body.Items...)
			if after = body.Next; after == "" {
				break
			}
			if len(body.Items) != 4 || pages > 10 {
				t.Fatalf("page %d has %d rows", pages, len(body.Items))
			}
		}
		if len(all) != 20 {
			t.Fatalf("%s: %d rows, want 20", order, len(all))
		}
		sorted := slices.IsSortedFunc(all, func(a, b LogRecord) int {
			c := a.Time.Compare(b.Time)
			if order == "newest" {
				c = -c
			}
			return c
		})
		seen := map[string]bool{}
		for _, l := range all {
			seen[l.ID] = true
		}
		if !sorted || len(seen) != 20 {
			t.Errorf("%s: sorted %t, %d different rows", order, sorted, len(seen))
		}
	}
}

func TestLogOnTheWire(t *testing.T) {
	h := newHouse(t)
	l := someLog
	l.ID, l.Time, l.Observed, l.Flags = 1<<63+1, now.Add(-time.Minute).UnixNano()+123456789, now.UnixNano(), Repaired|Skewed
	h.logs = []Log{l, {ID: 2, Time: now.Add(-time.Hour).UnixNano()}}
	var body struct {
		Items []map[string]any
		Next  string
	}
	h.get(t, 200, "/logs", &body)
	got, _ := json.Marshal(body.Items[0])
	want := `{"attributes":{"empty":"","name":"attribute","tier":"","user.id":"u1"},"body":"注文に失敗しました","env":"prod","event":"order.failed",` +
		`"exception":{"message":"m","stack":"at x","type":"E"},"flags":["repaired","skewed"],"host":"h","id":"9223372036854775809","instance":"i-1","level":"error",` +
		`"observed":"2026-11-22T09:00:00Z","resource":{"k8s.pod.name":"shop-0","tier":"res"},"scope":"shop.Orders","service":"shop","severity":18,"severity_text":"ERROR2",` +
		`"span_id":"0200000000000000","time":"2026-11-22T08:59:00.123456789Z","trace_id":"01000000000000000000000000000000","version":"1.2"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare := body.Items[1]
	for _, key := range []string{"trace_id", "span_id", "exception"} {
		if _, there := bare[key]; there {
			t.Errorf("%s of a bare log is %v", key, bare[key])
		}
	}
	if fmt.Sprint(bare["flags"], bare["attributes"], bare["level"]) != "[] map[]" {
		t.Errorf("bare: %v", bare)
	}
}

func TestSpansOnTheWire(t *testing.T) {
	h := newHouse(t)
	s := someSpan
	s.Time = now.Add(-time.Minute).UnixNano()
	s.Events = []SpanEvent{{Time: s.Time + 5, Name: "retry", Attrs: []Attr{{"n", "1"}}}}
	s.Links = []SpanLink{{TraceID: TraceID{9}, SpanID: SpanID{8}}}
	slow := s
	slow.ID, slow.Duration, slow.Time = 9, 9e9, s.Time-1
	h.spans = []Span{s, slow}
	var body api.List[SpanRecord]
	h.get(t, 200, "/spans", &body, "order=slowest", "limit=1", "filter=duration>1ms status:ERROR")
	if len(body.Items) != 1 || body.Items[0].ID != "9" || body.Next != "" {
		t.Fatalf("%+v", body)
	}
	r := body.Items[0]
	if r.DurationNS != 9e9 || r.Kind != "client" || r.Status != "error" || r.ParentID != "0200000000000000" ||
		r.Events[0].Name != "retry" || r.Events[0].Attributes["n"] != "1" || r.Links[0].SpanID != "0800000000000000" || r.Links[0].Attributes == nil ||
		r.Exception.Message != "lock wait" || r.Attributes["url.path"] != "/a" {
		t.Errorf("%+v", r)
	}
}

func TestCountHistogramFacets(t *testing.T) {
	h := newHouse(t)
	h.addLogs(25)
	var count CountBody
	h.get(t, 200, "/logs/count", &count, "filter=level:error", "env=prod")
	if count.Count != 20 {
		t.Errorf("count %d", count.Count)
	}
	h.get(t, 200, "/logs/count", &count, "filter=*", "from=-30s")
	if count.Count != 10 {
		t.Errorf("the last half minute has %d, want 10", count.Count)
	}

	var hist HistogramBody
	h.get(t, 200, "/logs/histogram", &hist, "buckets=60")
	sum := map[string]uint64{}
	for _, b := range hist.Buckets {
		for level, n := range b.Counts {
			sum[level] += n
		}
	}
	if hist.StepNS != int64(time.Minute) || sum["error"] != 20 || sum["info"] != 5 {
		t.Errorf("step %d, sums %v", hist.StepNS, sum)
	}

	var facets api.List[FacetRecord]
	h.get(t, 200, "/logs/facets", &facets, "keys=level,user.id", "limit=1")
	want := []FacetRecord{
		{Key: "level", Label: "ログレベル", Distinct: 2, Values: []FacetValueRecord{{"error", 20}}},
		{Key: "user.id", Distinct: 1, Values: []FacetValueRecord{{"u1", 25}}},
	}
	if fmt.Sprint(facets.Items) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", facets.Items, want)
	}
	h.get(t, 200, "/logs/facets?keys=service&keys=env", &facets)
	if len(facets.Items) != 2 || facets.Items[1].Key != "env" {
		t.Errorf("%+v", facets.Items)
	}
	h.get(t, 200, "/logs/facets", &facets, "keys=")
	if len(facets.Items) < 3 {
		t.Errorf("%+v", facets.Items)
	}
	h.get(t, 200, "/spans/count", &count)
	if count.Count != 0 {
		t.Errorf("%d spans", count.Count)
	}
	h.get(t, 200, "/spans/histogram", &hist)
	if hist.Buckets == nil || len(hist.Buckets) != 0 {
		t.Errorf("no buckets are %v", hist.Buckets)
	}
	h.get(t, 200, "/spans/facets", &facets)
	if facets.Items[0].Label != "サービス" || facets.Items[0].Values == nil {
		t.Errorf("%+v", facets.Items)
	}
}

func TestDurationsOnTheWire(t *testing.T) {
	h := newHouse(t)
	var body DurationsBody
	h.get(t, 200, "/spans/durations", &body)
	if body.Cells == nil || len(body.Cells) != 0 || !slices.Equal(body.BoundsNS, DurationBounds()) {
		t.Errorf("of no span: %+v", body)
	}
	s := someSpan
	s.Time, s.Duration, s.Status = now.Add(-time.Minute).UnixNano(), 320e6, StatusError
	fine, other := s, s
	fine.ID, fine.Status = 8, StatusOK
	other.ID, other.Service = 9, "another"
	h.spans = []Span{s, fine, other}
	h.get(t, 200, "/spans/durations", &body, "filter=service:"+s.Service, "buckets=1")
	if len(body.Cells) != 1 || body.Cells[0][2] != 2 || body.Cells[0][3] != 1 || body.StepNS <= 0 {
		t.Fatalf("%+v", body.Cells)
	}
	if i := body.Cells[0][1]; body.BoundsNS[i] > s.Duration || body.BoundsNS[i+1] <= s.Duration {
		t.Errorf("%d ns is in the bucket from %d", s.Duration, body.BoundsNS[i])
	}
}

func TestContrastOnTheWire(t *testing.T) {
	h := newHouse(t)
	for i := range 200 {
		s := someSpan
		s.ID, s.Time, s.Status = uint64(i+1), now.Add(-time.Minute).UnixNano(), StatusOK
		s.Attrs = []Attr{{"tenant", "other"}}
		if i%4 == 0 {
			s.Status, s.Attrs = StatusError, []Attr{{"tenant", "acme"}}
		}
		h.spans = append(h.spans, s)
	}
	var body ContrastBody
	h.get(t, 200, "/spans/contrast", &body, "chosen=status:error")
	if len(body.Items) != 1 || body.Items[0].Key != "tenant" || body.Items[0].Value != "acme" || body.Items[0].ChosenPart != 1 || body.Items[0].OthersPart != 0 {
		t.Errorf("%+v", body.Items)
	}
	if body.Chosen != (SampledRecord{50, 50}) || body.Others != (SampledRecord{150, 150}) {
		t.Errorf("%+v and %+v", body.Chosen, body.Others)
	}
	h.get(t, 200, "/spans/contrast", &body, "chosen=tenant:acme")
	if len(body.Items) != 1 || body.Items[0].Key != "status" || body.Items[0].Label == "" {
		t.Errorf("what was asked for is known: %+v", body.Items)
	}
	for _, chosen := range []string{"", "*", "status:"} {
		var p api.Problem
		if h.get(t, 422, "/spans/contrast", &p, "chosen="+chosen); !strings.Contains(fmt.Sprint(p), "chosen") {
			t.Errorf("%q: %+v", chosen, p)
		}
	}
}

func TestTracesPageByPage(t *testing.T) {
	h := newHouse(t)
	for i := range 30 {
		s := someSpan
		s.ID, s.TraceID, s.SpanID = uint64(i+1), TraceID{byte(i%10 + 1)}, SpanID{byte(i + 1)}
		s.Time = now.Add(-time.Duration(30-i) * time.Second).UnixNano()
		s.Name, s.Status = "late", StatusOK
		if i < 10 {
			s.ParentID, s.Name, s.Status = SpanID{}, "root", StatusError
		}
		h.spans = append(h.spans, s)
	}
	var seen []string
	after := ""
	for range 10 {
		var body api.List[TraceRecord]
		h.get(t, 200, "/traces", &body, "limit=3", "after="+after, "filter=name:late")
		for _, r := range body.Items {
			seen = append(seen, r.TraceID[:2])
			if r.Spans != 3 || r.Errors != 1 || r.RootName != "root" || r.RootStatus != "error" || len(r.Services) != 1 || r.DurationNS != int64(20*time.Second)+1_500_000 {
				t.Fatalf("%+v", r)
			}
		}
		if after = body.Next; after == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "0a 09 08 07 06 05 04 03 02 01" {
		t.Errorf("traces %s", got)
	}
}

func TestFilterIsLookedThrough(t *testing.T) {
	h := newHouse(t)
	var body FilterBody
	h.get(t, 200, "/filter", &body, "text=severity:warning   x", "signal=logs")
	if body.Canonical != "level:warn x" || body.Error != nil {
		t.Errorf("%+v", body)
	}
	for text, at := range map[string]string{`ok kind:x`: "kind:x", `ok "x`: `"`} {
		body = FilterBody{}
		h.get(t, 200, "/filter", &body, "text="+text, "signal=spans")
		if body.Canonical != "" || body.Error == nil || !strings.HasPrefix(text[body.Error.Pos:], at) || body.Error.End <= body.Error.Pos || !strings.Contains(body.Error.Message, "。") {
			t.Errorf("%s: %+v", text, body.Error)
		}
	}
}

func TestKeysAreOffered(t *testing.T) {
	h := newHouse(t)
	h.addLogs(1)
	var body api.List[KeyRecord]
	h.get(t, 200, "/filter/keys", &body, "signal=logs")
	byKey := map[string]KeyRecord{}
	for _, k := range body.Items {
		if _, twice := byKey[k.Key]; twice {
			t.Errorf("%s is offered twice", k.Key)
		}
		byKey[k.Key] = k
	}
	if k := byKey["level"]; k.Label != "ログレベル" || len(k.Values) != 6 {
		t.Errorf("level: %+v", k)
	}
	if _, ok := byKey["user.id"]; !ok || body.Items[0].Key != "level" {
		t.Errorf("%+v", body.Items)
	}
	h.get(t, 200, "/filter/keys", &body, "signal=spans")
	if !slices.ContainsFunc(body.Items, func(k KeyRecord) bool { return k.Key == "duration" }) {
		t.Errorf("%+v", body.Items)
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	h.addLogs(10)
	var page api.List[LogRecord]
	h.get(t, 200, "/logs", &page, "limit=2")
	for _, c := range []struct {
		status         int
		path, param, f string
	}{
		{422, "/logs", "filter=(a", "filter"},
		{422, "/logs/count", "filter=level:nope", "filter"},
		{422, "/logs", "from=now", "from"},
		{422, "/logs", "to=later", "to"},
		{422, "/logs", "limit=1001", "limit"},
		{422, "/logs", "limit=0", "limit"},
		{422, "/logs", "order=slowest", "order"},
		{422, "/logs", "after=xyz", "after"},
		{422, "/spans", "after=" + page.Next + "&order=slowest", "after"},
		{422, "/logs/histogram", "buckets=501", "buckets"},
		{422, "/spans/durations", "buckets=501", "buckets"},
		{422, "/logs/facets", "keys=a,,b", "keys"},
		{422, "/logs/facets", "keys=" + strings.Repeat("a,", 20) + "a", "keys"},
		{422, "/logs", "fliter=x", "fliter"},
		{422, "/logs/tail", "filter=(a", "filter"},
		{422, "/filter", "signal=metrics", "signal"},
	} {
		var p api.Problem
		h.get(t, c.status, c.path, &p, strings.Split(c.param, "&")...)
		if len(p.Errors) != 1 || p.Errors[0].Location != c.f || p.Code != "invalid" || p.Errors[0].Message == "" {
			t.Errorf("%s %s: %+v", c.path, c.param, p)
		}
	}
	var p api.Problem
	h.get(t, 422, "/logs", &p, "order=oldest", "after="+page.Next)
	if p.Errors[0].Location != "after" {
		t.Errorf("a cursor of another order: %+v", p)
	}
	h.err = fault.New(fault.Timeout, i18n.T("too slow", "時間切れ"))
	h.get(t, 504, "/logs", &p)
	if p.Detail != "時間切れ" {
		t.Errorf("%+v", p)
	}
}

// follow opens a tail on a real socket and gives its events.
func follow(t *testing.T, h *house, query string) <-chan string {
	t.Helper()
	srv := httptest.NewServer(h.handler)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+api.Base+query, nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = resp.Body.Close(); srv.Close() })
	if resp.StatusCode != 200 {
		t.Fatalf("status %d", resp.StatusCode)
	}
	events := make(chan string, 1000)
	go func() {
		defer close(events)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		event := ""
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && event != "ping" {
				events <- event + " " + data
			}
		}
	}()
	return events
}

func receive(t *testing.T, events <-chan string) string {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(5 * time.Second):
		t.Fatal("no event came")
		return ""
	}
}

func TestTail(t *testing.T) {
	h := newHouse(t)
	events := follow(t, h, "/logs/tail?env=prod&filter=level:error+"+url.QueryEscape("失敗"))
	dev, info := someLog, someLog
	dev.Env, info.Severity = "dev", 9
	h.hub.in <- Arrival{Logs: []Log{dev, info, someLog}}
	if e := receive(t, events); !strings.HasPrefix(e, "log {") || !strings.Contains(e, `"id":"7"`) || !strings.Contains(e, `"env":"prod"`) {
		t.Errorf("got %s", e)
	}
	h.hub.in <- Arrival{Dropped: 5}
	h.hub.in <- Arrival{Logs: []Log{dev}} // the one before was taken in
	h.clock.Advance(tailWindow)
	if e := receive(t, events); e != `dropped {"count":5}` {
		t.Errorf("got %s", e)
	}
}

func TestTailKeepsAPaceThatAPersonCanFollow(t *testing.T) {
	h := newHouse(t)
	events := follow(t, h, "/spans/tail")
	h.hub.in <- Arrival{Spans: make([]Span, tailRows+30)}
	for range tailRows {
		if e := receive(t, events); !strings.HasPrefix(e, "span ") {
			t.Fatalf("got %s", e)
		}
	}
	h.hub.in <- Arrival{Spans: make([]Span, 3)}
	h.hub.in <- Arrival{}
	h.clock.Advance(tailWindow)
	if e := receive(t, events); e != `dropped {"count":33}` {
		t.Errorf("got %s", e)
	}
	h.hub.in <- Arrival{Spans: []Span{someSpan}}
	if e := receive(t, events); !strings.HasPrefix(e, "span ") || !strings.Contains(e, "SELECT stock") {
		t.Errorf("after the window: %s", e)
	}
}

func TestNoTailWhereNothingIsReceived(t *testing.T) {
	a := api.New(api.Options{NoAuth: true})
	Register(a, NewService(&memory{}, nil, clock.Real{}))
	h := &house{handler: a.Handler()}
	var p api.Problem
	h.get(t, 503, "/logs/tail", &p)
	if !strings.Contains(p.Detail, "ライブテール") {
		t.Errorf("%+v", p)
	}
}
