package promtsdb

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// Queries that would take more memory than there is are refused before they are
// evaluated, with their place; those that people write are answered.
func TestSubqueryBombs(t *testing.T) {
	s := open(t, Options{})
	write(t, s, "one", func(to pmetric.MetricSlice) {
		telemetrytest.Sum(to, "orders", cumulative, now.Add(-time.Minute), 1)
	})
	day := telemetry.Range{From: now.Add(-24 * time.Hour), To: now}
	for expr, ok := range map[string][2]bool{ // at an instant, over a day by the minute
		`max_over_time(vector(1)[100y:1ms])`: {false, false},
		`vector(1)[1d:1ms]`:                  {false, false},
		`vector(1)[100y:]`:                   {false, false},
		`sum(max_over_time((max_over_time(vector(1)[1d:1ms]))[1d:1h]))`:                       {false, false},
		`max_over_time(max_over_time(max_over_time(vector(1)[1d:10s])[1d:10s])[1d:10s])`:      {false, false},
		`max_over_time(max_over_time(vector(1)[7d:1m])[7d:1m])`:                               {false, false},
		`max_over_time(max_over_time(vector(1)[1s:1ms])[7d:1m])`:                              {false, false},
		`max_over_time(vector(1)[10s:1ms])`:                                                   {true, false},
		`max_over_time(vector(1)[10s:1ms] @ end())`:                                           {true, false},
		`max_over_time(vector(1)[292y:1s] offset 292y)`:                                       {false, false},
		`vector(1) + ` + strings.Repeat(`max_over_time(vector(1)[7d:1m]) + `, 20) + `1`:       {false, false},
		strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000):                           {false, false},
		strings.Repeat("-", 5000) + "vector(1)":                                               {false, false},
		strings.Repeat("1 +", 20_000) + "1":                                                   {false, false},
		`max_over_time(rate(orders_total[5m])[1h:1m])`:                                        {true, true},
		`max_over_time(vector(1)[30d:5m])`:                                                    {true, true},
		`max_over_time(vector(1)[7d:])`:                                                       {true, true},
		`avg_over_time(max_over_time(rate(orders_total[5m])[1h:1m])[1d:5m])`:                  {true, true},
		`sum(rate(orders_total[5m])) / sum(rate(orders_total[30d])) > 0 or vector(1) ^ 2 - 1`: {true, true},
		`max_over_time(orders_total[100y])`:                                                   {true, true},
	} {
		for i, ask := range []func() error{
			func() error { _, err := s.Query(t.Context(), expr, now); return err },
			func() error { _, err := s.QueryRange(t.Context(), expr, day, time.Minute); return err },
		} {
			before, began := allocated(), time.Now()
			err := ask()
			used, took := allocated()-before, time.Since(began)
			if ok[i] != (err == nil) {
				t.Errorf("%.80s (%d): %v", expr, i, err)
			}
			if err == nil {
				if used > 100<<20 || took > 10*time.Second {
					t.Errorf("%.80s (%d): %d MB, %v", expr, i, used>>20, took)
				}
				continue
			}
			f := fault.Of(err)
			if f.Code != fault.Invalid || f.Field != "query" || f.Text.Ja == "" || strings.Contains(expr, "[") && f.End <= f.Pos {
				t.Errorf("%.80s (%d): %+v", expr, i, f)
			}
			if used > 32<<20 || took > time.Second {
				t.Errorf("%.80s (%d): refused after %d MB, %v", expr, i, used>>20, took)
			}
		}
	}
}

// Whatever nests in whatever: an answer or a refusal, in bounded memory.
func TestSubqueriesAreBounded(t *testing.T) {
	s := open(t, Options{})
	durations := []string{"1ms", "10ms", "1s", "15s", "1m", "5m", "1h", "1d", "7d", "30d", "1y", "100y"}
	refused, answered := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		expr := "vector(1)"
		for range rapid.IntRange(1, 4).Draw(t, "depth") {
			span, step := rapid.SampledFrom(durations).Draw(t, "range"), rapid.SampledFrom(append(durations[:8:8], "")).Draw(t, "step")
			expr = fmt.Sprintf("max_over_time(%s[%s:%s])", expr, span, step)
			if rapid.IntRange(0, 5).Draw(t, "twice") == 0 {
				expr = "(" + expr + " + " + expr + ")"
			}
		}
		steps := rapid.SampledFrom([]int{0, 10, 1000, 10_000}).Draw(t, "steps")
		step := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour}).Draw(t, "query step")
		before := allocated()
		var err error
		if steps == 0 {
			_, err = s.Query(t.Context(), expr, now)
		} else {
			_, err = s.QueryRange(t.Context(), expr, telemetry.Range{From: now.Add(-step * time.Duration(steps)), To: now}, step)
		}
		if used := allocated() - before; used > 200<<20 {
			t.Fatalf("%s (%d steps of %v): %d MB, %v", expr, steps, step, used>>20, err)
		}
		if err == nil {
			answered++
		} else if refused++; fault.Of(err).Field != "query" {
			t.Fatalf("%s: %v", expr, err)
		}
	})
	if answered < 5 || refused < 5 {
		t.Errorf("%d answered, %d refused", answered, refused)
	}
}
