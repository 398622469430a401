package cli

import (
	"io"
	"strings"

	"golang.org/x/text/width"
)

// table lines up columns for a terminal, where a Japanese character takes two cells. The
// last column is never padded, so that long texts wrap as the terminal likes.
type table struct {
	head  []string
	right map[int]bool // columns of numbers
	rows  [][]string
}

func newTable(head ...string) *table { return &table{head: head, right: map[int]bool{}} }

// numbers says which columns are aligned to the right.
func (t *table) numbers(columns ...int) *table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], cells(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-cells(cell))
			switch {
			case t.right[i]:
				b.WriteString(pad + cell)
			case i == len(row)-1:
				b.WriteString(cell)
			default:
				b.WriteString(cell + pad)
			}
			if i < len(row)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cells is how many places of a terminal a text takes.
func cells(s string) (n int) {
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// clean makes a text from outside safe for a terminal: control characters, which could
// move the cursor or change the title, are shown and not obeyed, and so are the marks
// that turn the direction of writing. Lines stay lines.
func clean(s string) string { return disarm(s, true) }

// oneLine is clean without lines of its own: what a row's text must not do is to look
// like a row.
func oneLine(s string) string { return disarm(s, false) }

func disarm(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' && lines:
			return r
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return 0xfffd
		case r < 0x20:
			return 0x2400 + r // the picture of the control character
		case r == 0x7f, r >= 0x80 && r < 0xa0:
			return 0xfffd
		}
		return r
	}, s)
}
