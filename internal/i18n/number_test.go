package i18n

import "testing"

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.004: "0", 0.05: "0.05", 1: "1", 1.25: "1.25", 9.994: "9.99", 9.996: "10", 9.999: "10", 12.34: "12.3", 99.94: "99.9", 99.96: "100", 100: "100", 1234.5: "1234", 120.6: "121"} {
		if got := Digits(v); got != want {
			t.Errorf("Digits(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Group(n); got != want {
			t.Errorf("Group(%d) = %q, want %q", n, got, want)
		}
	}
}
