package detect

import (
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
)

const (
	plainSize = iota
	plainFor
)

var uncompressedAsset = &Detector{
	ID:    "uncompressed_asset",
	Title: i18n.T("An asset that is not compressed", "圧縮されていないアセット"),
	Rule: i18n.T(
		"In a browser, a text (script, style sheet, page, JSON, SVG) of {size} or more comes without compression and takes {duration} or more.",
		"ブラウザーで、{size}以上のテキスト（スクリプト、スタイルシート、HTML、JSON、SVG）が圧縮されずに送られ、取得に{duration}以上かかっている。"),
	Advice: i18n.T("Switch on compression (zstd, brotli, gzip) for it at the server or the CDN.",
		"サーバーまたはCDNで圧縮（zstd、brotli、gzip）を有効にしてください。"),
	Params: []Param{
		bytes("size", 200*kb, 200*kb, "its size", "サイズ"),
		lasts("duration", 200*ms, 200*ms, "time to come", "取得時間"),
	},
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			if s.kind(i) != Browser || s.limits(i) == nil {
				continue
			}
			if a, ok := assetOf(s.t.Nodes[i].Span); ok && a.size > 0 && textual(a.ext, attr(s.t.Nodes[i].Span, "http.response.header.content-type")) {
				s.plain(i, a)
			}
		}
	},
}

func textual(ext, contentType string) bool {
	switch ext {
	case "js", "mjs", "css", "html", "htm", "json", "svg", "xml", "txt", "map", "wasm":
		return true
	}
	c := strings.ToLower(contentType)
	return strings.Contains(c, "text/") || strings.Contains(c, "json") || strings.Contains(c, "javascript") || strings.Contains(c, "svg")
}

func (s *scan) plain(i int, a asset) {
	n := &s.t.Nodes[i]
	span := n.Span
	encoding := strings.Trim(attr(span, "http.response.header.content-encoding"), `[]"`)
	decoded := int64(-1)
	for _, k := range [...]string{"http.response.body.uncompressed_size", "http.response.decoded_body_size", "http.decoded_response_content_length"} {
		if v, err := strconv.ParseInt(attr(span, k), 10, 64); err == nil {
			decoded = v
		}
	}
	headers := false
	for _, at := range span.Attrs {
		headers = headers || strings.HasPrefix(at.Key, "http.response.header.")
	}
	cand := s.try(i)
	cand.atLeast(plainSize, a.size)
	cand.atLeast(plainFor, n.Duration)
	cand.must(encoding == "" || encoding == "identity", i18n.F("it came as %s", "%sで圧縮されている", encoding))
	cand.must(decoded < 0 || decoded <= a.size, i18n.T("it is larger once decoded", "展開後のサイズの方が大きい"))
	cand.must(decoded >= 0 || headers, i18n.T("nothing tells how it was encoded", "エンコード方式の記録がない"))
	if !cand.ok() {
		s.missed(cand, []int{i}, func() i18n.Text { return i18n.F("%s", "%s", shortURL(a.url)) })
		return
	}
	// Text packs to a quarter or so.
	spared := n.Duration * 3 / 4
	s.fire(hit{
		at: i, place: i, nodes: []int{i}, cost: n.Duration, key: "plain\x00" + a.host + "\x00" + a.ext,
		conf:   sure(Likely, i18n.T("Its size on the way and unpacked, or its headers, say so.", "転送サイズと展開後のサイズ、またはヘッダーに記録されています。")),
		change: insight.Change{Take: map[int]int64{i: n.Duration - spared}},
		why:    i18n.F("%s fetched %s of text uncompressed, in %s: %s", "%s が%sのテキストを圧縮なしで取得し、%sかかっています：%s", s.where(i), size(a.size), dur(n.Duration), shortURL(a.url)),
	})
}
