package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	unboundedRows = iota
	unboundedAny
	unboundedFor
)

var unboundedResult = &Detector{
	ID:    "unbounded_result",
	Title: i18n.T("A result without a bound", "件数に上限のない結果"),
	Rule: i18n.T(
		"A read without a limit gives {rows} rows or more, or any read {any} or more, and takes {duration} or more.",
		"件数制限のない読み取りが{rows}行以上（制限があっても{any}行以上）を返し、{duration}以上かかっている。"),
	Advice: i18n.T("Bound it: LIMIT with a key to go on from, or let the database add up what is only counted.",
		"LIMITとキーによるページングを付けるか、集計だけが必要ならデータベース側で集計してください。"),
	Params: []Param{
		count("rows", 1000, 100_000, "rows without a limit", "制限のない行数"),
		count("any", 10_000, 1_000_000, "rows in any case", "行数"),
		lasts("duration", 5*ms, 500*ms, "its duration", "所要時間"),
	},
	trace: func(s *scan) {
		for _, i := range s.calls {
			f := &s.facts[i]
			if f.class != database || f.stmt.verb != reads && f.stmt.verb != unknownVerb || s.limits(i) == nil {
				continue
			}
			rows, told := s.rows(i)
			if !told || rows < 2 {
				continue
			}
			s.unbounded(i, rows)
		}
	},
}

func (s *scan) unbounded(i int, rows int64) {
	st := s.facts[i].stmt
	d := s.t.Nodes[i].Duration
	cand := s.try(i)
	bound := unboundedRows
	if st.limited || st.aggregate {
		bound = unboundedAny
	}
	cand.atLeast(bound, rows)
	cand.atLeast(unboundedFor, d)
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%d rows of %s", "%[2]s の%[1]d行", rows, s.opText(i)) })
		return
	}
	conf := sure(Certain, i18n.T("The statement has no LIMIT.", "SQLにLIMITがありません。"))
	if st.limited {
		conf = sure(Likely, i18n.T("It has a limit, which is too high to be one.", "LIMITはありますが、上限として大きすぎます。"))
	}
	// A page of a hundred rows would take its part, and a tenth at least.
	left := max(d/10, d*100/rows)
	s.fire(hit{
		at: i, place: i, nodes: []int{i}, cost: d, conf: conf, change: insight.Change{Take: map[int]int64{i: left}},
		why: i18n.F("%s read %d rows in %s: %s", "%s が%d行を%sかけて読み込んでいます：%s", s.where(i), rows, dur(d), s.opText(i)),
	})
}
