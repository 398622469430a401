package filter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// composeLong is NFC by the book: decompose, order the marks, compose. Nobody writes
// text that needs it; somebody may send it.
func composeLong(s string) string {
	type mark struct {
		r   rune
		ccc uint8
	}
	var all []mark
	for _, r := range s {
		one := string(r)
		d := norm.NFD.String(one)
		for _, r := range d {
			all = append(all, mark{r, norm.NFD.PropertiesString(string(r)).CCC()})
		}
	}
	for i := 0; i < len(all); {
		j := i + 1
		if all[i].ccc != 0 {
			for j < len(all) && all[j].ccc != 0 {
				j++
			}
			slices.SortStableFunc(all[i:j], func(a, b mark) int { return int(a.ccc) - int(b.ccc) })
		}
		i = j
	}
	out := make([]mark, 0, len(all))
	starter := -1 // index in out
	for _, m := range all {
		if starter >= 0 {
			last := out[len(out)-1]
			blocked := len(out)-1 > starter && (last.ccc == 0 || last.ccc >= m.ccc)
			if !blocked {
				if c, ok := pair(out[starter].r, m.r); ok {
					out[starter].r = c
					continue
				}
			}
		}
		if m.ccc == 0 {
			starter = len(out)
		}
		out = append(out, m)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, m := range out {
		b.WriteRune(m.r)
	}
	return b.String()
}

// pair is the primary composite of two runes, if there is one.
func pair(a, b rune) (rune, bool) {
	s := norm.NFC.String(string(a) + string(b))
	r, size := utf8.DecodeRuneInString(s)
	return r, size == len(s)
}
