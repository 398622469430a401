package ingest

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var shop = resource.NewSchemaless(
	attribute.String("service.name", "checkout"),
	attribute.String("service.version", "1.4.2"),
	attribute.String("deployment.environment", "prod"), // the old name, as old SDKs send it
	attribute.String("host.name", "web-1"),
)

func traceExporters(t *testing.T, s *Service, retry time.Duration) map[string]*otlptrace.Exporter {
	t.Helper()
	g, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(s.GRPCAddr()), otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: retry, MaxInterval: retry, MaxElapsedTime: time.Minute}))
	if err != nil {
		t.Fatal(err)
	}
	h, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(s.HTTPAddr()), otlptracehttp.WithInsecure(), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: retry, MaxInterval: retry, MaxElapsedTime: time.Minute}))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*otlptrace.Exporter{"grpc": g, "http": h}
}

func sendSpan(t *testing.T, e *otlptrace.Exporter) error {
	t.Helper()
	var failed error
	p := sdktrace.NewTracerProvider(sdktrace.WithResource(shop), sdktrace.WithSyncer(exporterFunc{e, &failed}))
	_, span := p.Tracer("shop").Start(context.Background(), "GET /cart/{id}", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.method", "GET"), attribute.String("http.route", "/cart/{id}"), attribute.Int("http.status_code", 500)))
	span.RecordError(errors.New("no stock"))
	span.End()
	if err := p.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	return failed
}

// exporterFunc keeps the error of an export, which the SDK only logs.
type exporterFunc struct {
	*otlptrace.Exporter
	err *error
}

func (e exporterFunc) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	*e.err = e.Exporter.ExportSpans(ctx, spans)
	return *e.err
}

func TestSDKSpans(t *testing.T) {
	s, st := serve(t, nil)
	for name, e := range traceExporters(t, s, time.Millisecond) {
		t.Run(name, func(t *testing.T) {
			before := len(st.spans)
			if err := sendSpan(t, e); err != nil {
				t.Fatal(err)
			}
			if len(st.spans) != before+1 {
				t.Fatalf("%d spans arrived, want %d", len(st.spans), before+1)
			}
			row := st.spans[before]
			if row.Service != "checkout" || row.Env != "prod" || row.Version != "1.4.2" || row.Host != "web-1" {
				t.Errorf("source: %+v", row.Source)
			}
			if row.Endpoint != "GET /cart/{id}" || row.Kind != telemetry.KindServer || row.Scope != "shop" || row.ID == 0 {
				t.Errorf("span: %+v", row)
			}
			if row.Exception.Message != "no stock" || row.Exception.Type != "*errors.errorString" {
				t.Errorf("exception: %+v", row.Exception)
			}
			if v, _ := telemetry.Get(row.Attrs, "http.response.status_code"); v != "500" {
				t.Errorf("attributes: %v", row.Attrs)
			}
		})
	}
	for _, seen := range s.Sources() {
		if seen.Service != "checkout" || seen.Env != "prod" || seen.Rows != 2 || seen.RowsPerSecond <= 0 {
			t.Errorf("sources: %+v", seen)
		}
	}
	if tr := s.Traffic(); len(tr) != 2 || tr[0].Transport != "grpc" || tr[0].Rows != 1 || tr[0].Bytes == 0 || tr[1].Requests != 1 {
		t.Errorf("traffic: %+v", tr)
	}
}

