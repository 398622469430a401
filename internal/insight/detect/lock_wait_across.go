package detect

import (
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// minSeen is how often something must be seen before its usual is known.
const minSeen = 8

// lockWaitAcross finds writes with two modes, and who held what the slow ones waited for.
func lockWaitAcross(w *sweep) {
	for _, g := range w.askings(func(o *observation) bool { return o.stmt != nil && (o.stmt.verb == writes || o.stmt.verb == locks) }) {
		if lim := w.limits(g[0].kind, g[0].service, g[0].endpoint); lim != nil && len(g) >= 3 {
			w.twoModes(g, lim)
		}
	}
}

func (w *sweep) twoModes(g []*observation, lim []int64) {
	usual := median(durations(g))
	var slow []*observation
	longest := int64(0)
	at := g[0]
	for _, o := range g {
		if o.dur > longest {
			longest, at = o.dur, o
		}
		if o.dur >= lim[lockFor] && o.dur >= lim[lockFactor]*max(usual, ms/10) {
			slow = append(slow, o)
		}
	}
	cand := w.try(lim)
	cand.atLeast(lockFor, longest)
	cand.atLeast(lockFactor, longest/max(1, usual))
	cand.atMost(lockFast, usual)
	cand.must(len(g) >= minSeen, i18n.F("it was seen %d times, too few to know its usual", "観測が%d回しかなく、通常の所要時間が分からない", len(g)))
	cand.must(2*len(slow) <= len(g), i18n.T("it mostly is slow", "大半の実行が遅い"))
	if !cand.ok() || len(slow) == 0 {
		w.missed(cand, at.service, at.endpoint, at.spanRef, i18n.F("%s (%d times, mostly %s)", "%s（%d回、通常%s）", quote(at.op.Text), len(g), dur(usual)))
		return
	}
	holders, held := w.holders(slow)
	var waits []int64
	for _, o := range slow {
		waits = append(waits, o.dur-usual)
	}
	table := at.stmt.table
	if table == "" {
		table = at.peer
	}
	conf := sure(Possible, i18n.F("It takes %s otherwise. No transaction of another request was seen that held it.", "通常は%sです。ロックを保持していた他のトランザクションは見つかっていません。", dur(usual)))
	why := i18n.F("%[1]s waited %[2]s for a lock on %[3]s in %[4]d of %[5]d runs of a statement that usually takes %[6]s: %[7]s",
		"%[1]s で、通常%[6]sのSQLが%[5]d回中%[4]d回、%[3]s のロック待ちとみられる状態で%[2]sかかっています：%[7]s",
		at.service+" "+at.endpoint, dur(median(waits)), table, len(slow), len(g), dur(usual), quote(at.op.Text))
	if held*2 >= len(slow) {
		conf = sure(Certain, i18n.F("In %d of %d cases a transaction of %s ended just before the wait did.", "%[2]d回中%[1]d回で、%[3]s のトランザクションの終了直後に待ちが終わっています。", held, len(slow), holders[0]))
		why = join([]i18n.Text{why, i18n.F("; %s held it in a transaction", "。%s のトランザクションが保持していました", holders[0])})
	}
	w.fire(slow, func(o *observation) int64 { return o.dur - usual }, conf, why, "lock\x00"+at.peer+"\x00"+table)
}

// release is how far the end of a wait may lie from the end of what held it up.
const release = 100 * ms

// holders are the endpoints whose transactions ended when slow statements went on, the
// most frequent first, and for how many there was one.
func (w *sweep) holders(slow []*observation) (names []string, held int) {
	longest := int64(0)
	for _, h := range w.a.held {
		longest = max(longest, h.end-h.start)
	}
	times := map[string]int{}
	for _, o := range slow {
		end := o.start + o.dur
		// Those that had begun by the end of the wait, the last first.
		to, _ := slices.BinarySearchFunc(w.a.held, end, func(h holding, t int64) int {
			if h.start <= t {
				return -1
			}
			return 1
		})
		for k := to - 1; k >= 0 && w.a.held[k].start >= o.start-longest; k-- {
			h := &w.a.held[k]
			if h.trace == o.trace && h.service == o.service || h.peer != o.peer || h.end < o.start || h.end > end+release || h.end < end-release {
				continue
			}
			if len(h.tables) > 0 && o.stmt.table != "" && !slices.Contains(h.tables, o.stmt.table) {
				continue
			}
			times[h.service+" "+h.endpoint]++
			held++
			break
		}
	}
	for n := range times {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if times[a] != times[b] {
			return times[b] - times[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	return names, held
}
