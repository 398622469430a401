package detect

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	retryAttempts = iota
	retryPause
)

var retryStorm = &Detector{
	ID:    "retry_storm",
	Title: i18n.T("Retries without backoff", "バックオフのない再試行"),
	Rule: i18n.T(
		"A unit of work makes the same call at least {attempts} times in a row, each after the one before failed, and half of the pauses between are shorter than {pause}.",
		"1つの処理が同じ呼び出しを、失敗のたびに続けて{attempts}回以上行い、その間隔の半分以上が{pause}未満である。"),
	Advice: i18n.T("Wait longer after each failure, with jitter; retry on one floor only; stop when a budget of retries is used up.",
		"失敗のたびに間隔を延ばし（ジッター付き指数バックオフ）、再試行は1つの層だけで行い、再試行の総量に上限を設けてください。"),
	Params: []Param{
		count("attempts", 3, 3, "attempts", "試行回数"),
		lasts("pause", 50*ms, 50*ms, "pause before an attempt", "再試行までの間隔"),
	},
	trace: func(s *scan) {
		tries := map[sameKey][]int{}
		var order []sameKey
		for _, i := range s.calls {
			f := &s.facts[i]
			if f.class == queueSend || f.op.ID == 0 {
				continue
			}
			k := sameKey{f.entry, f.path, f.op.ID, f.peer}
			if tries[k] == nil {
				order = append(order, k)
			}
			tries[k] = append(tries[k], i)
		}
		for _, k := range order {
			if g := tries[k]; len(g) >= 2 && s.limits(g[0]) != nil {
				s.storm(byStart(s.t, g))
			}
		}
	},
}

// storm looks at the runs of attempts among calls of one sort.
func (s *scan) storm(g []int) {
	for from := 0; from < len(g); {
		to := from + 1
		for to < len(g) && s.failed(g[to-1]) && s.t.Nodes[g[to]].Start >= s.t.Nodes[g[to-1]].End() && s.input(g[to]) == s.input(g[from]) {
			to++
		}
		if to-from >= 2 {
			s.attempts(g[from:to])
		}
		from = to
	}
}

func (s *scan) attempts(g []int) {
	quick := 0
	shortest := int64(-1)
	lim := s.limits(g[0])
	for k := 1; k < len(g); k++ {
		pause := s.t.Nodes[g[k]].Start - s.t.Nodes[g[k-1]].End()
		if shortest < 0 || pause < shortest {
			shortest = pause
		}
		if pause < lim[retryPause] {
			quick++
		}
	}
	cand := s.try(g[0])
	cand.atLeast(retryAttempts, int64(len(g)))
	if 2*quick < len(g)-1 || quick == 0 {
		cand.below(retryPause, shortest)
		cand.must(false, i18n.F("only %d of %d pauses are shorter", "短い間隔は%[2]d回中%[1]d回のみ", quick, len(g)-1))
	}
	if !cand.ok() {
		s.missed(cand, g, func() i18n.Text {
			return i18n.F("%d attempts at %s", "%[2]s の%[1]d回の試行", len(g), s.opText(g[0]))
		})
		return
	}
	floors, leaves := s.floors(g)
	why := i18n.F("%s made the same call %d times in a row, each after a failure, and waited %s between: %s",
		"%s が失敗のたびに間を置かず同じ呼び出しを%d回繰り返しています（最短間隔%s）：%s", s.where(g[0]), len(g), dur(shortest), s.opText(g[0]))
	conf := sure(Certain)
	if floors > 0 {
		why = join([]i18n.Text{why, i18n.F("The callee retries as well: %d attempts further down.", "。呼び出し先も再試行しており、下流では計%d回の試行になっています。", leaves)})
		conf.Reasons = append(conf.Reasons, i18n.F("Retries on %d floors multiply.", "%d層で再試行が掛け合わされています。", floors+1))
	}
	s.fire(hit{
		at: g[0], place: g[0], nodes: g, cost: s.covered(g[1:]), conf: conf, why: why,
		change: insight.Change{Remove: g[min(2, len(g)-1):]},
	})
}

// floors is on how many floors below the attempts somebody retries too, and how many
// attempts there are at the lowest.
func (s *scan) floors(g []int) (floors, leaves int) {
	depth := map[string]bool{}
	for _, i := range g {
		n := &s.t.Nodes[i]
		last := map[sameKey]int{}
		for k := i + 1; k < i+n.Size; k++ {
			f := &s.facts[k]
			if f.class != httpCall && f.class != rpcCall || f.inner || f.op.ID == 0 {
				continue
			}
			key := sameKey{f.entry, f.path, f.op.ID, f.peer}
			leaves++
			if p, ok := last[key]; ok && s.failed(p) && s.input(p) == s.input(k) {
				depth[s.t.Nodes[k].Span.Service] = true
			}
			last[key] = k
		}
	}
	if len(depth) == 0 {
		return 0, 0
	}
	return len(depth), leaves
}
