package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type releaseLs struct {
	remote
	Since   string `help:"${since}" default:"168h" placeholder:"168h"`
	Env     string `help:"${only_env}" placeholder:"NAME"`
	Service string `help:"${release_only}" placeholder:"NAME"`
	Team    string `help:"${release_team}" placeholder:"NAME"`
	Product string `help:"${release_product}" placeholder:"NAME"`
	Limit   int64  `help:"${limit}" default:"30"`
}

// glanced is a release with what it changed; nothing is known of one that is too young.
type glanced struct {
	client.ReleaseView
	Effect *client.GlanceView `json:"effect,omitempty"`
}

func (c releaseLs) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	limit := min(max(c.Limit, 1), 100)
	r, err := client.Do(api.ListReleasesWithResponse(s.ctx, &client.ListReleasesParams{
		From: ptr("-" + strings.TrimPrefix(c.Since, "-")), Env: &c.Env, Service: &c.Service, Team: &c.Team, Product: &c.Product, Limit: &limit,
	}))
	if err != nil {
		return err
	}
	all := make([]glanced, len(r.JSON200.Items))
	ids := make([]string, len(all))
	for i, v := range r.JSON200.Items {
		all[i].ReleaseView, ids[i] = v, v.ID
	}
	if len(ids) > 0 {
		e, err := client.Do(api.ListReleaseEffectsWithResponse(s.ctx, &client.ListReleaseEffectsParams{Ids: ids}))
		if err != nil {
			return err
		}
		by := map[string]*client.GlanceView{}
		for i := range e.JSON200.Items {
			by[e.JSON200.Items[i].ID] = &e.JSON200.Items[i]
		}
		for i := range all {
			all[i].Effect = by[all[i].ID]
		}
	}
	if c.JSON {
		return s.print(all)
	}
	if len(all) == 0 {
		return s.nothing(i18n.T("No release in this time.", "この期間のリリースはありません。"))
	}
	t := newTable(s.all(
		i18n.T("TIME", "時刻"), i18n.T("SERVICE", "サービス"), i18n.T("ENV", "環境"), i18n.T("VERSION", "バージョン"),
		i18n.T("BY", "実施者"), i18n.T("ERRORS", "エラー率"), i18n.T("P95", "p95"), i18n.T("ID", "ID"))...)
	for _, v := range all {
		version := v.Version
		if v.Rollback {
			version += s.text(i18n.T(" (rollback)", "（ロールバック）"))
		}
		service := v.Service
		if !v.Known {
			service += s.text(i18n.T(" (never seen)", "（受信なし）"))
		}
		failing, slow := "-", "-"
		if v.Effect != nil {
			failing, slow = turned(v.Effect.Before, v.Effect.After)
			failing, slow = failing+sign(string(v.Effect.Errors)), slow+sign(string(v.Effect.Latency))
		}
		t.row(c.at(v.At), oneLine(service), oneLine(v.Env), oneLine(version), oneLine(v.Author), failing, slow, v.ID)
	}
	return t.write(s.Stdout)
}

// turned is the share of failed requests and the p95 on both sides.
func turned(before, after client.RedView) (failing, slow string) {
	side := func(r client.RedView) (string, string) {
		if r.Count == 0 {
			return "-", "-"
		}
		return percent(uint64(r.Errors), uint64(r.Count)), duration(float64(r.P95Ns))
	}
	e0, p0 := side(before)
	e1, p1 := side(after)
	return e0 + " → " + e1, p0 + " → " + p1
}

func sign(turn string) string {
	switch turn {
	case "worse":
		return " ▲"
	case "better":
		return " ▼"
	}
	return ""
}

type releaseShow struct {
	remote
	ID      string        `arg:"" help:"${release_id}"`
	Window  time.Duration `help:"${release_window}" default:"1h" placeholder:"1h"`
	Against string        `help:"${release_against}" enum:"before,day,week" default:"before"`
}

