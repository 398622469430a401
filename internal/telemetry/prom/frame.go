package prom

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Frames are the parts of telemetry.Writer that only look at frames, for embedding.
type Frames struct{}

// Decode reads a frame.
func Decode(frame []byte) (pmetric.Metrics, error) {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(frame)
	if err != nil {
		return md, fault.Wrap(err, fault.Invalid, i18n.T(
			"The frame is not OTLP metrics.", "フレームが OTLP のメトリクスとして読めません。"))
	}
	return md, nil
}

// OnlyMetrics is the error for any other signal.
func OnlyMetrics(signal telemetry.Signal) error {
	if signal != telemetry.Metrics {
		return fault.Internalf("prom: asked to store %s", signal)
	}
	return nil
}

// Rows counts the data points of a frame.
func (Frames) Rows(signal telemetry.Signal, frame []byte) (int, error) {
	if err := OnlyMetrics(signal); err != nil {
		return 0, err
	}
	md, err := Decode(frame)
	if err != nil {
		return 0, err
	}
	return md.DataPointCount(), nil
}

// Split halves a frame by data points.
func (Frames) Split(signal telemetry.Signal, frame []byte) (a, b []byte, err error) {
	if err := OnlyMetrics(signal); err != nil {
		return nil, nil, err
	}
	md, err := Decode(frame)
	if err != nil {
		return nil, nil, err
	}
	n := md.DataPointCount()
	if n < 2 {
		return frame, nil, nil
	}
	second := pmetric.NewMetrics()
	md.CopyTo(second)
	keep(md, 0, n/2)
	keep(second, n/2, n)
	m := &pmetric.ProtoMarshaler{}
	if a, err = m.MarshalMetrics(md); err != nil {
		return nil, nil, fault.Of(err)
	}
	if b, err = m.MarshalMetrics(second); err != nil {
		return nil, nil, fault.Of(err)
	}
	return a, b, nil
}

// keep leaves the data points from is to (not including to) by their order in the frame,
// and what holds them.
func keep(md pmetric.Metrics, from, to int) {
	i := 0
	out := func() bool {
		i++
		return i <= from || i > to
	}
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				left := 0
				switch m.Type() {
				case pmetric.MetricTypeGauge:
					m.Gauge().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return out() })
					left = m.Gauge().DataPoints().Len()
				case pmetric.MetricTypeSum:
					m.Sum().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return out() })
					left = m.Sum().DataPoints().Len()
				case pmetric.MetricTypeHistogram:
					m.Histogram().DataPoints().RemoveIf(func(pmetric.HistogramDataPoint) bool { return out() })
					left = m.Histogram().DataPoints().Len()
				case pmetric.MetricTypeExponentialHistogram:
					m.ExponentialHistogram().DataPoints().RemoveIf(func(pmetric.ExponentialHistogramDataPoint) bool { return out() })
					left = m.ExponentialHistogram().DataPoints().Len()
				case pmetric.MetricTypeSummary:
					m.Summary().DataPoints().RemoveIf(func(pmetric.SummaryDataPoint) bool { return out() })
					left = m.Summary().DataPoints().Len()
				}
				return left == 0
			})
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
}

// Describe renders the first data point of a frame.
func (Frames) Describe(_ telemetry.Signal, frame []byte) string {
	md, err := Decode(frame)
	if err != nil {
		return fmt.Sprintf("%d bytes that are not OTLP metrics", len(frame))
	}
	keep(md, 0, 1)
	if md.ResourceMetrics().Len() == 0 {
		return "no data points"
	}
	rm := md.ResourceMetrics().At(0)
	m := rm.ScopeMetrics().At(0).Metrics().At(0)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", strings.ToLower(m.Type().String()), m.Name())
	if m.Unit() != "" {
		fmt.Fprintf(&b, " (%s)", m.Unit())
	}
	point := func(attrs pcommon.Map, at pcommon.Timestamp, value any) {
		for k, v := range attrs.All() {
			fmt.Fprintf(&b, " %s=%q", k, v.AsString())
		}
		fmt.Fprintf(&b, " = %v at %s", value, at.AsTime().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	number := func(p pmetric.NumberDataPoint) {
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			point(p.Attributes(), p.Timestamp(), p.IntValue())
		} else {
			point(p.Attributes(), p.Timestamp(), p.DoubleValue())
		}
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		number(m.Gauge().DataPoints().At(0))
	case pmetric.MetricTypeSum:
		fmt.Fprintf(&b, " %s", strings.ToLower(m.Sum().AggregationTemporality().String()))
		number(m.Sum().DataPoints().At(0))
	case pmetric.MetricTypeHistogram:
		fmt.Fprintf(&b, " %s", strings.ToLower(m.Histogram().AggregationTemporality().String()))
		p := m.Histogram().DataPoints().At(0)
		point(p.Attributes(), p.Timestamp(), fmt.Sprintf("count %d sum %v", p.Count(), p.Sum()))
	case pmetric.MetricTypeExponentialHistogram:
		fmt.Fprintf(&b, " %s", strings.ToLower(m.ExponentialHistogram().AggregationTemporality().String()))
		p := m.ExponentialHistogram().DataPoints().At(0)
		point(p.Attributes(), p.Timestamp(), fmt.Sprintf("count %d sum %v scale %d", p.Count(), p.Sum(), p.Scale()))
	case pmetric.MetricTypeSummary:
		p := m.Summary().DataPoints().At(0)
		point(p.Attributes(), p.Timestamp(), fmt.Sprintf("count %d sum %v", p.Count(), p.Sum()))
	}
	for k, v := range rm.Resource().Attributes().All() {
		fmt.Fprintf(&b, " %s=%q", k, v.AsString())
	}
	const most = 2000
	if s := b.String(); len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}
