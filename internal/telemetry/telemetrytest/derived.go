package telemetrytest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// DerivedStore is a store that also answers from what it keeps by the minute.
type DerivedStore interface {
	Store
	telemetry.DerivedReader
}

// CheckDerived compares every derived answer to a question with a count over the rows:
// those that were written, however often and in whatever order.
func CheckDerived(t testing.TB, s telemetry.DerivedReader, logs []telemetry.Log, spans []telemetry.Span, d telemetry.DerivedQuery) {
	t.Helper()
	if d.Limit == 0 {
		d.Limit = 100_000
	}
	c := &derivedCheck{TB: t, s: s, d: d, ctx: context.Background()}
	c.from, c.to = d.From.Truncate(time.Minute).UnixNano(), d.To.Add(time.Minute-1).Truncate(time.Minute).UnixNano()
	shift := int64(d.Compare.Truncate(time.Minute))
	for _, l := range logs {
		if c.source(&l.Source) {
			if l.Time >= c.from && l.Time < c.to {
				c.logs = append(c.logs, l)
			}
			if l.Time >= c.from-shift && l.Time < c.to-shift {
				c.oldLogs = append(c.oldLogs, l)
			}
		}
		c.everError(l.Source, l.Error.ID, l.Time)
	}
	for _, sp := range spans {
		if c.source(&sp.Source) {
			if sp.Time >= c.from && sp.Time < c.to {
				c.spans = append(c.spans, sp)
			}
			if sp.Time >= c.from-shift && sp.Time < c.to-shift {
				c.oldSpans = append(c.oldSpans, sp)
			}
		}
		c.everError(sp.Source, sp.Error.ID, sp.Time)
	}
	c.requests()
	c.calls()
	c.services()
	c.errors()
	c.patterns()
	c.instances()
}

type derivedCheck struct {
	testing.TB
	s                 telemetry.DerivedReader
	d                 telemetry.DerivedQuery
	ctx               context.Context
	from, to          int64
	logs, oldLogs     []telemetry.Log
	spans, oldSpans   []telemetry.Span
	ever              map[string]int64
	step              int64
	points            int
	logsBy, oldLogsBy map[string]uint64
}

func (c *derivedCheck) source(s *telemetry.Source) bool {
	return (c.d.Env == "" || s.Env == c.d.Env) && (c.d.Service == "" || s.Service == c.d.Service) && (c.d.Version == "" || s.Version == c.d.Version)
}

func (c *derivedCheck) everError(s telemetry.Source, id telemetry.ShapeID, at int64) {
	if c.ever == nil {
		c.ever = map[string]int64{}
	}
	k := fmt.Sprintf("%q %q %v", s.Service, s.Env, id)
	if old, ok := c.ever[k]; id != 0 && (!ok || at < old) {
		c.ever[k] = at
	}
}

// about checks what an answer says of itself.
func (c *derivedCheck) about(what string, a telemetry.Derived, err error) {
	c.Helper()
	if err != nil {
		c.Fatalf("%s: %v", what, err)
	}
	if a.Range.From.UnixNano() != c.from || a.Range.To.UnixNano() != c.to || a.More {
		c.Errorf("%s covers %v to %v (%v), want %v to %v", what, a.Range.From, a.Range.To, a.More, time.Unix(0, c.from).UTC(), time.Unix(0, c.to).UTC())
	}
	c.step = int64(a.Step)
	if c.d.Steps > 0 {
		if c.step <= 0 || c.step%int64(time.Minute) != 0 {
			c.Fatalf("%s: steps of %v", what, a.Step)
		}
		c.points = int((c.to - c.from + c.step - 1) / c.step)
		if c.points > c.d.Steps {
			c.Errorf("%s: %d points, at most %d were asked for", what, c.points, c.d.Steps)
		}
	}
}

// redSum is a RED counted by hand.
type redSum struct {
	durations     []int64
	errors, total uint64
	perStep       map[int64]*redSum
	before        *redSum
}

func (r *redSum) add(s *telemetry.Span) {
	r.durations = append(r.durations, s.Duration)
	if s.Status == telemetry.StatusError {
		r.errors++
	}
	r.total += uint64(min(max(s.Duration, 0), 1<<50))
}

