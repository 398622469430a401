package filter

import (
	"strings"
)

// Match decides a filter for one row. It is the meaning of the language: what an engine
// selects must be what Match selects. nil holds for every row.
func Match(n Node, r Row) bool {
	m := matcher{row: r}
	return m.match(n)
}

// matcher folds a row's text once, and only if a filter asks for it.
type matcher struct {
	row    Row
	folded []string
	ready  bool
}

func (m *matcher) match(n Node) bool {
	switch n := n.(type) {
	case nil, All:
		return true
	case And:
		for _, n := range n.Nodes {
			if !m.match(n) {
				return false
			}
		}
		return true
	case Or:
		for _, n := range n.Nodes {
			if m.match(n) {
				return true
			}
		}
		return false
	case Not:
		return !m.match(n.Node)
	case Text:
		return m.text(n)
	case Compare:
		return compare(n, m.row)
	}
	panic("filter: a node of an unknown type")
}

func (m *matcher) text(t Text) bool {
	if !m.ready {
		m.ready = true
		for _, s := range m.row.Text() {
			m.folded = append(m.folded, Fold(s))
		}
	}
	for _, s := range m.folded {
		if inOrder(s, t.Folded) {
			return true
		}
	}
	return false
}

// inOrder says whether the pieces are in s one after the other. Taking each as early as
// it comes finds them if they are there.
func inOrder(s string, pieces []string) bool {
	for _, p := range pieces {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

func compare(c Compare, r Row) bool {
	v, ok := r.Value(c.Key)
	if !ok {
		return false
	}
	switch c.Op {
	case Exists:
		return true
	case Eq:
		if c.Pattern == nil {
			return v == c.Value
		}
		return like(v, c.Pattern)
	}
	var n float64
	if c.Unit == Level {
		n, ok = ParseLevel(v)
	} else {
		n, ok = ParseNumber(v)
	}
	if !ok {
		return false
	}
	switch c.Op {
	case Lt:
		return n < c.Number
	case Le:
		return n <= c.Number
	case Gt:
		return n > c.Number
	default:
		return n >= c.Number
	}
}

// like says whether v begins with the first piece, ends with the last and has the
// others between them, in order.
func like(v string, pattern []string) bool {
	first, last := pattern[0], pattern[len(pattern)-1]
	if len(v) < len(first)+len(last) || !strings.HasPrefix(v, first) || !strings.HasSuffix(v, last) {
		return false
	}
	return inOrder(v[len(first):len(v)-len(last)], pattern[1:len(pattern)-1])
}
