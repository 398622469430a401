package promtsdb

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// Query evaluates expr at one instant.
func (s *Store) Query(ctx context.Context, expr string, at time.Time) (telemetry.MetricResult, error) {
	if err := prom.CheckQuery(expr); err != nil {
		return telemetry.MetricResult{}, err
	}
	return s.eval(ctx, expr, func(db *tsdb.DB) (promql.Query, error) {
		return s.engine.NewInstantQuery(ctx, db, nil, expr, at)
	})
}

// QueryRange evaluates expr at every step of a range.
func (s *Store) QueryRange(ctx context.Context, expr string, r telemetry.Range, step time.Duration) (telemetry.MetricResult, error) {
	if err := prom.CheckQueryRange(expr, r, step); err != nil {
		return telemetry.MetricResult{}, err
	}
	return s.eval(ctx, expr, func(db *tsdb.DB) (promql.Query, error) {
		return s.engine.NewRangeQuery(ctx, db, nil, expr, r.From, r.To, step)
	})
}

func (s *Store) eval(ctx context.Context, expr string, query func(*tsdb.DB) (promql.Query, error)) (telemetry.MetricResult, error) {
	db, end, err := s.begin(ctx)
	if err != nil {
		return telemetry.MetricResult{}, err
	}
	defer end()
	q, err := query(db)
	if err != nil {
		return telemetry.MetricResult{}, prom.QueryFault(err)
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return telemetry.MetricResult{}, prom.QueryFault(res.Err)
	}
	return prom.Answer(expr, res), nil
}

// Names lists the metrics of which there are samples in memory: of the last hours.
func (s *Store) Names(ctx context.Context, match string, limit int) ([]telemetry.MetricName, bool, error) {
	db, end, err := s.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	defer end()
	ix, err := db.Head().Index()
	if err != nil {
		return nil, false, fault.Of(err)
	}
	defer ix.Close()
	values, err := ix.SortedLabelValues(ctx, model.MetricNameLabel, nil)
	if err != nil {
		return nil, false, prom.QueryFault(err)
	}
	out := []telemetry.MetricName{}
	match = strings.ToLower(match)
	for _, name := range values {
		if !strings.Contains(strings.ToLower(name), match) {
			continue
		}
		if len(out) == limit {
			return out, true, nil
		}
		one := s.meta.Describe(strings.Clone(name))
		postings, err := ix.Postings(ctx, model.MetricNameLabel, name)
		if err != nil {
			return nil, false, prom.QueryFault(err)
		}
		for postings.Next() {
			one.Series++
		}
		if err := postings.Err(); err != nil {
			return nil, false, prom.QueryFault(err)
		}
		out = append(out, one)
	}
	return out, false, nil
}

// LabelNames lists the labels of the series that match.
func (s *Store) LabelNames(ctx context.Context, r telemetry.Range, selectors []string) ([]string, error) {
	return s.each(ctx, r, selectors, func(q storage.Querier, ms []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, nil, ms...)
		return names, err
	})
}

// LabelValues lists the values of a label.
func (s *Store) LabelValues(ctx context.Context, label string, r telemetry.Range, selectors []string) ([]string, error) {
	return s.each(ctx, r, selectors, func(q storage.Querier, ms []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, label, nil, ms...)
		return values, err
	})
}

// each is the sorted union of what f gives for each selector.
func (s *Store) each(ctx context.Context, r telemetry.Range, selectors []string, f func(storage.Querier, []*labels.Matcher) ([]string, error)) ([]string, error) {
	sets, err := prom.Selectors(selectors)
	if err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	db, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	q, err := db.Querier(r.From.UnixMilli(), r.To.UnixMilli()-1)
	if err != nil {
		return nil, fault.Of(err)
	}
	defer q.Close()
	out := []string{}
	for _, ms := range sets {
		got, err := f(q, ms)
		if err != nil {
			return nil, prom.QueryFault(err)
		}
		for _, s := range got {
			out = append(out, strings.Clone(s)) // they live in the index's mapped file
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Series lists the series that match.
func (s *Store) Series(ctx context.Context, r telemetry.Range, selectors []string, limit int) ([][]telemetry.Attr, bool, error) {
	if len(selectors) == 0 {
		return nil, false, fault.Field("match", i18n.T("Name at least one selector.", "セレクターを 1 つ以上指定してください。"))
	}
	sets, err := prom.Selectors(selectors)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	db, end, err := s.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	defer end()
	q, err := db.Querier(r.From.UnixMilli(), r.To.UnixMilli()-1)
	if err != nil {
		return nil, false, fault.Of(err)
	}
	defer q.Close()
	hints := &storage.SelectHints{Start: r.From.UnixMilli(), End: r.To.UnixMilli() - 1, Func: "series"}
	var merge []storage.SeriesSet
	for _, ms := range sets {
		merge = append(merge, q.Select(ctx, true, hints, ms...))
	}
	set := storage.NewMergeSeriesSet(merge, 0, storage.ChainedSeriesMerge)
	out := [][]telemetry.Attr{}
	for set.Next() {
		if len(out) == limit {
			return out, true, nil
		}
		out = append(out, prom.Attrs(set.At().Labels()))
	}
	if set.Err() != nil {
		return nil, false, prom.QueryFault(set.Err())
	}
	slices.SortFunc(out, prom.CompareAttrs)
	return out, false, nil
}

// Exemplars lists the exemplars of the series in expr.
func (s *Store) Exemplars(ctx context.Context, expr string, r telemetry.Range) ([]telemetry.MetricExemplars, error) {
	if err := prom.CheckQuery(expr); err != nil {
		return nil, err
	}
	e, err := prom.Parser.ParseExpr(expr)
	if err != nil {
		return nil, prom.QueryFault(err)
	}
	db, end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	out := []telemetry.MetricExemplars{}
	selectors := parser.ExtractSelectors(e)
	if len(selectors) == 0 {
		return out, nil
	}
	q, err := db.ExemplarQuerier(ctx)
	if err != nil {
		return nil, fault.Of(err)
	}
	to := int64(math.MaxInt64)
	if !r.To.IsZero() {
		to = r.To.UnixMilli() - 1
	}
	found, err := q.Select(r.From.UnixMilli(), to, selectors...)
	if err != nil {
		return nil, prom.QueryFault(err)
	}
	for _, f := range found {
		one := telemetry.MetricExemplars{Labels: prom.Attrs(f.SeriesLabels)}
		for _, x := range f.Exemplars {
			one.Exemplars = append(one.Exemplars, telemetry.MetricExemplar{
				Time: prom.Nanos(x.Ts), Value: x.Value, Labels: prom.Attrs(x.Labels)})
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b telemetry.MetricExemplars) int { return prom.CompareAttrs(a.Labels, b.Labels) })
	return out, nil
}
