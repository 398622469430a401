package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	slowFor = iota
	slowUnusual
	slowFactor
)

var slowQuery = &Detector{
	ID:    "slow_query",
	Title: i18n.T("A slow query", "遅いクエリ"),
	Rule: i18n.T(
		"A statement takes {duration} or more; or {unusual} or more and at least {factor} times what it usually takes.",
		"SQLに{duration}以上かかっている。または、{unusual}以上かつ通常の{factor}倍以上かかっている。"),
	Advice: i18n.T("Look at its plan (EXPLAIN ANALYZE): rows read against rows returned, sorts, the index it uses.",
		"実行計画（EXPLAIN ANALYZE）で、読み取り行数と返却行数の差、ソート、使われているインデックスを確認してください。"),
	Params: []Param{
		lasts("duration", 500*ms, 5000*ms, "its duration", "所要時間"),
		lasts("unusual", 200*ms, 1000*ms, "its duration when unusual", "通常と異なる場合の所要時間"),
		count("factor", 5, 5, "times the usual", "通常に対する倍率"),
	},
	trace: func(s *scan) {
		for _, i := range s.calls {
			if f := &s.facts[i]; f.class == database && f.stmt.verb != ends && f.stmt.verb != begins {
				s.slow(i)
			}
		}
	},
}

func (s *scan) slow(i int) {
	lim := s.limits(i)
	d := s.t.Nodes[i].Duration
	if lim == nil || !s.explain && d < min(lim[slowFor], lim[slowUnusual]) {
		return
	}
	b, known := s.usual(i)
	cand := s.try(i)
	factor := int64(0)
	if known {
		factor = d / max(1, b.P50)
	}
	unusual := known && d >= lim[slowUnusual] && factor >= lim[slowFactor]
	if !unusual {
		cand.atLeast(slowFor, d)
	}
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s", "%s", s.opText(i)) })
		return
	}
	left, conf := lim[slowFor], sure(Likely)
	why := i18n.F("%s spent %s in one statement: %s", "%s で1つのSQLに%sかかっています：%s", s.where(i), dur(d), s.opText(i))
	switch {
	case unusual:
		left, conf = b.P50, sure(Certain, i18n.F("It usually takes %s (p95 %s).", "通常は%sです（p95 %s）。", dur(b.P50), dur(b.P95)))
		why = i18n.F("%s spent %s in a statement that usually takes %s: %s", "%s で、通常%[3]sのSQLに%[2]sかかっています：%[4]s",
			s.where(i), dur(d), dur(b.P50), s.opText(i))
	case known:
		conf.Reasons = append(conf.Reasons, i18n.F("It always is slow: usually %s.", "常に遅いSQLです（通常%s）。", dur(b.P50)))
	}
	s.fire(hit{at: i, place: i, nodes: []int{i}, cost: d, conf: conf, why: why, change: insight.Change{Take: map[int]int64{i: min(left, d)}}})
}
