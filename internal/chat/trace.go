package chat

import (
	"context"
	"errors"
	"slices"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

func traceCommand() command {
	return command{
		args: i18n.T("TRACE_ID", "トレースID"),
		help: i18n.T("what happened to this request and why; a link, a traceparent or a log line with the ID will do", "そのリクエストで起きたことと原因。ID を含む URL・traceparent・ログの行でも構いません"),
		run:  explain,
	}
}

var marks = map[client.VerdictViewOutcome]string{"ok": "✅", "error": "🚨", "slow": "🐢", "timeout": "⏱️"}

// most sentences of an answer: the rest is on the page.
const mostSentences = 7

func explain(ctx context.Context, a *asked) (reply, error) {
	traceID, ok := insight.FindTraceID(a.text)
	if !ok {
		r := usage(a)
		r.title = a.say("There is no trace ID in %q", "「%s」にトレース ID が見つかりません", i18n.Short(a.text, 60))
		return r, nil
	}
	got, err := client.Do(a.api.GetTraceVerdictWithResponse(ctx, traceID.String(), client.Speak(string(a.lang))))
	var p *client.Problem
	if errors.As(err, &p) && p.Status == 404 {
		return reply{mark: "🔍", title: a.say("There is no trace %s", "トレース %s は見つかりません", traceID), private: true, text: []paragraph{{
			text: a.say("It may have been sampled away, have not arrived yet (a few seconds), or be older than traces are kept.",
				"サンプリングで除外されたか、未着（数秒かかります）か、保存期間を過ぎています。")}},
			links: []anchor{{a.say("How long traces are kept", "保存期間を確認"), a.link("/settings/retention")}}}, nil
	}
	if err != nil {
		return reply{}, err
	}
	v := got.JSON200
	r := reply{mark: marks[v.Outcome], title: v.Summary, links: []anchor{{a.say("Open the trace", "トレースを開く"), a.link("/traces/" + v.TraceID)}}}
	for i, s := range v.Sentences {
		if s.Text == v.Summary {
			continue
		}
		if len(r.text) == mostSentences {
			r.text = append(r.text, paragraph{text: a.say("%d more sentences are on the page.", "続き（%d 件）は画面で確認できます。", len(v.Sentences)-i)})
			break
		}
		r.text = append(r.text, paragraph{text: s.Text, links: a.evidence(v.TraceID, s.Evidence)})
	}
	for _, u := range v.Unread {
		r.text = append(r.text, paragraph{text: a.say("Not read in time: %s", "時間内に読み取れませんでした: %s", u)})
	}
	for _, n := range v.Next {
		if len(r.links) < 4 && n.Link != "" {
			r.links = append(r.links, anchor{n.Text, a.link(n.Link)})
		}
	}
	// A picture is worth its time, not the answer.
	if t, err := client.Do(a.api.GetTraceWithResponse(ctx, v.TraceID, client.Speak(string(a.lang)))); err == nil {
		r.picture = t.JSON200
	}
	return r, nil
}

// evidence leads to the spans and logs that a sentence stands on.
func (a *asked) evidence(traceID string, ids []client.VerdictEvidence) (out []anchor) {
	for _, e := range ids {
		if len(out) == 3 {
			break
		}
		switch e.Type {
		case "span":
			out = append(out, anchor{a.say("span", "スパン"), a.link("/traces/"+traceID, "span", e.ID)})
		case "log":
			if !slices.ContainsFunc(out, func(x anchor) bool { return x.text == a.say("log", "ログ") }) {
				out = append(out, anchor{a.say("log", "ログ"), a.link("/traces/"+traceID, "logs", "1")})
			}
		}
	}
	return out
}
