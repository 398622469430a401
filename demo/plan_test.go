package demo

import (
	"slices"
	"testing"
	"time"
)

// Whatever the hours between which the shop was open, each day's releases are in its past.
func TestThePlanHasEveryReleaseOfItsTime(t *testing.T) {
	for hour := range 24 {
		to := time.Date(2026, 11, 23, hour, 27, 0, 0, jst)
		for _, back := range []time.Duration{8 * time.Hour, 20 * time.Hour, 48 * time.Hour} {
			from := to.Add(-back)
			got := plan(from, to, true)
			for d := -3; d <= 0; d++ {
				at := time.Date(2026, 11, 23+d, 2, 30, 0, 0, jst)
				want := at.After(from) && at.Before(to)
				is := slices.ContainsFunc(got, func(e Event) bool { return e.Service == "inventory" && e.At.Equal(at) })
				if is != want {
					t.Errorf("%s back from %s: the release of %s is there: %v", back, to, at, is)
				}
			}
		}
	}
}
