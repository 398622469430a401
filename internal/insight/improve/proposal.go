package improve

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Stage is how far a proposal has come.
type Stage string

// The stages. A proposal that is offered or deferred is nobody's task; one that is accepted
// has an owner.
const (
	Proposed  Stage = "proposed"
	Deferred  Stage = "deferred" // offered again later
	Accepted  Stage = "accepted"
	Shipped   Stage = "shipped" // a release with it was seen; the proof waits for data
	Proven    Stage = "proven"
	NoEffect  Stage = "no_effect"
	Regressed Stage = "regressed" // it was better, or meant to be, and is worse
	Dismissed Stage = "dismissed"
	Gone      Stage = "gone" // requests no longer show it, though nobody took it up
)

// Stages are all of them.
var Stages = [...]Stage{Proposed, Deferred, Accepted, Shipped, Proven, NoEffect, Regressed, Dismissed, Gone}

// Verb is what is done to a proposal.
type Verb string

// The verbs. People accept, hand back, defer, dismiss and write notes; the others are
// Yagura's own, when it sees a release, has judged one, or has run again.
const (
	Accept   Verb = "accept"
	HandBack Verb = "hand_back"
	Defer    Verb = "defer"
	Dismiss  Verb = "dismiss"
	Close    Verb = "close" // write down what was done
	Ship     Verb = "ship"
	Judge    Verb = "judge"
	See      Verb = "see"  // a run found it
	Miss     Verb = "miss" // a run looked and did not find it
)

// Verbs are all of them.
var Verbs = [...]Verb{Accept, HandBack, Defer, Dismiss, Close, Ship, Judge, See, Miss}

// Action is something done to a proposal. Which fields count depends on the verb.
type Action struct {
	Verb Verb
	At   time.Time
	By   string // who; "" is Yagura itself
	// Line is why: of a deferral, a dismissal, a judgement, and what was done of a close.
	Line    string
	Owner   string // of an acceptance; "" is By
	Issue   string // a link, of an acceptance
	Until   time.Time
	Release string // of Ship
	Outcome Stage  // of Judge: Proven, NoEffect or Regressed
	Facts   Facts  // of See
}

// Facts are what a proposal stands on, as the newest run has them.
type Facts struct {
	Waiting, Working Range // hours a month
	Requests         Range // a week
	Score            float64
}

// Proposal is something to improve: a cause that was found, or somebody's idea.
type Proposal struct {
	ID           string
	Team         string
	Service, Env string
	Key          string // of the cause; "" of an idea
	Title        i18n.Text
	Created      time.Time
	Facts        Facts

	Stage     Stage
	Owner     string
	Issue     string
	Release   string
	Deferrals int
	Until     time.Time // of a deferral
	// Reason of a dismissal, and the facts it was made on.
	Reason  string
	Decided Facts
	// Note is what was done: part of closing.
	Note    string
	History []Event
}

// Event is a step that was taken.
type Event struct {
	At       time.Time
	By       string
	Verb     Verb
	From, To Stage
	Line     string
}

const (
	// mostDeferrals may be made; then somebody has to decide.
	mostDeferrals = 2
	// deferFor is how long a deferral lasts that names no day, and mostDefer how long one may.
	deferFor  = 4 * week
	mostDefer = 26 * week
	maxLine   = 500
	// moreThen is how many times more a dismissed proposal has to be worth.
	moreThen = 2
)

