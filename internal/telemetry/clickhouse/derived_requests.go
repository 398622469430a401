package clickhouse

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// requests is the condition of the requests that a question selects.
func requests(d *telemetry.DerivedQuery) func(*statement) {
	return func(q *statement) {
		q.text(" AND ", requestKinds)
		if d.Endpoint != "" {
			q.text(" AND endpoint = ", q.str(d.Endpoint))
		}
	}
}

// sourceSum is what the instances of a service, or of one version, sent.
type sourceSum struct {
	spans, logs, errorLogs uint64
	first, last            int64
	instances              uint64
	versions               []string
}

// sources sums up what was sent: by service and environment, and by version if asked to.
func (s *Store) sources(ctx context.Context, w window, d *telemetry.DerivedQuery, byVersion bool) (map[string]*sourceSum, error) {
	q := &statement{}
	version := ""
	if byVersion {
		version = ", version"
	}
	q.text("SELECT service, env, ", cond(byVersion, "version", "''"), ", sum(spans), sum(logs), sum(failed), toUnixTimestamp64Nano(min(begun)), toUnixTimestamp64Nano(max(ended)), uniqExact(instance, host), groupArray((version, toUnixTimestamp64Nano(ended)))",
		" FROM (SELECT service, env, version, instance, host, sumIf(seen, level = 7) AS spans, sumIf(seen, level < 7) AS logs, sumIf(seen, level IN (5, 6)) AS failed, min(first) AS begun, max(last) AS ended")
	w.condition(q, "minutes_instances", d)
	q.text(" GROUP BY service, env, version, instance, host) GROUP BY service, env", version)
	all := map[string]*sourceSum{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var service, env, version string
		var sum sourceSum
		var seen [][]any
		if err := r.Scan(&service, &env, &version, &sum.spans, &sum.logs, &sum.errorLogs, &sum.first, &sum.last, &sum.instances, &seen); err != nil {
			return err
		}
		last := map[string]int64{}
		for _, v := range seen {
			if name := v[0].(string); name != "" {
				last[name] = max(last[name], v[1].(int64))
			}
		}
		for name := range last {
			sum.versions = append(sum.versions, name)
		}
		slices.SortFunc(sum.versions, func(a, b string) int { return cmp.Or(cmp.Compare(last[b], last[a]), cmp.Compare(b, a)) })
		all[joinKey([]string{service, env, version}[:2+one(byVersion)])] = &sum
		return nil
	})
	return all, err
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func cond(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// ServiceFigures lists the services that sent anything.
func (s *Store) ServiceFigures(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.ServiceFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	list := []telemetry.ServiceFigures{}
	if err != nil || w.empty() {
		return list, about, err
	}
	d.Endpoint = ""
	limit := rowLimit(&d)
	d.Limit = 1 << 20 // quiet services are cut first
	figures, before, _, err := s.compared(ctx, w, &d, figuresOf{keys: []string{"service", "env"}, where: requests(&d)})
	if err != nil {
		return nil, about, err
	}
	sums, err := s.sources(ctx, w, &d, false)
	if err != nil {
		return nil, about, err
	}
	add := func(keys []string, f *figure) {
		v := telemetry.ServiceFigures{Service: keys[0], Env: keys[1], Before: before(keys)}
		if f != nil {
			v.RED, v.Trend = f.RED, f.trend
		} else if w.step > 0 {
			v.Trend = newTrend(w.points)
		}
		if sum := sums[joinKey(keys)]; sum != nil {
			v.Spans, v.Logs, v.ErrorLogs, v.LastSeen, v.Instances = sum.spans, sum.logs, sum.errorLogs, sum.last, sum.instances
			v.Versions = sum.versions[:min(len(sum.versions), 5)]
			delete(sums, joinKey(keys))
		}
		list = append(list, v)
	}
	for i := range figures {
		add(figures[i].keys, &figures[i])
	}
	quiet := len(list)
	for key := range sums {
		add(splitKey(key), nil)
	}
	slices.SortFunc(list[quiet:], func(a, b telemetry.ServiceFigures) int {
		return cmp.Or(cmp.Compare(b.ErrorLogs, a.ErrorLogs), cmp.Compare(b.Spans+b.Logs, a.Spans+a.Logs), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env))
	})
	if about.More = len(list) > limit; about.More {
		list = list[:limit]
	}
	return list, about, nil
}