// A storage that is away for a moment costs the sender a retry and no row: the exporters
// of the SDK understand our answer on both transports.
func TestSDKRetries(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		reason Reason
	}{
		{"overloaded", fault.Retry(fault.Overloaded, time.Second, i18n.T("The log is full.", "ログが満杯です。")), Busy},
		{"unavailable", fault.Retry(fault.Unavailable, time.Second, i18n.T("The disk is full.", "ディスクが満杯です。")), StorageAway},
		{"unknown", errors.New("an error that nobody expected"), StorageAway},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "unknown" && testing.Short() {
				t.Skip("waits for five seconds twice")
			}
			s, st := serve(t, nil)
			for name, e := range traceExporters(t, s, time.Millisecond) {
				t.Run(name, func(t *testing.T) {
					st.mu.Lock()
					st.calls = 0
					st.fail = func(call int) error {
						if call == 1 {
							return c.err
						}
						return nil
					}
					before := len(st.spans)
					st.mu.Unlock()
					began := time.Now()
					if err := sendSpan(t, e); err != nil {
						t.Fatalf("the exporter gave up: %v", err)
					}
					if n := len(st.spans) - before; n != 1 || st.calls != 2 {
						t.Fatalf("%d spans after %d calls, want 1 after 2", n, st.calls)
					}
					// It came back when it was told to, not by its own haste.
					if took := time.Since(began); took < time.Second {
						t.Errorf("retried after %v, was asked for a second", took)
					}
				})
			}
			found := false
			for _, r := range s.Refusals() {
				found = found || r.Reason == c.reason && r.Service == "checkout" && r.Count == 2 && r.Signal == telemetry.Spans && !r.Text.IsZero()
			}
			if !found {
				t.Errorf("refusals: %+v", s.Refusals())
			}
		})
	}
}

func TestSDKGivesUpOnRefusedRows(t *testing.T) {
	s, st := serve(t, nil)
	st.fail = func(int) error { return fault.New(fault.Invalid, i18n.T("Never.", "不可。")) }
	for name, e := range traceExporters(t, s, time.Millisecond) {
		if err := sendSpan(t, e); err == nil {
			t.Errorf("%s: the exporter thinks that it succeeded", name)
		}
	}
	if st.calls != 2 {
		t.Errorf("%d calls; a refusal for good must not be retried", st.calls)
	}
}

func TestSDKLogsAndMetrics(t *testing.T) {
	s, st := serve(t, nil)
	g, err := otlploggrpc.New(t.Context(), otlploggrpc.WithEndpoint(s.GRPCAddr()), otlploggrpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	h, err := otlploghttp.New(t.Context(), otlploghttp.WithEndpoint(s.HTTPAddr()), otlploghttp.WithInsecure(), otlploghttp.WithCompression(otlploghttp.GzipCompression))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []sdklog.Exporter{g, h} {
		p := sdklog.NewLoggerProvider(sdklog.WithResource(shop), sdklog.WithProcessor(sdklog.NewSimpleProcessor(e)))
		var r log.Record
		r.SetTimestamp(time.Now())
		r.SetSeverity(log.SeverityError)
		r.SetBody(attribute.StringValue("接続エラーが発生しました card 4111 1111 1111 1111"))
		r.AddAttributes(attribute.String("password", "hunter2"), attribute.Int("attempt", 3))
		p.Logger("shop").Emit(context.Background(), r)
		if err := p.Shutdown(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if len(st.logs) != 2 {
		t.Fatalf("%d logs arrived, want 2", len(st.logs))
	}
	for _, row := range st.logs {
		if row.Body != "接続エラーが発生しました card [redacted:card]" || row.Severity != 17 || row.Flags != telemetry.Redacted {
			t.Errorf("log: %+v", row)
		}
		if v, _ := telemetry.Get(row.Attrs, "password"); v != "[redacted:password]" {
			t.Errorf("attributes: %v", row.Attrs)
		}
	}

	me, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpoint(s.HTTPAddr()), otlpmetrichttp.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithResource(shop), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(me)))
	counter, err := mp.Meter("shop").Int64Counter("orders")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(context.Background(), 5)
	if err := mp.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(st.metrics) != 1 {
		t.Fatalf("%d requests of metrics arrived", len(st.metrics))
	}
	if _, ok := st.metrics[0].ResourceMetrics().At(0).Resource().Attributes().Get("deployment.environment.name"); !ok {
		t.Error("the metrics' resource kept its old name of the environment")
	}
	if r := s.Redactions(); r[RuleCard] != 2 || r[RulePassword] != 2 {
		t.Errorf("redactions: %v", r)
	}
}
