package filter

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is Unicode's toNFKC_Casefold: what words are compared after. It makes full-width
// and half-width forms, ligatures and circled letters plain, takes away case, removes
// what nobody sees (zero-width spaces, soft hyphens, variation selectors: every
// Default_Ignorable_Code_Point) and composes accents and voice marks. Bytes that are
// not UTF-8 become U+FFFD, one each. Fold(Fold(s)) == Fold(s).
//
// It is defined as the standard does, rune by rune (NFKC_CF) and then NFC, so that ICU,
// and so ClickHouse's normalizeUTF8NFKCCasefold, gives the same bytes.
func Fold(s string) string {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf && (s[i] < 'A' || s[i] > 'Z') {
		i++
	}
	if i == len(s) {
		return s
	}
	for j := i; ; j++ {
		if j == len(s) {
			return strings.ToLower(s) // ASCII throughout
		}
		if s[j] >= utf8.RuneSelf {
			return foldUnicode(s)
		}
	}
}

func foldUnicode(s string) string {
	var b strings.Builder
	same := 0 // s[:same] is unchanged as yet; b is empty until the first change
	changed, joins := false, false
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		to, ok, join := mapRune(r)
		joins = joins || join
		if r == utf8.RuneError && size == 1 {
			to, ok = "\uFFFD", true
		}
		if ok {
			if !changed {
				changed = true
				b.Grow(len(s) + 16)
			}
			b.WriteString(s[same:i])
			b.WriteString(to)
			same = i + size
		}
		i += size
	}
	if changed {
		b.WriteString(s[same:])
		s = b.String()
	}
	if !joins {
		return s // each rune is composed, and none touches the one before
	}
	return compose(s)
}

// mapRune is the property NFKC_CF: what a rune becomes; ok is false when it stays. join
// says that what it becomes may combine with what stands before it.
func mapRune(r rune) (to string, ok, join bool) {
	switch {
	case r < 'A' || r > 'Z' && r < utf8.RuneSelf:
		return "", false, false
	case r <= 'Z':
		return lower[r-'A' : r-'A'+1], true, false
	case r >= 0x3041 && r <= 0x3096, r >= 0x30A1 && r <= 0x30FE, // kana
		r >= 0x4E00 && r <= 0x9FFF, r >= 0xAC00 && r <= 0xD7A3: // Han, Hangul
		return "", false, false
	}
	p := pages[r>>8].Load()
	if p == nil {
		p = newPage(r &^ 0xFF)
		pages[r>>8].Store(p)
	}
	bit := uint64(1) << (r & 63)
	join = p.joins[r>>6&3]&bit != 0
	if p.moved[r>>6&3]&bit == 0 {
		return "", false, join
	}
	return p.to[r], true, join
}

const lower = "abcdefghijklmnopqrstuvwxyz"

// pages holds NFKC_CF in pages of 256 runes, each worked out when it is first needed.
var pages [utf8.MaxRune>>8 + 1]atomic.Pointer[page]

type page struct {
	moved [4]uint64 // a bit for each rune that does not stay as it is
	joins [4]uint64 // and for each that may combine with the one before
	to    map[rune]string
}

func newPage(first rune) *page {
	p := &page{to: map[rune]string{}}
	caser := cases.Fold() // has state, so not shared
	for r := first; r < first+256; r++ {
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		to := caseFoldRune(caser, r)
		if to != "" && !norm.NFC.PropertiesString(to).BoundaryBefore() {
			p.joins[r>>6&3] |= 1 << (r & 63)
		}
		if to != string(r) {
			p.moved[r>>6&3] |= 1 << (r & 63)
			p.to[r] = to
		}
	}
	return p
}

// caseFoldRune repeats the standard's three steps, which need each other, until nothing
// changes any more.
func caseFoldRune(caser cases.Caser, r rune) string {
	for _, e := range exceptions {
		if r >= e.first && r <= e.last {
			return string(e.to + r - e.first)
		}
	}
	s := norm.NFD.String(string(r))
	for {
		t := norm.NFKC.String(strings.Map(visible, caser.String(s)))
		if t == s {
			return norm.NFC.String(t)
		}
		s = t
	}
}

func visible(r rune) rune {
	for _, d := range defaultIgnorable {
		if r >= d[0] && r <= d[1] {
			return -1
		}
	}
	return r
}

// defaultIgnorable are the ranges of Default_Ignorable_Code_Point.
var defaultIgnorable = [...][2]rune{
	{0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160},
	{0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x202A, 0x202E},
	{0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
	{0xE0000, 0xE0FFF},
}

// exceptions are ranges of runes that golang.org/x/text (Unicode 15.0) folds otherwise
// than Unicode 17, which ICU knows: Cherokee, whose small letters fold to capitals, and
// letters that are younger. The first rune of a range becomes to, the next to+1, ...
var exceptions = [...]struct{ first, last, to rune }{
	{0x13A0, 0x13F5, 0x13A0}, {0x13F8, 0x13FD, 0x13F0}, {0xAB70, 0xABBF, 0x13A0},
	{0x1C89, 0x1C89, 0x1C8A}, {0xA7CB, 0xA7CB, 0x0264}, {0xA7CC, 0xA7CC, 0xA7CD},
	{0xA7CE, 0xA7CE, 0xA7CF}, {0xA7D2, 0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D4, 0xA7D5},
	{0xA7DA, 0xA7DA, 0xA7DB}, {0xA7DC, 0xA7DC, 0x019B}, {0xA7F1, 0xA7F1, 's'},
	{0x10D50, 0x10D65, 0x10D70}, {0x16EA0, 0x16EB8, 0x16EBB},
	{0x1CCD6, 0x1CCEF, 'a'}, {0x1CCF0, 0x1CCF9, '0'},
}

// compose is NFC. golang.org/x/text cuts runs of more than 30 combining marks with
// U+034F (the stream-safe format), which ICU does not, so such runs are composed here.
func compose(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	marks := 0
	for _, r := range s {
		if norm.NFD.PropertiesString(string(r)).CCC() == 0 {
			marks = 0
		} else if marks++; marks > 15 { // a rune may decompose into two marks
			return composeLong(s)
		}
	}
	return norm.NFC.String(s)
}
