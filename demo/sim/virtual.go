package sim

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Virtual is a clock that stands still while a task runs and jumps to the next event
// when none can. The goroutine that makes it is its first task.
type Virtual struct {
	mu     sync.Mutex // tasks take turns, but what they start may still be on its way out
	now    time.Time
	seq    uint64
	timers timers
	ready  []*waiter
	tasks  int
	idle   []chan func() // goroutines that have ended a task: their stacks have grown already
	closed bool

	// With a pace, virtual time goes so many times as fast as the machine's.
	pace  float64
	begun time.Time // by the machine's clock
	from  time.Time // the virtual time then
}

// NewVirtual starts a clock. pace 0 is as fast as the machine can.
func NewVirtual(start time.Time, pace float64) *Virtual {
	return &Virtual{now: start, tasks: 1, pace: pace, begun: time.Now(), from: start}
}

// waiter is a task that waits. It is in the heap, in an event's list, or in both; the
// first to reach it decides.
type waiter struct {
	turn  chan struct{}
	at    time.Time
	seq   uint64
	index int // in the heap, -1 outside
	late  bool
	woken bool
}

type timers []*waiter

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if !t[i].at.Equal(t[j].at) {
		return t[i].at.Before(t[j].at)
	}
	return t[i].seq < t[j].seq
}
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}
func (t *timers) Push(x any) {
	w := x.(*waiter)
	w.index = len(*t)
	*t = append(*t, w)
}
func (t *timers) Pop() any {
	old := *t
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	w.index = -1
	return w
}

func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

func (v *Virtual) Virtual() bool { return true }

// waiter makes one that time wakes at a moment, or never when it is zero. Locked.
func (v *Virtual) waiter(at time.Time) *waiter {
	v.seq++
	w := &waiter{turn: make(chan struct{}, 1), at: at, seq: v.seq, index: -1}
	if !at.IsZero() {
		heap.Push(&v.timers, w)
	}
	return w
}

// wake puts a task in the queue of those that can run. Locked.
func (v *Virtual) wake(w *waiter) {
	if w.woken {
		return
	}
	w.woken = true
	if w.index >= 0 {
		heap.Remove(&v.timers, w.index)
	}
	v.ready = append(v.ready, w)
}

// pass gives the turn to the next task. Locked; it unlocks.
func (v *Virtual) pass() {
	var next *waiter
	var pause time.Duration
	switch {
	case len(v.ready) > 0:
		next = v.ready[0]
		v.ready = v.ready[1:]
	case len(v.timers) > 0:
		next = heap.Pop(&v.timers).(*waiter)
		next.woken, next.late = true, true
		if next.at.After(v.now) {
			v.now = next.at
		}
		if v.pace > 0 {
			pause = time.Duration(float64(v.now.Sub(v.from))/v.pace) - time.Since(v.begun)
		}
	}
	v.mu.Unlock()
	if pause > time.Millisecond {
		time.Sleep(pause)
	}
	if next != nil {
		next.turn <- struct{}{}
	}
}

// Go starts a task, which gets its turn when the others wait.
func (v *Virtual) Go(f func()) {
	v.mu.Lock()
	w := v.waiter(time.Time{})
	v.tasks++
	v.wake(w)
	var jobs chan func()
	if n := len(v.idle); n > 0 {
		jobs, v.idle = v.idle[n-1], v.idle[:n-1]
	}
	v.mu.Unlock()
	task := func() {
		<-w.turn
		f()
	}
	if jobs != nil {
		jobs <- task
		return
	}
	jobs = make(chan func(), 1)
	jobs <- task
	go v.work(jobs)
}

// work does one task after the other until Close.
func (v *Virtual) work(jobs chan func()) {
	for task := range jobs {
		task()
		v.mu.Lock()
		v.tasks--
		if v.closed {
			close(jobs)
		} else {
			v.idle = append(v.idle, jobs)
		}
		v.pass()
	}
}

// Close lets the goroutines go that wait for tasks. Only tasks that have begun may go on.
func (v *Virtual) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for _, jobs := range v.idle {
		close(jobs)
	}
	v.idle = nil
}

func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error {
	if err := v.Err(ctx); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	v.mu.Lock()
	until := v.now.Add(d)
	var err error
	if end, ok := deadline(ctx); ok && end.Before(until) {
		until, err = end, context.DeadlineExceeded
	}
	w := v.waiter(until)
	v.pass()
	<-w.turn
	return err
}

// Tasks are how many have not ended, the caller among them.
func (v *Virtual) Tasks() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tasks
}

type deadlineKey struct{}

func deadline(ctx context.Context) (time.Time, bool) {
	t, _ := ctx.Value(deadlineKey{}).(time.Time)
	return t, !t.IsZero()
}

func (v *Virtual) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	end := v.Now().Add(d)
	if t, ok := deadline(ctx); ok && t.Before(end) {
		end = t
	}
	return context.WithValue(ctx, deadlineKey{}, end), func() {}
}

// Carry gives to the deadline of from, as a broken connection would.
func Carry(from, to context.Context) context.Context {
	if t, ok := deadline(from); ok {
		return context.WithValue(to, deadlineKey{}, t)
	}
	return to
}

func (v *Virtual) Err(ctx context.Context) error {
	if end, ok := deadline(ctx); ok && !v.Now().Before(end) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func (v *Virtual) Detach(ctx context.Context) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), deadlineKey{}, time.Time{})
}

func (v *Virtual) NewEvent() Event { return &virtualEvent{v: v} }

type virtualEvent struct {
	v       *Virtual
	set     bool
	waiting []*waiter
}

func (e *virtualEvent) Set() {
	e.v.mu.Lock()
	defer e.v.mu.Unlock()
	e.set = true
	for _, w := range e.waiting {
		e.v.wake(w)
	}
	e.waiting = nil
}

func (e *virtualEvent) Wait(ctx context.Context) error {
	v := e.v
	v.mu.Lock()
	if e.set {
		v.mu.Unlock()
		return nil
	}
	end, _ := deadline(ctx)
	if !end.IsZero() && !v.now.Before(end) {
		v.mu.Unlock()
		return context.DeadlineExceeded
	}
	w := v.waiter(end)
	e.waiting = append(e.waiting, w)
	v.pass()
	<-w.turn
	if w.late {
		return context.DeadlineExceeded
	}
	return nil
}
