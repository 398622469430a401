package ingest

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/telemetry/semconv"
)

// normaliseMetrics folds, repairs and redacts a request in place, takes out what is not
// valid, and gives how many data points are left. Series keep their identity, so a value
// is cut but never the list of attributes: a point with too many is refused.
func (w *work) normaliseMetrics(md pmetric.Metrics, admit admitter) (points int) {
	seen := newSeen()
	defer seen.release()
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		w.flags, w.long, w.many = 0, false, false
		w.cleanMap(rm.Resource().Attributes())
		service, env := metricSource(rm.Resource().Attributes())
		if w.many {
			w.tally.count(service, AttributeLimit, int64(pointsOf(rm)), func() string { return "resource of " + service })
		}
		if n := pointsOf(rm); n > 0 && !admit(service) {
			w.tally.count(others, ServiceLimit, int64(n), func() string { return "service.name = " + service })
			return true
		}
		seen.resource(rm.Resource().Attributes())
		before := points
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Scope().SetName(w.text(sm.Scope().Name(), w.lim.NameBytes))
			w.cleanMap(sm.Scope().Attributes())
			seen.scope(sm.Scope())
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				points += w.metric(m, service, points, seen)
				return pointCount(m) == 0
			})
			return sm.Metrics().Len() == 0
		})
		w.tally.took(service, env, points-before)
		return rm.ScopeMetrics().Len() == 0
	})
	return points
}

func metricSource(m pcommon.Map) (service, env string) {
	service = unknownService
	if v, ok := m.Get("service.name"); ok && v.AsString() != "" {
		service = v.AsString()
	}
	if v, ok := m.Get("deployment.environment.name"); ok {
		env = v.AsString()
	}
	return service, env
}

func pointsOf(rm pmetric.ResourceMetrics) int {
	n := 0
	for _, sm := range rm.ScopeMetrics().All() {
		for _, m := range sm.Metrics().All() {
			n += pointCount(m)
		}
	}
	return n
}

func pointCount(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	}
	return 0
}

// point is what the five kinds of data points share.
type point interface {
	Attributes() pcommon.Map
	Timestamp() pcommon.Timestamp
}

// metric cleans one metric and gives the number of its points that stay.
func (w *work) metric(m pmetric.Metric, service string, before int, seen *seenPoints) int {
	m.SetName(w.text(strings.TrimSpace(m.Name()), w.lim.NameBytes))
	m.SetDescription(w.text(m.Description(), w.lim.NameBytes))
	m.SetUnit(w.text(m.Unit(), w.lim.KeyBytes))
	seen.metric(m)
	kept := 0
	name := m.Name()
	temporality := temporalityOf(m)
	oldest := max(w.oldest, w.now-int64(w.lim.MetricsPast))
	bad := func(p point, why string, value uint64, finite bool) bool {
		reason := BadMetric
		switch {
		case before+kept >= w.lim.Rows:
			reason = TooManyRows
		case name == "":
			why = "no name"
		case !nameable(name):
			why = "a name without letters or digits"
		case why != "":
		case temporality == pmetric.AggregationTemporalityUnspecified:
			reason, why = NoTemporality, "no aggregation temporality"
		case temporality == pmetric.AggregationTemporalityDelta && !finite:
			reason, why = NotFinite, "a delta that is NaN or infinite"
		case p.Attributes().Len() > w.lim.Attributes:
			why = "too many attributes"
		case p.Timestamp() == 0:
			why = "no timestamp"
		case int64(p.Timestamp()) < 0 || int64(p.Timestamp()) > w.newest: // < 0: beyond the year 2262
			why = "timestamp " + stamp(p.Timestamp())
		case int64(p.Timestamp()) < oldest:
			reason, why = LatePoint, "timestamp "+stamp(p.Timestamp())
		default:
			w.flags, w.long, w.many = 0, false, false
			w.cleanMap(p.Attributes())
			if exported := exportReserved(p.Attributes(), m.Type()); exported != "" {
				w.tally.count(service, ReservedLabel, 1, func() string { return "metric " + name + ": attribute " + exported })
			}
			if seen.contradicts(p, value) {
				reason, why = Contradicting, "two values at "+stamp(p.Timestamp())
				break
			}
			w.mark(service, func() string { return "metric " + name })
			kept++
			return false
		}
		w.tally.count(service, reason, 1, func() string { return "metric " + name + ": " + why })
		return true
	}
	number := func(p pmetric.NumberDataPoint) bool { return bad(p, numberFault(p), numberValue(p), finiteNumber(p)) }
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(number)
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(number)
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool {
			return bad(p, histogramFault(p), histogramValue(p), finite(p.Sum()) || p.Flags().NoRecordedValue())
		})
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool {
			return bad(p, exponentialFault(p), exponentialValue(p), finite(p.Sum()) || p.Flags().NoRecordedValue())
		})
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(p pmetric.SummaryDataPoint) bool { return bad(p, summaryFault(p), summaryValue(p), true) })
	default:
		w.tally.count(service, BadMetric, 1, func() string { return "metric " + name + ": no type" })
	}
	return kept
}

