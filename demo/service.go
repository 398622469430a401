package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// service is one of the shop's services: a listener, and telemetry in its own name.
type service struct {
	name    string
	addr    string
	mux     *http.ServeMux
	client  *http.Client
	tracer  trace.Tracer
	log     *slog.Logger
	traces  *sdktrace.TracerProvider
	metrics *sdkmetric.MeterProvider
	closers []func(context.Context) error // run in reverse
}

// newService sets a service up to send to an OTLP/HTTP endpoint. It does not listen yet.
func newService(ctx context.Context, o Options, name, version string) (s *service, err error) {
	s = &service{name: name, mux: http.NewServeMux()}
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	res := resource.NewSchemaless(
		attribute.String("service.name", name),
		attribute.String("service.version", version),
		attribute.String("service.namespace", "shop"),
		attribute.String("service.instance.id", name+"-1"),
		attribute.String("deployment.environment.name", "demo"),
		attribute.String("telemetry.sdk.language", "go"),
		attribute.String("host.name", "shop-01"),
	)
	var headers map[string]string
	if o.Token != "" {
		headers = map[string]string{"Authorization": "Bearer " + o.Token}
	}

	te, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(o.Endpoint+"/v1/traces"), otlptracehttp.WithHeaders(headers))
	if err != nil {
		return s, fmt.Errorf("traces of %s: %w", name, err)
	}
	s.traces = sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(te, sdktrace.WithBatchTimeout(time.Second)))
	s.closers = append(s.closers, s.traces.Shutdown)
	s.tracer = s.traces.Tracer("shop/" + name)

	me, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(o.Endpoint+"/v1/metrics"), otlpmetrichttp.WithHeaders(headers))
	if err != nil {
		return s, fmt.Errorf("metrics of %s: %w", name, err)
	}
	s.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithResource(res),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(me, sdkmetric.WithInterval(10*time.Second))))
	s.closers = append(s.closers, s.metrics.Shutdown)
	if err := runtime.Start(runtime.WithMeterProvider(s.metrics)); err != nil {
		return s, fmt.Errorf("runtime metrics of %s: %w", name, err)
	}

	le, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(o.Endpoint+"/v1/logs"), otlploghttp.WithHeaders(headers))
	if err != nil {
		return s, fmt.Errorf("logs of %s: %w", name, err)
	}
	logs := sdklog.NewLoggerProvider(sdklog.WithResource(res),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(le, sdklog.WithExportInterval(time.Second))))
	s.closers = append(s.closers, logs.Shutdown)
	s.log = slog.New(otelslog.NewHandler("shop/"+name, otelslog.WithLoggerProvider(logs)))

	s.client = &http.Client{Timeout: 5 * time.Second, Transport: otelhttp.NewTransport(http.DefaultTransport, s.otel()...)}
	return s, nil
}

func (s *service) otel() []otelhttp.Option {
	return []otelhttp.Option{
		otelhttp.WithTracerProvider(s.traces), otelhttp.WithMeterProvider(s.metrics),
		otelhttp.WithPropagators(propagation.TraceContext{}),
	}
}

// handle adds a route. An error becomes a logged 500, or the status that it carries.
func (s *service) handle(pattern string, h func(w http.ResponseWriter, r *http.Request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		var refused *refusal
		if errors.As(err, &refused) {
			status = refused.status
		}
		if status >= 500 {
			trace.SpanFromContext(r.Context()).RecordError(err)
			s.log.ErrorContext(r.Context(), "リクエストの処理に失敗しました", "error", err.Error(),
				"exception.type", fmt.Sprintf("%T", errors.Unwrap(err)), "exception.message", err.Error(), "http.route", r.Pattern)
		}
		http.Error(w, err.Error(), status)
	})
}

// refusal is an answer that is not the service's fault, or one it passes on.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// listen starts the service on a free port of the loopback.
func (s *service) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.addr = "http://" + l.Addr().String()
	opts := append(s.otel(), otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		if r.Pattern != "" {
			return r.Pattern
		}
		return r.Method
	}))
	srv := &http.Server{Handler: otelhttp.NewHandler(s.mux, s.name, opts...), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	// Before telemetry goes, the requests under way end.
	s.closers = append(s.closers, srv.Shutdown)
	return nil
}

func (s *service) close(ctx context.Context) {
	for i := len(s.closers) - 1; i >= 0; i-- {
		_ = s.closers[i](ctx)
	}
}

// call sends a request to another service and refuses an answer that is not 2xx.
func (s *service) call(ctx context.Context, method, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	if resp.StatusCode >= 300 {
		_ = resp.Body.Close()
		status := http.StatusBadGateway
		if resp.StatusCode < 500 {
			status = resp.StatusCode
		}
		return nil, &refusal{status, fmt.Sprintf("%s %s: %s", method, req.URL.Path, resp.Status)}
	}
	return resp, nil
}
