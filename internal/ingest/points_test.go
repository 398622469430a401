package ingest

import (
	"math"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/promtsdb"
)

const (
	none       = pmetric.AggregationTemporalityUnspecified
	delta      = pmetric.AggregationTemporalityDelta
	cumulative = pmetric.AggregationTemporalityCumulative
)

func addSum(to pmetric.MetricSlice, name string, at time.Time, of pmetric.AggregationTemporality, values ...float64) {
	m := to.AppendEmpty()
	m.SetName(name)
	m.SetEmptySum().SetAggregationTemporality(of)
	m.Sum().SetIsMonotonic(true)
	for _, v := range values {
		p := m.Sum().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetDoubleValue(v)
	}
}

func addHistogram(to pmetric.MetricSlice, of pmetric.AggregationTemporality, sum float64) {
	m := to.AppendEmpty()
	m.SetName("took")
	m.SetEmptyHistogram().SetAggregationTemporality(of)
	p := m.Histogram().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(testNow))
	p.SetCount(1)
	p.SetSum(sum)
	p.ExplicitBounds().FromRaw([]float64{1})
	p.BucketCounts().FromRaw([]uint64{1, 0})
}

func addExponential(to pmetric.MetricSlice, of pmetric.AggregationTemporality, scale int32, count uint64, change func(pmetric.ExponentialHistogramDataPoint)) {
	m := to.AppendEmpty()
	m.SetName("sizes")
	m.SetEmptyExponentialHistogram().SetAggregationTemporality(of)
	p := m.ExponentialHistogram().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(testNow))
	p.SetScale(scale)
	p.SetCount(count)
	p.SetSum(7)
	p.SetZeroCount(1)
	p.Positive().BucketCounts().FromRaw([]uint64{2, 0, 3})
	p.Negative().BucketCounts().FromRaw([]uint64{1})
	if change != nil {
		change(p)
	}
}

