package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	chattyCount = iota
	chattyEach
	chattyTotal
)

var chattyRPC = &Detector{
	ID:    "chatty_rpc",
	Title: i18n.T("Many small calls to one service", "1つのサービスへの細かい呼び出し"),
	Rule: i18n.T(
		"A unit of work calls one other service at least {count} times, each call takes {each} or less in the mean, and they take at least {total} together.",
		"1つの処理から1つのサービスへの呼び出しが{count}回以上あり、平均{each}以下の短い呼び出しで合計{total}以上かかっている。"),
	Advice: i18n.T("Ask a bigger question: one call that answers what this request needs.",
		"この処理に必要な情報をまとめて返す、粒度の大きいAPIを用意してください。"),
	Params: []Param{
		count("count", 15, 50, "calls", "呼び出しの回数"),
		lasts("each", 50*ms, 100*ms, "mean of a call", "1回あたりの平均時間"),
		lasts("total", 100*ms, 1000*ms, "time in them", "合計時間"),
	},
	trace: func(s *scan) {
		type pair struct {
			entry int32
			to    string
		}
		var by groups[pair, int]
		for _, i := range s.calls {
			f := &s.facts[i]
			if f.class != httpCall && f.class != rpcCall {
				continue
			}
			by.add(pair{f.entry, s.target(i)}, i)
		}
		for _, g := range by.all {
			if len(g) >= 3 && s.limits(g[0]) != nil {
				s.chatty(byStart(s.t, g))
			}
		}
	},
}

func (s *scan) chatty(g []int) {
	cand := s.try(g[0])
	total := s.total(g)
	to := s.target(g[0])
	cand.atLeast(chattyCount, int64(len(g)))
	cand.atMost(chattyEach, total/int64(len(g)))
	cand.atLeast(chattyTotal, total)
	cand.must(to != "", i18n.T("who was called is not told", "呼び出し先が記録されていない"))
	if !cand.ok() {
		s.missed(cand, g, func() i18n.Text { return i18n.F("%d calls to %s", "%[2]s への%[1]d回の呼び出し", len(g), to) })
		return
	}
	seen := map[telemetry.ShapeID]bool{}
	var remove []int
	var ops []string
	for _, i := range g {
		if op := s.facts[i].op; seen[op.ID] {
			remove = append(remove, i)
		} else {
			seen[op.ID] = true
			ops = append(ops, op.Text)
		}
	}
	s.fire(hit{
		at: g[0], place: g[0], nodes: g, cost: s.covered(g), change: insight.Change{Remove: remove},
		conf: sure(Likely, i18n.F("%d sorts of calls, %s each in the mean.", "%d種類の呼び出し、平均%s。", len(ops), dur(total/int64(len(g))))),
		key:  to + "\x00" + strings.Join(sorted(ops), "\x00"),
		why: i18n.F("%s called %s %d times, %s in all: %s", "%s が %s を%d回呼び出し、合計%sかかっています：%s",
			s.where(g[0]), to, len(g), dur(total), s.list(g)),
	})
}
