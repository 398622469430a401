package detect

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
)

const (
	acrossFor = iota
)

var transactionAcrossCall = &Detector{
	ID:    "transaction_across_call",
	Title: i18n.T("A transaction held over a remote call", "外部呼び出しをまたぐトランザクション"),
	Rule: i18n.T(
		"Between the begin and the end of a transaction a unit of work waits {waits} or more for other services.",
		"トランザクションの開始から終了までの間に、他のサービスの応答を{waits}以上待っている。"),
	Advice: i18n.T("Call first, then open the transaction; or record what is to be called in it (an outbox) and call after it.",
		"呼び出しを終えてからトランザクションを開始するか、呼び出す内容をトランザクション内に記録しておき（アウトボックス）、コミット後に呼び出してください。"),
	Params: []Param{
		lasts("waits", 20*ms, 200*ms, "time in calls within it", "トランザクション内の呼び出し時間"),
	},
	trace: func(s *scan) {
		remote := map[int32][]int{} // by entry, in order of time
		for _, i := range byStart(s.t, s.calls) {
			if f := &s.facts[i]; (f.class == httpCall || f.class == rpcCall || f.class == queueSend) && s.t.Nodes[i].Awaiter >= 0 {
				remote[f.entry] = append(remote[f.entry], i)
			}
		}
		for _, t := range s.transactions() {
			if len(remote[t.entry]) > 0 && s.limits(t.begin) != nil {
				s.across(t, remote[t.entry])
			}
		}
	},
}

// across looks at the calls that began and ended within a transaction.
func (s *scan) across(t transaction, remote []int) {
	var calls []int
	first, _ := slices.BinarySearchFunc(remote, t.from, func(i int, at int64) int { return cmp.Compare(s.t.Nodes[i].Start, at) })
	for _, i := range remote[first:] {
		n := &s.t.Nodes[i]
		if n.Start > t.to {
			break
		}
		if n.End() <= t.to {
			calls = append(calls, i)
		}
	}
	if len(calls) == 0 {
		return
	}
	cand := s.try(t.begin)
	waits := s.covered(calls)
	if !cand.atLeast(acrossFor, waits) {
		s.missed(cand, calls, func() i18n.Text {
			return i18n.F("%s within a transaction", "トランザクション内の %s", s.opText(calls[0]))
		})
		return
	}
	nodes := append([]int{t.begin}, calls...)
	if t.end >= 0 {
		nodes = append(nodes, t.end)
	}
	conf := sure(Certain)
	held := t.to - t.from
	if len(t.tables) > 0 {
		conf.Reasons = append(conf.Reasons, i18n.F("It had written to %s by then.", "その間に %s への書き込みがあります。", t.tables[0]))
	} else {
		conf.Score = Likely
		conf.Reasons = append(conf.Reasons, i18n.T("What it wrote is not told; it holds a connection all the same.", "書き込み内容は分かりませんが、接続は保持し続けます。"))
	}
	s.fire(hit{
		at: t.begin, place: calls[0], nodes: nodes, cost: waits, conf: conf, key: s.keyOf(calls) + "\x00" + t.peer,
		why: i18n.F("%s held a transaction on %s open for %s, %s of them waiting for %s", "%s が %s のトランザクションを%s開いたままにし、そのうち%sは %s の応答を待っています",
			s.where(t.begin), t.peer, dur(held), dur(waits), s.list(calls)),
	})
}
