package demo

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// received is what an OTLP/HTTP endpoint got from the shop.
type received struct {
	mu            sync.Mutex
	spans         map[string]int // by service
	kinds         map[ptrace.SpanKind]int
	traces        map[string]map[string]bool // services by trace id
	logs, metrics int
}

func (r *received) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch req.URL.Path {
	case "/v1/traces":
		in := ptraceotlp.NewExportRequest()
		if err := in.UnmarshalProto(raw); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		for _, rs := range in.Traces().ResourceSpans().All() {
			name, _ := rs.Resource().Attributes().Get("service.name")
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					r.spans[name.Str()]++
					r.kinds[s.Kind()]++
					id := s.TraceID().String()
					if r.traces[id] == nil {
						r.traces[id] = map[string]bool{}
					}
					r.traces[id][name.Str()] = true
				}
			}
		}
	case "/v1/logs":
		in := plogotlp.NewExportRequest()
		if err := in.UnmarshalProto(raw); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		r.logs += in.Logs().LogRecordCount()
	case "/v1/metrics":
		in := pmetricotlp.NewExportRequest()
		if err := in.UnmarshalProto(raw); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		r.metrics += in.Metrics().DataPointCount()
	}
}

func TestTheShopSendsAllSignalsOfAllServices(t *testing.T) {
	got := &received{spans: map[string]int{}, kinds: map[ptrace.SpanKind]int{}, traces: map[string]map[string]bool{}}
	srv := httptest.NewServer(got)
	defer srv.Close()

	shop, err := Open(t.Context(), Options{Endpoint: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	shop.Run(ctx, 3000)
	shop.Close(t.Context())

	for _, name := range []string{"storefront", "catalog", "inventory", "payment", "mailer"} {
		if got.spans[name] == 0 {
			t.Errorf("no span of %s", name)
		}
	}
	for _, kind := range []ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindClient, ptrace.SpanKindProducer, ptrace.SpanKindConsumer} {
		if got.kinds[kind] == 0 {
			t.Errorf("no %s span", kind)
		}
	}
	most := 0
	for _, services := range got.traces {
		most = max(most, len(services))
	}
	if most < 4 {
		t.Errorf("no trace crosses more than %d services; a checkout crosses four", most)
	}
	if got.logs == 0 || got.metrics == 0 {
		t.Errorf("%d logs and %d metric points", got.logs, got.metrics)
	}
}
