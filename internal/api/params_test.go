package api

import (
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
)

var now = time.Date(2026, 11, 22, 9, 12, 44, 123456789, time.UTC)

func TestParseTime(t *testing.T) {
	for s, want := range map[string]string{
		"now":                                 "2026-11-22T09:12:44.123456789Z",
		"-1h":                                 "2026-11-22T08:12:44.123456789Z",
		"now-90m":                             "2026-11-22T07:42:44.123456789Z",
		"now+1h":                              "2026-11-22T10:12:44.123456789Z",
		"-7d":                                 "2026-11-15T09:12:44.123456789Z",
		"-2w":                                 "2026-11-08T09:12:44.123456789Z",
		"-500ms":                              "2026-11-22T09:12:43.623456789Z",
		"-0s":                                 "2026-11-22T09:12:44.123456789Z",
		"2026-11-22T09:12:44.123456789Z":      "2026-11-22T09:12:44.123456789Z",
		"2026-11-22T18:12:44.123456789+09:00": "2026-11-22T09:12:44.123456789Z",
		"2026-11-22T18:12:44 09:00":           "2026-11-22T09:12:44Z", // a + that was not escaped
		"1795338764123":                       "2026-11-22T09:12:44.123Z",
	} {
		got, err := ParseTime("from", s, now)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("%q: %v %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{
		"2026-11-22T09:12:44", "2026-11-22", "1795338764" /* seconds */, "yesterday", "-1y", "-1.5h", "--1h", "1h", "-99999999w", "-999999999d",
		"9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "-9223372036854775808", "", "-h", strings.Repeat("9", 60),
	} {
		if got, err := ParseTime("from", s, now); err == nil {
			t.Errorf("%q was read as %v", s, got)
		} else if f := fault.Of(err); f.Code != fault.Invalid || f.Field != "from" || f.Text.Ja == "" {
			t.Errorf("%q: %+v", s, f)
		}
	}
}

func TestRange(t *testing.T) {
	c := clock.NewFake(now)
	from, to, err := RangeParams{}.Range(c)
	if err != nil || !to.Equal(now) || to.Sub(from) != time.Hour {
		t.Errorf("default %v %v %v", from, to, err)
	}
	for _, p := range []RangeParams{{From: "now", To: "-1h"}, {From: "now", To: "now"}} {
		if _, _, err := p.Range(c); fault.Of(err).Field != "from" {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if _, _, err := (RangeParams{To: "x"}).Range(c); fault.Of(err).Field != "to" {
		t.Errorf("%v", err)
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"now", "-1h", "2026-11-22T09:00:00+09:00", "1795338764123", "now-999999999w"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTime("from", s, now)
		if err == nil && (got.Before(earliest) || got.After(latest)) {
			t.Errorf("%q gave %v", s, got)
		}
	})
}

type place struct {
	Time int64  `json:"t"`
	ID   uint64 `json:"i"`
}

func TestCursor(t *testing.T) {
	want := place{now.UnixNano(), 1<<64 - 1}
	got, err := ParseCursor[place]("after", Cursor(want))
	if err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := ParseCursor[place]("after", ""); err != nil || got != (place{}) {
		t.Errorf("empty: %+v %v", got, err)
	}
	for _, s := range []string{"x", "!!!!", Cursor(map[string]int{"other": 1}), Cursor("text"), Cursor(want) + "AA", strings.Repeat("A", 4000)} {
		if got, err := ParseCursor[place]("after", s); err == nil || got != (place{}) || fault.Of(err).Field != "after" {
			t.Errorf("%q: %+v %v", s, got, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(Cursor(place{1, 2}))
	f.Add("e30")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseCursor[place]("after", s)
		if err != nil && got != (place{}) {
			t.Errorf("%q: a refused cursor left %+v", s, got)
		}
	})
}
