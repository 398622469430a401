package improve

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
)

var noon = monday.Add(12 * time.Hour)

func worth(waiting float64) Facts {
	return Facts{Waiting: Range{waiting * 0.8, waiting, waiting * 1.2}, Requests: Range{80, 100, 120}, Score: waiting}
}

func act(v Verb) Action {
	a := Action{Verb: v, At: noon, By: "aoki", Line: "今は決算対応を優先", Release: "v2", Outcome: NoEffect, Facts: worth(5)}
	return a
}

// Every verb at every stage: where it leads, or "-" where it is refused.
func TestAllTransitions(t *testing.T) {
	// accept hand_back defer dismiss close ship judge see miss
	table := map[Stage]string{
		Proposed:  "accepted - deferred dismissed - - - proposed gone",
		Deferred:  "accepted - - dismissed - - - deferred gone",
		Accepted:  "- proposed - dismissed - shipped - accepted accepted",
		Shipped:   "- - - - shipped - no_effect shipped shipped",
		Proven:    "- - - - proven - - proven proven",
		NoEffect:  "accepted - deferred dismissed no_effect - - no_effect no_effect",
		Regressed: "accepted - deferred dismissed regressed - - regressed regressed",
		Dismissed: "accepted - - - - - - dismissed dismissed",
		Gone:      "- - - - - - - proposed gone",
	}
	if len(table) != len(Stages) {
		t.Fatal("a stage is missing")
	}
	for _, from := range Stages {
		for i, want := range strings.Fields(table[from]) {
			v := Verbs[i]
			p := Proposal{ID: "1", Stage: from, Facts: worth(5), Decided: worth(5), Until: noon.Add(time.Hour), History: []Event{{Verb: See}}}
			before := fmt.Sprint(p)
			got, err := p.Act(act(v))
			if fmt.Sprint(p) != before || p.History[0].Verb != See {
				t.Errorf("%s %s: it changed the one it was given", from, v)
			}
			if want == "-" {
				var f *fault.Error
				if !errors.As(err, &f) || f.Text.Ja == "" || got.Stage != from || len(got.History) != 1 {
					t.Errorf("%s %s: %s %v", from, v, got.Stage, err)
				}
				continue
			}
			if err != nil || got.Stage != Stage(want) {
				t.Errorf("%s %s: %s %v, not %s", from, v, got.Stage, err, want)
			}
			steps := 1
			if got.Stage != from || v == Close {
				steps = 2
				if e := got.History[len(got.History)-1]; e.From != from || e.To != got.Stage || e.By != "aoki" || e.Verb != v || !e.At.Equal(noon) {
					t.Errorf("%s %s: %+v", from, v, e)
				}
			}
			if len(got.History) != steps {
				t.Errorf("%s %s: %d steps", from, v, len(got.History))
			}
		}
	}
}

func do(t *testing.T, p Proposal, actions ...Action) Proposal {
	t.Helper()
	for _, a := range actions {
		var err error
		if p, err = p.Act(a); err != nil {
			t.Fatalf("%s: %v", a.Verb, err)
		}
	}
	return p
}

func TestFromProposalToProof(t *testing.T) {
	p := do(t, Proposal{Stage: Proposed}, Action{Verb: Accept, At: noon, By: "aoki", Owner: "ito", Issue: "https://github.com/acme/shop/issues/7"},
		Action{Verb: Ship, At: noon, Release: "2026.11.3"}, Action{Verb: Judge, At: noon, Outcome: Proven, Line: "p95 2.4秒 → 0.9秒"})
	if p.Owner != "ito" || p.Release != "2026.11.3" || !strings.HasSuffix(p.Issue, "/7") || p.Done() || len(p.History) != 3 {
		t.Errorf("%+v", p)
	}
	p = do(t, p, Action{Verb: Close, At: noon, By: "ito", Line: "prefetch_relatedを追加"})
	if !p.Done() || p.Note == "" {
		t.Errorf("%+v", p)
	}
	// It comes back: somebody has to look again, and to write anew what was done.
	p = do(t, p, Action{Verb: Judge, At: noon, Outcome: Regressed}, Action{Verb: Accept, At: noon, By: "mori"})
	if p.Owner != "mori" || p.Note != "" || p.Release != "" || p.Done() {
		t.Errorf("%+v", p)
	}
	if _, err := (Proposal{Stage: Proven}).Act(Action{Verb: Judge, Outcome: NoEffect}); err == nil {
		t.Error("what was proven is without effect")
	}
	if _, err := (Proposal{Stage: Shipped}).Act(Action{Verb: Judge, Outcome: Dismissed}); err == nil {
		t.Error("a judgement dismisses")
	}
}

