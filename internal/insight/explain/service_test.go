package explain_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/explain"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const id = "4bf92f3577b34da6a3ce929d0e0e4736"

var began = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// shop has 40 requests, of which the last is slow at its statement.
func shop() *memory {
	m := &memory{}
	trace, _ := telemetry.ParseTraceID(id)
	for n := range 40 {
		s := telemetry.Span{ID: uint64(2*n + 1), TraceID: telemetry.TraceID{1, byte(n)}, SpanID: telemetry.SpanID{1, byte(n)}, Name: "GET /sales", Endpoint: "GET /sales", Kind: telemetry.KindServer,
			Time: began.Add(time.Duration(n-40) * time.Second).UnixNano(), Duration: 100e6}
		s.Service, s.Version = "report", "1.0"
		q := telemetry.Span{ID: uint64(2*n + 2), TraceID: s.TraceID, SpanID: telemetry.SpanID{2, byte(n)}, ParentID: s.SpanID, Name: "SELECT", Kind: telemetry.KindClient,
			Time: s.Time + 5e6, Duration: 80e6, Peer: telemetry.Peer{Kind: telemetry.PeerDB, Name: "postgresql shop"}, Operation: telemetry.Shape{ID: 7, Text: "SELECT * FROM sales"}}
		q.Service, q.Attrs = "report", []telemetry.Attr{{Key: "db.system.name", Value: "postgresql"}}
		if n == 39 {
			s.TraceID, q.TraceID = trace, trace
			s.Duration, q.Duration = 3e9, 2.9e9
		}
		m.spans = append(m.spans, s, q)
	}
	return m
}

type notes struct{}

func (notes) Changes(context.Context, string, time.Time, time.Time) ([]verdict.Change, error) {
	return []verdict.Change{{Kind: "release", Service: "report", At: began.Add(-10 * time.Minute).UnixNano(), Title: i18n.T("report 1.0 released", "report 1.0 をリリース"), Link: "/releases/r1"}}, nil
}

func (notes) Owners(context.Context) (map[string]verdict.Owner, error) {
	return map[string]verdict.Owner{"report": {Team: "Sales"}}, nil
}

func TestTheFactsComeTogether(t *testing.T) {
	s := explain.New(explain.Options{Source: shop(), Records: notes{}})
	for _, ref := range []string{id, "00-" + id + "-00f067aa0ba902b7-01", "https://y.example/traces/" + id + "?x=1", `level=error trace_id=` + id + ` msg="slow"`} {
		v, err := s.Explain(t.Context(), ref)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		if v.Outcome != verdict.Slow || v.Cause.Detail != "statement" || v.Cause.Service != "report" || v.Similar == nil || v.Similar.Count != 1 || v.Similar.Requests != 40 {
			t.Errorf("%s: %+v", ref, v)
		}
		topics := map[verdict.Topic]bool{}
		for _, x := range v.Sentences {
			topics[x.Topic] = true
		}
		for _, want := range []verdict.Topic{verdict.TopicSummary, verdict.TopicUsual, verdict.TopicSimilar, verdict.TopicChanged} {
			if !topics[want] {
				t.Errorf("nothing is said of %s", want)
			}
		}
	}
}

func TestWhatIsNotReadInTimeIsSaid(t *testing.T) {
	m := shop()
	m.slow = time.Minute
	start := time.Now()
	s := explain.New(explain.Options{Source: m, Records: notes{}, Budget: 400 * time.Millisecond})
	v, err := s.Explain(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if len(v.Unread) < 3 || v.Outcome != verdict.Slow || v.Cause.Operation != "SELECT * FROM sales" {
		t.Errorf("%+v", v)
	}
}

func TestWhatASourceLacksIsSaid(t *testing.T) {
	m := shop()
	m.lacks = []i18n.Text{i18n.T("logs: this source has none", "ログ（この接続先にはありません）")}
	m.fail = errors.New("out of order")
	v, err := explain.New(explain.Options{Source: m}).Explain(t.Context(), id)
	if err != nil || len(v.Unread) < 2 || v.Unread[0] != m.lacks[0] {
		t.Errorf("%v %v", v.Unread, err)
	}
}

func TestVerdictOnTheWire(t *testing.T) {
	ask := func(path, lang string, want int) string {
		t.Helper()
		a := api.New(api.Options{NoAuth: true})
		explain.Register(a, explain.New(explain.Options{Source: shop(), Records: notes{}}))
		r := httptest.NewRequest("GET", api.Base+path, nil)
		r.Host = "localhost"
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Fatalf("%s: %d: %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	var v explain.VerdictView
	if err := json.Unmarshal([]byte(ask("/traces/"+url.PathEscape("00-"+id+"-00f067aa0ba902b7-01")+"/verdict", "ja", http.StatusOK)), &v); err != nil {
		t.Fatal(err)
	}
	if v.TraceID != id || v.Outcome != "slow" || v.Cause.Kind != "slow" || !strings.Contains(v.Summary, "かかったためです") || v.Similar == nil ||
		len(v.Sentences) == 0 || v.Sentences[0].Text != v.Summary || len(v.Next) == 0 || v.Unusual == nil || v.Unread == nil {
		t.Errorf("%+v", v)
	}
	for _, s := range v.Sentences {
		if len(s.Evidence) == 0 || s.Evidence[0].Type != "span" || len(s.Evidence[0].ID) != 16 {
			t.Errorf("%q rests on %v", s.Text, s.Evidence)
		}
	}
	if got := ask("/traces/"+strings.Repeat("0", 31)+"1/verdict", "en", http.StatusNotFound); !strings.Contains(got, "retention") {
		t.Error(got)
	}
	ask("/traces/nothing/verdict", "en", http.StatusUnprocessableEntity)
}

type denied struct{ memory }

func (d *denied) Trace(context.Context, telemetry.TraceID, int) ([]telemetry.Span, bool, error) {
	return nil, false, fault.New(fault.Forbidden, i18n.T("no", "不可"))
}

func TestATraceThatMayNotBeReadIsAnError(t *testing.T) {
	_, err := explain.New(explain.Options{Source: &denied{}}).Explain(t.Context(), id)
	if fault.Of(err).Code != fault.Forbidden {
		t.Error(err)
	}
}
