package chat

import (
	"bytes"
	"cmp"
	"hash/fnv"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"strings"

	"github.com/hajimehoshi/bitmapfont/v3"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"github.com/yagura-sre/yagura/client"
)

// The picture's measures in pixels; it is drawn at half its size and doubled, so that the
// font's dots stay square on fine screens.
const (
	rowHeight   = 18
	labelWidth  = 250
	barsWidth   = 380
	timeWidth   = 70
	mostRows    = 16
	pictureZoom = 2
)

var (
	paper    = color.RGBA{255, 255, 255, 255}
	ink      = color.RGBA{33, 37, 41, 255}
	faint    = color.RGBA{134, 142, 150, 255}
	line     = color.RGBA{233, 236, 239, 255}
	failed   = color.RGBA{224, 49, 49, 255}
	palettes = []color.RGBA{{34, 139, 230, 255}, {18, 184, 134, 255}, {121, 80, 242, 255}, {250, 176, 5, 255}, {230, 73, 128, 255}, {21, 170, 191, 255}, {130, 201, 30, 255}, {253, 126, 20, 255}}
)

// waterfall draws the spans of a trace that decided how long it took, or failed: where
// each lies, dark where it is on the critical path, red where it failed.
func waterfall(t *client.TraceView) ([]byte, error) {
	rows := chooseRows(t)
	if len(rows) == 0 || t.DurationNs <= 0 {
		return nil, nil
	}
	img := image.NewRGBA(image.Rect(0, 0, labelWidth+barsWidth+timeWidth, rowHeight*(len(rows)+1)+6))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	for i := range 5 {
		x := labelWidth + i*barsWidth/4
		fill(img, x, rowHeight, x+1, img.Bounds().Dy(), line)
		write(img, ms(t.DurationNs*int64(i)/4), x+3, 13, faint, timeWidth)
	}
	for i, s := range rows {
		y := rowHeight*(i+1) + 2
		indent := min(int(s.Depth), 8) * 7
		write(img, s.Service+" "+cmp.Or(client.Text(s.Summary), s.Name), 4+indent, y+13, ink, labelWidth-8-indent)
		c := colorOf(s.Service)
		if s.Error != nil && *s.Error {
			c = failed
		}
		bar := func(from, to int64, c color.RGBA) {
			a := labelWidth + int(from*barsWidth/t.DurationNs)
			b := labelWidth + int(to*barsWidth/t.DurationNs)
			a, b = max(a, labelWidth), min(max(b, a+1), labelWidth+barsWidth)
			fill(img, a, y+3, b, y+rowHeight-4, c)
		}
		bar(s.StartNs, s.StartNs+s.DurationNs, light(c))
		if s.Critical != nil {
			for _, seg := range *s.Critical {
				if len(seg) == 2 {
					bar(seg[0], seg[1], c)
				}
			}
		}
		write(img, ms(s.DurationNs), labelWidth+barsWidth+6, y+13, ink, timeWidth-8)
	}
	var out bytes.Buffer
	err := png.Encode(&out, double(img))
	return out.Bytes(), err
}

// chooseRows are the spans worth a row, in the order of the trace: the failed ones, then
// those with the most of the critical path, and those above them.
func chooseRows(t *client.TraceView) []client.TraceSpan {
	critical := func(s *client.TraceSpan) (ns int64) {
		if s.Critical != nil {
			for _, seg := range *s.Critical {
				if len(seg) == 2 {
					ns += seg[1] - seg[0]
				}
			}
		}
		return ns
	}
	order := make([]int, len(t.Spans))
	for i := range order {
		order[i] = i
	}
	worth := func(i int) int64 {
		s := &t.Spans[i]
		w := critical(s)
		if s.Error != nil && *s.Error {
			w += t.DurationNs
		}
		if s.Depth == 0 {
			w += 2 * t.DurationNs
		}
		return w
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(worth(b), worth(a)) })
	chosen := map[int]bool{}
	for _, i := range order {
		if len(chosen) == mostRows || worth(i) == 0 && len(chosen) > 3 {
			break
		}
		chosen[i] = true
	}
	var rows []client.TraceSpan
	for i, s := range t.Spans {
		if chosen[i] {
			rows = append(rows, s)
		}
	}
	return rows
}

func colorOf(service string) color.RGBA {
	h := fnv.New32a()
	_, _ = h.Write([]byte(service))
	return palettes[h.Sum32()%uint32(len(palettes))]
}

func light(c color.RGBA) color.RGBA {
	mix := func(v uint8) uint8 { return uint8((int(v) + 2*255) / 3) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

func fill(img *image.RGBA, x0, y0, x1, y1 int, c color.RGBA) {
	draw.Draw(img, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
}

// write puts a text on a line, cut to a width. The font has Japanese.
func write(img *image.RGBA, text string, x, y int, c color.RGBA, width int) {
	text = strings.Join(strings.Fields(text), " ")
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: bitmapfont.Face, Dot: fixed.P(x, y)}
	if d.MeasureString(text).Ceil() > width {
		r := []rune(text)
		for len(r) > 0 && d.MeasureString(string(r)+"…").Ceil() > width {
			r = r[:len(r)-1]
		}
		text = string(r) + "…"
	}
	d.DrawString(text)
}

func double(in *image.RGBA) *image.RGBA {
	b := in.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()*pictureZoom, b.Dy()*pictureZoom))
	for y := range b.Dy() * pictureZoom {
		for x := range b.Dx() * pictureZoom {
			out.SetRGBA(x, y, in.RGBAAt(x/pictureZoom, y/pictureZoom))
		}
	}
	return out
}
