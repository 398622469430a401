package demo

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// span is a span as it was received.
type span struct {
	ptrace.Span
	service, version, instance string
}

func (s span) attr(key string) string {
	if v, ok := s.Attributes().Get(key); ok {
		return v.AsString()
	}
	return ""
}

func (s span) start() time.Time        { return s.StartTimestamp().AsTime() }
func (s span) end() time.Time          { return s.EndTimestamp().AsTime() }
func (s span) duration() time.Duration { return s.end().Sub(s.start()) }

// endpoint is what a user would call a server span.
func (s span) endpoint() string {
	if s.Kind() != ptrace.SpanKindServer {
		return ""
	}
	return s.attr("http.request.method") + " " + s.attr("http.route")
}

type record struct {
	service, body, level string
	at                   time.Time
	trace                pcommon.TraceID
	span                 pcommon.SpanID
}

type sample struct {
	service, instance, name string
	at                      time.Time
}

// receiver is an OTLP/HTTP endpoint that keeps what it gets.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []span
	records []record
	samples []sample
}

func newReceiver() *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	return r
}

func receive(t *testing.T) *receiver {
	r := newReceiver()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
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
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		err = r.take(req.URL.Path, raw)
	}
	if err != nil {
		http.Error(w, err.Error(), 400)
	}
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

func (r *receiver) take(path string, raw []byte) error {
	switch path {
	case "/v1/traces":
		in := ptraceotlp.NewExportRequest()
		if err := in.UnmarshalProto(raw); err != nil {
			return err
		}
		for _, rs := range in.Traces().ResourceSpans().All() {
			res := rs.Resource().Attributes()
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					r.spans = append(r.spans, span{s, text(res, "service.name"), text(res, "service.version"), text(res, "service.instance.id")})
				}
			}
		}
	case "/v1/logs":
		in := plogotlp.NewExportRequest()
		if err := in.UnmarshalProto(raw); err != nil {
			return err
		}
		for _, rl := range in.Logs().ResourceLogs().All() {
			name := text(rl.Resource().Attributes(), "service.name")
			for _, sl := range rl.ScopeLogs().All() {
				for _, l := range sl.LogRecords().All() {
					r.records = append(r.records, record{name, l.Body().AsString(), l.SeverityText(), l.Timestamp().AsTime(), l.TraceID(), l.SpanID()})
				}
			}
		}
	case "/v1/metrics":
		in := pmetricotlp.NewExportRequest()
		if err := in.UnmarshalProto(raw); err != nil {
			return err
		}
		for _, rm := range in.Metrics().ResourceMetrics().All() {
			res := rm.Resource().Attributes()
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					add := func(at pcommon.Timestamp) {
						r.samples = append(r.samples, sample{text(res, "service.name"), text(res, "service.instance.id"), m.Name(), at.AsTime()})
					}
					switch m.Type() {
					case pmetric.MetricTypeSum:
						for _, p := range m.Sum().DataPoints().All() {
							add(p.Timestamp())
						}
					case pmetric.MetricTypeGauge:
						for _, p := range m.Gauge().DataPoints().All() {
							add(p.Timestamp())
						}
					case pmetric.MetricTypeHistogram:
						for _, p := range m.Histogram().DataPoints().All() {
							add(p.Timestamp())
						}
					}
				}
			}
		}
	}
	return nil
}

// traces are the spans by trace.
func (r *receiver) traces() map[pcommon.TraceID][]span {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[pcommon.TraceID][]span{}
	for _, s := range r.spans {
		out[s.TraceID()] = append(out[s.TraceID()], s)
	}
	return out
}
