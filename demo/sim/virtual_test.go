package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

var dawn = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func TestADayPassesAtOnceAndInOrder(t *testing.T) {
	ctx, v := t.Context(), NewVirtual(dawn, 0)
	var seen []string
	say := func(what string) { seen = append(seen, fmt.Sprintf("%s %s", v.Now().Format("15:04"), what)) }
	v.Go(func() {
		_ = v.Sleep(ctx, 2*time.Hour)
		say("lunch")
	})
	v.Go(func() {
		say("open")
		_ = v.Sleep(ctx, time.Hour)
		say("tea")
	})
	began := time.Now()
	_ = v.Sleep(ctx, 24*time.Hour)
	say("next day")
	want := []string{"09:00 open", "10:00 tea", "11:00 lunch", "09:00 next day"}
	if !slices.Equal(seen, want) {
		t.Errorf("it happened as %q, want %q", seen, want)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("a day took %s", d)
	}
	if n := v.Tasks(); n != 1 {
		t.Errorf("%d tasks are left, want the caller alone", n)
	}
}

// Both clocks must keep the same promises.
func clocks(t *testing.T, f func(t *testing.T, c Clock)) {
	t.Run("real", func(t *testing.T) { f(t, Real{}) })
	t.Run("virtual", func(t *testing.T) { f(t, NewVirtual(dawn, 0)) })
}

func TestJoinTakesAsLongAsTheLongest(t *testing.T) {
	clocks(t, func(t *testing.T, c Clock) {
		began := c.Now()
		nap := func(ms time.Duration) func() {
			return func() { _ = c.Sleep(t.Context(), ms*time.Millisecond) }
		}
		Join(c, nap(40), nap(60), nap(50))
		if d := c.Now().Sub(began); d < 60*time.Millisecond || d > 140*time.Millisecond {
			t.Errorf("three naps of 40, 60 and 50 ms side by side took %s", d)
		}
	})
}

func TestDeadlines(t *testing.T) {
	clocks(t, func(t *testing.T, c Clock) {
		began := c.Now()
		ctx, cancel := c.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		inner, cancel := c.WithTimeout(ctx, time.Hour) // the nearer one counts
		defer cancel()
		if err := c.Sleep(inner, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sleeping past the deadline gave %v", err)
		}
		if err := c.NewEvent().Wait(inner); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting past the deadline gave %v", err)
		}
		if d := c.Now().Sub(began); d < 30*time.Millisecond || d > 200*time.Millisecond {
			t.Errorf("that took %s", d)
		}
		if err := c.Err(inner); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Err is %v", err)
		}
		if err := c.Sleep(c.Detach(inner), time.Millisecond); err != nil {
			t.Errorf("detached work ended with %v", err)
		}
	})
}

func TestSemLetsInAsManyAsItHasPlaces(t *testing.T) {
	clocks(t, func(t *testing.T, c Clock) {
		s := NewSem(c, 2)
		began := c.Now()
		work := func() {
			if err := s.Acquire(t.Context()); err != nil {
				t.Error(err)
			}
			_ = c.Sleep(t.Context(), 30*time.Millisecond)
			s.Release()
		}
		Join(c, work, work, work, work, func() {
			_ = c.Sleep(t.Context(), 5*time.Millisecond)
			ctx, cancel := c.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			if err := s.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("an impatient one got %v", err)
			}
		})
		if d := c.Now().Sub(began); d < 60*time.Millisecond || d > 200*time.Millisecond {
			t.Errorf("four of 30 ms, two at a time, took %s", d)
		}
		if s.Used() != 0 || s.Waiting() != 0 {
			t.Errorf("%d places are used and %d wait after all", s.Used(), s.Waiting())
		}
	})
}

func TestQueueKeepsOrderAndEnds(t *testing.T) {
	clocks(t, func(t *testing.T, c Clock) {
		q := NewQueue[int](c, 3)
		var got []int
		put := 0
		Join(c, func() {
			for {
				v, ok := q.Take()
				if !ok {
					return
				}
				got = append(got, v)
				_ = c.Sleep(t.Context(), 10*time.Millisecond)
			}
		}, func() {
			_ = c.Sleep(t.Context(), 2*time.Millisecond)
			for i := range 5 {
				if q.Put(i) {
					put++
				}
			}
			q.Close()
			if q.Put(9) {
				t.Error("a closed queue took an item")
			}
		})
		// The taker may be quick enough to make room for one more.
		if put < 3 || put > 4 || len(got) != put || !slices.IsSorted(got) {
			t.Errorf("%d were put into a queue of three, %v were taken", put, got)
		}
	})
}

func TestAPacedClockKeepsItsPace(t *testing.T) {
	v := NewVirtual(dawn, 1000)
	began := time.Now()
	_ = v.Sleep(t.Context(), 100*time.Second)
	if d := time.Since(began); d < 100*time.Millisecond || d > time.Second {
		t.Errorf("100 s at a thousandfold took %s, want 100 ms", d)
	}
}
