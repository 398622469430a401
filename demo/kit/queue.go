package kit

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/demo/sim"
)

// Queue carries messages from one service to another.
type Queue struct {
	name string
	w    *World
	q    *sim.Queue[message]
	ends []sim.Event
}

type message struct {
	id      string
	body    any
	headers propagation.MapCarrier
}

// NewQueue makes a queue that holds at most n messages.
func (w *World) NewQueue(name string, n int) *Queue {
	return &Queue{name: name, w: w, q: sim.NewQueue[message](w.Clock, n)}
}

func (q *Queue) attrs(op, id string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "teaqueue"),
		attribute.String("messaging.destination.name", q.name),
		attribute.String("messaging.operation.type", op),
		attribute.String("messaging.operation.name", op),
		attribute.String("messaging.message.id", id),
	}
}

// Publish puts a message into the queue.
func (q *Queue) Publish(ctx context.Context, s *Service, id string, body any) error {
	ctx, span := s.Start(ctx, "send "+q.name, trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(q.attrs("send", id)...))
	defer span.End()
	h := propagation.MapCarrier{}
	propagator.Inject(ctx, h)
	if !q.q.Put(message{id, body, h}) {
		span.SetStatus(codes.Error, "queue is full")
		s.Log.ErrorContext(ctx, "キューが満杯のためメッセージを送信できません", "queue", q.name, "message.id", id)
		return &Refusal{503, fmt.Sprintf("queue %s is full", q.name)}
	}
	return nil
}

// Consume lets a service work on the messages until the queue is closed. The span of a
// message is a child of the one that sent it, and linked to it.
func Consume[T any](q *Queue, s *Service, recv T, h func(T, context.Context, any) error) {
	s.mu.Lock()
	s.queues = append(s.queues, gauge{q.name, q.q.Len})
	s.mu.Unlock()
	end := q.w.Clock.NewEvent()
	q.ends = append(q.ends, end)
	q.w.Clock.Go(func() {
		defer end.Set()
		for {
			m, ok := q.q.Take()
			if !ok {
				return
			}
			ctx := propagator.Extract(context.Background(), m.headers)
			sender := trace.SpanContextFromContext(ctx)
			ctx, span := s.Start(ctx, "process "+q.name, trace.WithSpanKind(trace.SpanKindConsumer),
				trace.WithAttributes(q.attrs("process", m.id)...), trace.WithAttributes(funcPlace(h)...),
				trace.WithLinks(trace.Link{SpanContext: sender}))
			if err := h(recv, ctx, m.body); err != nil {
				span.RecordError(err)
				span.SetStatus(codes.Error, err.Error())
				s.Log.ErrorContext(ctx, "メッセージの処理に失敗しました", "error", err.Error(), "message.id", m.id)
			}
			span.End()
		}
	})
}

// Close ends the queue when what is in it has been worked on.
func (q *Queue) Close() {
	q.q.Close()
	for _, e := range q.ends {
		_ = e.Wait(context.Background()) // Close wakes them
	}
}
