package telemetry

import (
	"context"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"pgregory.net/rapid"
)

// metricMemory answers what a test gave it and keeps what was asked.
type metricMemory struct {
	MetricReader // what this room does not ask panics
	result       MetricResult
	names        []MetricName
	asked        string
}

func (m *metricMemory) Names(_ context.Context, match string, limit int) ([]MetricName, bool, error) {
	m.asked = fmt.Sprintf("%q %d", match, limit)
	return m.names[:min(limit, len(m.names))], len(m.names) > limit, nil
}

func (m *metricMemory) Query(_ context.Context, expr string, at time.Time) (MetricResult, error) {
	m.asked = fmt.Sprint(expr, " ", at.Format(time.RFC3339))
	return m.result, nil
}

func (m *metricMemory) QueryRange(_ context.Context, expr string, r Range, step time.Duration) (MetricResult, error) {
	m.asked = fmt.Sprint(expr, " ", r.From.Format(time.TimeOnly), " ", r.To.Format(time.TimeOnly), " ", step)
	return m.result, nil
}

func metricHouse(m *metricMemory) *house {
	a := api.New(api.Options{NoAuth: true})
	RegisterMetrics(a, NewMetricService(m, clock.NewFake(now)))
	return &house{handler: a.Handler()}
}

func TestMetricsOnTheWire(t *testing.T) {
	at := now.UnixNano()
	m := &metricMemory{
		names: []MetricName{{Name: "up", Family: "up", Kind: KindGauge, Series: 3}, {Name: "x_total"}},
		result: MetricResult{Type: "matrix", Series: []MetricSeries{
			{Labels: []Attr{{"__name__", "x"}, {"job", "a"}}, Points: []MetricPoint{
				{at, 1.5}, {at + 1e9, math.NaN()}, {at + 2e9, math.Inf(-1)}, {at + 3e9, 1e300}, {at + 4e9, -3e-9}, {at + 5e9, 12345678901},
			}},
			{Histograms: []MetricHistogramPoint{{Time: at, Count: 3, Sum: math.NaN(), Buckets: []MetricBucket{{Lower: math.Inf(-1), Upper: 0.5, UpperInclusive: true, Count: 3}}}}},
		}},
	}
	h := metricHouse(m)
	raw := func(path string) string {
		t.Helper()
		r := httptest.NewRequest("GET", api.Base+path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("%s: %d: %s", path, w.Code, w.Body)
		}
		return strings.TrimSpace(w.Body.String())
	}
	ms := at / 1e6
	want := fmt.Sprintf(`{"type":"matrix","series":[{"labels":{"__name__":"x","job":"a"},"points":[[%d,1.5],[%d,null],[%d,null],[%d,1e+300],[%d,-3e-09],[%d,12345678901]],`+
		`"infinite":[{"time_ms":%d,"sign":-1}]},{"labels":{},"points":[],"histograms":[{"time_ms":%d,"count":3,"sum":null,`+
		`"buckets":[{"lower":null,"upper":0.5,"lower_inclusive":false,"upper_inclusive":true,"count":3}]}]}],"step_ns":15000000000,"warnings":[]}`,
		ms, ms+1000, ms+2000, ms+3000, ms+4000, ms+5000, ms+2000, ms)
	if got := raw("/metrics/query_range?query=x"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if m.asked != "x 08:00:00 09:00:00 15s" {
		t.Errorf("asked %s", m.asked)
	}
	raw("/metrics/query_range?query=x&from=-1d&step=60")
	if m.asked != "x 09:00:00 09:00:00 1m0s" {
		t.Errorf("asked %s", m.asked)
	}
	raw("/metrics/query?query=sum(x)&time=-1h")
	if m.asked != "sum(x) 2026-11-22T08:00:00Z" {
		t.Errorf("asked %s", m.asked)
	}
	if got, want := raw("/metrics/names?match=u&limit=1"), `{"items":[{"name":"up","family":"up","type":"gauge","unit":"","help":"","series":3}],"more":true}`; got != want || m.asked != `"u" 1` {
		t.Errorf("got %s, want %s; asked %s", got, want, m.asked)
	}
}

func TestMetricRefusals(t *testing.T) {
	h := metricHouse(&metricMemory{})
	for path, field := range map[string]string{
		"/metrics/query":                                     "query",
		"/metrics/query?query=+":                             "query",
		"/metrics/query?query=x&time=soon":                   "time",
		"/metrics/query_range?query=x&step=often":            "step",
		"/metrics/query_range?query=x&step=-5":               "step",
		"/metrics/query_range?query=x&step=NaN":              "step",
		"/metrics/query_range?query=x&step=1ns":              "step",
		"/metrics/query_range?query=x&from=-7d&step=1s":      "step",
		"/metrics/query_range?query=x&from=now":              "from",
		"/metrics/query_range?query=x&step=999999999999999d": "step",
		"/metrics/query_range?query=x&step=1e300":            "step",
		"/metrics/names?limit=0":                             "limit",
	} {
		r := httptest.NewRequest("GET", api.Base+path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != 422 || !strings.Contains(w.Body.String(), `"location":"`+field+`"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestRoundStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := time.Duration(rapid.Int64Range(1, int64(200*365*24*time.Hour)).Draw(t, "span"))
		points := rapid.IntRange(1, MaxPoints).Draw(t, "points")
		step := RoundStep(span, points)
		if step < time.Second || (span+step-1)/step > time.Duration(points) {
			t.Fatalf("%s in %s has more than %d parts", span, step, points)
		}
	})
	for span, want := range map[time.Duration]time.Duration{time.Minute: time.Second, time.Hour: 15 * time.Second, 24 * time.Hour: 10 * time.Minute, 365 * 24 * time.Hour: 48 * time.Hour} {
		if got := RoundStep(span, usualPoints); got != want {
			t.Errorf("%s: %s, want %s", span, got, want)
		}
	}
}
