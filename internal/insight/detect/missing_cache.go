package detect

import (
	"sort"

	"github.com/yagura-sre/yagura/internal/i18n"
)

const (
	cacheTimes = iota
	cacheEach
	cacheWithin
	cacheShare
	cacheAlways
)

var missingCache = &Detector{
	ID:    "missing_cache",
	Title: i18n.T("A missing cache", "キャッシュの不足"),
	Rule: i18n.T(
		"Over requests: one endpoint makes the same read with the same values at least {times} times within {within} of the one before and with no write to its table between; that is {share} or more of its reads of this sort, {always} or more of its requests make one, and they take {each} or more in the mean.",
		"複数リクエストで、同じエンドポイントが同じ値での読み取りを、前回から{within}以内に（間に同じテーブルへの書き込みなしで）{times}回以上繰り返している。それが同種の読み取りの{share}以上を占め、リクエストの{always}以上がこの読み取りを行い、1回平均{each}以上かかっている。"),
	Advice: i18n.T("Keep the answer for as long as it may be old: in the process, in Redis, or with Cache-Control; several at once should compute it once.",
		"許容できる古さの範囲で結果をキャッシュしてください（プロセス内、Redis、Cache-Controlなど）。同時アクセス時に計算が重複しないようにします。"),
	Params: []Param{
		count("times", 10, 50, "repeats", "繰り返しの回数"),
		lasts("each", 20*ms, 200*ms, "mean of a read", "1回の平均時間"),
		lasts("within", 3600_000*ms, 3600_000*ms, "time since the one before", "前回からの間隔"),
		percent("share", 50, 50, "share of the reads", "読み取りに占める割合"),
		percent("always", 90, 90, "share of the requests that read", "読み取りを行うリクエストの割合"),
	},
	Over:   true,
	across: missingCacheAcross,
}

func missingCacheAcross(w *sweep) {
	wrote := w.writes()
	requests := map[[3]string]int{}
	for i := range w.a.units {
		u := &w.a.units[i]
		requests[[3]string{u.env, u.service, u.endpoint}]++
	}
	for _, g := range w.askings(func(o *observation) bool { return o.input != 0 && (o.stmt == nil || o.stmt.verb == reads) }) {
		if lim := w.limits(g[0].kind, g[0].service, g[0].endpoint); lim != nil && len(g) >= 3 {
			w.uncached(g, lim, wrote, requests[[3]string{g[0].env, g[0].service, g[0].endpoint}])
		}
	}
}

// writes are the times at which each table of each database was written.
func (w *sweep) writes() map[string][]int64 {
	out := map[string][]int64{}
	for i := range w.a.seen {
		if o := &w.a.seen[i]; o.stmt != nil && o.stmt.verb == writes {
			k := o.peer + "\x00" + o.stmt.table
			out[k] = append(out[k], o.start)
		}
	}
	return out // in order, because seen is
}

func (w *sweep) uncached(g []*observation, lim []int64, wrote map[string][]int64, requests int) {
	last := map[uint64]*observation{}
	var again []*observation
	written := 0
	for _, o := range g {
		before, ok := last[o.input]
		last[o.input] = o
		if !ok || o.start-before.start > lim[cacheWithin] || o.trace == before.trace {
			continue
		}
		if o.stmt != nil && wroteBetween(wrote, o, before.start) {
			written++
			continue
		}
		again = append(again, o)
	}
	sum := int64(0)
	reading := map[spanRef]bool{}
	for _, o := range g {
		sum += o.dur
		reading[o.unit] = true
	}
	mean := sum / int64(len(g))
	cand := w.try(lim)
	cand.atLeast(cacheTimes, int64(len(again)))
	cand.atLeast(cacheEach, mean)
	cand.atLeast(cacheShare, int64(100*len(again)/len(g)))
	// A cache that is there shows by the requests that need not read.
	cand.atLeast(cacheAlways, int64(100*len(reading)/max(1, requests, len(reading))))
	if written > 0 && !cand.ok() {
		cand.must(false, i18n.F("%d times the table was written between", "うち%d回は間に書き込みがある", written))
	}
	at := g[0]
	if !cand.ok() {
		w.missed(cand, at.service, at.endpoint, at.spanRef, i18n.F("%s (%d reads, %d of them repeats)", "%s（読み取り%d回、うち繰り返し%d回）", quote(at.op.Text), len(g), len(again)))
		return
	}
	conf := sure(Likely, i18n.F("%d different answers were read %d times. Writes that send no spans would not be seen.",
		"%d種類の内容が%d回読み取られています。スパンを送らない書き込みは検知できません。", len(last), len(g)))
	if at.stmt == nil {
		conf.Score = Fair
	}
	w.fire(again, func(o *observation) int64 { return o.dur }, conf, i18n.F(
		"%s read the same again %d of %d times within %s, with no write between, %s each: %s",
		"%[1]s で、%[3]d回の読み取りのうち%[2]d回が、%[4]s以内に同じ内容を書き込みなしで読み直しています（1回平均%[5]s）：%[6]s",
		at.service+" "+at.endpoint, len(again), len(g), dur(lim[cacheWithin]), dur(mean), quote(at.op.Text)), "")
}

// wroteBetween says whether a table that a read is of was written since.
func wroteBetween(wrote map[string][]int64, o *observation, since int64) bool {
	for _, table := range o.stmt.tables {
		times := wrote[o.peer+"\x00"+table]
		k := sort.Search(len(times), func(i int) bool { return times[i] > since })
		if k < len(times) && times[k] < o.start {
			return true
		}
	}
	return false
}
