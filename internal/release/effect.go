package release

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Against says which time a release is compared with.
type Against string

// Just before it, or the same time of the day or the week before, where load differs over
// the day.
const (
	AgainstBefore Against = "before"
	AgainstDay    Against = "day"
	AgainstWeek   Against = "week"
)

const (
	// usualWindow is how long after a release is looked at, when nobody says.
	usualWindow = time.Hour
	longest     = 7 * 24 * time.Hour
	// shortLife is too short a time between two releases to judge either by: the time
	// before is then not cut at the release before.
	shortLife = 5 * time.Minute
)

// Window is the time after a release, and the time of the same length that it is compared
// with. The minute in which it came belongs to neither.
type Window struct {
	After, Before telemetry.Range
	// Live says that the time after is not over yet: it grows up to what was asked for.
	Live bool
}

// shift is how far back the time before lies, as figures are compared.
func (w Window) shift() time.Duration { return w.After.From.Sub(w.Before.From) }

// empty says that there is no whole minute to look at yet.
func (w Window) empty() bool { return !w.After.From.Before(w.After.To) }

// windowOf cuts the time to look at: not beyond the life of the release, nor beyond now,
// nor, just before it, beyond the release before.
func windowOf(d Detail, want time.Duration, against Against, now time.Time) Window {
	floor := d.At.Truncate(time.Minute)
	from := floor
	if floor.Before(d.At) {
		from = floor.Add(time.Minute)
	}
	end := now.Truncate(time.Minute)
	over := false
	if until := d.To.Truncate(time.Minute); !d.To.IsZero() && until.Before(end) {
		end, over = until, true
	}
	n := min(want, longest)
	switch against { // the time before ends before it came
	case AgainstDay:
		n = min(n, 24*time.Hour-from.Sub(floor))
	case AgainstWeek:
		n = min(n, longest-from.Sub(floor))
	}
	if against == AgainstBefore && d.Previous.ID != "" {
		if gap := floor.Sub(d.Previous.At).Truncate(time.Minute); gap >= shortLife {
			n = min(n, gap)
		}
	}
	w := Window{Live: !over && end.Sub(from) < n}
	n = max(min(n, end.Sub(from)), 0)
	w.After = telemetry.Range{From: from, To: from.Add(n)}
	switch against {
	case AgainstDay:
		w.Before = back(w.After, 24*time.Hour)
	case AgainstWeek:
		w.Before = back(w.After, 7*24*time.Hour)
	default:
		w.Before = telemetry.Range{From: floor.Add(-n), To: floor}
	}
	return w
}

func back(r telemetry.Range, by time.Duration) telemetry.Range {
	return telemetry.Range{From: r.From.Add(-by), To: r.To.Add(-by)}
}

// Turn is what became of a figure.
type Turn string

// The turns. TooFew says that there were too few requests on either side to tell.
const (
	Worse  Turn = "worse"
	Better Turn = "better"
	Same   Turn = "same"
	TooFew Turn = "too_few"
)

const (
	fewForErrors  = 20
	fewForLatency = 40 // a p95 is then of two requests at least
	surely        = 3  // standard deviations: by chance once in a few hundred releases
	leastShare    = 0.001
	leastFactor   = 1.2
	leastDelay    = float64(time.Millisecond)
)

// errorTurn compares shares of failed requests: a difference counts when chance hardly
// makes it, and when it is a tenth of a percent of the requests at least.
func errorTurn(after, before telemetry.RED) Turn {
	n1, n0 := float64(after.Count), float64(before.Count)
	if min(n1, n0) < fewForErrors {
		return TooFew
	}
	p1, p0 := float64(after.Errors)/n1, float64(before.Errors)/n0
	p := float64(after.Errors+before.Errors) / (n1 + n0)
	z := (p1 - p0) / math.Sqrt(p*(1-p)*(1/n1+1/n0))
	switch {
	case math.IsNaN(z) || math.Abs(z) < surely || math.Abs(p1-p0) < leastShare:
		return Same
	case z > 0:
		return Worse
	}
	return Better
}

