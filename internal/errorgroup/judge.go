package errorgroup

import (
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// judge says what a group shows as, from what was decided and what was seen.
func judge(s State, f telemetry.ErrorFigures, now time.Time) Shows {
	switch s.Status {
	case Resolved:
		return ShowsResolved // until Watch finds that it came back
	case Ignored:
		if awake(s, now) {
			return ShowsOngoing
		}
		return ShowsIgnored
	}
	switch {
	case !s.Returned.IsZero():
		return ShowsReturned
	case !s.touched() && f.FirstEver > 0 && now.Sub(time.Unix(0, f.FirstEver)) < newFor:
		return ShowsNew
	}
	return ShowsOngoing
}

// returned says that a resolved group was seen where it should not be: after it was
// resolved, in a version that should have been free of it. The figures are of a range that
// begins when it was resolved.
func returned(s State, f telemetry.ErrorFigures) bool {
	if s.Status != Resolved || f.Count == 0 || f.Last <= s.Since.UnixNano() {
		return false
	}
	if s.Mended == MendedNow {
		return true
	}
	// Instances of known versions may run on for a while: a release is not everywhere at
	// once. Their errors were known when the group was resolved.
	return slices.ContainsFunc(f.Versions, func(v telemetry.Tally) bool {
		return v.Count > 0 && (v.Value == s.Version && s.Mended == MendedIn || !slices.Contains(s.Known, v.Value))
	})
}

// awake says that the time is over for which a group was ignored.
func awake(s State, now time.Time) bool {
	return s.Status == Ignored && !s.Until.IsZero() && !now.Before(s.Until)
}
