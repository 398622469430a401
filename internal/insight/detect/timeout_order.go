package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
)

const (
	orderLate = iota
)

var timeoutOrder = &Detector{
	ID:    "timeout_order",
	Title: i18n.T("A caller that gives up before its callee", "呼び出し先より先に諦める呼び出し元"),
	Rule: i18n.T(
		"A call ends in failure while the service that it called works on for {late} or more.",
		"呼び出しが失敗として終わった後も、呼び出し先のサービスが{late}以上処理を続けている。"),
	Advice: i18n.T("Let time limits shrink on the way down, and let the callee stop when its caller is gone: pass the deadline on.",
		"タイムアウトは下流ほど短くし、期限を伝播させて、呼び出し元がいなくなったら呼び出し先も処理をやめるようにしてください。"),
	Params: []Param{
		lasts("late", 50*ms, 500*ms, "work after the caller gave up", "呼び出し元が諦めた後の処理時間"),
	},
	trace: func(s *scan) {
		for _, i := range s.calls {
			if f := &s.facts[i]; f.class != httpCall && f.class != rpcCall || s.limits(i) == nil {
				continue
			}
			c := s.callee(i)
			if c < 0 {
				continue
			}
			n, m := &s.t.Nodes[i], &s.t.Nodes[c]
			late := m.End() - n.End()
			if late <= 0 {
				continue
			}
			cand := s.try(i)
			cand.atLeast(orderLate, late)
			cand.must(s.failed(i) || n.Span.Code == "504" || n.Span.Code == "499", i18n.T("the call did not fail", "呼び出しは失敗していない"))
			if !cand.ok() {
				s.missed(cand, []int{i, c}, func() i18n.Text { return i18n.F("%s", "%s", s.opText(i)) })
				continue
			}
			conf := sure(Likely)
			if m.Span.Duration > n.Span.Duration {
				conf = sure(Certain, i18n.F("The callee took %s, its caller waited %s.", "呼び出し先は%sかかり、呼び出し元は%sで諦めています。", dur(m.Duration), dur(n.Duration)))
			}
			s.fire(hit{
				at: i, place: i, nodes: []int{i, c}, cost: min(n.Duration+late, s.covered([]int{i, c})), conf: conf,
				why: i18n.F("%s gave up on %s after %s; it worked on for %s that nobody waited for: %s",
					"%s が %s の応答を%sで諦めた後も、呼び出し先は誰も待っていない処理を%s続けています：%s",
					s.where(i), m.Span.Service, dur(n.Duration), dur(late), s.opText(i)),
			})
		}
	},
}