// splitKey undoes joinKey.
func splitKey(key string) (keys []string) {
	for key != "" {
		i := 0
		for key[i] != ':' {
			i++
		}
		n, _ := strconv.Atoi(key[:i])
		keys = append(keys, key[i+1:i+1+n])
		key = key[i+1+n:]
	}
	return keys
}

// Services lists the services that sent anything in a range, as telemetry.Reader has it.
func (s *Store) Services(ctx context.Context, r telemetry.Range, env string, steps int) ([]telemetry.ServiceStat, error) {
	if steps <= 0 {
		return nil, fault.Internalf("a series of %d steps", steps)
	}
	list, about, err := s.ServiceFigures(ctx, telemetry.DerivedQuery{Range: r, Env: env, Steps: steps, Limit: 1 << 20})
	if err != nil {
		return nil, err
	}
	stats := make([]telemetry.ServiceStat, len(list))
	for i, f := range list {
		stats[i] = telemetry.ServiceStat{
			Service: f.Service, Env: f.Env, Requests: f.Count, Errors: f.RED.Errors, P50: f.P50, P95: f.P95, P99: f.P99,
			Spans: f.Spans, Logs: f.Logs, ErrorLogs: f.ErrorLogs, LastSeen: f.LastSeen, Versions: f.Versions,
			Series: telemetry.ServiceSeries{Step: about.Step, Requests: f.Trend.Count, Errors: f.Trend.Errors, P95: f.Trend.P95},
		}
	}
	slices.SortFunc(stats, func(a, b telemetry.ServiceStat) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env))
	})
	return stats, nil
}

// Environments lists the environments that sent anything in a range.
func (s *Store) Environments(ctx context.Context, r telemetry.Range) ([]string, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	envs := []string{}
	w := windowOf(r, 0)
	if w.empty() {
		return envs, nil
	}
	q := &statement{}
	q.text("SELECT DISTINCT toString(env) AS name")
	w.condition(q, "minutes_instances", &telemetry.DerivedQuery{})
	q.text(" AND env != '' ORDER BY name")
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var e string
		err := r.Scan(&e)
		envs = append(envs, e)
		return err
	})
	return envs, err
}

// Requests is the sum over all requests selected.
func (s *Store) Requests(ctx context.Context, d telemetry.DerivedQuery) (red telemetry.RED, before *telemetry.RED, trend telemetry.Trend, about telemetry.Derived, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil {
		return red, nil, trend, about, err
	}
	f := figuresOf{where: requests(&d)}
	all, err := s.figures(ctx, w, &d, f)
	if err != nil {
		return red, nil, trend, about, err
	}
	trend = newTrend(w.points)
	if len(all) > 0 {
		red, trend = all[0].RED, all[0].trend
	}
	if w.step == 0 {
		trend = telemetry.Trend{}
	}
	if d.Compare > 0 {
		before = &telemetry.RED{}
		old, err := s.figures(ctx, w.before(d.Compare), &d, f)
		if err != nil {
			return red, nil, trend, about, err
		}
		if len(old) > 0 {
			*before = old[0].RED
		}
	}
	return red, before, trend, about, nil
}

// Endpoints lists the endpoints of services.
func (s *Store) Endpoints(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.EndpointFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil {
		return nil, about, err
	}
	all, before, more, err := s.compared(ctx, w, &d, figuresOf{keys: []string{"service", "env", "endpoint", "kind"}, where: requests(&d)})
	about.More = more
	list := make([]telemetry.EndpointFigures, len(all))
	for i, f := range all {
		kind, _ := strconv.Atoi(f.keys[3])
		list[i] = telemetry.EndpointFigures{Service: f.keys[0], Env: f.keys[1], Endpoint: f.keys[2], Kind: telemetry.Kind(kind),
			RED: f.RED, Before: before(f.keys), Trend: f.trend, LastSeen: f.last * int64(time.Second)}
	}
	return list, about, err
}

