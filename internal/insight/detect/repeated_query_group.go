package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	groupRounds = iota
	groupTotal
)

// maxPeriod is how many statements a group may have.
const maxPeriod = 8

var repeatedQueryGroup = &Detector{
	ID:    "repeated_query_group",
	Title: i18n.T("A group of queries, repeated", "繰り返されるクエリの組"),
	Rule: i18n.T(
		"A unit of work repeats a group of 2 to 8 statements at least {rounds} times in the same order, and they take at least {total} together.",
		"1つの処理の中で、2〜8個のSQLの組が同じ順序で{rounds}回以上繰り返され、合計{total}以上かかっている。"),
	Advice: i18n.T("Read what the loop needs before it: one statement per table, or one join.",
		"ループの前に、必要なデータをテーブルごとに1つのSQL、またはJOINでまとめて読み込んでください。"),
	Params: []Param{
		count("rounds", 3, 10, "rounds", "繰り返しの回数"),
		lasts("total", 40*ms, 500*ms, "time in them", "合計時間"),
	},
	trace: func(s *scan) {
		of := map[int32][]int{}
		var order []int32
		for _, i := range s.calls {
			f := &s.facts[i]
			if f.class != database || f.op.ID == 0 {
				continue
			}
			if of[f.entry] == nil {
				order = append(order, f.entry)
			}
			of[f.entry] = append(of[f.entry], i)
		}
		for _, e := range order {
			if list := of[e]; len(list) >= 4 && s.limits(list[0]) != nil {
				s.rounds(byStart(s.t, list))
			}
		}
	},
}

// rounds looks for groups in a row of statements, the longest stretch first at each place.
func (s *scan) rounds(list []int) {
	op := func(k int) telemetry.ShapeID { return s.facts[list[k]].op.ID }
	// run[p] is how far back from k the row repeats itself every p statements.
	var run [maxPeriod + 1]int
	type stretch struct{ from, to, period int }
	var best stretch
	consider := func(to int, p int) {
		n := run[p]
		if n < p {
			return
		}
		st := stretch{to - n - p, to, p}
		if best.period == 0 || st.from >= best.to || st.to-st.from > best.to-best.from {
			if best.period != 0 && st.from >= best.to {
				s.group(list[best.from:best.to], best.period)
			}
			best = st
		}
	}
	for k := range list {
		for p := 2; p <= maxPeriod && p <= k; p++ {
			if op(k) == op(k-p) {
				run[p]++
				continue
			}
			if s.mixed(list[max(0, k-p):k]) {
				consider(k, p)
			}
			run[p] = 0
		}
	}
	for p := 2; p <= maxPeriod; p++ {
		if len(list) >= p && s.mixed(list[len(list)-p:]) {
			consider(len(list), p)
		}
	}
	if best.period != 0 {
		s.group(list[best.from:best.to], best.period)
	}
}

// mixed says that there is more than one statement in a row.
func (s *scan) mixed(list []int) bool {
	for _, i := range list {
		if s.facts[i].op.ID != s.facts[list[0]].op.ID {
			return true
		}
	}
	return false
}

func (s *scan) group(list []int, period int) {
	rounds := len(list) / period
	cand := s.try(list[0])
	cand.atLeast(groupRounds, int64(rounds))
	total := s.total(list)
	cand.atLeast(groupTotal, total)
	cand.must(!s.onlyEnds(list[:period]), i18n.T("the group is transactions around one statement", "1つのSQLをトランザクションで囲んだだけの組である"))
	if !cand.ok() {
		s.missed(cand, list, func() i18n.Text {
			return i18n.F("a group of %d statements, %d times (%s)", "%d個のSQLの組が%d回（%s）", period, rounds, s.list(list[:period]))
		})
		return
	}
	// One statement of each sort would do.
	seen := map[telemetry.ShapeID]bool{}
	var remove []int
	for _, i := range list {
		if id := s.facts[i].op.ID; seen[id] {
			remove = append(remove, i)
		} else {
			seen[id] = true
		}
	}
	var ops []string
	for _, i := range list[:period] {
		ops = append(ops, s.facts[i].op.Text)
	}
	s.fire(hit{
		at: list[0], place: list[0], nodes: list, cost: s.covered(list), change: insight.Change{Remove: remove},
		conf: sure(Certain, i18n.F("The same order of %d statements comes back %d times.", "%d個のSQLが同じ順序で%d回現れています。", period, rounds)),
		key:  strings.Join(sorted(ops), "\x00"),
		why: i18n.F("%s repeated a group of %d statements %d times, %s in all: %s", "%s で%d個のSQLの組が%d回繰り返され、合計%sかかっています：%s",
			s.where(list[0]), period, rounds, dur(total), s.list(list[:period])),
	})
}

// onlyEnds says that a group has at most one statement beside the ends of transactions.
func (s *scan) onlyEnds(list []int) bool {
	work := map[telemetry.ShapeID]bool{}
	for _, i := range list {
		if v := s.facts[i].stmt.verb; v != begins && v != ends && v != otherVerb {
			work[s.facts[i].op.ID] = true
		}
	}
	return len(work) < 2
}
