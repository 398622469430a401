package improve

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	// toHours makes hours of a month of nanoseconds of a week.
	toHours = 30.44 / 7 / 3.6e12
	// The bootstrap draws each stratum anew so many times; the seed is fixed, so that the
	// same requests give the same range.
	draws    = 400
	seedHigh = 0x59616775
	seedLow  = 0x7261
	z95      = 1.959964
)

// impact adds up what a cause is worth.
func (st *study) impact(c *cause) (out Impact, endpoints []EndpointImpact) {
	gain := make(map[*sample]*held, len(c.in))
	users, companies := map[string]bool{}, map[string]bool{}
	for i, s := range c.in {
		gain[s] = c.at[i]
		user, company := named(s, st.o.Company)
		if user != "" {
			out.ToldUser++
			users[user] = true
		}
		if company != "" {
			out.ToldCompany++
			companies[company] = true
		}
	}
	out.Sampled, out.Users, out.Companies = len(c.in), len(users), len(companies)
	hours := func(who waiter, of func(h *held) int64) Range {
		return st.total(func(s *sample) float64 {
			if h := gain[s]; h != nil && s.waits == who {
				return s.weight * float64(of(h)) * toHours
			}
			return 0
		})
	}
	byEndpoint := map[Endpoint][]*sample{}
	for _, s := range st.samples {
		e := st.strata[s.stratum].Endpoint
		byEndpoint[e] = append(byEndpoint[e], s)
	}
	for e, all := range byEndpoint {
		if !slices.ContainsFunc(all, func(s *sample) bool { return gain[s] != nil }) {
			continue
		}
		ei := endpointImpact(e, all, gain)
		endpoints = append(endpoints, ei)
	}
	slices.SortFunc(endpoints, func(a, b EndpointImpact) int {
		return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), cmp.Compare(b.Working, a.Working), cmp.Compare(b.Requests.Mid, a.Requests.Mid), a.Endpoint.compare(b.Endpoint))
	})
	var below, above float64
	for _, ei := range endpoints {
		out.Requests.Mid += ei.Requests.Mid
		below = math.Hypot(below, ei.Requests.Mid-ei.Requests.Low)
		above = math.Hypot(above, ei.Requests.High-ei.Requests.Mid)
		out.Alone.Waiting += ei.Waiting
		out.Alone.Working += ei.Working
	}
	out.Requests.Low, out.Requests.High = out.Requests.Mid-below, out.Requests.Mid+above
	out.Waiting = hours(people, func(h *held) int64 { return h.gain.wait }).least(out.Requests)
	out.Working = hours(unattended, func(h *held) int64 { return h.gain.wait }).least(out.Requests)
	return out, endpoints
}

// least widens a range to that of the requests it is about: drawing anew the few that were
// sampled never gives one that was not.
func (r Range) least(of Range) Range {
	if of.Mid > 0 {
		r.Low, r.High = min(r.Low, r.Mid*of.Low/of.Mid), max(r.High, r.Mid*of.High/of.Mid)
	}
	return r
}

// total sums a value over all samples, with the range that drawing them anew gives.
func (st *study) total(of func(*sample) float64) (r Range) {
	var groups [][]float64 // by stratum
	last := -1
	for _, s := range st.samples {
		if s.stratum != last {
			groups, last = append(groups, nil), s.stratum
		}
		v := of(s)
		r.Mid += v
		groups[len(groups)-1] = append(groups[len(groups)-1], v)
	}
	// Where all are nothing, drawing gives nothing.
	groups = slices.DeleteFunc(groups, func(g []float64) bool { return !slices.ContainsFunc(g, func(v float64) bool { return v != 0 }) })
	if len(groups) == 0 {
		return r
	}
	rng := rand.New(rand.NewPCG(seedHigh, seedLow))
	sums := make([]float64, draws)
	for d := range sums {
		for _, g := range groups {
			for range g {
				sums[d] += g[rng.IntN(len(g))]
			}
		}
	}
	slices.Sort(sums)
	r.Low, r.High = min(r.Mid, sums[draws/40]), max(r.Mid, sums[draws-1-draws/40])
	return r
}

