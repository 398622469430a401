package shape

import "strings"

// maxSegments is how deep a path is told.
const maxSegments = 8

// Path reduces a raw path to what its route may have been: ids, numbers, dates, hashes,
// addresses and long slugs become {id}. Segments that a route may well have (v1, oauth2)
// stay, as do placeholders. Query, fragment and matrix parameters go.
func Path(path string) string {
	path = clip(path, maxInput)
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	var b strings.Builder
	n := 0
	last := ""
	for s := range strings.SplitSeq(path, "/") {
		s, _, _ = strings.Cut(s, ";")
		if s == "" {
			continue
		}
		if n == maxSegments || b.Len() > maxName {
			b.WriteString("/…")
			break
		}
		n++
		s = segment(s)
		if s == "{id}" && last == "{id}" { // /2026/11/22 and /a/1/2 are of unlike depth
			b.WriteString("/{id}")
			continue
		}
		last = s
		b.WriteByte('/')
		b.WriteString(s)
	}
	if n == 0 {
		return "/"
	}
	return b.String()
}

// maxSegment is how long a segment of a route is.
const maxSegment = 40

func segment(s string) string {
	if s == "…" || placeholder(s) || strings.HasPrefix(s, "{id}.") && extension(s[len("{id}."):]) {
		return s
	}
	digits, letters, seps := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case digit(c):
			digits++
		case alpha(c):
			letters++
		case c == '-' || c == '_' || c == '.' || c == '~':
			seps++
		case c == ':': // a custom method: orders:cancel
			seps++
		default: // encoded, an address, a language of its own: something that was typed
			return "{id}"
		}
	}
	switch {
	case digits == 0:
		if len(s) > maxSegment || seps >= 4 || len(s) >= 32 && isID(s) {
			return "{id}"
		}
		return s
	case version(s):
		return s
	case letters >= digits && alpha(s[0]) && digits <= 2 && len(s) <= maxSegment && seps <= 2 && !isID(s) && !numberApart(s):
		return s
	}
	if i := strings.LastIndexByte(s, '.'); i > 0 && extension(s[i+1:]) {
		return "{id}" + s[i:]
	}
	return "{id}"
}

// placeholder says whether a segment is one of a route already: {id}, :id, <id>, [id], *.
func placeholder(s string) bool {
	if len(s) > maxSegment {
		return false
	}
	first, last := s[0], s[len(s)-1]
	return first == '{' && last == '}' || first == '<' && last == '>' || first == '[' && last == ']' ||
		first == ':' && len(s) > 1 && !hasDigit(s) || s == "*" || s == "**"
}

// version says whether a segment is a version of an interface: v1, v2.1, 2.0, v1beta1.
func version(s string) bool {
	rest := strings.TrimPrefix(s, "v")
	if rest == s && !strings.Contains(s, ".") || rest == "" || len(rest) > 8 {
		return false
	}
	if !digit(rest[0]) || len(rest) > 2 && digit(rest[1]) && digit(rest[2]) {
		return false
	}
	word := strings.Trim(rest, "0123456789.")
	return word == "" || word == "beta" || word == "alpha" || word == "rc"
}

// numberApart says whether a number stands alone between separators: order-12.
func numberApart(s string) bool {
	from := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (digit(s[i]) || alpha(s[i])) {
			continue
		}
		if i > from && strings.Trim(s[from:i], "0123456789") == "" {
			return true
		}
		from = i + 1
	}
	return false
}

func extension(s string) bool {
	if len(s) == 0 || len(s) > 5 || !alpha(s[0]) {
		return false
	}
	for i := range len(s) {
		if !alpha(s[i]) {
			return false
		}
	}
	return true
}

// Host is a host with its port, in lower case, without the port that the scheme implies.
func Host(address, port, scheme string) string {
	address = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(address), "."))
	if address == "" {
		return ""
	}
	if strings.Contains(address, ":") && !strings.HasPrefix(address, "[") && strings.Count(address, ":") > 1 {
		address = "[" + address + "]"
	}
	if port == "" || port == "0" || port == "80" && scheme != "https" || port == "443" && scheme != "http" {
		return clip(address, maxName)
	}
	return clip(address, maxName) + ":" + clip(port, 5)
}

// splitURL takes scheme, host, port and path out of a URL, whatever it is.
func splitURL(u string) (scheme, host, port, path string) {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return "", "", "", u
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, path = rest[:end], rest[end:]
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i+1:]
	}
	return strings.ToLower(scheme), host, port, path
}
