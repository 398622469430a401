package self

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/internal/clock"
)

// instruments makes what the hooks below record to.
func (s *Self) instruments() (err error) {
	bounds := metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
	var errs []error
	add := func(to *metric.Float64Histogram, name, about string) {
		h, err := s.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(about), bounds)
		*to, errs = h, append(errs, err)
	}
	add(&s.requests, "http.server.request.duration", "Requests to the UI and the API.")
	add(&s.jobs, "yagura.job.duration", "Runs of jobs.")
	add(&s.questions, "db.client.operation.duration", "Questions to the engine of logs and spans.")
	add(&s.blocks, "yagura.block.write.duration", "Blocks that went from the write-ahead log to the stores.")
	return errors.Join(errs...)
}

// Request begins the span of a request. trace is its id; end is called when it is answered:
// route is the pattern that matched, "" for none; a stream's time says nothing.
func (s *Self) Request(r *http.Request) (ctx context.Context, traceID string, end func(route string, status int, stream bool)) {
	ctx = propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	begun := s.opt.Clock.Now()
	ctx, span := s.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
	if id := span.SpanContext().TraceID(); id.IsValid() {
		traceID = id.String()
	}
	return ctx, traceID, func(route string, status int, stream bool) {
		defer span.End()
		_, path, found := strings.Cut(route, " ")
		if !found {
			path = route
		}
		method := attribute.String("http.request.method", known(r.Method))
		code := attribute.Int("http.response.status_code", status)
		at := attribute.String("http.route", path)
		if !stream {
			s.requests.Record(ctx, s.since(begun), metric.WithAttributes(method, at, code))
		}
		if !span.IsRecording() {
			return
		}
		span.SetName(known(r.Method) + " " + path)
		span.SetAttributes(method, at, code, attribute.String("url.path", r.URL.Path), attribute.Bool(streamKey, stream))
		if status >= 500 {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
	}
}

// known keeps methods that somebody invents from being a series each.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "_OTHER"
}

// Job begins the span of a run of a job; end is told how it ended.
func (s *Self) Job(ctx context.Context, name string) (context.Context, func(outcome string, err error)) {
	begun := s.opt.Clock.Now()
	ctx, span := s.tracer.Start(ctx, "job "+name, trace.WithNewRoot(), trace.WithAttributes(attribute.String("yagura.job", name)))
	return ctx, func(outcome string, err error) {
		s.jobs.Record(ctx, s.since(begun), metric.WithAttributes(attribute.String("yagura.job", name), attribute.String("yagura.outcome", outcome)))
		span.SetAttributes(attribute.String("yagura.outcome", outcome))
		failed(span, err)
		span.End()
	}
}

// Question begins the span of a question to the engine, where somebody asked for it.
func (s *Self) Question(ctx context.Context, statement string) (context.Context, func(error)) {
	begun := s.opt.Clock.Now()
	system := attribute.String("db.system.name", "clickhouse")
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		ctx, span = s.tracer.Start(ctx, "SELECT", trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(system, attribute.String("db.query.text", cut(statement, 4<<10))))
	} else {
		span = nil
	}
	return ctx, func(err error) {
		attrs := []attribute.KeyValue{system}
		if err != nil {
			attrs = append(attrs, attribute.String("error.type", "error"))
		}
		s.questions.Record(ctx, s.since(begun), metric.WithAttributes(attrs...))
		if span != nil {
			failed(span, err)
			span.End()
		}
	}
}

// Block records that a block was given to a store.
func (s *Self) Block(ctx context.Context, signal string, took time.Duration, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	s.blocks.Record(context.WithoutCancel(ctx), took.Seconds(), metric.WithAttributes(attribute.String("yagura.signal", signal), attribute.String("yagura.outcome", outcome)))
}

func failed(span trace.Span, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		span.RecordError(err)
		span.SetStatus(codes.Error, cut(err.Error(), 500))
	}
}

func (s *Self) since(t time.Time) float64 { return clock.Since(s.opt.Clock, t).Seconds() }

func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
