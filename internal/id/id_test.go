package id

import (
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
)

func TestSequenceGrowsOverRestarts(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	s := NewSequence(c)
	last := s.Take(1000) + 999
	if next := s.Next(); next != last+1 {
		t.Errorf("after %d comes %d", last, next)
	}
	c.Advance(time.Second)
	if again := NewSequence(c).Next(); again <= last+1 {
		t.Errorf("a restart went back from %d to %d", last, again)
	}
}

func TestTakeNeverOverlaps(t *testing.T) {
	s := NewSequence(clock.NewFake(time.Unix(1, 0)))
	seen, mu, wg := map[uint64]bool{}, sync.Mutex{}, sync.WaitGroup{}
	for range 8 {
		wg.Go(func() {
			for range 100 {
				first := s.Take(7)
				mu.Lock()
				for i := range uint64(7) {
					if seen[first+i] {
						t.Errorf("%d twice", first+i)
					}
					seen[first+i] = true
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestRandomIDs(t *testing.T) {
	if n := len(New()); n != 16 {
		t.Errorf("New has %d characters", n)
	}
	if n := len(Secret()); n != 52 {
		t.Errorf("Secret has %d characters", n)
	}
	if a, b := New(), New(); a == b {
		t.Errorf("twice %s", a)
	}
}

func TestSequencesInPlacesStayApart(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	a, b := NewSequenceIn(c, 1), NewSequenceIn(c, 2)
	const century = 100 * 365 * 24 * time.Hour
	last := a.Take(int(century/time.Microsecond)) + uint64(century/time.Microsecond)
	if first := b.Next(); last >= first {
		t.Errorf("place 1 came to %d, place 2 began at %d", last, first)
	}
	if n := NewSequenceIn(c, Places-1).Next(); n>>63 != 0 {
		t.Errorf("%d does not fit a signed number", n)
	}
	if NewSequenceIn(c, 0).Next() != NewSequence(c).Next() {
		t.Error("a single process's ids have changed")
	}
}
