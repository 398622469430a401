package demo

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/yagura-sre/yagura/demo/kit"
)

// By the machine's clock: real listeners, real waits, the SDK's own batching.
func TestALiveShopSendsAllSignalsOfAllServices(t *testing.T) {
	r := receive(t)
	shop, err := Open(t.Context(), Options{Endpoint: r.URL, Rate: 3000, Seed: 3, Flaws: standing(), size: small})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	shop.Run(ctx)
	ask(t, shop, "GET", "/app/search?q=tea")
	for range 10 { // what a crowd does in four seconds is left to chance; this is not
		for _, path := range []string{"/checkout?product=3&coupon=AKI10", "/app/checkout?product=4"} {
			if status := ask(t, shop, "POST", path); status != http.StatusCreated {
				t.Fatalf("POST %s: %d", path, status)
			}
		}
	}
	if err := shop.Close(t.Context()); err != nil {
		t.Error(err)
	}
	kinds, services := map[ptrace.SpanKind]int{}, map[string]int{}
	for _, s := range r.spans {
		kinds[s.Kind()]++
		services[s.service]++
		if s.Kind() == ptrace.SpanKindConsumer && s.Links().Len() != 1 {
			t.Errorf("%s has %d links", s.Name(), s.Links().Len())
		}
	}
	logs, metrics := map[string]int{}, map[string]int{}
	for _, l := range r.records {
		logs[l.service]++
	}
	for _, m := range r.samples {
		metrics[m.service]++
	}
	for _, u := range usual {
		if services[u.name] == 0 || metrics[u.name] == 0 || logs[u.name] == 0 && u.name != "inventory" {
			t.Errorf("%s sent %d spans, %d logs, %d samples", u.name, services[u.name], logs[u.name], metrics[u.name])
		}
	}
	for _, k := range []ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindClient, ptrace.SpanKindProducer, ptrace.SpanKindConsumer, ptrace.SpanKindInternal} {
		if kinds[k] == 0 {
			t.Errorf("no %s span", k)
		}
	}
	// A checkout crosses all but the catalog.
	widest, user := 0, false
	for _, spans := range r.traces() {
		names := map[string]bool{}
		for _, s := range spans {
			names[s.service] = true
			user = user || s.service == "payment" && s.attr("user.id") != ""
		}
		widest = max(widest, len(names))
	}
	if widest < 4 || !user {
		t.Errorf("the widest trace crosses %d services; payment knows the user: %v", widest, user)
	}
}

// ask sends a request to the storefront as a visitor would.
func ask(t *testing.T, shop *Shop, method, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://storefront:8080"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "session=u-0008")
	resp, err := (&http.Client{Transport: shop.world.Transport()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestFlawsAreSwitchedOverHTTPAndReleased(t *testing.T) {
	r := receive(t)
	shop, err := Open(t.Context(), Options{Endpoint: r.URL, Flaws: []string{"n_plus_one_query", "missing_index"}, size: small})
	if err != nil {
		t.Fatal(err)
	}
	addr, stop, err := shop.ListenAdmin("")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	pages := func() {
		ask(t, shop, "GET", "/search?q=%E8%8C%B6")
		ask(t, shop, "GET", "/orders/search?phone=0300010037")
	}
	pages()
	resp, err := http.Post(addr+"/flaws", "application/json", strings.NewReader(`{"on":["error_burst"],"off":["n_plus_one_query","missing_index"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		On       []string
		Released map[string]string
	}
	if err := json.NewDecoder(resp.Body).Decode(&told); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if !slices.Equal(told.On, []string{"error_burst"}) || len(told.Released) != 3 || told.Released["catalog"] != "1.8.4" {
		t.Errorf("it says %+v", told)
	}
	pages()
	if status := ask(t, shop, "POST", "/checkout?product=1&coupon=AKI10"); status != http.StatusInternalServerError {
		t.Errorf("the broken coupon gives %d", status)
	}
	plan, err := kit.Rows(t.Context(), shop.storefront.db, func(r *sql.Rows) (step string, err error) {
		var id, parent, unused int
		err = r.Scan(&id, &parent, &unused, &step)
		return step, err
	}, `EXPLAIN QUERY PLAN SELECT id FROM orders WHERE replace(phone, '-', '') = ? LIMIT 20`, "0300010037")
	if err != nil || !strings.Contains(strings.Join(plan, " "), phoneIndex) {
		t.Errorf("mended, the search goes by %q, %v", plan, err)
	}
	if err := shop.Close(t.Context()); err != nil {
		t.Error(err)
	}
	// What Release closes later, this test does not wait for: spans before it may come late.
	trees := forest(r)
	after := slices.DeleteFunc(slices.Clone(trees), func(tr tree) bool {
		return !slices.ContainsFunc(tr.spans, func(s span) bool { return s.service == "catalog" && s.version == "1.8.4" || s.version == "2.14.1" })
	})
	if n, shown := tally(after, "catalog", "GET /products", signs["n_plus_one_query"]); n != 1 || shown != 0 {
		t.Errorf("mended and released, %d of %d searches are flawed", shown, n)
	}
	if n, shown := tally(trees, "payment", "POST /charges", signs["error_burst"]); n == 0 || shown != n {
		t.Errorf("%d of %d charges have the exception and its stack", shown, n)
	}
}

func TestTheAdminAddressIsForThisMachineAlone(t *testing.T) {
	r := receive(t)
	shop, err := Open(t.Context(), Options{Endpoint: r.URL, size: small})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shop.Close(context.Background()) }()
	h := shop.Admin()
	try := func(method, host, kind, body string, path string) int {
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.Host = host
		req.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code
	}
	for _, c := range []struct {
		method, host, kind, body, path string
		want                           int
	}{
		{"GET", "127.0.0.1:9000", "", "", "/flaws", 200},
		{"GET", "rebound.example:9000", "", "", "/flaws", 403},
		{"POST", "localhost:9000", "text/plain", `{"on":["lock_wait"]}`, "/flaws", 415},
		{"POST", "localhost:9000", "application/json", `{"on":["no_such"]}`, "/flaws", 422},
		{"POST", "localhost:9000", "application/json", `{"no":[]}`, "/flaws", 400},
		{"POST", "localhost:9000", "application/json", `{"service":"bakery"}`, "/releases", 422},
		{"POST", "localhost:9000", "application/json", `{"service":"mailer","version":"2.0.0"}`, "/releases", 200},
	} {
		if got := try(c.method, c.host, c.kind, c.body, c.path); got != c.want {
			t.Errorf("%s %s from %s as %q with %s: %d, want %d", c.method, c.path, c.host, c.kind, c.body, got, c.want)
		}
	}
	if v := shop.Versions()["mailer"]; v != "2.0.0" {
		t.Errorf("mailer runs in %s", v)
	}
}

func TestParseFlaws(t *testing.T) {
	for in, want := range map[string]int{"": len(Flaws()) - 1, "all": len(Flaws()), "none": 0, "lock_wait, retry_storm": 2} {
		got, err := ParseFlaws(in)
		if err != nil || len(got) != want {
			t.Errorf("%q gives %v, %v", in, got, err)
		}
	}
	if _, err := ParseFlaws("lock_wait,typo"); err == nil || !strings.Contains(err.Error(), "typo") {
		t.Errorf("a typo gives %v", err)
	}
}
