package insight

import (
	"cmp"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// tree lays the result out, depth first.
func (b *builder) tree() *Tree {
	t := &Tree{Main: -1, Nodes: make([]Node, len(b.spans))}
	if len(b.spans) == 0 {
		return t
	}
	t.TraceID = b.spans[0].TraceID
	first, last := b.start[0], b.end(0)
	for i := range b.spans {
		first, last = min(first, b.start[i]), max(last, b.end(i))
	}
	t.Start, t.Duration = add(b.base, first), last-first

	order := b.depthFirst()
	place := make([]int, len(b.spans))
	for at, i := range order {
		place[i] = at
	}
	for at, i := range order {
		n := &t.Nodes[at]
		*n = Node{
			Span: b.spans[i], Parent: -1, Awaiter: -1, Size: 1,
			Start: b.start[i] - first, Duration: b.dur[i], Skew: b.skew[i], Self: b.self(i),
			MissingParent: b.missing[i], Deferred: b.deferred[i],
		}
		if p := b.parent[i]; p >= 0 {
			n.Parent = place[p]
			n.Depth = t.Nodes[n.Parent].Depth + 1
		}
		if a := b.awaiter[i]; a >= 0 {
			n.Awaiter = place[a]
		}
	}
	for at := len(order) - 1; at >= 0; at-- {
		if p := t.Nodes[at].Parent; p >= 0 {
			t.Nodes[p].Size += t.Nodes[at].Size
		}
	}

	main := b.main()
	t.Main = place[main]
	t.addPath(b, main, place, first)
	for _, i := range order {
		if b.deferred[i] {
			t.addPath(b, i, place, first)
		}
	}
	t.Services = t.services()
	t.Notes = b.notes(main)
	return t
}

func (t *Tree) addPath(b *builder, root int, place []int, first int64) {
	p := Path{Root: place[root], Segments: b.path(root)}
	for i := range p.Segments {
		s := &p.Segments[i]
		s.Node, s.From, s.To = place[s.Node], s.From-first, s.To-first
		n := &t.Nodes[s.Node]
		n.Critical = append(n.Critical, *s)
	}
	t.Paths = append(t.Paths, p)
}

func (t *Tree) services() []ServiceShare {
	type key struct{ service, env string }
	at := make(map[key]int)
	var all []ServiceShare
	share := func(s *telemetry.Span) *ServiceShare {
		k := key{s.Service, s.Env}
		i, ok := at[k]
		if !ok {
			i = len(all)
			at[k] = i
			all = append(all, ServiceShare{Service: s.Service, Env: s.Env})
		}
		return &all[i]
	}
	for i := range t.Nodes {
		n := &t.Nodes[i]
		s := share(n.Span)
		s.Spans++
		if n.Span.Status == telemetry.StatusError {
			s.Errors++
		}
		s.Self = add(s.Self, n.Self)
	}
	for _, seg := range t.Paths[0].Segments {
		share(t.Nodes[seg.Node].Span).Critical += seg.To - seg.From
	}
	slices.SortStableFunc(all, func(x, y ServiceShare) int { return cmp.Compare(y.Self, x.Self) })
	return all
}

// notes says what was assumed, what matters most first.
func (b *builder) notes(main int) []i18n.Text {
	var notes []i18n.Text
	missing, roots := 0, 0
	for _, i := range b.top {
		if b.missing[i] {
			missing++
		} else {
			roots++
		}
	}
	if b.missing[main] {
		missing--
		notes = append(notes, i18n.F(
			"The root span is not here: it is still to come, was sampled away or was never sent. The critical path is that of %q, the longest span without its parent.",
			"ルートスパンが見つかりません（未着、サンプリングで除外、または未送信）。クリティカルパスは、親が見つからないスパンのうち最も長い「%s」のものです。",
			b.spans[main].Name))
	}
	if missing > 0 {
		notes = append(notes, counted(missing,
			"%d more span names a parent that is not here; it stands at the top level.",
			"%d more spans name a parent that is not here; they stand at the top level, beside those with the same parent.",
			"ほかに親スパンが見つからないスパンが%d件あります。同じ親を持つもの同士を並べて最上位に表示しています。", b.missing[main]))
	}
	if roots > 1 {
		notes = append(notes, i18n.F(
			"The trace has %d roots; the critical path is that of the longest, %q.",
			"このトレースにはルートが%d件あります。クリティカルパスは最も長い「%s」のものです。", roots, b.spans[main].Name))
	}
	if n := b.cycles + b.selfParents; n > 0 {
		notes = append(notes, counted(n,
			"%d ring of spans that are their own ancestors was cut at its earliest span.",
			"%d rings of spans that are their own ancestors were cut, each at its earliest span.",
			"自分自身を祖先に持つスパンの循環が%d件あり、それぞれ最も早いスパンで切り離しました。", true))
	}
	if b.duplicates > 0 {
		notes = append(notes, counted(b.duplicates,
			"%d span that came again with the same ID is left out; the longest is shown.",
			"%d spans that came again with the same ID are left out; the longest of each is shown.",
			"同じIDで重複して届いたスパン%d件を除きました。それぞれ最も長いものを表示しています。", true))
	}
	return append(notes, b.clockNotes()...)
}

// counted is a sentence about n things; more says that it speaks of those beside another
// that was named before, else "more" and ほかに are left out.
func counted(n int, one, many, ja string, more bool) i18n.Text {
	en := many
	if n == 1 {
		en = one
	}
	if !more {
		en = strings.Replace(en, " more ", " ", 1)
		ja = strings.TrimPrefix(ja, "ほかに")
	}
	return i18n.F(en, ja, n)
}