func numberFault(p pmetric.NumberDataPoint) string {
	if p.ValueType() == pmetric.NumberDataPointValueTypeEmpty && !p.Flags().NoRecordedValue() {
		return "no value"
	}
	return ""
}

func histogramFault(p pmetric.HistogramDataPoint) string {
	counts, bounds := p.BucketCounts(), p.ExplicitBounds()
	if counts.Len() == 0 && bounds.Len() == 0 {
		return ""
	}
	if counts.Len() != bounds.Len()+1 {
		return "bucket counts do not fit the bounds"
	}
	for i := 0; i < bounds.Len(); i++ {
		if math.IsNaN(bounds.At(i)) || i > 0 && bounds.At(i) <= bounds.At(i-1) {
			return "bucket bounds do not grow"
		}
	}
	var sum uint64
	for i := 0; i < counts.Len(); i++ {
		sum += counts.At(i)
	}
	if sum != p.Count() {
		return "bucket counts do not add up to the count"
	}
	return ""
}

func exponentialFault(p pmetric.ExponentialHistogramDataPoint) string {
	// Native histograms have no coarser buckets than those of -4; finer ones are merged.
	if p.Scale() < -4 || p.Scale() > 20 {
		return "scale out of range"
	}
	if p.Positive().BucketCounts().Len() > 1<<14 || p.Negative().BucketCounts().Len() > 1<<14 {
		return "too many buckets"
	}
	const far = 1 << 30 // so that an index stays within its 32 bits
	counted, fits := p.ZeroCount(), p.ZeroCount() <= math.MaxInt64
	for _, side := range []pmetric.ExponentialHistogramDataPointBuckets{p.Positive(), p.Negative()} {
		if side.Offset() < -far || side.Offset() > far {
			return "bucket offset out of range"
		}
		for _, n := range side.BucketCounts().All() {
			counted += n
			fits = fits && n <= math.MaxInt64 && counted <= math.MaxInt64
		}
	}
	switch {
	case !fits:
		return "bucket counts out of range"
	case p.Flags().NoRecordedValue():
	case counted > p.Count(), counted < p.Count() && !math.IsNaN(p.Sum()): // NaN is in no bucket
		return "bucket counts do not add up to the count"
	}
	return ""
}

func summaryFault(p pmetric.SummaryDataPoint) string {
	for _, q := range p.QuantileValues().All() {
		if q.Quantile() < 0 || q.Quantile() > 1 || math.IsNaN(q.Quantile()) {
			return "quantile out of range"
		}
	}
	return ""
}

// cleanMap folds, repairs and redacts attributes in place.
func (w *work) cleanMap(m pcommon.Map) {
	if m.Len() > w.lim.Attributes { // of a resource or scope; points were refused
		n := 0
		m.RemoveIf(func(string, pcommon.Value) bool { n++; return n > w.lim.Attributes })
		w.many = true
	}
	type rename struct{ from, to string }
	var renames []rename
	for name, v := range m.All() {
		k := w.key(name)
		w.flags |= k.flags
		switch v.Type() {
		case pcommon.ValueTypeStr:
			s := w.str(k, v.Str(), w.lim.ValueBytes)
			if k.values {
				s = semconv.Value(name, s)
			}
			if s != v.Str() {
				v.SetStr(s)
			}
		case pcommon.ValueTypeMap, pcommon.ValueTypeSlice, pcommon.ValueTypeBytes:
			v.SetStr(w.value(name, k, v))
		case pcommon.ValueTypeInt:
			if s := w.value(name, k, v); strings.HasPrefix(s, "[") {
				v.SetStr(s)
			} else if k.values {
				if changed := semconv.Value(name, s); changed != s {
					v.SetStr(changed)
				}
			}
		}
		if k.name != name {
			renames = append(renames, rename{name, k.name})
		}
	}
	for _, r := range renames {
		old, ok := m.Get(r.from)
		if !ok {
			continue
		}
		v := pcommon.NewValueEmpty()
		old.CopyTo(v)
		m.Remove(r.from)
		if _, exists := m.Get(r.to); !exists {
			v.CopyTo(m.PutEmpty(r.to))
		}
	}
}
