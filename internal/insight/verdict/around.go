package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var whens = [...]i18n.Text{
	LastWeek:  i18n.T("the same hour last week", "先週の同じ時間帯"),
	Yesterday: i18n.T("the same hour yesterday", "前日の同じ時間帯"),
	DayBefore: i18n.T("the 24 hours before", "直前の24時間"),
}

// endpointLink is the page of a request's endpoint.
func endpointLink(service, endpoint string) string {
	return "/services/" + escape(service) + "/endpoint?endpoint=" + escape(endpoint)
}

// tellUsual says what is usual of this endpoint.
func (a *analysis) tellUsual() {
	s := a.span(a.main)
	u, ok := a.f.Usual.Endpoints[EndpointKey{s.Service, s.Env, s.Endpoint}]
	if !ok || u.Count == 0 || s.Endpoint == "" {
		return
	}
	rate := i18n.T("none of them failed", "失敗はありませんでした")
	if u.Errors > 0 {
		rate = i18n.F("%s of them failed", "エラー率は%sでした", percent(part(u.Errors, u.Count)))
	}
	text := i18n.F("Usually it takes %s (p95 %s): %s requests in %s, %s.", "通常の所要時間は%s（p95 %s）です。%[4]sは%[3]s件のリクエストがあり、%[5]s。",
		dur(u.P50), dur(u.P95), i18n.Group(u.Count), whens[u.When], rate)
	if u.Count < enough {
		text = i18n.T(text.En+" So few say little.", text.Ja+"件数が少ないため参考値です。")
	}
	a.say(TopicUsual, text).Link = endpointLink(s.Service, s.Endpoint)
}

// maxUnusual bounds the list of what is not as usual.
const maxUnusual = 8

// tellUnusual lists spans that took far longer than they usually do, and fail more than
// they usually do.
func (a *analysis) tellUnusual() {
	type found struct {
		i      int
		u      Usual
		excess int64
	}
	var slow []found
	for i := range a.nodes {
		u, ok := a.usual(i)
		if !ok {
			continue
		}
		if d := a.nodes[i].Duration; over(d, u) {
			slow = append(slow, found{i, u, d - u.P50})
		}
	}
	slices.SortStableFunc(slow, func(x, y found) int { return cmp.Or(cmp.Compare(y.excess, x.excess), cmp.Compare(x.i, y.i)) })
	for _, f := range slow[:min(len(slow), maxUnusual)] {
		d := a.nodes[f.i].Duration
		s := a.span(f.i)
		a.v.Unusual = append(a.v.Unusual, Unusual{
			Kind: "duration", Evidence: a.spans(f.i), Measured: d, Usual: f.u.P50, Factor: float64(d) / float64(max(f.u.P50, 1)),
			Text: i18n.F("%s in %s took %s, usually %s (p95 %s)", "%[2]s の %[1]s に%[3]sかかりました（通常%[4]s、p95 %[5]s）", code(a.op[f.i], 80), s.Service, dur(d), dur(f.u.P50), dur(f.u.P95)),
		})
	}
	if c := a.blame; c != nil && c.node != a.main {
		if u, ok := a.usual(c.node); ok && c.Kind == CauseError && a.state[c.node].bad() && part(u.Errors, u.Count) < 0.05 {
			rate := i18n.T("it never failed", "失敗はありませんでした")
			if u.Errors > 0 {
				rate = i18n.F("%s of them failed", "エラー率は%sでした", percent(part(u.Errors, u.Count)))
			}
			a.v.Unusual = append(a.v.Unusual, Unusual{Kind: "errors", Evidence: a.spans(c.node),
				Text: i18n.F("%s in %s failed; of %s in %s, %s", "%[2]s の %[1]s が失敗しました。%[4]sは%[3]s件のうち、%[5]s", code(a.op[c.node], 80), c.Service, i18n.Group(u.Count), whens[u.When], rate)})
		}
	}
}

// maxDiffers bounds what is told of values that the bad ones have in common.
const maxDiffers = 3

// tellDiffers says what the failing or slow requests have that the others have not, of what
// this one has too.
func (a *analysis) tellDiffers() {
	told := 0
	for _, d := range a.f.Contrast {
		i := a.having(d.Key, d.Value)
		if i < 0 {
			continue
		}
		chosen := i18n.T("failing", "失敗した")
		if a.f.Versus.Slow {
			chosen = i18n.T("slow", "遅い")
		}
		text := i18n.F("%s is %s in %s of the %s requests, and in %s of the others; here too", "%[4]sリクエストの%[3]sで %[1]s が %[2]s です（それ以外では%[5]s）。このリクエストも該当します",
			d.Key, code(d.Value, 80), percent(d.ChosenPart), chosen, percent(d.OthersPart))
		a.v.Unusual = append(a.v.Unusual, Unusual{Kind: "attribute", Key: d.Key, Value: d.Value, Text: text, Evidence: a.spans(i)})
		if told < maxDiffers {
			told++
			a.say(TopicDiffers, i18n.T(sentence(text.En), stop(text.Ja)), a.spans(i)...)
		}
	}
}

// having is the span of the endpoint that was compared, if it has a value; -1 if not.
func (a *analysis) having(key, value string) int {
	vs := a.f.Versus
	for i := range a.nodes {
		s := a.span(i)
		if (i == a.main && vs.Endpoint == "" || s.Endpoint != "" && s.Endpoint == vs.Endpoint && s.Service == vs.Service) && has(s, key, value) {
			return i
		}
	}
	return -1
}

