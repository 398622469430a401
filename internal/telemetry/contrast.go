package telemetry

import (
	"cmp"
	"math"
	"slices"
)

// ContrastSample is how many of the chosen and how many of the other spans are compared at
// most. Beyond it a sample decides, taken by the spans' ids and so the same every time.
const ContrastSample = 20_000

// Contrast counts values among chosen spans and among the others of a selection, to find
// what the chosen ones have in common: whom a trouble hits.
type Contrast struct {
	Chosen, Others Sampled
	Tallies        []ContrastTally
}

// Sampled is a number of rows, and how many of them were looked at.
type Sampled struct{ All, Seen uint64 }

// ContrastTally is how many of the sampled spans have a value.
type ContrastTally struct {
	Key, Value     string
	Chosen, Others uint64
}

// Difference is a value that is more frequent among the chosen spans than chance explains.
type Difference struct {
	ContrastTally
	// ChosenPart and OthersPart are the shares of the spans that have the value, 0 to 1.
	ChosenPart, OthersPart float64
	// Surplus is by how much the shares differ at least, at 99 % confidence: what the
	// differences are ordered by.
	Surplus float64
}

// minContrast is how many chosen spans must have a value for it to be told.
const minContrast = 3

// consequences are keys whose values tell of a failure or a delay itself: that failing
// requests answer 500 explains nothing.
var consequences = map[string]bool{
	"status": true, "status_message": true, "duration": true, "code": true, "error_group": true,
	"error.type": true, "exception.type": true, "exception.message": true,
	"http.response.status_code": true, "rpc.response.status_code": true, "rpc.grpc.status_code": true,
	"otel.status_code": true, "otel.status_description": true, "http.response.body.size": true,
}

// Differences are the values that mark the chosen spans, the most telling first, and behind
// them all those that are but another name for what they were chosen by. A value is
// one when the 99 % interval (Wilson's) of its share among the chosen lies wholly above that
// among the others: with few rows nothing is claimed.
func (c *Contrast) Differences(limit int) []Difference {
	var found []Difference
	for _, t := range c.Tallies {
		if t.Chosen < minContrast {
			continue
		}
		low, _ := wilson(t.Chosen, c.Chosen.Seen)
		_, high := wilson(t.Others, c.Others.Seen)
		if low <= high {
			continue
		}
		found = append(found, Difference{
			ContrastTally: t, ChosenPart: part(t.Chosen, c.Chosen.Seen), OthersPart: part(t.Others, c.Others.Seen), Surplus: low - high,
		})
	}
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(after(consequences[a.Key], consequences[b.Key]), cmp.Compare(b.Surplus, a.Surplus), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
	})
	return found[:min(len(found), max(limit, 0))]
}

// after orders what is not before what is.
func after(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func part(k, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// wilson is the interval in which a share lies with 99 % confidence, when k of n have it.
// Of nothing it may be anything.
func wilson(k, n uint64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 2.5758
	p, m := part(k, n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, middle-half), min(1, middle+half)
}
