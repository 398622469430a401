package improve

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// span writes a duration as the pages do: 320 ms, 1.2 s / 1.2秒, 2 min 3 s / 2分3秒.
func span(d time.Duration) i18n.Text {
	v := float64(max(d, 0))
	switch {
	case v == 0:
		return i18n.T("0 ms", "0 ms")
	case v < 0.9995e6:
		return i18n.T(digits(v/1e3)+" µs", digits(v/1e3)+" µs")
	case v < 0.9995e9:
		return i18n.T(digits(v/1e6)+" ms", digits(v/1e6)+" ms")
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
	return i18n.Group(int64(math.Round(v/unit) * unit))
}

// roughly is a predicted duration, to two digits.
func roughly(d int64) i18n.Text {
	if d > 100 {
		unit := int64(math.Pow(10, math.Floor(math.Log10(float64(d)))-1))
		d = (d + unit/2) / unit * unit
	}
	return span(time.Duration(d))
}

// interval is what an estimate lies between, "" where its ends read the same.
func interval(low, high i18n.Text) i18n.Text {
	if low == high {
		return i18n.Text{}
	}
	return i18n.F(" (95 %% interval: %s to %s)", "（95%%信頼区間：%s〜%s）", low, high)
}

// fixed has two digits after the point at most.
func fixed(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'g', -1, 64) }

// hoursText is a number of hours, in minutes below one.
func hoursText(h float64) i18n.Text {
	switch m := h * 60; {
	case m < 1:
		return i18n.T("less than a minute", "1分未満")
	case m < 59.5:
		n := strconv.Itoa(int(math.Round(m)))
		return i18n.T(n+" min", n+"分")
	}
	n := about(h)
	return i18n.T(n+" h", n+"時間")
}

// daysText is an effort.
func daysText(d float64) i18n.Text {
	if d == 1 {
		return i18n.T("1 day", "1日")
	}
	return i18n.F("%s days", "%s日", fixed(d))
}
