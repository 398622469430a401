package promtsdb

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Clock == nil {
		o.Clock = clock.NewFake(now)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	telemetrytest.RunMetrics(t, func(t *testing.T) telemetrytest.Metrics {
		s := open(t, Options{})
		return telemetrytest.Metrics{Writer: s, Reader: s, Now: now, Deltas: true}
	})
}

func write(t *testing.T, s *Store, token string, fill func(pmetric.MetricSlice)) {
	t.Helper()
	md := pmetric.NewMetrics()
	fill(telemetrytest.Shop(md, "checkout", "a"))
	if err := s.Write(t.Context(), telemetry.Metrics, token, [][]byte{telemetrytest.Frame(t, md)}); err != nil {
		t.Fatalf("%s: %v", token, err)
	}
}

func want(t *testing.T, s *Store, expr string, want float64) {
	t.Helper()
	res, err := s.Query(t.Context(), expr, now)
	if err != nil || len(res.Series) != 1 || res.Series[0].Points[0].Value != want {
		t.Errorf("%s: %+v, %v; want %v", expr, res.Series, err, want)
	}
}

const (
	cumulative = pmetric.AggregationTemporalityCumulative
	delta      = pmetric.AggregationTemporalityDelta
)

// TestSurvivesKill: what Write returned for is in a copy of the folder as it lies there
// while the store is open, late samples and running totals too.
func TestSurvivesKill(t *testing.T) {
	s := open(t, Options{})
	for i := range 50 {
		write(t, s, fmt.Sprint("in-order-", i), func(to pmetric.MetricSlice) {
			telemetrytest.Sum(to, "orders", cumulative, now.Add(time.Duration(i-50)*time.Second), float64(i))
			telemetrytest.Sum(to, "added", delta, now.Add(time.Duration(i-50)*time.Second), 2)
		})
	}
	for i := range 40 {
		write(t, s, fmt.Sprint("late-", i), func(to pmetric.MetricSlice) {
			telemetrytest.Sum(to, "orders", cumulative, now.Add(time.Duration(-10-i)*time.Minute), float64(-i))
		})
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(s.o.Dir)); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(dir, "lock"))
	again := open(t, Options{Dir: dir})
	want(t, again, `count_over_time(orders_total[2h])`, 90)
	want(t, again, `orders_total`, 49)
	want(t, again, `added_total`, 100)
	// The total goes on, and a repetition of what was stored before adds nothing.
	write(t, again, "repeat", func(to pmetric.MetricSlice) {
		telemetrytest.Sum(to, "added", delta, now.Add(-10*time.Second), 2)
	})
	want(t, again, `added_total`, 100)
	write(t, again, "next", func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, 5) })
	want(t, again, `added_total`, 105)
	names, _, err := again.Names(t.Context(), "orders", 10)
	if err != nil || len(names) != 1 || names[0].Kind != telemetry.KindCounter {
		t.Errorf("%+v, %v", names, err)
	}
}

// TestFlushes: every segment that a write touched is flushed, those of a change of
// segment too, and an old one is not flushed again.
func TestFlushes(t *testing.T) {
	dir := t.TempDir()
	l := syncer{dir: filepath.Join(dir, "wal")}
	l.reset()
	if err := l.sync(); err != nil {
		t.Fatal("no folder yet:", err)
	}
	if err := os.Mkdir(l.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(l.dir, fmt.Sprintf("%08d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.sync(); err != nil || l.last != 2 {
		t.Fatal(l.last, err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "00000003"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.sync(); err != nil || l.last != 3 {
		t.Fatal(l.last, err)
	}
	if err := os.Remove(filepath.Join(l.dir, "00000003")); err != nil {
		t.Fatal(err)
	}
	if err := l.sync(); err != nil || l.last != 2 {
		t.Fatal("a segment that went away:", l.last, err)
	}
}

// TestCountsLostLateSamples: the counter that tells that a late sample did not reach its
// log must exist under the name that store looks for.
func TestCountsLostLateSamples(t *testing.T) {
	s := open(t, Options{})
	families, err := s.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == wblFailed {
			return
		}
	}
	t.Errorf("the database has no %s", wblFailed)
}

func TestContradiction(t *testing.T) {
	s := open(t, Options{})
	write(t, s, "one", func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "orders", cumulative, now, 1) })
	md := pmetric.NewMetrics()
	telemetrytest.Sum(telemetrytest.Shop(md, "checkout", "a"), "orders", cumulative, now, 2)
	err := s.Write(t.Context(), telemetry.Metrics, "two", [][]byte{telemetrytest.Frame(t, md)})
	if !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	want(t, s, `orders_total`, 1)
}

// TestNothingOfARefusedBlock: a block with one bad point stores nothing.
func TestNothingOfARefusedBlock(t *testing.T) {
	s := open(t, Options{})
	md := pmetric.NewMetrics()
	to := telemetrytest.Shop(md, "checkout", "a")
	telemetrytest.Sum(to, "good", cumulative, now, 1)
	telemetrytest.Sum(to, "added", delta, now, 1)
	telemetrytest.Sum(to, "bad", cumulative, now.Add(time.Hour), 1)
	if err := s.Write(t.Context(), telemetry.Metrics, "x", [][]byte{telemetrytest.Frame(t, md)}); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	res, err := s.Query(t.Context(), `{__name__=~".+"}`, now)
	if err != nil || len(res.Series) != 0 {
		t.Errorf("%+v, %v", res.Series, err)
	}
	write(t, s, "y", func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "added", delta, now, 1) })
	want(t, s, `added_total`, 1)
}

func TestQueryLimits(t *testing.T) {
	s := open(t, Options{MaxSamples: 50})
	write(t, s, "many", func(to pmetric.MetricSlice) {
		for i := range 100 {
			telemetrytest.Sum(to, "orders", cumulative, now, 1, "n", fmt.Sprint(i))
		}
	})
	if _, err := s.Query(t.Context(), `orders_total`, now); !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
	s = open(t, Options{Timeout: time.Nanosecond})
	if _, err := s.Query(t.Context(), `vector(1)`, now); !fault.Is(err, fault.Timeout) {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	s := open(t, Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Query(t.Context(), `up`, now); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if err := s.Write(t.Context(), telemetry.Metrics, "x", nil); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}
