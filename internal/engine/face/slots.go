package face

import (
	"context"
	"sync/atomic"
)

// lane bounds how many statements of one kind run; the rest wait in order of arrival.
type lane struct {
	free    chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newLane(slots, queue int) *lane {
	l := &lane{free: make(chan struct{}, slots), queue: int64(queue)}
	for range slots {
		l.free <- struct{}{}
	}
	return l
}

// take waits for a slot. It fails when ctx ends, or at once when the queue is full.
func (l *lane) take(ctx context.Context) (release func(), err error) {
	select {
	case <-l.free:
	default:
		if l.waiting.Add(1) > l.queue {
			l.waiting.Add(-1)
			return nil, errBusy
		}
		defer l.waiting.Add(-1)
		select {
		case <-l.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return func() { l.free <- struct{}{} }, nil
}
