package detect

import (
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// asset is what a browser fetched for a page.
type asset struct {
	url, host, ext string
	size           int64 // as it came; -1 where it is not told
}

// assetOf says whether a browser's span fetched something for the page.
func assetOf(s *telemetry.Span) (asset, bool) {
	a := asset{url: attr(s, "url.full"), size: -1}
	if a.url == "" {
		return a, false
	}
	rest := a.url
	if _, r, ok := strings.Cut(rest, "://"); ok {
		rest = r
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	path := ""
	a.host, path, _ = strings.Cut(rest, "/")
	if i := strings.LastIndexByte(path, '.'); i >= 0 && !strings.Contains(path[i:], "/") {
		a.ext = strings.ToLower(path[i+1:])
	}
	if n, err := strconv.ParseInt(attr(s, "http.response.body.size"), 10, 64); err == nil {
		a.size = n
	}
	return a, true
}

// shortURL is a URL as a sentence has it.
func shortURL(u string) string {
	u, _, _ = strings.Cut(u, "?")
	return quote(u)
}

// eventAt is the time of a span's event since the trace's start.
func (s *scan) eventAt(i int, names ...string) (int64, bool) {
	n := &s.t.Nodes[i]
	for _, e := range n.Span.Events {
		for _, name := range names {
			if strings.EqualFold(e.Name, name) {
				return n.Start + (e.Time - n.Span.Time), true
			}
		}
	}
	return 0, false
}
