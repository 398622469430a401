package filter

import (
	"strings"
	"unicode/utf8"
)

// The limits of a filter; what is beyond is refused.
const (
	MaxBytes = 4096
	MaxTerms = 100 // words, phrases and comparisons; each value of a key:(a OR b) is one, each piece between stars too
	MaxDepth = 20  // parentheses and NOTs within each other
)

// Parse reads a filter. Its error is a fault.Invalid of the field "filter" whose Pos and
// End are the bytes at fault. The text of nothing but spaces is All.
func Parse(text string) (Node, error) {
	if len(text) > MaxBytes {
		return nil, errTooLong(len(text))
	}
	if !utf8.ValidString(text) {
		return nil, errNotUTF8(text)
	}
	p := &parser{lexer: lexer{text: text}}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) { // or stops at nothing but a closing parenthesis
		return nil, errUnopened(p.at, p.next())
	}
	return n, nil
}

type parser struct {
	lexer
	terms int
}

// next is the place after the rune that is next.
func (p *parser) next() int {
	_, size := p.peek()
	return p.at + size
}

// or is what stands between parentheses: alternatives of terms side by side.
func (p *parser) or(depth int) (Node, error) {
	var ns []Node
	var last Pos // the OR before
	for {
		n, count, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		p.space()
		or := Pos{Start: p.at}
		more := p.keyword("OR")
		or.End = p.at
		switch {
		case count == 0 && more:
			return nil, errDangling("OR", or.Start, or.End)
		case count == 0 && len(ns) > 0:
			return nil, errDangling("OR", last.Start, last.End)
		}
		ns = append(ns, n)
		if !more {
			return AnyOf(ns...), nil
		}
		last = or
	}
}

// and is terms side by side; count is how many there were.
func (p *parser) and(depth int) (n Node, count int, err error) {
	var ns []Node
	for {
		p.space()
		start := p.at
		if p.keyword("AND") {
			end := p.at
			p.space()
			if count == 0 || p.ends() {
				return nil, 0, errDangling("AND", start, end)
			}
			if s := p.at; p.keyword("AND") {
				return nil, 0, errDangling("AND", s, p.at)
			}
			continue
		}
		if p.ends() {
			return AllOf(ns...), count, nil
		}
		t, err := p.term(depth)
		if err != nil {
			return nil, 0, err
		}
		ns = append(ns, t)
		count++
	}
}

// ends says that no term begins here: the end, a closing parenthesis or OR.
func (p *parser) ends() bool {
	at := p.at
	end := at == len(p.text) || p.is(')') || p.keyword("OR")
	p.at = at
	return end
}

// term is one thing that holds or not, perhaps turned round.
func (p *parser) term(depth int) (Node, error) {
	start := p.at
	if depth > MaxDepth {
		return nil, errTooDeep(start, p.next())
	}
	switch {
	case p.keyword("NOT"):
		end := p.at
		p.space()
		if p.ends() {
			return nil, errDangling("NOT", start, end)
		}
		n, err := p.term(depth + 1)
		return Not{n}, err
	case p.skip('-'):
		if p.is('-') {
			return nil, errTwoMinus(start, p.wordEnd())
		}
		if p.atBorder() && !p.is('(') {
			return nil, errLoneMinus(start, p.at)
		}
		n, err := p.term(depth + 1)
		return Not{n}, err
	case p.skip('('):
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.at == len(p.text) {
			return nil, errUnclosed(start, start+firstLen(p.text[start:]))
		}
		end := p.next()
		if inner := strings.TrimFunc(p.text[start:end], func(r rune) bool { return isSpace(r) || plain(r) == '(' || plain(r) == ')' }); inner == "" {
			return nil, errEmptyParens(start, end)
		}
		p.at = end
		return n, nil
	}
	if p.terms++; p.terms > MaxTerms {
		return nil, errTooMany(start, p.wordEnd())
	}
	if key, ok := p.key(); ok {
		return p.compare(key, start, depth)
	}
	if r, _ := p.peek(); isQuote(r) {
		s, ok := p.phrase()
		if !ok {
			return nil, errQuote(start, start+utf8.RuneLen(r))
		}
		if p.quotedKeyFollows() {
			if s == "" {
				return nil, errEmptyKey(start, p.at)
			}
			return p.compare(s, start, depth)
		}
		p.at = start
	}
	return p.word(start)
}

