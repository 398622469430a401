package improve

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Cause is one thing to mend, wherever it showed.
type Cause struct {
	Key, Detector string
	// Service and Env are where the mend belongs: not always the service that was studied.
	Service, Env string
	// Example is the finding of the median saving.
	Example    detect.Finding
	Stack      Stack   // what the code that has it is written with
	Confidence float64 // mean over the findings
	Findings   int
	// Endpoints are those whose requests have it, where it spares most first.
	Endpoints []EndpointImpact
	Evidence  []Evidence
	Impact
	Rank Rank
}

// Impact is what mending a cause is worth.
type Impact struct {
	Sampled  int   // requests that have it, of those that were sampled
	Requests Range // that have it in a week
	// Waiting are hours a month that people would wait less, Working those that workers
	// would be done sooner: beyond what the causes ranked above spare already.
	Waiting, Working Range
	// Alone is what they were if nothing else was mended.
	Alone struct{ Waiting, Working float64 }
	// Users and Companies are how many different ones the sampled requests name; Told are
	// the requests that name one.
	Users, Companies, ToldUser, ToldCompany int
}

// Range is an estimate, with what it lies between in 95 of 100 cases.
type Range struct{ Low, Mid, High float64 }

// EndpointImpact is a cause at one endpoint: alone, as if nothing else was mended.
type EndpointImpact struct {
	Endpoint
	Requests    Range // of a week that have it
	Of          float64
	Before      Percentiles
	After       Percentiles
	AfterLow    Percentiles
	AfterHigh   Percentiles
	Waiting     float64 // hours a month
	Working     float64
	SampledWith int
	Sampled     int
}

// Percentiles of durations, in nanoseconds.
type Percentiles struct{ P50, P95 int64 }

// Evidence is a request that shows a cause.
type Evidence struct {
	Trace    telemetry.TraceID
	Request  telemetry.SpanID
	Spans    []telemetry.SpanID // where it shows
	Duration int64
	Saving   int64 // had it been mended, and nothing else
}

// Options say how causes are looked for and weighed. The zero value will do.
type Options struct {
	Detect     detect.Options
	Thresholds *detect.Thresholds
	// Importance of the function that an endpoint serves, from 0 to 1; nil is the default.
	Importance func(Endpoint) float64
	// Effort to mend what a detector found, in days; nil is the default.
	Effort func(detector string) float64
	// Company is the attribute that names a user's company; "" is none.
	Company string
}

// Study is what was found in a set of sampled requests.
type Study struct {
	Causes []Cause // in the order in which to mend them
	// Sampled requests; Lost could not be found in their traces.
	Sampled, Lost int
	// Waiting and Working are hours a month that all causes together spare.
	Waiting, Working float64
}

// maxEvidence bounds what a cause shows.
const maxEvidence = 5

// Analyse looks for causes in sampled requests and says what each is worth.
func Analyse(strata []Stratum, o Options) Study {
	sorted, samples, traces, lost := gather(strata)
	st := &study{o: o, strata: sorted, samples: samples}
	st.detect(traces)
	st.assign()
	order := st.order()
	out := Study{Sampled: len(samples), Lost: lost}
	for place, c := range order {
		out.Causes = append(out.Causes, st.describe(c, place+1, len(order)))
	}
	for _, s := range samples {
		h := s.weight * float64(s.saved.wait) * toHours
		switch s.waits {
		case people:
			out.Waiting += h
		case unattended:
			out.Working += h
		}
	}
	return out
}

type study struct {
	byID    map[telemetry.TraceID]*trace
	o       Options
	strata  []Stratum
	samples []*sample
	causes  []*cause
}

// cause while it is worked out.
type cause struct {
	key      string
	findings []detect.Finding
	at       []*held   // in the order of in
	in       []*sample // that have it
	weigh    weights
	score    float64
}

