package ingest

import "strings"

// group is a run of digits in a text.
type group struct {
	from, to int // bytes of the text
	at, n    int // digits in the buffer
	sep      byte
}

// numbers finds payment cards and My Numbers, in ASCII or full-width digits, whole or in
// groups that a space or hyphen parts.
func (r *Redactor) numbers(s string, found []span) []span {
	digits := make([]byte, 0, 64)
	groups := make([]group, 0, 16)
	for i := 0; i < len(s); {
		if c := s[i]; c-'0' > 9 && c != 0xEF {
			i++
			continue
		}
		if _, w := digit(s, i); w == 0 {
			i++
			continue
		}
		start := i
		digits, groups = digits[:0], groups[:0]
		for {
			g := group{from: i, at: len(digits)}
			for i < len(s) {
				d, w := digit(s, i)
				if w == 0 {
					break
				}
				digits = append(digits, d)
				i += w
			}
			g.to, g.n = i, len(digits)-g.at
			sep, w := separator(s, i)
			if w > 0 {
				if _, dw := digit(s, i+w); dw > 0 {
					g.sep = sep
				}
			}
			groups = append(groups, g)
			if g.sep == 0 {
				break
			}
			i += w
		}
		if len(digits) >= 12 {
			found = r.windows(s, groups, digits, boundaryBefore(s, start), boundaryAfter(s, i), found)
		}
	}
	return found
}

// windows tries every run of whole groups. before and after say whether the first group
// may begin and the last may end a number.
func (r *Redactor) windows(s string, groups []group, digits []byte, before, after bool, found []span) []span {
	for a := 0; a < len(groups); a++ {
		if a == 0 && !before || a > 0 && groups[a-1].sep == '-' && groups[a].n < 13 {
			continue // within a word or a hyphenated number
		}
		// The longest card wins over a shorter one and over a My Number within it.
		best, rule := -1, ruleNone
		for b := a; b < len(groups) && b-a < 6; b++ {
			if b > a && groups[b-1].sep != groups[a].sep {
				break
			}
			n := groups[b].at + groups[b].n - groups[a].at
			if n > 19 {
				break
			}
			last := b == len(groups)-1
			if n < 12 || last && !after || !last && groups[b].sep == '-' && a != b {
				continue
			}
			ds := digits[groups[a].at : groups[a].at+n]
			switch {
			case r.on[ruleCard] && cardGroups(groups[a:b+1]) && isCard(ds):
				best, rule = b, ruleCard
			case best < 0 && r.on[ruleMyNumber] && n == 12 && myNumberGroups(groups[a:b+1]) && isMyNumber(ds) &&
				!inARN(s, groups[a].from, groups[b].to) && !(a == b && isMinute(ds)):
				best, rule = b, ruleMyNumber
			}
		}
		if best >= 0 {
			found = append(found, span{groups[a].from, groups[best].to, rule})
			a = best
		}
	}
	return found
}

// digit reads an ASCII or full-width digit at i.
func digit(s string, i int) (d byte, width int) {
	if i >= len(s) {
		return 0, 0
	}
	if c := s[i] - '0'; c <= 9 {
		return c, 1
	}
	if s[i] == 0xEF && i+2 < len(s) && s[i+1] == 0xBC {
		if c := s[i+2] - 0x90; c <= 9 {
			return c, 3
		}
	}
	return 0, 0
}