func (c releaseShow) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	id := c.ID
	if _, after, ok := strings.Cut(id, "/releases/"); ok {
		id, _, _ = strings.Cut(after, "?")
	}
	against := client.GetReleaseEffectParamsAgainst(c.Against)
	r, err := client.Do(api.GetReleaseEffectWithResponse(s.ctx, id, &client.GetReleaseEffectParams{Window: ptr(c.Window.String()), Against: &against}))
	if err != nil {
		return err
	}
	v := r.JSON200
	if c.JSON {
		return s.print(v)
	}
	var b strings.Builder
	say := func(t i18n.Text) { b.WriteString(s.text(t) + "\n") }
	rel := v.Release
	b.WriteString(oneLine(strings.Join(strings.Fields(rel.Service+" "+rel.Version+" "+rel.Env), " ")) + " · " + c.at(rel.At) + "\n")
	for _, one := range []struct {
		name  i18n.Text
		value string
	}{
		{i18n.T("By", "実施者"), rel.Author}, {i18n.T("Commit", "コミット"), rel.Commit}, {i18n.T("Link", "リンク"), rel.URL},
		{i18n.T("Changes", "差分"), v.DiffURL}, {i18n.T("Note", "メモ"), rel.Note},
	} {
		if one.value != "" {
			b.WriteString("  " + s.text(one.name) + ": " + oneLine(one.value) + "\n")
		}
	}
	if !rel.Known {
		say(i18n.F("No telemetry of a service %q has ever come: it is yet to start, or its name is misspelt.",
			"サービス %q のテレメトリーは一度も届いていません。起動前か、サービス名が間違っている可能性があります。", rel.Service))
	}
	w := v.Window
	say(i18n.F("After  %s – %s", "リリース後 %s 〜 %s", c.at(w.From), c.at(w.To)))
	say(i18n.F("Before %s – %s", "比較対象   %s 〜 %s", c.at(w.BeforeFrom), c.at(w.BeforeTo)))
	t := newTable(s.all(i18n.T("ENDPOINT", "エンドポイント"), i18n.T("REQUESTS", "リクエスト数"), i18n.T("ERRORS", "エラー率"), i18n.T("P95", "p95"))...)
	line := func(name string, before, after client.RedView, failed, waited string) {
		failing, slow := turned(before, after)
		t.row(oneLine(name), i18n.Group(uint64(before.Count))+" → "+i18n.Group(uint64(after.Count)), failing+sign(failed), slow+sign(waited))
	}
	line(s.text(i18n.T("all", "全体")), v.Requests.Before, v.Requests.After, string(v.Requests.Errors), string(v.Requests.Latency))
	for _, e := range v.Endpoints {
		line(e.Endpoint, e.Before, e.After, string(e.Errors), string(e.Latency))
	}
	if err := t.write(&b); err != nil {
		return err
	}
	groups := func(title i18n.Text, all []client.GroupEffectView) {
		if len(all) == 0 {
			return
		}
		b.WriteString("\n" + s.text(title) + "\n")
		for _, g := range all {
			b.WriteString(oneLine(fmt.Sprintf("  %s → %s  %s: %s", i18n.Group(uint64(g.Before)), i18n.Group(uint64(g.Count)), g.Type, g.Message)) + "\n")
		}
	}
	groups(i18n.T("New errors since", "リリース後に初めて発生したエラー"), v.NewErrors)
	groups(i18n.T("Errors gone since", "リリース後に発生しなくなったエラー"), v.GoneErrors)
	if len(v.Instances) > 0 {
		versions := map[string]int{}
		var order []string
		for _, i := range v.Instances {
			if versions[i.Version]++; versions[i.Version] == 1 {
				order = append(order, i.Version)
			}
		}
		b.WriteString("\n" + s.text(i18n.T("Instances", "インスタンス")) + "\n")
		for _, version := range order {
			b.WriteString(fmt.Sprintf("  %s: %d\n", oneLine(version), versions[version]))
		}
	}
	_, err = fmt.Fprint(s.Stdout, b.String())
	return err
}
