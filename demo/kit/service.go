package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Service is one of the shop's services.
type Service struct {
	Name  string
	World *World
	Log   *slog.Logger
	// Diary says that each answer is logged, as the service does at which users arrive.
	Diary bool

	mux    *http.ServeMux
	client *http.Client
	now    atomic.Pointer[incarnation]
	mu     sync.Mutex
	dbs    []*DB
	queues []gauge
	stops  []func(context.Context) error // run in reverse
}

type gauge struct {
	name string
	len  func() int
}

var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// New makes a service that does not listen yet; Listen when it has its routes.
func (w *World) New(name string) *Service {
	s := &Service{Name: name, World: w, mux: http.NewServeMux()}
	s.Log = slog.New(logHandler{s: s})
	s.client = &http.Client{Transport: otelhttp.NewTransport(w.Transport(), append(s.otel(),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			if path, ok := r.Context().Value(templateKey{}).(string); ok {
				return r.Method + " " + path
			}
			return r.Method
		}))...)}
	return s
}

func (s *Service) otel() []otelhttp.Option {
	return []otelhttp.Option{
		otelhttp.WithTracerProvider(provider{s: s}), otelhttp.WithPropagators(propagator),
		// Its durations are the machine's; ours come from the spans, by any clock.
		otelhttp.WithMeterProvider(noop.NewMeterProvider()),
	}
}

// Listen starts the service in a version.
func (s *Service) Listen(ctx context.Context, version string) error {
	in, err := s.incarnate(ctx, version)
	if err != nil {
		return err
	}
	s.now.Store(in)
	served := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.World.Clock.Now()
		_ = s.Work(r.Context(), 600*time.Microsecond) // parsing and finding the route
		if !s.Diary {
			s.mux.ServeHTTP(w, r)
			return
		}
		seen := &watched{ResponseWriter: w, status: http.StatusOK}
		s.mux.ServeHTTP(seen, r)
		level := slog.LevelInfo
		if seen.status >= 500 {
			level = slog.LevelError
		}
		s.Log.LogAttrs(r.Context(), level, fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, seen.status),
			slog.String("event", "access"), slog.Int("status", seen.status),
			slog.Int64("duration_ms", s.World.Clock.Now().Sub(began).Milliseconds()), slog.String("user_agent", r.UserAgent()))
	})
	h := otelhttp.NewHandler(served, s.Name, append(s.otel(), otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		if r.Pattern != "" {
			return r.Pattern
		}
		return r.Method
	}))...)
	stop, err := s.World.Serve(s.Name+":8080", h)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, stop)
	return nil
}

// watched remembers the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Version is the one that runs.
func (s *Service) Version() string { return s.now.Load().version }

// Release starts the service anew in a version, which may be the one it has.
func (s *Service) Release(ctx context.Context, version string) error {
	in, err := s.incarnate(ctx, version)
	if err != nil {
		return err
	}
	old := s.now.Swap(in)
	s.Log.InfoContext(ctx, "サービスを起動しました", "service.version", version, "previous", old.version)
	if old.reader != nil {
		return errors.Join(old.collect(ctx, s.World), old.close(ctx))
	}
	// What began in the old one ends there; its spans still have a way out for a while.
	go func() {
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = old.close(ctx)
	}()
	return nil
}

// Collect sends the metrics of this moment; only by a virtual clock.
func (s *Service) Collect(ctx context.Context) error { return s.now.Load().collect(ctx, s.World) }

// Close ends what is under way and sends the last telemetry.
func (s *Service) Close(ctx context.Context) error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i](ctx))
	}
	for _, db := range s.dbs {
		errs = append(errs, db.sql.Close())
	}
	if in := s.now.Load(); in != nil {
		if in.reader != nil {
			errs = append(errs, in.collect(ctx, s.World))
		}
		errs = append(errs, in.close(ctx))
	}
	return errors.Join(errs...)
}

// Start begins a span of the service's own.
func (s *Service) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	return provider{s: s}.Tracer("shop/"+s.Name).Start(ctx, name, opts...)
}

// Work is what the service computes by itself for about so long.
func (s *Service) Work(ctx context.Context, about time.Duration) error {
	return s.World.Clock.Sleep(ctx, s.World.Dice.Around(about))
}

// Refusal is an answer that is no fault of the service's, or one it passes on.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return r.Text }

// Method answers a request for a receiver. It is a method expression, not a closure, so
// that its place in the source is known.
type Method[T any] = func(T, http.ResponseWriter, *http.Request) error

// Handle adds a route that a method of recv answers. An error becomes a logged 500, or
// the status of the Refusal that it is.
func Handle[T any](s *Service, recv T, pattern string, h Method[T]) {
	Choose(s, recv, pattern, func() Method[T] { return h })
}