func separator(s string, i int) (sep byte, width int) {
	if i >= len(s) {
		return 0, 0
	}
	switch {
	case s[i] == ' ' || s[i] == '-':
		return s[i], 1
	case strings.HasPrefix(s[i:], "－"), strings.HasPrefix(s[i:], "‐"), strings.HasPrefix(s[i:], "−"):
		return '-', 3
	case strings.HasPrefix(s[i:], "　"):
		return ' ', 3
	}
	return 0, 0
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// boundaryBefore says that a number may begin at i: not within a word, not behind a
// decimal point, not as the tail of a UUID or the like.
func boundaryBefore(s string, i int) bool {
	if i == 0 {
		return true
	}
	switch c := s[i-1]; {
	case alnum(c):
		return false
	case c == '.':
		return i < 2 || !alnum(s[i-2])
	case c == '-':
		// a hyphenated word with a digit in it (a716-446655440000) is an identifier
		for j := i - 2; j >= 0 && (alnum(s[j]) || s[j] == '-'); j-- {
			if s[j] >= '0' && s[j] <= '9' {
				return false
			}
			if s[j] == '-' && i-j > 12 {
				break
			}
		}
	}
	return true
}

func boundaryAfter(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	switch c := s[i]; {
	case alnum(c):
		return false
	case c == '.' || c == '-':
		return i+1 >= len(s) || !alnum(s[i+1])
	}
	return true
}

// cardGroups says that digits are grouped as cards are written: whole, or in groups of
// three to six whose last may be shorter.
func cardGroups(g []group) bool {
	if len(g) == 1 {
		return true
	}
	for i, x := range g {
		if x.n > 6 || x.n < 3 && i < len(g)-1 {
			return false
		}
	}
	return true
}

func myNumberGroups(g []group) bool {
	return len(g) == 1 || len(g) == 3 && g[0].n == 4 && g[1].n == 4
}

// isCard checks an issuer's prefix, the lengths it issues, and Luhn's sum.
func isCard(d []byte) bool {
	n := len(d)
	if n < 13 || n > 19 {
		return false
	}
	p2 := int(d[0])*10 + int(d[1])
	p3 := p2*10 + int(d[2])
	p4 := p3*10 + int(d[3])
	ok := false
	switch {
	case d[0] == 4: // Visa
		ok = n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, p4 >= 2221 && p4 <= 2720: // Mastercard
		ok = n == 16
	case p2 == 34 || p2 == 37: // American Express
		ok = n == 15
	case p4 >= 3528 && p4 <= 3589: // JCB
		ok = n >= 16
	case p4 == 1800 || p4 == 2131: // JCB, old
		ok = n == 15
	case p3 >= 300 && p3 <= 305, p2 == 36, p2 == 38, p2 == 39: // Diners Club
		ok = n == 14 || n == 16 || n == 19
	case p4 == 6011, p2 == 65, p3 >= 644 && p3 <= 649, p2 == 62, p2 == 60, p2 == 81: // Discover, UnionPay, RuPay
		ok = n >= 16
	case p4 == 5018, p4 == 5020, p4 == 5038, p4 == 5893, p4 == 6304, p4 == 6759, p4 >= 6761 && p4 <= 6763: // Maestro
		ok = true
	}
	return ok && luhn(d) && !same(d)
}

func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i])
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// isMyNumber checks the check digit that 番号利用法施行令's ordinance prescribes: the
// eleven digits before it, from the right, weigh 2 to 7 and then 2 to 6, modulo 11.
func isMyNumber(d []byte) bool {
	if len(d) != 12 || same(d) {
		return false
	}
	sum := 0
	for n := 1; n <= 11; n++ {
		q := n + 1
		if n >= 7 {
			q = n - 5
		}
		sum += int(d[11-n]) * q
	}
	check := 11 - sum%11
	if check >= 10 {
		check = 0
	}
	return int(d[11]) == check
}

func same(d []byte) bool {
	for _, x := range d {
		if x != d[0] {
			return false
		}
	}
	return true
}

// isMinute says that twelve digits read as a time of day, 202511220912: file names and
// job ids are full of them.
func isMinute(d []byte) bool {
	two := func(i int) int { return int(d[i])*10 + int(d[i+1]) }
	c := two(0)
	return (c == 19 || c == 20) && two(4) >= 1 && two(4) <= 12 && two(6) >= 1 && two(6) <= 31 && two(8) <= 23 && two(10) <= 59
}

// inARN says that the number is an AWS account between the colons of a resource name.
func inARN(s string, from, to int) bool {
	return from > 0 && to < len(s) && s[from-1] == ':' && s[to] == ':'
}
