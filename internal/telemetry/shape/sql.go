package shape

import "strings"

// SQL is a statement without its values: literals and parameters are ?, lists of them one,
// comments are gone, white space is one blank, keywords are in upper case and identifiers
// unquoted. Names of tables and columns stay; numbers of four digits and more in them (of a
// partition, a session) become ?.
func SQL(text string) string {
	l := lexer{in: clip(text, maxInput)}
	var toks []string
	for {
		t, ok := l.next()
		if !ok {
			break
		}
		toks = append(toks, t)
	}
	return join(collapse(toks))
}

type lexer struct {
	in string
	at int
}

// next is the next token, normalised; ok is false at the end.
func (l *lexer) next() (tok string, ok bool) {
	for l.at < len(l.in) {
		s := l.in[l.at:]
		c := s[0]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0xc2 && strings.HasPrefix(s, "\u00a0"):
			l.at++
			if c == 0xc2 {
				l.at++
			}
		case strings.HasPrefix(s, "--"):
			l.skipTo("\n")
		case c == '#' && (l.at == 0 || l.in[l.at-1] == '\n' || l.in[l.at-1] == ' ') && (len(s) == 1 || s[1] != '>' && s[1] != '-' && s[1] != '='):
			l.skipTo("\n")
		case strings.HasPrefix(s, "/*"):
			l.at += 2
			l.skipTo("*/")
		default:
			return l.token(s, c), true
		}
	}
	return "", false
}

// skipTo moves behind the next end, or to the end of the text.
func (l *lexer) skipTo(end string) {
	if i := strings.Index(l.in[l.at:], end); i >= 0 {
		l.at += i + len(end)
	} else {
		l.at = len(l.in)
	}
}

func identStart(c byte) bool { return alpha(c) || c == '_' || c >= 0x80 }
func identPart(c byte) bool  { return identStart(c) || digit(c) || c == '$' }

func (l *lexer) token(s string, c byte) string {
	switch {
	case c == '\'':
		l.literal(1, '\'')
		return "?"
	case c == '"' || c == '`':
		return l.name(c)
	case c == '[' && len(s) > 1 && identStart(s[1]) && (l.at == 0 || !identPart(l.in[l.at-1])):
		return l.name(']')
	case digit(c) || c == '.' && len(s) > 1 && digit(s[1]):
		l.number()
		return "?"
	case c == '$':
		return l.dollar(s)
	case c == '?':
		l.at++
		if len(s) > 1 && (s[1] == '|' || s[1] == '&') { // operators of jsonb
			l.at++
			return s[:2]
		}
		for l.at < len(l.in) && digit(l.in[l.at]) {
			l.at++
		}
		return "?"
	case (c == ':' || c == '@') && len(s) > 1 && (identStart(s[1]) || digit(s[1])) && !strings.HasPrefix(s, "::"):
		l.at++
		l.ident()
		return "?"
	case c == '@' && strings.HasPrefix(s, "@@"):
		l.at += 2
		return "@@" + l.ident()
	case c == '%' && (strings.HasPrefix(s, "%s") || strings.HasPrefix(s, "%d") || strings.HasPrefix(s, "%(")):
		if s[1] == '(' {
			l.skipTo(")")
		} else {
			l.at++
		}
		l.at = min(l.at+1, len(l.in))
		return "?"
	case identStart(c):
		return l.word(s)
	}
	for _, op := range [...]string{"<=>", "!==", "->>", "#>>", "::", "<>", "!=", "<=", ">=", "||", "->", "#>", "@>", "<@", ":=", "&&", "=>"} {
		if strings.HasPrefix(s, op) {
			l.at += len(op)
			return op
		}
	}
	l.at++
	return s[:1]
}

// word is a keyword, a name, or the prefix of a literal.
func (l *lexer) word(s string) string {
	w := l.ident()
	if l.at < len(l.in) && l.in[l.at] == '\'' && len(w) <= 2 { // N'…', E'…', X'…', U&'…'
		switch strings.ToUpper(w) {
		case "N", "E", "X", "B", "R":
			l.literal(1, '\'')
			return "?"
		}
	}
	upper := strings.ToUpper(w)
	if keywords[upper] {
		return upper
	}
	return tame(w)
}

func (l *lexer) ident() string {
	from := l.at
	for l.at < len(l.in) && identPart(l.in[l.at]) {
		l.at++
	}
	return l.in[from:l.at]
}

// tame masks long numbers in a name.
func tame(name string) string {
	if !hasDigit(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		j := i
		for j < len(name) && digit(name[j]) {
			j++
		}
		if j-i >= 4 {
			b.WriteByte('?')
			i = j
			continue
		}
		if j == i {
			j++
		}
		b.WriteString(name[i:j])
		i = j
	}
	return b.String()
}

// literal moves behind a literal that ends with q; q doubled or behind a backslash is part of it.
func (l *lexer) literal(from int, q byte) {
	i := l.at + from
	for i < len(l.in) {
		switch {
		case l.in[i] == '\\' && i+1 < len(l.in):
			i += 2
			continue
		case l.in[i] == q:
			if i+1 < len(l.in) && l.in[i+1] == q {
				i += 2
				continue
			}
			l.at = i + 1
			return
		}
		i++
	}
	l.at = len(l.in)
}

