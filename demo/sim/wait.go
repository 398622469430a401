package sim

import (
	"context"
	"slices"
	"sync"
)

// Sem lets so many in at once; the others wait in the order in which they came.
type Sem struct {
	clock   Clock
	size    int
	mu      sync.Mutex
	used    int
	waiting []Event
}

// NewSem makes a semaphore of n places.
func NewSem(c Clock, n int) *Sem { return &Sem{clock: c, size: n} }

// TryAcquire takes a place if one is free and nobody waits for it.
func (s *Sem) TryAcquire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used >= s.size {
		return false
	}
	s.used++
	return true
}

// Acquire takes a place, or says why ctx ended before there was one.
func (s *Sem) Acquire(ctx context.Context) error {
	if s.TryAcquire() {
		return nil
	}
	s.mu.Lock()
	if s.used < s.size {
		s.used++
		s.mu.Unlock()
		return nil
	}
	e := s.clock.NewEvent()
	s.waiting = append(s.waiting, e)
	s.mu.Unlock()
	err := e.Wait(ctx)
	if err == nil {
		return nil // the place was handed over
	}
	s.mu.Lock()
	i := slices.Index(s.waiting, e)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	s.mu.Unlock()
	if i < 0 { // it was handed over just as we left
		s.Release()
	}
	return err
}

// Release gives a place back, to who waits longest.
func (s *Sem) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) > 0 {
		e := s.waiting[0]
		s.waiting = s.waiting[1:]
		e.Set()
		return
	}
	s.used--
}

// Used and Waiting are for gauges.
func (s *Sem) Used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

func (s *Sem) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// Queue is first in, first out, between tasks.
type Queue[T any] struct {
	clock   Clock
	size    int
	mu      sync.Mutex
	items   []T
	waiting []Event
	closed  bool
}

// NewQueue makes a queue that holds at most n.
func NewQueue[T any](c Clock, n int) *Queue[T] { return &Queue[T]{clock: c, size: n} }

// Put adds an item; false when the queue is full or closed.
func (q *Queue[T]) Put(v T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items) >= q.size {
		return false
	}
	q.items = append(q.items, v)
	q.rouse()
	return true
}

func (q *Queue[T]) rouse() {
	if len(q.waiting) > 0 {
		e := q.waiting[0]
		q.waiting = q.waiting[1:]
		e.Set()
	}
}

// Take waits for an item; false when the queue is closed and empty.
func (q *Queue[T]) Take() (v T, ok bool) {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			v, q.items = q.items[0], q.items[1:]
			if len(q.items) > 0 {
				q.rouse()
			}
			q.mu.Unlock()
			return v, true
		}
		if q.closed {
			q.rouse()
			q.mu.Unlock()
			return v, false
		}
		e := q.clock.NewEvent()
		q.waiting = append(q.waiting, e)
		q.mu.Unlock()
		_ = e.Wait(context.Background()) // Close wakes it
	}
}

// Len is how many wait to be taken.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// Close ends the queue; what is in it can still be taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.rouse()
}
