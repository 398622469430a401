package ingest

import (
	"strings"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// What one look at a text tells, so that most texts are looked at once.
const (
	classDigit byte = 1 << iota // a digit
	classSep                    // = or :, or the first byte of their full-width forms
	classHigh                   // not ASCII
	classBreak                  // a line break
	classQuote                  // an opening brace: may be JSON
	classKey                    // a letter that tokens and key blocks cannot do without: J of eyJ, G of -----BEGIN
	classB                      // the b of bearer
)

var classes = func() (t [256]byte) {
	for c := '0'; c <= '9'; c++ {
		t[c] = classDigit
	}
	t['='], t[':'] = classSep, classSep
	t['\n'] = classBreak
	t['{'] = classQuote
	t['J'], t['G'] = classKey, classKey
	t['B'], t['b'] = classB, classB
	for c := 0x80; c < 256; c++ {
		t[c] = classHigh
	}
	t[0xEF] = classHigh | classSep
	return
}()

// scan tells the classes of bytes in s and how many digits there are; full-width digits
// count too.
func scan(s string) (class byte, digits int) {
	for i := range len(s) {
		c := classes[s[i]]
		class |= c
		digits += int(c & classDigit)
	}
	if class&classHigh != 0 && strings.Contains(s, "\xef\xbc") {
		digits += strings.Count(s, "\xef\xbc")
	}
	return class, digits
}

// text repairs, redacts and cuts a text, and marks the row it belongs to.
func (w *work) text(s string, limit int) string {
	if s == "" {
		return s
	}
	class, digits := scan(s)
	return w.scanned(s, class, digits, limit)
}

func (w *work) scanned(s string, class byte, digits, limit int) string {
	if class&classHigh != 0 && !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		w.flags |= telemetry.Repaired
	}
	if !w.keep {
		var hit bool
		if s, hit = w.red.text(s, class, digits); hit {
			w.flags |= telemetry.Redacted
		}
	}
	return w.cut(s, limit)
}

// cut shortens a text to a limit and marks the row.
func (w *work) cut(s string, limit int) string {
	if len(s) > limit {
		w.flags |= telemetry.Truncated
		w.long = true
		return strings.Clone(cut(s, limit))
	}
	return s
}

// cut shortens a text to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
