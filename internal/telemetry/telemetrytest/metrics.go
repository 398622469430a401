package telemetrytest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Metrics is a store of metrics under test. Its clock stands at Now.
type Metrics struct {
	Writer telemetry.MetricWriter
	Reader telemetry.MetricReader
	Now    time.Time
	// Deltas says that the writer takes delta temporality.
	Deltas bool
}

// Frame encodes metrics as the ingest room does.
func Frame(t testing.TB, md pmetric.Metrics) []byte {
	t.Helper()
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Shop is a resource of the service, and a place to put its metrics.
func Shop(md pmetric.Metrics, service, instance string) pmetric.MetricSlice {
	rm := md.ResourceMetrics().AppendEmpty()
	a := rm.Resource().Attributes()
	a.PutStr("service.name", service)
	a.PutStr("service.instance.id", instance)
	a.PutStr("deployment.environment.name", "production")
	a.PutStr("telemetry.sdk.language", "go")
	return rm.ScopeMetrics().AppendEmpty().Metrics()
}

// Sum adds a monotonic sum with one point.
func Sum(to pmetric.MetricSlice, name string, temporality pmetric.AggregationTemporality, at time.Time, v float64, attrs ...string) {
	m := to.AppendEmpty()
	m.SetName(name)
	m.SetUnit("{request}")
	m.SetDescription("What " + name + " counts.")
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(temporality)
	p := s.DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetDoubleValue(v)
	for i := 0; i+1 < len(attrs); i += 2 {
		p.Attributes().PutStr(attrs[i], attrs[i+1])
	}
}

// RunMetrics is the suite of stores of metrics. open gives an empty one each time.
func RunMetrics(t *testing.T, open func(t *testing.T) Metrics) {
	for name, test := range map[string]func(*testing.T, Metrics){
		"Cumulative": metricsCumulative, "Kinds": metricsKinds, "Once": metricsOnce, "Late": metricsLate,
		"Refused": metricsRefused, "Frames": metricsFrames, "Delta": metricsDelta, "Mistakes": metricsMistakes,
		"Lists": metricsLists, "Exemplars": metricsExemplars, "Japanese": metricsJapanese,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

const cumulative, delta = pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta

func (m Metrics) write(t *testing.T, token string, mds ...pmetric.Metrics) {
	t.Helper()
	var frames [][]byte
	for _, md := range mds {
		frames = append(frames, Frame(t, md))
	}
	if err := m.Writer.Write(t.Context(), telemetry.Metrics, token, frames); err != nil {
		t.Fatalf("writing %s: %v", token, err)
	}
}

// value is the one value of a query.
func (m Metrics) value(t *testing.T, expr string, at time.Time) float64 {
	t.Helper()
	res, err := m.Reader.Query(t.Context(), expr, at)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	if len(res.Series) != 1 || len(res.Series[0].Points) != 1 {
		t.Fatalf("%s: one value wanted, got %+v", expr, res.Series)
	}
	return res.Series[0].Points[0].Value
}

func (m Metrics) want(t *testing.T, expr string, at time.Time, want float64) {
	t.Helper()
	if got := m.value(t, expr, at); math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s at %s is %v, want %v", expr, at.Format(time.TimeOnly), got, want)
	}
}

func metricsCumulative(t *testing.T, m Metrics) {
	start := m.Now.Add(-30 * time.Minute)
	for i := range 30 {
		md := pmetric.NewMetrics()
		for j, instance := range []string{"a", "b"} {
			to := Shop(md, "checkout", instance)
			Sum(to, "orders.placed", cumulative, start.Add(time.Duration(i)*time.Minute), float64(i*(j+1)*60), "payment.method", "card")
		}
		m.write(t, fmt.Sprint("block-", i), md)
	}
	end := start.Add(29 * time.Minute)
	m.want(t, `sum(orders_placed_total)`, end, 29*60*3)
	m.want(t, `sum(rate(orders_placed_total{payment_method="card"}[10m]))`, end, 3)
	m.want(t, `orders_placed_total{job="checkout",instance="b",service_name="checkout",deployment_environment_name="production"}`, end, 29*120)
	m.want(t, `count(orders_placed_total * on (job, instance) group_left (telemetry_sdk_language) target_info)`, end, 2)

	res, err := m.Reader.QueryRange(t.Context(), `orders_placed_total{instance="a"}`, telemetry.Range{From: start, To: end}, time.Minute)
	if err != nil || res.Type != "matrix" || len(res.Series) != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	points := res.Series[0].Points
	if len(points) != 30 || points[0].Time != start.UnixNano() || points[29] != (telemetry.MetricPoint{Time: end.UnixNano(), Value: 29 * 60}) {
		t.Errorf("%d points: %v", len(points), points)
	}
	if name, _ := telemetry.Get(res.Series[0].Labels, "__name__"); name != "orders_placed_total" {
		t.Errorf("labels %v", res.Series[0].Labels)
	}
	if res, err = m.Reader.Query(t.Context(), `1 + 1`, end); err != nil || res.Type != "scalar" || res.Series[0].Points[0].Value != 2 {
		t.Errorf("%+v, %v", res, err)
	}
	if res, err = m.Reader.Query(t.Context(), `topk(2, orders_placed_total)`, end); err != nil || len(res.Series) != 2 ||
		res.Series[0].Points[0].Value < res.Series[1].Points[0].Value {
		t.Errorf("topk gives another order: %+v, %v", res, err)
	}
}

// Kinds are one point of every kind: a gauge, an up-down sum, a summary, and both kinds of
// histogram, each with the values 1 to 10.
func metricKinds(at time.Time, temporality pmetric.AggregationTemporality) pmetric.Metrics {
	md := pmetric.NewMetrics()
	to := Shop(md, "cart", "1")
	ts := pcommon.NewTimestampFromTime(at)

	g := to.AppendEmpty()
	g.SetName("process.memory.usage")
	g.SetUnit("By")
	p := g.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(ts)
	p.SetIntValue(1 << 40)

	h := to.AppendEmpty()
	h.SetName("http.server.request.duration")
	h.SetUnit("s")
	h.SetDescription("How long requests took.")
	hs := h.SetEmptyHistogram()
	hs.SetAggregationTemporality(temporality)
	hp := hs.DataPoints().AppendEmpty()
	hp.SetTimestamp(ts)
	hp.SetCount(10)
	hp.SetSum(55)
	hp.ExplicitBounds().FromRaw([]float64{2, 5})
	hp.BucketCounts().FromRaw([]uint64{2, 3, 5})

	e := to.AppendEmpty()
	e.SetName("queue.wait")
	e.SetUnit("ms")
	es := e.SetEmptyExponentialHistogram()
	es.SetAggregationTemporality(temporality)
	ep := es.DataPoints().AppendEmpty()
	ep.SetTimestamp(ts)
	ep.SetCount(10)
	ep.SetSum(55)
	ep.SetScale(0)
	ep.Positive().SetOffset(-1) // (0.5,1] (1,2] (2,4] (4,8] (8,16]
	ep.Positive().BucketCounts().FromRaw([]uint64{1, 1, 2, 4, 2})
	return md
}

func metricsKinds(t *testing.T, m Metrics) {
	at := m.Now.Add(-time.Minute)
	md := metricKinds(at, cumulative)
	to := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	s := to.AppendEmpty()
	s.SetName("rpc.size")
	sp := s.SetEmptySummary().DataPoints().AppendEmpty()
	sp.SetTimestamp(pcommon.NewTimestampFromTime(at))
	sp.SetCount(4)
	sp.SetSum(8)
	q := sp.QuantileValues().AppendEmpty()
	q.SetQuantile(0.5)
	q.SetValue(2)
	u := to.AppendEmpty()
	u.SetName("db.client.connection.count")
	us := u.SetEmptySum()
	us.SetAggregationTemporality(cumulative)
	up := us.DataPoints().AppendEmpty()
	up.SetTimestamp(pcommon.NewTimestampFromTime(at))
	up.SetIntValue(-3)
	m.write(t, "kinds", md)

	m.want(t, `process_memory_usage_bytes`, m.Now, 1<<40)
	m.want(t, `http_server_request_duration_seconds_bucket{le="5"}`, m.Now, 5)
	m.want(t, `http_server_request_duration_seconds_bucket{le="+Inf"}`, m.Now, 10)
	m.want(t, `http_server_request_duration_seconds_sum / http_server_request_duration_seconds_count`, m.Now, 5.5)
	m.want(t, `histogram_count(queue_wait_milliseconds)`, m.Now, 10)
	m.want(t, `histogram_avg(queue_wait_milliseconds)`, m.Now, 5.5)
	m.want(t, `rpc_size{quantile="0.5"}`, m.Now, 2)
	m.want(t, `rpc_size_sum / rpc_size_count`, m.Now, 2)
	m.want(t, `db_client_connection_count`, m.Now, -3)

	res, err := m.Reader.Query(t.Context(), `queue_wait_milliseconds`, m.Now)
	if err != nil || len(res.Series) != 1 || len(res.Series[0].Histograms) != 1 || len(res.Series[0].Points) != 0 {
		t.Fatalf("%+v, %v", res, err)
	}
	got := res.Series[0].Histograms[0]
	want := []telemetry.MetricBucket{
		{Lower: 0.5, Upper: 1, UpperInclusive: true, Count: 1}, {Lower: 1, Upper: 2, UpperInclusive: true, Count: 1},
		{Lower: 2, Upper: 4, UpperInclusive: true, Count: 2}, {Lower: 4, Upper: 8, UpperInclusive: true, Count: 4},
		{Lower: 8, Upper: 16, UpperInclusive: true, Count: 2},
	}
	if got.Time != m.Now.UnixNano() || got.Count != 10 || got.Sum != 55 || !slices.Equal(got.Buckets, want) {
		t.Errorf("%+v", got)
	}
	res, err = m.Reader.QueryRange(t.Context(), `queue_wait_milliseconds`, telemetry.Range{From: at, To: m.Now}, 30*time.Second)
	if err != nil || len(res.Series) != 1 || len(res.Series[0].Histograms) != 3 || !slices.Equal(res.Series[0].Histograms[2].Buckets, want) {
		t.Errorf("%+v, %v", res, err)
	}
}

func metricsOnce(t *testing.T, m Metrics) {
	at := m.Now.Add(-10 * time.Minute)
	var mds []pmetric.Metrics
	for i := range 5 {
		md := metricKinds(at.Add(time.Duration(i)*time.Minute), cumulative)
		Sum(Shop(md, "checkout", "a"), "orders", cumulative, at.Add(time.Duration(i)*time.Minute), float64(i), "n", "1")
		mds = append(mds, md)
	}
	m.write(t, "same", mds...)
	m.write(t, "same", mds...)
	m.write(t, "other-token", mds...) // as after a restart that forgot the token
	slices.Reverse(mds)
	m.write(t, "other-order", mds...)
	m.want(t, `count_over_time(orders_total[1h])`, m.Now, 5)
	m.want(t, `sum_over_time(orders_total[1h])`, m.Now, 10)
	m.want(t, `count_over_time(queue_wait_milliseconds[1h])`, m.Now, 5)
}

func metricsLate(t *testing.T, m Metrics) {
	for i, late := range []time.Duration{0, 59 * time.Minute, time.Minute, 30 * time.Minute} {
		md := pmetric.NewMetrics()
		Sum(Shop(md, "checkout", "a"), "orders", cumulative, m.Now.Add(-late), 1000-late.Minutes())
		m.write(t, fmt.Sprint("late-", i), md)
	}
	m.want(t, `count_over_time(orders_total[2h])`, m.Now, 4)
	m.want(t, `orders_total`, m.Now.Add(-30*time.Minute), 970)

	md := pmetric.NewMetrics()
	Sum(Shop(md, "checkout", "a"), "orders", cumulative, m.Now.Add(-5*time.Hour), 1)
	err := m.Writer.Write(t.Context(), telemetry.Metrics, "too-late", [][]byte{Frame(t, md)})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a sample five hours late: %v", err)
	}
}

// metricsRefused: a poisoned block is refused whole, and bisecting it saves the rest.
func metricsRefused(t *testing.T, m Metrics) {
	md := pmetric.NewMetrics()
	to := Shop(md, "checkout", "a")
	for i := range 40 {
		at := m.Now
		if i == 13 {
			at = m.Now.Add(3 * time.Hour) // a clock gone wrong
		}
		Sum(to, "orders", cumulative, at, float64(i), "n", fmt.Sprint(i))
	}
	var guilty []string
	stored := 0
	var try func(token string, frame []byte)
	try = func(token string, frame []byte) {
		err := m.Writer.Write(t.Context(), telemetry.Metrics, token, [][]byte{frame})
		if err == nil {
			n, err := m.Writer.Rows(telemetry.Metrics, frame)
			if err != nil {
				t.Fatal(err)
			}
			stored += n
			return
		}
		f := fault.Of(err)
		if f.Code != fault.Invalid || f.Text.In(i18n.Ja) == "" || f.Text.In(i18n.Ja) == f.Text.In(i18n.En) {
			t.Fatalf("%v", err)
		}
		a, b, err := m.Writer.Split(telemetry.Metrics, frame)
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			guilty = append(guilty, m.Writer.Describe(telemetry.Metrics, a))
			return
		}
		try(token+"a", a)
		try(token+"b", b)
	}
	try("poison", Frame(t, md))
	if stored != 39 || len(guilty) != 1 || !strings.Contains(guilty[0], `n="13"`) {
		t.Errorf("%d stored, refused %q", stored, guilty)
	}
	m.want(t, `count(orders_total)`, m.Now, 39)

	for name, spoil := range map[string]func(pmetric.MetricSlice){
		"no time":     func(to pmetric.MetricSlice) { Sum(to, "x", cumulative, time.Unix(0, 0), 1) },
		"no name":     func(to pmetric.MetricSlice) { Sum(to, "", cumulative, m.Now, 1) },
		"bad label":   func(to pmetric.MetricSlice) { Sum(to, "x", cumulative, m.Now, 1, "k", "\xff") },
		"temporality": func(to pmetric.MetricSlice) { Sum(to, "x", pmetric.AggregationTemporalityUnspecified, m.Now, 1) },
		"bounds": func(to pmetric.MetricSlice) {
			h := to.AppendEmpty()
			h.SetName("h")
			hs := h.SetEmptyHistogram()
			hs.SetAggregationTemporality(cumulative)
			p := hs.DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(m.Now))
			p.ExplicitBounds().FromRaw([]float64{5, 2})
			p.BucketCounts().FromRaw([]uint64{1, 1, 1})
		},
	} {
		md := pmetric.NewMetrics()
		spoil(Shop(md, "checkout", "a"))
		if err := m.Writer.Write(t.Context(), telemetry.Metrics, name, [][]byte{Frame(t, md)}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := m.Writer.Write(t.Context(), telemetry.Metrics, "junk", [][]byte{{0xff, 1, 2}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no OTLP: %v", err)
	}
	if err := m.Writer.Write(t.Context(), telemetry.Logs, "logs", nil); !fault.Is(err, fault.Internal) {
		t.Errorf("logs: %v", err)
	}
}

func metricsFrames(t *testing.T, m Metrics) {
	md := metricKinds(m.Now, cumulative)
	to := Shop(md, "注文サービス", "a")
	for i := range 7 {
		Sum(to, "orders", cumulative, m.Now, float64(i), "n", fmt.Sprint(i))
	}
	frame := Frame(t, md)
	if n, err := m.Writer.Rows(telemetry.Metrics, frame); n != 10 || err != nil {
		t.Fatalf("%d rows, %v", n, err)
	}
	var all []string
	var split func([]byte)
	split = func(f []byte) {
		n, err := m.Writer.Rows(telemetry.Metrics, f)
		if err != nil {
			t.Fatal(err)
		}
		a, b, err := m.Writer.Split(telemetry.Metrics, f)
		if err != nil || (n < 2) != (b == nil) {
			t.Fatalf("%d rows: %v", n, err)
		}
		if b == nil {
			all = append(all, m.Writer.Describe(telemetry.Metrics, a))
			return
		}
		split(a)
		split(b)
	}
	split(frame)
	if len(all) != 10 || !strings.Contains(all[1], "http.server.request.duration") {
		t.Fatalf("%d: %q", len(all), all)
	}
	for i, s := range all[3:] {
		if !strings.Contains(s, fmt.Sprintf(`n="%d" = %d at `, i, i)) || !strings.Contains(s, "注文サービス") {
			t.Errorf("row %d: %s", i, s)
		}
	}
}

func metricsDelta(t *testing.T, m Metrics) {
	if !m.Deltas {
		md := pmetric.NewMetrics()
		Sum(Shop(md, "checkout", "a"), "orders", delta, m.Now, 1)
		err := m.Writer.Write(t.Context(), telemetry.Metrics, "delta", [][]byte{Frame(t, md)})
		if f := fault.Of(err); !fault.Is(err, fault.Invalid) || !strings.Contains(f.Text.En, "TEMPORALITY_PREFERENCE") {
			t.Errorf("%v", err)
		}
		return
	}
	start := m.Now.Add(-10 * time.Minute)
	for i := range 10 {
		md := metricKinds(start.Add(time.Duration(i)*time.Minute), delta)
		Sum(Shop(md, "checkout", "a"), "orders", delta, start.Add(time.Duration(i)*time.Minute), 6, "n", "1")
		m.write(t, fmt.Sprint("delta-", i), md)
		m.write(t, fmt.Sprint("again-", i), md)
	}
	m.want(t, `orders_total`, m.Now, 60)
	m.want(t, `rate(orders_total[8m])`, start.Add(9*time.Minute), 0.1)
	m.want(t, `count_over_time(orders_total[1h])`, m.Now, 10)
	m.want(t, `http_server_request_duration_seconds_bucket{le="5"}`, m.Now, 50)
	m.want(t, `histogram_count(queue_wait_milliseconds)`, m.Now, 100)
	m.want(t, `histogram_sum(queue_wait_milliseconds)`, m.Now, 550)
	m.want(t, `count(target_info)`, m.Now, 2)
	m.want(t, `max(target_info)`, m.Now, 1)

	md := pmetric.NewMetrics()
	Sum(Shop(md, "checkout", "a"), "orders", delta, start.Add(90*time.Second), 6, "n", "1")
	if err := m.Writer.Write(t.Context(), telemetry.Metrics, "late", [][]byte{Frame(t, md)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a late delta: %v", err)
	}
	m.want(t, `orders_total`, m.Now, 60)
}

func metricsMistakes(t *testing.T, m Metrics) {
	for _, c := range []struct {
		query string
		at    string // the text at fault
	}{
		{`rate(up)`, "up"}, {`sum(up`, ""}, {`up{job=}`, "}"}, {`"a" + 1`, ""}, {`nosuch(up)`, "nosuch"}, {``, ""},
	} {
		_, err := m.Reader.Query(t.Context(), c.query, m.Now)
		f := fault.Of(err)
		if f == nil || f.Code != fault.Invalid || f.Field != "query" || f.Pos > f.End || f.End > len(c.query) {
			t.Errorf("%q: %+v", c.query, f)
			continue
		}
		if at := c.query[f.Pos:f.End]; c.at != "" && at != c.at {
			t.Errorf("%q: at %q, want %q: %s", c.query, at, c.at, f.Text)
		}
	}
	// A mistake that shows only in the data.
	md := pmetric.NewMetrics()
	to := Shop(md, "checkout", "a")
	Sum(to, "left", cumulative, m.Now, 1, "n", "1")
	Sum(to, "left", cumulative, m.Now, 1, "n", "2")
	m.write(t, "left", md)
	if _, err := m.Reader.Query(t.Context(), `left_total + on (job) left_total`, m.Now); !fault.Is(err, fault.Invalid) {
		t.Errorf("many to many: %v", err)
	}
	r := telemetry.Range{From: m.Now.Add(-24 * time.Hour), To: m.Now}
	if _, err := m.Reader.QueryRange(t.Context(), `up`, r, time.Second); !fault.Is(err, fault.Invalid) {
		t.Errorf("86,400 points: %v", err)
	}
	if _, err := m.Reader.QueryRange(t.Context(), `up`, telemetry.Range{From: m.Now, To: r.From}, time.Hour); !fault.Is(err, fault.Invalid) {
		t.Errorf("a range that ends before it begins: %v", err)
	}
	if _, _, err := m.Reader.Series(t.Context(), r, []string{"{"}, 10); !fault.Is(err, fault.Invalid) {
		t.Errorf("a broken selector: %v", err)
	}
	if _, _, err := m.Reader.Series(t.Context(), r, nil, 10); !fault.Is(err, fault.Invalid) {
		t.Errorf("no selector: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Reader.Query(ctx, `up`, m.Now); err == nil {
		t.Error("a query nobody waits for is answered")
	}
}

func metricsLists(t *testing.T, m Metrics) {
	md := metricKinds(m.Now.Add(-time.Minute), cumulative)
	for _, instance := range []string{"a", "b"} {
		Sum(Shop(md, "checkout", instance), "orders", cumulative, m.Now.Add(-time.Minute), 1, "payment.method", "card-"+instance)
	}
	m.write(t, "lists", md)
	r := telemetry.Range{From: m.Now.Add(-time.Hour), To: m.Now}

	names, more, err := m.Reader.Names(t.Context(), "", 100)
	if err != nil || more {
		t.Fatal(more, err)
	}
	by := map[string]telemetry.MetricName{}
	for _, n := range names {
		by[n.Name] = n
	}
	for _, want := range []telemetry.MetricName{
		{Name: "orders_total", Family: "orders_total", Kind: telemetry.KindCounter, Help: "What orders counts.", Series: 2},
		{Name: "http_server_request_duration_seconds_bucket", Family: "http_server_request_duration_seconds", Kind: telemetry.KindHistogram,
			Unit: "seconds", Help: "How long requests took.", Series: 3},
		{Name: "queue_wait_milliseconds", Family: "queue_wait_milliseconds", Kind: telemetry.KindHistogram, Unit: "milliseconds", Series: 1},
		{Name: "process_memory_usage_bytes", Family: "process_memory_usage_bytes", Kind: telemetry.KindGauge, Unit: "bytes", Series: 1},
	} {
		if got := by[want.Name]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if by["target_info"].Series != 3 {
		t.Errorf("%+v", by["target_info"])
	}
	if names, more, err = m.Reader.Names(t.Context(), "Duration", 2); err != nil || !more || len(names) != 2 || names[0].Name > names[1].Name {
		t.Errorf("%+v, %v, %v", names, more, err)
	}
	if got, err := m.Reader.LabelNames(t.Context(), r, []string{`orders_total`}); err != nil ||
		!slices.Equal(got, []string{"__name__", "deployment_environment_name", "instance", "job", "payment_method", "service_name"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := m.Reader.LabelValues(t.Context(), "payment_method", r, nil); err != nil || !slices.Equal(got, []string{"card-a", "card-b"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := m.Reader.LabelValues(t.Context(), "payment_method", r, []string{`{instance="a"}`, `nothing`}); err != nil || !slices.Equal(got, []string{"card-a"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := m.Reader.LabelNames(t.Context(), r, []string{`nothing`}); err != nil || got == nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	series, more, err := m.Reader.Series(t.Context(), r, []string{`orders_total`, `{instance="b", __name__=~"orders.*"}`}, 10)
	if err != nil || more || len(series) != 2 {
		t.Fatalf("%v, %v, %v", series, more, err)
	}
	if v, _ := telemetry.Get(series[1], "payment_method"); v != "card-b" {
		t.Errorf("%v", series)
	}
	if series, more, err = m.Reader.Series(t.Context(), r, []string{`{job="cart"}`}, 3); err != nil || !more || len(series) != 3 {
		t.Errorf("%v, %v, %v", series, more, err)
	}
}

func metricsExemplars(t *testing.T, m Metrics) {
	md := metricKinds(m.Now.Add(-time.Minute), cumulative)
	p := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(1).Histogram().DataPoints().At(0)
	e := p.Exemplars().AppendEmpty()
	e.SetTimestamp(pcommon.NewTimestampFromTime(m.Now.Add(-90 * time.Second)))
	e.SetDoubleValue(4.2)
	e.SetTraceID(pcommon.TraceID{0x0a, 15: 1})
	e.SetSpanID(pcommon.SpanID{0x0b, 7: 2})
	m.write(t, "exemplar", md)
	m.write(t, "exemplar-again", md)
	r := telemetry.Range{From: m.Now.Add(-time.Hour), To: m.Now}
	got, err := m.Reader.Exemplars(t.Context(), `rate(http_server_request_duration_seconds_bucket{job="cart"}[5m])`, r)
	if err != nil || len(got) != 1 || len(got[0].Exemplars) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	x := got[0].Exemplars[0]
	trace, _ := telemetry.Get(x.Labels, "trace_id")
	span, _ := telemetry.Get(x.Labels, "span_id")
	if x.Value != 4.2 || x.Time != m.Now.Add(-90*time.Second).UnixNano() || trace != "0a000000000000000000000000000001" || span != "0b00000000000002" {
		t.Errorf("%+v", x)
	}
	if le, _ := telemetry.Get(got[0].Labels, "le"); le != "5" {
		t.Errorf("%v", got[0].Labels)
	}
	if got, err = m.Reader.Exemplars(t.Context(), `nothing`, r); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func metricsJapanese(t *testing.T, m Metrics) {
	md := pmetric.NewMetrics()
	Sum(Shop(md, "注文サービス", "東京-1"), "orders", cumulative, m.Now, 3, "支払い方法", "クレジットカード", "order-kind", "a", "order.kind", "b")
	Sum(Shop(md, "注文サービス", "東京-1"), "注文数", cumulative, m.Now, 5)
	m.write(t, "japanese", md)
	m.want(t, `sum by (job) (orders_total{job="注文サービス",instance="東京-1","支払い方法"="クレジットカード",order_kind="a;b"})`, m.Now, 3)
	m.want(t, `{"注文数_total"}`, m.Now, 5)
	values, err := m.Reader.LabelValues(t.Context(), "job", telemetry.Range{From: m.Now.Add(-time.Hour), To: m.Now.Add(time.Second)}, nil)
	if err != nil || !slices.Equal(values, []string{"注文サービス"}) {
		t.Errorf("%q, %v", values, err)
	}
}
