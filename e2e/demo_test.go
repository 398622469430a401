//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demo starts "yagura demo" on a folder.
func demo(t *testing.T, dir string, args ...string) *yagura {
	t.Helper()
	api := freeAddr(t)
	y := &yagura{t: t, dir: dir, api: "http://" + api, out: &buffer{}}
	y.cmd = exec.Command(binary, append([]string{"--lang", "en", "demo", "--no-auth", "--data-dir", filepath.Join(dir, "data"),
		"--listen", api, "--otlp-http", freeAddr(t), "--otlp-grpc", freeAddr(t)}, args...)...)
	y.cmd.Stdout, y.cmd.Stderr = y.out, y.out
	y.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := y.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		y.stop()
		if t.Failed() {
			t.Logf("its output:\n%s", tail(y.out.String(), 60))
		}
	})
	return y
}

func (y *yagura) says(within time.Duration, what string) {
	y.t.Helper()
	y.eventually(within, what, func() error {
		if !strings.Contains(y.out.String(), what) {
			return fmt.Errorf("it says %q", tail(y.out.String(), 3))
		}
		return nil
	})
}

var shop = []string{"storefront", "catalog", "inventory", "payment", "mailer"}

// requestsOf are the requests of the shop's services in a range.
func (y *yagura) requestsOf(from, to string) (map[string]int, error) {
	var out struct {
		Items []struct {
			Service  string
			Requests struct{ Count int }
			Versions []string
		}
	}
	err := y.try("/services", url.Values{"from": {from}, "to": {to}}, &out)
	got := map[string]int{}
	for _, s := range out.Items {
		got[s.Service] = s.Requests.Count
	}
	for _, want := range shop {
		if err == nil && got[want] == 0 {
			err = fmt.Errorf("no requests of %s; there are %v", want, got)
		}
	}
	return got, err
}

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	y := demo(t, dir, "--rate", "3")
	y.eventually(2*time.Minute, "a full first page", func() error {
		_, err := y.requestsOf("-2h", "now")
		return err
	})
	y.says(12*time.Minute, "The demo shop is open")

	// Two days are there, of all services, in each half of a day.
	for from := 48; from > 0; from -= 12 {
		if _, err := y.requestsOf(fmt.Sprintf("-%dh", from), fmt.Sprintf("-%dh", from-12)); err != nil && from > 12 {
			t.Errorf("%d to %d hours ago: %v", from, from-12, err)
		}
	}
	// So are the metrics, from the oldest on.
	var series struct {
		Series []struct{ Points [][2]any }
	}
	y.get("/metrics/query_range", url.Values{"query": {`sum(increase(http_server_request_duration_seconds_count[1h]))`},
		"from": {"-47h"}, "to": {"now"}, "step": {"1h"}}, &series)
	if len(series.Series) != 1 || len(series.Series[0].Points) < 46 {
		t.Errorf("the metrics of two days are %+v", series)
	}
	// Nothing that the shop sent was refused.
	var status struct {
		Refusals []struct{ Signal, Reason, Text string }
	}
	y.get("/status/ingest", url.Values{"from": {"-49h"}, "to": {"now"}}, &status)
	if len(status.Refusals) > 0 {
		t.Errorf("refused: %+v", status.Refusals)
	}
	// The release that broke coupons shows as exceptions of one version.
	if n, err := y.countSince("spans", "service:payment version:3.3.0 exception.type:*", "-49h"); err != nil || n == 0 {
		t.Errorf("%d exceptions of the broken release, %v", n, err)
	}

	// A flaw is mended live and released.
	_, after, _ := strings.Cut(y.out.String(), "Its flaws  ")
	admin, _, _ := strings.Cut(after, "/flaws")
	resp, err := http.Post(admin+"/flaws", "application/json", strings.NewReader(`{"off":["n_plus_one_query"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var switched struct{ Released map[string]string }
	if err := json.NewDecoder(resp.Body).Decode(&switched); err != nil || switched.Released["catalog"] == "" {
		t.Errorf("released %v, %v", switched.Released, err)
	}
	_ = resp.Body.Close()
	y.stop()

	// A second start does not double what is there.
	again := demo(t, dir)
	again.says(2*time.Minute, "it is not made again")
	again.says(time.Minute, "The demo shop is open")
	before, err := again.countSince("spans", "service:storefront", "-49h")
	if err != nil {
		t.Fatal(err)
	}
	oldest, err := again.requestsOf("-48h", "-24h")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Second)
	if later, _ := again.requestsOf("-48h", "-24h"); later["storefront"] > oldest["storefront"] {
		t.Errorf("yesterday grew from %d to %d requests", oldest["storefront"], later["storefront"])
	}
	if before == 0 {
		t.Error("the history is gone")
	}
}

func (y *yagura) countSince(signal, filter, from string) (int, error) {
	var out struct{ Count int }
	err := y.try("/"+signal+"/count", url.Values{"filter": {filter}, "from": {from}, "to": {"now"}}, &out)
	return out.Count, err
}
