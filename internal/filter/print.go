package filter

import (
	"slices"
	"strings"
)

// Print writes a filter in its canonical form. Parse of it gives the same tree but for
// the positions, whatever Parse or AllOf, AnyOf and the node types made it of; only it
// may be longer than Parse allows, for folding can lengthen a text.
func Print(n Node) string {
	var b strings.Builder
	printNode(&b, n, 0)
	return b.String()
}

// within says what a node is printed in: what needs parentheses there.
type within uint8

const (
	inOr  within = iota // at the top, in parentheses or beside OR
	inAnd               // beside other terms
	inNot               // after a minus
)

func printNode(b *strings.Builder, n Node, in within) {
	switch n := n.(type) {
	case nil, All:
		b.WriteByte('*')
	case And:
		printAll(b, n.Nodes, " ", inAnd, in >= inNot)
	case Or:
		if printGroup(b, n) {
			return
		}
		printAll(b, n.Nodes, " OR ", inOr, in >= inAnd)
	case Not:
		if _, twice := n.Node.(Not); twice {
			b.WriteString("NOT ")
		} else {
			b.WriteByte('-')
		}
		printNode(b, n.Node, inNot)
	case Text:
		for i, s := range n.Folded {
			if i > 0 {
				b.WriteByte('*')
			}
			if i == 0 && !isWord(s, len(n.Folded) > 1) || i > 0 && !isPiece(s, false) {
				quote(b, s)
			} else {
				b.WriteString(s)
			}
		}
	case Compare:
		b.WriteString(printKey(n.Key))
		printRight(b, n)
	}
}

func printAll(b *strings.Builder, ns []Node, between string, in within, parens bool) {
	if parens {
		b.WriteByte('(')
	}
	for i, n := range ns {
		if i > 0 {
			b.WriteString(between)
		}
		printNode(b, n, in)
	}
	if parens {
		b.WriteByte(')')
	}
}

// printGroup prints alternatives of one key as key:(a OR b).
func printGroup(b *strings.Builder, or Or) bool {
	key := ""
	for i, n := range or.Nodes {
		c, ok := n.(Compare)
		if !ok || c.Op > Exists || i > 0 && c.Key != key {
			return false
		}
		key = c.Key
	}
	b.WriteString(printKey(key))
	b.WriteString(":(")
	for i, n := range or.Nodes {
		if i > 0 {
			b.WriteString(" OR ")
		}
		printValue(b, n.(Compare))
	}
	b.WriteByte(')')
	return true
}

func printKey(key string) string {
	if isKey(key) {
		return key
	}
	var b strings.Builder
	quote(&b, key)
	return b.String()
}

func printRight(b *strings.Builder, c Compare) {
	switch c.Op {
	case Eq, Exists:
		b.WriteByte(':')
		printValue(b, c)
	default:
		b.WriteString(c.Op.String())
		b.WriteString(quantity(c.Number, c.Unit))
	}
}

func printValue(b *strings.Builder, c Compare) {
	switch {
	case c.Op == Exists:
		b.WriteByte('*')
	case c.Pattern == nil:
		printPiece(b, c.Value)
	default:
		for i, s := range c.Pattern {
			if i > 0 {
				b.WriteByte('*')
			}
			if s != "" {
				printPiece(b, s)
			}
		}
	}
}

func printPiece(b *strings.Builder, s string) {
	if isPiece(s, true) {
		b.WriteString(s)
	} else {
		quote(b, s)
	}
}

// isPiece says whether s is read back as one bare piece of a word or value.
func isPiece(s string, value bool) bool {
	l := lexer{text: s}
	if s == "" || l.keyword("OR") || value && (strings.ContainsAny(s[:1], "<>:") || strings.HasPrefix(s, "//")) {
		return false
	}
	return l.bare(value) == s && !strings.ContainsAny(s, "()（）")
}

// isWord says whether s is read back as a word of that text and as nothing else, alone
// or, when more, before a star: "by=" is a word, "by=*x" is a mistake.
func isWord(s string, more bool) bool {
	if !isPiece(s, false) {
		return false
	}
	want := Text{Folded: []string{s}}
	if more {
		want.Folded = append(want.Folded, "x")
	}
	n, err := Parse(strings.Join(want.Folded, "*"))
	if err != nil {
		return false
	}
	t, ok := n.(Text)
	return ok && slices.Equal(t.Folded, want.Folded)
}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
}
