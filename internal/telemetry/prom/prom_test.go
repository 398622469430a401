package prom

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// sink is a store that takes everything that is a sample.
type sink struct {
	t    testing.TB
	seen []labels.Labels
	err  error
}

func (s *sink) Append(_ storage.SeriesRef, ls labels.Labels, _, t int64, _ float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	if s.err != nil {
		return 0, s.err
	}
	if t < now.Add(-time.Hour).UnixMilli() || t > now.Add(MaxAhead).UnixMilli() {
		s.t.Errorf("a sample at %d got through", t)
	}
	if ls.Get(model.MetricNameLabel) == "" {
		s.t.Errorf("a series without a name: %s", ls)
	}
	ls.Range(func(l labels.Label) {
		if l.Name == "" || !utf8.ValidString(l.Name) || !utf8.ValidString(l.Value) {
			s.t.Errorf("label %q=%q", l.Name, l.Value)
		}
	})
	if h != nil {
		if err := h.Validate(); err != nil {
			return 0, err // as a store does
		}
	}
	s.seen = append(s.seen, ls)
	return 0, nil
}
func (s *sink) Commit() error   { return nil }
func (s *sink) Rollback() error { return nil }

func convertTo(s *sink, md pmetric.Metrics) error {
	return Convert(context.Background(), md, now.Add(-time.Hour), now.Add(MaxAhead), s, s)
}

func one(resource, point map[string]string, name string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	for k, v := range resource {
		rm.Resource().Attributes().PutStr(k, v)
	}
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(now))
	for k, v := range point {
		p.Attributes().PutStr(k, v)
	}
	return md
}

// TestIdentity: whatever a sender says of itself, its series have a job and, if it can be
// told apart at all, an instance.
func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		resource      map[string]string
		job, instance string
	}{
		{nil, "unknown_service", ""},
		{map[string]string{"service.name": "cart"}, "cart", ""},
		{map[string]string{"service.name": "cart", "service.namespace": "shop", "service.instance.id": "i"}, "shop/cart", "i"},
		{map[string]string{"service.name": "cart", "host.name": "h", "process.pid": "7"}, "cart", "h:7"},
		{map[string]string{"service.name": "cart", "k8s.pod.name": "cart-1", "host.name": "node"}, "cart", "cart-1"},
		{map[string]string{"service.name": "", "process.pid": "7"}, "unknown_service", "7"},
	} {
		s := &sink{t: t}
		if err := convertTo(s, one(c.resource, nil, "up")); err != nil {
			t.Fatal(err)
		}
		if ls := s.seen[0]; ls.Get("job") != c.job || ls.Get("instance") != c.instance {
			t.Errorf("%v: %s", c.resource, ls)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"http.server.request.duration": "http_server_request_duration", "a..b": "a_b", "2xx": "_2xx", "注文.数": "注文_数", "ａ b": "ａ_b",
	} {
		s := &sink{t: t}
		if err := convertTo(s, one(nil, nil, in)); err != nil {
			t.Fatal(err)
		}
		if got := s.seen[0].Get(model.MetricNameLabel); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"", "...", "\xff"} {
		if err := convertTo(&sink{t: t}, one(nil, nil, in)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", in, err)
		}
	}
	s := &sink{t: t}
	point := map[string]string{
		"http.request.method": "GET", "支払い.方法": "card", "2xx": "y", "_x": "z", "...": "dots", "": "empty",
		"a.b": "1", "a-b": "2", "a_b": "3", "service_name": "mine",
	}
	if err := convertTo(s, one(map[string]string{"service.name": "cart", "deployment.environment.name": "prod"}, point, "up")); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"__name__": "up", "job": "cart", "http_request_method": "GET", "支払い_方法": "card", "key_2xx": "y", "key_x": "z", "key____": "dots",
		"key_": "empty", "a_b": "2;1;3", "service_name": "mine", "deployment_environment_name": "prod",
	}
	if got := s.seen[0].Map(); len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for k, v := range want {
		if got := s.seen[0].Get(k); got != v {
			t.Errorf("%s is %q, want %q", k, got, v)
		}
	}
}

