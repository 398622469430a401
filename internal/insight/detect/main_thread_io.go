package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	mainFor = iota
)

var mainThreadIO = &Detector{
	ID:    "main_thread_io",
	Title: i18n.T("Input and output on the main thread", "メインスレッドでの入出力"),
	Rule: i18n.T(
		"In a telephone's app, work on a file or a database, or a synchronous request, runs on the main thread for {duration} or more in all.",
		"モバイルアプリで、ファイル・データベースの処理や同期的な通信が、メインスレッドで合計{duration}以上実行されている。"),
	Advice: i18n.T("Move it off the main thread (Dispatchers.IO, a background queue) and show the screen meanwhile.",
		"メインスレッドの外（Dispatchers.IO、バックグラウンドキューなど）へ移し、その間は画面を表示してください。"),
	Params: []Param{
		lasts("duration", 16*ms, 16*ms, "time on the main thread", "メインスレッドの時間"),
	},
	trace: func(s *scan) {
		var by groups[sameKey, int]
		for i := range s.t.Nodes {
			f := &s.facts[i]
			if s.kind(i) != Mobile || f.inner || !onMainThread(s.t.Nodes[i].Span) {
				continue
			}
			if f.class == other && !fileWork(s.t.Nodes[i].Span) || f.class == queueSend {
				continue
			}
			k := sameKey{f.entry, 0, f.op.ID, f.peer}
			if f.class == other {
				k.path = f.path
			}
			by.add(k, i)
		}
		for _, g := range by.all {
			if s.limits(g[0]) == nil {
				continue
			}
			cand := s.try(g[0])
			d := s.covered(g)
			if !cand.atLeast(mainFor, d) {
				s.missed(cand, g, func() i18n.Text { return i18n.F("%s", "%s", s.opText(g[0])) })
				continue
			}
			s.fire(hit{
				at: g[0], place: g[0], nodes: g, cost: d, change: insight.Change{Remove: g}, key: "main\x00" + s.opText(g[0]),
				conf: sure(Certain, i18n.T("The spans name the main thread.", "スパンにメインスレッドと記録されています。")),
				why:  i18n.F("%s blocked the main thread for %s: %s", "%s がメインスレッドを%sブロックしています：%s", s.where(g[0]), dur(d), s.opText(g[0])),
			})
		}
	},
}

func onMainThread(s *telemetry.Span) bool {
	if attr(s, "blocked_main_thread") == "true" || attr(s, "thread.main") == "true" {
		return true
	}
	switch strings.ToLower(attr(s, "thread.name")) {
	case "main", "main thread", "ui", "com.apple.main-thread":
		return true
	}
	return false
}

func fileWork(s *telemetry.Span) bool {
	name := strings.ToLower(s.Name)
	return attr(s, "file.path") != "" || strings.HasPrefix(name, "file.") || strings.HasPrefix(name, "file ") || strings.Contains(name, "sharedpreferences") || strings.HasPrefix(name, "disk.")
}
