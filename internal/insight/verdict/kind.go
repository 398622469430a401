package verdict

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// detail says of which kind an item's time is.
func (a *analysis) detail(it *item) string {
	i := it.nodes[0]
	s := a.span(i)
	said := a.said(i)
	leaf := len(a.kids[i]) == 0
	switch {
	case lockWords.MatchString(said):
		return "lock"
	case leaf && poolWords.MatchString(said):
		return "pool"
	case gcWords.MatchString(said):
		return "gc"
	case database(s):
		if a.holder(i) != nil {
			return "lock"
		}
		return "statement"
	case s.Kind == telemetry.KindClient && a.server[i] >= 0:
		return "network"
	case s.Kind == telemetry.KindClient && leaf:
		return "outside"
	case s.Kind == telemetry.KindProducer:
		return "publish"
	case s.Kind == telemetry.KindInternal && leaf, s.Kind == telemetry.KindUnspecified && leaf:
		return "work"
	}
	return "own"
}

// said is what a span, its events and its logs tell in words.
func (a *analysis) said(i int) string {
	s := a.span(i)
	var b strings.Builder
	put := func(t string) { b.WriteString(t); b.WriteByte('\n') }
	put(s.Name)
	put(a.words[i])
	for _, e := range s.Events[:min(len(s.Events), 50)] {
		put(e.Name)
		for _, at := range e.Attrs {
			if at.Key != "exception.stacktrace" {
				put(at.Value)
			}
		}
	}
	for _, l := range a.logsOf[s.SpanID][:min(len(a.logsOf[s.SpanID]), 20)] {
		if len(a.kids[i]) == 0 || a.f.Logs[l].Severity >= 13 {
			put(firstLine(a.f.Logs[l].Body))
			put(firstLine(a.f.Logs[l].Exception.Message))
		}
	}
	if p := attr(s, "db.client.connection.pool.name", "pool.name"); p != "" && !database(s) {
		put("connection pool " + p)
	}
	return b.String()
}

// waitedOn names what a lock is on.
func (a *analysis) waitedOn(i int) i18n.Text {
	s := a.span(i)
	if t := table(s); t != "" && database(s) {
		return i18n.T("a lock on "+code(t, 60), code(t, 60)+" のロック")
	}
	return i18n.T("a lock ("+code(a.op[i], 80)+")", code(a.op[i], 80)+" のロック")
}

