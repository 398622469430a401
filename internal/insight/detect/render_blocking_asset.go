package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	blockFor = iota
)

var renderBlockingAsset = &Detector{
	ID:    "render_blocking_asset",
	Title: i18n.T("An asset that blocks rendering", "描画をブロックするアセット"),
	Rule: i18n.T(
		"In a browser, a script or style sheet that blocks rendering takes {duration} or more to come, before anything is painted.",
		"ブラウザーで、描画をブロックするスクリプトまたはスタイルシートの取得に{duration}以上かかり、その間何も描画されていない。"),
	Advice: i18n.T("Load it with defer or async, inline what the first screen needs, or split it.",
		"deferやasyncで読み込む、最初の画面に必要な分だけインライン化する、分割するなどしてください。"),
	Params: []Param{
		lasts("duration", 300*ms, 300*ms, "time to come", "取得時間"),
	},
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			if s.kind(i) != Browser || s.limits(i) == nil {
				continue
			}
			a, ok := assetOf(s.t.Nodes[i].Span)
			if !ok || a.ext != "css" && a.ext != "js" && a.ext != "mjs" {
				continue
			}
			s.blocking(i, a)
		}
	},
}

func (s *scan) blocking(i int, a asset) {
	n := &s.t.Nodes[i]
	status := ""
	for _, at := range n.Span.Attrs {
		if strings.HasSuffix(at.Key, "render_blocking_status") || strings.HasSuffix(at.Key, "renderBlockingStatus") {
			status = at.Value
		}
	}
	painted, known := int64(0), false
	for p := n.Parent; p >= 0; p = s.t.Nodes[p].Parent {
		if painted, known = s.eventAt(p, "firstContentfulPaint", "firstPaint", "first-contentful-paint", "first-paint"); known {
			break
		}
	}
	cand := s.try(i)
	cand.atLeast(blockFor, n.Duration)
	cand.must(status == "blocking" || status == "" && known, i18n.T("nothing says that it blocks rendering", "描画をブロックするという記録がない"))
	if known {
		cand.must(n.End() <= painted+touching, i18n.T("something was painted before it came", "取得完了より前に描画が始まっている"))
	}
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s", "%s", shortURL(a.url)) })
		return
	}
	conf := sure(Certain, i18n.T("The browser says that it blocks rendering.", "ブラウザーが描画をブロックすると記録しています。"))
	if status == "" {
		conf = sure(Fair, i18n.T("It came before the first paint; the browser does not say whether it was waited for.", "最初の描画より前に取得されていますが、描画がこれを待ったかどうかは記録されていません。"))
	}
	s.fire(hit{
		at: i, place: i, nodes: []int{i}, cost: n.Duration, conf: conf, key: "asset\x00" + a.host + "\x00" + a.ext, change: insight.Change{Remove: []int{i}},
		why: i18n.F("%s painted nothing for %s while it fetched %s", "%s が %[3]s の取得中、%[2]s何も描画していません", s.where(i), dur(n.Duration), shortURL(a.url)),
	})
}
