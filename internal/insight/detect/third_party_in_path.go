package detect

import (
	"net/netip"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	partyFor = iota
	partyShare
)

var thirdPartyInPath = &Detector{
	ID:    "third_party_in_path",
	Title: i18n.T("An outside party in the request's path", "リクエスト経路上の外部サービス"),
	Rule: i18n.T(
		"A request waits {duration} or more, and {share} of its time or more, for a public host that sends no spans of its own.",
		"リクエストが、スパンを送らない外部の公開ホストの応答を{duration}以上、かつ所要時間の{share}以上待っている。"),
	Advice: i18n.T("Take it out of the path: answer first and do it from a queue, keep what it answered, and give it a time limit with something to fall back on.",
		"キューに入れて応答後に処理する、結果をキャッシュする、タイムアウトと代替手段を用意するなどで、リクエスト経路から外してください。"),
	Params: []Param{
		lasts("duration", 400*ms, 30_000*ms, "time in it", "待ち時間"),
		percent("share", 20, 50, "share of the request", "リクエストに占める割合"),
	},
	trace: func(s *scan) {
		type key struct {
			entry int32
			host  string
		}
		var by groups[key, int]
		for _, i := range s.calls {
			f := &s.facts[i]
			if f.class != httpCall && f.class != rpcCall || s.callee(i) >= 0 || s.t.Nodes[i].Awaiter < 0 {
				continue
			}
			by.add(key{f.entry, f.peer}, i)
		}
		answered := s.answered()
		for _, g := range by.all {
			if s.limits(g[0]) != nil {
				s.outside(byStart(s.t, g), answered)
			}
		}
	},
}

// answered are the hosts at which somebody in the trace answered with spans.
func (s *scan) answered() map[string]bool {
	out := map[string]bool{}
	for _, i := range s.calls {
		if f := &s.facts[i]; (f.class == httpCall || f.class == rpcCall) && s.callee(i) >= 0 {
			out[f.peer] = true
		}
	}
	return out
}

func (s *scan) outside(g []int, answered map[string]bool) {
	i := g[0]
	peer := s.facts[i].peer
	host := attr(s.t.Nodes[i].Span, "server.address")
	if host == "" {
		host, _, _ = strings.Cut(peer, ":")
	}
	waits := s.covered(g)
	cand := s.try(i)
	cand.atLeast(partyFor, waits)
	cand.atLeast(partyShare, 100*waits/max(1, s.t.Nodes[s.entryNode(i)].Duration))
	cand.must(publicHost(host), i18n.F("%q is a name or an address of an inner network", "「%s」は内部ネットワークの名前またはアドレスである", host))
	cand.must(!answered[peer], i18n.F("%s sends spans of its own", "%s は自身のスパンを送っている", peer))
	if !cand.ok() {
		s.missed(cand, g, func() i18n.Text { return i18n.F("%s of %s", "%[2]s への %[1]s", s.opText(i), peer) })
		return
	}
	s.fire(hit{
		at: i, place: i, nodes: g, cost: waits, key: "party\x00" + peer, change: insight.Change{Remove: g},
		conf: sure(Likely, i18n.F("%s is a public host and sent no spans.", "%s は公開ホストで、スパンを送っていません。", host)),
		why:  i18n.F("%s waited %s for %s, which is outside: %s", "%s が外部の %[3]s の応答を%[2]s待っています：%[4]s", s.where(i), dur(waits), peer, s.opText(i)),
	})
}

// publicHost says whether a host is one of the Internet by its name or address.
func publicHost(host string) bool {
	host = strings.ToLower(strings.Trim(host, "[]"))
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsGlobalUnicast() && !a.IsPrivate()
	}
	if !strings.Contains(host, ".") {
		return false
	}
	for _, inner := range [...]string{".local", ".internal", ".svc", ".cluster.local", ".localdomain", ".lan", ".intra", ".corp", ".home", ".consul", ".localhost", ".test", ".private"} {
		if strings.HasSuffix(host, inner) || strings.Contains(host, inner+".") {
			return false
		}
	}
	return true
}
