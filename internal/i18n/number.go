package i18n

import (
	"fmt"
	"strconv"
	"strings"
)

// Digits is a number with three significant digits and no needless zeros, the same in
// both languages.
func Digits(v float64) string {
	prec := 2
	switch {
	case v >= 99.95:
		prec = 0
	case v >= 9.995:
		prec = 1
	}
	s := strconv.FormatFloat(v, 'f', prec, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Group is a count with its thousands apart.
func Group[N ~int | ~int64 | ~uint64](n N) string {
	s := fmt.Sprintf("%d", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
