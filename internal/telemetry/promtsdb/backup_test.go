package promtsdb

import (
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// A snapshot has the samples that are in memory alone, late ones too.
func TestSnapshot(t *testing.T) {
	s := open(t, Options{})
	for i, ago := range []time.Duration{10 * time.Second, 5 * time.Second, 20 * time.Minute, 0} {
		write(t, s, string(rune('a'+i)), func(to pmetric.MetricSlice) {
			telemetrytest.Sum(to, "kept", pmetric.AggregationTemporalityCumulative, now.Add(-ago), float64(10-i))
		})
	}
	want(t, s, "count_over_time(kept_total[1h])", 4)
	dir := filepath.Join(s.o.Dir, "snapshots")
	if n, err := s.Snapshot(t.Context(), dir); err != nil || n < 4 {
		t.Fatal(n, err)
	}
	want(t, s, "count_over_time(kept_total[1h])", 4)
	again := open(t, Options{Dir: dir})
	want(t, again, "count_over_time(kept_total[1h])", 4)
}
