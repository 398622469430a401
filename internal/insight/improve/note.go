package improve

import (
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/detect"
)

// Note is a proposal as a colleague would write it. Statements in it are shapes, without
// values.
type Note struct {
	Title i18n.Text
	Parts []Part
}

// Part is a headed part of a note, in Markdown.
type Part struct{ Head, Body i18n.Text }

// shownEndpoints is how many endpoints a note tells of; it says how many more there are.
const shownEndpoints = 3

// NoteOf writes a cause down. Standing tells how an endpoint stands to its level, link the
// address of a trace; either may be nil.
func NoteOf(c *Cause, standing func(Endpoint) (Standing, bool), link func(Evidence) string) Note {
	d, _ := detect.ByID(c.Detector)
	title := i18n.T(c.Detector, c.Detector)
	if d != nil {
		title = d.Title
	}
	at := c.Service + " " + c.Example.Endpoint
	n := Note{Title: i18n.F("%s in %s", "%[2]s：%[1]s", title, strings.TrimSpace(at))}
	add := func(en, ja string, body i18n.Text) {
		if !body.IsZero() {
			n.Parts = append(n.Parts, Part{i18n.T(en, ja), body})
		}
	}
	add("What", "何が起きているか", what(c))
	add("Where", "場所", where(c))
	add("Evidence", "根拠", evidence(c, link))
	add("Why it is slow", "なぜ遅いか", reasons[c.Detector])
	add("What to do", "直し方", Advice(c.Detector, c.Stack))
	add("What it is worth", "見込まれる効果", gain(c, standing))
	add("How we shall know", "効果の確かめ方", check(c))
	return n
}

// Markdown is the note in a language.
func (n Note) Markdown(l i18n.Lang) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", escape(n.Title.In(l)))
	for _, p := range n.Parts {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", p.Head.In(l), p.Body.In(l))
	}
	return b.String()
}

func what(c *Cause) i18n.Text {
	p := para{}
	p.say(i18n.T(stop(escape(c.Example.Why.En), "."), stop(escape(c.Example.Why.Ja), "。")))
	var of float64
	for _, e := range c.Endpoints {
		of += e.Of
	}
	low, high := about(c.Requests.Low), about(c.Requests.High)
	if c.Requests.Mid >= 0.995*of {
		p.say(i18n.F("Practically all of about %s requests a week have it (95 %% interval: %s or more).", "1週間のリクエスト約%s件の、ほぼすべてで起きています（95%%信頼区間の下限：%s件）。", about(of), low))
	} else {
		p.say(i18n.F("About %s of %s requests a week have it%s.", "1週間のリクエスト約%[2]s件のうち、約%[1]s件で起きています%[3]s。",
			about(c.Requests.Mid), about(of), interval(i18n.T(low, low), i18n.T(high, high+"件"))))
	}
	if c.ToldUser >= enoughTold {
		p.say(i18n.F("The sampled ones came from %s.", "調べたリクエストには、%sの利用者が含まれています。", people1(c.Users, c.Companies, c.ToldCompany)))
	}
	for _, e := range c.Endpoints {
		if e.Service != c.Service {
			p.say(i18n.F("The fix belongs in %s; the ones who wait are the users of %s.", "直す場所は %s ですが、待たされているのは %s の利用者です。", code(c.Service), code(e.Service+" "+e.Name)))
			break
		}
	}
	return p.text()
}

func people1(users, companies, told int) i18n.Text {
	t := i18n.F("%d different users", "%d人", users)
	if users == 1 {
		t = i18n.T("one user", "1人")
	}
	switch {
	case told < enoughTold:
	case companies == 1:
		t = i18n.F("%s of one company", "1社%s", t)
	default:
		t = i18n.F("%s of %d companies", "%[2]d社%[1]s", t, companies)
	}
	return t
}

