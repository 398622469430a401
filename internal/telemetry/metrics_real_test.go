package telemetry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/promtsdb"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// The API over the database that serves it: what was written is asked for in PromQL.
func TestMetricsFromTheDatabase(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	c := clock.NewFake(now)
	db, err := promtsdb.Open(promtsdb.Options{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for i := range 61 {
		md := pmetric.NewMetrics()
		telemetrytest.Sum(telemetrytest.Shop(md, "checkout", "a"), "orders", pmetric.AggregationTemporalityCumulative, now.Add(time.Duration(i-60)*15*time.Second), float64(30*i))
		if err := db.Write(t.Context(), telemetry.Metrics, fmt.Sprint(i), [][]byte{telemetrytest.Frame(t, md)}); err != nil {
			t.Fatal(err)
		}
	}
	a := api.New(api.Options{NoAuth: true})
	telemetry.RegisterMetrics(a, telemetry.NewMetricService(db, c))
	h := a.Handler()
	get := func(want int, path string, body any, params ...string) {
		t.Helper()
		q := url.Values{}
		for _, p := range params {
			k, v, _ := strings.Cut(p, "=")
			q.Set(k, v)
		}
		r := httptest.NewRequest("GET", api.Base+path+"?"+q.Encode(), nil)
		r.Host = "localhost"
		r.Header.Set("Accept-Language", "ja")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Fatalf("%s %v: %d: %s", path, params, w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), body); err != nil {
			t.Fatal(err)
		}
	}
	type result struct {
		Type   string
		Series []struct {
			Labels   map[string]string
			Points   [][2]*float64
			Infinite []telemetry.InfinitePoint
		}
		StepNS int64 `json:"step_ns"`
	}

	var names telemetry.MetricNamesBody
	get(http.StatusOK, "/metrics/names", &names, "match=orders")
	if len(names.Items) != 1 || names.Items[0].Type != "counter" || names.Items[0].Series != 1 {
		t.Fatalf("%+v", names)
	}
	name := names.Items[0].Name

	var labels telemetry.MetricLabelsBody
	get(http.StatusOK, "/metrics/labels", &labels, "metric="+name, "from=-10m")
	if !strings.Contains(strings.Join(labels.Items, " "), "job") || labels.More {
		t.Errorf("%+v", labels)
	}
	get(http.StatusOK, "/metrics/labels/values", &labels, "metric="+name, "label=job", "match=CHECK", "from=-10m")
	if len(labels.Items) != 1 || !strings.Contains(labels.Items[0], "checkout") {
		t.Errorf("%+v", labels)
	}
	get(http.StatusOK, "/metrics/labels/values", &labels, "metric=nothing", "label=job", "from=-10m")
	if labels.Items == nil || len(labels.Items) != 0 {
		t.Errorf("%+v", labels)
	}

	var res result
	get(http.StatusOK, "/metrics/query_range", &res, "query=rate("+name+"[1m])", "from=-10m", "step=1m")
	if res.Type != "matrix" || len(res.Series) != 1 || len(res.Series[0].Points) != 11 || res.StepNS != int64(time.Minute) {
		t.Fatalf("%+v", res)
	}
	for i, p := range res.Series[0].Points {
		if want := now.Add(time.Duration(i-10) * time.Minute); int64(*p[0]) != want.UnixMilli() || *p[1] < 1.99 || *p[1] > 2.01 {
			t.Errorf("point %d: %v at %v, want 2 at %d", i, *p[1], *p[0], want.UnixMilli())
		}
	}
	if job := res.Series[0].Labels["job"]; !strings.Contains(job, "checkout") {
		t.Errorf("labels %v", res.Series[0].Labels)
	}

	get(http.StatusOK, "/metrics/query", &res, "query="+name+" / 0")
	if p := res.Series[0]; res.Type != "vector" || p.Points[0][1] != nil || len(p.Infinite) != 1 || p.Infinite[0].Sign != 1 {
		t.Errorf("%+v", res)
	}

	var p api.Problem
	get(http.StatusUnprocessableEntity, "/metrics/query", &p, "query=sum("+name)
	if len(p.Errors) != 1 || p.Errors[0].Location != "query" || p.Errors[0].Pos == nil || p.Errors[0].Message == "" {
		t.Errorf("%+v", p)
	}
}
