package self

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	slow      = time.Second // from here a trace is always kept
	oneIn     = 10          // of the others
	maxTraces = 1024        // under way at once; further ones are not kept
	maxSpans  = 200         // of a trace; further ones are left out
	streamKey = "yagura.stream"
)

// tail holds the spans of a trace until its first span has ended, and then hands them on,
// or not.
type tail struct {
	next sdktrace.SpanProcessor
	mu   sync.Mutex
	held map[trace.TraceID]*underway
}

type underway struct {
	root  trace.SpanID // that which began in this process
	spans []sdktrace.ReadOnlySpan
	error bool
}

func newTail(next sdktrace.SpanProcessor) *tail {
	return &tail{next: next, held: map[trace.TraceID]*underway{}}
}

// OnStart is sdktrace.SpanProcessor's.
func (t *tail) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	t.next.OnStart(ctx, s)
	if p := s.Parent(); p.IsValid() && !p.IsRemote() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// A caller may begin several requests of one trace at once: the first holds it.
	if id := s.SpanContext().TraceID(); t.held[id] == nil && len(t.held) < maxTraces {
		t.held[id] = &underway{root: s.SpanContext().SpanID()}
	}
}

// OnEnd is sdktrace.SpanProcessor's.
func (t *tail) OnEnd(s sdktrace.ReadOnlySpan) {
	id := s.SpanContext().TraceID()
	t.mu.Lock()
	h := t.held[id]
	if h == nil {
		t.mu.Unlock()
		return
	}
	h.error = h.error || s.Status().Code == codes.Error
	if len(h.spans) < maxSpans || s.SpanContext().SpanID() == h.root {
		h.spans = append(h.spans, s)
	}
	if s.SpanContext().SpanID() != h.root {
		t.mu.Unlock()
		return
	}
	delete(t.held, id)
	t.mu.Unlock()
	if h.error || s.EndTime().Sub(s.StartTime()) >= slow && !streamed(s) || rand.N(oneIn) == 0 {
		for _, s := range h.spans {
			t.next.OnEnd(s)
		}
	}
}

// streamed says that a request was one to follow something: how long says nothing.
func streamed(s sdktrace.ReadOnlySpan) bool {
	for _, a := range s.Attributes() {
		if a.Key == streamKey {
			return a.Value.AsBool()
		}
	}
	return false
}

// Shutdown is sdktrace.SpanProcessor's.
func (t *tail) Shutdown(ctx context.Context) error { return t.next.Shutdown(ctx) }

// ForceFlush is sdktrace.SpanProcessor's.
func (t *tail) ForceFlush(ctx context.Context) error { return t.next.ForceFlush(ctx) }