func where(c *Cause) i18n.Text {
	var l list
	pl := c.Example.Place
	place := func(at detect.Code) string {
		s := at.Function
		if s != "" {
			s = code(s)
		}
		if at.File != "" {
			f := at.File
			if at.Line > 0 {
				f += fmt.Sprintf(":%d", at.Line)
			}
			if s == "" {
				return code(f)
			}
			s += " (" + code(f) + ")"
		}
		return s
	}
	if s := place(pl.Code); s != "" {
		l.add(i18n.F("Code: %s", "コード：%s", s))
	} else {
		l.add(i18n.F("The span %s of %s. Its code attributes (code.function.name, code.file.path) are not sent, so the line is not known.",
			"%[2]s のスパン %[1]s。コードの属性（code.function.name、code.file.path）が送られていないため、行は特定できません。", code(pl.Name), code(c.Service)))
	}
	if s := place(pl.Handler); s != "" {
		l.add(i18n.F("Handler: %s", "ハンドラー：%s", s))
	}
	if pl.Operation != "" && pl.Operation != pl.Name || pl.Operation != "" && pl.Function != "" {
		if pl.Peer != "" {
			l.add(i18n.F("Asks %s for: %s", "処理内容：%[2]s（接続先：%[1]s）", code(pl.Peer), code(pl.Operation)))
		} else {
			l.add(i18n.F("Does: %s", "処理内容：%s", code(pl.Operation)))
		}
	}
	for i, e := range c.Endpoints {
		if i == shownEndpoints {
			l.add(i18n.F("%d more endpoints", "ほかに%d個のエンドポイント", len(c.Endpoints)-i))
			break
		}
		l.add(i18n.F("Endpoint that is slow: %s", "影響を受けるエンドポイント：%s", code(e.Service+" "+e.Name)))
	}
	return l.text()
}

func evidence(c *Cause, link func(Evidence) string) i18n.Text {
	var l list
	sampled := 0
	for _, e := range c.Endpoints {
		sampled += e.Sampled
	}
	l.add(i18n.F("It shows in %d of %d sampled requests.", "調べたリクエスト%[2]d件のうち%[1]d件で見つかりました。", c.Sampled, sampled))
	for _, e := range c.Evidence {
		id := code(e.Trace.String())
		if link != nil {
			id = fmt.Sprintf("[%s](%s)", id, link(e))
		}
		if e.Saving > 0 {
			l.add(i18n.F("%s: %s, of which %s would be spared", "%s：所要時間%sのうち%sを短縮できる見込み", id, span(time.Duration(e.Duration)), span(time.Duration(e.Saving))))
		} else {
			l.add(i18n.F("%s: %s", "%s：所要時間%s", id, span(time.Duration(e.Duration))))
		}
	}
	level := map[string]i18n.Text{"high": i18n.T("high", "高"), "medium": i18n.T("medium", "中"), "possible": i18n.T("worth a look", "要確認")}[detect.Confidence{Score: c.Confidence}.Level()]
	p := para{}
	p.say(i18n.F("Confidence: %s.", "確度：%s。", level))
	for _, r := range c.Example.Confidence.Reasons {
		p.say(i18n.T(stop(escape(r.En), "."), stop(escape(r.Ja), "。")))
	}
	l.add(p.text())
	return l.text()
}

