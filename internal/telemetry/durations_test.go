package telemetry

import (
	"math"
	"testing"
)

func TestDurationBucket(t *testing.T) {
	bounds := DurationBounds()
	for i, low := range bounds {
		if got := DurationBucket(low); got != i {
			t.Errorf("%d ns is in bucket %d, want %d", low, got, i)
		}
		if i > 0 {
			if low <= bounds[i-1] {
				t.Errorf("bound %d is %d, after %d", i, low, bounds[i-1])
			}
			if got := DurationBucket(low - 1); got != i-1 {
				t.Errorf("%d ns is in bucket %d, want %d", low-1, got, i-1)
			}
		}
	}
	if DurationBucket(-1) != 0 || DurationBucket(math.MaxInt64) != len(bounds)-1 {
		t.Error("what is beyond the bounds is not in the outermost buckets")
	}
}
