package detect

import (
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	poolFor = iota
	poolCalls
)

var poolWait = &Detector{
	ID:    "pool_wait",
	Title: i18n.T("Waiting for a pool", "コネクションプール待ち"),
	Rule: i18n.T(
		"A unit of work waits {wait} or more in all for connections of a pool, by spans that say so; or at least {calls} calls of one sort never run more than a few at a time, each starting as another ends, though all were asked for at once, and {wait} and more would be spared without that bound.",
		"コネクションプール待ちを示すスパンの時間が1つの処理で合計{wait}以上ある。または、同時に要求された同種の呼び出し{calls}件以上が、常に少数ずつ（1件終わるたびに次の1件が始まる形で）実行され、その上限がなければ{wait}以上短縮できる。"),
	Advice: i18n.T("Enlarge the pool as far as the far end bears it, hold connections for less time, or ask less at once.",
		"相手側の許容範囲でプールを広げる、接続の保持時間を短くする、同時に要求する数を減らすなどの対応を検討してください。"),
	Params: []Param{
		lasts("wait", 100*ms, 1000*ms, "time waited", "待ち時間"),
		count("calls", 6, 12, "calls of one sort", "同種の呼び出しの件数"),
	},
	trace: func(s *scan) {
		s.poolSpans()
		s.staircases()
	},
}

// poolSpans are waits that have a span of their own.
func (s *scan) poolSpans() {
	type key struct {
		entry int32
		pool  string
	}
	var by groups[key, int]
	for i := range s.t.Nodes {
		f := &s.facts[i]
		span := s.t.Nodes[i].Span
		pool := ""
		if f.class != other || s.role(i) != poolRole {
			if f.class != other && f.op.Text != "" {
				continue
			}
			if pool = attr(span, "db.client.connection.pool.name"); pool == "" || len(s.kids[i]) > 0 {
				continue
			}
		} else {
			pool = attr(span, "db.client.connection.pool.name")
		}
		by.add(key{f.entry, pool}, i)
	}
	for _, g := range by.all {
		if s.limits(g[0]) == nil {
			continue
		}
		cand := s.try(g[0])
		// What the wait span holds of other spans is connecting, not waiting.
		waited := s.covered(g)
		if !cand.atLeast(poolFor, waited) {
			s.missed(cand, g, func() i18n.Text { return i18n.F("%q", "「%s」", s.t.Nodes[g[0]].Span.Name) })
			continue
		}
		pool := attr(s.t.Nodes[g[0]].Span, "db.client.connection.pool.name")
		name := i18n.T("", "")
		if pool != "" {
			name = i18n.F(" %s", " %s ", pool)
		}
		s.fire(hit{
			at: g[0], place: g[0], nodes: g, cost: waited, change: insight.Change{Remove: g}, key: "pool\x00" + pool,
			conf: sure(Certain, i18n.F("Spans named %q say so.", "「%s」というスパンに記録されています。", s.t.Nodes[g[0]].Span.Name)),
			why: i18n.F("%[1]s waited %[2]s for connections of the pool%[3]s (%[4]d waits)", "%[1]s がコネクションプール%[3]sの空きを合計%[2]s待っています（%[4]d回）",
				s.where(g[0]), dur(waited), name, len(g)),
		})
	}
}

// touching is how far one may start after another ended to have waited for it.
const touching = 2 * ms

// staircases are calls of one sort that wait for each other in a pool that no span tells of.
func (s *scan) staircases() {
	for _, c := range [...]class{httpCall, rpcCall, database, cache} {
		for _, g := range s.groups(c, nil) {
			lim := s.limits(g[0])
			if lim == nil || !s.explain && int64(len(g)) < lim[poolCalls] || len(g) < 4 {
				continue
			}
			s.staircase(g)
		}
	}
}

func (s *scan) staircase(g []int) {
	starts := s.t.Nodes[g[0]].Start
	// How many run at once, and whether each that came later began as another ended.
	ends := make([]int64, len(g))
	for k, i := range g {
		ends[k] = s.t.Nodes[i].End()
	}
	slices.Sort(ends)
	most, first := 0, 0
	gone := 0
	prompt, later := 0, 0
	longest := int64(0)
	for k, i := range g {
		n := &s.t.Nodes[i]
		longest = max(longest, n.Duration)
		for gone < len(ends) && ends[gone] <= n.Start {
			gone++
		}
		most = max(most, k+1-gone)
		if n.Start-starts <= touching {
			first++
			continue
		}
		later++
		if gone > 0 && n.Start-ends[gone-1] <= touching {
			prompt++
		}
	}
	if most < 2 || later == 0 || most >= len(g) || first < 2 {
		return // in sequence, or all at once
	}
	end := ends[len(ends)-1]
	cand := s.try(g[0])
	cand.atLeast(poolCalls, int64(len(g)))
	cand.atLeast(poolFor, end-starts-longest)
	cand.must(first == most, i18n.F("%d began at once and up to %d ran together", "同時に始まった%d件に対し、最大%d件が並行していた", first, most))
	cand.must(prompt*10 >= later*8, i18n.F("only %d of %d began as another ended", "別の呼び出しの終了直後に始まったのは%[2]d件中%[1]d件のみ", prompt, later))
	if !cand.ok() {
		s.missed(cand, g, func() i18n.Text {
			return i18n.F("%d calls, %d at a time (%s)", "%d件の呼び出し、同時に%d件ずつ（%s）", len(g), most, s.opText(g[0]))
		})
		return
	}
	s.fire(hit{
		at: g[0], place: g[0], nodes: g, cost: s.covered(g), change: insight.Change{Together: [][]int{g}}, key: "staircase\x00" + s.facts[g[0]].op.Text,
		conf: sure(Fair, i18n.F("%d of %d calls began as another ended, never more than %d at once.", "%[2]d件中%[1]d件が別の呼び出しの終了直後に始まり、同時実行数は常に%[3]d以下です。", prompt, later, most)),
		why: i18n.F("%s ran %d calls only %d at a time, %s in all where the longest takes %s: %s", "%s の%d件の呼び出しが同時に%d件しか実行されず、最長%[5]sに対し合計%[4]sかかっています：%[6]s",
			s.where(g[0]), len(g), most, dur(end-starts), dur(longest), s.opText(g[0])),
	})
}
