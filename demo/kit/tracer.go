package kit

import (
	"context"
	"runtime"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// provider gives tracers of the service as it runs now: after a release the same
// instrumentation speaks for the new one. Its spans have the clock's times and the place
// in the source that started them.
type provider struct {
	embedded.TracerProvider
	s *Service
}

func (p provider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return tracer{s: p.s, name: name, opts: opts}
}

type tracer struct {
	embedded.Tracer
	s    *Service
	name string
	opts []trace.TracerOption
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	more := make([]trace.SpanStartOption, 0, len(opts)+3)
	more = append(append(more, opts...), trace.WithTimestamp(t.s.World.Clock.Now()))
	if attrs := here(); attrs != nil {
		more = append(more, trace.WithAttributes(attrs...))
	}
	if path, ok := ctx.Value(templateKey{}).(string); ok {
		more = append(more, trace.WithAttributes(attribute.String("url.template", path)))
		ctx = context.WithValue(ctx, templateKey{}, nil)
	}
	ctx, inner := t.s.now.Load().traces.Tracer(t.name, t.opts...).Start(ctx, name, more...)
	s := span{Span: inner, t: t}
	return trace.ContextWithSpan(ctx, s), s
}

// span is a span that goes by the clock.
type span struct {
	trace.Span
	t tracer
}

func (s span) stamp() trace.SpanEventOption { return trace.WithTimestamp(s.t.s.World.Clock.Now()) }

func (s span) End(opts ...trace.SpanEndOption) {
	s.Span.End(append(opts, trace.WithTimestamp(s.t.s.World.Clock.Now()))...)
}

func (s span) AddEvent(name string, opts ...trace.EventOption) {
	s.Span.AddEvent(name, append(opts, s.stamp())...)
}

func (s span) RecordError(err error, opts ...trace.EventOption) {
	s.Span.RecordError(err, append(opts, s.stamp())...)
}

func (s span) TracerProvider() trace.TracerProvider { return provider{s: s.t.s} }

// shopCode begins the names of the shop's own functions, as against the kit's.
const shopCode = "github.com/yagura-sre/yagura/demo."

var places sync.Map // program counter → attributes

// here is the line of the shop's own code that is running, or nil when the kit or a
// library works on its own account.
func here() []attribute.KeyValue {
	var pcs [40]uintptr
	n := runtime.Callers(3, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, shopCode) {
			return place(f)
		}
		if !more {
			return nil
		}
	}
}

func place(f runtime.Frame) []attribute.KeyValue {
	if a, ok := places.Load(f.PC); ok {
		return a.([]attribute.KeyValue)
	}
	a := []attribute.KeyValue{
		attribute.String("code.file.path", inRepository(f.File)),
		attribute.Int("code.line.number", f.Line),
		attribute.String("code.function.name", f.Function),
	}
	places.Store(f.PC, a)
	return a
}

// inRepository is a path from the root of the source, wherever it was compiled.
func inRepository(file string) string {
	if i := strings.LastIndex(file, "/demo/"); i >= 0 {
		return file[i+1:]
	}
	return file
}

type templateKey struct{}
