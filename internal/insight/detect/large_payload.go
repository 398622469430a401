package detect

import (
	"strconv"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	payloadSize = iota
	payloadFor
)

var largePayload = &Detector{
	ID:    "large_payload",
	Title: i18n.T("A large payload", "大きなペイロード"),
	Rule: i18n.T(
		"A request, an answer or a message has {size} or more, and the call takes {duration} or more.",
		"リクエスト、レスポンス、メッセージのいずれかが{size}以上あり、その呼び出しに{duration}以上かかっている。"),
	Advice: i18n.T("Send less: pages, chosen fields, compression, or a reference in place of the content.",
		"ページング、フィールドの選択、圧縮、内容の代わりに参照を渡すなどで、送る量を減らしてください。"),
	Params: []Param{
		bytes("size", 300*kb, 5000*kb, "its size", "サイズ"),
		lasts("duration", 100*ms, 1000*ms, "time of the call", "呼び出しの時間"),
	},
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			span := s.t.Nodes[i].Span
			n, what := payload(span)
			if n == 0 || s.limits(i) == nil {
				continue
			}
			if span.Kind == telemetry.KindClient {
				if c := s.callee(i); c >= 0 {
					if m, _ := payload(s.t.Nodes[c].Span); m >= n/2 {
						continue // told where it is made
					}
				}
			}
			s.large(i, n, what)
		}
	},
}

// payload is the larger of what a span sent and got, in bytes.
func payload(span *telemetry.Span) (n int64, what i18n.Text) {
	for _, a := range span.Attrs {
		var name i18n.Text
		switch a.Key {
		case "http.response.body.size", "rpc.response.size", "rpc.server.response.size", "http.response.size":
			name = i18n.T("an answer", "レスポンス")
		case "http.request.body.size", "rpc.request.size", "rpc.server.request.size", "http.request.size":
			name = i18n.T("a request", "リクエスト")
		case "messaging.message.body.size", "messaging.message.envelope.size":
			name = i18n.T("a message", "メッセージ")
		default:
			continue
		}
		if v, err := strconv.ParseInt(a.Value, 10, 64); err == nil && v > n {
			n, what = v, name
		}
	}
	return n, what
}

func (s *scan) large(i int, n int64, what i18n.Text) {
	d := s.t.Nodes[i].Duration
	cand := s.try(i)
	cand.atLeast(payloadSize, n)
	cand.atLeast(payloadFor, d)
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s of %s", "%[2]sの%[1]s", what, size(n)) })
		return
	}
	// Of the span's own time, what exceeds the size is taken to be spared.
	own := s.t.Nodes[i].Self
	limit := cand.limit(payloadSize)
	s.fire(hit{
		at: i, place: i, nodes: []int{i}, cost: d, key: "payload\x00" + s.endpoint(s.entryNode(i)) + "\x00" + s.facts[i].op.Text,
		conf:   sure(Fair, i18n.T("The size is told by the span; how much of the time it costs is an estimate.", "サイズはスパンの記録ですが、それによる時間は推定です。")),
		change: insight.Change{Skip: s.tail(i, own-own*limit/n)},
		why: i18n.F("%[1]s had %[2]s of %[3]s, in a call of %[4]s", "%[1]s で%[3]sの%[2]sがやり取りされ、呼び出しに%[4]sかかっています",
			s.where(i), what, size(n), dur(d)),
	})
}

// tail are the last stretches of a node's own work that add up to so much.
func (s *scan) tail(i int, want int64) (out []insight.Segment) {
	gaps := s.gaps(i)
	for k := len(gaps) - 1; k >= 0 && want > 0; k-- {
		g := gaps[k]
		g.From = max(g.From, g.To-want)
		want -= g.To - g.From
		out = append(out, g)
	}
	return out
}

// gaps are the stretches in which a node awaited nothing, in order.
func (s *scan) gaps(i int) (out []insight.Segment) {
	n := &s.t.Nodes[i]
	at := n.Start
	for _, k := range byStart(s.t, s.awaited[i]) {
		c := &s.t.Nodes[k]
		if c.Start > at {
			out = append(out, insight.Segment{Node: i, From: at, To: min(c.Start, n.End())})
		}
		at = max(at, c.End())
		if at >= n.End() {
			break
		}
	}
	if at < n.End() {
		out = append(out, insight.Segment{Node: i, From: at, To: n.End()})
	}
	return out
}
