package promtsdb

import (
	"math"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// Deltas that no total recovers from are refused for good, with a reason that can be read,
// and harm neither what is stored nor what comes after.
func TestUnsummableDeltas(t *testing.T) {
	s := open(t, Options{})
	write(t, s, "before", func(to pmetric.MetricSlice) {
		telemetrytest.Sum(to, "added", delta, now.Add(-20e9), math.MaxFloat64)
	})
	exponential := func(to pmetric.MetricSlice, sum float64) {
		m := to.AppendEmpty()
		m.SetName("sizes")
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(delta)
		p := m.ExponentialHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
		p.SetCount(1)
		p.SetZeroCount(1)
		p.SetSum(sum)
	}
	for name, fill := range map[string]func(pmetric.MetricSlice){
		"infinity":           func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, math.Inf(1)) },
		"-infinity":          func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, math.Inf(-1)) },
		"nan":                func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, math.NaN()) },
		"overflow":           func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, math.MaxFloat64) },
		"histogram infinity": func(to pmetric.MetricSlice) { exponential(to, math.Inf(1)) },
		"histogram nan":      func(to pmetric.MetricSlice) { exponential(to, math.NaN()) },
	} {
		t.Run(name, func(t *testing.T) {
			md := pmetric.NewMetrics()
			fill(telemetrytest.Shop(md, "checkout", "a"))
			err := s.Write(t.Context(), telemetry.Metrics, name, [][]byte{telemetrytest.Frame(t, md)})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "delta temporality") {
				t.Errorf("%v", err)
			}
		})
	}
	want(t, s, "added_total", math.MaxFloat64)
	write(t, s, "after", func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, -math.MaxFloat64) })
	want(t, s, "added_total", 0)
}
