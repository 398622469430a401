package shape

import (
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func BenchmarkSpan(b *testing.B) {
	rows := telemetrytest.NewGen(1, time.Unix(1.8e9, 0), time.Second).Spans(nil, 1000)
	var h Shaper
	for b.Loop() {
		for i := range rows {
			h.Span(&rows[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
}

func BenchmarkLog(b *testing.B) {
	rows := telemetrytest.NewGen(1, time.Unix(1.8e9, 0), time.Second).Logs(nil, 1000)
	var h Shaper
	for b.Loop() {
		for i := range rows {
			h.Log(&rows[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
}
