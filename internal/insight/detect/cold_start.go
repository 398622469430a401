package detect

import (
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	coldFor = iota
	coldFactor
	coldAge
	coldLater
)

var coldStart = &Detector{
	ID:    "cold_start",
	Title: i18n.T("A cold start", "コールドスタート"),
	Rule: i18n.T(
		"A unit of work says that it started cold, or holds {slower} or more of starting up; or its process is at most {age} old and it takes {slower} and {factor} times the usual. Over requests: those of an endpoint that are {slower} slower and {factor} times as slow as its usual come early in an instance's life, and do what the {later} and more later ones do not.",
		"処理がコールドスタートであると記録しているか、起動処理のスパンが{slower}以上ある。または、プロセスの起動から{age}以内で、通常より{slower}以上かつ{factor}倍以上遅い。複数リクエストでは、通常より{slower}以上かつ{factor}倍以上遅いリクエストがインスタンスの稼働初期に集中し、後の{later}件以上にはない処理をしている。"),
	Advice: i18n.T("Warm an instance before it takes requests: fill its caches, open its connections, and let readiness wait for that.",
		"リクエストを受ける前にキャッシュの構築や接続の確立を済ませ、readinessの判定に含めてください。"),
	Params: []Param{
		lasts("slower", 200*ms, 2000*ms, "time lost to the start", "起動による遅れ"),
		count("factor", 3, 3, "times the usual", "通常に対する倍率"),
		lasts("age", 60_000*ms, 60_000*ms, "age of the process", "プロセスの稼働時間"),
		count("later", 5, 5, "later requests", "後のリクエストの件数"),
	},
	Over: true,
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			if s.entryNode(i) == i && s.limits(i) != nil {
				s.cold(i)
			}
		}
		s.warming()
	},
	across: coldStartAcross,
}

// cold looks at a unit of work that says of itself that it was the first.
func (s *scan) cold(e int) {
	n := &s.t.Nodes[e]
	said := attr(n.Span, "faas.coldstart") == "true"
	var age int64 = -1
	for _, a := range n.Span.Source.Attrs {
		if a.Key == "process.creation.time" {
			if at, err := time.Parse(time.RFC3339, a.Value); err == nil {
				age = n.Span.Time - at.UnixNano()
			}
		}
	}
	if !said && age < 0 {
		return
	}
	cand := s.try(e)
	base, known := Baseline{}, false
	if s.in.Usual != nil {
		base, known = s.in.Usual(Operation{Env: n.Span.Env, Service: n.Span.Service, Endpoint: s.endpoint(e)})
	}
	lost := n.Duration
	if known {
		lost = max(0, n.Duration-base.P50)
		cand.atLeast(coldFactor, n.Duration/max(1, base.P50))
	}
	cand.atLeast(coldFor, lost)
	conf := sure(Certain, i18n.T("The span says so (faas.coldstart).", "スパンに記録されています（faas.coldstart）。"))
	if !said {
		cand.atMost(coldAge, age)
		cand.must(known, i18n.T("what the request usually takes is not known", "このリクエストの通常の所要時間が分からない"))
		conf = sure(Fair, i18n.F("The process was %s old.", "プロセスは起動から%sでした。", dur(max(0, age))))
	}
	if !cand.ok() {
		s.missed(cand, []int{e}, func() i18n.Text { return i18n.F("%s", "%s", s.endpoint(e)) })
		return
	}
	left := n.Duration - lost
	s.fire(hit{
		at: e, place: e, nodes: []int{e}, cost: lost, conf: conf, key: "cold\x00" + s.endpoint(e), change: insight.Change{Take: map[int]int64{e: left}},
		why: i18n.F("%s took %s in a process that had just started", "%s に、起動直後のプロセスで%sかかっています", s.where(e), dur(n.Duration)),
	})
}

// warming finds spans of starting up within a unit of work.
func (s *scan) warming() {
	for i := range s.t.Nodes {
		if s.facts[i].class != other || s.entryNode(i) == i || s.role(i) != coldRole || s.limits(i) == nil {
			continue
		}
		n := &s.t.Nodes[i]
		if p := n.Parent; p >= 0 && s.role(p) == coldRole {
			continue
		}
		cand := s.try(i)
		if !cand.atLeast(coldFor, n.Duration) {
			s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%q", "「%s」", n.Span.Name) })
			continue
		}
		s.fire(hit{
			at: i, place: i, nodes: []int{i}, cost: n.Duration, conf: sure(Likely, i18n.F("A span is named %q.", "「%s」というスパンがあります。", n.Span.Name)),
			key: "cold\x00" + n.Span.Name, change: insight.Change{Remove: []int{i}},
			why: i18n.F("%s waited %s for starting up: %q", "%s が起動処理「%[3]s」を%[2]s待っています", s.where(i), dur(n.Duration), n.Span.Name),
		})
	}
}