// Choose is Handle for a route that is answered by one or another method, as pick says
// at each request.
func Choose[T any](s *Service, recv T, pattern string, pick func() Method[T]) {
	_, route, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		h := pick()
		ctx := r.Context()
		span := trace.SpanFromContext(ctx)
		span.SetAttributes(attribute.String("http.route", route))
		span.SetAttributes(funcPlace(h)...)
		defer func() {
			if p := recover(); p != nil {
				s.panicked(ctx, route, p, string(debug.Stack()))
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		if err := h(recv, w, r); err != nil {
			s.fail(ctx, w, route, err)
		}
	})
}

func (s *Service) panicked(ctx context.Context, route string, p any, stack string) {
	text, kind := fmt.Sprint(p), "panic"
	if err, ok := p.(error); ok {
		kind = fmt.Sprintf("%T", err)
	}
	span := trace.SpanFromContext(ctx)
	span.AddEvent("exception", trace.WithAttributes(
		attribute.String("exception.type", kind), attribute.String("exception.message", text),
		attribute.String("exception.stacktrace", stack)))
	span.SetStatus(codes.Error, text)
	s.Log.ErrorContext(ctx, "予期しないエラーが発生しました", "exception.type", kind, "exception.message", text, "exception.stacktrace", stack, "http.route", route)
}

func (s *Service) fail(ctx context.Context, w http.ResponseWriter, route string, err error) {
	status := http.StatusInternalServerError
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		status = refused.Status
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		status = http.StatusGatewayTimeout
	}
	if status >= 500 {
		root := err
		for errors.Unwrap(root) != nil {
			root = errors.Unwrap(root)
		}
		kind := fmt.Sprintf("%T", root)
		trace.SpanFromContext(ctx).AddEvent("exception", trace.WithAttributes(
			attribute.String("exception.type", kind), attribute.String("exception.message", err.Error())))
		s.Log.ErrorContext(ctx, "リクエストの処理に失敗しました", "error", err.Error(),
			"exception.type", kind, "exception.message", err.Error(), "http.route", route)
	}
	http.Error(w, err.Error(), status)
}

// FuncPlace is where a function is in the source, as code.* attributes have it.
func FuncPlace(f any) (name, file string, line int) {
	pc := reflect.ValueOf(f).Pointer()
	fn := runtime.FuncForPC(pc)
	file, line = fn.FileLine(pc)
	return fn.Name(), inRepository(file), line
}

func funcPlace(f any) []attribute.KeyValue {
	name, file, line := FuncPlace(f)
	return []attribute.KeyValue{
		attribute.String("code.file.path", file), attribute.Int("code.line.number", line), attribute.String("code.function.name", name),
	}
}

// JSON answers with a value.
func JSON(w http.ResponseWriter, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(raw)
	return err
}

// gauges are the pools and queues, told by each incarnation.
func (s *Service) gauges(mp metric.MeterProvider) error {
	m := mp.Meter("shop/kit")
	used, e1 := m.Int64ObservableUpDownCounter("db.client.connection.count", metric.WithUnit("{connection}"), metric.WithDescription("Connections of the pool, by state."))
	waiting, e2 := m.Int64ObservableUpDownCounter("db.client.connection.pending_requests", metric.WithUnit("{request}"), metric.WithDescription("Requests that wait for a connection."))
	limit, e3 := m.Int64ObservableUpDownCounter("db.client.connection.max", metric.WithUnit("{connection}"), metric.WithDescription("Connections that the pool may have."))
	depth, e4 := m.Int64ObservableGauge("shop.queue.depth", metric.WithUnit("{message}"), metric.WithDescription("Messages that wait to be taken."))
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		return err
	}
	_, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, db := range s.dbs {
			name := attribute.String("db.client.connection.pool.name", db.pool)
			n := db.sem.Used()
			o.ObserveInt64(used, int64(n), metric.WithAttributes(name, attribute.String("db.client.connection.state", "used")))
			o.ObserveInt64(used, int64(db.size-n), metric.WithAttributes(name, attribute.String("db.client.connection.state", "idle")))
			o.ObserveInt64(waiting, int64(db.sem.Waiting()), metric.WithAttributes(name))
			o.ObserveInt64(limit, int64(db.size), metric.WithAttributes(name))
		}
		for _, q := range s.queues {
			o.ObserveInt64(depth, int64(q.len()), metric.WithAttributes(attribute.String("messaging.destination.name", q.name)))
		}
		return nil
	}, used, waiting, limit, depth)
	return err
}

// logHandler logs in the name of the service as it runs now, by the clock.
type logHandler struct {
	s     *Service
	attrs []slog.Attr
}

func (h logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	in := h.s.now.Load()
	if in == nil {
		return nil // it has not started
	}
	r.Time = h.s.World.Clock.Now()
	r.AddAttrs(h.attrs...)
	return in.handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

func (h logHandler) WithGroup(string) slog.Handler { return h }