// clause says what an item is, without a full stop; in Japanese in the plain past, so that
// ためです or ことが原因です can follow.
func (a *analysis) clause(it *item) i18n.Text {
	i := it.nodes[0]
	s := a.span(i)
	svc, op, t, n := s.Service, code(a.op[i], 80), dur(it.time), len(it.nodes)
	if it.finding != nil && it.finding.Spans > n && it.whole {
		n = it.finding.Spans
	}
	peer := a.peerName(i)
	switch it.detail {
	case "lock":
		return i18n.F("%s waited %s for %s", "%[1]s が %[3]sを%[2]s待った", svc, t, a.waitedOn(i))
	case "pool":
		pool := attr(s, "db.client.connection.pool.name", "pool.name")
		if pool == "" {
			return i18n.F("%s waited %s for a free connection (%s)", "%s が接続の空きを%s待った（%s）", svc, t, op)
		}
		return i18n.F("%s waited %s for a free connection of the pool %s", "%[1]s がコネクションプール %[3]s の空きを%[2]s待った", svc, t, code(pool, 60))
	case "tries":
		if peer == "" {
			return i18n.F("%s tried %s %d times, %s in all", "%s が %s を%d回試し、合計%sかかった", svc, op, n, t)
		}
		return i18n.F("%s called %s %d times (%s), %s in all", "%[1]s が %[2]s を%[3]d回呼び出し（%[4]s）、合計%[5]sかかった", svc, peer, n, op, t)
	case "repeated":
		if database(s) {
			return i18n.F("%s ran the same statement %d times (%s), %s in all", "%s が同じクエリを%d回実行し（%s）、合計%sかかった", svc, n, op, t)
		}
		return i18n.F("%s called %s %d times for the same thing (%s), %s in all", "%s が %s への同じ呼び出しを%d回繰り返し（%s）、合計%sかかった", svc, orOp(peer, op), n, op, t)
	case "group":
		return i18n.F("%s repeated a group of statements, %d in all (%s …), %s together", "%s がひとまとまりのクエリを繰り返し（全%d件、%s など）、合計%sかかった", svc, n, op, t)
	case "duplicate":
		return i18n.F("%s did the same work %d times (%s), %s in all", "%s が同じ処理を%d回繰り返し（%s）、合計%sかかった", svc, n, op, t)
	case "sequential":
		return i18n.F("%s made %d calls one after the other that could run side by side (%s …), %s in all", "%s が並行できる%d件の呼び出しを順番に実行し（%s など）、合計%sかかった", svc, n, op, t)
	case "statement":
		if it.usual > 0 {
			return i18n.F("a statement of %s took %s, usually %s (%s)", "%[1]s のクエリ（%[4]s）に%[2]sかかった（通常%[3]s）", svc, t, dur(it.usual), op)
		}
		return i18n.F("a statement of %s took %s (%s)", "%[1]s のクエリ（%[3]s）に%[2]sかかった", svc, t, op)
	case "outside":
		usual := i18n.Text{}
		if it.usual > 0 {
			usual = i18n.F(", usually %s", "（通常%s）", dur(it.usual))
		}
		return i18n.F("%s waited %s for %s%s (%s)", "%[1]s が %[3]s の応答（%[5]s）を%[2]s待った%[4]s", svc, t, orOp(peer, op), usual, op)
	case "network":
		return i18n.F("%s of the call from %s to %s passed before or after %s worked on it", "%[2]s から %[3]s への呼び出しのうち%[1]sが、%[4]s の処理の前後で経過した", t, svc, peer, peer)
	case "publish":
		return i18n.F("%s took %s to hand a message over (%s)", "%s がメッセージの送信に%sかかった（%s）", svc, t, op)
	case "gc":
		return i18n.F("%s stood still for %s in %s, by garbage collection or for want of CPU", "%s が %[3]s の間に GC または CPU 不足で%[2]s停止した", svc, t, op)
	case "cold":
		return i18n.F("a newly started instance of %s took %s for %s", "起動直後の %s のインスタンスが %[3]s に%[2]sかかった", svc, t, op)
	case "transaction":
		return i18n.F("%s held a transaction open over a remote call (%s), %s in all", "%s がトランザクションを開いたまま外部呼び出しを待ち（%s）、%sかかった", svc, op, t)
	case "work":
		return i18n.F("%s spent %s in %s", "%s が %[3]s に%[2]sかかった", svc, t, op)
	case "unbounded", "payload":
		return i18n.F("%s spent %s on a large result (%s)", "%s が大量の結果の処理（%[3]s）に%[2]sかかった", svc, t, op)
	}
	return i18n.F("%s spent %s in %s that no span tells of", "%[1]s の %[3]s で、内訳を示すスパンのない時間が%[2]sあった", svc, t, op)
}

func orOp(peer, op string) string {
	if peer == "" {
		return op
	}
	return peer
}

// holder finds who held what a statement waited for: spans of another trace on the same
// database that were at work for most of the wait and done just before the statement was.
func (a *analysis) holder(i int) *holding {
	s := a.span(i)
	if len(a.f.Others) == 0 || !database(s) {
		return nil
	}
	from, to := s.Time, s.Time+s.Duration // as sent: others are not corrected
	type work struct {
		holding
		first, last int64
		writes      bool
	}
	by := map[string]*work{}
	for k := range a.f.Others {
		o := &a.f.Others[k]
		if o.TraceID == s.TraceID || o.Peer.Name != s.Peer.Name {
			continue
		}
		key := o.TraceID.String() + o.ParentID.String()
		w := by[key]
		if w == nil {
			w = &work{holding: holding{trace: o.TraceID, service: o.Service, op: opOf(o)}, first: o.Time, last: o.Time + o.Duration}
			by[key] = w
		}
		w.first, w.last = min(w.first, o.Time), max(w.last, o.Time+o.Duration)
		if writes(o) {
			w.writes = true
			if up := strings.ToUpper(w.op); strings.HasPrefix(up, "BEGIN") || strings.HasPrefix(up, "COMMIT") {
				w.op = opOf(o)
			}
		}
	}
	var best *work
	for _, w := range by {
		w.overlap = min(w.last, to) - max(w.first, from)
		if !w.writes || w.overlap*2 < s.Duration || w.last > to || !near(w.last, to, s.Duration*5) {
			continue
		}
		w.took = w.last - w.first
		if best == nil || w.overlap > best.overlap || w.overlap == best.overlap && w.trace.String() < best.trace.String() {
			best = w
		}
	}
	if best == nil {
		return nil
	}
	return &best.holding
}

// holding is another trace's work on a database while this one waited.
type holding struct {
	trace         telemetry.TraceID
	service, op   string
	overlap, took int64
}
