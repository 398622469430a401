package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	queueCount = iota
	queueFor
)

var http1Queueing = &Detector{
	ID:    "http1_queueing",
	Title: i18n.T("Queueing behind HTTP/1.1", "HTTP/1.1による待ち行列"),
	Rule: i18n.T(
		"In a browser, at least {count} requests go to one host over HTTP/1.1, and the longest waits {wait} or more for a free connection.",
		"ブラウザーで、1つのホストへHTTP/1.1のリクエストが{count}件以上送られ、接続の空きを最長{wait}以上待っている。"),
	Advice: i18n.T("Serve that host over HTTP/2 or HTTP/3.", "そのホストをHTTP/2またはHTTP/3で配信してください。"),
	Params: []Param{
		count("count", 7, 7, "requests to the host", "ホストへのリクエスト数"),
		lasts("wait", 100*ms, 100*ms, "the longest wait", "最長の待ち時間"),
	},
	trace: func(s *scan) {
		type key struct {
			entry int32
			host  string
		}
		var by groups[key, int]
		for i := range s.t.Nodes {
			if s.kind(i) != Browser {
				continue
			}
			span := s.t.Nodes[i].Span
			a, ok := assetOf(span)
			if !ok || !strings.HasPrefix(attr(span, "network.protocol.version"), "1") && !strings.HasPrefix(strings.ToLower(attr(span, "network.protocol.name")), "http/1") {
				continue
			}
			by.add(key{s.facts[i].entry, a.host}, i)
		}
		for _, g := range by.all {
			if s.limits(g[0]) != nil {
				s.queued(byStart(s.t, g))
			}
		}
	},
}

// queued is how long requests of one host waited between being wanted and being sent,
// without the time of connecting.
func (s *scan) queued(g []int) {
	longest := int64(0)
	take := map[int]int64{}
	var waited []int
	for _, i := range g {
		from, ok := s.eventAt(i, "fetchStart")
		if !ok {
			from = s.t.Nodes[i].Start
		}
		to, ok := s.eventAt(i, "requestStart")
		if !ok {
			continue
		}
		if a, ok := s.eventAt(i, "domainLookupStart", "connectStart"); ok && a >= from {
			if b, ok := s.eventAt(i, "connectEnd"); ok && b > a {
				to -= b - a
			}
		}
		if w := to - from; w > 0 {
			longest = max(longest, w)
			if w > touching {
				take[i] = s.t.Nodes[i].Duration - w
				waited = append(waited, i)
			}
		}
	}
	cand := s.try(g[0])
	cand.atLeast(queueCount, int64(len(g)))
	cand.atLeast(queueFor, longest)
	a, _ := assetOf(s.t.Nodes[g[0]].Span)
	if !cand.ok() {
		s.missed(cand, g, func() i18n.Text {
			return i18n.F("%d requests to %s", "%[2]s への%[1]d件のリクエスト", len(g), a.host)
		})
		return
	}
	s.fire(hit{
		at: g[0], place: g[0], nodes: waited, cost: min(longest, s.covered(waited)), key: "http1\x00" + a.host, change: insight.Change{Take: take},
		conf: sure(Certain, i18n.T("The browser tells when each was sent.", "ブラウザーが送信開始の時刻を記録しています。")),
		why: i18n.F("%s sent %d requests to %s over HTTP/1.1; they waited up to %s for a connection", "%s が %[3]s へHTTP/1.1で%[2]d件のリクエストを送り、接続の空きを最長%[4]s待っています",
			s.where(g[0]), len(g), a.host, dur(longest)),
	})
}
