package detect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Options choose detectors. The zero value runs all and asks for no reasons.
type Options struct {
	Only, Except []string // ids; Only empty means all
	// WhyNot are detectors that are to say why they did not fire.
	WhyNot []string
}

func (o Options) wants(id string) bool {
	return (len(o.Only) == 0 || slices.Contains(o.Only, id)) && !slices.Contains(o.Except, id)
}

// Report is what was found.
type Report struct {
	// Findings, what spares most first; one that is marked Also follows the one that
	// explains it.
	Findings []Finding
	// Dropped is how many more there were than MaxFindings.
	Dropped int
	WhyNot  []WhyNot
}

// Run looks at one trace.
func Run(in Input, o Options) Report {
	if in.Tree == nil || len(in.Tree.Nodes) == 0 {
		return Report{}
	}
	s := newScan(in, map[telemetry.ShapeID]*statement{})
	return s.run(o)
}

func (s *scan) run(o Options) Report {
	var r Report
	for _, d := range all {
		if d.trace == nil || !o.wants(d.ID) {
			continue
		}
		s.d, s.explain, s.best, s.bestScore = d, slices.Contains(o.WhyNot, d.ID), nil, -1
		before := len(s.hits)
		d.trace(s)
		if s.explain && len(s.hits) == before {
			r.WhyNot = append(r.WhyNot, s.reason())
		}
	}
	r.Findings, r.Dropped = s.finish()
	return r
}

// reason is the nearest candidate, or that there was none.
func (s *scan) reason() WhyNot {
	if s.best != nil {
		return *s.best
	}
	return nothing(s.d, s.t.TraceID)
}

func nothing(d *Detector, id telemetry.TraceID) WhyNot {
	return WhyNot{Detector: d.ID, TraceID: id, Text: i18n.F(
		"Nothing here is of the kind that %s looks at.", "%s の対象になるスパンがありません。", d.ID)}
}

// hit is a finding before its saving is worked out.
type hit struct {
	d      *Detector
	at     int   // a node of the unit of work that the fix belongs to
	place  int   // the node where the fix belongs
	nodes  []int // evidence
	cost   int64
	change insight.Change
	conf   Confidence
	why    i18n.Text
	key    string // what the cause is, beside detector, service and place
}

func (s *scan) fire(h hit) {
	h.d = s.d
	s.hits = append(s.hits, h)
}

// sure is a confidence with its reasons.
func sure(score float64, reasons ...i18n.Text) Confidence {
	return Confidence{Score: score, Reasons: reasons}
}

// finish makes findings of hits: the costliest, with their savings, in order.
func (s *scan) finish() (out []Finding, dropped int) {
	slices.SortStableFunc(s.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.cost, a.cost), cmp.Compare(a.d.index, b.d.index), cmp.Compare(a.nodes[0], b.nodes[0]))
	})
	if len(s.hits) > MaxFindings {
		dropped = len(s.hits) - MaxFindings
		s.hits = s.hits[:MaxFindings]
	}
	nodes := make([][]int, 0, len(s.hits))
	for _, h := range s.hits {
		out = append(out, s.finding(h))
		nodes = append(nodes, h.nodes)
	}
	return arrange(out, nodes), dropped
}

func (s *scan) finding(h hit) Finding {
	e := s.entryNode(h.at)
	entry := s.t.Nodes[e].Span
	root := s.t.Root(h.at)
	f := Finding{
		Detector: h.d.ID, TraceID: s.t.TraceID,
		Service: entry.Service, Env: entry.Env, Endpoint: s.endpoint(e), Kind: s.kind(h.at),
		Spans: len(h.nodes), Place: s.place(h.place),
		CostNS: h.cost, SavingNS: s.what.Spared(root, h.change), Main: root == s.t.Main,
		Confidence: h.conf, Why: h.why, Requests: 1, Change: h.change,
	}
	f.SpanIDs = s.ids(h.nodes)
	f.Key = key(h.d.ID, entry.Env, entry.Service, f.Place, h.key)
	return f
}

// ids are the spans of nodes in order of time, bounded.
func (s *scan) ids(nodes []int) []telemetry.SpanID {
	var out []telemetry.SpanID
	for _, i := range byStart(s.t, nodes)[:min(len(nodes), MaxSpanIDs)] {
		out = append(out, s.t.Nodes[i].Span.SpanID)
	}
	return out
}

// key names a cause: what is done, by which service, at which function.
func key(detector, env, service string, p Place, what string) string {
	if what == "" {
		what = p.Operation + "\x00" + p.Peer
	}
	h := xxhash.Sum64String(strings.Join([]string{env, service, p.Function, what}, "\x00"))
	return fmt.Sprintf("%s:%016x", detector, h)
}

// byStart gives nodes in order of time.
func byStart(t *insight.Tree, nodes []int) []int {
	less := func(a, b int) int {
		return cmp.Or(cmp.Compare(t.Nodes[a].Start, t.Nodes[b].Start), cmp.Compare(a, b))
	}
	if slices.IsSortedFunc(nodes, less) {
		return nodes
	}
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, less)
	return nodes
}
