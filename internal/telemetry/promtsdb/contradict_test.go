package promtsdb

import (
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// Two values for one series and time are never both acknowledged: not in one frame, not
// in two of one block, not when they are late.
func TestContradictionsInABlock(t *testing.T) {
	s := open(t, Options{})
	write(t, s, "newest", func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "orders", cumulative, now, 100) })
	frame := func(name string, at time.Time, values ...float64) []byte {
		md := pmetric.NewMetrics()
		to := telemetrytest.Shop(md, "checkout", "a")
		for _, v := range values {
			telemetrytest.Sum(to, name, cumulative, at, v)
		}
		return telemetrytest.Frame(t, md)
	}
	late := now.Add(-30 * time.Minute)
	for name, c := range map[string]struct {
		frames [][]byte
		ok     bool
	}{
		"in order, one frame":  {[][]byte{frame("a", now, 1, 2)}, false},
		"in order, two frames": {[][]byte{frame("b", now, 1), frame("b", now, 2)}, false},
		"late, one frame":      {[][]byte{frame("orders", late, 1, 2)}, false},
		"late, two frames":     {[][]byte{frame("orders", late, 1), frame("orders", late, 2)}, false},
		"of two names":         {[][]byte{frame("c.d", now, 1), frame("c_d", now, 2)}, false},
		"the same twice":       {[][]byte{frame("e", now, 2, 2), frame("e", now, 2)}, true},
		"late, the same twice": {[][]byte{frame("orders", late, 2), frame("orders", late, 2)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Write(t.Context(), telemetry.Metrics, name, c.frames)
			if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
		})
	}
}

// The same over blocks: a late sample is compared with what earlier blocks stored, in
// memory, in the out-of-order part and after a restart.
func TestLateContradictions(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	block := 0
	send := func(name string, at time.Time, value float64) error {
		md := pmetric.NewMetrics()
		telemetrytest.Sum(telemetrytest.Shop(md, "checkout", "a"), name, cumulative, at, value)
		block++
		return s.Write(t.Context(), telemetry.Metrics, fmt.Sprint("block ", block), [][]byte{telemetrytest.Frame(t, md)})
	}
	must := func(name string, at time.Time, value float64) {
		t.Helper()
		if err := send(name, at, value); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(name string, at time.Time, value float64) {
		t.Helper()
		if err := send(name, at, value); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s at %v = %v: %v", name, at, value, err)
		}
	}
	late := now.Add(-30 * time.Minute)
	must("orders", now.Add(-time.Minute), 5)
	must("orders", now, 10)
	must("orders", late, 3)
	for range 2 {
		refused("orders", now, 11)
		refused("orders", now.Add(-time.Minute), 6) // in order when it was stored
		refused("orders", late, 4)                  // out of order when it was stored
		must("orders", now.Add(-time.Minute), 5)
		must("orders", late, 3)
		must("others", late, 4) // another series
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, Options{Dir: dir})
	}
	must("orders", late.Add(time.Second), 4)
	refused("orders", late.Add(time.Second), 5)
}

// Native histograms come back from the database laid out anew: a repetition is still one.
func TestLateHistograms(t *testing.T) {
	s := open(t, Options{})
	frame := func(at time.Time, counts ...uint64) [][]byte {
		md := pmetric.NewMetrics()
		m := telemetrytest.Shop(md, "checkout", "a").AppendEmpty()
		m.SetName("latency")
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(cumulative)
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Hour)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.Positive().BucketCounts().FromRaw(counts)
		total := uint64(0)
		for _, c := range counts {
			total += c
		}
		p.SetCount(total)
		p.SetSum(float64(total))
		return [][]byte{telemetrytest.Frame(t, md)}
	}
	late := now.Add(-30 * time.Minute)
	for i, c := range []struct {
		frames [][]byte
		ok     bool
	}{
		{frame(late.Add(-time.Minute), 1, 0, 0, 1), true},
		{frame(late, 1, 0, 2, 0, 0, 0, 1), true},
		{frame(now, 2, 1, 2, 3, 4, 5, 6, 7), true}, // has the layout of all before it changed
		{frame(late, 1, 0, 2, 0, 0, 0, 1), true},
		{frame(late.Add(-time.Minute), 1, 0, 0, 1), true},
		{frame(late, 1, 0, 2, 0, 0, 0, 2), false},
		{frame(late.Add(-time.Minute), 1, 1, 0, 0), false},
	} {
		err := s.Write(t.Context(), telemetry.Metrics, fmt.Sprint(i), c.frames)
		if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.Invalid) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
