package cli

import (
	"strconv"
	"strings"
	"time"
)

// duration renders nanoseconds as a person reads them: three significant digits.
func duration(ns float64) string {
	switch {
	case ns == 0:
		return "0"
	case ns < 1e3:
		return digits(ns) + " ns"
	case ns < 1e6:
		return digits(ns/1e3) + " µs"
	case ns < 1e9:
		return digits(ns/1e6) + " ms"
	case ns < 120e9:
		return digits(ns/1e9) + " s"
	}
	return time.Duration(ns).Round(time.Second).String()
}

// digits has three significant digits and no needless zeros.
func digits(v float64) string {
	prec := 2
	switch {
	case v >= 100:
		prec = 0
	case v >= 10:
		prec = 1
	}
	s := strconv.FormatFloat(v, 'f', prec, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// count renders a number with its thousands apart.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent renders a share; what is not nothing is never shown as nothing.
func percent(part, whole uint64) string {
	if whole == 0 {
		return "-"
	}
	p := float64(part) * 100 / float64(whole)
	if p > 0 && p < 0.01 {
		return "<0.01 %"
	}
	return digits(p) + " %"
}
