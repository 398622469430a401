package detect

import (
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	gapFor = iota
	gapShare
	gapSilent
)

var uninstrumentedGap = &Detector{
	ID:    "uninstrumented_gap",
	Title: i18n.T("Time that no span accounts for", "スパンで説明できない時間"),
	Rule: i18n.T(
		"A unit of work, or a part of it that has parts itself, does something for {duration} or more in one piece, and {share} of the unit's time or more, of which no span tells. A service that sends no spans of its parts at all is told from {silent} on.",
		"1つの処理（または内訳を持つその一部）に、どのスパンにも現れない時間が、連続して{duration}以上、かつ処理全体の{share}以上ある。内訳のスパンをまったく送らないサービスは{silent}以上の場合に対象とする。"),
	Advice: i18n.T("Put a span around what runs there, or look with a profiler: it may be computing, waiting without a span, or a pause of the runtime.",
		"そこで動いている処理をスパンで囲むか、プロファイラーで確認してください。計算、計装されていない待ち、ランタイムの停止などが考えられます。"),
	Params: []Param{
		lasts("duration", 200*ms, 5000*ms, "the gap", "空白の時間"),
		percent("share", 25, 50, "share of the unit's time", "処理に占める割合"),
		lasts("silent", 1000*ms, 30_000*ms, "the gap in a service without parts", "内訳のないサービスでの空白の時間"),
	},
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			s.gap(i)
		}
	},
}

// gap looks at the longest stretch in which a node awaited nothing. A part without parts
// accounts for its time by its name; a unit of work without any has told nothing.
func (s *scan) gap(i int) {
	n := &s.t.Nodes[i]
	begins := s.entryNode(i) == i
	if s.facts[i].class != other || len(s.kids[i]) == 0 && !begins || n.Span.Kind == telemetry.KindClient || n.Span.Kind == telemetry.KindProducer {
		return
	}
	if k := s.kind(i); k == Browser || k == Mobile {
		return // a page waits for its reader, too
	}
	lim := s.limits(i)
	if lim == nil || !s.explain && n.Self < lim[gapFor] || s.role(i) == poolRole || s.role(i) == lockRole {
		return
	}
	gaps := s.gaps(i)
	if len(gaps) == 0 {
		return
	}
	longest := slices.MaxFunc(gaps, func(a, b insight.Segment) int {
		if d := (a.To - a.From) - (b.To - b.From); d != 0 {
			return int(max(-1, min(d, 1)))
		}
		return 0
	})
	d := longest.To - longest.From
	whole := s.t.Nodes[s.entryNode(i)].Duration
	cand := s.try(i)
	bound := gapFor
	if len(s.kids[i]) == 0 {
		bound = gapSilent
	}
	cand.atLeast(bound, d)
	cand.atLeast(gapShare, 100*d/max(1, whole))
	cand.must(!s.cutShort(i), i18n.T("it was waiting for what it called, which nobody recorded as awaited", "呼び出し先の処理を待っていた可能性がある"))
	cand.must(!s.backoff(i, longest), i18n.T("it is the pause before a retry", "再試行までの待ち時間である"))
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s of %q", "「%[2]s」の%[1]s", dur(d), n.Span.Name) })
		return
	}
	conf := sure(Likely)
	if len(s.kids[i]) == 0 {
		conf = sure(Fair, i18n.T("The service sends no spans of its parts at all.", "このサービスは内訳のスパンをまったく送っていません。"))
	}
	s.fire(hit{
		at: i, place: i, nodes: []int{i}, cost: d, conf: conf, key: "gap\x00" + n.Span.Name,
		why: i18n.F("%s spent %s of %s on something that no span tells of, %s", "%s の%[3]sのうち%[2]sは、どのスパンにも現れていません（%[4]s）",
			s.where(i), dur(d), dur(whole), s.between(i, longest)),
	})
}

// cutShort says that a child of the node works on after it, which may be what it did.
func (s *scan) cutShort(i int) bool {
	n := &s.t.Nodes[i]
	for _, k := range s.kids[i] {
		c := &s.t.Nodes[k]
		if c.Awaiter != i && c.Start < n.End() && c.End() > n.Start && c.Span.Kind != telemetry.KindConsumer && c.Duration >= n.Duration/4 {
			return true
		}
	}
	return false
}

// backoff says that a gap lies between a call that failed and the same call again.
func (s *scan) backoff(i int, g insight.Segment) bool {
	for _, a := range s.awaited[i] {
		if f := &s.facts[a]; f.class == other || s.t.Nodes[a].End() != g.From || !s.failed(a) {
			continue
		}
		for _, b := range s.awaited[i] {
			if s.t.Nodes[b].Start == g.To && s.facts[b].op.ID == s.facts[a].op.ID {
				return true
			}
		}
	}
	return false
}

// between says where a gap is: after which part, before which.
func (s *scan) between(i int, g insight.Segment) i18n.Text {
	before, after := -1, -1
	for _, k := range s.awaited[i] {
		c := &s.t.Nodes[k]
		if c.End() <= g.From && (before < 0 || c.End() > s.t.Nodes[before].End()) {
			before = k
		}
		if c.Start >= g.To && (after < 0 || c.Start < s.t.Nodes[after].Start) {
			after = k
		}
	}
	switch {
	case before >= 0 && after >= 0:
		return i18n.F("between %q and %q", "「%s」と「%s」の間", s.opText(before), s.opText(after))
	case before >= 0:
		return i18n.F("after %q", "「%s」の後", s.opText(before))
	case after >= 0:
		return i18n.F("before %q", "「%s」の前", s.opText(after))
	}
	return i18n.F("in %q", "「%s」の中", s.t.Nodes[i].Span.Name)
}
