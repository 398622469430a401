//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestRetention shortens how long logs are kept: what is lost is said before, then the old
// day goes, the new one stays, and figures of the old one stay.
func TestRetention(t *testing.T) {
	y := serve(t)
	old := time.Now().AddDate(0, 0, -3)
	for _, body := range [][]byte{logsOf("old-shop", 0, 50, old), logsOf("new-shop", 0, 70, time.Now())} {
		if resp, err := y.post(t.Context(), "/v1/logs", body); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	counted := func(service string) (int, error) {
		var out struct{ Count int }
		err := y.try("/logs/count", url.Values{"filter": {"service:" + service}, "from": {"-10d"}}, &out)
		return out.Count, err
	}
	y.eventually(30*time.Second, "50 old and 70 new logs", func() error {
		a, err := counted("old-shop")
		b, err2 := counted("new-shop")
		if err != nil || err2 != nil || a != 50 || b != 70 {
			return fmt.Errorf("%d, %d: %v %v", a, b, err, err2)
		}
		return nil
	})
	type rule struct {
		ID, Signal, ETag string
		WholeDays        int `json:"whole_days"`
		Forecast         struct {
			Oldest string
			Rows   int
		}
	}
	logsRule := func() (r rule) {
		var v struct{ Rules []rule }
		y.get("/retention", nil, &v)
		for _, r := range v.Rules {
			if r.ID == "logs" {
				return r
			}
		}
		t.Fatal("there is no rule for logs")
		return r
	}
	r := logsRule()
	if r.WholeDays != 30 || r.Forecast.Rows != 120 || r.Forecast.Oldest != old.UTC().Format(time.DateOnly) {
		t.Errorf("%+v", r)
	}
	post := func(method, path, body string, header ...string) (int, map[string]any) {
		status, raw := y.ask(method, "/api/v1"+path, bytes.NewReader([]byte(body)), append(header, "Content-Type", "application/json")...)
		var out map[string]any
		_ = json.Unmarshal(raw, &out)
		return status, out
	}
	if status, out := post("POST", "/retention/preview", `{"id":"logs","change":{"whole_days":1}}`); status != 200 || out["rows"] != 50.0 {
		t.Errorf("preview: %d %v", status, out)
	}
	if status, out := post("PATCH", "/retention/rules/logs", `{"whole_days":0}`); status/100 != 4 || !strings.Contains(fmt.Sprint(out), "whole_days") {
		t.Errorf("no days: %d %v", status, out)
	}
	if status, out := post("PATCH", "/retention/rules/logs", `{"whole_days":1}`, "If-Match", `"stale"`); status != 412 {
		t.Errorf("a stale change: %d %v", status, out)
	}
	// The command says what is lost, and does it when told so.
	y.eventually(30*time.Second, "what is lost is named", func() error { // figures come a moment after the rows
		if out, errs, code := y.run("--lang=en", "retention", "set", "logs", "--whole=1"); code == 0 || !strings.Contains(out, "old-shop") || strings.Contains(out, "new-shop") {
			return fmt.Errorf("%d %s %s", code, out, errs)
		}
		return nil
	})
	if got := logsRule(); got.WholeDays != 30 {
		t.Errorf("changed without --yes: %+v", got)
	}
	if out, errs, code := y.run("--lang=en", "retention", "set", "logs", "--whole=1", "--yes"); code != 0 {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if out, _, code := y.run("--lang=en", "retention"); code != 0 || !strings.Contains(out, "1 d") {
		t.Errorf("%d %s", code, out)
	}
	if status, out := post("POST", "/jobs/retention.enforce/run", ""); status/100 != 2 {
		t.Fatalf("%d %v", status, out)
	}
	y.eventually(90*time.Second, "the old day is gone", func() error {
		if n, err := counted("old-shop"); err != nil || n != 0 {
			return fmt.Errorf("%d %v", n, err)
		}
		return nil
	})
	if n, err := counted("new-shop"); err != nil || n != 70 {
		t.Errorf("the new day: %d %v", n, err)
	}
	var levels struct {
		Items []struct{ Service string }
	}
	y.get("/services", url.Values{"from": {"-10d"}}, &levels)
	if !strings.Contains(fmt.Sprint(levels), "old-shop") {
		t.Errorf("figures went with the rows: %+v", levels)
	}
	// It holds over a restart, and the audit has it.
	y.stop()
	y.start()
	if got := logsRule(); got.WholeDays != 1 {
		t.Errorf("%+v", got)
	}
	var audit struct{ Items []struct{ Action string } }
	y.get("/audit", nil, &audit)
	if !strings.Contains(fmt.Sprint(audit), "retention.update") {
		t.Errorf("%+v", audit)
	}
}
