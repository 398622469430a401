package shape

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is a log line or a message without what differs from one occurrence to the
// next: <num>, <id>, <ip>, <time>, <str>, <email>. White space runs together, enumerations
// of values are one value, and there is no digit left. Texts without spaces, such as
// Japanese, are read by runs of one class of characters: a number stands alone wherever it
// is, in full width and in kanji too.
//
// It is idempotent up to the limit of its length: the pattern of a pattern is itself.
func Pattern(text string) string {
	return cut(mask(text), maxPattern)
}

// maxMasked is how much of a text tells its pattern: more than is shown, so that texts
// which begin alike are told apart.
const maxMasked = 1000

func mask(text string) string {
	m := masker{in: clip(text, maxInput)}
	m.out = make(buffer, 0, min(len(m.in), maxMasked)+64)
	for m.at < len(m.in) && len(m.out) < maxMasked {
		m.step()
	}
	return strings.TrimSpace(string(m.out))
}

// buffer is a text under construction that can be taken back.
type buffer []byte

func (b *buffer) text(s string) { *b = append(*b, s...) }
func (b *buffer) put(c byte)    { *b = append(*b, c) }
func (b *buffer) char(r rune)   { *b = utf8.AppendRune(*b, r) }
func (b *buffer) cutTo(n int)   { *b = (*b)[:n] }
func (b buffer) ends(with string) (n int, ok bool) {
	n = len(b) - len(with)
	return n, n >= 0 && string(b[n:]) == with
}

type masker struct {
	in  string
	at  int
	out buffer
	// What the last value was and where it ended, to join enumerations.
	last    string
	lastEnd int
	key     string // the word before a "="
}

// step reads one token.
func (m *masker) step() {
	c := m.in[m.at]
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		for m.at < len(m.in) && (m.in[m.at] == ' ' || m.in[m.at] == '\t' || m.in[m.at] == '\n' || m.in[m.at] == '\r') {
			m.at++
		}
		m.out.put(' ')
	case c == '"' || c == '\'' || c == '`':
		m.quoted(c)
	case c >= utf8.RuneSelf:
		m.wide()
	case wordByte(c):
		m.word()
	default:
		if c != '=' {
			m.key = ""
		}
		m.out.put(c)
		m.at++
	}
}

// wordByte says what a word of an ASCII text may have: what ids, times, addresses and
// paths are made of.
func wordByte(c byte) bool { return wordBytes[c] }

var wordBytes = func() (is [256]bool) {
	for c := range is {
		is[c] = alpha(byte(c)) || digit(byte(c)) || strings.IndexByte("_-.:/@+%~#&?$\\*", byte(c)) >= 0
	}
	return is
}()

// value writes what stands for a value, once for an enumeration.
func (m *masker) value(v string) {
	if m.last == v && m.lastEnd <= len(m.out) {
		if between := string(m.out[m.lastEnd:]); between == "," || between == ", " {
			m.out.cutTo(m.lastEnd)
			return
		}
	}
	m.out.text(v)
	m.last, m.lastEnd = v, len(m.out)
}

// maxQuoted is how long a quoted value is. What is longer is text with a stray quote.
const maxQuoted = 200

func (m *masker) quoted(q byte) {
	rest := m.in[m.at+1:]
	end := strings.IndexByte(clip(rest, maxQuoted), q)
	before := byte(' ')
	if m.at > 0 {
		before = m.in[m.at-1]
	}
	if end < 0 || alpha(before) || digit(before) {
		m.out.put(q)
		m.at++
		return
	}
	inner := rest[:end]
	after := byte(' ')
	if m.at+end+2 < len(m.in) {
		after = m.in[m.at+end+2]
	}
	switch {
	case q == '\'' && alpha(after): // an apostrophe
		m.out.put(q)
		m.at++
		return
	case q == '"' && after == ':' && identifier(inner) && m.inObject(): // a key of JSON
		m.out.text(`"` + inner + `"`)
	default:
		m.value(string(q) + "<str>" + string(q))
	}
	m.at += end + 2
}

// inObject says whether a key of JSON may stand here.
func (m *masker) inObject() bool {
	before := strings.TrimRight(m.in[:m.at], " \t\r\n")
	return before != "" && (before[len(before)-1] == '{' || before[len(before)-1] == ',')
}

