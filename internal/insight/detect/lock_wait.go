package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	lockFor = iota
	lockFactor
	lockFast
)

var lockWait = &Detector{
	ID:    "lock_wait",
	Title: i18n.T("Waiting for a lock", "ロック待ち"),
	Rule: i18n.T(
		"A span says that it waited for a lock for {wait} or more; or a statement that writes or locks took {wait} or more and at least {factor} times what it usually takes. Over requests: a statement that writes has two modes, mostly at or below {fast}, sometimes {wait} and more and {factor} times as long, while a transaction elsewhere held what it wrote to.",
		"スパンが{wait}以上のロック待ちを示している。または、書き込み・ロック系のSQLが{wait}以上かつ通常の{factor}倍以上かかっている。複数リクエストでは、普段は{fast}以下で終わる書き込みが、別のトランザクションが同じテーブルを保持している間だけ{wait}以上かつ{factor}倍以上かかる。"),
	Advice: i18n.T(
		"Shorten the transaction that holds the lock: do slow work before or after it, write in small pieces, touch rows in one order.",
		"ロックを保持するトランザクションを短くしてください。時間のかかる処理をトランザクションの外に出す、少しずつ書き込む、行を触る順序をそろえるなどの方法があります。"),
	Params: []Param{
		lasts("wait", 200*ms, 1000*ms, "time waited", "待ち時間"),
		count("factor", 8, 10, "times the usual", "通常に対する倍率"),
		lasts("fast", 150*ms, 500*ms, "what it takes otherwise", "待たない場合の時間"),
	},
	Over:   true,
	trace:  lockWaitInTrace,
	across: lockWaitAcross,
}

func lockWaitInTrace(s *scan) {
	for i := range s.t.Nodes {
		if s.limits(i) == nil {
			continue
		}
		if wait, said := s.lockSaid(i); said != "" {
			cand := s.try(i)
			if !cand.atLeast(lockFor, wait) {
				s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%q", "「%s」", s.opText(i)) })
				continue
			}
			n := &s.t.Nodes[i]
			s.fire(hit{
				at: i, place: i, nodes: []int{i}, cost: min(wait, n.Duration),
				change: insight.Change{Take: map[int]int64{i: n.Duration - wait}},
				conf:   sure(Certain, i18n.F("The span says so: %q.", "スパンに記録があります：「%s」", quote(said))),
				why: i18n.F("%s waited %s of %s for a lock: %s", "%s がロックを%s待っています（所要時間%s）：%s",
					s.where(i), dur(wait), dur(n.Duration), s.opText(i)),
			})
			continue
		}
		s.lockUnusual(i)
	}
}

// lockSaid is how long a span says that it waited for a lock, and its words.
func (s *scan) lockSaid(i int) (int64, string) {
	n := &s.t.Nodes[i]
	f := &s.facts[i]
	if f.class == other && s.role(i) == lockRole {
		return n.Duration, n.Span.Name
	}
	for k, e := range n.Span.Events {
		text := strings.ToLower(e.Name)
		if !strings.Contains(text, "lock") {
			if m := attr2(e.Attrs, "message", "event"); m != "" {
				text = strings.ToLower(m)
			}
		}
		if !strings.Contains(text, "wait") || !strings.Contains(text, "lock") || strings.Contains(text, "acquired") {
			continue
		}
		from := e.Time
		to := n.Span.Time + n.Span.Duration
		for _, next := range n.Span.Events[k+1:] {
			if l := strings.ToLower(next.Name); strings.Contains(l, "acquired") || strings.Contains(l, "got lock") || strings.Contains(l, "granted") {
				to = next.Time
				break
			}
		}
		return max(0, min(to-from, n.Duration)), e.Name
	}
	if m := n.Span.Exception.Message; m != "" || n.Span.StatusMessage != "" {
		if m == "" {
			m = n.Span.StatusMessage
		}
		if f.class == database && lockError(m) {
			return n.Duration, m
		}
	}
	return 0, ""
}

func attr2(attrs []telemetry.Attr, keys ...string) string {
	for _, k := range keys {
		if v, _ := telemetry.Get(attrs, k); v != "" {
			return v
		}
	}
	return ""
}

// lockError knows what databases say when a lock was not to be had.
func lockError(m string) bool {
	m = strings.ToLower(m)
	for _, p := range [...]string{"lock wait timeout", "deadlock", "could not obtain lock", "lock timeout", "lock request time out", "database is locked", "canceling statement due to lock",
		"resource busy", "ora-00054", "ora-00060", "writeconflict", "55p03", "40p01"} {
		if strings.Contains(m, p) {
			return true
		}
	}
	return false
}

// lockUnusual finds a write that took many times its usual time, where that is known.
func (s *scan) lockUnusual(i int) {
	f := &s.facts[i]
	if f.class != database || f.inner || f.stmt.verb != writes && f.stmt.verb != locks {
		return
	}
	n := &s.t.Nodes[i]
	cand := s.try(i)
	cand.atLeast(lockFor, n.Duration)
	if cand.over() {
		return
	}
	b, ok := s.usual(i)
	if f.stmt.verb == writes || ok {
		cand.must(ok, i18n.T("what the statement usually takes is not known", "このSQLの通常の所要時間が分からない"))
	}
	factor := int64(0)
	if ok {
		factor = n.Duration / max(1, b.P50)
		cand.atLeast(lockFactor, factor)
	}
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s", "%s", s.opText(i)) })
		return
	}
	conf := sure(Fair, i18n.T("Nothing says that it was a lock; a write that is many times slower than usual mostly is.",
		"ロック待ちと明示する記録はありませんが、通常より大幅に遅い書き込みの多くはロック待ちです。"))
	why := i18n.F("%s spent %s in a statement that takes a lock: %s", "%s がロックを取得するSQLに%sかかっています：%s", s.where(i), dur(n.Duration), s.opText(i))
	left := n.Duration / 10
	if ok {
		why = i18n.F("%s probably waited for a lock: %s took %s, usually %s", "%s はロック待ちの可能性が高いです：%s に%s（通常は%s）",
			s.where(i), s.opText(i), dur(n.Duration), dur(b.P50))
		left = b.P50
	} else {
		conf.Score = Possible
	}
	s.fire(hit{at: i, place: i, nodes: []int{i}, cost: max(0, n.Duration-left), conf: conf, why: why, change: insight.Change{Take: map[int]int64{i: left}}})
}

// usual is what a call usually takes.
func (s *scan) usual(i int) (Baseline, bool) {
	if s.in.Usual == nil {
		return Baseline{}, false
	}
	span := s.t.Nodes[i].Span
	f := &s.facts[i]
	b, ok := s.in.Usual(Operation{Env: span.Env, Service: span.Service, Peer: f.peer, Shape: f.op.ID})
	return b, ok && b.Count >= 5 && b.P50 > 0
}