// quotedKeyFollows says that the phrase just read is a key.
func (p *parser) quotedKeyFollows() bool {
	r, size := p.peek()
	return size > 0 && (plain(r) == ':' || strings.ContainsRune("<>≦≧≤≥", plain(r)))
}

// word is text to look for.
func (p *parser) word(start int) (Node, error) {
	if err := p.strayOperator(start); err != nil {
		return nil, err
	}
	pieces, err := p.pieces(false)
	if err != nil {
		return nil, err
	}
	pos := Pos{start, p.at}
	if err := p.count(pieces, pos); err != nil {
		return nil, err
	}
	if raw := p.text[start:p.at]; raw == "||" || raw == "&&" || raw == "｜｜" || raw == "＆＆" {
		return nil, errForeign(pos, plainText(raw))
	}
	var folded []string
	for _, s := range pieces {
		if s = Fold(s); s != "" {
			folded = append(folded, s)
		}
	}
	switch {
	case len(folded) > 0:
		return Text{folded, pos}, nil
	case len(pieces) > 1:
		return All{}, nil
	}
	return nil, errEmptyText(pos)
}

// strayOperator finds a comparison without a key: status >= 500.
func (p *parser) strayOperator(start int) error {
	r, size := p.peek()
	c := plain(r)
	if size == 0 || !strings.ContainsRune(":=<>≦≧≤≥!", c) || c == '!' && !strings.HasPrefix(plainText(p.text[p.at+size:]), "=") {
		return nil
	}
	p.operator()
	op := Pos{start, p.at}
	alone := p.atBorder()
	_, _, _, number := parseQuantity(plainText(p.token()))
	p.at = start
	if alone || number && c != ':' {
		return errNoKey(op, p.text[op.Start:op.End])
	}
	return nil
}

// pieces reads a word or an unquoted value with what stands between its stars. Two
// pieces touch only at a star; a quoted one is taken as it is.
func (p *parser) pieces(value bool) ([]string, error) {
	pieces := []string{""}
	touch := false // a piece was read and no star since
	for {
		r, size := p.peek()
		switch {
		case size > 0 && isStar(r):
			p.at += size
			if touch || len(pieces) == 1 {
				pieces = append(pieces, "")
			}
			touch = false
			continue
		case size > 0 && isQuote(r) && !touch:
			start := p.at
			s, ok := p.phrase()
			if !ok {
				return nil, errQuote(start, start+size)
			}
			pieces[len(pieces)-1] = s
		case size > 0 && isQuote(r) && value:
			return nil, errQuoteInside(p.at, p.at+size)
		case touch:
			return pieces, nil
		default:
			s := p.bare(value)
			if s == "" {
				return pieces, nil
			}
			pieces[len(pieces)-1] = s
		}
		touch = true
	}
}

// count adds a term's pieces to the terms, for each is looked for by itself. The first is
// the term, which is counted already.
func (p *parser) count(pieces []string, pos Pos) error {
	n := 0
	for _, s := range pieces {
		if s != "" {
			n++
		}
	}
	if p.terms += max(n-1, 0); p.terms > MaxTerms {
		return errTooMany(pos.Start, pos.End)
	}
	return nil
}

// compare reads what follows a key that began at start.
func (p *parser) compare(key string, start, depth int) (Node, error) {
	opStart := p.at
	op := p.operator()
	pos := Pos{opStart, p.at}
	switch op {
	case ":":
		if p.is('(') {
			return p.group(key, start, depth+1)
		}
		return p.equal(key, start, pos)
	case "<", "<=", ">", ">=":
		return p.order(key, op, start, pos)
	}
	return nil, errForeignOp(Pos{start, p.wordEnd()}, key, op, p.token())
}

