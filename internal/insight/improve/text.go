package improve

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// span writes a duration as the pages do: 320 ms, 1.24 s / 1.24秒, 2 min 3 s / 2分3秒.
func span(d time.Duration) i18n.Text {
	v := float64(max(d, 0))
	switch {
	case v == 0:
		return i18n.T("0 ms", "0ミリ秒")
	case v < 0.9995e6:
		return i18n.T(digits(v/1e3)+" µs", digits(v/1e3)+"マイクロ秒")
	case v < 0.9995e9:
		return i18n.T(digits(v/1e6)+" ms", digits(v/1e6)+"ミリ秒")
	case v < 59.95e9:
		return i18n.T(digits(v/1e9)+" s", digits(v/1e9)+"秒")
	}
	s := int(d.Round(time.Second) / time.Second)
	h, m, s := s/3600, s/60%60, s%60
	var en, ja []string
	for i, part := range [...]int{h, m, s} {
		if part > 0 && (i < 2 || h == 0) {
			en = append(en, strconv.Itoa(part)+[...]string{" h", " min", " s"}[i])
			ja = append(ja, strconv.Itoa(part)+[...]string{"時間", "分", "秒"}[i])
		}
	}
	return i18n.T(strings.Join(en, " "), strings.Join(ja, ""))
}

// digits has two digits, or all before the point: what is predicted is no better known.
func digits(v float64) string {
	prec := 0
	if v < 9.95 {
		prec = 1
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', prec, 64), ".0")
}

// about rounds a number to two digits, with its thousands apart: what was sampled is no
// better known.
func about(v float64) string {
	if v < 10 {
		return digits(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	s := strconv.FormatFloat(math.Round(v/unit)*unit, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