func gain(c *Cause, standing func(Endpoint) (Standing, bool)) i18n.Text {
	var l list
	for i, e := range c.Endpoints {
		if i == shownEndpoints {
			break
		}
		if e.After == e.Before {
			continue
		}
		t := i18n.F("%s: p95 %s → about %s%s", "%s：p95 %s → 約%s%s", code(e.Service+" "+e.Name), span(time.Duration(e.Before.P95)), roughly(e.After.P95), interval(roughly(e.AfterLow.P95), roughly(e.AfterHigh.P95)))
		if e.After.P50 < e.Before.P50 {
			t = i18n.F("%s, p50 %s → about %s", "%s、p50 %s → 約%s", t, span(time.Duration(e.Before.P50)), roughly(e.After.P50))
		}
		if standing != nil {
			if s, ok := standing(e.Endpoint); ok && s.State == Over {
				if time.Duration(e.After.P95) <= s.Limit {
					t = i18n.F("%s. That is within its level of %s.", "%s。基準値%s以内に収まる見込みです。", t, span(s.Limit))
				} else {
					t = i18n.F("%s. Its level of %s takes more than this.", "%s。基準値%sを満たすには、ほかの改善も必要です。", t, span(s.Limit))
				}
			}
		}
		l.add(t)
	}
	hours := func(r Range, alone float64, name i18n.Text) {
		if alone <= 0 && r.Mid <= 0 {
			return
		}
		t := i18n.F("%s: about %s less a month%s", "%s：月に約%s短縮%s", name, hoursText(r.Mid), interval(hoursText(r.Low), hoursText(r.High)))
		if r.Mid < 0.95*alone {
			t = i18n.F("%s, beyond what the proposals ranked above spare. Alone it would be %s.", "%s。上位の提案による短縮分を除いた値で、これだけを直した場合は%sです。", t, hoursText(alone))
		}
		l.add(t)
	}
	hours(c.Waiting, c.Alone.Waiting, i18n.T("Users' waiting", "利用者の待ち時間"))
	hours(c.Working, c.Alone.Working, i18n.T("Workers' time", "ワーカーの処理時間"))
	if len(l.items) == 0 {
		return i18n.T("The traces do not show that anybody would wait less: it is worth mending for what it risks, not for the time.",
			"待ち時間がどれだけ短くなるかは、トレースからは計算できません。速さよりも、障害のリスクを減らすための改善です。")
	}
	if c.Sampled < 10 {
		l.add(i18n.F("Only %d requests that have it were sampled: take these numbers for a first guess.", "該当するリクエストを%d件しか調べられていないため、数値は目安です。", c.Sampled))
	}
	return l.text()
}

func check(c *Cause) i18n.Text {
	if len(c.Endpoints) > 0 {
		if e := c.Endpoints[0]; e.After.P95 < e.Before.P95 {
			return i18n.F("Compare the p95 of %s in the same hours of the week before and after the release. It worked when p95 comes down to about %s and new traces no longer show this; when they no longer show it and p95 stays, the time went elsewhere.",
				"リリースの前後で、%s のp95を同じ曜日・時間帯どうしで比較します。p95が約%sまで下がり、新しいトレースでこの問題が見つからなくなれば効果ありです。問題が見つからなくなってもp95が下がらない場合は、別の箇所で時間がかかっています。",
				code(e.Service+" "+e.Name), roughly(e.After.P95))
		}
		if e := c.Endpoints[0]; c.Alone.Waiting+c.Alone.Working > 0 {
			return i18n.F("The requests that have it are too few to move the p95 of %s. It worked when new traces no longer show this, and requests that were slow because of it are as quick as the others.",
				"該当するリクエストが少ないため、%s のp95には表れません。新しいトレースでこの問題が見つからなくなり、これが原因で遅かったリクエストがほかと同じ速さになれば効果ありです。", code(e.Service+" "+e.Name))
		}
	}
	return i18n.T("It worked when new traces after the release no longer show this.", "リリース後の新しいトレースでこの問題が見つからなくなれば効果ありです。")
}

// para is sentences in a row, list a Markdown list.
type para struct{ en, ja []string }

func (p *para) say(t i18n.Text) { p.en, p.ja = append(p.en, t.En), append(p.ja, t.Ja) }

func (p *para) text() i18n.Text { return i18n.T(strings.Join(p.en, " "), strings.Join(p.ja, "")) }

type list struct{ items []i18n.Text }

func (l *list) add(t i18n.Text) { l.items = append(l.items, t) }

func (l *list) text() i18n.Text {
	var p para
	for _, t := range l.items {
		p.say(i18n.T("- "+t.En, "- "+t.Ja))
	}
	return i18n.T(strings.Join(p.en, "\n"), strings.Join(p.ja, "\n"))
}

// stop ends a sentence that does not end.
func stop(s, mark string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "。") {
		return s
	}
	return s + mark
}

// escape keeps what spans say from being read as Markdown.
var escaper = strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "`", "\\`", "<", "\\<", "[", "\\[", "]", "\\]", "\n", " ", "\r", " ")

func escape(s string) string { return escaper.Replace(s) }

// code is Markdown's, whatever the text holds.
func code(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}
