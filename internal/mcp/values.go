package mcp

import (
	"math"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
)

// period is the range of time that a tool looks at.
type period struct {
	Since string `json:"since,omitempty" jsonschema:"how far back from now: 15m, 6h, 7d; 1h when nothing is said"`
	From  string `json:"from,omitempty" jsonschema:"begin of the range in RFC 3339, instead of since"`
	To    string `json:"to,omitempty" jsonschema:"end of the range in RFC 3339; now when nothing is said"`
	Env   string `json:"env,omitempty" jsonschema:"only this environment, such as production"`
}

// bounds are the range as the API and the pages take it.
func (p period) bounds() (from, to string) {
	from, to = p.From, p.To
	if from == "" {
		since := strings.TrimPrefix(p.Since, "-")
		if since == "" {
			since = "1h"
		}
		from = "-" + since
	}
	if to == "" {
		to = "now"
	}
	return from, to
}

// page are the parts of a link that every page knows.
func (p period) page(more ...string) []string {
	from, to := p.bounds()
	return append([]string{"from", from, "to", to, "env", p.Env}, more...)
}

func some[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// red is how requests did.
type red struct {
	Requests     int64   `json:"requests"`
	Errors       int64   `json:"errors"`
	ErrorPercent float64 `json:"error_percent"`
	P50          float64 `json:"p50_ms"`
	P95          float64 `json:"p95_ms"`
	P99          float64 `json:"p99_ms"`
}

func figures(v client.RedView) red {
	r := red{Requests: v.Count, Errors: v.Errors, P50: ms(v.P50Ns), P95: ms(v.P95Ns), P99: ms(v.P99Ns)}
	if v.Count > 0 {
		r.ErrorPercent = round(100 * float64(v.Errors) / float64(v.Count))
	}
	return r
}

// before is nil where there is nothing to compare with.
func before(v *client.RedView) *red {
	if v == nil || v.Count == 0 {
		return nil
	}
	r := figures(*v)
	return &r
}

func ms(ns int64) float64 { return round(float64(ns) / 1e6) }

// round keeps three significant digits: an agent needs no more, and tokens cost.
func round(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	if scale < 1 {
		scale = 1
	}
	return math.Round(v*scale) / scale
}

func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func maybe(t *time.Time) string {
	if t == nil {
		return ""
	}
	return at(*t)
}

// first is at most n of a list, each in its small form, and how many were left out.
func first[T, V any](list []T, n int, small func(*T) V) (out []V, left int) {
	out = make([]V, 0, min(n, len(list)))
	for i := range list {
		if i == n {
			break
		}
		out = append(out, small(&list[i]))
	}
	return out, len(list) - len(out)
}

// atMost is the limit that was asked for, within what keeps an answer small.
func atMost(asked, usual, most int) int {
	if asked <= 0 {
		return usual
	}
	return min(asked, most)
}

// quote is a value as the filter takes it.
func quote(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }
