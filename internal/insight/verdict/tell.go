package verdict

import (
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// maxAsides bounds what is told of failures that are not the cause.
const maxAsides = 3

func (a *analysis) at1(i int) Evidence { return Evidence{Span: a.span(i).SpanID, Node: i} }

func (a *analysis) spans(nodes ...int) (out []Evidence) {
	const most = 20
	seen := map[telemetry.SpanID]bool{}
	for _, i := range nodes {
		if i < 0 || len(out) == most || seen[a.span(i).SpanID] {
			continue
		}
		seen[a.span(i).SpanID] = true
		out = append(out, a.at1(i))
	}
	return out
}

func (a *analysis) log1(k int) Evidence { return Evidence{Log: true, ID: a.f.Logs[k].ID, Node: k} }

// say adds a sentence; one without evidence of its own is about the request as a whole.
func (a *analysis) say(t Topic, text i18n.Text, ev ...Evidence) *Sentence {
	if len(ev) == 0 {
		ev = a.spans(a.main)
	}
	a.v.Sentences = append(a.v.Sentences, Sentence{Topic: t, Text: text, Evidence: ev})
	return &a.v.Sentences[len(a.v.Sentences)-1]
}

// tell puts the verdict into words.
func (a *analysis) tell() {
	a.tellSummary()
	a.tellWhom()
	a.tellCause()
	a.tellPath()
	a.tellAsides()
	a.tellUsual()
	a.tellUnusual()
	a.tellDiffers()
	a.tellSimilar()
	a.tellChanged()
	a.tellUnknown()
	a.steps()
}

// subject is the request by its name.
func (a *analysis) subject() string { return clip(a.op[a.main], 100) }

// tellSummary says what happened to whom, and why, in one sentence.
func (a *analysis) tellSummary() {
	v, m := a.v, a.main
	took, c := dur(a.nodes[m].Duration), codeText(a.code[m])
	ev := []int{m}
	var head, reason i18n.Text
	switch {
	case v.Outcome == Error || v.Outcome == Timeout:
		with := i18n.Text{}
		if c != "" && c != "OK" {
			with = i18n.T(" with "+c, c+"で")
		}
		head = i18n.F("%[1]s failed%[3]s after %[2]s", "%[1]s は%[2]s後に%[3]s失敗しました", a.subject(), took, with)
	case a.state[m] == cancelled && v.Outcome == Slow:
		head = i18n.F("The client went away %s after it had sent %s, without an answer", "%[2]s を送ったクライアントが、%[1]s後に応答を待たず切断しました", took, a.subject())
	case v.Outcome == Slow:
		if u, ok := a.usual(m); ok {
			head = i18n.F("%s took %s, %s times its usual %s", "%s に%sかかりました（通常%[4]sの%[3]s倍）", a.subject(), took, times(a.nodes[m].Duration, u.P50), dur(u.P50))
		} else {
			head = i18n.F("%s took %s", "%s に%sかかりました", a.subject(), took)
		}
	case a.state[m] == cancelled:
		head = i18n.F("The client went away %s after it had sent %s, without an answer", "%[2]s を送ったクライアントが、%[1]s後に応答を待たず切断しました", took, a.subject())
	case a.state[m] == refused:
		head = i18n.F("%s was refused with %s after %s; that is an answer to the request itself, nothing failed", "%s は%sで拒否されました（%s）。リクエスト側の問題への応答であり、障害ではありません", a.subject(), c, took)
		if r := a.refusal(); r.En != "" {
			reason = r
		}
	default:
		with := i18n.Text{}
		if c != "" {
			with = i18n.T(" with "+c, "（"+c+"）")
		}
		head = i18n.F("%s was answered%s in %s", "%[1]s は%[3]sで応答しました%[2]s", a.subject(), with, took)
		if a.span(m).Kind != telemetry.KindServer {
			head = i18n.F("%s was done in %s", "%s は%sで完了しました", a.subject(), took)
		}
	}
	switch {
	case a.blame != nil && a.blame.Detail == "later":
		reason = i18n.F("what failed came after the answer: %s", "ただし応答後の処理で、%s", a.errorClause())
		ev = append(ev, a.blame.node)
		head.En += ", but"
		v.Summary = i18n.T(sentence(head.En+" "+reason.En), head.Ja+"。"+happened(reason.Ja))
	case a.giver >= 0 && a.item != nil && a.blame != nil && a.blame.Kind != CauseError:
		reason = a.clause(a.item)
		ev = append(ev, a.giver)
		ev = append(ev, a.item.nodes...)
		v.Summary = i18n.T(sentence(head.En+": "+reason.En), head.Ja+"。"+because(reason.Ja))
	case a.blame != nil && a.item != nil && (v.Outcome == Slow):
		reason = a.clause(a.item)
		ev = append(ev, a.item.nodes...)
		v.Summary = i18n.T(sentence(head.En+": "+reason.En), head.Ja+"。"+because(reason.Ja))
	case a.blame != nil:
		reason = a.errorClause()
		ev = append(ev, a.blame.node)
		v.Summary = i18n.T(sentence(head.En+": "+reason.En), head.Ja+"。"+because(reason.Ja))
	case !reason.IsZero():
		v.Summary = i18n.T(sentence(head.En+": "+reason.En), head.Ja+"。"+stop(reason.Ja))
	case v.Outcome == OK && a.state[m] == fine && len(a.spared) == 0:
		tail := i18n.T("; nothing in it failed", "。失敗した処理はありません")
		if u, ok := a.usual(m); ok && !over(a.nodes[m].Duration, u) {
			tail = i18n.T(", as it usually is; nothing in it failed", "。いつもどおりの応答時間で、失敗した処理はありません")
		}
		v.Summary = i18n.T(sentence(head.En+tail.En), stop(head.Ja+tail.Ja))
	case v.Outcome == OK && a.state[m] == fine:
		v.Summary = i18n.T(sentence(head.En+"; what failed in it was got over"), head.Ja+"。途中の失敗は吸収されています。")
	default:
		v.Summary = i18n.T(sentence(head.En), stop(head.Ja))
	}
	out := a.spans(ev...)
	if a.blame != nil && a.blame.Detail == "log" && a.logged >= 0 {
		out = append(out, a.log1(a.logged))
	}
	a.say(TopicSummary, v.Summary, out...)
}

func sentence(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

func stop(s string) string {
	if strings.HasSuffix(s, "。") {
		return s
	}
	return s + "。"
}

// because ends a clause in the plain past as a reason.
func because(ja string) string {
	switch {
	case strings.HasSuffix(ja, "た"):
		return ja + "ためです。"
	case strings.HasSuffix(ja, "ない"):
		return strings.TrimSuffix(ja, "ない") + "ません。"
	}
	// A clause that ends in a bracket or a quotation carries its reason before it.
	if i := strings.LastIndex(ja, "た（"); i > 0 && strings.HasSuffix(ja, "）") {
		return ja[:i] + "た" + "ためです" + ja[i+len("た"):] + "。"
	}
	if i := strings.LastIndex(ja, "た: "); i > 0 {
		return ja[:i] + "たためです" + ja[i+len("た"):]
	}
	return stop(ja)
}

// happened ends a clause in the plain past as a report.
func happened(ja string) string {
	if strings.HasSuffix(ja, "た") {
		return ja + "ことが記録されています。"
	}
	return stop(ja)
}

// refusal is what a log of a refused request says.
func (a *analysis) refusal() i18n.Text {
	if m := message(a.span(a.main)); m != "" {
		return i18n.T(code(m, 120), code(m, 120)+" と記録されています")
	}
	return i18n.Text{}
}

// tellWhom says whose request it was, as far as a span says.
func (a *analysis) tellWhom() {
	find := func(keys ...string) (string, int) {
		if v := attr(a.span(a.main), keys...); v != "" {
			return v, a.main
		}
		for i := range a.nodes {
			if v := attr(a.span(i), keys...); v != "" {
				return v, i
			}
		}
		return "", -1
	}
	user, at := find("user.id", "enduser.id")
	tenant, at2 := find("tenant.name", "tenant.id", "organization.id", "account.id")
	switch {
	case user != "" && tenant != "":
		a.say(TopicSummary, i18n.F("It was a request of the user %s of %s.", "%[2]s のユーザー %[1]s のリクエストです。", code(user, 60), clip(tenant, 60)), a.spans(at, at2)...)
	case user != "":
		a.say(TopicSummary, i18n.F("It was a request of the user %s.", "ユーザー %s のリクエストです。", code(user, 60)), a.spans(at)...)
	case tenant != "":
		a.say(TopicSummary, i18n.F("It was a request of %s.", "%s のリクエストです。", clip(tenant, 60)), a.spans(at2)...)
	}
}

// tellCause says where it began, and what shows it.
func (a *analysis) tellCause() {
	if a.giver >= 0 {
		a.tellGivingUp()
	}
	c := a.blame
	if c == nil {
		return
	}
	if it := a.item; it != nil && c.Kind != CauseError {
		a.tellTime(it)
	}
	if c.Kind == CauseError || a.item == nil || a.logged >= 0 {
		if c.Frame != "" {
			a.say(TopicCause, i18n.F("The topmost frame of %s's own code is %s.", "%s 自身のコードで最上位のスタックフレームは %s です。", c.Service, code(c.Frame, 160)), a.spans(c.node)...)
		}
		if a.logged >= 0 && c.Detail != "log" {
			l := &a.f.Logs[a.logged]
			if msg := logMessage(l); !strings.Contains(msg, bare(c.Message)) || c.Message == "" || !strings.Contains(c.Message, firstLine(l.Body)) && firstLine(l.Body) != "" && !strings.Contains(bare(c.Message), firstLine(l.Body)) {
				text := firstLine(l.Body)
				if text == "" {
					text = msg
				}
				a.say(TopicCause, i18n.F("%s logged at that moment: %s", "そのとき %s は次のログを残しています: %s", l.Service, code(text, 200)), a.log1(a.logged), a.at1(c.node))
			}
		}
		if c.Detail == "log" {
			a.say(TopicCause, i18n.T("The span itself says only that it failed; this rests on a log line.", "スパンには失敗した事実しか記録されていないため、ログを根拠にしています。"), a.log1(a.logged), a.at1(c.node))
		}
	}
	if c.Kind == CauseLock && c.Message != "" && !strings.Contains(a.v.Summary.En, clip(c.Message, 160)) {
		a.say(TopicCause, i18n.F("The span says: %s.", "スパンには %s と記録されています。", code(c.Message, 160)), a.spans(c.node)...)
	}
	if t := a.tries[c.node]; len(t) > 1 {
		a.tellTries(t)
	}
}

// tellTries says how a call was repeated.
func (a *analysis) tellTries(t []int) {
	first, last := t[0], t[len(t)-1]
	var pause int64 = -1
	for n := 1; n < len(t); n++ {
		p := a.nodes[t[n]].Start - a.end(t[n-1])
		if pause < 0 || p < pause {
			pause = p
		}
	}
	span := a.end(last) - a.nodes[first].Start
	how := i18n.F("with at least %s between them", "間隔は最短%s", dur(max(pause, 0)))
	if pause < 10e6 {
		how = i18n.T("at once, without a pause", "間隔を空けず即座に")
	}
	text := i18n.F("The call was tried %d times within %s, %s; every try failed.", "この呼び出しは%[2]sの間に%[1]d回試され（%[3]s）、すべて失敗しました。", len(t), dur(span), how)
	for _, k := range t {
		if message(a.span(k)) != message(a.span(last)) || a.code[k] != a.code[last] {
			text = i18n.T(text.En+" The tries did not all fail in the same way.", text.Ja+"失敗の内容は毎回同じではありません。")
			break
		}
	}
	a.say(TopicCause, text, a.spans(t...)...)
}

// tellGivingUp says who stopped waiting, when, and what became of the callee.
func (a *analysis) tellGivingUp() {
	g := a.giver
	s := a.span(g)
	peer := orOp(a.peerName(g), code(a.op[g], 80))
	limit := dur(a.nodes[g].Duration)
	c := a.server[g]
	switch {
	case c >= 0 && a.end(c) > a.end(g)+slack(a.nodes[g].Duration):
		rest := dur(a.end(c) - a.end(g))
		switch a.state[c] {
		case fine, refused:
			a.say(TopicCause, i18n.F("%[1]s gave up waiting for %[2]s after %[3]s; %[2]s was still working, and was done %[4]s later without an error, which nobody heard of any more.",
				"%[1]s は%[3]s待って %[2]s の応答を諦めました。%[2]s は処理を続けており、その%[4]s後に正常に終わっていますが、結果は使われていません。", s.Service, peer, limit, rest), a.spans(g, c)...)
		case cancelled:
			a.say(TopicCause, i18n.F("%[1]s gave up waiting for %[2]s after %[3]s; %[2]s noticed and stopped %[4]s later.",
				"%[1]s は%[3]s待って %[2]s の応答を諦めました。%[2]s はそれを検知し、%[4]s後に処理を中止しています。", s.Service, peer, limit, rest), a.spans(g, c)...)
		default:
			a.say(TopicCause, i18n.F("%[1]s gave up waiting for %[2]s after %[3]s; %[2]s was still working, and failed %[4]s later.",
				"%[1]s は%[3]s待って %[2]s の応答を諦めました。%[2]s は処理を続け、その%[4]s後に失敗しています。", s.Service, peer, limit, rest), a.spans(g, c)...)
		}
	case c >= 0:
		a.say(TopicCause, i18n.F("%[1]s gave up waiting for %[2]s after %[3]s, and the work in %[2]s was cut short.",
			"%[1]s は%[3]s待って %[2]s の応答を諦め、%[2]s の処理も途中で打ち切られました。", s.Service, peer, limit), a.spans(g, c)...)
	case s.Kind == telemetry.KindClient || database(s):
		a.say(TopicCause, i18n.F("%s gave up waiting for %s after %s.", "%[1]s は%[3]s待って %[2]s の応答を諦めました。", s.Service, peer, limit), a.spans(g)...)
	default:
		a.say(TopicCause, i18n.F("%s gave up on %s after %s.", "%[1]s は %[2]s を%[3]sで打ち切りました。", s.Service, code(a.op[g], 80), limit), a.spans(g)...)
	}
}

// tellTime says more of where the time went.
func (a *analysis) tellTime(it *item) {
	i := it.nodes[0]
	d := a.nodes[a.main].Duration
	if f := it.finding; f != nil && !f.Why.IsZero() {
		a.say(TopicCause, i18n.T(sentence(f.Why.En), stop(f.Why.Ja)), a.spans(it.nodes...)...)
	}
	if h := a.holder(i); h != nil {
		a.say(TopicCause, i18n.F("Meanwhile another request of %s (trace %s) was at work on the same database for %s, %s of it during this wait: %s.",
			"その間、%s の別のリクエスト（トレース %s）が同じデータベースで%s処理しており、うち%sがこの待ち時間と重なっています（%s）。",
			h.service, h.trace, dur(h.took), dur(h.overlap), code(h.op, 80)), a.spans(i)...).Link = "/traces/" + h.trace.String()
	}
	if said := a.quote(i); it.detail == "lock" || it.detail == "pool" || it.detail == "gc" {
		if said.En != "" {
			a.say(TopicCause, said, a.spans(i)...)
		}
	}
	for _, l := range a.logsOf[a.span(i).SpanID] {
		if r := &a.f.Logs[l]; r.Severity >= 13 {
			a.say(TopicCause, i18n.F("%s logged meanwhile: %s", "その間に %s は次のログを残しています: %s", r.Service, code(firstLine(r.Body), 200)), a.log1(l), a.at1(i))
			break
		}
	}
	if it.detail == "tries" {
		bad := 0
		for _, k := range it.nodes {
			if a.state[k].bad() {
				bad++
			}
		}
		if m := message(a.span(i)); bad > 1 && (m != "" || a.code[i] != "") {
			if m == "" {
				m = codeText(a.code[i])
			}
			a.say(TopicCause, i18n.F("%d of the %d tries failed: %s.", "%[2]d回のうち%[1]d回が失敗しています: %[3]s", bad, len(it.nodes), code(m, 160)), a.spans(it.nodes...)...)
		}
	}
	if it.time < d && d > 0 && a.giver < 0 {
		a.say(TopicCause, i18n.F("That is %s of the %s that the request took, on its critical path.", "リクエスト全体%[2]sのクリティカルパスのうち%[1]sを占めます。", percent(float64(it.time)/float64(d)), dur(d)), a.spans(it.nodes...)...)
	}
}

// quote is what a span's events say of a wait.
func (a *analysis) quote(i int) i18n.Text {
	for _, e := range a.span(i).Events {
		for _, t := range append([]string{e.Name}, values(e.Attrs)...) {
			if lockWords.MatchString(t) || poolWords.MatchString(t) || gcWords.MatchString(t) {
				return i18n.F("An event in the span says: %s.", "スパンのイベントに %s と記録されています。", code(t, 160))
			}
		}
	}
	return i18n.Text{}
}

func values(attrs []telemetry.Attr) (out []string) {
	for _, at := range attrs {
		if at.Key != "exception.stacktrace" {
			out = append(out, at.Value)
		}
	}
	return out
}

// tellPath says how the failure became the answer, service by service; of a request that
// was answered, where its time went.
func (a *analysis) tellPath() {
	v := a.v
	if v.Outcome == Error || v.Outcome == Timeout {
		var names []string
		var nodes []int
		for _, i := range slices.Backward(a.chain) {
			s := a.span(i)
			if s.Kind != telemetry.KindServer && s.Kind != telemetry.KindConsumer && i != a.main {
				continue
			}
			name := s.Service
			if c := codeText(a.code[i]); c != "" {
				name += " (" + c + ")"
			}
			names = append(names, name)
			nodes = append(nodes, i)
		}
		if len(names) == 1 {
			a.tellWrapper()
		}
		if len(names) > 1 {
			path := strings.Join(names, " → ")
			a.tellWrapper()
			a.say(TopicPath, i18n.F("The failure went up through %s.", "失敗は %s の順に伝わりました。", path), a.spans(nodes...)...)
		}
		return
	}
	it := a.item
	d := a.nodes[a.main].Duration
	if v.Outcome != OK || it == nil || it.nodes[0] == a.main || it.time*3 < d || a.state[a.main] == refused {
		return
	}
	a.told = true
	clause := a.clause(it)
	a.say(TopicPath, i18n.F("Most of its time: %s (%s).", "時間の内訳で最も大きいのは、%s点です（%s）。", clause, percent(float64(it.time)/float64(d))), a.spans(it.nodes...)...)
	if it.finding != nil && !it.finding.Why.IsZero() {
		a.say(TopicPath, i18n.T(sentence(it.finding.Why.En), stop(it.finding.Why.Ja)), a.spans(it.nodes...)...)
	}
}

// tellWrapper gives the words of whoever heard of the failure first and put it in words of
// its own.
func (a *analysis) tellWrapper() {
	for n := len(a.chain) - 2; n >= 0; n-- {
		i := a.chain[n]
		m := firstLine(a.span(i).Exception.Message)
		if m == "" {
			continue
		}
		if c := a.blame; c != nil && !strings.Contains(c.Message, m) && !strings.Contains(m, orOp(bare(c.Message), "\x00")) {
			a.say(TopicPath, i18n.F("%s made of it: %s", "%s はこれを %s として扱いました。", a.span(i).Service, code(message(a.span(i)), 160)), a.spans(i)...)
		}
		return
	}
}

// tellAsides tells failures apart that are not the cause.
func (a *analysis) tellAsides() {
	told := 0
	for _, s := range a.spared {
		if a.blame != nil && (s.node == a.blame.node || a.blame.Detail == "later" && a.contains(s.node, a.blame.node)) {
			continue
		}
		if told == maxAsides {
			rest := len(a.spared) - told
			var nodes []int
			for _, r := range a.spared {
				nodes = append(nodes, r.node)
			}
			a.say(TopicAside, i18n.F("%d more spans failed in it without being the cause.", "ほかに%d件のスパンが失敗していますが、原因ではありません。", rest), a.spans(nodes[told:]...)...)
			return
		}
		told++
		i := s.node
		sp := a.span(i)
		what := i18n.F("%s in %s", "%s の %s", code(a.op[i], 80), sp.Service)
		what.Ja = sp.Service + " の " + code(a.op[i], 80)
		if m := message(sp); m != "" {
			what.En += " (" + code(m, 100) + ")"
			what.Ja += "（" + code(m, 100) + "）"
		} else {
			what.Ja += " "
		}
		switch s.why {
		case "retried":
			a.say(TopicAside, i18n.F("%s failed, was tried again and succeeded; it is not the cause.", "%sは一度失敗しましたが、再試行で成功しているため原因ではありません。", what), a.spans(i, s.by)...)
		case "consequence":
			a.say(TopicAside, i18n.F("%s was stopped because the request had been given up already; it is a consequence.", "%sはすでに待つ側が諦めた後に中断された処理で、原因ではなく結果です。", what), a.spans(i, s.by)...)
		case "stopped":
			a.say(TopicAside, i18n.F("%s was stopped when %s failed; it is a consequence.", "%sは、%s の失敗に伴って中断された処理です。原因ではありません。", what, code(a.op[s.by], 80)), a.spans(i, s.by)...)
		case "later":
			a.say(TopicAside, i18n.F("%s failed in work that nobody waited for; it has not changed the answer.", "%sが失敗していますが、応答を待たない処理のため結果に影響していません。", what), a.spans(i)...)
		case "apart":
			a.say(TopicAside, i18n.F("%s failed too; how it belongs to the request cannot be seen, for its parent is not here.", "%sも失敗していますが、親スパンが無いためこのリクエストとの関係は分かりません。", what), a.spans(i)...)
		case "also":
			a.say(TopicAside, i18n.F("%s failed beside it.", "%sも並行して失敗しています。", what), a.spans(i)...)
		default:
			if a.state[i] == gaveUp {
				a.say(TopicAside, i18n.F("%s was given up after %s, and the request went on without it.", "%sは%sで待つのを諦め、結果なしで処理を続けています。", what, dur(a.nodes[i].Duration)), a.spans(i)...)
				if c := a.server[i]; c >= 0 && a.end(c) > a.end(i)+slack(a.nodes[i].Duration) {
					a.say(TopicAside, i18n.F("%s was still working then, and ended %s later: its caller gives up sooner than it can answer.", "このとき %s はまだ処理中で、%s後に終わっています。呼び出し元のタイムアウトが呼び出し先の処理時間より短くなっています。",
						a.span(c).Service, dur(a.end(c)-a.end(i))), a.spans(i, c)...)
				}
				continue
			}
			a.say(TopicAside, i18n.F("%s failed, and the request got over it; it is not the cause.", "%sは失敗しましたが、処理は続行されたため原因ではありません。", what), a.spans(i)...)
		}
	}
	if a.v.Outcome == OK && a.blame == nil {
		for _, k := range a.logs {
			l := &a.f.Logs[k]
			if l.Severity >= 17 {
				a.say(TopicAside, i18n.F("No span failed for it, but %s logged an error: %s", "スパンの失敗とはなっていませんが、%s がエラーをログに残しています: %s", l.Service, code(logMessage(l), 200)), a.log1(k))
				break
			}
		}
		a.tellFindings()
	}
}

// tellFindings says what could be better in a request that went well.
func (a *analysis) tellFindings() {
	told := 0
	for k := range a.f.Findings {
		f := &a.f.Findings[k]
		if f.Why.IsZero() || f.Also != "" || a.told && a.item.finding == f || told == maxAsides {
			continue
		}
		var nodes []int
		for _, id := range f.SpanIDs {
			if i, ok := a.at[id]; ok {
				nodes = append(nodes, i)
			}
		}
		if len(nodes) > 0 {
			told++
			a.say(TopicAside, i18n.T(sentence(f.Why.En), stop(f.Why.Ja)), a.spans(nodes...)...)
		}
	}
}
