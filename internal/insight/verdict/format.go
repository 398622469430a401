package verdict

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// dur writes a duration as the pages do: 850 µs, 320 ms, 1.24 s / 1.24秒, 2 min 3 s / 2分3秒.
func dur(ns int64) i18n.Text {
	v := float64(max(ns, 0))
	same := func(s string) i18n.Text { return i18n.T(s, s) }
	switch {
	case v == 0:
		return same("0 ms")
	case v < 1e3:
		return same(i18n.Digits(v) + " ns")
	case v < 0.9995e6:
		return same(i18n.Digits(v/1e3) + " µs")
	case v < 0.9995e9:
		return same(i18n.Digits(v/1e6) + " ms")
	case v < 59.97e9:
		s := i18n.Digits(v / 1e9)
		return i18n.T(s+" s", s+"秒")
	}
	d := time.Duration(ns)
	for _, u := range [...]struct {
		big, small             time.Duration
		en, ja, enRest, jaRest string
	}{
		{24 * time.Hour, time.Hour, "d", "日", "h", "時間"},
		{time.Hour, time.Minute, "h", "時間", "min", "分"},
		{time.Minute, time.Second, "min", "分", "s", "秒"},
	} {
		r := d.Round(u.small)
		if r < u.big {
			continue
		}
		high, low := strconv.Itoa(int(r/u.big)), strconv.Itoa(int(r%u.big/u.small))
		if low == "0" {
			return i18n.T(high+" "+u.en, high+u.ja)
		}
		return i18n.T(high+" "+u.en+" "+low+" "+u.enRest, high+u.ja+low+u.jaRest)
	}
	return i18n.T("1 min", "1分")
}

// percent of a share; what is not nothing is never shown as nothing, nor less than all as all.
func percent(share float64) string {
	p := share * 100
	switch {
	case p > 0 && p < 0.01:
		return "<0.01 %"
	case p > 99.9 && p < 100:
		return ">99.9 %"
	}
	return i18n.Digits(p) + " %"
}

func part(k, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// times says how many times as long: 2.3, 14, 380.
func times(a, b int64) string {
	f := float64(a) / float64(max(b, 1))
	if f >= 9.95 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// clip makes one line of at most n characters, freed of the marks that quote it.
func clip(s string, n int) string {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "`", "'")), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:n-1]), " ,.:;(") + "…"
}

// code quotes what a program wrote.
func code(s string, n int) string { return "`" + clip(s, n) + "`" }

// firstLine is the first line of a text that has any.
func firstLine(s string) string {
	s = strings.TrimLeft(s, " \t\r\n")
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// plural picks the English form.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
