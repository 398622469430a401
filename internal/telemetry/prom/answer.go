package prom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Nanos is a time of Prometheus as telemetry counts it.
func Nanos(ms int64) int64 { return ms * 1e6 }

// Attrs are labels as telemetry knows them, copied: a store's own may lie in a mapped
// file that goes away.
func Attrs(ls labels.Labels) []telemetry.Attr {
	out := make([]telemetry.Attr, 0, ls.Len())
	ls.Range(func(l labels.Label) {
		out = append(out, telemetry.Attr{Key: strings.Clone(l.Name), Value: strings.Clone(l.Value)})
	})
	return out
}

// Answer is an engine's result, copied: the engine may reuse its own.
func Answer(expr string, res *promql.Result) telemetry.MetricResult {
	out := telemetry.MetricResult{Series: []telemetry.MetricSeries{}}
	warnings, infos := res.Warnings.AsStrings(expr, 10, 10)
	out.Warnings = append(warnings, infos...)
	switch v := res.Value.(type) {
	case promql.String:
		out.Type, out.Text = "string", v.V
	case promql.Scalar:
		out.Type = "scalar"
		out.Series = append(out.Series, telemetry.MetricSeries{
			Labels: []telemetry.Attr{}, Points: []telemetry.MetricPoint{{Time: Nanos(v.T), Value: v.V}}})
	case promql.Vector:
		out.Type = "vector"
		for _, s := range v {
			one := telemetry.MetricSeries{Labels: Attrs(s.Metric)}
			if s.H != nil {
				one.Histograms = []telemetry.MetricHistogramPoint{Histogram(s.T, s.H)}
			} else {
				one.Points = []telemetry.MetricPoint{{Time: Nanos(s.T), Value: s.F}}
			}
			out.Series = append(out.Series, one)
		}
		if Ordered(expr) {
			return out
		}
	case promql.Matrix:
		out.Type = "matrix"
		for _, s := range v {
			one := telemetry.MetricSeries{Labels: Attrs(s.Metric)}
			for _, p := range s.Floats {
				one.Points = append(one.Points, telemetry.MetricPoint{Time: Nanos(p.T), Value: p.F})
			}
			for _, p := range s.Histograms {
				one.Histograms = append(one.Histograms, Histogram(p.T, p.H))
			}
			out.Series = append(out.Series, one)
		}
	}
	SortSeries(out.Series)
	return out
}

// Ordered says that the order of a vector is a part of the answer: sort, topk and such.
func Ordered(expr string) bool {
	e, err := Parser.ParseExpr(expr)
	if err != nil {
		return false
	}
	for {
		switch n := e.(type) {
		case *parser.ParenExpr:
			e = n.Expr
		case *parser.Call:
			return len(n.Func.Name) >= 4 && n.Func.Name[:4] == "sort"
		case *parser.AggregateExpr:
			return n.Op == parser.TOPK || n.Op == parser.BOTTOMK
		default:
			return false
		}
	}
}

// SortSeries sorts by labels.
func SortSeries(s []telemetry.MetricSeries) {
	slices.SortFunc(s, func(a, b telemetry.MetricSeries) int { return CompareAttrs(a.Labels, b.Labels) })
}

// CompareAttrs orders sorted labels.
func CompareAttrs(a, b []telemetry.Attr) int {
	return slices.CompareFunc(a, b, func(a, b telemetry.Attr) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
	})
}

// Histogram is a native histogram as telemetry knows it.
func Histogram(ms int64, h *histogram.FloatHistogram) telemetry.MetricHistogramPoint {
	out := telemetry.MetricHistogramPoint{Time: Nanos(ms), Count: h.Count, Sum: h.Sum}
	for it := h.AllBucketIterator(); it.Next(); {
		b := it.At()
		if b.Count == 0 {
			continue
		}
		out.Buckets = append(out.Buckets, telemetry.MetricBucket{
			Lower: b.Lower, Upper: b.Upper, LowerInclusive: b.LowerInclusive, UpperInclusive: b.UpperInclusive, Count: b.Count})
	}
	return out
}
