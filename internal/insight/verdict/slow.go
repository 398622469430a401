package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// item is a stretch of the critical path with one reason: a call and its like, or the own
// work of a span.
type item struct {
	nodes   []int // in order of time; never empty
	time    int64 // of the critical path
	usual   int64 // what it usually takes; -1 where that is not known
	score   int64 // the excess that counts
	whole   bool  // its time is that of the nodes' subtrees, else their own
	finding *detect.Finding
	detail  string // kind.go
}

const (
	// enough is how many requests make a usual.
	enough = 20
	// minRepeats is from how many equal calls on they are one thing to be mended.
	minRepeats = 5
	// slowWithoutUsual is what a request may take where nobody knows what is usual.
	slowWithoutUsual = int64(time.Second)
	// minExcess is below what nobody minds.
	minExcess = int64(20 * time.Millisecond)
)

// usual is what a span usually takes, if enough is known.
func (a *analysis) usual(i int) (Usual, bool) {
	s := a.span(i)
	var u Usual
	var ok bool
	switch {
	case s.Endpoint != "":
		u, ok = a.f.Usual.Endpoints[EndpointKey{s.Service, s.Env, s.Endpoint}]
	case s.Peer.Name != "":
		u, ok = a.f.Usual.Calls[CallKey{s.Service, s.Env, s.Peer.Name, s.Operation.ID}]
	}
	return u, ok && u.Count >= enough
}

// over says that a duration is beyond what is usual.
func over(d int64, u Usual) bool {
	return d > u.P95+u.P95/5 && d > u.P50+u.P50/2 && d-u.P50 >= minExcess
}

// slow says whether the request took too long for whoever sent it.
func (a *analysis) slow() bool {
	m := a.nodes[a.main]
	if u, ok := a.usual(a.main); ok {
		return over(m.Duration, u)
	}
	return m.Span.Kind == telemetry.KindServer && m.Duration >= slowWithoutUsual
}

// slowest is where the time of r counts most, until now; nil where r has none.
func (a *analysis) slowest(r int) *item {
	shares, whole := a.shares(r)
	if whole == 0 {
		return nil
	}
	below := make([]int64, len(a.nodes))
	for i := r + a.nodes[r].Size - 1; i >= r; i-- {
		below[i] += shares[i-r]
		if p := a.nodes[i].Parent; p >= r && i > r {
			below[p] += below[i]
		}
	}
	items := a.items(r, shares, below)
	for k := range items {
		a.weigh(&items[k], r, below)
	}
	items = append(items, a.findingItems(r, shares, items)...)
	if len(items) == 0 {
		return nil
	}
	slices.SortStableFunc(items, func(x, y item) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(y.time, x.time), cmp.Compare(x.nodes[0], y.nodes[0]))
	})
	best := items[0]
	a.attach(&best)
	if best.detail == "" {
		best.detail = a.detail(&best)
	}
	return &best
}

// shares is how much of r's time is each of its subtree's nodes' own; the critical path
// says it, and where r is not on it, self times do.
func (a *analysis) shares(r int) (own []int64, sum int64) {
	n := a.nodes[r].Size
	own = make([]int64, n)
	copy(own, a.own[r:r+n])
	deferred := -1
	for i := r; i < r+n; i++ {
		// A path of its own within, which r did not wait for, is not of r's time.
		if i > r && i >= deferred && a.nodes[i].Deferred {
			deferred = i + a.nodes[i].Size
		}
		if i < deferred {
			own[i-r] = 0
		}
		sum += own[i-r]
	}
	if sum > 0 {
		return own, sum
	}
	limit := a.end(r)
	for i := r; i < r+n; i++ {
		if a.nodes[i].Start < limit {
			own[i-r] = min(a.nodes[i].Self, limit-a.nodes[i].Start)
			sum += own[i-r]
		}
	}
	return own, sum
}

// items cuts r's time: calls that are alike together, every other span's own work by itself.
func (a *analysis) items(r int, shares, below []int64) (items []item) {
	groups := map[string]int{}
	for i := r; i < r+a.nodes[r].Size; i++ {
		if below[i] <= 0 {
			continue
		}
		s := a.span(i)
		if shares[i-r] > 0 {
			items = append(items, item{nodes: []int{i}, time: shares[i-r], usual: -1})
		}
		if i == r || s.Kind != telemetry.KindClient && !database(s) {
			continue
		}
		key := strings.Join([]string{s.Service, s.Peer.Name, a.peerName(i), a.op[i], a.unit(i)}, "\x00")
		g, ok := groups[key]
		if !ok {
			g = len(items)
			groups[key] = g
			items = append(items, item{usual: -1, whole: true})
		}
		items[g].nodes = append(items[g].nodes, i)
		items[g].time += below[i]
	}
	kept := items[:0]
	for _, it := range items {
		if !it.whole || a.repeated(&it, below) {
			kept = append(kept, it)
		}
	}
	return kept
}

// unit is the request of its service that a span is part of.
func (a *analysis) unit(i int) string {
	for p := i; p >= 0; p = a.nodes[p].Parent {
		if k := a.span(p).Kind; k == telemetry.KindServer || k == telemetry.KindConsumer || a.nodes[p].Parent < 0 {
			return a.span(p).SpanID.String()
		}
	}
	return ""
}

// repeated says that the calls of a group weigh together, and not one of them alone; tries
// of a call that failed are that from the second on.
func (a *analysis) repeated(it *item, below []int64) bool {
	var most int64
	bad := 0
	for _, i := range it.nodes {
		most = max(most, below[i])
		if a.state[i].bad() {
			bad++
		}
	}
	n := len(it.nodes)
	if n >= 2 && bad >= n-1 && bad >= 2 {
		it.detail = "tries"
		return true
	}
	if n >= minRepeats && most*2 <= it.time {
		it.detail = "repeated"
		return true
	}
	return false
}

