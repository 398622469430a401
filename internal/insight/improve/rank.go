package improve

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Importance of functions, for who sets none and as a scale for who does.
const (
	DefaultImportance = 0.6
	// unattendedShare is what an hour of a worker's time counts beside one that a person
	// waits.
	unattendedShare = 0.1
	// enoughTold requests have to name users before how many there are says anything; so
	// many different ones are many.
	enoughTold, manyUsers, manyCompanies = 5, 10, 3
)

// effort to mend what a detector finds, in days, by default.
var effort = map[string]float64{
	"n_plus_one_query": 1, "repeated_query_group": 2, "n_plus_one_http": 3, "n_plus_one_rpc": 3, "n_plus_one_cache": 1,
	"chatty_rpc": 5, "sequential_calls": 2, "slow_query": 2, "missing_index": 1, "lock_wait": 3, "pool_wait": 1,
	"missing_cache": 2, "duplicate_work": 1, "large_payload": 2, "unbounded_result": 2, "retry_storm": 2, "timeout_order": 1,
	"transaction_across_call": 3, "third_party_in_path": 5, "cold_start": 3, "cpu_starvation": 2, "uninstrumented_gap": 1,
	"main_thread_io": 2, "render_blocking_asset": 1, "uncompressed_asset": 0.5, "http1_queueing": 1,
}

// Effort is how many days mending what a detector finds takes, by default.
func Effort(detector string) float64 {
	if e, ok := effort[detector]; ok {
		return e
	}
	return 2
}

// Rank is a cause's place, and what it comes from.
type Rank struct {
	Place, Of int
	Score     float64
	// Importance is the mean over the endpoints by what is spared at each; Reach is from
	// one half, where all come from one user or company, to 1; Effort is in days.
	Importance, Confidence, Reach, Effort float64
	Why                                   i18n.Text
}

// weights are what turns what a cause spares into its score.
type weights struct{ confidence, reach, effort float64 }

func (st *study) weigh(c *cause) (w weights) {
	for _, f := range c.findings {
		w.confidence += f.Confidence.Score
	}
	w.confidence /= float64(len(c.findings))
	w.effort = Effort(c.findings[0].Detector)
	if st.o.Effort != nil {
		if e := st.o.Effort(c.findings[0].Detector); e > 0 {
			w.effort = e
		}
	}
	users, companies := map[string]bool{}, map[string]bool{}
	toldUser, toldCompany := 0, 0
	for _, s := range c.in {
		u, company := named(s, st.o.Company)
		if u != "" {
			users[u] = true
			toldUser++
		}
		if company != "" {
			companies[company] = true
			toldCompany++
		}
	}
	w.reach = min(reach(len(users), toldUser, manyUsers), reach(len(companies), toldCompany, manyCompanies))
	return w
}

// reach is one half for one, 1 for many, and 1 where too few tell.
func reach(different, told, many int) float64 {
	if told < enoughTold {
		return 1
	}
	return 0.5 + 0.5*min(1, float64(different-1)/float64(many-1))
}

// importance of the endpoint that a sample is of.
func (st *study) importance(s *sample) float64 {
	if st.o.Importance == nil {
		return DefaultImportance
	}
	return max(0, min(st.o.Importance(st.strata[s.stratum].Endpoint), 1))
}

// worth is what a saving at a sample counts, in hours of a month.
func (st *study) worth(s *sample, wait int64) float64 {
	v := s.weight * float64(wait) * toHours
	if s.waits == unattended {
		v *= unattendedShare
	}
	return v * st.importance(s)
}

// order puts the causes in order: each time the one that is worth most on top of those
// before it, so that nothing counts twice.
func (st *study) order() []*cause {
	left := slices.Clone(st.causes)
	var out []*cause
	for len(left) > 0 {
		best, bestScore, bestAlone := -1, 0.0, 0.0
		for i, c := range left {
			score, alone := 0.0, 0.0
			for k, s := range c.in {
				h := c.at[k]
				if h.stale {
					h.next, _ = s.add(h.change)
					h.stale = false
				}
				score += st.worth(s, h.next.wait-s.saved.wait)
				alone += st.worth(s, h.alone.wait)
			}
			m := c.weigh.confidence * c.weigh.reach / c.weigh.effort
			score, alone = score*m, alone*m
			if best < 0 || cmp.Or(cmp.Compare(score, bestScore), cmp.Compare(alone, bestAlone)) > 0 {
				best, bestScore, bestAlone = i, score, alone
			}
		}
		c := left[best]
		c.score = bestScore
		for k, s := range c.in {
			had := s.saved
			s.saved, s.applied = s.add(c.at[k].change)
			c.at[k].gain = saving{s.saved.root - had.root, s.saved.wait - had.wait}
			for i := range s.has {
				s.has[i].stale = true
			}
		}
		out = append(out, c)
		left = slices.Delete(left, best, best+1)
	}
	return out
}

