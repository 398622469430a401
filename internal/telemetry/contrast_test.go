package telemetry

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestDifferencesAreWhatChanceDoesNotExplain(t *testing.T) {
	c := Contrast{Chosen: Sampled{100, 100}, Others: Sampled{900, 900}, Tallies: []ContrastTally{
		{"tenant", "acme", 90, 50},    // the one
		{"region", "tokyo", 60, 540},  // as everywhere
		{"user.id", "7", 2, 0},        // too few
		{"user.id", "8", 4, 20},       // twice as frequent, and still chance
		{"app.version", "9", 40, 100}, // a lesser mark
		{"method", "GET", 100, 900},   // all have it
	}}
	got := c.Differences(10)
	if len(got) != 2 || got[0].Value != "acme" || got[1].Value != "9" {
		t.Fatalf("%+v", got)
	}
	if got[0].ChosenPart != 0.9 || math.Abs(got[0].OthersPart-50.0/900) > 1e-9 {
		t.Errorf("%+v", got[0])
	}
	if short := c.Differences(1); len(short) != 1 || short[0].Value != "acme" {
		t.Errorf("%+v", short)
	}
	// That those that failed answered 500 is no cause, however sure: it comes last.
	c.Tallies = append(c.Tallies, ContrastTally{"http.response.status_code", "500", 100, 0})
	if got := c.Differences(10); len(got) != 3 || got[0].Value != "acme" || got[2].Value != "500" {
		t.Errorf("%+v", got)
	}
	alone := Contrast{Chosen: Sampled{5, 5}, Tallies: []ContrastTally{{"a", "b", 5, 0}}}
	if got := alone.Differences(10); len(got) != 0 {
		t.Errorf("without others there is nothing to differ from: %+v", got)
	}
}

// A share's interval holds it, and narrows as rows are added.
func TestWilson(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 1e6).Draw(t, "n")
		k := rapid.Uint64Range(0, n).Draw(t, "k")
		low, high := wilson(k, n)
		p := part(k, n)
		if low < 0 || high > 1 || low > p+1e-12 || high < p-1e-12 {
			t.Fatalf("%v is not within [%v, %v]", p, low, high)
		}
		l, h := wilson(10*k, 10*n)
		if h-l >= high-low {
			t.Fatalf("ten times the rows leave [%v, %v] as wide: [%v, %v]", low, high, l, h)
		}
	})
}