func TestTheThirdDeferralAsksForADecision(t *testing.T) {
	p := Proposal{Stage: Proposed}
	at := noon
	for i := range 2 {
		p = do(t, p, Action{Verb: Defer, At: at, By: "aoki", Line: "後で"})
		if p.Deferrals != i+1 || !p.Until.Equal(at.Add(4*7*24*time.Hour)) {
			t.Fatalf("%+v", p)
		}
		// It comes again when its time is over, not before.
		if early := do(t, p, Action{Verb: See, At: p.Until.Add(-time.Second)}); early.Stage != Deferred {
			t.Errorf("offered before its time: %s", early.Stage)
		}
		at = p.Until
		if p = do(t, p, Action{Verb: See, At: at}); p.Stage != Proposed {
			t.Errorf("not offered again: %s", p.Stage)
		}
	}
	_, err := p.Act(Action{Verb: Defer, At: at, By: "aoki", Line: "後で"})
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Conflict || f.Text.Ja != "すでに2回先送りしています。着手するか、理由を書いて見送るかを決めてください。" {
		t.Errorf("%v", err)
	}
	do(t, p, Action{Verb: Dismiss, At: at, By: "aoki", Line: "来期に画面ごと作り直す"})
	do(t, p, Action{Verb: Accept, At: at, By: "aoki"})
}

func TestWhatIsLeftOutIsAskedFor(t *testing.T) {
	for field, c := range map[string]struct {
		from Stage
		a    Action
	}{
		"owner":   {Proposed, Action{Verb: Accept}},
		"line":    {Proposed, Action{Verb: Dismiss, By: "a", Line: "  "}},
		"release": {Accepted, Action{Verb: Ship}},
		"until":   {Proposed, Action{Verb: Defer, Line: "x", At: noon, Until: noon.AddDate(1, 0, 0)}},
		"outcome": {Shipped, Action{Verb: Judge}},
	} {
		_, err := (Proposal{Stage: c.from}).Act(c.a)
		var f *fault.Error
		if !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, a := range []Action{{Verb: Defer, At: noon}, {Verb: Close}, {Verb: Dismiss, Line: strings.Repeat("あ", 200)}} {
		from := Proposed
		if a.Verb == Close {
			from = Proven
		}
		var f *fault.Error
		if _, err := (Proposal{Stage: from}).Act(a); !errors.As(err, &f) || f.Field != "line" {
			t.Errorf("%s: %v", a.Verb, err)
		}
	}
}

func TestADismissalHoldsUntilTheFactsChange(t *testing.T) {
	p := do(t, Proposal{Stage: Proposed, Facts: worth(5)}, act(Dismiss))
	if p.Reason != "今は決算対応を優先" || p.Decided != worth(5) {
		t.Fatalf("%+v", p)
	}
	wide := Facts{Waiting: Range{1, 20, 90}}
	requests := func(n float64) Facts { return Facts{Requests: Range{n * 0.9, n, n * 1.1}} }
	for name, c := range map[string]struct {
		then, now Facts
		again     bool
	}{
		"the same":                        {worth(5), worth(5), false},
		"less":                            {worth(5), worth(1), false},
		"nearly twice":                    {worth(5), worth(9.9), false},
		"twice":                           {worth(5), worth(10), true},
		"more, perhaps":                   {worth(5), wide, false},
		"hours where there were none":     {requests(100), worth(1), true},
		"twice the requests, hours known": {worth(5), Facts{Waiting: worth(5).Waiting, Requests: Range{900, 1000, 1100}}, false},
		"twice the requests, no hours":    {requests(100), requests(200), true},
		"one and a half times":            {requests(100), requests(150), false},
		"nothing is found":                {worth(5), Facts{}, false},
	} {
		p := do(t, Proposal{Stage: Proposed, Facts: c.then}, act(Dismiss), Action{Verb: See, At: noon, Facts: c.now})
		if (p.Stage == Proposed) != c.again || p.Facts != c.now || p.Reason == "" {
			t.Errorf("%s: %s", name, p.Stage)
		}
	}
}

func TestAtMostThreeAreOpen(t *testing.T) {
	of := func(id string, s Stage, score float64, day int) Proposal {
		return Proposal{ID: id, Stage: s, Facts: Facts{Score: score}, Created: monday.AddDate(0, 0, day)}
	}
	all := []Proposal{
		of("a", Proposed, 3, 0), of("b", Proposed, 9, 1), of("idea2", Proposed, 0, 5), of("idea1", Proposed, 0, 2), of("c", Accepted, 1, 0),
		of("d", Shipped, 50, 0), of("e", Dismissed, 50, 0), of("f", Deferred, 50, 0), of("g", Gone, 50, 0), of("h", Proven, 50, 0),
	}
	ids := func(list []Proposal) (s string) {
		for _, p := range list {
			s += p.ID + " "
		}
		return strings.TrimSpace(s)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for most, want := range map[int][2]string{3: {"c b a", "idea1 idea2"}, 1: {"c", "b a idea1 idea2"}, 0: {"c", "b a idea1 idea2"}, 9: {"c b a idea1 idea2", ""}} {
			q := QueueOf(all, most)
			if got := [2]string{ids(q.Open), ids(q.Waiting)}; !reflect.DeepEqual(got, want) {
				t.Errorf("at most %d: %q, not %q", most, got, want)
			}
		}
	}
}
