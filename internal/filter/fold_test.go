package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"plain 123":             "plain 123",
		"Hello World":           "hello world",
		"ＤＢ接続ｴﾗｰ":               "db接続エラー",
		"ｶﾞｷﾞ":                  "ガギ",
		"か\u3099":               "が",
		"Straße STRASSE":        "strasse strasse",
		"①㈱㌔":                   "1(株)キロ",
		"ﬁne":                   "fine",
		"İI":                    "i\u0307i",
		"Σας":                   "σασ",
		"a\u00ADb\u200Bc\uFE0F": "abc",
		"Ꭰꭰ":                    "ᎠᎠ",
		"e\u0301É":              "éé",
		"a\xff\xfeB":            "a\uFFFD\uFFFDb",
		"ϓ":                     "ύ",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%+q) is %+q, want %+q", in, got, want)
		}
	}
}

// TestFoldEveryRune: the hash is of the same lines made with ClickHouse 26.7.2's
// normalizeUTF8NFKCCasefold, for each rune but U+0000 and the surrogates.
func TestFoldEveryRune(t *testing.T) {
	const engine = "355935ced53a5d02009b2737ee44103270c49027ede0f0d4df1bce6a6f9d597c"
	h := sha256.New()
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if utf8.ValidRune(r) {
			fmt.Fprintf(h, "%d %x\n", r, Fold(string(r)))
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != engine {
		t.Errorf("Fold and the engine's function differ: %s", got)
	}
}

func TestFoldAllocatesNothing(t *testing.T) {
	for _, s := range []string{strings.Repeat("already folded ", 20), strings.Repeat("接続がタイムアウトしました", 10)} {
		if n := testing.AllocsPerRun(100, func() { Fold(s) }); n != 0 {
			t.Errorf("%.0f allocations for a text that does not change", n)
		}
	}
}

// TestLongRunsOfMarks: the way for many marks gives what the short one gives.
func TestLongRunsOfMarks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	runes := []rune("aAeÉがか\u3099\u309a\u0301\u0308\u0323\u0327\u0344\u05b0\u0f73각가\u11a8\u1100\u1161ﬁ")
	for range 20_000 {
		var b strings.Builder
		for range rnd.IntN(12) {
			b.WriteRune(runes[rnd.IntN(len(runes))])
		}
		if s := b.String(); composeLong(s) != norm.NFC.String(s) {
			t.Fatalf("%+q: %+q, want %+q", s, composeLong(s), norm.NFC.String(s))
		}
	}
	marks := "a" + strings.Repeat("\u0301\u0323", 100)
	if got := Fold(marks); strings.ContainsRune(got, '\u034f') || Fold(got) != got || !strings.HasPrefix(got, "ạ\u0323") {
		t.Errorf("%+q", got)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Hello", "ＤＢ接続ｴﾗｰ", "a" + strings.Repeat("\u0301", 40), "\xff\xfe", "ᾳ\u0345\u0301", "İ\u0307", "\u1100\u1161\u11a8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if !utf8.ValidString(once) {
			t.Fatalf("Fold(%q) is not UTF-8", s)
		}
		if twice := Fold(once); twice != once {
			t.Fatalf("Fold(%+q) is %+q, and folded again %+q", s, once, twice)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":    strings.Repeat("GET /cart/42 took 12 ms; ", 8),
		"folded":   strings.Repeat("get /cart/42 took 12 ms; ", 8),
		"japanese": strings.Repeat("DB接続がタイムアウトしました。", 8),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				Fold(s)
			}
		})
	}
}
