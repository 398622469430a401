package ingest

import (
	"maps"
	"time"
)

// places are the service names that rows are taken of, at most max. A flood of made-up
// names cannot keep out the services that are real:
//
//   - Names that the store knows, and names that were seen in three different minutes, are
//     settled: they lose their place only to need, after a day of silence.
//   - The first half of the places goes to whoever comes. After that, as many new names as
//     a hundredth of the places get in per minute, and as many again of those that asked
//     in the minute before too, which made-up names do not.
//   - Beyond half, a name that is not settled loses its place after ten silent minutes.
type places struct {
	names  map[string]*place
	minute int64           // the minute that the next three are of
	came   int             // newcomers let in
	again  int             // of those that had asked before, let in
	asked  map[string]bool // names that were refused
	before map[string]bool // and those of the minute before
}

type place struct {
	last    time.Time
	minute  int64
	minutes int // different minutes in which it was seen, to settledAfter
}

const (
	settledAfter = 3
	guestSilence = 10 * time.Minute
	placeSilence = 24 * time.Hour
	maxAsked     = 10_000
	fewPlaces    = 20 // so few that half of them is no use: all go to whoever comes
)

// know gives places to names that were there before, the first ones first.
func (b *book) know(names []string, max int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range names {
		if len(b.places.names) >= max {
			return
		}
		b.places.put(n, now, settledAfter)
	}
}

func (p *places) put(name string, now time.Time, minutes int) {
	if p.names == nil {
		p.names = map[string]*place{}
	}
	p.names[name] = &place{last: now, minute: now.Unix() / 60, minutes: minutes}
}

// admit says whether rows of a service are taken.
func (b *book) admit(service string, max int, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.places
	minute := now.Unix() / 60
	if s := p.names[service]; s != nil {
		if s.minute != minute {
			s.minutes = min(s.minutes+1, settledAfter)
		}
		s.last, s.minute = now, minute
		return true
	}
	if minute != p.minute || p.asked == nil {
		p.before = nil
		if minute == p.minute+1 {
			p.before = p.asked
		}
		p.minute, p.came, p.again, p.asked = minute, 0, 0, map[string]bool{}
		p.clear(max, now)
	}
	if len(p.names) < max && p.letIn(service, max) {
		p.put(service, now, 1)
		return true
	}
	if len(p.asked) < maxAsked {
		p.asked[service] = true
	}
	return false
}

// letIn decides over a new name when there is a place. What it is counted under, if
// anything, is full afterwards all the sooner.
func (p *places) letIn(service string, max int) bool {
	if max < fewPlaces || len(p.names) < max/2 {
		return true
	}
	rate := (max + 99) / 100
	if p.came < rate {
		p.came++
		return true
	}
	if p.before[service] && p.again < rate {
		p.again++
		return true
	}
	return false
}

// clear takes the places of the silent, when there is need.
func (p *places) clear(max int, now time.Time) {
	full := len(p.names) >= max
	if !full && len(p.names) < max/2 {
		return
	}
	maps.DeleteFunc(p.names, func(_ string, s *place) bool {
		silent := now.Sub(s.last)
		return silent > placeSilence && full || silent > guestSilence && s.minutes < settledAfter && max >= fewPlaces
	})
}