// sum adds up spans by a key; "" leaves a span out.
func (c *derivedCheck) sum(key func(*telemetry.Span) string) map[string]*redSum {
	all := map[string]*redSum{}
	for i := range c.spans {
		s := &c.spans[i]
		k := key(s)
		if k == "" {
			continue
		}
		r := all[k]
		if r == nil {
			r = &redSum{perStep: map[int64]*redSum{}, before: &redSum{}}
			all[k] = r
		}
		r.add(s)
		if c.step > 0 {
			at := (s.Time - c.from) / c.step
			if r.perStep[at] == nil {
				r.perStep[at] = &redSum{}
			}
			r.perStep[at].add(s)
		}
	}
	for i := range c.oldSpans {
		if r := all[key(&c.oldSpans[i])]; r != nil {
			r.before.add(&c.oldSpans[i])
		}
	}
	return all
}

func (c *derivedCheck) red(what string, got telemetry.RED, before *telemetry.RED, trend telemetry.Trend, want *redSum) {
	c.Helper()
	if want == nil {
		c.Errorf("%s should not be there: %+v", what, got)
		return
	}
	c.one(what, got, want)
	if (before != nil) != (c.d.Compare > 0) {
		c.Errorf("%s: before is %v", what, before)
	} else if before != nil {
		c.one(what+", before", *before, want.before)
	}
	if c.d.Steps == 0 {
		if trend.Count != nil {
			c.Errorf("%s has a series that nobody asked for", what)
		}
		return
	}
	if len(trend.Count) != c.points || len(trend.Errors) != c.points || len(trend.P50) != c.points || len(trend.P95) != c.points || len(trend.P99) != c.points {
		c.Fatalf("%s: a series of %d points, want %d", what, len(trend.Count), c.points)
	}
	for i := range c.points {
		w := want.perStep[int64(i)]
		if w == nil {
			w = &redSum{}
		}
		at := telemetry.RED{Count: trend.Count[i], Errors: trend.Errors[i], P50: trend.P50[i], P95: trend.P95[i], P99: trend.P99[i], Total: w.total}
		c.one(fmt.Sprintf("%s, step %d", what, i), at, w)
	}
}

func (c *derivedCheck) one(what string, got telemetry.RED, want *redSum) {
	c.Helper()
	if got.Count != uint64(len(want.durations)) || got.Errors != want.errors || got.Total != want.total {
		c.Errorf("%s: %+v, want %d, %d errors, %d ns", what, got, len(want.durations), want.errors, want.total)
		return
	}
	slices.Sort(want.durations)
	for _, p := range [...]struct{ q, got float64 }{{0.5, got.P50}, {0.95, got.P95}, {0.99, got.P99}} {
		var true_ float64
		if n := len(want.durations); n > 0 {
			true_ = float64(want.durations[max(int(math.Ceil(p.q*float64(n)-1e-9)), 1)-1])
		}
		if math.Abs(p.got-true_) > telemetry.PercentileError*true_*(1+1e-6)+1e-6 {
			c.Errorf("%s: the %v quantile of %d is %v, want %v", what, p.q, len(want.durations), p.got, true_)
		}
	}
}

func isRequest(s *telemetry.Span) bool {
	return s.Kind == telemetry.KindServer || s.Kind == telemetry.KindConsumer
}

