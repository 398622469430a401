package cli

import (
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// duration renders nanoseconds as a person reads them: three significant digits.
func duration(ns float64) string {
	switch {
	case ns == 0:
		return "0"
	case ns < 1e3:
		return i18n.Digits(ns) + " ns"
	case ns < 1e6:
		return i18n.Digits(ns/1e3) + " µs"
	case ns < 1e9:
		return i18n.Digits(ns/1e6) + " ms"
	case ns < 120e9:
		return i18n.Digits(ns/1e9) + " s"
	}
	return time.Duration(ns).Round(time.Second).String()
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
	return i18n.Digits(p) + " %"
}
