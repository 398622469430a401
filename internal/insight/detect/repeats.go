package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The thresholds of the four N+1 detectors, in the order of their Params.
const (
	repeatCount = iota
	repeatTotal
)

// sameKey is what is done again and again: an operation from one place of a unit of work.
type sameKey struct {
	entry int32
	path  uint64
	op    telemetry.ShapeID
	peer  string
}

// groups gives the calls of a class that are the same, in order of time, the groups in the
// order of their first.
func (s *scan) groups(c class, wanted func(i int) bool) [][]int {
	at := map[sameKey]int{}
	var out [][]int
	for _, i := range s.calls {
		f := &s.facts[i]
		if f.class != c || f.op.ID == 0 || wanted != nil && !wanted(i) {
			continue
		}
		k := sameKey{f.entry, f.path, f.op.ID, f.peer}
		g, ok := at[k]
		if !ok {
			g = len(out)
			at[k] = g
			out = append(out, nil)
		}
		out[g] = append(out[g], i)
	}
	for g := range out {
		out[g] = byStart(s.t, out[g])
	}
	return out
}

// repeats is the rule of the N+1 detectors. why takes who, how often, how long, what.
func (s *scan) repeats(c class, wanted func(i int) bool, what, why i18n.Text) {
	for _, g := range s.groups(c, wanted) {
		if len(g) < 2 {
			continue
		}
		lim := s.limits(g[0])
		if lim == nil || !s.explain && int64(len(g)) < lim[repeatCount] {
			continue
		}
		cand := s.try(g[0])
		cand.atLeast(repeatCount, int64(len(g)))
		total := s.total(g)
		cand.atLeast(repeatTotal, total)
		same, known := s.sameInputs(g)
		cand.must(!same || !known, i18n.T("all have the same values, which is duplicate work", "すべて同じ値で実行されており、重複処理（duplicate_work）に当たる"))
		cost := s.covered(g)
		// Side by side, they cost the database what they cost and the request little.
		cand.must(2*s.inTurn(g) >= len(g) || int64(len(g)) >= 3*cand.limit(repeatCount), i18n.T("they run side by side", "並列に実行されている"))
		cand.must(s.retries(g) < len(g)/2, i18n.T("most of them repeat one that failed, which is a retry", "大半が失敗後の再試行である"))
		if !cand.ok() {
			s.missed(cand, g, func() i18n.Text {
				return i18n.F("%[1]d identical %[2]s (%[3]s)", "同じ%[2]s %[1]d回（%[3]s）", len(g), what, s.opText(g[0]))
			})
			continue
		}
		conf := sure(Likely)
		switch {
		case known:
			conf = sure(Certain, i18n.T("The values differ from one to the next.", "実行ごとに値が異なっています。"))
		default:
			conf.Reasons = append(conf.Reasons, i18n.T("The spans do not tell the values.", "スパンには値が記録されていません。"))
		}
		if src := s.source(g); src >= 0 {
			conf.Reasons = append(conf.Reasons, i18n.F("%s ran just before the first.", "直前に次が実行されています：%s", s.opText(src)))
		}
		failed := 0
		for _, i := range g {
			if s.failed(i) {
				failed++
			}
		}
		if failed > 0 {
			conf.Reasons = append(conf.Reasons, i18n.F("%d of them failed.", "うち%d件は失敗しています。", failed))
		}
		s.fire(hit{
			at: g[0], place: g[0], nodes: g, cost: cost, conf: conf, change: s.once(g),
			why: i18n.F(why.En, why.Ja, s.where(g[0]), len(g), dur(total), s.opText(g[0])),
		})
	}
}

// inTurn counts those that began when all before them were done.
func (s *scan) inTurn(g []int) (n int) {
	end := int64(-1)
	for _, i := range g {
		if s.t.Nodes[i].Start >= end {
			n++
		}
		end = max(end, s.t.Nodes[i].End())
	}
	return n
}

// where names a unit of work.
func (s *scan) where(i int) string {
	e := s.entryNode(i)
	return s.t.Nodes[e].Span.Service + " " + s.endpoint(e)
}

// once is the change that makes one of many: the first stays, and takes as long as the
// longest.
func (s *scan) once(g []int) insight.Change {
	return insight.Change{Remove: g[1:]}
}

// source is the call that may have given an N+1 its N: the last of its class in the same
// unit that was over before the first; -1 for none.
func (s *scan) source(g []int) int {
	first := g[0]
	best := -1
	for _, i := range s.siblings(first) {
		if i == first {
			continue
		}
		if f := &s.facts[i]; f.class == s.facts[first].class && s.t.Nodes[i].End() <= s.t.Nodes[first].Start &&
			(best < 0 || s.t.Nodes[i].End() > s.t.Nodes[best].End()) && f.op.ID != s.facts[first].op.ID {
			best = i
		}
	}
	return best
}

// siblings are the children of a node's parent.
func (s *scan) siblings(i int) []int {
	p := s.t.Nodes[i].Parent
	if p < 0 {
		return nil
	}
	return s.kids[p]
}

// retries counts those of a group that follow a failed one with the same values.
func (s *scan) retries(g []int) (n int) {
	for k := 1; k < len(g); k++ {
		if s.failed(g[k-1]) && s.input(g[k]) == s.input(g[k-1]) {
			n++
		}
	}
	return n
}

// sameInputs says whether all of a group have the same values, and whether that is known.
func (s *scan) sameInputs(g []int) (same, known bool) {
	first := s.input(g[0])
	if first == 0 {
		return false, false
	}
	for _, i := range g[1:] {
		v := s.input(i)
		if v == 0 {
			return false, false
		}
		if v != first {
			return false, true
		}
	}
	return true, true
}
