package detect

import (
	"cmp"
	"slices"
)

// explains says which detectors tell less about the same spans: an N+1 is also a row of
// calls in sequence, but mending the N+1 mends both.
var explains = map[string][]string{
	"retry_storm":             {"n_plus_one_http", "n_plus_one_rpc", "chatty_rpc", "sequential_calls", "duplicate_work", "third_party_in_path"},
	"repeated_query_group":    {"n_plus_one_query", "duplicate_work", "sequential_calls", "missing_cache"},
	"duplicate_work":          {"n_plus_one_query", "n_plus_one_http", "n_plus_one_rpc", "n_plus_one_cache", "chatty_rpc", "sequential_calls"},
	"n_plus_one_query":        {"sequential_calls", "pool_wait"},
	"n_plus_one_http":         {"chatty_rpc", "sequential_calls", "pool_wait", "third_party_in_path"},
	"n_plus_one_rpc":          {"chatty_rpc", "sequential_calls", "pool_wait"},
	"n_plus_one_cache":        {"sequential_calls", "pool_wait"},
	"chatty_rpc":              {"sequential_calls", "pool_wait"},
	"lock_wait":               {"slow_query", "missing_index", "sequential_calls", "missing_cache"},
	"pool_wait":               {"slow_query", "uninstrumented_gap"},
	"missing_index":           {"slow_query", "sequential_calls", "missing_cache"},
	"unbounded_result":        {"large_payload", "slow_query"},
	"missing_cache":           {"slow_query"},
	"timeout_order":           {"third_party_in_path"},
	"third_party_in_path":     {"sequential_calls"},
	"cold_start":              {"slow_query", "uninstrumented_gap"},
	"cpu_starvation":          {"uninstrumented_gap"},
	"transaction_across_call": {"sequential_calls"},
	"main_thread_io":          {"slow_query", "n_plus_one_query"},
	"uncompressed_asset":      {"large_payload", "render_blocking_asset"},
	"http1_queueing":          {"render_blocking_asset"},
}

// arrange marks findings that another explains, and puts them behind it; what spares most
// comes first. evidence are ids of what each finding rests on, for whom equal ids mean the
// same span.
func arrange[ID comparable](found []Finding, evidence [][]ID) []Finding {
	on := map[ID][]int{} // span → findings
	for i, ids := range evidence {
		for _, id := range ids {
			on[id] = append(on[id], i)
		}
	}
	under := make([]int, len(found)) // who explains it
	for i := range found {
		under[i] = -1
		shared := map[int]int{}
		for _, id := range evidence[i] {
			for _, j := range on[id] {
				if j != i && slices.Contains(explains[found[j].Detector], found[i].Detector) {
					shared[j]++
				}
			}
		}
		for j, n := range shared {
			if 2*n < min(len(evidence[i]), len(evidence[j])) {
				continue
			}
			if u := under[i]; u < 0 || better(found, j, u) {
				under[i] = j
			}
		}
	}
	order := make([]int, 0, len(found))
	below := map[int][]int{}
	for i := range found {
		top := under[i]
		for hops := 0; top >= 0 && under[top] >= 0 && hops < len(found); hops++ {
			top = under[top]
		}
		if top < 0 || top == i {
			order = append(order, i)
			continue
		}
		found[i].Also = found[top].Detector
		below[top] = append(below[top], i)
	}
	rank := func(a, b int) int {
		if better(found, a, b) {
			return -1
		}
		return 1
	}
	slices.SortStableFunc(order, rank)
	out := make([]Finding, 0, len(found))
	for _, i := range order {
		out = append(out, found[i])
		slices.SortStableFunc(below[i], rank)
		for _, j := range below[i] {
			out = append(out, found[j])
		}
	}
	return out
}

// better says that finding a is to be read before b.
func better(found []Finding, a, b int) bool {
	x, y := &found[a], &found[b]
	return cmp.Or(
		cmp.Compare(y.SavingNS, x.SavingNS),
		cmp.Compare(y.CostNS, x.CostNS),
		cmp.Compare(indexOf(x.Detector), indexOf(y.Detector)),
		slices.Compare(x.TraceID[:], y.TraceID[:]),
		cmp.Compare(x.Key, y.Key),
		compareIDs(x, y),
		cmp.Compare(a, b),
	) < 0
}

func compareIDs(x, y *Finding) int {
	for i := 0; i < len(x.SpanIDs) && i < len(y.SpanIDs); i++ {
		if c := slices.Compare(x.SpanIDs[i][:], y.SpanIDs[i][:]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x.SpanIDs), len(y.SpanIDs))
}

func indexOf(id string) int {
	if d, ok := ByID(id); ok {
		return d.index
	}
	return len(all)
}
