package promremote

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func open(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.NewFake(now)
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	for name, accept := range map[string][]remoteapi.WriteMessageType{
		"2.0": {remoteapi.WriteV2MessageType, remoteapi.WriteV1MessageType},
		"1.0": {remoteapi.WriteV1MessageType},
	} {
		t.Run(name, func(t *testing.T) {
			telemetrytest.RunMetrics(t, func(t *testing.T) telemetrytest.Metrics {
				srv := serve(t, accept...)
				t.Cleanup(func() {
					if n := len(srv.writes); n > 0 && (srv.writes[n-1] == "2.0.0") != (name == "2.0") {
						t.Errorf("wrote with %q", srv.writes)
					}
				})
				s := open(t, Options{URL: srv.URL + "/prom", Client: srv.Client(), Batch: 7})
				return telemetrytest.Metrics{Writer: s, Reader: s, Now: now}
			})
		})
	}
}

func frame(t *testing.T) [][]byte {
	t.Helper()
	md := pmetric.NewMetrics()
	to := telemetrytest.Shop(md, "checkout", "a")
	telemetrytest.Sum(to, "orders", pmetric.AggregationTemporalityCumulative, now, 1)
	return [][]byte{telemetrytest.Frame(t, md)}
}

// TestWhatToDoNext: each way to fail says whether the rows are to blame, and when to come
// back.
func TestWhatToDoNext(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		code   fault.Code
		after  time.Duration
	}{
		{400, "", fault.Invalid, 0}, {413, "", fault.Invalid, 0}, {422, "", fault.Invalid, 0},
		{401, "", fault.Unavailable, 30 * time.Second}, {403, "", fault.Unavailable, 30 * time.Second},
		{404, "", fault.Unavailable, 30 * time.Second}, {415, "", fault.Unavailable, 30 * time.Second},
		{429, "", fault.Overloaded, 5 * time.Second}, {429, "17", fault.Overloaded, 17 * time.Second}, {429, "86400", fault.Overloaded, 5 * time.Minute},
		{500, "", fault.Unavailable, 5 * time.Second}, {503, "9", fault.Unavailable, 9 * time.Second},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, "out of order sample for series x")
		}))
		s := open(t, Options{URL: srv.URL, Client: srv.Client()})
		err := s.Write(t.Context(), telemetry.Metrics, "x", frame(t))
		f := fault.Of(err)
		if f == nil || f.Code != c.code || f.RetryAfter != c.after {
			t.Errorf("%d %s: %+v", c.status, c.header, f)
		}
		if c.code == fault.Invalid && !strings.Contains(f.Text.En, "out of order") {
			t.Errorf("%d: %s", c.status, f.Text)
		}
		if _, err := s.Query(t.Context(), `up`, now); err == nil {
			t.Errorf("%d: a query is answered", c.status)
		}
		srv.Close()
		if err := s.Write(t.Context(), telemetry.Metrics, "x", frame(t)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("nobody there: %v", err)
		}
		if _, err := s.Query(t.Context(), `up`, now); !fault.Is(err, fault.Unavailable) {
			t.Errorf("nobody there: %v", err)
		}
	}
}

// TestSilentOldServer: a server of remote write 1.0 takes a message of 2.0, finds nothing
// in it and says yes.
func TestSilentOldServer(t *testing.T) {
	var versions []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		versions = append(versions, r.Header.Get("X-Prometheus-Remote-Write-Version"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	s := open(t, Options{URL: srv.URL, Client: srv.Client()})
	for range 2 {
		if err := s.Write(t.Context(), telemetry.Metrics, "x", frame(t)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(versions, []string{"2.0.0", "0.1.0", "0.1.0"}) {
		t.Error(versions)
	}
}

func TestHeadersAndAddresses(t *testing.T) {
	var seen []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("X-Scope-Orgid"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	s := open(t, Options{URL: srv.URL + "/prometheus/", WriteURL: srv.URL + "/push", Client: srv.Client(), Header: http.Header{"X-Scope-Orgid": {"shop"}}})
	_ = s.Write(t.Context(), telemetry.Metrics, "x", frame(t))
	_, _ = s.LabelValues(t.Context(), "支払い方法", telemetry.Range{From: now, To: now}, nil)
	want := []string{"/push shop", "/push shop", "/prometheus/api/v1/label/U___652f__6255__3044__65b9__6cd5_/values shop"}
	if !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
	for _, u := range []string{"", "mimir:9009", "ftp://x", "http://"} {
		if _, err := Open(Options{URL: u, Client: srv.Client()}); err == nil {
			t.Errorf("%q is taken for an address", u)
		}
	}
}

// TestAnswers: what a server may say to a query, and what it is for the asker.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		code   fault.Code
	}{
		{503, `{"status":"error","errorType":"timeout","error":"query timed out"}`, fault.Timeout},
		{422, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}`, fault.TooLarge},
		{422, `{"status":"error","errorType":"execution","error":"many-to-many"}`, fault.Invalid},
		{400, `{"status":"error","errorType":"bad_data","error":"unknown function"}`, fault.Invalid},
		{429, `{"status":"error","errorType":"too_many_requests","error":"slow down"}`, fault.Overloaded},
		{500, `<html>`, fault.Unavailable},
		{200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}`, fault.Unavailable},
		{200, `{"status":"success","data":{"resultType":"novel","result":[]}}`, fault.Unavailable},
		{200, ``, fault.Unavailable},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		s := open(t, Options{URL: srv.URL, Client: srv.Client()})
		if _, err := s.Query(t.Context(), `up`, now); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", c.body, err)
		}
		srv.Close()
	}
}

// TestNamesOfAHugeStore: too many series to count are listed without their number.
func TestNamesOfAHugeStore(t *testing.T) {
	srv := serve(t, remoteapi.WriteV2MessageType)
	srv.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/prom/api/v1/query" {
			return false
		}
		bad(w, 422, "execution", fmt.Errorf("query processing would load too many samples into memory"))
		return true
	}
	s := open(t, Options{URL: srv.URL + "/prom", Client: srv.Client()})
	md := pmetric.NewMetrics()
	telemetrytest.Sum(telemetrytest.Shop(md, "checkout", "a"), "orders", pmetric.AggregationTemporalityCumulative, now.Add(-time.Second), 1)
	if err := s.Write(t.Context(), telemetry.Metrics, "x", [][]byte{telemetrytest.Frame(t, md)}); err != nil {
		t.Fatal(err)
	}
	names, more, err := s.Names(t.Context(), "ORDERS", 10)
	if err != nil || more || len(names) != 1 || names[0].Name != "orders_total" || names[0].Series != 0 || names[0].Kind != telemetry.KindCounter {
		t.Errorf("%+v, %v, %v", names, more, err)
	}
}
