package release

import (
	"cmp"
	"slices"
	"time"
)

// Sighting says that a version of a service sent telemetry: rows at First and at Last, and
// any between.
type Sighting struct {
	Env, Service, Version string
	First, Last           time.Time
}

// life is a stretch of time in which a version of one service in one environment sent
// telemetry without having been replaced.
type life struct {
	id, version        string
	since, last, ended time.Time
	release            string // id of its record; removed when a person did not want it
}

const removed = "-"

const (
	// patience is how long a version may be silent while others answer, and still be taken
	// for running: an instance of few requests.
	patience = 10 * time.Minute
	// together at first sight: what appears so soon after a service's first row was there
	// before it.
	atFirst = 2 * time.Minute
)

// observe adds a sighting to the lives of its service.
func observe(lives []life, s Sighting) []life {
	var mine []int // those that the sighting belongs to
	for i, l := range lives {
		if l.version == s.Version && continues(lives, l, s) {
			mine = append(mine, i)
		}
	}
	if len(mine) == 0 {
		return append(lives, life{version: s.Version, since: s.First, last: s.Last})
	}
	// It may close the gap between two lives, which were one then.
	to := &lives[mine[0]]
	to.since, to.last = earlier(to.since, s.First), later(to.last, s.Last)
	for _, i := range slices.Backward(mine[1:]) {
		l := lives[i]
		to.since, to.last = earlier(to.since, l.since), later(to.last, l.last)
		if to.release == "" {
			to.release = l.release
		}
		lives = slices.Delete(lives, i, i+1)
		to = &lives[mine[0]]
	}
	return lives
}

// continues says that the sighting is of l: near enough in time, or with nobody else
// answering in between.
func continues(lives []life, l life, s Sighting) bool {
	from, to := l.last, s.First // the silence between the two
	if s.Last.Before(l.since) {
		from, to = s.Last, l.since
	}
	if to.Sub(from) <= patienceWith(lives, l.version, to) {
		return true
	}
	return !slices.ContainsFunc(lives, func(o life) bool {
		return (o.version != l.version || o.id != l.id || o.since != l.since) && o.last.After(from) && o.since.Before(to)
	})
}

// patienceWith is longer for a version that keeps coming back: it is one of few requests
// beside others, not one that is released ever again.
func patienceWith(lives []life, version string, at time.Time) time.Duration {
	d, again := patience, 0
	for _, l := range lives {
		if l.version == version && l.since.After(at.Add(-24*time.Hour)) && l.since.Before(at) {
			if again++; again > 1 {
				d *= 3
			}
		}
	}
	return min(d, 24*time.Hour)
}

// finish works out which lives have ended: another version answered long after.
func finish(lives []life) {
	for i := range lives {
		l := &lives[i]
		l.ended = time.Time{}
		for _, o := range lives {
			if o.version != l.version && o.last.Sub(l.last) > patience || o.version == l.version && o.since.After(l.last) {
				l.ended = l.last
			}
		}
	}
	slices.SortFunc(lives, func(a, b life) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.version, b.version))
	})
}

// first is when the service first sent anything.
func first(lives []life) time.Time {
	var t time.Time
	for _, l := range lives {
		if t.IsZero() || l.since.Before(t) {
			t = l.since
		}
	}
	return t
}

// wasThere says that nobody saw the version of this life come.
func wasThere(lives []life, l life) bool { return l.since.Sub(first(lives)) <= atFirst }

// cameBack says that the version of this life had lived before.
func cameBack(lives []life, l life) bool {
	return slices.ContainsFunc(lives, func(o life) bool { return o.version == l.version && o.since.Before(l.since) })
}

// settled says that the sightings of one range need not be looked at more closely: every
// version goes on, so no moment between is of interest.
func settled(lives map[place][]life, seen []Sighting, span time.Duration) bool {
	count := map[place]int{}
	for _, s := range seen {
		count[place{s.Service, s.Env}]++
	}
	for _, s := range seen {
		at := place{s.Service, s.Env}
		of := lives[at]
		if len(of) == 0 && count[at] == 1 {
			continue // its first sight
		}
		if !slices.ContainsFunc(of, func(l life) bool {
			if l.version != s.Version {
				return false
			}
			inside := !s.First.Before(l.since) && !s.Last.After(l.last)
			goesOn := !s.First.Before(l.since) && s.First.Sub(l.last) <= patience && (count[at] == 1 || span <= patience)
			return inside || goesOn
		}) {
			return false
		}
	}
	return true
}

// place is a service in an environment.
type place struct{ service, env string }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
