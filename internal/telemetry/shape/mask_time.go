package shape

import (
	"strings"
)

// isTime says whether a word is a date, a time of the day, or both: 2026-11-22,
// 2026/11/22, 09:12:44.123, 2026-11-22T09:12:44+09:00, 22/Nov/2026:09:12:44.
func isTime(w string) bool {
	return timeLen(w) > 0
}

// timeLen is the length of the time that a word begins with, 0 if it does not or if more
// than a zone follows.
func timeLen(w string) int {
	n := dateLen(w)
	rest := w[n:]
	if n > 0 && rest != "" && strings.IndexByte("T:_-t", rest[0]) >= 0 {
		if k := clockLen(rest[1:]); k > 0 {
			n += 1 + k
		}
	} else if n == 0 {
		n = clockLen(w)
	}
	if n == 0 {
		return 0
	}
	rest = strings.TrimRight(w[n:], "Zz.:")
	if rest == "" {
		return len(w)
	}
	if (rest[0] == '+' || rest[0] == '-') && len(rest) <= 6 && strings.Trim(rest[1:], "0123456789:") == "" {
		return len(w)
	}
	return 0
}

var months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// dateLen is the length of a date with separators.
func dateLen(w string) int {
	run := func(from, least, most int) int {
		n := 0
		for from+n < len(w) && n < most && digit(w[from+n]) {
			n++
		}
		if n < least || from+n < len(w) && digit(w[from+n]) {
			return 0
		}
		return n
	}
	sep := func(i int) bool { return i < len(w) && (w[i] == '-' || w[i] == '/' || w[i] == '.') }
	if y := run(0, 4, 4); y > 0 && sep(4) {
		if m := run(5, 1, 2); m > 0 && sep(5+m) && w[5+m] == w[4] {
			if d := run(6+m, 1, 2); d > 0 {
				return 6 + m + d
			}
		}
		return 0
	}
	d := run(0, 1, 2)
	if d == 0 || !sep(d) {
		return 0
	}
	if len(w) > d+4 && sep(d+4) {
		for _, name := range months {
			if strings.EqualFold(w[d+1:d+4], name) {
				if y := run(d+5, 4, 4); y > 0 {
					return d + 5 + y
				}
			}
		}
	}
	if m := run(d+1, 1, 2); m > 0 && w[d] == '/' && sep(d+1+m) {
		if y := run(d+2+m, 4, 4); y > 0 {
			return d + 2 + m + y
		}
	}
	return 0
}

// clockLen is the length of a time of the day: 9:12, 09:12:44, 09:12:44.123, 09:12:44,123.
func clockLen(w string) int {
	two := func(i int) bool { return i+1 < len(w) && digit(w[i]) && digit(w[i+1]) }
	n := 0
	switch {
	case two(0) && len(w) > 2 && w[2] == ':':
		n = 2
	case len(w) > 1 && digit(w[0]) && w[1] == ':':
		n = 1
	default:
		return 0
	}
	if !two(n + 1) {
		return 0
	}
	n += 3
	if n < len(w) && w[n] == ':' && two(n+1) {
		n += 3
		if n+1 < len(w) && (w[n] == '.' || w[n] == ',') && digit(w[n+1]) {
			for n++; n < len(w) && digit(w[n]); n++ {
			}
		}
	}
	if n < len(w) && digit(w[n]) {
		return 0
	}
	return n
}

// clock writes a time; a date and the time of the day behind it are one.
func (m *masker) clock(string) {
	if _, ok := m.out.ends("<time> "); ok {
		m.out.cutTo(len(m.out) - 1)
		m.last, m.lastEnd = "<time>", len(m.out)
		return
	}
	m.value("<time>")
}

// japaneseTime makes one time of the parts of a Japanese one that the output ends with:
// <num>年<num>月<num>日, <num>時<num>分<num>秒. It looks once a unit is written.
func (m *masker) japaneseTime() {
	for _, unit := range [...]string{"年", "月", "日", "時", "分", "秒"} {
		n, ok := m.out.ends("<num>" + unit)
		if !ok {
			continue
		}
		m.out.cutTo(n)
		if _, ok := m.out.ends("<time>"); ok {
			m.out.cutTo(len(m.out) - len("<time>"))
		} else if unit == "年" {
			for _, era := range [...]string{"令和", "平成", "昭和"} {
				if n, ok := m.out.ends(era); ok {
					m.out.cutTo(n)
				}
			}
		} else if n, ok := m.out.ends("<num>月"); ok && unit == "日" {
			m.out.cutTo(n)
		} else if n, ok := m.out.ends("<num>時"); ok && unit == "分" {
			m.out.cutTo(n)
		} else { // 5分前, 3日間: a span of time, not a point in it
			m.out.text("<num>" + unit)
			return
		}
		m.out.text("<time>")
		m.last, m.lastEnd = "<time>", len(m.out)
		return
	}
}

// isIP says whether a word is an IP address, with a port or a prefix's length perhaps.
func isIP(w string) bool {
	if i := strings.LastIndexByte(w, '/'); i > 0 && strings.Trim(w[i+1:], "0123456789") == "" {
		w = w[:i]
	}
	w = strings.TrimPrefix(w, "/") // as Java prints it
	if strings.HasPrefix(w, "[") {
		end := strings.IndexByte(w, ']')
		return end > 0 && isIPv6(w[1:end])
	}
	if strings.Count(w, ":") >= 2 {
		return isIPv6(w)
	}
	host, port, _ := strings.Cut(w, ":")
	if strings.Trim(port, "0123456789") != "" {
		return false
	}
	parts := 0
	for p := range strings.SplitSeq(host, ".") {
		if len(p) == 0 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return false
		}
		parts++
	}
	return parts == 4
}

func isIPv6(w string) bool {
	for i := range len(w) {
		if c := w[i]; !hexDigit(c) && c != ':' && c != '.' {
			return false
		}
	}
	return strings.Count(w, ":") >= 3 || strings.Contains(w, "::")
}
