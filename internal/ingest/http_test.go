package ingest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestStatusOverHTTP(t *testing.T) {
	s, _ := serve(t, nil)
	if code, _, _ := post(t, s, "/v1/logs", benchLogs(7)); code != 200 {
		t.Fatal(code)
	}
	if code, _, _ := post(t, s, "/v1/traces", []byte("garbage")); code != 400 {
		t.Fatal(code)
	}
	a := api.New(api.Options{Clock: clock.Real{}, NoAuth: true, Version: "test"})
	held := wal.Quarantine{Rows: []wal.Quarantined{
		{ID: "q1", Signal: telemetry.Logs, Time: time.Now().Add(-time.Minute), Reason: "code 621", Row: "body=x"},
		{ID: "q0", Signal: telemetry.Logs, Time: time.Now().Add(-48 * time.Hour), Reason: "old"},
	}}
	Register(a, clock.Real{}, func(_ context.Context, lang i18n.Lang, from, to time.Time) (IngestStatusView, error) {
		return s.Status(lang, from, to, held), nil
	})
	get := func(query, lang string) IngestStatusView {
		t.Helper()
		req := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/v1/status/ingest"+query, nil)
		req.RemoteAddr = "127.0.0.1:1"
		req.Header.Set("Accept-Language", lang)
		rec := httptest.NewRecorder()
		a.Handler().ServeHTTP(rec, req)
		var v IngestStatusView
		if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil || rec.Code != 200 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		return v
	}
	v := get("", "ja")
	if len(v.Sources) != 1 || v.Sources[0].Service != "checkout" || v.Sources[0].Rows != 7 || v.Sources[0].Env != "production" {
		t.Errorf("sources: %+v", v.Sources)
	}
	if len(v.Refusals) != 1 || v.Refusals[0].Reason != "malformed" || v.Refusals[0].Signal != "spans" || !strings.Contains(v.Refusals[0].Text, "エクスポーター") {
		t.Errorf("refusals: %+v", v.Refusals)
	}
	if len(v.Quarantine) != 1 || v.Quarantine[0].ID != "q1" {
		t.Errorf("quarantine: %+v", v.Quarantine)
	}
	if len(v.Transports) != 2 || len(v.Redactions) != customRules {
		t.Errorf("transports: %+v, redactions: %+v", v.Transports, v.Redactions)
	}
	v = get("?from=-2h&to=-1h", "en")
	if len(v.Sources)+len(v.Refusals)+len(v.Quarantine) != 0 {
		t.Errorf("an hour ago: %+v", v)
	}
}