// latencyTurn compares what the slow requests took: a fifth more or less counts, and a
// millisecond at least.
func latencyTurn(after, before telemetry.RED) Turn {
	if min(after.Count, before.Count) < fewForLatency {
		return TooFew
	}
	turned := func(a, b float64) bool { return a > b*leastFactor && a-b >= leastDelay }
	switch {
	case turned(after.P95, before.P95):
		return Worse
	case turned(before.P95, after.P95):
		return Better
	}
	return Same
}

// Pair is the same figures after and before.
type Pair struct{ After, Before telemetry.RED }

// Errors and Latency say what became of them.
func (p Pair) Errors() Turn  { return errorTurn(p.After, p.Before) }
func (p Pair) Latency() Turn { return latencyTurn(p.After, p.Before) }

// EndpointEffect is what became of an endpoint; one side is zero where it was not called.
type EndpointEffect struct {
	Endpoint string
	Kind     telemetry.Kind
	Pair
}

// endpointEffects joins both sides, the one that became worst first.
func endpointEffects(after, before []telemetry.EndpointFigures) []EndpointEffect {
	type key struct {
		name string
		kind telemetry.Kind
	}
	at := map[key]int{}
	var all []EndpointEffect
	side := func(rows []telemetry.EndpointFigures, set func(*Pair, telemetry.RED)) {
		for _, e := range rows {
			k := key{e.Endpoint, e.Kind}
			i, ok := at[k]
			if !ok {
				i = len(all)
				at[k] = i
				all = append(all, EndpointEffect{Endpoint: e.Endpoint, Kind: e.Kind})
			}
			set(&all[i].Pair, e.RED)
		}
	}
	side(after, func(p *Pair, r telemetry.RED) { p.After = r })
	side(before, func(p *Pair, r telemetry.RED) { p.Before = r })
	slices.SortStableFunc(all, func(a, b EndpointEffect) int {
		return cmp.Or(cmp.Compare(severity(a.Pair), severity(b.Pair)), cmp.Compare(b.After.Count, a.After.Count), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return all
}

// severity orders turns: more failures before more waiting before what is as it was.
func severity(p Pair) int {
	switch {
	case p.Errors() == Worse:
		return 0
	case p.Latency() == Worse:
		return 1
	case p.Errors() == Better, p.Latency() == Better:
		return 2
	}
	return 3
}

// leastGone is how often a group of errors was seen before, for its absence to say
// anything: of one that comes three times in the time, chance hides it once in twenty.
const leastGone = 3

// ErrorEffect are the groups of errors that a release brought and took away.
type ErrorEffect struct {
	// New were first seen ever since it came, Gone never again; Lasting were seen on both
	// sides, and Other since it came, though not just before.
	New, Gone, Lasting, Other []telemetry.ErrorFigures
}

// errorEffect sorts groups by the side on which they were seen. Since are those of the
// whole life of the release, before those of the time it is compared with.
func errorEffect(since, before []telemetry.ErrorFigures, came time.Time) (e ErrorEffect) {
	seen, was := map[telemetry.ShapeID]bool{}, map[telemetry.ShapeID]uint64{}
	for _, g := range before {
		was[g.ID] += g.Count
	}
	for _, g := range since {
		seen[g.ID] = true
		n, there := was[g.ID]
		g.Before = &n
		switch {
		case g.FirstEver >= came.UnixNano() && !there:
			e.New = append(e.New, g)
		case there:
			e.Lasting = append(e.Lasting, g)
		default:
			e.Other = append(e.Other, g)
		}
	}
	for _, g := range before {
		if !seen[g.ID] && g.Count >= leastGone {
			n := g.Count
			g.Before, g.Count = &n, 0
			e.Gone = append(e.Gone, g)
		}
	}
	return e
}