func identifier(s string) bool {
	if s == "" || len(s) > 60 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !alpha(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// word reads a word of ASCII.
func (m *masker) word() {
	from := m.at
	for m.at < len(m.in) && wordByte(m.in[m.at]) {
		m.at++
	}
	if strings.Contains(m.in[from:m.at], "://") { // a URL has more
		for m.at < len(m.in) && strings.IndexByte(" \t\r\n\"'`<>()[]{}|", m.in[m.at]) < 0 && m.in[m.at] < utf8.RuneSelf {
			m.at++
		}
	}
	w := m.in[from:m.at]
	key := m.key
	m.key = ""
	// What ends a sentence is not of the word.
	tail := len(w)
	for tail > 0 && strings.IndexByte(".:,?", w[tail-1]) >= 0 {
		tail--
	}
	w, end := w[:tail], w[tail:]
	switch {
	case from > 0 && m.in[from-1] == '=' && telling(key):
		if w != "" {
			m.value("<str>")
		}
	case w != "":
		m.classify(w)
	}
	m.out.text(end)
	if m.at < len(m.in) && m.in[m.at] == '=' && end == "" {
		m.key = w
	}
}

// telling says whether a key's values are as many as there are users or requests.
func telling(key string) bool {
	key = strings.ToLower(key)
	for _, end := range [...]string{"id", "user", "username", "name", "email", "token", "session", "key", "uuid", "hash", "cursor"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return false
}

func (m *masker) classify(w string) {
	if !hasDigit(w) {
		switch at := strings.IndexByte(w, '@'); {
		case at > 0 && strings.IndexByte(w[at:], '.') > 0:
			m.value("<email>")
		case isID(w):
			m.value("<id>")
		case strings.Contains(w, "://"):
			m.url(w)
		case len(w) > 60 && strings.IndexByte(w, '/') < 0:
			m.value("<id>")
		default:
			m.out.text(w)
		}
		return
	}
	switch {
	case strings.Contains(w, "://"):
		m.url(w)
	case strings.IndexByte(w, '@') > 0 && strings.IndexByte(w, '.') > 0:
		m.value("<email>")
	case isUUID(w) || isID(w):
		m.value("<id>")
	case isTime(w):
		m.clock(w)
	case isIP(w):
		m.value("<ip>")
	default:
		m.parts(w)
	}
}

func (m *masker) url(w string) {
	scheme, host, port, path := splitURL(w)
	if i := strings.LastIndexByte(scheme, ':'); i >= 0 || len(scheme) > 20 || hasDigit(scheme) { // jdbc:mysql://
		m.parts(w)
		return
	}
	h := masker{in: Host(host, port, scheme)}
	if isIP(h.in) {
		h.value("<ip>")
	} else {
		h.parts(h.in)
	}
	m.out.text(scheme + "://" + string(h.out))
	if path != "" && path != "/" {
		p := masker{}
		p.parts(Path(path))
		m.out.text(string(p.out))
	}
}

// parts masks what a word of several parts has of numbers and ids: worker-<num>,
// /orders/<num>, <num>ms, v<num>.<num>.
func (m *masker) parts(w string) {
	for i := 0; i < len(w); {
		c := w[i]
		if !alpha(c) && !digit(c) {
			sign := (c == '-' || c == '+') && (i == 0 || strings.IndexByte("/:", w[i-1]) >= 0) && i+1 < len(w) && digit(w[i+1])
			if !sign {
				m.out.put(c)
			}
			i++
			continue
		}
		j := i
		for j < len(w) && (alpha(w[j]) || digit(w[j])) {
			j++
		}
		part := w[i:j]
		switch {
		case !hasDigit(part):
			if isID(part) {
				m.value("<id>")
			} else {
				m.out.text(part)
			}
		case isUUIDAt(w, i):
			m.value("<id>")
			j = i + 36
		case isID(part) && strings.Trim(part, "0123456789") != "":
			m.value("<id>")
		default:
			j = i + m.numbers(part, w[i:])
		}
		i = j
	}
}

func isUUIDAt(w string, i int) bool {
	return len(w) >= i+36 && isUUID(w[i:i+36]) && (len(w) == i+36 || !alpha(w[i+36]) && !digit(w[i+36]))
}

// numbers writes a part with its runs of digits masked; a number's decimals, thousands and
// exponent belong to it. It gives how much of rest, which begins with part, it took.
func (m *masker) numbers(part, rest string) int {
	i := 0
	for i < len(part) {
		if !digit(part[i]) {
			m.out.put(part[i])
			i++
			continue
		}
		if part[i] == '0' && i+2 < len(part) && part[i+1]|0x20 == 'x' && hexDigit(part[i+2]) {
			m.value("<id>")
			for i += 2; i < len(part) && hexDigit(part[i]); i++ {
			}
			continue
		}
		i = numberEnd(rest, i)
		m.value("<num>")
		if i >= len(part) { // its decimals led beyond the part, where more may follow
			for i < len(rest) && alpha(rest[i]) {
				m.out.put(rest[i])
				i++
			}
			return i
		}
	}
	return i
}

// numberEnd is the end of the number that begins at i: 12, 12.5, 1.5e-3.
func numberEnd(s string, i int) int {
	for i < len(s) && digit(s[i]) {
		i++
	}
	for i+1 < len(s) && s[i] == '.' && digit(s[i+1]) {
		for i++; i < len(s) && digit(s[i]); i++ {
		}
	}
	if i+1 < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if (s[j] == '-' || s[j] == '+') && j+1 < len(s) {
			j++
		}
		if digit(s[j]) {
			for i = j; i < len(s) && digit(s[i]); i++ {
			}
		}
	}
	return i
}

// wide reads from a character beyond ASCII on.
func (m *masker) wide() {
	r, n := utf8.DecodeRuneInString(m.in[m.at:])
	m.key = ""
	switch {
	case r >= 'ぁ' && r <= 'ヿ': // kana are most of it, and never anything else
		m.out.text(m.in[m.at : m.at+n])
		m.at += n
	case r >= '０' && r <= '９':
		m.at += fullNumber(m.in[m.at:])
		m.value("<num>")
	case r == '「' || r == '『' || r == '“' || r == '«':
		closing := map[rune]string{'「': "」", '『': "』", '“': "”", '«': "»"}[r]
		inner := m.in[m.at+n:]
		if end := strings.Index(clip(inner, maxQuoted), closing); end > 0 {
			m.out.char(r)
			m.out.text("<str>")
			m.out.text(closing)
			m.at += n + end + len(closing)
			return
		}
		m.out.char(r)
		m.at += n
	case kanjiDigit(r):
		if k, number := kanjiNumber(m.in[m.at:]); number {
			m.at += k
			m.value("<num>")
		} else {
			m.out.text(m.in[m.at : m.at+k])
			m.at += k
		}
	case r == '　' || unicode.IsSpace(r):
		m.at += n
		if _, blank := m.out.ends(" "); !blank {
			m.out.put(' ')
		}
	case (r < '一' || r > '鿿') && unicode.IsNumber(r) && !unicode.Is(unicode.Han, r): // ① ٣ ²
		m.at += n
		m.value("<num>")
	case r == utf8.RuneError && n <= 1:
		m.out.char(utf8.RuneError)
		m.at++
	default:
		m.out.text(m.in[m.at : m.at+n])
		m.at += n
		switch r {
		case '年', '月', '日', '時', '分', '秒':
			m.japaneseTime()
		}
	}
}

// fullNumber is the length of a number in full-width digits.
func fullNumber(s string) int {
	n := 0
	for n < len(s) {
		r, k := utf8.DecodeRuneInString(s[n:])
		if r >= '０' && r <= '９' {
			n += k
			continue
		}
		if r == '．' || r == '，' {
			if next, _ := utf8.DecodeRuneInString(s[n+k:]); next >= '０' && next <= '９' {
				n += k
				continue
			}
		}
		break
	}
	return n
}

func kanjiDigit(r rune) bool {
	switch r {
	case '〇', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '万', '億', '兆':
		return true
	}
	return false
}

// kanjiNumber is a run of kanji numerals; it is a number when it is of two and more, as
// 二十 is and the 一 of 一覧 is not.
func kanjiNumber(s string) (n int, number bool) {
	runes := 0
	for n < len(s) {
		r, k := utf8.DecodeRuneInString(s[n:])
		if !kanjiDigit(r) {
			break
		}
		n += k
		runes++
	}
	return n, runes >= 2
}