func (c *derivedCheck) requests() {
	request := func(s *telemetry.Span) bool {
		return isRequest(s) && (c.d.Endpoint == "" || s.Endpoint == c.d.Endpoint)
	}
	red, before, trend, about, err := c.s.Requests(c.ctx, c.d)
	c.about("requests", about, err)
	all := c.sum(func(s *telemetry.Span) string {
		if request(s) {
			return "all"
		}
		return ""
	})
	if all["all"] == nil {
		all["all"] = &redSum{before: &redSum{}}
		for i := range c.oldSpans {
			if request(&c.oldSpans[i]) {
				all["all"].before.add(&c.oldSpans[i])
			}
		}
	}
	c.red("requests", red, before, trend, all["all"])

	list, about, err := c.s.Endpoints(c.ctx, c.d)
	c.about("endpoints", about, err)
	want := c.sum(func(s *telemetry.Span) string {
		if !request(s) {
			return ""
		}
		return fmt.Sprintf("%q %q %q %v", s.Service, s.Env, s.Endpoint, s.Kind)
	})
	c.many("endpoints", len(list), len(want))
	for i, e := range list {
		k := fmt.Sprintf("%q %q %q %v", e.Service, e.Env, e.Endpoint, e.Kind)
		c.red(k, e.RED, e.Before, e.Trend, want[k])
		if i > 0 && cmp.Or(cmp.Compare(e.Errors, list[i-1].Errors), cmp.Compare(e.Total, list[i-1].Total)) > 0 {
			c.Errorf("%s is out of order", k)
		}
	}

	codes, about, err := c.s.Codes(c.ctx, c.d)
	c.about("codes", about, err)
	want = c.sum(func(s *telemetry.Span) string {
		if !request(s) {
			return ""
		}
		return fmt.Sprintf("%q", s.Code)
	})
	c.many("codes", len(codes), len(want))
	for _, f := range codes {
		if w := want[fmt.Sprintf("%q", f.Code)]; w == nil || f.Count != uint64(len(w.durations)) || f.Errors != w.errors {
			c.Errorf("code %q: %+v, want %+v", f.Code, f, w)
		}
	}

	heat := c.d
	heat.Steps = max(heat.Steps, 1)
	h, err := c.s.Heatmap(c.ctx, heat, 11)
	if err != nil {
		c.Fatal(err)
	}
	var cells, failed, sum, errs uint64
	for at, column := range h.Cells {
		if len(column) > 11 || len(column)+1 != len(h.Bounds) {
			c.Fatalf("a heat map of %d rows and %d bounds", len(column), len(h.Bounds))
		}
		for row, n := range column {
			cells += n
			failed += h.Errors[at][row]
		}
	}
	low, high := uint16(math.MaxUint16), uint16(0)
	for i := range c.spans {
		if s := &c.spans[i]; request(s) {
			sum++
			if s.Status == telemetry.StatusError {
				errs++
			}
			low, high = min(low, telemetry.Band(s.Duration)), max(high, telemetry.Band(s.Duration))
		}
	}
	if cells != sum || failed != errs {
		c.Errorf("a heat map of %d and %d errors, want %d and %d", cells, failed, sum, errs)
	}
	if sum > 0 && (h.Bounds[0] != telemetry.BandLow(low) || h.Bounds[len(h.Bounds)-1] < telemetry.BandLow(high)) {
		c.Errorf("bounds %v of bands %d to %d", h.Bounds, low, high)
	}
}

func (c *derivedCheck) many(what string, got, want int) {
	c.Helper()
	if got != want {
		c.Errorf("%d %s, want %d", got, what, want)
	}
}

func (c *derivedCheck) calls() {
	list, about, err := c.s.Calls(c.ctx, telemetry.CallQuery{EdgeQuery: telemetry.EdgeQuery{DerivedQuery: c.d}})
	c.about("calls", about, err)
	callers := map[string]map[string]bool{}
	key := func(p telemetry.Peer, id telemetry.ShapeID) string { return fmt.Sprintf("%v %v", p, id) }
	want := c.sum(func(s *telemetry.Span) string {
		if s.Peer.Kind == "" {
			return ""
		}
		return key(s.Peer, s.Operation.ID)
	})
	for i := range c.spans {
		s := &c.spans[i]
		k := key(s.Peer, s.Operation.ID)
		if callers[k] == nil {
			callers[k] = map[string]bool{}
		}
		callers[k][s.Service] = true
	}
	c.many("calls", len(list), len(want))
	for _, e := range list {
		k := key(e.Peer, e.Shape.ID)
		c.red(k, e.RED, e.Before, e.Trend, want[k])
		if int(e.Services) != len(callers[k]) || len(e.Callers) != min(len(callers[k]), 5) {
			c.Errorf("%s is called by %q (%d), want %v", k, e.Callers, e.Services, callers[k])
		}
	}
	edges, about, err := c.s.Edges(c.ctx, telemetry.EdgeQuery{DerivedQuery: c.d})
	c.about("edges", about, err)
	want = c.sum(func(s *telemetry.Span) string {
		if s.Peer.Kind == "" {
			return ""
		}
		return fmt.Sprintf("%q %q %v %t", s.Service, s.Env, s.Peer, s.Kind == telemetry.KindConsumer)
	})
	c.many("edges", len(edges), len(want))
	for _, e := range edges {
		k := fmt.Sprintf("%q %q %v %t", e.Service, e.Env, e.Peer, e.Consumes)
		c.red(k, e.RED, e.Before, e.Trend, want[k])
	}
}

