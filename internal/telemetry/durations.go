package telemetry

import (
	"slices"
	"time"
)

// durationBounds are where the duration buckets of a DurationMap begin: the ten preferred
// numbers of each decade (ISO 3, R10) from a microsecond on, in whole nanoseconds, so that
// people can read them and every store draws the same line. The first holds all that is
// shorter, the last all from nearly three hours on.
var durationBounds = func() []int64 {
	bounds := []int64{0}
	for decade := int64(10); decade <= 1e10; decade *= 10 {
		for _, n := range [...]int64{100, 125, 160, 200, 250, 315, 400, 500, 630, 800} {
			bounds = append(bounds, n*decade)
		}
	}
	return append(bounds, 1e13)
}()

// DurationBounds are the lower bounds of the duration buckets, ascending, in nanoseconds.
func DurationBounds() []int64 { return slices.Clone(durationBounds) }

// DurationBucket is the bucket of a duration.
func DurationBucket(ns int64) int {
	i, found := slices.BinarySearch(durationBounds, ns)
	if !found {
		i--
	}
	return max(i, 0)
}

// DurationCell counts the spans of [Time, Time+step) in one duration bucket.
type DurationCell struct {
	Time          int64
	Bucket        int // in DurationBounds
	Count, Errors uint64
}

// DurationMap counts spans by start and duration. Cells without spans are left out; the
// others are in the order of time, then of duration.
type DurationMap struct {
	Step  time.Duration
	Cells []DurationCell
}
