package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer reads one filter. The positions are byte offsets in text.
type lexer struct {
	text string
	at   int
}

// plain is the ASCII form of a full-width letter, digit or sign (U+FF01 to U+FF5E), of
// the signs of comparison that Japanese input methods have, and of nothing else.
func plain(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '−':
		return '-'
	}
	return r
}

// plainText is plain of every rune.
func plainText(s string) string { return strings.Map(plain, s) }

// isSpace takes for a space what separates terms: white space, and the marks that
// nobody sees and that come along when text is copied.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B'
}

// isQuote is any double quote, straight, typographic or full-width.
func isQuote(r rune) bool { return r == '"' || r == '“' || r == '”' || r == '＂' }

func isStar(r rune) bool { return r == '*' || r == '＊' }

// peek is the rune at the place, and its length; 0, 0 at the end.
func (l *lexer) peek() (rune, int) {
	if l.at >= len(l.text) {
		return 0, 0
	}
	return utf8.DecodeRuneInString(l.text[l.at:])
}

// is says whether the rune at the place is r or its full-width form.
func (l *lexer) is(r rune) bool {
	got, size := l.peek()
	return size > 0 && plain(got) == r
}

func (l *lexer) skip(r rune) bool {
	if !l.is(r) {
		return false
	}
	_, size := l.peek()
	l.at += size
	return true
}

func (l *lexer) space() {
	for {
		r, size := l.peek()
		if size == 0 || !isSpace(r) {
			return
		}
		l.at += size
	}
}

// atBorder says that no term goes on here: the end, a space or a parenthesis.
func (l *lexer) atBorder() bool {
	r, size := l.peek()
	return size == 0 || isSpace(r) || plain(r) == '(' || plain(r) == ')'
}

// keyword reads OR, AND or NOT if it stands alone here.
func (l *lexer) keyword(word string) bool {
	start := l.at
	for _, want := range word {
		if !l.skip(want) {
			l.at = start
			return false
		}
	}
	if !l.atBorder() {
		l.at = start
		return false
	}
	return true
}

// key reads a key that an operator follows; ok is false, and the place unchanged, when
// there is none.
func (l *lexer) key() (key string, ok bool) {
	start := l.at
	for {
		r, size := l.peek()
		c := plain(r)
		if size == 0 || !(letter(c) || l.at > start && (c >= '0' && c <= '9' || strings.ContainsRune(".-/@", c))) {
			break
		}
		l.at += size
	}
	if end := l.at; end > start && l.operatorFollows() {
		return plainText(l.text[start:end]), true
	}
	l.at = start
	return "", false
}

func letter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// isKey says whether s may stand before an operator without quotes.
func isKey(s string) bool {
	l := lexer{text: s + ":"}
	k, ok := l.key()
	return ok && k == s
}

// operatorFollows says whether what was read is a key: an operator is next, and not one
// of the things that only look so (http://, std::).
func (l *lexer) operatorFollows() bool {
	r, size := l.peek()
	if size == 0 {
		return false
	}
	rest := l.text[l.at+size:]
	switch plain(r) {
	case ':':
		return !strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, ":")
	case '<', '>', '≦', '≧', '≤', '≥':
		return true
	case '=':
		// dGVzdA== and the like are words.
		end := strings.TrimLeft(plainText(rest), "=")
		return end != "" && !isSpace(firstRune(end)) && end[0] != ')'
	case '!':
		return strings.HasPrefix(plainText(rest), "=")
	}
	return false
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// operator reads an operator; the caller knows that there is one. Those that the
// language does not have ("=", "!=", "==") are given as they are.
func (l *lexer) operator() string {
	r, size := l.peek()
	l.at += size
	switch c := plain(r); c {
	case '≦', '≤':
		return "<="
	case '≧', '≥':
		return ">="
	case '<', '>', '=', '!':
		op := string(c)
		for l.skip('=') {
			op += "="
		}
		return op
	default:
		return string(c)
	}
}

// phrase reads a quoted text; ok is false when it has no end. A straight quote is closed
// by a straight one, the others by any of the others.
func (l *lexer) phrase() (s string, ok bool) {
	open, size := l.peek()
	l.at += size
	var b strings.Builder
	for {
		r, size := l.peek()
		if size == 0 {
			return "", false
		}
		l.at += size
		switch {
		case r == open || isQuote(r) && (open == '"') == (r == '"'):
			return b.String(), true
		case r == '\\' && l.at < len(l.text) && (l.text[l.at] == '"' || l.text[l.at] == '\\'):
			b.WriteByte(l.text[l.at])
			l.at++
		default:
			b.WriteString(l.text[l.at-size : l.at])
		}
	}
}

// bare reads an unquoted piece of a word or, when value, of a value: to a space, a star,
// a quote or a parenthesis. A value keeps parentheses that it opens itself.
func (l *lexer) bare(value bool) string {
	start, open := l.at, 0
	for {
		r, size := l.peek()
		c := plain(r)
		switch {
		case size == 0, isSpace(r), isStar(r), isQuote(r):
			return l.text[start:l.at]
		case c == '(':
			if !value {
				return l.text[start:l.at]
			}
			open++
		case c == ')':
			if open == 0 {
				return l.text[start:l.at]
			}
			open--
		}
		l.at += size
	}
}

// token reads to the next space or to a parenthesis that was not opened within: the
// right side of an ordering.
func (l *lexer) token() string {
	start := l.at
	for !l.atBorder() {
		_, size := l.peek()
		l.at += size
	}
	return l.text[start:l.at]
}