// name is a quoted identifier, without its quotes. What is no name is a text: MySQL writes
// those in double quotes too.
func (l *lexer) name(q byte) string {
	from := l.at + 1
	l.literal(1, q)
	to := l.at
	if to > from && l.in[to-1] == q {
		to--
	}
	name := l.in[from:to]
	if name == "" || len(name) > 64 || digit(name[0]) {
		return "?"
	}
	for i := range len(name) {
		if !identPart(name[i]) && name[i] != '.' && name[i] != '-' {
			return "?"
		}
	}
	return tame(name)
}

func (l *lexer) number() {
	for l.at < len(l.in) {
		c := l.in[l.at]
		if (c == '+' || c == '-') && l.in[l.at-1]|0x20 == 'e' && l.at+1 < len(l.in) && digit(l.in[l.at+1]) {
			l.at++
			continue
		}
		if !digit(c) && !alpha(c) && c != '.' && c != '_' {
			return
		}
		l.at++
	}
}

// dollar is a parameter ($1) or a text in dollars ($$…$$, $tag$…$tag$).
func (l *lexer) dollar(s string) string {
	i := 1
	for i < len(s) && (alpha(s[i]) || digit(s[i]) || s[i] == '_') {
		i++
	}
	if i < len(s) && s[i] == '$' && (i == 1 || !digit(s[1])) {
		tag := s[:i+1]
		l.at += len(tag)
		l.skipTo(tag)
		return "?"
	}
	l.at += i
	return "?"
}

// collapse makes one of a list of values, and one of a list of such lists.
func collapse(toks []string) []string {
	out := toks[:0:0]
	for _, t := range toks {
		n := len(out)
		switch {
		case t == "?" && n >= 1 && out[n-1] == "-" && (n < 2 || !operand(out[n-2])): // -5
			out[n-1] = "?"
			t = ""
			n = len(out)
			if n >= 3 && out[n-2] == "," && out[n-3] == "?" {
				out = out[:n-2]
			}
		case t == "?" && n >= 2 && out[n-1] == "," && out[n-2] == "?":
			out = out[:n-1]
			t = ""
		case t == ")":
			out = append(out, t)
			t = ""
			if open := opening(out); open >= 2 && out[open-1] == "," && out[open-2] == ")" {
				if before := opening(out[:open-1]); before >= 0 && equal(out[before:open-1], out[open:]) {
					out = out[:open-1]
				}
			}
		}
		if t != "" {
			out = append(out, t)
		}
	}
	for len(out) > 0 && out[len(out)-1] == ";" {
		out = out[:len(out)-1]
	}
	return out
}

// operand says whether a minus behind a token is a subtraction.
func operand(t string) bool {
	return t == "?" || t == ")" || t == "]" || identStart(t[0]) && !keywords[t]
}

// maxList is how many tokens a list of values has that is compared with the one before.
const maxList = 200

// opening is the place of the bracket that the last token closes; -1 if it is too far.
func opening(toks []string) int {
	depth := 0
	for i := len(toks) - 1; i >= 0 && i > len(toks)-maxList; i-- {
		switch toks[i] {
		case ")":
			depth++
		case "(":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// join writes tokens with a blank between them where people write one.
func join(toks []string) string {
	var b strings.Builder
	for i, t := range toks {
		if i > 0 && spaced(toks[i-1], t) {
			b.WriteByte(' ')
		}
		b.WriteString(t)
	}
	return b.String()
}

func spaced(a, b string) bool {
	switch b {
	case ",", ")", ".", ";", "::", "]", "[":
		return false
	case "(":
		return a != "(" && (!identStart(a[0]) || keywords[a] && !functions[a])
	}
	switch a {
	case "(", ".", "::", "[":
		return false
	}
	return true
}

var keywords = words(`ADD ALL ALTER ANALYZE AND ANY AS ASC BEGIN BETWEEN BY CALL CASCADE CASE CAST COALESCE COLUMN COMMIT CONFLICT
CONSTRAINT COUNT CREATE CROSS DEFAULT DELETE DESC DISTINCT DO DROP DUPLICATE ELSE END ESCAPE EXCEPT EXEC EXECUTE EXISTS EXPLAIN
FALSE FETCH FIRST FOR FOREIGN FROM FULL GROUP HAVING IF IGNORE ILIKE IN INDEX INNER INSERT INTERSECT INTERVAL INTO IS JOIN KEY LAST
LATERAL LEFT LIKE LIMIT LOCK LOCKED MAX MERGE MIN NATURAL NEXT NOT NOTHING NOW NOWAIT NULL NULLS OFFSET ON ONLY OR ORDER OUTER OVER
PARTITION PRIMARY RECURSIVE REFERENCES RELEASE REPLACE RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SESSION SET SHARE SHOW
SKIP START SUM TABLE THEN TO TOP TRANSACTION TRUE TRUNCATE UNION UNIQUE UPDATE USE USING VALUES VIEW WHEN WHERE WINDOW WITH WORK AVG`)

// functions are keywords that a bracket follows at once.
var functions = words(`CAST COALESCE COUNT MAX MIN NOW SUM AVG`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
