package insight_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/catalog"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/clickhouse"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// The rooms that read, over the engine that stores: what one answer says, the next bears
// out, as on the way of a person from a service to a span.
func TestFromServiceToSpan(t *testing.T) {
	sup := enginetest.Start(t)
	store, err := clickhouse.Open(clickhouse.Options{Dial: sup.Dial, Database: enginetest.Database(t, sup)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	gen := telemetrytest.NewGen(3, now.Add(-50*time.Minute), time.Second)
	logs := gen.Logs(nil, 1200)
	spans := gen.Spans(nil, 1200)
	frame, err := store.EncodeLogs(nil, logs)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Write(t.Context(), telemetry.Logs, "logs", [][]byte{frame}); err != nil {
		t.Fatal(err)
	}
	if frame, err = store.EncodeSpans(nil, spans); err != nil {
		t.Fatal(err)
	}
	if err := store.Write(t.Context(), telemetry.Spans, "spans", [][]byte{frame}); err != nil {
		t.Fatal(err)
	}

	c := clock.NewFake(now)
	a := api.New(api.Options{NoAuth: true})
	telemetry.Register(a, telemetry.NewService(store, nil, c))
	catalog.Register(a, catalog.NewService(store, c))
	insight.Register(a, insight.NewService(store))
	h := a.Handler()
	get := func(path string, body any, params ...string) {
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
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d: %s", path, w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), body); err != nil {
			t.Fatal(err)
		}
	}

	var services api.List[catalog.ServiceView]
	get("/services", &services)
	var inServices, inLogs uint64
	for _, s := range services.Items {
		inServices += s.Spans
		inLogs += s.Logs
	}
	if inServices != 1200 || inLogs != 1200 {
		t.Errorf("the services have %d spans and %d logs, want 1200 of each", inServices, inLogs)
	}

	text := "service:" + spans[7].Service + " duration>1ms"
	node, err := telemetry.ParseFilter(telemetry.Spans, text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	var matching uint64
	for i := range spans {
		if filter.Match(node, telemetry.SpanRow(&spans[i])) {
			matching++
			want[spans[i].TraceID.String()] = true
		}
	}
	if len(want) < 8 {
		t.Fatalf("%s selects only %d traces: the test proves nothing", text, len(want))
	}
	var count telemetry.CountBody
	get("/spans/count", &count, "filter="+text)
	var hist telemetry.HistogramBody
	get("/spans/histogram", &hist, "filter="+text)
	var bars uint64
	for _, b := range hist.Buckets {
		for _, n := range b.Counts {
			bars += n
		}
	}
	if count.Count != matching || bars != matching {
		t.Errorf("count %d, histogram %d, want %d", count.Count, bars, matching)
	}

	var traces []telemetry.TraceRecord
	for after := ""; ; {
		var page api.List[telemetry.TraceRecord]
		get("/traces", &page, "filter="+text, "limit=3", "after="+after)
		traces = append(traces, page.Items...)
		if after = page.Next; after == "" || len(traces) > len(want) {
			break
		}
	}
	seen := map[string]bool{}
	for _, tr := range traces {
		if seen[tr.TraceID] || !want[tr.TraceID] {
			t.Errorf("trace %s is listed again, or has no such span", tr.TraceID)
		}
		seen[tr.TraceID] = true
	}
	if len(seen) != len(want) {
		t.Errorf("%d traces over all pages, want %d", len(seen), len(want))
	}

	for _, tr := range traces[:5] {
		var v insight.TraceView
		get("/traces/"+strings.ToUpper(tr.TraceID), &v)
		if uint64(len(v.Spans)) != tr.Spans || len(v.Services) < len(tr.Services) {
			t.Errorf("trace %s has %d spans, the list says %d", tr.TraceID, len(v.Spans), tr.Spans)
		}
		var errors uint64
		for _, s := range v.Spans {
			if s.Error {
				errors++
			}
			at := v.Time.Add(time.Duration(s.StartNS - s.SkewNS)).Format(time.RFC3339Nano)
			var full telemetry.SpanRecord
			get("/traces/"+tr.TraceID+"/spans/"+s.SpanID, &full, "at="+at)
			if full.SpanID != s.SpanID || full.DurationNS != s.DurationNS || full.Name != s.Name || len(full.Attributes) == 0 {
				t.Errorf("span %s is %+v in full, in the trace %+v", s.SpanID, full, s)
			}
		}
		if errors != tr.Errors {
			t.Errorf("trace %s has %d errors, the list says %d", tr.TraceID, errors, tr.Errors)
		}
		var its insight.TraceLogsView
		get("/traces/"+tr.TraceID+"/logs", &its)
		if len(its.Items) != v.LogCount {
			t.Errorf("trace %s has %d logs, the trace says %d", tr.TraceID, len(its.Items), v.LogCount)
		}
	}

	var keys api.List[telemetry.KeyRecord]
	get("/filter/keys", &keys, "signal=logs")
	offered := fmt.Sprint(keys.Items)
	for _, key := range []string{"level", "service", "http.request.method", "user"} {
		if !strings.Contains(offered, "{"+key+" ") {
			t.Errorf("%s is not offered among %s", key, offered)
		}
	}
	var page api.List[telemetry.LogRecord]
	get("/logs", &page, "limit=1000")
	first := page
	get("/logs", &page, "limit=1000", "after="+first.Next)
	if len(first.Items)+len(page.Items) != 1200 || page.Next != "" {
		t.Errorf("%d and %d logs, then %q", len(first.Items), len(page.Items), page.Next)
	}
}