// rank explains a cause's place.
func (st *study) rank(c *cause, out *Cause, place, of int) Rank {
	w := c.weigh
	r := Rank{Place: place, Of: of, Score: c.score, Confidence: w.confidence, Reach: w.reach, Effort: w.effort}
	var worth, plain, sum, requests float64
	for k, s := range c.in {
		v := s.weight * float64(c.at[k].gain.wait) * toHours
		if s.waits == unattended {
			v *= unattendedShare
		}
		worth, plain = worth+v*st.importance(s), plain+v
		sum, requests = sum+s.weight*st.importance(s), requests+s.weight
	}
	switch {
	case plain > 0:
		r.Importance = worth / plain
	case requests > 0:
		r.Importance = sum / requests
	}
	r.Why = r.explain(out)
	return r
}

// explain says in words what a place comes from.
func (r Rank) explain(c *Cause) i18n.Text {
	text := i18n.F("Place %d of %d: ", "%[2]d件中%[1]d位：", r.Place, r.Of)
	add := func(t i18n.Text) { text = i18n.T(text.En+t.En, text.Ja+t.Ja) }
	factors := i18n.F("times importance %s and confidence %s, divided by %s of effort", "重要度%s × 確度%s ÷ 工数%s", fixed(r.Importance), fixed(r.Confidence), daysText(r.Effort))
	switch {
	case c.Waiting.Mid > 0 && c.Working.Mid > 0:
		add(i18n.F("%s of users' waiting a month, and %s of workers' time, which counts a tenth, %s.", "（利用者の待ち時間の短縮 月%s + ワーカーの処理時間の短縮 月%s × 0.1）× %s。",
			hoursText(c.Waiting.Mid), hoursText(c.Working.Mid), factors))
	case c.Waiting.Mid > 0:
		add(i18n.F("%s of users' waiting a month, %s.", "利用者の待ち時間の短縮 月%s × %s。", hoursText(c.Waiting.Mid), factors))
	case c.Working.Mid > 0:
		add(i18n.F("%s of workers' time a month, which counts a tenth of users' waiting, %s.", "ワーカーの処理時間の短縮 月%s（利用者の待ち時間の10分の1として計算）× %s。", hoursText(c.Working.Mid), factors))
	case c.Alone.Waiting+c.Alone.Working > 0:
		add(i18n.T("mending those above spares all that this one would.", "ここで短縮できる時間は、すべて上位の提案に含まれています。"))
	default:
		add(i18n.T("the traces do not show that anybody would wait less, so it stands behind those where they do.", "待ち時間の短縮効果をトレースから計算できないため、効果を計算できる提案の後に置いています。"))
	}
	if spared, alone := c.Waiting.Mid+c.Working.Mid, c.Alone.Waiting+c.Alone.Working; spared > 0 && spared < 0.95*alone {
		add(i18n.F(" Alone it would spare %s; the rest is counted with those above.", "単独で直した場合は月%sで、差は上位の提案に含まれています。", hoursText(alone)))
	}
	if r.Reach < 1 {
		who := i18n.F("the %d sampled requests that name a user name %d", "利用者が分かるリクエスト%d件は、すべて%d人からのもの", c.ToldUser, c.Users)
		if reach(c.Companies, c.ToldCompany, manyCompanies) < reach(c.Users, c.ToldUser, manyUsers) {
			who = i18n.F("the %d sampled requests that name a company name %d", "企業が分かるリクエスト%d件は、すべて%d社からのもの", c.ToldCompany, c.Companies)
		}
		add(i18n.F(" It counts %s times, because few are hit: %s.", "影響を受ける範囲が狭いため%s倍で計算しています（%s）。", fixed(r.Reach), who))
	}
	return text
}
