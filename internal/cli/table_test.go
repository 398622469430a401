package cli

import (
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/i18n"
)

func TestTableLinesUpJapanese(t *testing.T) {
	tb := newTable("サービス", "req", "text").numbers(1)
	tb.row("決済", "1,234", "x")
	tb.row("checkout", "7", "長い本文 that is not padded")
	var b strings.Builder
	if err := tb.write(&b); err != nil {
		t.Fatal(err)
	}
	want := "サービス    req  text\n決済      1,234  x\ncheckout      7  長い本文 that is not padded\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestUnits(t *testing.T) {
	for ns, want := range map[float64]string{0: "0", 950: "950 ns", 1234: "1.23 µs", 12.34e6: "12.3 ms", 1e9: "1 s", 1.5e9: "1.5 s", 61e9: "61 s", 3600e9: "1h0m0s"} {
		if got := duration(ns); got != want {
			t.Errorf("duration(%v) = %q, want %q", ns, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := i18n.Group(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct {
		part, whole uint64
		want        string
	}{{0, 0, "-"}, {0, 5, "0 %"}, {1, 1_000_000, "<0.01 %"}, {1, 3, "33.3 %"}, {5, 5, "100 %"}} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("percent(%d, %d) = %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}

func TestCleanDisarmsATerminal(t *testing.T) {
	if got := clean("a\x1b[2Jb\u009bc\nd\te\u202ef"); got != "a␛[2Jb\ufffdc\nd\te\ufffdf" {
		t.Errorf("%q", got)
	}
	if got := oneLine("a\nb\rc"); got != "a␊b␍c" {
		t.Errorf("%q", got)
	}
}
