package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
)

// candidate is something that a detector considers. It is put through conditions; if all
// hold, it fires, and if it is the nearest that did not, it is what WhyNot tells of.
type candidate struct {
	limits  []int64
	params  []Param
	failed  []Failure
	explain bool
	bad     bool
	near    float64 // product of how near each failed condition was
	size    int     // conditions that held: more is nearer
}

// try begins a candidate with the thresholds that hold at a node.
func (s *scan) try(node int) *candidate {
	c := &s.cand
	*c = candidate{limits: s.limits(node), params: s.d.Params, explain: s.explain, near: 1, failed: c.failed[:0]}
	return c
}

// limit is a threshold's value.
func (c *candidate) limit(p int) int64 { return c.limits[p] }

// atLeast asks that got reaches the threshold.
func (c *candidate) atLeast(p int, got int64) bool {
	if got >= c.limits[p] {
		c.size++
		return !c.bad
	}
	c.fail(p, got, float64(got+1)/float64(c.limits[p]+1))
	return false
}

// atMost asks that got does not exceed the threshold.
func (c *candidate) atMost(p int, got int64) bool {
	if got <= c.limits[p] {
		c.size++
		return !c.bad
	}
	c.fail(p, got, float64(c.limits[p]+1)/float64(got+1))
	return false
}

// below asks that got is less than the threshold.
func (c *candidate) below(p int, got int64) bool { return c.atMost(p, got+1) }

// must asks for something without a number; not says what is wrong when it is not so.
func (c *candidate) must(ok bool, not i18n.Text) bool {
	if ok {
		c.size++
		return !c.bad
	}
	c.bad = true
	c.near *= 0.5
	if c.explain {
		c.failed = append(c.failed, Failure{Text: not})
	}
	return false
}

func (c *candidate) fail(p int, got int64, near float64) {
	c.bad = true
	c.near *= max(0, min(near, 1))
	if c.explain {
		par := &c.params[p]
		c.failed = append(c.failed, Failure{Param: par.Name, Got: got, Limit: c.limits[p], Unit: par.Unit, Text: i18n.F(
			"%s: %s; the threshold is %s", "%s：%s（しきい値 %s）", par.Text, par.Unit.Format(got), par.Unit.Format(c.limits[p]))})
	}
}

// ok says whether all held. Where nobody asks why not, a detector may stop at the first
// that did not; where somebody does, go on says so.
func (c *candidate) ok() bool { return !c.bad }

// over says that looking further at the candidate is of no use to anybody.
func (c *candidate) over() bool { return c.bad && !c.explain }

// missed remembers a candidate that did not fire, if it is the nearest yet. about names
// it; it is asked only then.
func (s *scan) missed(c *candidate, nodes []int, about func() i18n.Text) {
	if !s.explain || !c.bad {
		return
	}
	score := c.near * float64(1+c.size)
	if s.best != nil && score <= s.bestScore {
		return
	}
	at := nodes[0]
	e := s.entryNode(at)
	w := &WhyNot{
		Detector: s.d.ID, TraceID: s.t.TraceID,
		Service: s.t.Nodes[e].Span.Service, Endpoint: s.endpoint(e),
	}
	for i, n := range nodes {
		if i == MaxSpanIDs {
			break
		}
		w.SpanIDs = append(w.SpanIDs, s.t.Nodes[n].Span.SpanID)
	}
	w.Failed = append(w.Failed, c.failed...)
	w.Text, w.Near = whyNotText(about(), w), score
	s.best, s.bestScore = w, score
}

func whyNotText(about i18n.Text, w *WhyNot) i18n.Text {
	reasons := make([]i18n.Text, len(w.Failed))
	for i, f := range w.Failed {
		if i > 0 {
			reasons[i] = i18n.T("; "+f.Text.En, "、"+f.Text.Ja)
		} else {
			reasons[i] = f.Text
		}
	}
	var en, ja string
	for _, r := range reasons {
		en += r.En
		ja += r.Ja
	}
	where := w.Service
	if w.Endpoint != "" {
		where += " " + w.Endpoint
	}
	return i18n.F("Nearest: %s under %s. Not met: %s.", "最も近い候補：%[2]s の %[1]s。満たさなかった条件：%[3]s。", about, where, i18n.T(en, ja))
}
