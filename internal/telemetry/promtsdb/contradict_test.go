package promtsdb

import (
	"testing"
	"time"

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