// detect runs the detectors over each trace and over all, and keeps one finding of those
// about the same spans.
func (st *study) detect(traces []*trace) {
	across := detect.NewAcross(st.o.Thresholds, st.o.Detect)
	var single []detect.Finding
	byID := map[telemetry.TraceID]*trace{}
	st.byID = byID
	for _, t := range traces {
		byID[t.in.Tree.TraceID] = t
		single = append(single, across.Add(t.in).Findings...)
	}
	found := detect.Join(single, across.Report().Findings)
	index := map[string]int{}
	for _, f := range found {
		if f.Also != "" {
			continue // mending the other mends it
		}
		c, ok := index[f.Key]
		if !ok {
			c = len(st.causes)
			index[f.Key] = c
			st.causes = append(st.causes, &cause{key: f.Key})
		}
		st.causes[c].findings = append(st.causes[c].findings, f)
		if len(f.Cuts) == 0 {
			if t := byID[f.TraceID]; t != nil {
				if n := t.at[f.Place.Span]; n > 0 {
					t.found = append(t.found, placed{cause: c, node: n - 1, change: f.Change})
				}
			}
		}
		for _, cut := range f.Cuts {
			t := byID[cut.Trace]
			if t == nil {
				continue
			}
			if n := t.at[cut.Span]; n > 0 {
				left := max(0, t.in.Tree.Nodes[n-1].Duration-cut.By)
				t.found = append(t.found, placed{cause: c, node: n - 1, change: insight.Change{Take: map[int]int64{n - 1: left}}})
			}
		}
	}
}

// assign gives each sample the causes that are placed within it.
func (st *study) assign() {
	for _, s := range st.samples {
		at := map[int]int{}
		for _, p := range s.trace.found {
			if !s.within(p.node) {
				continue
			}
			k, ok := at[p.cause]
			if !ok {
				k = len(s.has)
				at[p.cause] = k
				s.has = append(s.has, held{cause: p.cause, stale: true})
			}
			s.has[k].change = merge(s.has[k].change, s.restrict(p.change))
		}
		for k := range s.has {
			h := &s.has[k]
			h.alone = s.spared(h.change)
			c := st.causes[h.cause]
			c.at, c.in = append(c.at, h), append(c.in, s)
		}
	}
	// What shows in no sampled request is another's.
	st.causes = slices.DeleteFunc(st.causes, func(c *cause) bool { return len(c.in) == 0 })
	for _, c := range st.causes {
		slices.SortStableFunc(c.findings, func(a, b detect.Finding) int {
			return cmp.Or(cmp.Compare(a.SavingNS, b.SavingNS), slices.Compare(a.TraceID[:], b.TraceID[:]), slices.Compare(a.Place.Span[:], b.Place.Span[:]))
		})
		c.weigh = st.weigh(c)
	}
	slices.SortFunc(st.causes, func(a, b *cause) int { return cmp.Compare(a.key, b.key) })
}

// describe writes down what was worked out.
func (st *study) describe(c *cause, place, of int) Cause {
	ex := c.findings[(len(c.findings)-1)/2]
	out := Cause{Key: c.key, Detector: ex.Detector, Service: ex.Service, Env: ex.Env, Example: ex, Confidence: c.weigh.confidence, Findings: len(c.findings)}
	if t := st.byID[ex.TraceID]; t != nil {
		out.Stack = stackOf(t.in.Tree, t.at[ex.Place.Span]-1)
	}
	out.Impact, out.Endpoints = st.impact(c)
	out.Evidence = st.evidence(c, ex)
	out.Rank = st.rank(c, &out, place, of)
	return out
}

// evidence are the requests that show it best: the example's, and those it spares most.
func (st *study) evidence(c *cause, ex detect.Finding) (out []Evidence) {
	order := make([]int, len(c.in))
	for i := range order {
		order[i] = i
	}
	first := func(i int) int {
		if c.in[i].trace.in.Tree.TraceID == ex.TraceID {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(c.at[b].alone.root, c.at[a].alone.root))
	})
	seen := map[telemetry.TraceID]bool{}
	for _, i := range order {
		s := c.in[i]
		id := s.trace.in.Tree.TraceID
		if seen[id] || len(out) == maxEvidence {
			continue
		}
		seen[id] = true
		e := Evidence{Trace: id, Request: s.node().Span.SpanID, Duration: s.node().Duration, Saving: c.at[i].alone.root}
		for _, f := range c.findings {
			if f.TraceID == id && len(f.Cuts) == 0 {
				e.Spans = append(e.Spans, f.SpanIDs...)
			}
			for _, cut := range f.Cuts {
				if cut.Trace == id {
					e.Spans = append(e.Spans, cut.Span)
				}
			}
		}
		e.Spans = e.Spans[:min(len(e.Spans), detect.MaxSpanIDs)]
		out = append(out, e)
	}
	return out
}
