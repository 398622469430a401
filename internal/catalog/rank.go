package catalog

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/self"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Rank puts the services that hurt users most first:
//
//  1. by failed requests: as many people were turned away. Not by their share, or a
//     service that failed its only request would stand above an outage;
//  2. by the waiting of the slow: requests × p95, so that a nightly job of an hour does
//     not stand above a slow front page;
//  3. by error logs, the only sign of services that serve no requests;
//  4. by spans and logs, then by name and environment, so that lists stay put.
//
// Yagura itself stands last: people come for their own.
func Rank(stats []telemetry.ServiceFigures) {
	slices.SortStableFunc(stats, func(a, b telemetry.ServiceFigures) int {
		return cmp.Or(
			cmp.Compare(own(a), own(b)),
			cmp.Compare(b.Errors, a.Errors),
			cmp.Compare(waiting(b), waiting(a)),
			cmp.Compare(b.ErrorLogs, a.ErrorLogs),
			cmp.Compare(float64(b.Spans)+float64(b.Logs), float64(a.Spans)+float64(a.Logs)),
			cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Env, b.Env),
		)
	})
}

func waiting(s telemetry.ServiceFigures) float64 {
	if s.Count == 0 {
		return 0 // the percentiles of nothing may be anything
	}
	return float64(s.Count) * s.P95
}

// own is 1 for Yagura itself.
func own(s telemetry.ServiceFigures) int {
	if s.Service == self.Service {
		return 1
	}
	return 0
}
