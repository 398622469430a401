package detect

import (
	"strings"

	"github.com/cespare/xxhash/v2"
)

// input is a number for the values that a call was made with: the same for the same
// values, 0 where the span does not tell them.
func (s *scan) input(i int) uint64 {
	span := s.t.Nodes[i].Span
	f := &s.facts[i]
	switch f.class {
	case database, cache:
		var h xxhash.Digest
		h.Reset()
		n := 0
		for _, a := range span.Attrs {
			if strings.HasPrefix(a.Key, "param.") || strings.HasPrefix(a.Key, "db.query.parameter") || strings.HasPrefix(a.Key, "db.operation.parameter") || strings.HasPrefix(a.Key, "db.statement.parameter") {
				_, _ = h.WriteString(a.Key + "\x00" + a.Value + "\x00")
				n++
			}
		}
		text := attr(span, "db.query.text")
		if text == "" {
			text = attr(span, "sql.query")
		}
		if n == 0 && (text == "" || f.stmt != nil && f.stmt.params && placeholders(text)) {
			return 0
		}
		_, _ = h.WriteString(text)
		return h.Sum64() | 1
	case httpCall:
		if u := attr(span, "url.full"); u != "" {
			return xxhash.Sum64String(u) | 1
		}
		if p := attr(span, "url.path"); p != "" {
			return xxhash.Sum64String(p+"?"+attr(span, "url.query")) | 1
		}
	}
	return 0
}

// placeholders says whether a statement as it was sent has places for values, which the
// span does not tell.
func placeholders(text string) bool {
	quoted := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quoted = c
		case c == '?':
			return true
		case (c == '$' || c == ':' || c == '@') && i+1 < len(text) && (i == 0 || text[i-1] != c) && text[i+1] != c:
			d := text[i+1]
			if d >= '0' && d <= '9' || c != '$' && (d|0x20 >= 'a' && d|0x20 <= 'z') {
				return true
			}
		case c == '%' && i+1 < len(text) && (text[i+1] == 's' || text[i+1] == 'd' || text[i+1] == '('):
			return true
		}
	}
	return false
}
