package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	duplicateCount = iota
	duplicateTotal
)

var duplicateWork = &Detector{
	ID:    "duplicate_work",
	Title: i18n.T("The same read again", "同じ読み取りの繰り返し"),
	Rule: i18n.T(
		"Within one trace a service makes the same read with the same values at least {count} times, with no write to the same table between, and the repeats take {total} or more.",
		"1つのトレースの中で、同じサービスが同じ値での読み取りを{count}回以上行い（間に同じテーブルへの書き込みはない）、2回目以降に合計{total}以上かかっている。"),
	Advice: i18n.T("Keep what was read for the rest of the request: pass it on, or memoise it per request.",
		"一度読み取った結果を引数で渡すか、リクエスト内でメモ化して再利用してください。"),
	Params: []Param{
		count("count", 3, 5, "the same reads", "同じ読み取りの回数"),
		lasts("total", 5*ms, 100*ms, "time in the repeats", "2回目以降の合計時間"),
	},
	trace: func(s *scan) {
		type key struct {
			service string
			op      telemetry.ShapeID
			peer    string
			input   uint64
		}
		var by groups[key, int]
		wrote := map[string][]int64{} // peer and table → starts of writes
		for _, i := range byStart(s.t, s.calls) {
			f := &s.facts[i]
			if f.class == database && f.stmt.verb == writes {
				k := f.peer + "\x00" + f.stmt.table
				wrote[k] = append(wrote[k], s.t.Nodes[i].Start)
			}
			if f.op.ID == 0 || !s.readsOnly(i) || s.failed(i) || f.class == rpcCall || f.class == cache {
				continue
			}
			in := s.input(i)
			if in == 0 {
				continue
			}
			by.add(key{s.t.Nodes[i].Span.Service, f.op.ID, f.peer, in}, i)
		}
		for _, g := range by.all {
			if len(g) >= 2 && s.limits(g[0]) != nil {
				s.duplicate(g, wrote)
			}
		}
	},
}

func (s *scan) duplicate(g []int, wrote map[string][]int64) {
	f := &s.facts[g[0]]
	first, last := s.t.Nodes[g[0]].Start, s.t.Nodes[g[len(g)-1]].Start
	between := 0
	if f.stmt != nil {
		for _, at := range wrote[f.peer+"\x00"+f.stmt.table] {
			if at > first && at < last {
				between++
			}
		}
	}
	cand := s.try(g[0])
	again := s.total(g[1:])
	cand.atLeast(duplicateCount, int64(len(g)))
	cand.atLeast(duplicateTotal, again)
	cand.must(between == 0, i18n.F("the table was written %d times between", "間に同じテーブルへの書き込みが%d回ある", between))
	if !cand.ok() {
		s.missed(cand, g, func() i18n.Text {
			return i18n.F("the same read %d times (%s)", "同じ読み取り%d回（%s）", len(g), s.opText(g[0]))
		})
		return
	}
	s.fire(hit{
		at: g[0], place: g[0], nodes: g, cost: s.covered(g[1:]), change: insight.Change{Remove: g[1:]},
		conf: sure(Certain, i18n.T("All were made with the same values.", "すべて同じ値で実行されています。")),
		why: i18n.F("%s made the same read with the same values %d times; all but the first took %s: %s",
			"%s が同じ値での読み取りを%d回行い、2回目以降に%sかかっています：%s", s.where(g[0]), len(g), dur(again), s.opText(g[0])),
	})
}
