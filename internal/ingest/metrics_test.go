package ingest

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func unmarshalSpans(into ptrace.Traces, b []byte) error {
	req := ptraceotlp.NewExportRequest()
	if err := req.UnmarshalProto(b); err != nil {
		return err
	}
	req.Traces().CopyTo(into)
	return nil
}

func TestMetrics(t *testing.T) {
	w := newTestWork(t, Limits{Attributes: 4}, Redaction{})
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	rm.Resource().Attributes().PutStr("deployment.environment", "prod")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	now := pcommon.NewTimestampFromTime(testNow)
	sum := func(name string, fill func(pmetric.NumberDataPoint)) {
		m := ms.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptySum().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		p.SetIntValue(1)
		fill(p)
	}
	sum("good", func(p pmetric.NumberDataPoint) {
		p.Attributes().PutStr("http.method", "GET")
		p.Attributes().PutInt("http.status_code", 200)
		p.Attributes().PutStr("card", "4111111111111111")
		p.Attributes().PutStr("bad", "\xff")
	})
	sum("", func(pmetric.NumberDataPoint) {})
	sum("no time", func(p pmetric.NumberDataPoint) { p.SetTimestamp(0) })
	sum("many", func(p pmetric.NumberDataPoint) {
		for _, k := range []string{"a", "b", "c", "d", "e"} {
			p.Attributes().PutStr(k, k)
		}
	})
	ms.AppendEmpty().SetName("no type")
	for name, counts := range map[string][]uint64{"fits": {1, 2, 3}, "short": {1, 5}, "sum": {1, 1, 1}} {
		m := ms.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		p.SetCount(6)
		p.ExplicitBounds().FromRaw([]float64{1, 2})
		p.BucketCounts().FromRaw(counts)
	}
	e := ms.AppendEmpty()
	e.SetName("scale")
	ep := e.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	ep.SetTimestamp(now)
	ep.SetScale(100)

	points := w.normaliseMetrics(md, everyone)
	if points != 2 || md.DataPointCount() != 2 {
		t.Fatalf("%d points, %d left; want the good and the one that fits", points, md.DataPointCount())
	}
	if n, most := w.tally.rejected(); n != 7 || most != BadMetric {
		t.Errorf("%d refused for %s, want 7", n, most)
	}
	left := md.ResourceMetrics().At(0)
	if v, ok := left.Resource().Attributes().Get("deployment.environment.name"); !ok || v.Str() != "prod" {
		t.Error("the resource's names are not folded")
	}
	p := left.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	for k, want := range map[string]string{"http.request.method": "GET", "http.response.status_code": "200", "card": "[redacted:card]", "bad": "\uFFFD"} {
		if v, ok := p.Attributes().Get(k); !ok || v.AsString() != want {
			t.Errorf("%s = %q, want %q", k, v.AsString(), want)
		}
	}
	if len(w.tally.rows) != 1 || w.tally.rows[0] != (tallyRow{"shop", "prod", 2}) {
		t.Errorf("tally %+v", w.tally.rows)
	}
}

func TestServiceLimit(t *testing.T) {
	b := newBook()
	for _, name := range []string{"a", "b", "a"} {
		if !b.admit(name, 2, testNow) {
			t.Errorf("%s was refused", name)
		}
	}
	if b.admit("c", 2, testNow) {
		t.Error("a third of two was admitted")
	}
	if !b.admit("c", 2, testNow.Add(25*60*60*1e9)) {
		t.Error("the place of a silent one was not given away")
	}
}

func TestTail(t *testing.T) {
	h := &TailHub{}
	h.publishLogs([]telemetry.Log{{Body: "nobody listens"}})
	a, b := h.Logs(1), h.Logs(1)
	attrs := []telemetry.Attr{{Key: "k", Value: "v"}}
	rows := []telemetry.Log{{Body: "one", Attrs: attrs, Source: telemetry.Source{Attrs: attrs}}, {Body: "two", Source: telemetry.Source{Attrs: attrs}}}
	h.publishLogs(rows)
	h.publishLogs(rows) // beyond the buffer
	rows[0].Body, attrs[0].Value = "reused", "reused"
	for _, l := range []*Tail[telemetry.Log]{a, b} {
		got := <-l.C
		if len(got) != 2 || got[0].Body != "one" || got[0].Attrs[0].Value != "v" || got[1].Source.Attrs[0].Value != "v" {
			t.Errorf("got %+v", got)
		}
		if n := l.Dropped(); n != 2 {
			t.Errorf("%d dropped, want 2", n)
		}
		if n := l.Dropped(); n != 0 {
			t.Errorf("%d dropped after it was told", n)
		}
	}
	a.Close()
	a.Close()
	if _, open := <-a.C; open {
		t.Error("closed, it still gives")
	}
	b.Close()
	if h.logs.listening() {
		t.Error("nobody listens, yet it thinks so")
	}
}