func (c *derivedCheck) services() {
	d := c.d
	d.Endpoint = ""
	list, about, err := c.s.ServiceFigures(c.ctx, d)
	c.about("services", about, err)
	want := c.sum(func(s *telemetry.Span) string {
		if !isRequest(s) {
			return ""
		}
		return fmt.Sprintf("%q %q", s.Service, s.Env)
	})
	spans, logs, last := map[string]uint64{}, map[string]uint64{}, map[string]int64{}
	for i := range c.spans {
		k := fmt.Sprintf("%q %q", c.spans[i].Service, c.spans[i].Env)
		spans[k]++
		last[k] = max(last[k], c.spans[i].Time)
	}
	for i := range c.logs {
		k := fmt.Sprintf("%q %q", c.logs[i].Service, c.logs[i].Env)
		logs[k]++
		last[k] = max(last[k], c.logs[i].Time)
	}
	c.many("services", len(list), len(last))
	for _, f := range list {
		k := fmt.Sprintf("%q %q", f.Service, f.Env)
		w := want[k]
		if w == nil {
			w = &redSum{before: &redSum{}} // it is quiet now
			for i := range c.oldSpans {
				if s := &c.oldSpans[i]; isRequest(s) && s.Service == f.Service && s.Env == f.Env {
					w.before.add(s)
				}
			}
		}
		c.red(k, f.RED, f.Before, f.Trend, w)
		if f.Spans != spans[k] || f.Logs != logs[k] || f.LastSeen != last[k] {
			c.Errorf("%s: %+v, want %d spans, %d logs, last %d", k, f, spans[k], logs[k], last[k])
		}
	}
}

func (c *derivedCheck) errors() {
	type group struct {
		n, before   uint64
		users       map[string]bool
		versions    map[string]uint64
		endpoints   map[string]uint64
		first, last int64
		steps       map[int64]uint64
	}
	all := map[string]*group{}
	saw := func(s *telemetry.Source, attrs []telemetry.Attr, e *telemetry.ErrorKey, at int64, endpoint string, old bool) {
		if e.ID == 0 || c.d.Endpoint != "" && endpoint != c.d.Endpoint {
			return
		}
		k := fmt.Sprintf("%q %q %v", s.Service, s.Env, e.ID)
		g := all[k]
		if old {
			if g != nil {
				g.before++
			}
			return
		}
		if g == nil {
			g = &group{first: at, users: map[string]bool{}, versions: map[string]uint64{}, endpoints: map[string]uint64{}, steps: map[int64]uint64{}}
			all[k] = g
		}
		g.n++
		g.first, g.last = min(g.first, at), max(g.last, at)
		g.versions[s.Version]++
		g.endpoints[endpoint]++
		user, _ := telemetry.Get(attrs, "user.id")
		if user == "" {
			user, _ = telemetry.Get(attrs, "enduser.id")
		}
		if user != "" {
			g.users[user] = true
		}
		if c.step > 0 {
			g.steps[(at-c.from)/c.step]++
		}
	}
	for _, old := range []bool{false, true} {
		logs, spans := c.logs, c.spans
		if old {
			logs, spans = c.oldLogs, c.oldSpans
		}
		for i := range logs {
			saw(&logs[i].Source, logs[i].Attrs, &logs[i].Error, logs[i].Time, "", old)
		}
		for i := range spans {
			saw(&spans[i].Source, spans[i].Attrs, &spans[i].Error, spans[i].Time, spans[i].Endpoint, old)
		}
	}
	list, about, err := c.s.Errors(c.ctx, telemetry.ErrorQuery{DerivedQuery: c.d})
	c.about("errors", about, err)
	c.many("groups of errors", len(list), len(all))
	for _, e := range list {
		k := fmt.Sprintf("%q %q %v", e.Service, e.Env, e.ID)
		g := all[k]
		if g == nil || e.Count != g.n || e.First != g.first || e.Last != g.last || e.Users != uint64(len(g.users)) || e.FirstEver != c.ever[k] ||
			c.d.Compare > 0 && *e.Before != g.before {
			c.Errorf("%s: %+v, want %+v, first ever %d", k, e, g, c.ever[k])
			continue
		}
		for _, v := range e.Versions {
			if g.versions[v.Value] != v.Count {
				c.Errorf("%s: versions %+v, want %v", k, e.Versions, g.versions)
			}
		}
		for _, v := range e.Endpoints {
			if g.endpoints[v.Value] != v.Count {
				c.Errorf("%s: endpoints %+v, want %v", k, e.Endpoints, g.endpoints)
			}
		}
		for at, n := range e.Trend {
			if g.steps[int64(at)] != n {
				c.Errorf("%s: step %d has %d, want %d", k, at, n, g.steps[int64(at)])
			}
		}
	}
}