// Versions lists the versions of services.
func (s *Store) Versions(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.VersionFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil || w.empty() {
		return nil, about, err
	}
	figures, err := s.figures(ctx, w, &d, figuresOf{keys: []string{"service", "env", "version"}, where: requests(&d)})
	if err != nil {
		return nil, about, err
	}
	known := map[string]*figure{}
	for i := range figures {
		known[joinKey(figures[i].keys)] = &figures[i]
	}
	sums, err := s.sources(ctx, w, &d, true)
	if err != nil {
		return nil, about, err
	}
	list := []telemetry.VersionFigures{}
	for key, sum := range sums {
		keys := splitKey(key)
		f := known[key]
		if f == nil && d.Endpoint != "" {
			continue
		}
		v := telemetry.VersionFigures{Service: keys[0], Env: keys[1], Version: keys[2], Spans: sum.spans, Logs: sum.logs, First: sum.first, Last: sum.last}
		if f != nil {
			v.RED, v.Trend = f.RED, f.trend
		} else if w.step > 0 {
			v.Trend = newTrend(w.points)
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b telemetry.VersionFigures) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env), cmp.Compare(b.Version, a.Version))
	})
	if about.More = len(list) > rowLimit(&d); about.More {
		list = list[:rowLimit(&d)]
	}
	return list, about, nil
}

// Codes counts requests by their outcome, the most frequent first.
func (s *Store) Codes(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.CodeFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil {
		return nil, about, err
	}
	d.Compare = 0
	all, _, more, err := s.compared(ctx, w, &d, figuresOf{keys: []string{"code"}, order: "n_ DESC", where: requests(&d)})
	about.More = more
	list := make([]telemetry.CodeFigures, len(all))
	for i, f := range all {
		list[i] = telemetry.CodeFigures{Code: f.keys[0], Count: f.Count, Errors: f.RED.Errors, Trend: f.trend.Count}
	}
	return list, about, err
}

// Heatmap counts requests by time and duration.
func (s *Store) Heatmap(ctx context.Context, d telemetry.DerivedQuery, rows int) (telemetry.Heatmap, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	d.Steps = max(d.Steps, 1)
	w, about, err := s.askDerived(ctx, &d)
	h := telemetry.Heatmap{Derived: about}
	if err != nil || w.empty() {
		return h, err
	}
	if rows <= 0 {
		return h, fault.Internalf("a heat map of %d rows", rows)
	}
	type cell struct {
		at     int64
		band   uint16
		n, err uint64
	}
	var cells []cell
	q := &statement{}
	q.text("SELECT ", w.at(), " AS at, band, sum(requests), sum(errors)")
	w.condition(q, "minutes_requests", &d)
	requests(&d)(q)
	q.text(" GROUP BY at, band")
	if err := s.answer(ctx, q, func(r driver.Rows) error {
		var c cell
		err := r.Scan(&c.at, &c.band, &c.n, &c.err)
		cells = append(cells, c)
		return err
	}); err != nil || len(cells) == 0 {
		return h, err
	}
	low, high := cells[0].band, cells[0].band
	for _, c := range cells {
		low, high = min(low, c.band), max(high, c.band)
	}
	per := (int(high-low) + rows) / rows // bands a row
	n := int(high-low)/per + 1
	for i := range n + 1 {
		h.Bounds = append(h.Bounds, telemetry.BandLow(low+uint16(i*per)))
	}
	h.Cells, h.Errors = make([][]uint64, w.points), make([][]uint64, w.points)
	for i := range w.points {
		h.Cells[i], h.Errors[i] = make([]uint64, n), make([]uint64, n)
	}
	for _, c := range cells {
		h.Cells[c.at][int(c.band-low)/per] += c.n
		h.Errors[c.at][int(c.band-low)/per] += c.err
	}
	return h, nil
}
