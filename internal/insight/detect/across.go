package detect

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Across looks over a set of traces: Add each, in any order, then ask for the Report. It
// keeps what the second stage needs of each, not the trees. It is for one goroutine.
type Across struct {
	th    *Thresholds
	o     Options
	cache map[telemetry.ShapeID]*statement
	seen  []observation
	units []unit
	held  []holding
}

// NewAcross begins a set.
func NewAcross(th *Thresholds, o Options) *Across {
	return &Across{th: th, o: o, cache: map[telemetry.ShapeID]*statement{}}
}

// Add runs the first stage over a trace and remembers what the second needs. Its report
// is of the one trace; Report has its findings too.
func (a *Across) Add(in Input) Report {
	if in.Tree == nil || len(in.Tree.Nodes) == 0 {
		return Report{}
	}
	if in.Thresholds == nil {
		in.Thresholds = a.th
	}
	s := newScan(in, a.cache)
	a.observe(s)
	return s.run(a.o)
}

// Report is what only shows over the set. The findings of the first stage are not in it;
// Join puts both together.
func (a *Across) Report() Report {
	w := newSweep(a)
	var r Report
	for _, d := range all {
		if d.across == nil || !a.o.wants(d.ID) {
			continue
		}
		w.d, w.explain = d, slices.Contains(a.o.WhyNot, d.ID)
		w.best, w.bestScore = nil, -1
		before := len(w.found)
		d.across(w)
		if w.explain && len(w.found) == before {
			if w.best == nil {
				n := nothing(d, telemetry.TraceID{})
				w.best = &n
			}
			r.WhyNot = append(r.WhyNot, *w.best)
		}
	}
	r.Findings = w.found
	slices.SortStableFunc(r.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(y.SavingNS*int64(y.Requests), x.SavingNS*int64(x.Requests)),
			cmp.Compare(indexOf(x.Detector), indexOf(y.Detector)), cmp.Compare(x.Key, y.Key))
	})
	return r
}

type spanRef struct {
	trace telemetry.TraceID
	span  telemetry.SpanID
}

// Join puts the findings of single traces and of the set in one order, and marks those
// that another explains.
func Join(single, set []Finding) []Finding {
	found := slices.Concat(single, set)
	evidence := make([][]spanRef, len(found))
	for i := range found {
		found[i].Also = ""
		evidence[i] = found[i].covers
		if evidence[i] != nil {
			continue
		}
		for _, id := range found[i].SpanIDs {
			evidence[i] = append(evidence[i], spanRef{found[i].TraceID, id})
		}
	}
	return arrange(found, evidence)
}