// equal reads the value of key:value.
func (p *parser) equal(key string, start int, op Pos) (Node, error) {
	from := p.at
	if r, _ := p.peek(); r == '<' || r == '>' {
		sign := p.operator()
		if right := plainText(p.token()); isOrderable(key, right) {
			return nil, errColonOrder(Pos{op.Start, p.at}, key, sign, right)
		}
		p.at = from
	}
	pieces, err := p.pieces(true)
	if err != nil {
		return nil, err
	}
	if p.at == from {
		return nil, errEmptyValue(Pos{start, op.End}, key)
	}
	if err := p.count(pieces, Pos{from, p.at}); err != nil {
		return nil, err
	}
	c := Compare{Key: key, Pos: Pos{start, p.at}}
	switch {
	case len(pieces) == 1:
		c.Value = pieces[0]
		if key == "level" {
			if n, ok := levels[strings.ToLower(c.Value)]; ok {
				c.Value = levelNames[int(n-1)/4]
			}
		}
	default:
		// Two stars with an empty quote between them are one.
		last := len(pieces) - 1
		c.Pattern = append(c.Pattern, pieces[0])
		for _, s := range pieces[1:last] {
			if s != "" {
				c.Pattern = append(c.Pattern, s)
			}
		}
		c.Pattern = append(c.Pattern, pieces[last])
		if len(c.Pattern) == 2 && c.Pattern[0] == "" && c.Pattern[1] == "" {
			c.Op, c.Pattern = Exists, nil
		}
	}
	return c, nil
}

// group reads key:(a OR b).
func (p *parser) group(key string, start, depth int) (Node, error) {
	open := Pos{p.at, p.next()}
	if depth > MaxDepth {
		return nil, errTooDeep(open.Start, open.End)
	}
	p.at = open.End
	var ns []Node
	for {
		p.space()
		at := p.at
		switch {
		case at == len(p.text):
			return nil, errUnclosed(open.Start, open.End)
		case p.is(')') && len(ns) == 0:
			return nil, errEmptyValue(Pos{start, p.next()}, key)
		case p.is(')') || p.keyword("OR"):
			p.at = at
			return nil, errDangling("OR", at, p.wordEnd())
		}
		if len(ns) > 0 {
			if p.terms++; p.terms > MaxTerms {
				return nil, errTooMany(at, p.wordEnd())
			}
		}
		n, err := p.equal(key, at, Pos{start, at})
		if err != nil {
			return nil, err
		}
		ns = append(ns, n)
		p.space()
		at = p.at
		switch {
		case at == len(p.text):
			return nil, errUnclosed(open.Start, open.End)
		case p.is(')'):
			p.at = p.next()
			return AnyOf(ns...), nil
		case !p.keyword("OR"):
			return nil, errGroup(Pos{at, p.wordEnd()}, key)
		}
	}
}

// order reads the right side of an ordering.
func (p *parser) order(key, op string, start int, opPos Pos) (Node, error) {
	from := p.at
	var right string
	if r, _ := p.peek(); isQuote(r) {
		s, ok := p.phrase()
		if !ok {
			return nil, errQuote(from, from+utf8.RuneLen(r))
		}
		right = s
	} else {
		right = p.token()
	}
	pos, at := Pos{start, p.at}, Pos{from, p.at}
	if p.at == from {
		return nil, errNoNumber(Pos{start, opPos.End}, key, op)
	}
	right = plainText(right)
	c := Compare{Key: key, Op: ops[op], Pos: pos}
	if isLevelKey(key) {
		n, named := levels[strings.ToLower(right)]
		_, _, _, number := parseQuantity(right)
		if !named && (key == "level" || !number) {
			return nil, errLevel(at, right)
		}
		if named {
			c.Number, c.Unit = n, Level
			return c, nil
		}
	}
	n, unit, bad, ok := parseQuantity(right)
	switch {
	case bad != "":
		return nil, errUnit(at, right, bad)
	case !ok:
		return nil, errNotNumber(at, key, op, right)
	case key == "duration" && unit == Plain && n != 0:
		return nil, errNeedsUnit(at, right)
	}
	c.Number, c.Unit = n, unit
	return c, nil
}

var ops = map[string]Op{"<": Lt, "<=": Le, ">": Gt, ">=": Ge}

// isOrderable says whether the right side could follow an ordering of the key.
func isOrderable(key, right string) bool {
	_, _, _, ok := parseQuantity(right)
	_, level := levels[strings.ToLower(right)]
	return ok || level && isLevelKey(key)
}

// wordEnd is the end of the word at the place, for the position of an error.
func (p *parser) wordEnd() int {
	l := p.lexer
	if l.token(); l.at == p.at {
		return p.next()
	}
	return l.at
}

func firstLen(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return size
}
