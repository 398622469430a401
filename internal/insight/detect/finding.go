package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Bounds of what a finding and a trace's report hold.
const (
	MaxSpanIDs  = 20  // of evidence per finding
	MaxFindings = 200 // per trace; the costliest are kept
)

// Finding is one thing that could be better, with its evidence.
type Finding struct {
	Detector string
	TraceID  telemetry.TraceID
	// Service, Env and Endpoint are of the unit of work that the fix belongs to: of the
	// request or message that the service was handling.
	Service, Env, Endpoint string
	Kind                   Kind

	// SpanIDs are the evidence in order of time, at most MaxSpanIDs; Spans is how many
	// there are in all.
	SpanIDs []telemetry.SpanID
	Spans   int
	Place   Place

	// CostNS is the time spent on it, of the wall clock: what two spans did at the same
	// time counts once.
	CostNS int64
	// SavingNS is how much sooner the root would have ended had it been mended, by the
	// critical path computed anew. 0 where the spans do not tell, or where others gain.
	SavingNS int64
	// Main says that the root of the saving is the trace's own: that whoever asked waited.
	// Otherwise it is work that nobody waited for, like the handling of a message.
	Main bool

	Confidence Confidence
	Why        i18n.Text // what was found, with the numbers
	// Key is the same for the same cause in any trace and under any endpoint.
	Key string
	// Also names the detector of a more specific finding on the same spans, which comes
	// before; "" where this is the one to read.
	Also string

	// Requests is over how many requests it was seen: 1 within a trace; over a set, those
	// in it that show the finding. Costs are then those of the median request.
	Requests int
	// Traces are further traces that show it, at most MaxSpanIDs.
	Traces []telemetry.TraceID

	// Change is what the saving was worked out with, by the nodes of the trace's tree. Of a
	// finding over a set it is empty, and Cuts say it of each span in all the traces.
	Change insight.Change
	Cuts   []Cut

	covers []spanRef // evidence in all traces, of findings over a set
}

// Cut is a span that would be so much shorter, were a finding over a set mended.
type Cut struct {
	Trace telemetry.TraceID
	Span  telemetry.SpanID
	By    int64
}

// Place is where the fix belongs.
type Place struct {
	Span      telemetry.SpanID
	Name      string // of the span
	Operation string // statement or method and route, without values
	Peer      string // what was called
	Code             // of the span, or the nearest above it in the process
	// Handler is the code that took the request or message, where it is another: the work
	// may be done in a helper, and what is wrong be how often the handler asks for it.
	Handler Code
}

// Code is a place in the source, from code.* attributes. Line is 0 where it is not told.
type Code struct {
	Function, File string
	Line           int
}

// Confidence is how sure a finding is, and why not surer.
type Confidence struct {
	Score   float64 // from 0 to 1
	Reasons []i18n.Text
}

// The scores in use, so that they mean the same everywhere.
const (
	Certain  = 0.95 // the spans say so themselves
	Likely   = 0.8  // the pattern has hardly another cause
	Fair     = 0.6
	Possible = 0.4 // worth a look
)

// Level is a score's name.
func (c Confidence) Level() string {
	switch {
	case c.Score >= Likely:
		return "high"
	case c.Score >= Fair:
		return "medium"
	}
	return "possible"
}

// WhyNot says why a detector did not fire: the nearest thing that it considered.
type WhyNot struct {
	Detector string
	TraceID  telemetry.TraceID
	// Service, Endpoint and SpanIDs are of the nearest candidate; none when there was none.
	Service, Endpoint string
	SpanIDs           []telemetry.SpanID
	Failed            []Failure
	Text              i18n.Text
	// Near is how near the candidate was: of several reasons, the one with the most is the
	// one to tell. 0 where there was no candidate.
	Near float64
}

// Failure is a condition that a candidate did not meet.
type Failure struct {
	Param      string // of the threshold, "" for a condition without one
	Got, Limit int64
	Unit       Unit
	Text       i18n.Text
}