func has(s *telemetry.Span, key, value string) bool {
	switch key {
	case "service":
		return s.Service == value
	case "env":
		return s.Env == value
	case "version":
		return s.Version == value
	case "instance":
		return s.Instance == value
	case "host":
		return s.Host == value
	}
	if key, ok := cutPrefix(key, "resource."); ok {
		v, ok := telemetry.Get(s.Source.Attrs, key)
		return ok && v == value
	}
	key, _ = cutPrefix(key, "attributes.")
	v, ok := telemetry.Get(s.Attrs, key)
	return ok && v == value
}

// tellSimilar says whether it is alone.
func (a *analysis) tellSimilar() {
	m := a.f.Similar
	if m == nil {
		return
	}
	what := i18n.T("failed", "失敗しています")
	switch {
	case m.Slow:
		what = i18n.F("took longer than %s", "%sを超えています", dur(m.Than))
	case m.Group != 0:
		what = i18n.T("failed with the same error", "同じエラーで失敗しています")
	}
	of := i18n.T("to this endpoint", "同じエンドポイント")
	if m.Endpoint != a.span(a.main).Endpoint || m.Service != a.v.Service {
		of = i18n.F("to %s of %s", " %[2]s の %[1]s ", m.Endpoint, m.Service)
	}
	if m.Count <= 1 {
		a.say(TopicSimilar, i18n.T(
			"It is alone: of the "+i18n.Group(m.Requests)+" requests "+of.En+" within half an hour before and after no other one "+what.En+".",
			"単発です。前後30分に"+of.Ja+"へのリクエストは"+i18n.Group(m.Requests)+"件ありますが、ほかに"+soloJa(m)+"ものはありません。")).Link = m.Link()
		return
	}
	text := i18n.F("It is one of many: %[1]s of the %[2]s requests %[5]s within half an hour before and after (%[3]s) %[4]s", "単発ではありません。前後30分の%[5]sへのリクエスト%[2]s件のうち%[1]s件（%[3]s）が%[4]s",
		i18n.Group(m.Count), i18n.Group(m.Requests), percent(part(m.Count, m.Requests)), what, of)
	if m.Users > 0 {
		text = i18n.T(
			text.En+"; "+i18n.Group(m.Users)+plural(int(m.Users), " user is hit", " users are hit"),
			text.Ja+"。影響を受けたユーザーは"+i18n.Group(m.Users)+"人です")
	}
	a.say(TopicSimilar, i18n.T(sentence(text.En), stop(text.Ja))).Link = m.Link()
	if n := len(m.Versions); n == 1 && m.Versions[0].Value != "" && m.Versions[0].Count == m.Count && m.Count >= 3 && m.Running > 1 {
		a.say(TopicSimilar, i18n.F("All of them are of version %s of %s.", "すべて %[2]s のバージョン %[1]s で発生しています。", m.Versions[0].Value, m.Service)).Link = m.Link()
	}
}

func soloJa(m *Similar) string {
	switch {
	case m.Slow:
		return dur(m.Than).Ja + "を超えた"
	case m.Group != 0:
		return "同じエラーで失敗した"
	}
	return "失敗した"
}

// Link is the list of the similar requests.
func (m *Similar) Link() string {
	return "/traces?filter=" + escape(m.Filter) + "&from=" + escape(m.Range.From.UTC().Format(time.RFC3339)) + "&to=" + escape(m.Range.To.UTC().Format(time.RFC3339))
}

// maxChanged bounds what is told of changes.
const maxChanged = 3

// tellChanged says what happened beside the telemetry shortly before: to the service where
// it began first.
func (a *analysis) tellChanged() {
	involved := map[string]bool{"": true}
	for i := range a.nodes {
		involved[a.span(i).Service] = true
		if a.span(i).Kind == telemetry.KindClient {
			host, _, _ := strings.Cut(a.peerName(i), ":")
			involved[host] = true
		}
	}
	near := slices.Clone(a.f.Changes)
	near = slices.DeleteFunc(near, func(c Change) bool { return !involved[c.Service] || c.At > a.v.Start && !c.Ongoing })
	first := func(c Change) bool { return c.Service == a.v.Cause.Service && c.Service != "" }
	slices.SortStableFunc(near, func(x, y Change) int {
		if first(x) != first(y) {
			if first(x) {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.At, x.At), cmp.Compare(x.Service, y.Service), cmp.Compare(x.Title.En, y.Title.En))
	})
	for _, c := range near[:min(len(near), maxChanged)] {
		ago := dur(max(a.v.Start-c.At, 0))
		text := i18n.F("%s before, %s.", "このリクエストの%s前に「%s」がありました。", ago, c.Title)
		if c.Ongoing {
			text = i18n.F("This was going on: %s (since %s before).", "「%s」が継続中でした（%s前から）。", c.Title, ago)
		}
		if first(c) && a.v.Outcome != OK {
			text = i18n.T(text.En+" That is the service where the cause lies.", text.Ja+"原因のあるサービスの変更です。")
		}
		node := a.main
		for i := range a.nodes {
			if a.span(i).Service == c.Service {
				node = i
				break
			}
		}
		if first(c) && a.v.Cause.node >= 0 {
			node = a.v.Cause.node
		}
		a.say(TopicChanged, text, a.spans(node)...).Link = c.Link
	}
}