// may says from where each verb leads where; Judge leads to its outcome, and Defer to its
// third asks for a decision.
var may = map[Verb]map[Stage]Stage{
	Accept:   {Proposed: Accepted, Deferred: Accepted, NoEffect: Accepted, Regressed: Accepted, Dismissed: Accepted},
	HandBack: {Accepted: Proposed},
	Defer:    {Proposed: Deferred, NoEffect: Deferred, Regressed: Deferred},
	Dismiss:  {Proposed: Dismissed, Deferred: Dismissed, Accepted: Dismissed, NoEffect: Dismissed, Regressed: Dismissed},
	Close:    {Shipped: Shipped, Proven: Proven, NoEffect: NoEffect, Regressed: Regressed},
	Ship:     {Accepted: Shipped},
	Judge:    {Shipped: Shipped, Proven: Proven},
	See: {Proposed: Proposed, Deferred: Deferred, Accepted: Accepted, Shipped: Shipped, Proven: Proven, NoEffect: NoEffect, Regressed: Regressed,
		Dismissed: Dismissed, Gone: Proposed},
	Miss: {Proposed: Gone, Deferred: Gone, Accepted: Accepted, Shipped: Shipped, Proven: Proven, NoEffect: NoEffect, Regressed: Regressed, Dismissed: Dismissed, Gone: Gone},
}

// Act does something to a proposal, or says why it cannot be done. The proposal that it was
// given stays as it was.
func (p Proposal) Act(a Action) (Proposal, error) {
	to, ok := may[a.Verb][p.Stage]
	if !ok {
		return p, fault.New(fault.Conflict, i18n.F("A proposal that is %s cannot be %s.", "「%s」の改善提案に「%s」の操作はできません。", p.Stage.Text(), a.Verb.text()))
	}
	a.Line = strings.TrimSpace(a.Line)
	if len(a.Line) > maxLine {
		return p, fault.Field("line", i18n.F("The line is longer than %d bytes.", "文が長すぎます（%dバイトまで）。", maxLine))
	}
	from := p.Stage
	p.History = slices.Clone(p.History)
	switch a.Verb {
	case Accept:
		p.Owner = cmp.Or(a.Owner, a.By)
		if p.Owner == "" {
			return p, fault.Field("owner", i18n.T("An accepted proposal has an owner.", "着手する改善提案には担当者が必要です。"))
		}
		p.Issue, p.Release, p.Until, p.Reason, p.Note = cmp.Or(a.Issue, p.Issue), "", time.Time{}, "", ""
	case HandBack:
		p.Owner = ""
	case Defer:
		switch {
		case p.Deferrals >= mostDeferrals:
			return p, fault.New(fault.Conflict, i18n.F("It was deferred %d times. Accept it, or dismiss it with a reason.", "すでに%d回先送りしています。着手するか、理由を書いて見送るかを決めてください。", p.Deferrals))
		case a.Line == "":
			return p, fault.Field("line", i18n.T("Say in a line why it has to wait.", "先送りする理由を1行で書いてください。"))
		}
		p.Until = a.Until
		if p.Until.IsZero() {
			p.Until = a.At.Add(deferFor)
		}
		if !p.Until.After(a.At) || p.Until.After(a.At.Add(mostDefer)) {
			return p, fault.Field("until", i18n.T("A deferral ends within the next 26 weeks.", "先送りの期限は、今後26週間以内で指定してください。"))
		}
		p.Deferrals++
	case Dismiss:
		if a.Line == "" {
			return p, fault.Field("line", i18n.T("Say why: the reason is remembered, and it is not proposed again unless the facts change.", "見送る理由を書いてください。理由は記録され、状況が大きく変わらない限り再提案しません。"))
		}
		p.Reason, p.Decided, p.Owner, p.Until = a.Line, p.Facts, "", time.Time{}
	case Close:
		if a.Line == "" {
			return p, fault.Field("line", i18n.T("Write down what was done.", "実施した内容を書いてください。"))
		}
		p.Note = a.Line
	case Ship:
		if a.Release == "" {
			return p, fault.Field("release", i18n.T("Name the release that carries it.", "修正を含むリリースを指定してください。"))
		}
		p.Release = a.Release
	case Judge:
		to = a.Outcome
		if from == Proven && to != Regressed || to != Proven && to != NoEffect && to != Regressed {
			return p, fault.Field("outcome", i18n.T("A shipped proposal is proven, without effect, or regressed; a proven one can only regress.", "リリース済みの提案は「効果あり」「効果なし」「悪化」のいずれか、効果ありの提案は「悪化」にのみ変更できます。"))
		}
	case See:
		p.Facts = a.Facts
		switch {
		case from == Deferred && !a.At.Before(p.Until), from == Dismissed && a.Facts.changed(p.Decided):
			to, p.Until = Proposed, time.Time{}
		}
	}
	p.Stage = to
	if from != to || a.Verb == Close {
		p.History = append(p.History, Event{At: a.At, By: a.By, Verb: a.Verb, From: from, To: to, Line: a.Line})
	}
	return p, nil
}

