package insight

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Clocks of machines differ by milliseconds to hours, and a waterfall drawn from them
// shows answers before questions. How far they differ cannot be known, but where a
// child began before its parent, or a server was done after the client that waited for
// it, the difference is proven, and its bounds are.
//
// All spans of a clock move together, by the one offset that satisfies every proven
// bound towards the clocks fixed before it, beginning with the main root's, which is
// taken to be right. Zero is kept wherever the bounds allow it. Where they do not and
// are known on both sides, the middle is the best guess (the way there took as long as
// the way back); with one bound, the bound. Bounds that exclude each other (a clock
// that drifted within the trace) leave beginnings right and ends wrong.

// domain is a clock: a host where it is named, else an instance of a service.
type domain struct {
	name   string // for a person
	spans  []int
	offset int64
	torn   bool // the bounds exclude each other
}

type domainKey struct{ host, service, instance string }

func clockOf(s *telemetry.Span) domainKey {
	if s.Host != "" {
		return domainKey{host: s.Host}
	}
	return domainKey{service: s.Service, instance: s.Instance}
}

func clockName(s *telemetry.Span) string {
	switch {
	case s.Host != "":
		return s.Service + " (" + s.Host + ")"
	case s.Instance != "":
		return s.Service + " (" + s.Instance + ")"
	}
	return s.Service
}

// called says that the parent waits for the child by what they are: the two ends of a
// call.
func called(parent, child *telemetry.Span) bool {
	return parent.Kind == telemetry.KindClient && child.Kind == telemetry.KindServer
}

// fixClocks sets the offset of every clock, and start and skew of every span.
func (b *builder) fixClocks() {
	keys := make(map[domainKey]int)
	of := make([]int, len(b.spans)) // the clock of a span
	for i, s := range b.spans {
		k, ok := keys[clockOf(s)]
		if !ok {
			k = len(b.domains)
			keys[clockOf(s)] = k
			b.domains = append(b.domains, domain{name: clockName(s)})
		}
		of[i] = k
		b.domains[k].spans = append(b.domains[k].spans, i)
	}
	if len(b.domains) < 2 {
		return
	}

	fixed := make([]bool, len(b.domains))
	var queue []int
	fix := func(k int) {
		if !fixed[k] {
			b.fixClock(k, of, fixed)
			fixed[k] = true
			queue = append(queue, k)
		}
	}
	drain := func() {
		for len(queue) > 0 {
			k := queue[0]
			queue = queue[1:]
			for _, i := range b.domains[k].spans {
				for _, c := range b.children[i] {
					fix(of[c])
				}
			}
		}
	}
	// The main root's clock first, and what it called; then the other tops in order.
	if m := b.main(); m >= 0 {
		fix(of[m])
		drain()
	}
	for _, i := range b.top {
		fix(of[i])
		drain()
	}
}

// fixClock finds the offset of clock k from the clocks that are fixed, and moves its
// spans.
func (b *builder) fixClock(k int, of []int, fixed []bool) {
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	for _, i := range b.domains[k].spans {
		if p := b.parent[i]; p >= 0 && of[p] != k && fixed[of[p]] {
			lo = max(lo, sub(b.start[p], b.start[i]))
			// A server that took longer than its client waited was given up on; its end
			// proves nothing.
			if called(b.spans[p], b.spans[i]) && b.dur[i] <= b.dur[p] {
				hi = min(hi, sub(b.end(p), b.end(i)))
			}
		}
		for _, c := range b.children[i] {
			if of[c] == k || !fixed[of[c]] {
				continue
			}
			hi = min(hi, sub(b.start[c], b.start[i]))
			if called(b.spans[i], b.spans[c]) && b.dur[c] <= b.dur[i] {
				lo = max(lo, sub(b.end(c), b.end(i)))
			}
		}
	}
	d := &b.domains[k]
	switch {
	case lo <= 0 && hi >= 0:
		return
	case lo > hi:
		d.torn = true
		d.offset = max(lo, 0)
	case hi == math.MaxInt64:
		d.offset = lo
	case lo == math.MinInt64:
		d.offset = hi
	default:
		d.offset = lo + (hi-lo)/2
	}
	for _, i := range d.spans {
		moved := add(b.start[i], d.offset)
		b.skew[i] = sub(moved, b.start[i])
		b.start[i] = moved
		b.dur[i] = sub(add(moved, b.dur[i]), moved)
	}
}

// A note is for what a reader may stumble over: at most maxClockNotes clocks, and none
// that is off by less than noteworthy, as most are. The spans say what they were moved by.
const (
	maxClockNotes = 5
	noteworthy    = int64(time.Millisecond)
)

func (b *builder) clockNotes() (notes []i18n.Text) {
	var moved []domain
	for _, d := range b.domains {
		if d.offset >= noteworthy || d.offset <= -noteworthy {
			moved = append(moved, d)
		}
	}
	slices.SortStableFunc(moved, func(a, c domain) int {
		return cmp.Compare(max(c.offset, -c.offset), max(a.offset, -a.offset))
	})
	for i, d := range moved {
		if i == maxClockNotes {
			notes = append(notes, counted(len(moved)-i,
				"%d more clock was corrected.", "%d more clocks were corrected.",
				"ほかに%d台の時計のずれを補正しました。", true))
			break
		}
		notes = append(notes, i18n.F(
			"The clock of %s disagrees with its callers: its spans were moved by %s.",
			"%sの時計が呼び出し元とずれているため、スパンを%sずらして表示しています。", d.name, signed(d.offset)))
		if d.torn {
			notes = append(notes, i18n.F(
				"No single shift fits all calls of %s; some of its spans still end after their callers.",
				"%sのずれは一定ではないため、一部のスパンは呼び出し元より後に終わって見えます。", d.name))
		}
	}
	return notes
}

func signed(ns int64) string {
	d := time.Duration(ns)
	switch a := d.Abs(); {
	case a >= time.Second:
		d = d.Round(time.Millisecond)
	case a >= time.Millisecond:
		d = d.Round(time.Microsecond)
	}
	if d > 0 {
		return "+" + d.String()
	}
	return d.String()
}
