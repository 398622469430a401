package promtsdb

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// TestMend cuts the logs at many places, as a crash could: the store opens, and has what
// was written whole before the cut and nothing else.
func TestMend(t *testing.T) {
	s := open(t, Options{})
	var sizes []int64 // of the log after each write
	segment := func(dir string) string {
		_, last, err := wlog.Segments(filepath.Join(dir, "wal"))
		if err != nil {
			t.Fatal(err)
		}
		return wlog.SegmentName(filepath.Join(dir, "wal"), last)
	}
	for i := range 30 {
		write(t, s, fmt.Sprint(i), func(to pmetric.MetricSlice) {
			for j := range 20 {
				telemetrytest.Sum(to, "orders", cumulative, now, 1, "n", fmt.Sprint(i, "-", j))
			}
		})
		info, err := os.Stat(segment(s.o.Dir))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	for _, i := range []int{0, 7, 15, 29} {
		for _, cut := range []int64{0, 1, 9} {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(s.o.Dir)); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(dir, "lock"))
			if err := os.Truncate(segment(dir), sizes[i]-cut); err != nil {
				t.Fatal(err)
			}
			whole := i + 1
			if cut > 0 {
				whole = i
			}
			again := open(t, Options{Dir: dir})
			res, err := again.Query(t.Context(), `count(orders_total)`, now)
			got := 0.0
			if err == nil && len(res.Series) == 1 {
				got = res.Series[0].Points[0].Value
			}
			if err != nil || got != float64(whole*20) {
				t.Errorf("cut %d bytes into write %d: %v series, want %d; %v", cut, i, got, whole*20, err)
			}
			write(t, again, "after", func(to pmetric.MetricSlice) { telemetrytest.Sum(to, "after", cumulative, now, 7) })
			want(t, again, `after_total`, 7)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			third := open(t, Options{Dir: dir})
			want(t, third, `after_total`, 7)
		}
	}
}

// TestUpkeep: hours of samples become blocks on disk, are all still there, after a start
// too, and go when their time is over.
func TestUpkeep(t *testing.T) {
	fake := clock.NewFake(now)
	s := open(t, Options{Clock: fake, Retention: 24 * time.Hour})
	put := func(s *Store, hours int) {
		for range hours * 4 {
			write(t, s, fake.Now().String(), func(to pmetric.MetricSlice) {
				for range 15 {
					fake.Advance(time.Minute)
					telemetrytest.Sum(to, "orders", cumulative, fake.Now(), float64(fake.Now().Unix()))
				}
			})
		}
		if err := s.maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	count := func(s *Store) float64 {
		res, err := s.Query(t.Context(), `count_over_time(orders_total[30d])`, fake.Now())
		if err != nil || len(res.Series) != 1 {
			t.Fatalf("%+v, %v", res, err)
		}
		return res.Series[0].Points[0].Value
	}
	put(s, 9)
	if n := len(s.db.Blocks()); n == 0 {
		t.Error("nine hours and no block")
	}
	if n := count(s); n != 9*60 {
		t.Errorf("%v samples", n)
	}
	r := telemetry.Range{From: now, To: now.Add(time.Hour)}
	if v, err := s.LabelValues(t.Context(), "job", r, nil); err != nil || len(v) != 1 {
		t.Errorf("a block's labels: %q, %v", v, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, Options{Dir: s.o.Dir, Clock: fake, Retention: 24 * time.Hour})
	if n := count(s); n != 9*60 {
		t.Errorf("%v samples after a start", n)
	}
	put(s, 40)
	if n := count(s); n < 24*60 || n > 36*60 {
		t.Errorf("%v samples of two days, where one is kept", n)
	}
}
