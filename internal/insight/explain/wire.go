package explain

import (
	"strconv"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// VerdictView is a verdict in the API, and of "yagura explain --json".
type VerdictView struct {
	TraceID    string            `json:"trace_id"`
	Time       time.Time         `json:"time" doc:"When the request began, corrected for clocks."`
	DurationNS int64             `json:"duration_ns"`
	Service    string            `json:"service" doc:"Whose request it was about: the main span's."`
	Env        string            `json:"env"`
	Endpoint   string            `json:"endpoint"`
	Outcome    string            `json:"outcome" enum:"ok,error,slow,timeout" doc:"How it ended for whoever sent it. A refusal for a mistake of theirs (4xx) is ok."`
	Summary    string            `json:"summary" doc:"What happened to whom, and why, in one sentence."`
	Cause      VerdictCause      `json:"cause"`
	Sentences  []VerdictSentence `json:"sentences" doc:"The summary first."`
	Unusual    []VerdictUnusual  `json:"unusual" doc:"What is not as it usually is."`
	Similar    *VerdictSimilar   `json:"similar,omitempty" doc:"Whether it is alone; absent where that is not known."`
	Next       []VerdictStep     `json:"next" doc:"What to do next."`
	Unread     []string          `json:"unread" doc:"What could not be read in time."`
}

// VerdictCause is where it began.
type VerdictCause struct {
	Service   string `json:"service"`
	SpanID    string `json:"span_id"`
	Operation string `json:"operation"`
	Kind      string `json:"kind" enum:"error,slow,timeout,lock,none"`
	Detail    string `json:"detail,omitempty" doc:"Finer than kind: exception, call, rejected, statement, log, lock, pool, tries, repeated, group, sequential, outside, network, own, work, gc ..."`
	Message   string `json:"message" doc:"In the words of the span or the log."`
	Frame     string `json:"frame,omitempty" doc:"The topmost stack frame of the service's own code."`
	TimeNS    int64  `json:"time_ns,omitempty" doc:"How long was spent there, of a cause that is a time."`
}

// VerdictEvidence is what a sentence rests on.
type VerdictEvidence struct {
	Type string `json:"type" enum:"span,log"`
	ID   string `json:"id" doc:"The span's ID of 16 hex digits, or the log's."`
}

// VerdictSentence is a statement and what it rests on.
type VerdictSentence struct {
	Topic    string            `json:"topic" enum:"summary,cause,path,aside,usual,differs,similar,changed,unknown"`
	Text     string            `json:"text"`
	Evidence []VerdictEvidence `json:"evidence"`
	Link     string            `json:"link,omitempty" doc:"Path of a page with the figures behind it."`
}

// VerdictUnusual is something that is not as it usually is.
type VerdictUnusual struct {
	Kind       string            `json:"kind" enum:"duration,errors,attribute"`
	Text       string            `json:"text"`
	Key        string            `json:"key,omitempty"`
	Value      string            `json:"value,omitempty"`
	MeasuredNS int64             `json:"measured_ns,omitempty"`
	UsualNS    int64             `json:"usual_ns,omitempty" doc:"The median before."`
	Factor     float64           `json:"factor,omitempty"`
	Evidence   []VerdictEvidence `json:"evidence"`
}

// VerdictSimilar is whether the request is alone.
type VerdictSimilar struct {
	Kind       string    `json:"kind" enum:"failed,same_error,slow"`
	Service    string    `json:"service"`
	Endpoint   string    `json:"endpoint"`
	Count      uint64    `json:"count" doc:"This one included."`
	Requests   uint64    `json:"requests"`
	Users      uint64    `json:"users" doc:"0 where none is named."`
	Versions   []Version `json:"versions"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Filter     string    `json:"filter" doc:"Selects their spans."`
	ErrorGroup string    `json:"error_group,omitempty"`
	ThanNS     int64     `json:"than_ns,omitempty"`
	Link       string    `json:"link"`
}

// Version is how many of them a version has.
type Version struct {
	Version string `json:"version"`
	Count   uint64 `json:"count"`
}

// VerdictStep is what to do next.
type VerdictStep struct {
	Kind string `json:"kind" enum:"runbook,error_group,statement,trace,owner,search,release,endpoint"`
	Text string `json:"text"`
	Link string `json:"link"`
}

// View writes a verdict in a language.
func View(v verdict.Verdict, lang i18n.Lang) VerdictView {
	w := VerdictView{
		TraceID: v.TraceID.String(), Time: telemetry.UTC(v.Start), DurationNS: v.Duration,
		Service: v.Service, Env: v.Env, Endpoint: v.Endpoint,
		Outcome: string(v.Outcome), Summary: v.Summary.In(lang),
		Cause: VerdictCause{
			Service: v.Cause.Service, SpanID: v.Cause.Span.String(), Operation: v.Cause.Operation, Kind: string(v.Cause.Kind),
			Detail: v.Cause.Detail, Message: v.Cause.Message, Frame: v.Cause.Frame, TimeNS: v.Cause.Time,
		},
		Sentences: make([]VerdictSentence, len(v.Sentences)), Unusual: make([]VerdictUnusual, len(v.Unusual)),
		Next: make([]VerdictStep, len(v.Steps)), Unread: make([]string, len(v.Unread)),
	}
	for i, s := range v.Sentences {
		w.Sentences[i] = VerdictSentence{string(s.Topic), s.Text.In(lang), evidence(s.Evidence), s.Link}
	}
	for i, u := range v.Unusual {
		w.Unusual[i] = VerdictUnusual{u.Kind, u.Text.In(lang), u.Key, u.Value, u.Measured, u.Usual, u.Factor, evidence(u.Evidence)}
	}
	for i, s := range v.Steps {
		w.Next[i] = VerdictStep{s.Kind, s.Text.In(lang), s.Link}
	}
	for i, u := range v.Unread {
		w.Unread[i] = u.In(lang)
	}
	if m := v.Similar; m != nil {
		kind := "failed"
		switch {
		case m.Slow:
			kind = "slow"
		case m.Group != 0:
			kind = "same_error"
		}
		w.Similar = &VerdictSimilar{
			Kind: kind, Service: m.Service, Endpoint: m.Endpoint, Count: m.Count, Requests: m.Requests, Users: m.Users, Versions: make([]Version, len(m.Versions)),
			From: m.Range.From.UTC(), To: m.Range.To.UTC(), Filter: m.Filter, ErrorGroup: m.Group.String(), ThanNS: m.Than, Link: m.Link(),
		}
		for i, t := range m.Versions {
			w.Similar.Versions[i] = Version{t.Value, t.Count}
		}
	}
	return w
}

func evidence(all []verdict.Evidence) []VerdictEvidence {
	out := make([]VerdictEvidence, len(all))
	for i, e := range all {
		if e.Log {
			out[i] = VerdictEvidence{"log", strconv.FormatUint(e.ID, 10)}
		} else {
			out[i] = VerdictEvidence{"span", e.Span.String()}
		}
	}
	return out
}