func (c *derivedCheck) patterns() {
	c.logsBy, c.oldLogsBy = map[string]uint64{}, map[string]uint64{}
	key := func(l *telemetry.Log) string { return fmt.Sprintf("%q %q %v", l.Service, l.Env, l.Pattern.ID) }
	levels, texts := map[string]uint64{}, map[telemetry.ShapeID]string{}
	for i := range c.logs {
		l := &c.logs[i]
		c.logsBy[key(l)]++
		levels[l.Severity.Level()]++
		texts[l.Pattern.ID] = l.Pattern.Text
	}
	for i := range c.oldLogs {
		c.oldLogsBy[key(&c.oldLogs[i])]++
	}
	list, about, err := c.s.Patterns(c.ctx, telemetry.PatternQuery{DerivedQuery: c.d})
	c.about("patterns", about, err)
	c.many("patterns", len(list), len(c.logsBy))
	for _, p := range list {
		k := fmt.Sprintf("%q %q %v", p.Service, p.Env, p.ID)
		var sum uint64
		for _, n := range p.Trend {
			sum += n
		}
		if p.Count != c.logsBy[k] || p.Text != texts[p.ID] || c.d.Compare > 0 && *p.Before != c.oldLogsBy[k] || c.d.Steps > 0 && sum != p.Count {
			c.Errorf("pattern %s: %+v, want %d, %d before", k, p, c.logsBy[k], c.oldLogsBy[k])
		}
	}
	figures, about, err := c.s.Levels(c.ctx, c.d)
	c.about("levels", about, err)
	c.many("levels", len(figures), len(levels))
	for _, f := range figures {
		if f.Count != levels[f.Level] {
			c.Errorf("level %q: %d, want %d", f.Level, f.Count, levels[f.Level])
		}
	}
}

func (c *derivedCheck) instances() {
	type instance struct {
		spans, logs, errs uint64
		first, last       int64
	}
	all := map[string]*instance{}
	versions := map[string]*instance{}
	saw := func(s *telemetry.Source, at int64, add func(*instance)) {
		for k, m := range map[string]map[string]*instance{
			fmt.Sprintf("%q %q %q %q %q", s.Service, s.Env, s.Version, s.Instance, s.Host): all,
			fmt.Sprintf("%q %q %q", s.Service, s.Env, s.Version):                           versions,
		} {
			if m[k] == nil {
				m[k] = &instance{first: at}
			}
			m[k].first, m[k].last = min(m[k].first, at), max(m[k].last, at)
			add(m[k])
		}
	}
	for i := range c.spans {
		saw(&c.spans[i].Source, c.spans[i].Time, func(x *instance) { x.spans++ })
	}
	for i := range c.logs {
		saw(&c.logs[i].Source, c.logs[i].Time, func(x *instance) {
			x.logs++
			if n := c.logs[i].Severity; n >= 17 && n <= 24 {
				x.errs++
			}
		})
	}
	list, about, err := c.s.Instances(c.ctx, c.d)
	c.about("instances", about, err)
	c.many("instances", len(list), len(all))
	for _, f := range list {
		k := fmt.Sprintf("%q %q %q %q %q", f.Service, f.Env, f.Version, f.Instance, f.Host)
		if w := all[k]; w == nil || f.Spans != w.spans || f.Logs != w.logs || f.ErrorLogs != w.errs || f.First != w.first || f.Last != w.last {
			c.Errorf("instance %s: %+v, want %+v", k, f, w)
		}
	}
	d := c.d
	d.Endpoint = ""
	byVersion, about, err := c.s.Versions(c.ctx, d)
	c.about("versions", about, err)
	c.many("versions", len(byVersion), len(versions))
	want := c.sum(func(s *telemetry.Span) string {
		if !isRequest(s) {
			return ""
		}
		return fmt.Sprintf("%q %q %q", s.Service, s.Env, s.Version)
	})
	for _, f := range byVersion {
		k := fmt.Sprintf("%q %q %q", f.Service, f.Env, f.Version)
		w := versions[k]
		if w == nil || f.Spans != w.spans || f.Logs != w.logs || f.First != w.first || f.Last != w.last {
			c.Errorf("version %s: %+v, want %+v", k, f, w)
		}
		r := want[k]
		if r == nil {
			r = &redSum{}
		}
		c.one("version "+k, f.RED, r)
	}
}
