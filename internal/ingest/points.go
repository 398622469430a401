package ingest

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// seenPoints finds data points of one request that contradict each other: one series, one
// time, two values. The store could keep but one of them, and would not say so. What two
// names only become one by being translated to Prometheus' is left to the store to refuse.
type seenPoints struct {
	seed    maphash.Seed
	of      [3]uint64 // hashes of the resource, the scope and the metric at hand
	values  map[seenKey]uint64
	scratch []byte
}

type seenKey struct {
	series uint64
	time   pcommon.Timestamp
}

var seenPool = sync.Pool{New: func() any {
	return &seenPoints{seed: maphash.MakeSeed(), values: map[seenKey]uint64{}}
}}

func newSeen() *seenPoints { return seenPool.Get().(*seenPoints) }

func (s *seenPoints) release() {
	if len(s.values) > 1<<16 { // one huge request must not keep its memory for good
		return
	}
	clear(s.values)
	seenPool.Put(s)
}

func (s *seenPoints) resource(attrs pcommon.Map) { s.of[0] = s.attrs(attrs) }

func (s *seenPoints) scope(scope pcommon.InstrumentationScope) {
	s.of[1] = s.attrs(scope.Attributes()) + s.texts(scope.Name(), scope.Version())
}

func (s *seenPoints) metric(m pmetric.Metric) {
	kind := byte(m.Type())
	if m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic() {
		kind |= 0x80
	}
	s.of[2] = s.texts(m.Name(), m.Unit(), string(rune(kind)))
}

// attrs does not depend on their order.
func (s *seenPoints) attrs(attrs pcommon.Map) (sum uint64) {
	for k, v := range attrs.All() {
		if v.Type() == pcommon.ValueTypeStr {
			sum += s.texts(k, v.Str())
		} else {
			sum += s.texts(k, v.AsString())
		}
	}
	return sum
}

func (s *seenPoints) texts(texts ...string) uint64 {
	b := s.scratch[:0]
	for _, t := range texts {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	s.scratch = b
	return maphash.Bytes(s.seed, b)
}

// contradicts says whether another value was seen for the point's series and time.
func (s *seenPoints) contradicts(p point, value uint64) bool {
	b := s.scratch[:0]
	attrs := s.attrs(p.Attributes())
	for _, h := range [...]uint64{s.of[0], s.of[1], s.of[2], attrs} {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	// The store's times are milliseconds.
	k := seenKey{maphash.Bytes(s.seed, b), p.Timestamp() / 1_000_000}
	if was, ok := s.values[k]; ok {
		return was != value
	}
	s.values[k] = value
	return false
}

// The values of points, for being told apart within a process.

var valueSeed = maphash.MakeSeed()

func numberValue(p pmetric.NumberDataPoint) uint64 {
	switch {
	case p.Flags().NoRecordedValue():
		return math.Float64bits(math.NaN()) + 1
	case p.ValueType() == pmetric.NumberDataPointValueTypeInt:
		return math.Float64bits(float64(p.IntValue())) // as it is stored
	}
	return math.Float64bits(p.DoubleValue())
}

func finiteNumber(p pmetric.NumberDataPoint) bool {
	return p.ValueType() != pmetric.NumberDataPointValueTypeDouble || finite(p.DoubleValue()) || p.Flags().NoRecordedValue()
}

func histogramValue(p pmetric.HistogramDataPoint) uint64 {
	var h maphash.Hash
	h.SetSeed(valueSeed)
	add(&h, uint64(p.Flags()), p.Count(), math.Float64bits(p.Sum()), uint64(p.BucketCounts().Len()))
	for _, n := range p.BucketCounts().All() {
		add(&h, n)
	}
	for _, b := range p.ExplicitBounds().All() {
		add(&h, math.Float64bits(b))
	}
	return h.Sum64()
}

func exponentialValue(p pmetric.ExponentialHistogramDataPoint) uint64 {
	var h maphash.Hash
	h.SetSeed(valueSeed)
	add(&h, uint64(p.Flags()), p.Count(), math.Float64bits(p.Sum()), uint64(p.Scale()), p.ZeroCount())
	for _, side := range []pmetric.ExponentialHistogramDataPointBuckets{p.Positive(), p.Negative()} {
		add(&h, uint64(side.Offset()), uint64(side.BucketCounts().Len()))
		for _, n := range side.BucketCounts().All() {
			add(&h, n)
		}
	}
	return h.Sum64()
}

func summaryValue(p pmetric.SummaryDataPoint) uint64 {
	var h maphash.Hash
	h.SetSeed(valueSeed)
	add(&h, uint64(p.Flags()), p.Count(), math.Float64bits(p.Sum()))
	for _, q := range p.QuantileValues().All() {
		add(&h, math.Float64bits(q.Quantile()), math.Float64bits(q.Value()))
	}
	return h.Sum64()
}

func add(h *maphash.Hash, numbers ...uint64) {
	var b [8]byte
	for _, n := range numbers {
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func stamp(t pcommon.Timestamp) string {
	return t.AsTime().UTC().Format("2006-01-02T15:04:05.999999999Z")
}

// temporalityOf is cumulative for kinds that have none.
func temporalityOf(m pmetric.Metric) pmetric.AggregationTemporality {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality()
	}
	return pmetric.AggregationTemporalityCumulative
}

// nameable says whether anything of a name is left when it is translated to Prometheus':
// of ASCII, letters, digits and ":" are.
func nameable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || c == ':' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			return true
		}
	}
	return false
}
