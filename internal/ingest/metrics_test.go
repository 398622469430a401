package ingest

import (
	"context"
	"reflect"
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
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := m.Sum().DataPoints().AppendEmpty()
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
		m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := m.Histogram().DataPoints().AppendEmpty()
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

// An attribute that a label of the store's own would overwrite is kept under another name.
func TestReservedLabels(t *testing.T) {
	w := newTestWork(t, Limits{}, Redaction{})
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	now := pcommon.NewTimestampFromTime(testNow)
	gauge := ms.AppendEmpty()
	gauge.SetName("queue")
	p := gauge.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(now)
	p.SetIntValue(1)
	for _, k := range []string{"job", "exported_job", "instance", "__name__", "le", "quantile"} {
		p.Attributes().PutStr(k, "of "+k)
	}
	hist := ms.AppendEmpty()
	hist.SetName("latency")
	h := hist.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.DataPoints().AppendEmpty()
	hp.SetTimestamp(now)
	hp.Attributes().PutStr("le", "of le")
	if points := w.normaliseMetrics(md, everyone); points != 2 {
		t.Fatalf("%d points", points)
	}
	check := func(attrs pcommon.Map, want map[string]any) {
		t.Helper()
		if got := attrs.AsRaw(); !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	ms = md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	check(ms.At(0).Gauge().DataPoints().At(0).Attributes(), map[string]any{
		"exported_exported_job": "of job", "exported_job": "of exported_job", "exported_instance": "of instance",
		"exported___name__": "of __name__", "le": "of le", "quantile": "of quantile"})
	check(ms.At(1).Histogram().DataPoints().At(0).Attributes(), map[string]any{"exported_le": "of le"})
	if n, _ := w.tally.rejected(); n != 0 {
		t.Errorf("%d refused", n)
	}
	if len(w.tally.refused) != 1 || w.tally.refused[0].reason != ReservedLabel || w.tally.refused[0].n != 2 {
		t.Errorf("counted %+v", w.tally.refused)
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
	ctx, cancel := context.WithCancel(t.Context())
	a, b := h.Subscribe(ctx, telemetry.Logs), h.Subscribe(ctx, telemetry.Logs)
	attrs := []telemetry.Attr{{Key: "k", Value: "v"}}
	rows := []telemetry.Log{{Body: "one", Attrs: attrs, Source: telemetry.Source{Attrs: attrs}}, {Body: "two", Source: telemetry.Source{Attrs: attrs}}}
	const batches = tailBatches + 20 // more than wait for somebody who does not read
	for range batches {
		h.publishLogs(rows)
	}
	rows[0].Body, attrs[0].Value = "reused", "reused"
	for _, l := range []<-chan telemetry.Arrival{a, b} {
		got, lost := 0, 0
		for got+lost < batches*len(rows) {
			arrival := <-l
			if r := arrival.Logs; len(r) != 2 || r[0].Body != "one" || r[0].Attrs[0].Value != "v" || r[1].Source.Attrs[0].Value != "v" {
				t.Fatalf("got %+v", r)
			}
			got, lost = got+len(arrival.Logs), lost+int(arrival.Dropped)
		}
		if lost == 0 || got+lost != batches*len(rows) {
			t.Errorf("%d rows came and %d were said to be lost, of %d", got, lost, batches*len(rows))
		}
	}
	cancel()
	for range a {
		t.Error("its context has ended, and it still gives")
	}
	for range b {
	}
	if h.logs.listening() {
		t.Error("nobody listens, yet it thinks so")
	}
	for range h.Subscribe(t.Context(), telemetry.Metrics) {
		t.Error("metrics have no tail")
	}
}
