package verdict

import (
	"slices"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// judge decides the outcome and the cause.
func (a *analysis) judge() {
	m := &a.nodes[a.main]
	v := a.v
	v.TraceID, v.Service, v.Env, v.Endpoint = a.t.TraceID, m.Span.Service, m.Span.Env, a.op[a.main]
	v.Start, v.Duration = a.t.Start+m.Start, m.Duration
	switch st := a.state[a.main]; st {
	case failed, gaveUp:
		a.walk(a.main)
		a.fail()
	case cancelled:
		a.walk(a.main)
		if a.giver >= 0 {
			a.fail()
		} else {
			a.gone()
		}
	default:
		if v.Outcome = OK; a.slow() && st == fine {
			v.Outcome = Slow
		}
		a.item = a.slowest(a.main)
		if v.Outcome == Slow {
			a.timeCause(CauseSlow)
		}
	}
	a.spareRest()
	slices.SortFunc(a.spared, func(x, y aside) int { return x.node - y.node })
	a.spared = slices.CompactFunc(a.spared, func(x, y aside) bool { return x.node == y.node })
	if v.Outcome == OK {
		a.afterwards()
	}
}

// fail is the verdict on a request that failed.
func (a *analysis) fail() {
	v := a.v
	v.Outcome = Error
	if a.giver < 0 {
		a.errorCause(a.chain[len(a.chain)-1])
		if c := a.code[a.main]; c == "504" || rpcWord(c) == "DEADLINE_EXCEEDED" {
			v.Outcome = Timeout
		}
		return
	}
	v.Outcome = Timeout
	g := a.giver
	// A lock or a pool that itself gave up has its own words.
	if d := a.detail(&item{nodes: []int{g}}); d == "lock" || d == "pool" {
		a.errorCause(g)
		if d == "lock" {
			a.v.Cause.Kind = CauseLock
		}
		a.item = &item{nodes: []int{g}, time: a.nodes[g].Duration, usual: -1, detail: d}
		return
	}
	a.item = a.slowest(g)
	if a.item == nil {
		a.item = &item{nodes: []int{g}, time: a.nodes[g].Duration, usual: -1}
		a.item.detail = a.detail(a.item)
	}
	a.timeCause(CauseTimeout)
}

// gone is the verdict on a request that its sender did not wait for.
func (a *analysis) gone() {
	a.chain = []int{a.main}
	a.spared = nil
	a.item = a.slowest(a.main)
	if a.slow() {
		a.v.Outcome = Slow
		a.timeCause(CauseSlow)
	}
}

// timeCause makes the item the cause.
func (a *analysis) timeCause(kind CauseKind) {
	if a.item == nil {
		return
	}
	i := a.item.nodes[0]
	for _, k := range a.item.nodes { // of several the longest is the one to open
		if a.nodes[k].Duration > a.nodes[i].Duration {
			i = k
		}
	}
	if a.item.detail == "lock" {
		kind = CauseLock
	}
	s := a.span(i)
	a.blame = &Cause{Service: s.Service, Span: s.SpanID, Operation: a.op[i], Kind: kind, Detail: a.item.detail, Time: a.item.time, Message: message(s), node: i}
	a.v.Cause = *a.blame
}

// errorCause makes the failure of a span the cause, with what it or its logs say.
func (a *analysis) errorCause(i int) {
	s := a.span(i)
	c := Cause{Service: s.Service, Span: s.SpanID, Operation: a.op[i], Kind: CauseError, Message: message(s), Frame: frameOf(s.Exception.Stack, s.Error.Frame), node: i}
	client := s.Kind == telemetry.KindClient || s.Kind == telemetry.KindProducer
	switch said := a.words[i]; {
	case lockWords.MatchString(said):
		c.Kind, c.Detail = CauseLock, "lock"
	case poolWords.MatchString(said):
		c.Detail = "pool"
	case client && a.server[i] >= 0 && a.state[a.server[i]] == refused:
		c.Detail = "rejected"
	case client && !database(s):
		c.Detail = "call"
	case database(s):
		c.Detail = "statement"
	case c.Message != "":
		c.Detail = "exception"
	default:
		c.Detail = "unknown"
	}
	a.logged = a.tellingLog(i, c)
	if a.logged >= 0 {
		l := &a.f.Logs[a.logged]
		if c.Frame == "" {
			c.Frame = frameOf(l.Exception.Stack, l.Error.Frame)
		}
		if c.Message == "" {
			c.Message, c.Detail = logMessage(l), "log"
			// A deeper span, or another service's, may be the one that knows.
			if at, ok := a.at[l.SpanID]; ok && at > i && at < i+a.nodes[i].Size {
				t := a.span(at)
				c.node, c.Service, c.Span, c.Operation = at, t.Service, t.SpanID, a.op[at]
			}
		}
	}
	a.blame, a.v.Cause = &c, c
}

// afterwards makes what failed when the answer was given already the cause, if anything did.
func (a *analysis) afterwards() {
	for _, s := range a.spared {
		if s.why != "later" {
			continue
		}
		chain := a.chain
		a.chain = nil
		a.walk(s.node)
		own := a.chain
		a.chain = chain
		a.giver = -1
		i := own[len(own)-1]
		a.errorCause(i)
		a.blame.Detail, a.v.Cause.Detail = "later", "later"
		return
	}
}
