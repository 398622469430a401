package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// RangeParams are the query parameters from and to; embed them in an input.
type RangeParams struct {
	From string `query:"from" default:"-1h" maxLength:"64" doc:"Begin of the range, included: RFC 3339, relative to now (-1h, -7d, now), or Unix milliseconds." example:"-1h"`
	To   string `query:"to" default:"now" maxLength:"64" doc:"End of the range, excluded; as from." example:"now"`
}

// Range is the half-open range [from, to) in UTC. Both ends are read against the same
// now.
func (p RangeParams) Range(c clock.Clock) (from, to time.Time, err error) {
	now := c.Now()
	if p.From == "" {
		p.From = "-1h"
	}
	if p.To == "" {
		p.To = "now"
	}
	if from, err = ParseTime("from", p.From, now); err != nil {
		return
	}
	if to, err = ParseTime("to", p.To, now); err != nil {
		return
	}
	if !from.Before(to) {
		err = fault.Field("from", i18n.T("from must be earlier than to.", "from は to より前の時刻にしてください。"))
	}
	return
}

var (
	relative = regexp.MustCompile(`^(?:now)?([+-])(\d{1,9})(ms|s|m|h|d|w)$`)
	// A + that was not escaped in a query arrives as a space.
	lostPlus = regexp.MustCompile(`^(.*[0-9]) (\d\d:\d\d)$`)
	units    = map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	}
	earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// ParseTime reads a point in time: RFC 3339 with a zone, relative to now, or Unix
// milliseconds. A time without a zone is refused, as nobody can know which was meant.
func ParseTime(field, s string, now time.Time) (time.Time, error) {
	text := strings.TrimSpace(s)
	t, ok := now.UTC(), true
	if m := relative.FindStringSubmatch(text); m != nil {
		n, _ := strconv.ParseInt(m[2], 10, 64)
		unit := units[m[3]]
		if n > int64(200*365*24*time.Hour/unit) {
			ok = false
		}
		d := time.Duration(n) * unit
		if m[1] == "-" {
			d = -d
		}
		t = t.Add(d)
	} else if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		t = time.UnixMilli(ms).UTC()
	} else if text != "now" {
		if m := lostPlus.FindStringSubmatch(text); m != nil {
			text = m[1] + "+" + m[2]
		}
		if t, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return time.Time{}, fault.Field(field, i18n.F(
				"%q is not a time. Use RFC 3339 with a zone (2026-11-22T09:00:00+09:00), a relative time (-1h, -7d, now) or Unix milliseconds.",
				"%q は時刻として読み取れません。タイムゾーン付きの RFC 3339（2026-11-22T09:00:00+09:00）、相対時刻（-1h、-7d、now）、または Unix ミリ秒で指定してください。", clip(s)))
		}
		t = t.UTC()
	}
	if !ok || t.Before(earliest) || t.After(latest) {
		return time.Time{}, fault.Field(field, i18n.F(
			"%q lies outside 1990 to 2200. Numbers are Unix milliseconds, not seconds.",
			"%q は 1990 年から 2200 年の範囲外です。数値は秒ではなく Unix ミリ秒として扱われます。", clip(s)))
	}
	return t, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// Cursor makes an opaque cursor of the place v in a list. V's JSON must be small.
func Cursor(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a cursor type is ours
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads the cursor of a parameter. An empty one is the zero place: the
// begin of the list. Cursors are not signed, so a place says nothing that its holder may
// not know, and the query is restricted without its help.
func ParseCursor[T any](field, s string) (T, error) {
	var v T
	if s == "" {
		return v, nil
	}
	bad := fault.Field(field, i18n.T(
		"This cursor is not one that this list gave out. Start again from the first page.",
		"このカーソルはこの一覧が発行したものではありません。先頭のページからやり直してください。"))
	if len(s) > 2048 {
		return v, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return v, bad
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil || dec.Decode(&struct{}{}) != io.EOF {
		var none T
		return none, bad
	}
	return v, nil
}

// ETag names a state of something that can be edited: the same for equal JSON.
func ETag(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // wire types are ours
	}
	sum := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// IfMatch is the header of an edit that says which state was edited; embed it in an
// input.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the state that was edited. The edit is refused (412) when somebody changed it meanwhile."`
}

// Check refuses an edit of another state than the current one. Without the header, or
// with *, every state is meant.
func (m IfMatch) Check(current string) error {
	if m.IfMatch == "" || strings.TrimSpace(m.IfMatch) == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(m.IfMatch, ",") {
		// A compressing layer may have marked the tag it passed on.
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == current {
			return nil
		}
	}
	return errStale
}
