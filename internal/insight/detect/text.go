package detect

import (
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Format writes a number of a unit as a person does.
func (u Unit) Format(v int64) string {
	switch u {
	case Duration:
		return dur(v)
	case Bytes:
		return size(v)
	case Percent:
		return strconv.FormatInt(v, 10) + " %"
	}
	return strconv.FormatInt(v, 10)
}

// dur has three significant digits.
func dur(ns int64) string {
	v, unit := float64(ns), "ns"
	switch {
	case ns == 0:
		return "0 ms"
	case ns >= 100*int64(time.Second) && ns%int64(time.Second) == 0 || ns >= int64(10*time.Minute):
		s := time.Duration(ns).Round(time.Second).String()
		if t := strings.TrimSuffix(s, "m0s"); t != s {
			s = t + "m"
		}
		if t := strings.TrimSuffix(s, "h0m"); t != s {
			s = t + "h"
		}
		return s
	case ns >= int64(time.Second):
		v, unit = v/1e9, "s"
	case ns >= int64(time.Millisecond):
		v, unit = v/1e6, "ms"
	case ns >= int64(time.Microsecond):
		v, unit = v/1e3, "µs"
	}
	return i18n.Digits(v) + " " + unit
}

func size(n int64) string {
	switch v := float64(n); {
	case n >= 1e6:
		return i18n.Digits(v/1e6) + " MB"
	case n >= 1e3:
		return i18n.Digits(v/1e3) + " KB"
	}
	return strconv.FormatInt(n, 10) + " B"
}

// maxQuoted is how many bytes of a statement a sentence quotes.
const maxQuoted = 100

// quote shortens what a sentence quotes, at a character's begin.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	n := maxQuoted
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

func join(parts []i18n.Text) i18n.Text {
	var en, ja strings.Builder
	for i, p := range parts {
		if i > 0 {
			en.WriteByte(' ')
		}
		en.WriteString(p.En)
		ja.WriteString(p.Ja)
	}
	return i18n.T(en.String(), ja.String())
}
