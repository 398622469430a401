package self

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/internal/clock"
)

// Service is the name under which Yagura's own telemetry is kept.
const Service = "yagura"

// The signals, as Options.Send is told them.
const (
	Logs    = "logs"
	Spans   = "spans"
	Metrics = "metrics"
)

// Options are what a Self is made of. Send may be nil: then there are metrics to scrape,
// and nothing is handed on.
type Options struct {
	Version  string
	Instance string // names this process among others
	Role     string
	Clock    clock.Clock
	// Send hands an OTLP request on, as protobuf. An error loses what is in it.
	Send func(ctx context.Context, signal string, request []byte) error
	// Level is the least of the log records that are taken.
	Level slog.Level
}

// Self is this process's own telemetry. Safe for concurrent use. A nil one does nothing.
type Self struct {
	opt     Options
	tracer  trace.Tracer
	meter   metric.Meter
	logs    *sdklog.LoggerProvider
	metrics http.Handler
	stop    []func(context.Context) error
	dropped atomic.Int64 // requests of ours that were not taken
	failing atomic.Pointer[error]

	requests, jobs, questions, blocks metric.Float64Histogram
}

// The paces of handing on.
const (
	metricsEvery = time.Minute
	batchEvery   = 5 * time.Second
)

// New begins. Stop hands on what is left.
func New(opt Options) (*Self, error) {
	s := &Self{opt: opt}
	// What the SDK has to say of itself is that something was not handed on, which is counted.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	res := resource.NewSchemaless(
		attribute.String("service.name", Service), attribute.String("service.version", opt.Version),
		attribute.String("service.instance.id", opt.Instance), attribute.String("yagura.role", opt.Role),
		attribute.Bool("yagura.own", true),
	)
	ctx := context.Background() // none of the exporters connects to anything
	registry := prometheus.NewRegistry()
	scraped, err := otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	metrics := []sdkmetric.Option{sdkmetric.WithResource(res), sdkmetric.WithReader(scraped)}
	traces := []sdktrace.TracerProviderOption{sdktrace.WithResource(res), sdktrace.WithSampler(sdktrace.AlwaysSample())}
	if opt.Send == nil {
		traces[1] = sdktrace.WithSampler(sdktrace.NeverSample())
	} else {
		client := &http.Client{Transport: handOn{s}}
		toMetrics, err1 := otlpmetrichttp.New(ctx, otlpmetrichttp.WithHTTPClient(client), otlpmetrichttp.WithEndpointURL(nowhere+"/v1/metrics"),
			otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}), otlpmetrichttp.WithHeaders(nil))
		toTraces, err2 := otlptracehttp.New(ctx, otlptracehttp.WithHTTPClient(client), otlptracehttp.WithEndpointURL(nowhere+"/v1/traces"),
			otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}), otlptracehttp.WithHeaders(nil))
		toLogs, err3 := otlploghttp.New(ctx, otlploghttp.WithHTTPClient(client), otlploghttp.WithEndpointURL(nowhere+"/v1/logs"),
			otlploghttp.WithRetry(otlploghttp.RetryConfig{}), otlploghttp.WithHeaders(nil))
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		metrics = append(metrics, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(toMetrics, sdkmetric.WithInterval(metricsEvery))))
		traces = append(traces, sdktrace.WithSpanProcessor(newTail(sdktrace.NewBatchSpanProcessor(toTraces, sdktrace.WithBatchTimeout(batchEvery)))))
		s.logs = sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(toLogs, sdklog.WithExportInterval(batchEvery))))
		s.stop = append(s.stop, s.logs.Shutdown)
	}
	tp, mp := sdktrace.NewTracerProvider(traces...), sdkmetric.NewMeterProvider(metrics...)
	s.stop = append(s.stop, tp.Shutdown, mp.Shutdown)
	s.tracer, s.meter = tp.Tracer("yagura"), mp.Meter("yagura")
	s.metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return s, s.instruments()
}

// Stop hands on what is left, as far as ctx allows.
func (s *Self) Stop(ctx context.Context) error {
	if s == nil {
		return nil
	}
	for _, stop := range s.stop {
		_ = stop(ctx) // what could not be handed on is counted
	}
	s.stop = nil
	return nil
}

// Meter makes further instruments.
func (s *Self) Meter() metric.Meter { return s.meter }

// Scrape serves the metrics in Prometheus' format.
func (s *Self) Scrape() http.Handler { return s.metrics }

// Dropped is how many batches were not taken since the start.
func (s *Self) Dropped() int64 {
	if s == nil {
		return 0
	}
	return s.dropped.Load()
}

// Failing is why the last batch was not taken; nil when it was.
func (s *Self) Failing() error {
	if s == nil {
		return nil
	}
	if err := s.failing.Load(); err != nil {
		return *err
	}
	return nil
}

// nowhere is the address that the exporters believe they send to.
const nowhere = "http://self.invalid"

// handOn gives what an exporter sends to Options.Send, in place of a network.
type handOn struct{ self *Self }

// RoundTrip is http.RoundTripper's.
func (h handOn) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err == nil {
		signal := strings.Replace(strings.TrimPrefix(r.URL.Path, "/v1/"), "traces", Spans, 1)
		err = h.self.opt.Send(r.Context(), signal, body)
	}
	status := http.StatusOK
	h.self.failing.Store(&err)
	if err != nil {
		h.self.dropped.Add(1)
		status = http.StatusBadRequest // for good: the exporter must not keep it
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/x-protobuf"}}, Body: io.NopCloser(bytes.NewReader(nil)), Request: r,
	}, nil
}
