package detect

import (
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// missingIndexAcross finds reads of few rows that are slow each time, or slower as time
// goes by. What shows in a single trace is told there.
func missingIndexAcross(w *sweep) {
	for _, g := range w.askings(func(o *observation) bool {
		return o.stmt != nil && o.stmt.verb == reads && o.stmt.where && !o.stmt.aggregate && o.stmt.wraps == "" && o.rows >= 0
	}) {
		if lim := w.limits(g[0].kind, g[0].service, g[0].endpoint); lim != nil && len(g) >= 3 {
			w.scanning(g, lim)
		}
	}
}

func (w *sweep) scanning(g []*observation, lim []int64) {
	var rows []int64
	for _, o := range g {
		rows = append(rows, o.rows)
	}
	few := median(rows)
	all := durations(g)
	mid := median(all) // sorts
	low := all[len(all)/10]
	cand := w.try(lim)
	cand.atLeast(indexTimes, int64(len(g)))
	cand.atMost(indexRows, few)
	// Slow each time and not now and then, which would be a lock or a cold cache.
	always := mid >= lim[indexFor] && 3*low >= mid
	growth, settled := w.grows(g)
	grows := growth >= lim[indexGrows] && settled && 2*mid >= lim[indexFor]
	if !always && !grows {
		cand.atLeast(indexFor, mid)
		cand.atLeast(indexGrows, growth)
		if mid >= lim[indexFor] {
			cand.must(false, i18n.T("it is slow now and then, not each time", "毎回ではなく、ときどき遅い"))
		}
	}
	at := g[0]
	if !cand.ok() {
		w.missed(cand, at.service, at.endpoint, at.spanRef, i18n.F("%s (%d reads, %s in the median)", "%s（読み取り%d回、中央値%s）", quote(at.op.Text), len(g), dur(mid)))
		return
	}
	conf := sure(Fair, i18n.T("No plan is at hand; a read of few rows that always is slow mostly scans.", "実行計画は記録されていませんが、少数の行しか返さないのに常に遅い読み取りの多くは全件走査です。"))
	why := i18n.F("%s takes %s each time (%d reads) to give %d rows: %s", "%[1]s の読み取りが毎回%[2]sかかり（%[3]d回）、返すのは%[4]d行です：%[5]s",
		at.service+" "+at.endpoint, dur(mid), len(g), few, quote(at.op.Text))
	if grows {
		conf.Score = Likely
		why = i18n.F("%s takes ever longer, %d %% more in the later half of %d reads, though it gives no more rows (%d): %s",
			"%s の読み取りが次第に遅くなっています（%[3]d回の後半は前半より%[2]d%%増）。返す行数（%[4]d行）は増えていません：%[5]s",
			at.service+" "+at.endpoint, growth, len(g), few, quote(at.op.Text))
	}
	w.fire(g, func(o *observation) int64 { return o.dur - min(o.dur, indexed) }, conf, why, "")
}

// grows is by how many percent a read got slower from the first half to the second, and
// whether that is more than the halves differ within, while its rows stayed.
func (w *sweep) grows(g []*observation) (percent int64, settled bool) {
	if len(g) < 4*minSeen {
		return 0, false
	}
	half := len(g) / 2
	a, b := durations(g[:half]), durations(g[half:])
	ma, mb := median(a), median(b)
	var ra, rb []int64
	for i, o := range g {
		if i < half {
			ra = append(ra, o.rows)
		} else {
			rb = append(rb, o.rows)
		}
	}
	if ma <= 0 {
		return 0, false
	}
	// The later half's lower quarter lies above the earlier half's median.
	slices.Sort(b)
	return 100 * (mb - ma) / ma, b[len(b)/4] > ma && median(rb) <= median(ra)+median(ra)/5
}
