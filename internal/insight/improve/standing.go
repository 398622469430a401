package improve

import (
	"cmp"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Week is how an endpoint did for seven days.
type Week struct {
	From     time.Time
	Requests uint64
	P95      time.Duration
}

const (
	// heldFor is how many weeks in a row make an endpoint ready for a service level.
	heldFor = 4
	// enoughRequests are so many that a week's 95th percentile means something: five of
	// them lie above it.
	enoughRequests = 100
	week           = 7 * 24 * time.Hour
)

// inOrder are the weeks that have enough requests, the newest first.
func inOrder(weeks []Week) []Week {
	var out []Week
	for _, w := range weeks {
		if w.Requests >= enoughRequests {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Week) int { return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.P95, b.P95)) })
	return out
}

// usualLimit is what an endpoint may take that is held to its own usual: the median of the
// weeks before the newest, four at most, and a quarter more. 0 where there are not two.
func usualLimit(weeks []Week) time.Duration {
	w := inOrder(weeks)
	if len(w) < 3 {
		return 0
	}
	w = w[1:min(len(w), 1+heldFor)]
	slices.SortFunc(w, func(a, b Week) int { return cmp.Compare(a.P95, b.P95) })
	return time.Duration(overUsual * float64(w[(len(w)-1)/2].P95))
}

// State is how an endpoint stands to its level.
type State string

// The states.
const (
	Unknown State = "unknown" // too few requests, or a usual that is not known yet
	Over    State = "over"
	Within  State = "within"
	Ready   State = "ready" // held for four weeks: a service level can hold it from here on
)

// Standing is how an endpoint stands to its level.
type Standing struct {
	Level
	State State
	Now   time.Duration // p95 of the newest week
	// Held is for how many weeks in a row, up to the newest, it held its level; a week with
	// few requests ends the row, because nobody knows.
	Held int
}

// Stand judges an endpoint by its weeks, of which the newest is the one that counts now.
func Stand(l Level, weeks []Week) Standing {
	s := Standing{Level: l, State: Unknown}
	known := inOrder(weeks)
	if len(known) == 0 || l.Limit <= 0 {
		return s
	}
	newest := slices.MaxFunc(weeks, func(a, b Week) int { return a.From.Compare(b.From) })
	if newest.Requests < enoughRequests {
		return s
	}
	s.Now = known[0].P95
	if s.Now > l.Limit {
		s.State = Over
		return s
	}
	s.State = Within
	for i, w := range known {
		if w.P95 > l.Limit || i > 0 && !w.From.Add(week).Equal(known[i-1].From) {
			break
		}
		s.Held++
	}
	// What goes by its own usual holds that by itself, and has no level to promise.
	if s.Held >= heldFor && !l.OwnUsual {
		s.State = Ready
	}
	return s
}

// Excess is how far over its level it is, 0 where it is not.
func (s Standing) Excess() time.Duration {
	if s.State != Over {
		return 0
	}
	return s.Now - s.Limit
}

// Goal is the way to go: "2.4 s → ≤ 1 s".
func (s Standing) Goal() i18n.Text {
	return i18n.F("%s → ≤ %s", "%s → %s以下", span(s.Now), span(s.Limit))
}

// Say is a line about it.
func (s Standing) Say() i18n.Text {
	switch s.State {
	case Over:
		return i18n.F("p95 is over its level: %s", "p95が基準値を超えています（%s）", s.Goal())
	case Within:
		return i18n.F("p95 of %s is within its level of %s (for %s)", "p95は%sで、基準値%s以内です（%s継続）", span(s.Now), span(s.Limit), weeksText(s.Held))
	case Ready:
		return i18n.F("p95 has held its level of %s for %s: a service level can hold it from here on.", "p95が基準値%sを%s続けて満たしています。SLOとして維持する段階です。", span(s.Limit), weeksText(s.Held))
	}
	if s.OwnUsual && s.Limit == 0 {
		return i18n.T("Its usual is not known yet: three weeks of 100 requests or more are needed.", "通常値がまだ分かりません（100件以上の週が3週分必要です）。")
	}
	return i18n.F("Too few requests to judge: a week needs %d.", "リクエストが少なく、判定できません（1週間に%d件以上必要です）。", enoughRequests)
}

func weeksText(n int) i18n.Text {
	if n == 1 {
		return i18n.T("1 week", "1週間")
	}
	return i18n.F("%d weeks", "%d週間", n)
}

// Progress is how far a set of endpoints has come.
type Progress struct{ Endpoints, Over, Within, Ready, Unknown int }

// ProgressOf counts endpoints.
func ProgressOf(all []Standing) (p Progress) {
	for _, s := range all {
		p.Endpoints++
		switch s.State {
		case Over:
			p.Over++
		case Within:
			p.Within++
		case Ready:
			p.Within++
			p.Ready++
		default:
			p.Unknown++
		}
	}
	return p
}

// Say is a line about it.
func (p Progress) Say() i18n.Text {
	var t i18n.Text
	switch {
	case p.Endpoints == 0:
		return i18n.T("There are no endpoints yet.", "エンドポイントはまだありません。")
	case p.Over == 0 && p.Unknown == p.Endpoints:
		return i18n.F("None of %d endpoints has requests enough to judge.", "%d個のエンドポイントすべてで、判定に足りるリクエストがありません。", p.Endpoints)
	case p.Over == 0:
		t = i18n.F("No endpoint is over its level (%d of %d judged).", "基準値を超えているエンドポイントはありません（%[2]d個中%[1]d個を判定）。", p.Endpoints-p.Unknown, p.Endpoints)
	default:
		t = i18n.F("%d of %d endpoints left", "残り %[1]d / %[2]d エンドポイント", p.Over, p.Endpoints)
		if p.Unknown > 0 {
			t = i18n.F("%s (%d without requests enough to judge)", "%s（ほかに%d個はリクエストが少なく判定できません）", t, p.Unknown)
		}
	}
	return t
}
