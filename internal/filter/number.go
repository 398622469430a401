package filter

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// NumberPattern is what a number looks like, here and in a row's value, as a regular
// expression in RE2's syntax.
const NumberPattern = `^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`

var (
	numberRE = regexp.MustCompile(NumberPattern)
	// partRE is a number without sign and what follows it to the next number.
	partRE = regexp.MustCompile(`^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?([^0-9.]*)`)
)

// ParseNumber reads a row's value as a number, for the orderings. What does not look
// like NumberPattern, or is beyond a float64, is none.
func ParseNumber(s string) (float64, bool) {
	if !numberRE.MatchString(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

type unitName struct {
	name string
	in   float64
}

// The units, the greatest first: print takes the first that divides.
var (
	durations = []unitName{
		{"d", 86400e9}, {"h", 3600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1},
	}
	sizes = []unitName{
		{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6},
		{"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
	}
)

// levels are the names that people and libraries give to severities, each with the
// least number of its level in OpenTelemetry.
var levels = map[string]float64{
	"trace": 1, "verbose": 1,
	"debug": 5,
	"info":  9, "information": 9, "notice": 9,
	"warn": 13, "warning": 13,
	"error": 17, "err": 17, "severe": 17,
	"fatal": 21, "critical": 21, "crit": 21, "alert": 21, "emerg": 21, "emergency": 21, "panic": 21,
}

// levelNames are the levels as they are printed, by (severity-1)/4.
var levelNames = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// isLevelKey says whether a key's values are levels, so that its orderings take names.
func isLevelKey(key string) bool {
	switch key {
	case "level", "severity", "severity_text", "log.level":
		return true
	}
	return false
}

// ParseLevel reads the name of a level, of whatever case, or a severity number, and
// gives the least severity number of its level.
func ParseLevel(s string) (float64, bool) {
	if n, ok := levels[strings.ToLower(s)]; ok {
		return n, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 24 {
		return 0, false
	}
	return float64((n-1)/4*4 + 1), true
}

// parseQuantity reads a number, a duration or a size; bad is the unit that it does not
// know, when that is what is wrong.
func parseQuantity(s string) (n float64, u Unit, bad string, ok bool) {
	if n, ok = ParseNumber(s); ok {
		return n, Plain, "", true
	}
	rest, sign := s, 1.0
	if c, cut := strings.CutPrefix(s, "-"); cut {
		rest, sign = c, -1
	} else {
		rest = strings.TrimPrefix(s, "+")
	}
	for first := true; rest != ""; first = false {
		m := partRE.FindStringSubmatch(rest)
		if m == nil {
			return 0, 0, "", false
		}
		f, err := strconv.ParseFloat(m[1]+m[2], 64)
		if err != nil {
			return 0, 0, "", false
		}
		rest = rest[len(m[0]):]
		if in, yes := unitOf(durations, m[3], false); yes && (first || u == Duration) {
			n, u = n+f*in, Duration
			continue
		}
		if in, yes := unitOf(sizes, m[3], true); yes && first && rest == "" {
			n, u = f*in, Size
			continue
		}
		_, known := unitOf(append(slices.Clone(durations), sizes...), m[3], true)
		if known || strings.Contains(m[3], ",") {
			return 0, 0, "", false // units that do not go together; 1,000
		}
		return 0, 0, m[3], false
	}
	if u == Plain || math.IsInf(n, 0) {
		return 0, 0, "", false
	}
	return sign * n, u, "", true
}

func unitOf(units []unitName, name string, anyCase bool) (float64, bool) {
	if name == "µs" || name == "μs" {
		name = "us"
	}
	for _, u := range units {
		if u.name == name || anyCase && strings.EqualFold(u.name, name) {
			return u.in, true
		}
	}
	return 0, false
}

// quantity prints what parseQuantity reads back as the same number.
func quantity(n float64, u Unit) string {
	var units []unitName
	switch u {
	case Level:
		if i := (int(n) - 1) / 4; n >= 1 && i < len(levelNames) {
			return levelNames[i]
		}
		return "trace"
	case Duration:
		units = durations
	case Size:
		units = sizes
	default:
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	for _, unit := range units {
		if q := n / unit.in; q == math.Trunc(q) && math.Abs(q) < 1e15 && q*unit.in == n && n != 0 {
			return strconv.FormatFloat(q, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(n, 'g', -1, 64) + units[len(units)-1].name
}
