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

// requests are the spans that somebody asked for: server and consumer.
const requests = "kind IN (2, 5)"

type serviceKey struct{ service, env string }

type serviceSum struct {
	telemetry.ServiceStat
	versions map[string]int64 // when each was last seen
}

func (v *serviceSum) saw(version string, last int64) {
	v.LastSeen = max(v.LastSeen, last)
	if version != "" {
		v.versions[version] = max(v.versions[version], last)
	}
}

// Services lists the services that sent anything in a range: one question for the spans,
// one for the logs.
func (s *Store) Services(ctx context.Context, r telemetry.Range, env string, steps int) ([]telemetry.ServiceStat, error) {
	if steps <= 0 {
		return nil, fault.Internalf("a series of %d steps", steps)
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	sums := map[serviceKey]*serviceSum{}
	sel := newSelection(telemetry.Spans, telemetry.Query{Range: r, Env: env})
	if sel.from >= sel.to {
		return []telemetry.ServiceStat{}, nil
	}
	step := (sel.to - sel.from + int64(steps) - 1) / int64(steps)
	of := func(service, env string) *serviceSum {
		k := serviceKey{service, env}
		v := sums[k]
		if v == nil {
			v = &serviceSum{versions: map[string]int64{}}
			v.Service, v.Env = service, env
			v.Series = telemetry.ServiceSeries{Step: time.Duration(step), Requests: make([]uint64, steps),
				Errors: make([]uint64, steps), P95: make([]float64, steps)}
			sums[k] = v
		}
		return v
	}
	if err := s.serviceSpans(ctx, sel, step, of); err != nil {
		return nil, err
	}
	sel.signal = telemetry.Logs
	if err := s.serviceLogs(ctx, sel, of); err != nil {
		return nil, err
	}
	stats := make([]telemetry.ServiceStat, 0, len(sums))
	for _, v := range sums {
		for name := range v.versions {
			v.Versions = append(v.Versions, name)
		}
		slices.SortFunc(v.Versions, func(a, b string) int {
			return cmp.Or(cmp.Compare(v.versions[b], v.versions[a]), cmp.Compare(b, a))
		})
		v.Versions = v.Versions[:min(len(v.Versions), 5)]
		stats = append(stats, v.ServiceStat)
	}
	slices.SortFunc(stats, func(a, b telemetry.ServiceStat) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env))
	})
	return stats, nil
}

// serviceSpans counts by service, environment, version and step, and sums that up, first
// over the versions, then over the steps. A percentile is of the merged sketches: never an
// average of percentiles.
func (s *Store) serviceSpans(ctx context.Context, sel selection, step int64, of func(service, env string) *serviceSum) error {
	// Of values, the sketch's relative error; of ranks, the rest.
	const levels = "(0.005, 0.5, 0.95, 0.99)"
	q := &statement{}
	q.text(`SELECT service, env, sum(spans), sum(requests), sum(errors), quantilesDDMerge`, levels, `(sketch),
	groupArray(step), groupArray(requests), groupArray(errors), groupArray(arrayElement(finalizeAggregation(sketch), 2)),
	groupArrayArray(seen)
FROM (
	SELECT service, env, step, sum(spans) AS spans, sum(requests) AS requests, sum(errors) AS errors,
		quantilesDDMergeState`, levels, `(sketch) AS sketch, groupArray((version, last)) AS seen
	FROM (
		SELECT service, env, version, intDiv(toUnixTimestamp64Nano(time) - `, strconv.FormatInt(sel.from, 10), `, `, strconv.FormatInt(step, 10), `) AS step,
			count() AS spans, countIf(`, requests, `) AS requests, countIf(`, requests, ` AND status = 2) AS errors,
			quantilesDDStateIf`, levels, `(duration, `, requests, `) AS sketch, toUnixTimestamp64Nano(max(time)) AS last`)
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return err
	}
	q.text(`
		GROUP BY service, env, version, step
	) GROUP BY service, env, step
) GROUP BY service, env`)
	return s.answer(ctx, q, func(r driver.Rows) error {
		var service, env string
		var spans, reqs, errs uint64
		var quantiles, p95 []float64
		var at []int64
		var stepReqs, stepErrs []uint64
		var seen [][]any
		if err := r.Scan(&service, &env, &spans, &reqs, &errs, &quantiles, &at, &stepReqs, &stepErrs, &p95, &seen); err != nil {
			return err
		}
		v := of(service, env)
		v.Spans, v.Requests, v.Errors = spans, reqs, errs
		if reqs > 0 {
			v.P50, v.P95, v.P99 = quantiles[0], quantiles[1], quantiles[2]
		}
		for i, k := range at {
			if stepReqs[i] > 0 && k >= 0 && k < int64(len(v.Series.Requests)) {
				v.Series.Requests[k], v.Series.Errors[k], v.Series.P95[k] = stepReqs[i], stepErrs[i], p95[i]
			}
		}
		for _, t := range seen {
			v.saw(t[0].(string), t[1].(int64))
		}
		return nil
	})
}

func (s *Store) serviceLogs(ctx context.Context, sel selection, of func(service, env string) *serviceSum) error {
	q := &statement{}
	q.text("SELECT service, env, version, count(), countIf(severity >= 17), toUnixTimestamp64Nano(max(time))")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return err
	}
	q.text(" GROUP BY service, env, version")
	return s.answer(ctx, q, func(r driver.Rows) error {
		var service, env, version string
		var n, errs uint64
		var last int64
		if err := r.Scan(&service, &env, &version, &n, &errs, &last); err != nil {
			return err
		}
		v := of(service, env)
		v.Logs += n
		v.ErrorLogs += errs
		v.saw(version, last)
		return nil
	})
}

// Environments lists the environments that sent anything in a range.
func (s *Store) Environments(ctx context.Context, r telemetry.Range) ([]string, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	for i, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		sel := newSelection(signal, telemetry.Query{Range: r})
		if i > 0 {
			q.text(" UNION DISTINCT ")
		}
		q.text("SELECT DISTINCT toString(env) AS name")
		if err := sel.condition(q, sel.from, sel.to); err != nil {
			return nil, err
		}
		q.text(" AND env != ''")
	}
	envs := []string{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var e string
		err := r.Scan(&e)
		envs = append(envs, e)
		return err
	})
	slices.Sort(envs)
	return envs, err
}