// What the store would refuse for good is refused at the door, where the sender hears of
// it, under a reason with a text and an example; what the door takes, the store takes.
func TestDoorAndStoreAgree(t *testing.T) {
	type exponential = pmetric.ExponentialHistogramDataPoint
	for name, c := range map[string]struct {
		fill   func(pmetric.MetricSlice)
		reason Reason // "" when all is taken
		left   int
	}{
		"sum":                 {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, cumulative, 1) }, "", 1},
		"cumulative infinity": {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, cumulative, math.Inf(1)) }, "", 1},
		"delta":               {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, delta, 1) }, "", 1},
		"delta infinity":      {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, delta, math.Inf(1)) }, NotFinite, 0},
		"delta -infinity":     {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, delta, math.Inf(-1)) }, NotFinite, 0},
		"delta nan":           {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, delta, math.NaN()) }, NotFinite, 0},
		"no temporality":      {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, none, 1) }, NoTemporality, 0},
		"histogram":           {func(m pmetric.MetricSlice) { addHistogram(m, cumulative, 1) }, "", 1},
		"histogram infinity":  {func(m pmetric.MetricSlice) { addHistogram(m, delta, math.Inf(1)) }, NotFinite, 0},
		"histogram none":      {func(m pmetric.MetricSlice) { addHistogram(m, none, 1) }, NoTemporality, 0},
		"exponential":         {func(m pmetric.MetricSlice) { addExponential(m, delta, 3, 7, nil) }, "", 1},
		"exponential 20":      {func(m pmetric.MetricSlice) { addExponential(m, cumulative, 20, 7, nil) }, "", 1},
		"exponential -4":      {func(m pmetric.MetricSlice) { addExponential(m, cumulative, -4, 7, nil) }, "", 1},
		"exponential -5":      {func(m pmetric.MetricSlice) { addExponential(m, cumulative, -5, 7, nil) }, BadMetric, 0},
		"exponential none":    {func(m pmetric.MetricSlice) { addExponential(m, none, 3, 7, nil) }, NoTemporality, 0},
		"exponential count":   {func(m pmetric.MetricSlice) { addExponential(m, cumulative, 3, 8, nil) }, BadMetric, 0},
		"exponential few":     {func(m pmetric.MetricSlice) { addExponential(m, cumulative, 3, 6, nil) }, BadMetric, 0},
		"exponential nan": {func(m pmetric.MetricSlice) {
			addExponential(m, cumulative, 3, 8, func(p exponential) { p.SetSum(math.NaN()) })
		}, "", 1},
		"exponential delta nan": {func(m pmetric.MetricSlice) {
			addExponential(m, delta, 3, 7, func(p exponential) { p.SetSum(math.NaN()) })
		}, NotFinite, 0},
		"exponential huge": {func(m pmetric.MetricSlice) {
			addExponential(m, cumulative, 3, 6, func(p exponential) { p.Positive().BucketCounts().SetAt(0, math.MaxUint64) })
		}, BadMetric, 0},
		"exponential offset": {func(m pmetric.MetricSlice) {
			addExponential(m, cumulative, 3, 7, func(p exponential) { p.Positive().SetOffset(math.MaxInt32) })
		}, BadMetric, 0},
		"exponential stale": {func(m pmetric.MetricSlice) {
			addExponential(m, cumulative, 3, 0, func(p exponential) { p.SetFlags(p.Flags().WithNoRecordedValue(true)) })
		}, "", 1},
		"signs":           {func(m pmetric.MetricSlice) { addSum(m, "%%%", testNow, cumulative, 1) }, BadMetric, 0},
		"underscores":     {func(m pmetric.MetricSlice) { addSum(m, "__", testNow, cumulative, 1) }, BadMetric, 0},
		"Japanese":        {func(m pmetric.MetricSlice) { addSum(m, "注文数", testNow, cumulative, 1) }, "", 1},
		"digits":          {func(m pmetric.MetricSlice) { addSum(m, "%1", testNow, cumulative, 1) }, "", 1},
		"58 minutes late": {func(m pmetric.MetricSlice) { addSum(m, "a", testNow.Add(-58*time.Minute), cumulative, 1) }, "", 1},
		"an hour late":    {func(m pmetric.MetricSlice) { addSum(m, "a", testNow.Add(-time.Hour), cumulative, 1) }, LatePoint, 0},
		"a week late":     {func(m pmetric.MetricSlice) { addSum(m, "a", testNow.Add(-7*24*time.Hour), delta, 1) }, LatePoint, 0},
		"no time":         {func(m pmetric.MetricSlice) { addSum(m, "a", time.Unix(0, 0), delta, 1) }, BadMetric, 0},
		"two values":      {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, cumulative, 1, 2) }, Contradicting, 1},
		"two deltas":      {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, delta, 1, 2) }, Contradicting, 1},
		"one value twice": {func(m pmetric.MetricSlice) { addSum(m, "a", testNow, cumulative, 2, 2) }, "", 2},
		"two metrics": {func(m pmetric.MetricSlice) {
			addSum(m, "a", testNow, cumulative, 1)
			addSum(m, "a", testNow, cumulative, 2)
		}, Contradicting, 1},
		"within a millisecond": {func(m pmetric.MetricSlice) {
			addSum(m, "a", testNow, cumulative, 1)
			addSum(m, "a", testNow.Add(time.Microsecond), cumulative, 2)
		}, Contradicting, 1},
		"two histograms": {func(m pmetric.MetricSlice) { addHistogram(m, cumulative, 1); addHistogram(m, cumulative, 2) }, Contradicting, 1},
		"two exponentials": {func(m pmetric.MetricSlice) {
			addExponential(m, cumulative, 3, 7, nil)
			addExponential(m, cumulative, 4, 7, nil)
		}, Contradicting, 1},
		"two names": {func(m pmetric.MetricSlice) {
			addSum(m, "a", testNow, cumulative, 1)
			addSum(m, "b", testNow, cumulative, 2)
		}, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			md := pmetric.NewMetrics()
			rm := md.ResourceMetrics().AppendEmpty()
			rm.Resource().Attributes().PutStr("service.name", "shop")
			c.fill(rm.ScopeMetrics().AppendEmpty().Metrics())
			sent := md.DataPointCount()
			w := newTestWork(t, Limits{}, Redaction{})
			points := w.normaliseMetrics(md, everyone)
			n, most := w.tally.rejected()
			if points != c.left || md.DataPointCount() != c.left || most != c.reason || int(n) != sent-c.left {
				t.Fatalf("%d points left, %d refused for %q", points, n, most)
			}
			if most != "" && (most.Text().En == "" || most.Text().Ja == "" || most.Stored() || most.Retried() || w.tally.refused[0].example == "") {
				t.Errorf("%+v: %+v", w.tally.refused, most.Text())
			}
			if points == 0 {
				return
			}
			s, err := promtsdb.Open(promtsdb.Options{Dir: t.TempDir(), Clock: clock.NewFake(testNow)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			frame, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Write(t.Context(), telemetry.Metrics, "t", [][]byte{frame}); err != nil {
				t.Errorf("the store refuses what the door took: %v", err)
			}
		})
	}
}

// The same attributes in another order are the same series; others are not.
func TestContradictionIsOfOneSeries(t *testing.T) {
	w := newTestWork(t, Limits{}, Redaction{})
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	to := rm.ScopeMetrics().AppendEmpty().Metrics()
	addSum(to, "a", testNow, cumulative, 1, 2, 3)
	ps := to.At(0).Sum().DataPoints()
	for i, keys := range [][2]string{{"x", "y"}, {"y", "x"}, {"x", "z"}} {
		for _, k := range keys {
			ps.At(i).Attributes().PutStr(k, "v"+k)
		}
	}
	if points := w.normaliseMetrics(md, everyone); points != 2 || ps.At(0).DoubleValue() != 1 || ps.At(1).DoubleValue() != 3 {
		t.Errorf("%d points are left", points)
	}
}
