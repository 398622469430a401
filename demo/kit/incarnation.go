package kit

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// incarnation is a service between two starts: its version, its instance, and the
// telemetry that speaks in their name.
type incarnation struct {
	version string
	started time.Time
	traces  *sdktrace.TracerProvider
	metrics *sdkmetric.MeterProvider
	reader  *sdkmetric.ManualReader // with a virtual clock
	logs    *sdklog.LoggerProvider
	handler slog.Handler
	closers []func(context.Context) error // run in reverse
}

func (s *Service) incarnate(ctx context.Context, version string) (in *incarnation, err error) {
	w := s.World
	in = &incarnation{version: version, started: w.Clock.Now()}
	defer func() {
		if err != nil {
			_ = in.close(ctx)
		}
	}()
	attrs := []attribute.KeyValue{
		attribute.String("service.name", s.Name),
		attribute.String("service.version", version),
		attribute.String("service.namespace", "teashop"),
		attribute.String("service.instance.id", s.instance(version)),
		attribute.String("deployment.environment.name", w.Environment),
		attribute.String("telemetry.sdk.language", "go"),
		attribute.String("telemetry.sdk.name", "opentelemetry"),
		attribute.String("host.name", "shop-01"),
	}
	if w.Revision != "" {
		attrs = append(attrs, attribute.String("vcs.ref.head.revision", w.Revision), attribute.String("vcs.repository.url.full", w.Repository))
	}
	res := resource.NewSchemaless(attrs...)
	traceOpts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	metricOpts := []sdkmetric.Option{sdkmetric.WithResource(res)}
	logOpts := []sdklog.LoggerProviderOption{sdklog.WithResource(res)}
	// Processors run in order: what an inner one needs to see is set by an outer one.
	traceOpts = append(traceOpts, sdktrace.WithSpanProcessor(carrier{}))

	if w.pipe != nil {
		in.reader = sdkmetric.NewManualReader()
		metricOpts = append(metricOpts, sdkmetric.WithReader(in.reader), sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter))
		traceOpts = append(traceOpts, sdktrace.WithIDGenerator(w.ids), sdktrace.WithSpanProcessor(pipeSpans{w.pipe}))
		logOpts = append(logOpts, sdklog.WithProcessor(pipeLogs{w.pipe}))
	} else {
		te, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(w.Endpoint+"/v1/traces"), otlptracehttp.WithHeaders(w.headers()))
		if err != nil {
			return in, fmt.Errorf("traces of %s: %w", s.Name, err)
		}
		me, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(w.Endpoint+"/v1/metrics"), otlpmetrichttp.WithHeaders(w.headers()))
		if err != nil {
			return in, fmt.Errorf("metrics of %s: %w", s.Name, err)
		}
		le, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(w.Endpoint+"/v1/logs"), otlploghttp.WithHeaders(w.headers()))
		if err != nil {
			return in, fmt.Errorf("logs of %s: %w", s.Name, err)
		}
		traceOpts = append(traceOpts, sdktrace.WithBatcher(te, sdktrace.WithBatchTimeout(time.Second)))
		metricOpts = append(metricOpts, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(me, sdkmetric.WithInterval(15*time.Second))))
		logOpts = append(logOpts, sdklog.WithProcessor(sdklog.NewBatchProcessor(le, sdklog.WithExportInterval(time.Second))))
	}

	in.metrics = sdkmetric.NewMeterProvider(metricOpts...)
	in.closers = append(in.closers, in.metrics.Shutdown)
	derive, err := newSpanMetrics(in.metrics)
	if err != nil {
		return in, fmt.Errorf("metrics of %s: %w", s.Name, err)
	}
	in.traces = sdktrace.NewTracerProvider(append(traceOpts, sdktrace.WithSpanProcessor(derive))...)
	in.closers = append(in.closers, in.traces.Shutdown)
	in.logs = sdklog.NewLoggerProvider(logOpts...)
	in.closers = append(in.closers, in.logs.Shutdown)
	in.handler = otelslog.NewHandler("shop/"+s.Name, otelslog.WithLoggerProvider(in.logs))
	if err := runtime.Start(runtime.WithMeterProvider(in.metrics)); err != nil {
		return in, fmt.Errorf("runtime metrics of %s: %w", s.Name, err)
	}
	return in, s.gauges(in.metrics)
}

// instance is the name of a running process. By a virtual clock it depends on the version
// alone, so that the stages of a backfill are the same process.
func (s *Service) instance(version string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.Name + version))
	n := h.Sum32()
	if !s.World.Clock.Virtual() {
		n = rand.Uint32()
	}
	return fmt.Sprintf("%s-%08x", s.Name, n)
}

func (in *incarnation) close(ctx context.Context) error {
	var errs []error
	for i := len(in.closers) - 1; i >= 0; i-- {
		errs = append(errs, in.closers[i](ctx))
	}
	in.closers = nil
	return errors.Join(errs...)
}

// collect sends the metrics as they are at this moment of a virtual clock.
func (in *incarnation) collect(ctx context.Context, w *World) error {
	rm := &metricdata.ResourceMetrics{}
	if err := in.reader.Collect(ctx, rm); err != nil {
		return err
	}
	retime(rm, moment{in.started, w.Clock.Now()})
	w.pipe.sendMetrics(rm)
	return nil
}

// carrier puts who asked on the spans with which a service answers.
type carrier struct{}

func (carrier) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if k := s.SpanKind(); k != trace.SpanKindServer && k != trace.SpanKindConsumer {
		return
	}
	for _, m := range baggage.FromContext(ctx).Members() {
		s.SetAttributes(attribute.String(m.Key(), m.Value()))
	}
}

func (carrier) OnEnd(sdktrace.ReadOnlySpan)      {}
func (carrier) Shutdown(context.Context) error   { return nil }
func (carrier) ForceFlush(context.Context) error { return nil }
