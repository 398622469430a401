package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	starvedSelf = iota
	starvedFor
	starvedShare
)

var cpuStarvation = &Detector{
	ID:    "cpu_starvation",
	Title: i18n.T("Starved of CPU", "CPU不足による停止"),
	Rule: i18n.T(
		"A service's own time in a unit of work is {self} or more, and over that time its runtime measured {starved} or more, and {share} of it or more, of throttling or garbage collection.",
		"1つの処理でサービス自身の時間が{self}以上あり、その間のランタイムメトリクスでCPUスロットリングまたはGC停止が{starved}以上、かつ{share}以上を占めている。"),
	Advice: i18n.T("Raise the CPU limit or spread the load; for pauses, look at the heap's size and what is allocated.",
		"CPUの制限を緩めるか負荷を分散してください。GC停止の場合は、ヒープサイズと割り当て量を確認してください。"),
	Params: []Param{
		lasts("self", 100*ms, 1000*ms, "the service's own time", "サービス自身の時間"),
		lasts("starved", 50*ms, 500*ms, "throttling and pauses", "スロットリングとGC停止の時間"),
		percent("share", 20, 20, "share of the own time", "自身の時間に占める割合"),
	},
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			if s.entryNode(i) == i && s.limits(i) != nil {
				s.starved(i)
			}
		}
	},
}

func (s *scan) starved(e int) {
	n := &s.t.Nodes[e]
	if n.Duration < s.limits(e)[starvedSelf] && !s.explain {
		return
	}
	// The service's own work within the unit, by the spans that do the most of it.
	self, worst := int64(0), e
	for i := e; i < e+n.Size; i++ {
		if s.entryNode(i) != e || s.facts[i].class != other || s.t.Nodes[i].Span.Kind == telemetry.KindClient {
			continue
		}
		self += s.t.Nodes[i].Self
		if s.t.Nodes[i].Self > s.t.Nodes[worst].Self {
			worst = i
		}
	}
	self = min(self, n.Duration)
	cand := s.try(e)
	cand.atLeast(starvedSelf, self)
	if cand.over() {
		return
	}
	var r Runtime
	ok := false
	if s.in.Runtime != nil {
		from := s.t.Start + n.Start
		r, ok = s.in.Runtime(n.Span.Service, n.Span.Instance, from, from+n.Duration)
	}
	cand.must(ok, i18n.T("nothing is known of the runtime at that time", "その時間帯のランタイムメトリクスがない"))
	lost := r.Throttled + r.GCPause
	if ok {
		cand.atLeast(starvedFor, lost)
		cand.atLeast(starvedShare, 100*lost/max(1, self))
	}
	if !cand.ok() {
		s.missed(cand, []int{e}, func() i18n.Text { return i18n.F("%s of own time", "自身の時間%s", dur(self)) })
		return
	}
	what := i18n.T("CPU throttling", "CPUスロットリング")
	if r.GCPause > r.Throttled {
		what = i18n.T("garbage collection", "GCによる停止")
	}
	spared := min(lost, self)
	nodes := []int{worst}
	s.fire(hit{
		at: e, place: worst, nodes: nodes, cost: min(spared, s.t.Nodes[worst].Duration), key: "starved\x00" + what.En, change: insight.Change{Skip: s.tail(worst, spared)},
		conf: sure(Fair, i18n.T("The metrics are of the whole instance over that time, not of this request alone.", "メトリクスはこのリクエストではなく、インスタンス全体のものです。")),
		why:  i18n.F("%[1]s computed for %[2]s while its instance lost %[3]s to %[4]s", "%[1]s の自身の処理%[2]sの間に、インスタンスが%[4]sで%[3]s止まっています", s.where(e), dur(self), dur(lost), what),
	})
}
