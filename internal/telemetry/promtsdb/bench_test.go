package promtsdb

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// BenchmarkWrite stores blocks of 10,000 points of 10,000 series, 15 s apart.
func BenchmarkWrite(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	start := time.Now().Add(-time.Hour)
	const points = 10_000
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		frames := block(b, start.Add(time.Duration(n)*15*time.Second), points)
		b.StartTimer()
		n++
		if err := s.Write(b.Context(), telemetry.Metrics, strconv.Itoa(n), frames); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(points*n)/b.Elapsed().Seconds(), "points/s")
}

// BenchmarkWriteLate does the same with points that are all late: each is looked up.
func BenchmarkWriteLate(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const points = 10_000
	end := time.Now()
	if err := s.Write(b.Context(), telemetry.Metrics, "newest", block(b, end, points)); err != nil {
		b.Fatal(err)
	}
	start := end.Add(-50 * time.Minute)
	n := 0
	for b.Loop() {
		b.StopTimer()
		frames := block(b, start.Add(time.Duration(n)*5*time.Second), points)
		b.StartTimer()
		n++
		if err := s.Write(b.Context(), telemetry.Metrics, strconv.Itoa(n), frames); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(points*n)/b.Elapsed().Seconds(), "points/s")
}

func block(t testing.TB, at time.Time, points int) [][]byte {
	var frames [][]byte
	for f := range points / 500 {
		md := pmetric.NewMetrics()
		to := telemetrytest.Shop(md, fmt.Sprint("service-", f%7), fmt.Sprint("pod-", f))
		for i := range 500 {
			telemetrytest.Sum(to, fmt.Sprint("requests.", i%20), cumulative, at, float64(at.Unix()%1e6+int64(i)),
				"http.route", fmt.Sprint("/api/", i/20), "http.request.method", "GET")
		}
		frames = append(frames, telemetrytest.Frame(t, md))
	}
	return frames
}

// TestMemory prints what the store adds to the process: empty, and with a number of
// series alive. It asserts the empty one, which everybody pays.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	before := heap()
	s := open(t, Options{})
	empty := heap() - before
	at := now.Add(-10 * time.Minute)
	for i := range 5 {
		if err := s.Write(t.Context(), telemetry.Metrics, strconv.Itoa(i), block(t, at.Add(time.Duration(i)*15*time.Second), 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	full := heap() - before
	t.Logf("empty %.1f MB, 10,000 series with 5 samples each %.1f MB, resident %s", mb(empty), mb(full), resident())
	if empty > 8<<20 {
		t.Errorf("an empty store takes %.1f MB", mb(empty))
	}
}

func mb(n int64) float64 { return float64(n) / (1 << 20) }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func resident() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
