package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
)

var nPlusOneQuery = &Detector{
	ID:    "n_plus_one_query",
	Title: i18n.T("N+1 queries", "N+1クエリ"),
	Rule: i18n.T(
		"A unit of work runs the same statement at least {count} times from the same place, with differing values, and they take at least {total} together.",
		"1つの処理の同じ箇所から、値だけが異なる同じSQLが{count}回以上実行され、合計{total}以上かかっている。"),
	Advice: i18n.T(
		"Read the rows with one statement: a join, WHERE … IN (…), or the mapper's eager loading.",
		"JOIN、WHERE … IN (…)、ORMの一括読み込みなどで、1つのSQLにまとめてください。"),
	Params: []Param{
		count("count", 5, 20, "identical statements", "同じSQLの回数"),
		lasts("total", 50*ms, 500*ms, "time in them", "合計時間"),
	},
	trace: func(s *scan) {
		s.repeats(database, func(i int) bool { v := s.facts[i].stmt.verb; return v == reads || v == writes || v == unknownVerb },
			i18n.T("statements", "SQL"), i18n.T(
				"%[1]s ran the same statement %[2]d times, %[3]s in all: %[4]s",
				"%[1]s で同じSQLが%[2]d回実行され、合計%[3]sかかっています：%[4]s"))
	},
}