// endpointImpact is a cause at one endpoint, as if nothing else was mended.
func endpointImpact(e Endpoint, all []*sample, gain map[*sample]*held) EndpointImpact {
	out := EndpointImpact{Endpoint: e, Sampled: len(all)}
	before, after := make([]weighed, len(all)), make([]weighed, len(all))
	var with, below, above float64
	type count struct {
		weight    float64
		with, all int
	}
	strata := map[int]*count{}
	var order []int
	for i, s := range all {
		out.Of += s.weight
		n := strata[s.stratum]
		if n == nil {
			n = &count{weight: s.weight}
			strata[s.stratum] = n
			order = append(order, s.stratum)
		}
		n.all++
		d := s.node().Duration
		before[i], after[i] = weighed{d, s.weight, i}, weighed{d, s.weight, i}
		h := gain[s]
		if h == nil {
			continue
		}
		out.SampledWith++
		n.with++
		with += s.weight
		after[i].value -= h.alone.root
		hours := s.weight * float64(h.alone.wait) * toHours
		switch s.waits {
		case people:
			out.Waiting += hours
		case unattended:
			out.Working += hours
		}
	}
	// Each stratum's interval is Wilson's; of their sum, the distances add up by squares.
	for _, k := range order {
		n := strata[k]
		p := float64(n.with) / float64(n.all)
		low, high := wilson(p, float64(n.all))
		requests := n.weight * float64(n.all)
		below, above = math.Hypot(below, requests*(p-low)), math.Hypot(above, requests*(high-p))
	}
	out.Requests = Range{max(0, with-below), with, min(out.Of, with+above)}
	out.Before, out.After = percentiles(before, nil), percentiles(after, nil)
	out.AfterLow, out.AfterHigh = redraw(all, after)
	return out
}

// wilson is the 95 % interval of a share of n.
func wilson(p, n float64) (low, high float64) {
	const z2 = z95 * z95
	mid := (p + z2/(2*n)) / (1 + z2/n)
	half := z95 / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	return max(0, min(p, mid-half)), min(1, max(p, mid+half))
}

// weighed is a duration with how many requests it stands for.
type weighed struct {
	value  int64
	weight float64
	of     int // its sample
}

// percentiles by nearest rank of weights. Sorts; times, when given, is how often each
// sample was drawn.
func percentiles(all []weighed, times []int) (p Percentiles) {
	slices.SortFunc(all, func(a, b weighed) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.of, b.of)) })
	n := func(w weighed) float64 {
		if times != nil {
			return w.weight * float64(times[w.of])
		}
		return w.weight
	}
	var sum, at float64
	for _, w := range all {
		sum += n(w)
	}
	half := false
	for _, w := range all {
		if n(w) == 0 {
			continue
		}
		at += n(w)
		p.P95 = w.value
		if !half && at >= 0.5*sum*(1-1e-12) {
			half, p.P50 = true, w.value
		}
		if at >= 0.95*sum*(1-1e-12) {
			break
		}
	}
	return p
}

// redraw is the range of percentiles when each stratum is drawn anew.
func redraw(all []*sample, values []weighed) (low, high Percentiles) {
	var runs [][2]int // of samples of a stratum
	for i, s := range all {
		if i == 0 || s.stratum != all[i-1].stratum {
			runs = append(runs, [2]int{i, i})
		}
		runs[len(runs)-1][1]++
	}
	rng := rand.New(rand.NewPCG(seedHigh, seedLow))
	p50, p95 := make([]int64, draws), make([]int64, draws)
	times := make([]int, len(all))
	for d := range p50 {
		clear(times)
		for _, r := range runs {
			for range r[1] - r[0] {
				times[r[0]+rng.IntN(r[1]-r[0])]++
			}
		}
		p := percentiles(values, times)
		p50[d], p95[d] = p.P50, p.P95
	}
	slices.Sort(p50)
	slices.Sort(p95)
	const cut = draws / 40
	return Percentiles{p50[cut], p95[cut]}, Percentiles{p50[draws-1-cut], p95[draws-1-cut]}
}

// named is who asked: what the request's spans say, or those above it.
func named(s *sample, companyKey string) (user, company string) {
	t := s.trace.in.Tree
	look := func(i int) {
		attrs := t.Nodes[i].Span.Attrs
		for _, key := range [...]string{"user.id", "enduser.id"} {
			if user == "" {
				user, _ = telemetry.Get(attrs, key)
			}
		}
		if company == "" && companyKey != "" {
			company, _ = telemetry.Get(attrs, companyKey)
		}
	}
	for i := s.root; i >= 0; i = t.Nodes[i].Parent {
		look(i)
	}
	for i := s.root + 1; i < s.root+s.node().Size; i++ {
		look(i)
	}
	return user, company
}
