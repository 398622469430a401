package ingest

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// TailHub hands the rows that were just acknowledged to whoever listens: the live tail.
// Nothing is built while nobody does. Safe for concurrent use; the zero value is ready.
type TailHub struct {
	logs  channelSet[telemetry.Log]
	spans channelSet[telemetry.Span]
}

// Tail is one listener. Rows arrive in batches on C, which is closed by Close; they are
// shared with other listeners and must not be changed.
type Tail[T any] struct {
	C       <-chan []T
	ch      chan []T
	dropped atomic.Int64
	close   func()
}

// Dropped is how many rows were not delivered since it was last asked, because the
// listener was slower than its buffer allows.
func (t *Tail[T]) Dropped() int64 { return t.dropped.Swap(0) }

// Close ends the listening. It may be called more than once.
func (t *Tail[T]) Close() { t.close() }

// Logs listens to logs; up to buffer batches wait for a slow listener, further ones are
// dropped and counted.
func (h *TailHub) Logs(buffer int) *Tail[telemetry.Log] { return h.logs.listen(buffer) }

// Spans listens to spans, as Logs does.
func (h *TailHub) Spans(buffer int) *Tail[telemetry.Span] { return h.spans.listen(buffer) }

type channelSet[T any] struct {
	n    atomic.Int32
	mu   sync.Mutex
	open []*Tail[T]
}

func (s *channelSet[T]) listen(buffer int) *Tail[T] {
	ch := make(chan []T, max(buffer, 1))
	t := &Tail[T]{C: ch, ch: ch}
	t.close = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.open, t); i >= 0 {
			s.open = slices.Delete(s.open, i, i+1)
			s.n.Add(-1)
			close(t.ch)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, t)
	s.n.Add(1)
	return t
}

func (s *channelSet[T]) listening() bool { return s.n.Load() > 0 }

func (s *channelSet[T]) publish(rows []T) {
	if len(rows) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.open {
		select {
		case t.ch <- rows:
		default:
			t.dropped.Add(int64(len(rows)))
		}
	}
}

// publishLogs hands on copies of rows that are about to be reused.
func (h *TailHub) publishLogs(rows []telemetry.Log) {
	if h == nil || !h.logs.listening() {
		return
	}
	out := slices.Clone(rows)
	for i := range out {
		out[i].Attrs = slices.Clone(out[i].Attrs)
		out[i].Source.Attrs = shared(out, i, func(r *telemetry.Log) *telemetry.Source { return &r.Source }, rows[i].Source.Attrs)
	}
	h.logs.publish(out)
}

// publishSpans is publishLogs for spans.
func (h *TailHub) publishSpans(rows []telemetry.Span) {
	if h == nil || !h.spans.listening() {
		return
	}
	out := slices.Clone(rows)
	for i := range out {
		s := &out[i]
		s.Attrs = slices.Clone(s.Attrs)
		s.Source.Attrs = shared(out, i, func(r *telemetry.Span) *telemetry.Source { return &r.Source }, rows[i].Source.Attrs)
		s.Events = slices.Clone(s.Events)
		for j := range s.Events {
			s.Events[j].Attrs = slices.Clone(s.Events[j].Attrs)
		}
		s.Links = slices.Clone(s.Links)
		for j := range s.Links {
			s.Links[j].Attrs = slices.Clone(s.Links[j].Attrs)
		}
	}
	h.spans.publish(out)
}

// shared copies a resource's attributes once for all its rows, which follow one another.
func shared[T any](out []T, i int, source func(*T) *telemetry.Source, attrs []telemetry.Attr) []telemetry.Attr {
	if i > 0 && len(attrs) > 0 {
		if prev := source(&out[i-1]).Attrs; len(prev) == len(attrs) && slices.Equal(prev, attrs) {
			return prev
		}
	}
	return slices.Clone(attrs)
}
