package verdict

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Outcome is how the request ended for whoever sent it.
type Outcome string

// The outcomes. A request that was refused for a mistake of its sender's (4xx) is OK: it
// was answered as it had to be.
const (
	OK      Outcome = "ok"
	Error   Outcome = "error"
	Slow    Outcome = "slow"
	Timeout Outcome = "timeout"
)

// CauseKind is the kind of a cause, roughly; Cause.Detail is finer.
type CauseKind string

// The kinds.
const (
	CauseError   CauseKind = "error"
	CauseSlow    CauseKind = "slow"
	CauseTimeout CauseKind = "timeout"
	CauseLock    CauseKind = "lock"
	CauseNone    CauseKind = "none"
)

// Cause is where it began.
type Cause struct {
	Service   string
	Span      telemetry.SpanID
	Operation string
	Kind      CauseKind
	// Detail is what sort of error or time it is: exception, refused, rejected, log,
	// cancelled, lock, deadlock, pool, repeated, statement, outside, network, own, gc ...
	Detail  string
	Message string // as the span or the log has it
	Frame   string // of the service's own code
	// Time is how long was spent there, of a cause that is a time.
	Time int64
	node int
}

// Evidence is a span or a log line that a sentence rests on.
type Evidence struct {
	Log  bool
	Span telemetry.SpanID // where Log is false
	ID   uint64           // of the log
	// Node is the span's place in the tree, or the log's in Facts.Logs.
	Node int
}

// Topic is what a sentence is about; a page groups by it.
type Topic string

// The topics, in the order in which they come.
const (
	TopicSummary Topic = "summary" // what happened to whom
	TopicCause   Topic = "cause"   // where it began
	TopicPath    Topic = "path"    // how it became the answer
	TopicAside   Topic = "aside"   // what failed too and is not the cause
	TopicUsual   Topic = "usual"   // what is usual here
	TopicDiffers Topic = "differs" // what this one has that others have not
	TopicSimilar Topic = "similar" // alone or one of many
	TopicChanged Topic = "changed" // what changed nearby
	TopicUnknown Topic = "unknown" // what the evidence does not say
)

// Sentence is a statement and what it rests on.
type Sentence struct {
	Topic    Topic
	Text     i18n.Text
	Evidence []Evidence
	Link     string // to a page with the figures behind it, "" for none
}

// Unusual is something about this request that is not as it usually is.
type Unusual struct {
	Kind     string // duration, errors, attribute, count
	Text     i18n.Text
	Evidence []Evidence
	Key      string  // of an attribute
	Value    string  // its value
	Measured int64   // ns of a duration
	Usual    int64   // p50 of a duration
	Factor   float64 // Measured / Usual
}

// Step is what to do next.
type Step struct {
	Kind string // owner, runbook, statement, error_group, search, release, trace, instrument
	Text i18n.Text
	Link string // of a page in the UI or an absolute address; "" for none
}

// Verdict is the answer.
type Verdict struct {
	TraceID   telemetry.TraceID
	Outcome   Outcome
	Summary   i18n.Text
	Cause     Cause
	Sentences []Sentence
	Unusual   []Unusual
	Similar   *Similar
	Steps     []Step
	Unread    []i18n.Text
	// What it is about.
	Service, Env, Endpoint string
	Start, Duration        int64
}

// Explain says what happened. A tree without spans has nothing to say.
func Explain(f Facts) Verdict {
	v := Verdict{Outcome: OK, Cause: Cause{Kind: CauseNone, node: -1}, Similar: f.Similar, Unread: f.Unread}
	if f.Tree == nil || f.Tree.Main < 0 {
		v.Summary = i18n.T("There is no span to say anything about.", "解析できるスパンがありません。")
		return v
	}
	a := analyse(&f)
	a.v = &v
	a.judge()
	a.tell()
	return v
}

// CauseSpan is the span of the cause in the facts that it was found in, nil for none.
func (v *Verdict) CauseSpan(f *Facts) *telemetry.Span {
	if i := v.Cause.node; i >= 0 && i < len(f.Tree.Nodes) {
		return f.Tree.Nodes[i].Span
	}
	return nil
}

// WaitedFor is the statement whose time is the cause: of whom it is worth asking who else
// was at work on the same database. nil for none.
func (v *Verdict) WaitedFor(f *Facts) *telemetry.Span {
	s := v.CauseSpan(f)
	if s == nil || !database(s) || v.Cause.Detail != "statement" && v.Cause.Detail != "lock" || !writes(s) && v.Cause.Detail != "lock" {
		return nil
	}
	return s
}
