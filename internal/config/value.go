package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Size is a number of bytes, written 2GiB or 500MB.
type Size int64

// Duration is a time.Duration that also knows days and weeks: 30d, 2w, 1h30m.
type Duration time.Duration

// D is the duration as the rest of the program knows it.
func (d Duration) D() time.Duration { return time.Duration(d) }

var sizeUnits = map[string]float64{
	"": 1, "b": 1,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
}

var (
	sizeForm = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s*([a-z]*)$`)
	timePart = regexp.MustCompile(`^(\d+(?:\.\d+)?)(ms|us|ns|s|m|h|d|w)`)
)

type badValue struct{ text i18n.Text }

func (b badValue) Error() string { return b.text.En }

func bad(en, ja string, args ...any) error { return badValue{i18n.F(en, ja, args...)} }

// ParseSize reads a size.
func ParseSize(s string) (Size, error) {
	m := sizeForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m != nil {
		n, err := strconv.ParseFloat(m[1], 64)
		unit, ok := sizeUnits[m[2]]
		if v := math.Round(n * unit); err == nil && ok && v < 1<<62 {
			return Size(v), nil
		}
	}
	return 0, bad("%q is not a size: write 512MiB, 2GiB or 500MB", "%q はサイズとして読み取れません。512MiB、2GiB、500MB のように指定してください", s)
}

func (s Size) String() string {
	for _, u := range []struct {
		name string
		n    Size
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s >= u.n && s%u.n == 0 {
			return strconv.FormatInt(int64(s/u.n), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var timeUnits = map[string]time.Duration{
	"ns": 1, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// ParseDuration reads a duration: one or more of number and unit, without sign. A number
// without a unit is refused, but for 0: nobody can know what 30 means.
func ParseDuration(s string) (Duration, error) {
	rest, total := strings.ToLower(strings.TrimSpace(s)), 0.0
	if rest == "0" {
		return 0, nil
	}
	ok := rest != ""
	for ok && rest != "" {
		m := timePart.FindStringSubmatch(rest)
		if m == nil {
			ok = false
			break
		}
		n, err := strconv.ParseFloat(m[1], 64)
		total += n * float64(timeUnits[m[2]])
		ok = err == nil && total < math.MaxInt64/2
		rest = rest[len(m[0]):]
	}
	if !ok {
		return 0, bad("%q is not a duration: write 30s, 10m, 1h30m, 30d or 2w", "%q は時間の長さとして読み取れません。30s、10m、1h30m、30d、2w のように指定してください", s)
	}
	return Duration(math.Round(total)), nil
}

func (d Duration) String() string {
	t := time.Duration(d)
	const day = 24 * time.Hour
	switch {
	case t == 0:
		return "0"
	case t%day == 0:
		return strconv.FormatInt(int64(t/day), 10) + "d"
	case t%time.Hour == 0:
		return strconv.FormatInt(int64(t/time.Hour), 10) + "h"
	case t%time.Minute == 0:
		return strconv.FormatInt(int64(t/time.Minute), 10) + "m"
	}
	return t.String()
}
