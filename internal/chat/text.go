package chat

import (
	"fmt"
	"strconv"
	"time"

	"github.com/yagura-sre/yagura/client"
)

func share(r client.RedView) float64 {
	if r.Count == 0 {
		return 0
	}
	return float64(r.Errors) / float64(r.Count)
}

func percent(r client.RedView) string {
	switch p := 100 * share(r); {
	case p == 0:
		return "0 %"
	case p < 0.01:
		return "< 0.01 %"
	default:
		return strconv.FormatFloat(p, 'g', 3, 64) + " %"
	}
}

// ms is a duration with three digits.
func ms(ns int64) string {
	switch d := time.Duration(ns); {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(ns)/1e6)
	default:
		return fmt.Sprintf("%.2f ms", float64(ns)/1e6)
	}
}
