package face

import "strings"

// word is a bare word (or number) of a statement, outside of quotes and comments.
type word struct {
	text       string // in upper case
	start, end int    // where in the statement
	depth      int    // how many brackets are open around it
}

// words splits a statement into its bare words, by ClickHouse's rules for quotes and
// comments. A semicolon outside of quotes is a word of its own.
func words(s string) []word {
	var out []word
	depth := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '\'' || c == '"' || c == '`':
			i = quoted(s, i+1, c)
		case strings.HasPrefix(s[i:], "--"), c == '#' && i+1 < len(s) && (s[i+1] == ' ' || s[i+1] == '!'):
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return out
			}
			i += n + 1
		case strings.HasPrefix(s[i:], "/*"):
			i = comment(s, i+2)
		case c == '$':
			i = heredoc(s, i)
		case c == '(' || c == '[' || c == '{':
			depth++
			i++
		case c == ')' || c == ']' || c == '}':
			depth = max(0, depth-1)
			i++
		case c == ';':
			out = append(out, word{";", i, i + 1, depth})
			i++
		case isWord(c):
			j := i
			for j < len(s) && isWord(s[j]) {
				j++
			}
			out = append(out, word{strings.ToUpper(s[i:j]), i, j, depth})
			i = j
		default:
			i++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// quoted finds the end of a quoted text that begins at i. A backslash escapes, a doubled
// quote is a quote.
func quoted(s string, i int, q byte) int {
	for i < len(s) {
		switch s[i] {
		case '\\':
			i += 2
		case q:
			if i+1 < len(s) && s[i+1] == q {
				i += 2
				continue
			}
			return i + 1
		default:
			i++
		}
	}
	return len(s)
}

// comment finds the end of a block comment that began before i. They nest.
func comment(s string, i int) int {
	for depth := 1; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			i += 2
			if depth--; depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return len(s)
}

// heredoc finds the end of $tag$…$tag$ at i, or steps over a lone dollar.
func heredoc(s string, i int) int {
	j := i + 1
	for j < len(s) && isWord(s[j]) {
		j++
	}
	if j >= len(s) || s[j] != '$' {
		return i + 1
	}
	tag := s[i : j+1]
	end := strings.Index(s[j+1:], tag)
	if end < 0 {
		return j + 1
	}
	return j + 1 + end + len(tag)
}

// shape is what the face must know of a statement before it runs it.
type shape struct {
	first  string // the first word, upper case
	format string // the FORMAT clause's format, "" when there is none
	// rowsFrom says, for an INSERT that ends where its rows begin, how long the statement
	// is without FORMAT and VALUES; 0 when its rows are not to follow.
	rowsFrom int
	infile   bool // reads rows from a local file
}

// look reads a statement's shape. What it cannot make out it leaves empty: the engine
// then says what is wrong with the text.
func look(s string) shape {
	ws := words(s)
	var sh shape
	for len(ws) > 0 && ws[len(ws)-1].text == ";" {
		ws = ws[:len(ws)-1]
	}
	if len(ws) == 0 {
		return sh
	}
	sh.first = ws[0].text
	for i := range ws[:len(ws)-1] {
		a, b := ws[i], ws[i+1]
		if a.depth != 0 || b.depth != 0 {
			continue
		}
		if a.text == "FORMAT" && s[a.end] != '.' {
			sh.format = s[b.start:b.end]
		}
		if a.text == "FROM" && b.text == "INFILE" {
			sh.infile = true
		}
	}
	if sh.first != "INSERT" {
		return sh
	}
	for _, w := range ws {
		if w.depth == 0 && w.text == "SELECT" {
			return sh // its rows come from a query
		}
	}
	n := len(ws)
	rest := strings.TrimRight(s[ws[n-1].end:], "; \t\r\n")
	switch {
	case rest != "":
	case n >= 2 && ws[n-2].text == "FORMAT" && ws[n-2].depth == 0:
		sh.rowsFrom = ws[n-2].start
	case ws[n-1].text == "VALUES":
		sh.format, sh.rowsFrom = "Values", ws[n-1].start
	}
	return sh
}

// quote makes a string literal.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// ident makes a quoted identifier.
func ident(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}

// nameOf says whether s can be the name of a setting, a parameter or a format.
func nameOf(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isWord(c) && (c != '.' || i == 0) || c >= 0x80 {
			return false
		}
	}
	return s != "" && len(s) <= 128
}
