package detect

import (
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	indexFor = iota
	indexRows
	indexTimes
	indexGrows
)

var missingIndex = &Detector{
	ID:    "missing_index",
	Title: i18n.T("A missing index", "インデックスの不足"),
	Rule: i18n.T(
		"A read takes {duration} or more to give {rows} rows or fewer, and its condition is one that no plain index serves (a function of the column, a pattern that begins with %), or its plan says scan. Over requests: it does so at least {times} times and mostly, or its time grows by {grows} and more while its rows do not.",
		"{rows}行以下しか返さない読み取りに{duration}以上かかり、かつ条件が通常のインデックスを使えない形（列への関数適用、%で始まるLIKE）であるか、実行計画がスキャンを示している。複数リクエストでは、それが{times}回以上かつ大半で起きている。または、行数が変わらないのに所要時間が{grows}以上伸びている。"),
	Advice: i18n.T("Add an index on what the condition compares (an index on the expression where it wraps the column), and check the plan.",
		"条件で比較している列（列を関数で包んでいる場合はその式）にインデックスを追加し、実行計画を確認してください。"),
	Params: []Param{
		lasts("duration", 100*ms, 500*ms, "its duration", "所要時間"),
		count("rows", 1000, 1000, "rows it gave", "返した行数"),
		count("times", 5, 5, "times that it was seen", "観測回数"),
		percent("grows", 50, 50, "growth of its time", "所要時間の伸び"),
	},
	Over: true,
	trace: func(s *scan) {
		for _, i := range s.calls {
			if f := &s.facts[i]; f.class == database && (f.stmt.verb == reads || f.stmt.verb == locks) {
				s.unindexed(i)
			}
		}
	},
	across: missingIndexAcross,
}

func (s *scan) unindexed(i int) {
	lim := s.limits(i)
	d := s.t.Nodes[i].Duration
	if lim == nil || !s.explain && d < lim[indexFor] {
		return
	}
	f := &s.facts[i]
	rows, told := s.rows(i)
	cand := s.try(i)
	cand.atLeast(indexFor, d)
	if told {
		cand.atMost(indexRows, rows)
	}
	hint, score := s.scanHint(i)
	cand.must(!hint.IsZero(), i18n.T("neither its condition nor a plan hints at a scan", "条件や実行計画にスキャンの兆候がない"))
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s", "%s", s.opText(i)) })
		return
	}
	conf := sure(score, hint)
	if !told {
		conf.Score = min(conf.Score, Fair)
		conf.Reasons = append(conf.Reasons, i18n.T("How many rows it gave is not told.", "返した行数は記録されていません。"))
	}
	gave := i18n.T("", "")
	if told && !f.stmt.aggregate {
		gave = i18n.F(" to give %s", "（返却%s行）", strconv.FormatInt(rows, 10))
		if rows == 1 {
			gave.En += " row"
		} else {
			gave.En += " rows"
		}
	}
	s.fire(hit{
		at: i, place: i, nodes: []int{i}, cost: d, conf: conf, change: insight.Change{Take: map[int]int64{i: min(d, indexed)}},
		why: i18n.F("%[1]s spent %[2]s in a read%[3]s that looks like a scan: %[4]s", "%[1]s で、全件走査とみられる読み取りに%[2]sかかっています%[3]s：%[4]s",
			s.where(i), dur(d), gave, s.opText(i)),
	})
}

// indexed is what a read by an index is taken to last.
const indexed = 10 * ms

func (s *scan) rows(i int) (int64, bool) {
	v := attr(s.t.Nodes[i].Span, "db.response.returned_rows")
	if v == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(v, 10, 64)
	return n, err == nil
}

// scanHint is what suggests that a read went through a whole table.
func (s *scan) scanHint(i int) (i18n.Text, float64) {
	span := s.t.Nodes[i].Span
	for _, a := range span.Attrs {
		if !strings.HasPrefix(a.Key, "db.") || !strings.Contains(a.Key, "plan") && !strings.Contains(a.Key, "index") {
			continue
		}
		if v := strings.ToLower(a.Value); strings.Contains(v, "seq scan") || strings.Contains(v, "full scan") || strings.Contains(v, "collscan") || strings.Contains(v, "table scan") ||
			strings.HasSuffix(a.Key, "no_index_used") && v == "true" || strings.HasPrefix(v, "scan ") {
			return i18n.F("Its plan says so: %s.", "実行計画に記録があります：%s", quote(a.Value)), Certain
		}
	}
	st := s.facts[i].stmt
	if st.wraps != "" {
		return i18n.F("An index on the column does not serve %q.", "列のインデックスは「%s」には使われません。", quote(st.wraps)), Likely
	}
	text := attr(span, "db.query.text")
	if k := strings.Index(strings.ToUpper(text), "LIKE '%"); k >= 0 {
		return i18n.T("A pattern that begins with % cannot use an index.", "%で始まるパターンではインデックスを使えません。"), Likely
	}
	if strings.Contains(strings.ToUpper(text), " LIKE ") {
		for _, a := range span.Attrs {
			if strings.HasPrefix(a.Key, "db.query.parameter") && strings.HasPrefix(a.Value, "%") {
				return i18n.T("A pattern that begins with % cannot use an index.", "%で始まるパターンではインデックスを使えません。"), Likely
			}
		}
	}
	return i18n.Text{}, 0
}
