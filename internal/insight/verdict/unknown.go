package verdict

import (
	"net/url"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

func escape(s string) string { return url.QueryEscape(s) }

func cutPrefix(s, p string) (string, bool) { return strings.CutPrefix(s, p) }

// tellUnknown says what the evidence does not say, and what would have told.
func (a *analysis) tellUnknown() {
	v := a.v
	bad := v.Outcome == Error || v.Outcome == Timeout
	if m := a.nodes[a.main]; m.MissingParent {
		a.say(TopicUnknown, i18n.F("The evidence does not say who asked and how it ended for them: the span above %s is not here.",
			"%s の親スパンが無いため、呼び出し元と最終的な結果は分かりません。", code(a.op[a.main], 80)))
	}
	missing := 0
	var nodes []int
	for i := range a.nodes {
		if a.nodes[i].MissingParent && i != a.main {
			missing++
			nodes = append(nodes, i)
		}
	}
	if missing > 0 {
		a.say(TopicUnknown, i18n.F("%d %s of a part of the trace whose parent is not here; what lies between is not known. Check that every service sends its spans and none samples by itself.",
			"親スパンの無いスパンが%[1]d件あり、その間の処理は分かりません。すべてのサービスがスパンを送信しているか、個別にサンプリングしていないかを確認してください。", missing, plural(missing, "span is", "spans are")), a.spans(nodes...)...)
	}
	if c := a.blame; c != nil && bad {
		i := c.node
		s := a.span(i)
		switch {
		case s.Kind == telemetry.KindClient && a.server[i] < 0 && unreached.MatchString(a.words[i]):
			a.say(TopicUnknown, i18n.F("The call never reached %[1]s, so nothing of it is here. The evidence does not say whether %[1]s was down, at another address, or blocked.",
				"呼び出しが %[1]s に到達していないため、%[1]s 側の記録はありません。停止していたのか、接続先や通信許可の設定の問題なのかは分かりません。", orOp(a.peerName(i), code(c.Operation, 80))), a.spans(i)...)
		case s.Kind == telemetry.KindClient && a.server[i] < 0 && !database(s) && (c.Kind == CauseError || c.Kind == CauseTimeout):
			a.say(TopicUnknown, i18n.F("The evidence does not say what happened in %[1]s: it sends no spans to this trace. If it is yours, instrument it and pass traceparent on.",
				"%[1]s からはこのトレースのスパンが届いていないため、その内部で何が起きたかは分かりません。自社のサービスであれば、計装してtraceparentを引き継いでください。", orOp(a.peerName(i), code(c.Operation, 80))), a.spans(i)...)
		case c.Kind == CauseError && c.Message == "" && a.logged < 0 && c.Detail != "rejected":
			a.say(TopicUnknown, i18n.F("The evidence does not say why: the span of %s has neither a message nor an exception, and no log of it is here. Recording the exception on the span (or logging it with the trace ID) would have told.",
				"%s のスパンにメッセージも例外も記録されておらず、対応するログも無いため、失敗の理由は分かりません。スパンに例外を記録するか、トレースIDを付けてログを出力すれば分かるようになります。", c.Service), a.spans(i)...)
		case c.Kind == CauseError && c.Frame == "" && s.Exception.Type != "":
			a.say(TopicUnknown, i18n.T("The exception has no stack trace, so that the line of code is not known.", "例外にスタックトレースが記録されていないため、コードの行は分かりません。"), a.spans(i)...)
		}
	}
	if it := a.item; it != nil && a.blame != nil && a.blame.Kind != CauseError {
		i := it.nodes[0]
		s := a.span(i)
		switch it.detail {
		case "statement":
			if writes(s) && it.usual >= 0 && it.time > 20*max(it.usual, 1e6) {
				a.say(TopicUnknown, i18n.F("The evidence does not say why the statement took so long. A write that is usually that quick has mostly waited for a lock; the database's lock or slow log would tell.",
					"クエリが遅かった理由までは記録されていません。通常は短時間で終わる書き込みなので、ロック待ちの可能性があります。データベースのロック情報やスロークエリログで確認できます。"), a.spans(i)...)
			}
		case "own":
			a.say(TopicUnknown, i18n.F("The evidence does not say what %s did in that time: no child span covers it. A span around the work, or a profile, would tell.",
				"その間に %s が何をしていたかは、子スパンが無いため分かりません。処理をスパンで囲むか、プロファイルを取ると分かります。", s.Service), a.spans(i)...)
		case "network":
			a.say(TopicUnknown, i18n.T("The evidence does not say where on the way: a queue before the callee's workers, the connection's set-up and the network look alike here.",
				"経路のどこで時間がかかったかは分かりません。呼び出し先の待ち行列、接続の確立、ネットワークは、スパン上では区別できません。"), a.spans(i)...)
		case "outside":
			if a.v.Outcome == Slow {
				a.say(TopicUnknown, i18n.F("The evidence does not say what %[1]s did in that time: it sends no spans to this trace.",
					"%[1]s からはこのトレースのスパンが届いていないため、その間の処理内容は分かりません。", orOp(a.peerName(i), code(a.op[i], 80))), a.spans(i)...)
			}
		}
	}
	known := a.f.Usual.Endpoints[EndpointKey{v.Service, v.Env, a.span(a.main).Endpoint}].Count > 0 // said already that it is little
	if _, ok := a.usual(a.main); !ok && !known && (v.Outcome == Slow || v.Outcome == OK && v.Duration >= slowWithoutUsual) {
		switch {
		case a.f.Alone:
			a.say(TopicUnknown, i18n.T("What is usual is not known: a file holds this trace alone.", "ファイルにはこのトレースしか含まれないため、通常の所要時間とは比較していません。"))
		case a.span(a.main).Endpoint == "":
			a.say(TopicUnknown, i18n.T("What is usual is not known: the span that the trace is about is no request of a service.", "トレースの起点がサービスへのリクエストではないため、通常の所要時間とは比較していません。"))
		default:
			a.say(TopicUnknown, i18n.F("What is usual is not known: there were fewer than %d requests to this endpoint before.", "このエンドポイントの過去のリクエストが%d件未満のため、通常の所要時間とは比較していません。", enough))
		}
	}
	if a.f.More {
		a.say(TopicUnknown, i18n.T("The trace has more spans than were read; what is beyond them is not known.", "スパンが多いため一部だけを読み込んでいます。残りの内容は分かりません。"))
	}
	for _, u := range a.f.Unread {
		a.say(TopicUnknown, i18n.F("Could not be read in time: %s.", "時間内に読み取れませんでした: %s。", u))
	}
}

// steps say what to do next, what helps soonest first.
func (a *analysis) steps() {
	v := a.v
	add := func(kind string, text i18n.Text, link string) {
		if !slices.ContainsFunc(v.Steps, func(s Step) bool { return s.Kind == kind && s.Link == link }) {
			v.Steps = append(v.Steps, Step{kind, text, link})
		}
	}
	c := a.v.Cause
	if c.node >= 0 {
		o, owned := a.f.Owners[c.Service]
		if owned && o.Runbook != "" {
			add("runbook", i18n.F("Follow the runbook of %s", "%s のランブックに従う", c.Service), o.Runbook)
		}
		if g := a.group(); g != 0 {
			add("error_group", i18n.T("See all occurrences of this error", "このエラーの発生状況を見る"), "/errors/"+url.PathEscape(c.Service)+"/"+g.String())
		}
		if s := a.span(c.node); database(s) && s.Peer.Name != "" {
			add("statement", i18n.T("See how this statement does", "このクエリの実行状況を見る"), "/databases?peer="+escape(s.Peer.Name)+"&q="+escape(clip(opOf(s), 60)))
		}
		if a.item != nil && a.v.Outcome != OK {
			if h := a.holder(a.item.nodes[0]); h != nil {
				add("trace", i18n.T("See the request that was in the way", "待たせていた側のリクエストを見る"), "/traces/"+h.trace.String())
			}
		}
		if owned && o.Team != "" {
			add("owner", i18n.F("Talk to %s, who own %s", "%[2]s の担当チーム（%[1]s）に連絡する", o.Team, c.Service), "/services/"+url.PathEscape(c.Service))
		} else {
			add("owner", i18n.F("Look at %s", "%s の状況を見る", c.Service), "/services/"+url.PathEscape(c.Service))
		}
	}
	if m := a.f.Similar; m != nil && m.Count > 1 {
		add("search", i18n.F("Open the %s similar requests", "類似のリクエスト%s件を開く", i18n.Group(m.Count)), m.Link())
	}
	for _, s := range v.Sentences {
		if s.Topic == TopicChanged && s.Link != "" && strings.HasPrefix(s.Link, "/releases/") && v.Outcome != OK {
			add("release", i18n.T("Compare before and after the release", "リリース前後を比較する"), s.Link)
			break
		}
	}
	if e := a.span(a.main); v.Outcome == Slow && e.Endpoint != "" {
		add("endpoint", i18n.F("See how %s does over time", "%s の推移を見る", e.Endpoint), endpointLink(e.Service, e.Endpoint))
	}
}

// group is the group of errors that the cause belongs to, 0 for none.
func (a *analysis) group() telemetry.ShapeID {
	if a.blame == nil || a.v.Outcome == Slow {
		return 0
	}
	if k := a.span(a.blame.node).Error.ID; k != 0 {
		return k
	}
	if a.logged >= 0 && a.f.Logs[a.logged].Service == a.blame.Service {
		return a.f.Logs[a.logged].Error.ID
	}
	return 0
}