// TestWhoIsToBlame: an error of the store is not taken for one of the sample.
func TestWhoIsToBlame(t *testing.T) {
	disk := errors.New("no space left on device")
	if err := convertTo(&sink{t: t, err: disk}, one(nil, nil, "up")); !errors.Is(err, disk) || fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if err := convertTo(&sink{t: t, err: storage.ErrTooOldSample}, one(nil, nil, "up")); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	part := &storage.AppendPartialError{ExemplarErrors: []error{storage.ErrOutOfOrderExemplar}}
	if err := convertTo(&sink{t: t, err: part}, one(nil, nil, "up")); err != nil {
		t.Error("an exemplar that came late:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	md := one(nil, nil, "up")
	for range 300 {
		md.ResourceMetrics().At(0).CopyTo(md.ResourceMetrics().AppendEmpty())
	}
	if err := Convert(ctx, md, now.Add(-time.Hour), now, &sink{t: t}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDescribeIsBounded(t *testing.T) {
	md := one(map[string]string{"k": strings.Repeat("あ", 5000)}, nil, "up")
	frame, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		t.Fatal(err)
	}
	if s := (Frames{}).Describe(telemetry.Metrics, frame); len(s) > 2048 || !utf8.ValidString(s) || !strings.HasPrefix(s, "gauge up") {
		t.Errorf("%d bytes: %s", len(s), s)
	}
}

func TestCatalogIsBounded(t *testing.T) {
	var c Catalog
	for i := range maxMetadata + 10 {
		c.Put(strings.Repeat("x", i%50)+string(rune('a'+i%26))+strings.Repeat("y", i/50), metadata.Metadata{Help: strings.Repeat("あ", 1000)})
	}
	if n := len(c.by); n > maxMetadata {
		t.Error(n)
	}
	if h := c.Describe("a").Help; len(h) > maxHelp || !utf8.ValidString(h) {
		t.Errorf("%d bytes", len(h))
	}
}

// fuzzFrames are frames of every kind to begin from.
func fuzzFrames(f *testing.F) {
	md := one(map[string]string{"service.name": "注文"}, map[string]string{"a.b": "c"}, "x.y")
	to := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	ts := pcommon.NewTimestampFromTime(now)
	h := to.AppendEmpty()
	h.SetName("h")
	hs := h.SetEmptyHistogram()
	hs.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := hs.DataPoints().AppendEmpty()
	p.SetTimestamp(ts)
	p.ExplicitBounds().FromRaw([]float64{1, math.Inf(1)})
	p.BucketCounts().FromRaw([]uint64{1, 2, 3})
	p.Exemplars().AppendEmpty().SetDoubleValue(1)
	e := to.AppendEmpty()
	e.SetName("e")
	es := e.SetEmptyExponentialHistogram()
	es.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	ep := es.DataPoints().AppendEmpty()
	ep.SetTimestamp(ts)
	ep.SetScale(20)
	ep.Positive().SetOffset(math.MaxInt32)
	ep.Positive().BucketCounts().FromRaw([]uint64{1, 0, 0, 2})
	ep.Negative().SetOffset(math.MinInt32)
	ep.Negative().BucketCounts().FromRaw([]uint64{0, 1})
	s := to.AppendEmpty()
	s.SetName("s")
	sp := s.SetEmptySummary().DataPoints().AppendEmpty()
	sp.SetTimestamp(ts)
	sp.QuantileValues().AppendEmpty().SetQuantile(math.NaN())
	all, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(all)
	for n := len(all); n > 20; n /= 2 {
		f.Add(all[:n])
	}
}

// FuzzConvert: no frame harms the way from OTLP to series, and whatever is wrong with one
// is called that.
func FuzzConvert(f *testing.F) {
	fuzzFrames(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		md, err := Decode(frame)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if err := convertTo(&sink{t: t}, md); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%v", err)
		}
	})
}

// FuzzSplit: the halves of a frame have its rows between them.
func FuzzSplit(f *testing.F) {
	fuzzFrames(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		fr := Frames{}
		n, err := fr.Rows(telemetry.Metrics, frame)
		if err != nil {
			return
		}
		if s := fr.Describe(telemetry.Metrics, frame); len(s) > 2048 || !utf8.ValidString(s) {
			t.Fatalf("described in %d bytes", len(s))
		}
		a, b, err := fr.Split(telemetry.Metrics, frame)
		if err != nil {
			t.Fatal(err)
		}
		na, err := fr.Rows(telemetry.Metrics, a)
		if err != nil {
			t.Fatal(err)
		}
		nb := 0
		if b != nil {
			if nb, err = fr.Rows(telemetry.Metrics, b); err != nil {
				t.Fatal(err)
			}
		}
		if na+nb != n || n >= 2 && (na == 0 || nb == 0) {
			t.Fatalf("%d rows become %d and %d", n, na, nb)
		}
	})
}