// changed says whether facts differ so much from those that a decision was made on that it
// is worth asking again: at least twice as much is to be had, of hours or, where none are
// known, of requests, and not by the chance of sampling alone.
func (f Facts) changed(then Facts) bool {
	more := func(now, old Range) bool { return now.Mid > 0 && now.Mid >= moreThen*old.Mid && now.Low > old.High }
	if then.Waiting.Mid+then.Working.Mid+f.Waiting.Mid+f.Working.Mid > 0 {
		return more(f.Waiting, then.Waiting) || more(f.Working, then.Working)
	}
	return more(f.Requests, then.Requests)
}

// Done says that nothing is left to do: it is proven, and what was done is written down; or
// it was dismissed or is gone.
func (p Proposal) Done() bool {
	return p.Stage == Proven && p.Note != "" || p.Stage == Dismissed || p.Stage == Gone
}

// DefaultOpen is how many proposals a team has open at most, where it sets nothing else.
const DefaultOpen = 3

// Queue is a team's proposals: those that are open, and those that wait in order for one of
// them to be decided or done.
type Queue struct{ Open, Waiting []Proposal }

// QueueOf lays out proposals of one team. What is accepted is open, and what needs a
// decision again; of those offered, so many as fit beside them, those worth most first,
// then ideas, the oldest first. Shipped ones wait for data, not for the team.
func QueueOf(all []Proposal, most int) (q Queue) {
	var offered []Proposal
	for _, p := range all {
		switch p.Stage {
		case Accepted, NoEffect, Regressed:
			q.Open = append(q.Open, p)
		case Proposed:
			offered = append(offered, p)
		}
	}
	order := func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(b.Facts.Score, a.Facts.Score), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(q.Open, order)
	slices.SortFunc(offered, order)
	fit := min(len(offered), max(0, most-len(q.Open)))
	q.Open, q.Waiting = append(q.Open, offered[:fit]...), offered[fit:]
	return q
}

// Text is a stage's name.
func (s Stage) Text() i18n.Text {
	switch s {
	case Proposed:
		return i18n.T("proposed", "提案中")
	case Deferred:
		return i18n.T("deferred", "先送り")
	case Accepted:
		return i18n.T("accepted", "着手")
	case Shipped:
		return i18n.T("shipped", "リリース済み")
	case Proven:
		return i18n.T("proven", "効果あり")
	case NoEffect:
		return i18n.T("without effect", "効果なし")
	case Regressed:
		return i18n.T("regressed", "悪化")
	case Dismissed:
		return i18n.T("dismissed", "見送り")
	case Gone:
		return i18n.T("gone", "解消")
	}
	return i18n.T(string(s), string(s))
}

func (v Verb) text() i18n.Text {
	switch v {
	case Accept:
		return i18n.T("accepted", "着手")
	case HandBack:
		return i18n.T("handed back", "担当の返上")
	case Defer:
		return i18n.T("deferred", "先送り")
	case Dismiss:
		return i18n.T("dismissed", "見送り")
	case Close:
		return i18n.T("closed", "実施内容の記録")
	case Ship:
		return i18n.T("shipped", "リリース")
	case Judge:
		return i18n.T("judged", "効果の判定")
	case See:
		return i18n.T("found again", "再検出")
	case Miss:
		return i18n.T("found gone", "解消の確認")
	}
	return i18n.T("changed: "+string(v), string(v))
}
