package detect

import (
	"cmp"
	"slices"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// coldStartAcross finds endpoints whose slow requests are the first of their instance, or
// the first of their sort there: those that find a cache empty.
func coldStartAcross(w *sweep) {
	type key struct{ env, service, endpoint string }
	var by groups[key, *unit]
	began := map[[3]string]int64{} // when an instance was first seen
	for i := range w.a.units {
		u := &w.a.units[i]
		k := [3]string{u.env, u.service, u.instance}
		if _, ok := began[k]; !ok {
			began[k] = u.start
		}
		if u.failed {
			continue
		}
		by.add(key{u.env, u.service, u.endpoint}, u)
	}
	for _, g := range by.all {
		if lim := w.limits(g[0].kind, g[0].service, g[0].endpoint); lim != nil && len(g) >= 2 {
			w.firsts(g, lim, began)
		}
	}
}

func (w *sweep) firsts(g []*unit, lim []int64, began map[[3]string]int64) {
	var all []int64
	for _, u := range g {
		all = append(all, u.dur)
	}
	usual := median(all)
	type sort struct {
		instance string
		input    uint64
	}
	seen := map[sort]bool{}
	var slow []*unit
	early, later := 0, 0
	for _, u := range g {
		k := sort{u.instance, u.input}
		first := !seen[k]
		seen[k] = true
		young := u.start-began[[3]string{u.env, u.service, u.instance}] <= lim[coldAge]
		if u.dur-usual >= lim[coldFor] && u.dur >= lim[coldFactor]*max(usual, 1) {
			slow = append(slow, u)
			if first || young {
				early++
			}
		} else if !first && !young {
			later++
		}
	}
	longest := slices.MaxFunc(g, func(a, b *unit) int { return cmp.Compare(a.dur, b.dur) })
	cand := w.try(lim)
	cand.atLeast(coldFor, longest.dur-usual)
	cand.atLeast(coldFactor, longest.dur/max(1, usual))
	cand.atLeast(coldLater, int64(later))
	cand.must(len(slow) == 0 || 10*early >= 9*len(slow), i18n.F("of %d slow ones only %d were the first of their sort in their instance", "遅い%d件のうち、インスタンスでの初回は%d件のみ", len(slow), early))
	cand.must(len(slow) >= 2, i18n.F("only %d was slow", "遅いリクエストは%d件のみ", len(slow)))
	if !cand.ok() {
		w.missed(cand, longest.service, longest.endpoint, longest.spanRef, i18n.F("%s (%d requests, mostly %s)", "%s（%d件、通常%s）", longest.endpoint, len(g), dur(usual)))
		return
	}
	slices.SortStableFunc(slow, func(a, b *unit) int { return cmp.Compare(a.dur, b.dur) })
	mid := slow[len(slow)/2]
	conf := sure(Likely, i18n.F("%d of %d slow requests were the first of their sort in their instance; %d later ones were not slow.",
		"遅い%[2]d件のうち%[1]d件がインスタンスでの初回で、その後の%[3]d件は遅くありません。", early, len(slow), later))
	if len(slow) < 4 {
		conf.Score = Fair
	}
	cost := max(0, mid.dur-usual)
	f := Finding{
		Detector: w.d.ID, TraceID: mid.trace, Service: mid.service, Env: mid.env, Endpoint: mid.endpoint, Kind: mid.kind,
		SpanIDs: []telemetry.SpanID{mid.span}, Spans: len(slow), Place: mid.place, CostNS: cost, SavingNS: cost, Main: mid.main, Confidence: conf, Requests: len(slow),
		Why: i18n.F("%s takes %s when it is first asked for after its instance started, else %s (%d of %d requests)",
			"%s は、インスタンス起動後の最初のリクエストで%s、それ以外は%sかかっています（%[5]d件中%[4]d件）", mid.service+" "+mid.endpoint, dur(mid.dur), dur(usual), len(slow), len(g)),
	}
	for _, u := range slow {
		f.covers = append(f.covers, u.spanRef)
		f.Cuts = append(f.Cuts, Cut{u.trace, u.span, min(u.dur, max(0, u.dur-usual))})
		if len(f.Traces) < MaxSpanIDs && u.trace != mid.trace {
			f.Traces = append(f.Traces, u.trace)
		}
	}
	f.Key = key(f.Detector, f.Env, f.Service, f.Place, "cold\x00"+f.Endpoint)
	w.found = append(w.found, f)
}
