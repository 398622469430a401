package ingest

import (
	"cmp"
	"slices"
	"time"
)

// Merge makes one status of those of several processes, in the order of one.
func Merge(views ...IngestStatusView) IngestStatusView {
	v := IngestStatusView{Sources: []SourceView{}, Refusals: []RefusalView{}, Quarantine: []QuarantinedView{}, Transports: []TransportView{}, Redactions: []RedactionView{}}
	for _, o := range views {
		v.Sources = mergeBy(v.Sources, o.Sources, func(x SourceView) any { return [3]string{x.Service, x.Env, x.Signal} }, func(a *SourceView, b SourceView) {
			a.Rows += b.Rows
			a.RowsPerSecond += b.RowsPerSecond
			a.LastSeen = later(a.LastSeen, b.LastSeen)
		})
		v.Refusals = mergeBy(v.Refusals, o.Refusals, func(x RefusalView) any { return [3]string{x.Signal, x.Service, x.Reason} }, func(a *RefusalView, b RefusalView) {
			a.Count += b.Count
			if b.Last.After(a.Last) {
				a.Last, a.Example = b.Last, b.Example
			}
			if b.First.Before(a.First) {
				a.First = b.First
			}
		})
		v.Quarantine = append(v.Quarantine, o.Quarantine...)
		v.Transports = mergeBy(v.Transports, o.Transports, func(x TransportView) any { return [2]string{x.Transport, x.Signal} }, func(a *TransportView, b TransportView) {
			a.Requests += b.Requests
			a.Bytes += b.Bytes
			a.Rows += b.Rows
			a.Refused += b.Refused
		})
		v.Redactions = mergeBy(v.Redactions, o.Redactions, func(x RedactionView) any { return x.Rule }, func(a *RedactionView, b RedactionView) { a.Count += b.Count })
	}
	if len(views) > 1 {
		slices.SortStableFunc(v.Refusals, func(a, b RefusalView) int { return b.Last.Compare(a.Last) })
		slices.SortStableFunc(v.Quarantine, func(a, b QuarantinedView) int { return b.Time.Compare(a.Time) })
		slices.SortStableFunc(v.Sources, func(a, b SourceView) int {
			return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env), cmp.Compare(a.Signal, b.Signal))
		})
	}
	return v
}

func mergeBy[T any](all, more []T, key func(T) any, add func(*T, T)) []T {
	at := make(map[any]int, len(all))
	for i, x := range all {
		at[key(x)] = i
	}
	for _, x := range more {
		if i, there := at[key(x)]; there {
			add(&all[i], x)
			continue
		}
		at[key(x)] = len(all)
		all = append(all, x)
	}
	return all
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
