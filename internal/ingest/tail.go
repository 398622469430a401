package ingest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// TailHub hands the rows that were just acknowledged to whoever listens: the live tail.
// Nothing is built while nobody does. It is a telemetry.Tailer, safe for concurrent use; the
// zero value is ready.
type TailHub struct {
	logs  channelSet[telemetry.Log]
	spans channelSet[telemetry.Span]
}

// What waits for a slow listener: so many batches, of so many bytes in all. Further rows are
// dropped and counted, for a listener never delays a receiver.
const (
	tailBatches = 256
	tailBytes   = 8 << 20
)

// Subscribe is telemetry.Tailer's.
func (h *TailHub) Subscribe(ctx context.Context, signal telemetry.Signal) <-chan telemetry.Arrival {
	out := make(chan telemetry.Arrival)
	switch signal {
	case telemetry.Logs:
		go relay(ctx, h.logs.listen(), out, func(rows []telemetry.Log) telemetry.Arrival { return telemetry.Arrival{Logs: rows} })
	case telemetry.Spans:
		go relay(ctx, h.spans.listen(), out, func(rows []telemetry.Span) telemetry.Arrival { return telemetry.Arrival{Spans: rows} })
	default:
		close(out)
	}
	return out
}

// relay hands on what a listener gets, with how much it lost since the batch before.
func relay[T any](ctx context.Context, from *tail[T], to chan<- telemetry.Arrival, wrap func([]T) telemetry.Arrival) {
	defer close(to)
	defer from.close()
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-from.ch:
			a := wrap(b.rows)
			a.Dropped = from.dropped.Swap(0)
			select {
			case <-ctx.Done():
				return
			case to <- a:
			}
			from.bytes.Add(-b.bytes)
		}
	}
}

// tail is one listener. Batches are shared with other listeners and must not be changed.
type tail[T any] struct {
	ch      chan batch[T]
	bytes   atomic.Int64 // of the batches that wait
	dropped atomic.Uint64
	close   func()
}

type batch[T any] struct {
	rows  []T
	bytes int64
}

type channelSet[T any] struct {
	n    atomic.Int32
	mu   sync.Mutex
	open []*tail[T]
}

func (s *channelSet[T]) listen() *tail[T] {
	t := &tail[T]{ch: make(chan batch[T], tailBatches)}
	t.close = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.open, t); i >= 0 {
			s.open = slices.Delete(s.open, i, i+1)
			s.n.Add(-1)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, t)
	s.n.Add(1)
	return t
}

func (s *channelSet[T]) listening() bool { return s.n.Load() > 0 }

// publish hands rows to each listener, as many as it has room for.
func (s *channelSet[T]) publish(rows []T, size func(*T) int) {
	if len(rows) == 0 {
		return
	}
	var all int64
	sizes := make([]int64, len(rows))
	for i := range rows {
		sizes[i] = int64(size(&rows[i]))
		all += sizes[i]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.open {
		b := batch[T]{rows, all}
		if room := tailBytes - t.bytes.Load(); all > room {
			n := 0
			for b.bytes = 0; n < len(rows) && b.bytes+sizes[n] <= room; n++ {
				b.bytes += sizes[n]
			}
			// Cloned: a slice of the whole would keep the rest in memory.
			b.rows = slices.Clone(rows[:n])
		}
		if len(b.rows) > 0 {
			t.bytes.Add(b.bytes)
			select {
			case t.ch <- b:
			default:
				t.bytes.Add(-b.bytes)
				b.rows = nil
			}
		}
		t.dropped.Add(uint64(len(rows) - len(b.rows)))
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
	h.logs.publish(out, logSize)
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
	h.spans.publish(out, spanSize)
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

// attrsSize and those below are about what a row takes in memory. A resource's attributes
// are counted for each of its rows: rather too much than too little.
func attrsSize(attrs []telemetry.Attr) int {
	n := 0
	for i := range attrs {
		n += 32 + len(attrs[i].Key) + len(attrs[i].Value)
	}
	return n
}

func logSize(r *telemetry.Log) int {
	return 512 + len(r.Body) + len(r.Exception.Message) + len(r.Exception.Stack) + attrsSize(r.Attrs) + attrsSize(r.Source.Attrs)
}

func spanSize(r *telemetry.Span) int {
	n := 512 + len(r.Name) + len(r.StatusMessage) + attrsSize(r.Attrs) + attrsSize(r.Source.Attrs)
	for i := range r.Events {
		n += 64 + len(r.Events[i].Name) + attrsSize(r.Events[i].Attrs)
	}
	for i := range r.Links {
		n += 64 + attrsSize(r.Links[i].Attrs)
	}
	return n
}
