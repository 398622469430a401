package clock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestFakeWakesThoseWhoseTimeHasCome(t *testing.T) {
	start := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	f := NewFake(start)
	soon, later := f.After(time.Second), f.After(time.Hour)
	f.Advance(time.Minute)
	select {
	case at := <-soon:
		if !at.Equal(start.Add(time.Minute)) {
			t.Errorf("woken at %s", at)
		}
	default:
		t.Error("not woken")
	}
	select {
	case <-later:
		t.Error("woken an hour too early")
	default:
	}
	if f.Waiters() != 1 || Since(f, start) != time.Minute {
		t.Errorf("%d wait, %s passed", f.Waiters(), Since(f, start))
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	for name, c := range map[string]Clock{"real": Real{}, "fake": NewFake(time.Unix(0, 0))} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Sleep(ctx, time.Hour) }()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRealIsUTC(t *testing.T) {
	if loc := (Real{}).Now().Location(); loc != time.UTC {
		t.Errorf("location %s", loc)
	}
}
