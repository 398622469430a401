package catalog

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"pgregory.net/rapid"
)

func TestRank(t *testing.T) {
	stats := []telemetry.ServiceStat{
		{Service: "quiet", Logs: 5},
		{Service: "worker", Spans: 90, Logs: 9, ErrorLogs: 3},
		{Service: "nightly", Requests: 1, P95: 3600e9},
		{Service: "slow", Requests: 100_000, P95: 0.9e9},
		{Service: "quick", Requests: 100_000, P95: 0.01e9},
		{Service: "lone", Requests: 1, Errors: 1, P95: 1e9},
		{Service: "outage", Requests: 5000, Errors: 400, P95: 1e9},
		{Service: "batch", Env: "prod"},
		{Service: "batch", Env: "dev"},
		{Service: "nan", P95: math.NaN()},
	}
	want := "outage lone slow nightly quick worker quiet batch/dev batch/prod nan"
	for range 20 {
		Rank(stats)
		if got := names(stats); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		slices.Reverse(stats)
	}
}

func names(stats []telemetry.ServiceStat) string {
	var out []string
	for _, s := range stats {
		name := s.Service
		if s.Env != "" {
			name += "/" + s.Env
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// The order does not depend on the order before, whatever the numbers are.
func TestRankIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stats := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) telemetry.ServiceStat {
			return telemetry.ServiceStat{
				Service: rapid.StringMatching(`[a-c]`).Draw(t, "service"), Env: rapid.StringMatching(`[x-y]`).Draw(t, "env"),
				Requests: rapid.Uint64Range(0, 3).Draw(t, "requests"), Errors: rapid.Uint64Range(0, 2).Draw(t, "errors"),
				P95:       rapid.SampledFrom([]float64{0, 1, 2, math.NaN(), math.Inf(1)}).Draw(t, "p95"),
				ErrorLogs: rapid.Uint64Range(0, 1).Draw(t, "error logs"), Logs: rapid.Uint64Range(0, 2).Draw(t, "logs"),
			}
		}), 0, 12).Draw(t, "stats")
		shuffled := rapid.Permutation(stats).Draw(t, "shuffled")
		Rank(stats)
		Rank(shuffled)
		if names(stats) != names(shuffled) {
			t.Fatalf("%s and %s", names(stats), names(shuffled))
		}
		if !slices.IsSortedFunc(stats, func(a, b telemetry.ServiceStat) int { return int(b.Errors) - int(a.Errors) }) {
			t.Fatalf("not by failed requests: %+v", stats)
		}
	})
}

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

type reader struct {
	stats []telemetry.ServiceStat
	r     telemetry.Range
	env   string
	steps int
}

func (r *reader) Services(_ context.Context, rng telemetry.Range, env string, steps int) ([]telemetry.ServiceStat, error) {
	r.r, r.env, r.steps = rng, env, steps
	return slices.Clone(r.stats), nil
}

func (r *reader) Environments(_ context.Context, rng telemetry.Range) ([]string, error) {
	r.r = rng
	return []string{"", "dev", "prod"}, nil
}

func get(t *testing.T, r *reader, path string, want int, body any) string {
	t.Helper()
	a := api.New(api.Options{NoAuth: true})
	Register(a, NewService(r, clock.NewFake(now)))
	req := httptest.NewRequest("GET", api.Base+path, nil)
	req.Host = "localhost"
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, req)
	if w.Code != want {
		t.Fatalf("%s: %d: %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), body); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(w.Body.String())
}

func TestServices(t *testing.T) {
	r := &reader{stats: []telemetry.ServiceStat{
		{Service: "b", LastSeen: now.UnixNano(), P50: math.NaN()},
		{
			Service: "a", Env: "prod", Requests: 10, Errors: 1, P50: 1.4, P95: 2.5, P99: math.Inf(1), Spans: 30, Logs: 5, ErrorLogs: 2,
			LastSeen: now.UnixNano() - 1, Versions: []string{"2", "1"},
			Series: telemetry.ServiceSeries{Step: time.Minute, Requests: []uint64{4, 6}, Errors: []uint64{0, 1}, P95: []float64{1.5, 0}},
		},
	}}
	var body api.List[ServiceView]
	got := get(t, r, "/services?from=-2m&env=prod&steps=2", http.StatusOK, &body)
	want := `{"items":[` +
		`{"service":"a","env":"prod","requests":10,"errors":1,"p50_ns":1,"p95_ns":3,"p99_ns":4611686018427387904,"spans":30,"logs":5,"error_logs":2,` +
		`"last_seen":"2026-11-22T08:59:59.999999999Z","versions":["2","1"],"series":{"step_ns":60000000000,"requests":[4,6],"errors":[0,1],"p95_ns":[2,0]}},` +
		`{"service":"b","env":"","requests":0,"errors":0,"p50_ns":0,"p95_ns":0,"p99_ns":0,"spans":0,"logs":0,"error_logs":0,` +
		`"last_seen":"2026-11-22T09:00:00Z","versions":[],"series":{"step_ns":0,"requests":[],"errors":[],"p95_ns":[]}}],"next":""}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.env != "prod" || r.steps != 2 || !r.r.From.Equal(now.Add(-2*time.Minute)) || !r.r.To.Equal(now) {
		t.Errorf("asked for %+v", r)
	}
	get(t, r, "/services", http.StatusOK, &body)
	if r.env != "" || r.steps != 30 || !r.r.From.Equal(now.Add(-time.Hour)) {
		t.Errorf("asked by default for %+v", r)
	}
	var p api.Problem
	for _, path := range []string{"/services?from=now", "/services?steps=201", "/services?steps=0", "/environments?from=now&to=-1h"} {
		if get(t, r, path, http.StatusUnprocessableEntity, &p); p.Code != "invalid" {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

func TestEnvironments(t *testing.T) {
	r := &reader{}
	var body api.List[string]
	if get(t, r, "/environments?from=-7d", http.StatusOK, &body); !slices.Equal(body.Items, []string{"", "dev", "prod"}) {
		t.Errorf("%+v", body)
	}
	if !r.r.From.Equal(now.Add(-7 * 24 * time.Hour)) {
		t.Errorf("from %s", r.r.From)
	}
}
