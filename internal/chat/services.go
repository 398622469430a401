package chat

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

func serviceCommand() command {
	return command{
		name: "service", args: i18n.T("NAME", "名前"),
		help: i18n.T("how a service does now, against a week ago", "サービスの現在の状態（1 週間前との比較）"),
		run:  service,
	}
}

func service(ctx context.Context, a *asked) (reply, error) {
	name, env, _ := strings.Cut(a.text, " ")
	if name == "" {
		return usage(a), nil
	}
	from, to, week, one := "-1h", "now", client.GetServiceParamsCompareWeek, int64(1)
	p := &client.GetServiceParams{From: &from, To: &to, Compare: &week, Steps: &one}
	if env = strings.TrimSpace(env); env != "" {
		p.Env = &env
	}
	got, err := client.Do(a.api.GetServiceWithResponse(ctx, name, p, client.Speak(string(a.lang))))
	if err != nil {
		return reply{}, err
	}
	v := got.JSON200
	page := "/services/" + url.PathEscape(name)
	r := reply{mark: "📈", title: a.say("%s in the last hour", "%s（直近 1 時間）", name), links: []anchor{{a.say("Open the service", "サービスを開く"), a.link(page, "from", "-1h")}}}
	if v.Requests.Count == 0 {
		r.mark = "🔇"
		r.text = append(r.text, paragraph{text: a.say("It took no request in this hour.", "この 1 時間にリクエストはありません。")})
		return r, nil
	}
	r.text = append(r.text, paragraph{text: a.say("%s requests, %s failed, p50 %s, p95 %s, p99 %s", "リクエスト %s 件、エラー率 %s、p50 %s、p95 %s、p99 %s",
		i18n.Group(v.Requests.Count), percent(v.Requests), ms(v.Requests.P50Ns), ms(v.Requests.P95Ns), ms(v.Requests.P99Ns))})
	if b := v.Before; b != nil && b.Count > 0 {
		r.text = append(r.text, paragraph{head: a.say("A week ago", "1 週間前"), text: a.say("%s requests, %s failed, p95 %s", "リクエスト %s 件、エラー率 %s、p95 %s", i18n.Group(b.Count), percent(*b), ms(b.P95Ns))})
	}
	if share(v.Requests) > 0.01 {
		r.mark = "🚨"
	}
	for i, e := range v.Endpoints {
		if i == 5 {
			break
		}
		r.text = append(r.text, paragraph{head: e.Endpoint, text: a.say("%s requests, %s failed, p95 %s", "リクエスト %s 件、エラー率 %s、p95 %s", i18n.Group(e.Requests.Count), percent(e.Requests), ms(e.Requests.P95Ns)),
			links: []anchor{{a.say("open", "開く"), a.link(page+"/endpoint", "endpoint", e.Endpoint, "from", "-1h")}}})
	}
	slices.SortFunc(v.Versions, func(x, y client.VersionView) int { return cmp.Compare(y.First.UnixNano(), x.First.UnixNano()) })
	if len(v.Versions) > 0 {
		newest := v.Versions[0]
		r.text = append(r.text, paragraph{head: a.say("Newest version", "最新バージョン"), text: fmt.Sprintf("%s (%s)", newest.Version, newest.First.UTC().Format("2006-01-02 15:04 UTC"))})
	}
	return r, nil
}

func errorsCommand() command {
	return command{
		name: "errors", args: i18n.T("[SERVICE]", "[サービス]"),
		help: i18n.T("what fails most in the last hour", "直近 1 時間に多いエラー"),
		run:  failing,
	}
}

func failing(ctx context.Context, a *asked) (reply, error) {
	from, to, limit, one := "-1h", "now", int64(5), int64(1)
	p := &client.ListErrorsParams{From: &from, To: &to, Limit: &limit, Steps: &one}
	r := reply{mark: "🚨", title: a.say("Errors in the last hour", "直近 1 時間のエラー")}
	search := []string{"from", "-1h"}
	if name := strings.TrimSpace(a.text); name != "" {
		p.Service = &name
		r.title = a.say("Errors of %s in the last hour", "%s の直近 1 時間のエラー", name)
		search = append(search, "service", name)
	}
	r.links = []anchor{{a.say("Open the inbox", "エラー一覧を開く"), a.link("/errors", search...)}}
	got, err := client.Do(a.api.ListErrorsWithResponse(ctx, p, client.Speak(string(a.lang))))
	if err != nil {
		return reply{}, err
	}
	if len(got.JSON200.Items) == 0 {
		r.mark = "✅"
		r.text = []paragraph{{text: a.say("None.", "ありません。")}}
		return r, nil
	}
	for _, g := range got.JSON200.Items {
		who := ""
		if g.Users > 0 {
			who = a.say(", %s users", "、影響ユーザー %s 人", i18n.Group(g.Users))
		}
		r.text = append(r.text, paragraph{head: i18n.Short(g.Service+" · "+g.Type, 100),
			text:  i18n.Short(g.Message, 200) + "\n" + a.say("%s times%s", "%s 件%s", i18n.Group(g.Count), who),
			links: []anchor{{a.say("open", "開く"), a.link("/errors/"+url.PathEscape(g.Service)+"/"+g.ID, "from", "-1h")}}})
	}
	return r, nil
}