// weigh says by how much an item is over the usual: its own where that is known, else in
// the proportion of the nearest request that it is part of. No item weighs more than the
// excess of a request that it is part of: a service that took as long as ever is not to
// blame. Where nothing is known, or nothing is over, all time counts.
func (a *analysis) weigh(it *item, r int, below []int64) {
	i := it.nodes[0]
	it.score = it.time
	if u, ok := a.usual(i); ok && a.span(i).Endpoint == "" && a.server[i] < 0 {
		it.usual = u.P50
		if it.detail == "" || it.detail == "tries" { // of repeated ones, one would do
			it.usual *= int64(len(it.nodes))
		}
		it.score = it.time - it.usual
	}
	capped, nearest := a.over(r), true
	for p := i; p >= r; p = a.nodes[p].Parent {
		u, ok := a.usual(p)
		if !ok || a.span(p).Endpoint == "" {
			continue
		}
		excess := below[p] - u.P50
		if nearest && it.usual < 0 && excess > 0 {
			it.score = int64(float64(it.time) * float64(excess) / float64(below[p]))
		}
		nearest = false
		if capped {
			it.score = min(it.score, max(excess, 0))
		}
	}
}

// over says that a span is known to have taken longer than usual.
func (a *analysis) over(i int) bool {
	u, ok := a.usual(i)
	return ok && over(a.nodes[i].Duration, u)
}

// causes are the detectors whose findings are a reason of time by themselves, and what an
// item's detail is by them. Those that come first are believed first.
var causes = []struct{ detector, detail string }{
	{"lock_wait", "lock"}, {"pool_wait", "pool"}, {"retry_storm", "tries"}, {"cpu_starvation", "gc"}, {"cold_start", "cold"},
	{"repeated_query_group", "group"}, {"n_plus_one_query", "repeated"}, {"n_plus_one_http", "repeated"}, {"n_plus_one_rpc", "repeated"}, {"n_plus_one_cache", "repeated"},
	{"chatty_rpc", "repeated"}, {"missing_index", "statement"}, {"slow_query", "statement"}, {"third_party_in_path", "outside"},
	{"sequential_calls", "sequential"}, {"duplicate_work", "duplicate"}, {"unbounded_result", "unbounded"}, {"large_payload", "payload"}, {"uninstrumented_gap", "own"},
	{"transaction_across_call", "transaction"},
}

func causeOf(detector string) (rank int, detail string) {
	for i, c := range causes {
		if c.detector == detector {
			return i, c.detail
		}
	}
	return -1, ""
}

// findingItems are items of findings that no single span or group is: things done in turn,
// groups of statements.
func (a *analysis) findingItems(r int, shares []int64, others []item) (items []item) {
	var most int64
	for _, it := range others {
		most = max(most, it.score)
	}
	for k := range a.f.Findings {
		f := &a.f.Findings[k]
		rank, detail := causeOf(f.Detector)
		if rank < 0 || detail != "group" && detail != "sequential" && detail != "repeated" && detail != "duplicate" && detail != "tries" && detail != "pool" {
			continue
		}
		var nodes []int
		var time int64
		taken := -1
		for _, id := range f.SpanIDs {
			if i, ok := a.at[id]; ok && i >= r && i < r+a.nodes[r].Size && (detail != "pool" || !database(a.span(i))) {
				nodes = append(nodes, i)
			}
		}
		slices.Sort(nodes)
		for _, i := range nodes {
			for j := i; j < i+a.nodes[i].Size; j++ {
				if j >= taken {
					time += shares[j-r]
					taken = j + 1
				}
			}
		}
		if len(nodes) < 2 {
			continue
		}
		if f.Spans > len(nodes) { // the evidence is bounded, the cost is not
			time = max(time, min(f.CostNS, a.nodes[r].Duration))
		}
		score := time
		if detail == "sequential" && f.SavingNS > 0 {
			score = min(score, f.SavingNS)
		}
		// What many calls weigh together must not hide the one that is to blame.
		if score < most {
			continue
		}
		items = append(items, item{nodes: nodes, time: time, usual: -1, score: score, whole: true, finding: f, detail: detail})
	}
	slices.SortStableFunc(items, func(x, y item) int {
		rx, _ := causeOf(x.finding.Detector)
		ry, _ := causeOf(y.finding.Detector)
		return cmp.Compare(rx, ry)
	})
	return items
}

// attach gives an item the finding that tells most about its nodes.
func (a *analysis) attach(it *item) {
	if it.finding != nil {
		return
	}
	best := -1
	for k := range a.f.Findings {
		f := &a.f.Findings[k]
		rank, detail := causeOf(f.Detector)
		if rank < 0 || !a.touches(f, it) {
			continue
		}
		if detail == "pool" && database(a.span(it.nodes[0])) {
			continue // the statement itself, not the wait for it
		}
		if len(it.nodes) == 1 && (detail == "repeated" || detail == "group" || detail == "sequential" || detail == "duplicate") && it.detail == "" {
			continue // it is one of them that counts
		}
		if best < 0 || rank < best {
			best = rank
			it.finding = f
			if it.detail == "" || it.detail == "repeated" && detail != "statement" {
				it.detail = detail
			}
		}
	}
}

// touches says that a finding is about what an item is: the same spans, or for a span's own
// time, that span.
func (a *analysis) touches(f *detect.Finding, it *item) bool {
	for _, id := range f.SpanIDs {
		i, ok := a.at[id]
		if !ok {
			continue
		}
		if slices.Contains(it.nodes, i) {
			return true
		}
	}
	return false
}
