package prom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// MaxAhead is how far into the future a sample may be: what clocks are wrong by.
const MaxAhead = 10 * time.Minute

// Lookback is how long a sample stands for its series when none follows.
const Lookback = 5 * time.Minute

var settings = prometheusremotewrite.Settings{
	AllowUTF8:             true, // names.go has made them
	AllowDeltaTemporality: true, // split off before, by Convert
	LookbackDelta:         Lookback,
}

// Convert appends the samples of a frame: cumulative ones, gauges and summaries to
// appender, those of delta temporality, as the increments they are, to delta. A nil delta
// refuses them. Times before oldest and after newest are refused.
//
// The error is a fault.Invalid when the frame is at fault, and then some of it may have
// been appended: the caller rolls back. It is the appender's when that failed.
func Convert(ctx context.Context, md pmetric.Metrics, oldest, newest time.Time, appender, delta storage.AppenderV2) error {
	identify(md)
	if err := check(md, delta == nil); err != nil {
		return err
	}
	if err := translate(md); err != nil {
		return err
	}
	bounds := [2]int64{oldest.UnixMilli(), newest.UnixMilli()}
	if deltas := takeDeltas(md); deltas.DataPointCount() > 0 {
		if err := convert(ctx, deltas, bounds, delta); err != nil {
			return err
		}
	}
	return convert(ctx, md, bounds, appender)
}

func convert(ctx context.Context, md pmetric.Metrics, bounds [2]int64, appender storage.AppenderV2) (err error) {
	g := &guard{AppenderV2: appender, bounds: bounds}
	defer func() {
		// The translator is not ours, and its input comes from anywhere.
		if p := recover(); p != nil {
			err = refused(fmt.Errorf("prom: the translator failed: %v", p))
		}
	}()
	if _, err = prometheusremotewrite.NewPrometheusConverter(g).FromMetrics(ctx, md, settings); err == nil {
		return nil
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case g.broken != nil:
		return g.broken
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return refused(err)
}

// guard stands before a store's appender: it refuses what the store should never see,
// and sorts the store's errors.
type guard struct {
	storage.AppenderV2
	bounds [2]int64
	broken error // the store failed, and not for the sample's sake
}

func (g *guard) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	switch {
	case t < g.bounds[0]:
		return 0, errTooOld(nil)
	case t > g.bounds[1]:
		return 0, errFuture()
	case !ls.IsValid(model.UTF8Validation):
		return 0, refused(fmt.Errorf("invalid labels %q", ls.String()))
	}
	ref, err := g.AppenderV2.Append(ref, ls, st, t, v, h, fh, opts)
	if err == nil {
		return ref, nil
	}
	var part *storage.AppendPartialError
	if errors.As(err, &part) {
		return ref, nil // the sample is in; an exemplar alone was late
	}
	if f := SampleFault(err); f != nil {
		return 0, f
	}
	g.broken = err
	return 0, err
}

// SampleFault is the fault for a store's error that is about the sample; nil for others.
func SampleFault(err error) error {
	var f *fault.Error
	var invalid histogram.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds), errors.Is(err, storage.ErrOutOfOrderSample):
		return errTooOld(err)
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		return errContradicts(err)
	case errors.As(err, &invalid):
		return refused(err)
	}
	return nil
}

// check finds what the translator would take and should not.
func check(md pmetric.Metrics, noDelta bool) error {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() == "" || !utf8.ValidString(m.Name()) {
					return refused(errors.New("a metric without a name"))
				}
				if noDelta && isDelta(m) {
					return errDelta(m.Name())
				}
				if m.Type() != pmetric.MetricTypeHistogram {
					continue
				}
				for _, p := range m.Histogram().DataPoints().All() {
					if err := checkBounds(p); err != nil {
						return refused(fmt.Errorf("histogram %s: %w", m.Name(), err))
					}
				}
			}
		}
	}
	return nil
}

func checkBounds(p pmetric.HistogramDataPoint) error {
	bounds, counts := p.ExplicitBounds(), p.BucketCounts()
	if n := counts.Len(); n > 0 && n != bounds.Len()+1 {
		return fmt.Errorf("%d buckets with %d bounds", n, bounds.Len())
	}
	last := math.Inf(-1)
	for i, b := range bounds.All() {
		if math.IsNaN(b) || i > 0 && b <= last {
			return errors.New("the bounds do not ascend")
		}
		last = b
	}
	return nil
}

func isDelta(m pmetric.Metric) bool {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
	}
	return false
}

// takeDeltas moves the metrics of delta temporality out of md, labelled cumulative, which
// is what their running totals will be.
func takeDeltas(md pmetric.Metrics) pmetric.Metrics {
	out := pmetric.NewMetrics()
	for _, rm := range md.ResourceMetrics().All() {
		var to pmetric.MetricSlice
		found := false
		for _, sm := range rm.ScopeMetrics().All() {
			here := false // one scope out for each scope in, so that its labels stay
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				if !isDelta(m) {
					return false
				}
				if !found {
					found = true
					rm.Resource().CopyTo(out.ResourceMetrics().AppendEmpty().Resource())
				}
				if !here {
					here = true
					s := out.ResourceMetrics().At(out.ResourceMetrics().Len() - 1).ScopeMetrics().AppendEmpty()
					sm.Scope().CopyTo(s.Scope())
					to = s.Metrics()
				}
				d := to.AppendEmpty()
				m.MoveTo(d)
				setCumulative(d)
				return true
			})
		}
	}
	return out
}

func setCumulative(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeHistogram:
		m.Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
}

// identify gives every resource a service and an instance: without them, the counters of
// two processes would be one series that jumps to and fro.
func identify(md pmetric.Metrics) {
	for _, rm := range md.ResourceMetrics().All() {
		attrs := rm.Resource().Attributes()
		if text(attrs, "service.name") == "" {
			attrs.PutStr("service.name", "unknown_service")
		}
		if text(attrs, "service.instance.id") != "" {
			continue
		}
		id := ""
		for _, key := range []string{"k8s.pod.name", "container.id", "host.name", "host.id"} {
			if id = text(attrs, key); id != "" {
				break
			}
		}
		if pid := text(attrs, "process.pid"); pid != "" {
			if id != "" {
				id += ":"
			}
			id += pid
		}
		if id != "" {
			attrs.PutStr("service.instance.id", id)
		}
	}
}

func text(attrs pcommon.Map, key string) string {
	v, ok := attrs.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func refused(err error) error {
	return fault.Wrap(err, fault.Invalid, i18n.F(
		"The data point is not valid: %v.", "データポイントが正しくありません: %v", err))
}

// Refused is the fault of a data point for a reason that is no other's.
func Refused(err error) error { return refused(err) }

// Unsummable is the fault of a delta that no running total recovers from.
func Unsummable(v float64) error {
	return refused(fmt.Errorf("delta temporality with a value or total of %v", v))
}

func errTooOld(err error) error {
	return fault.Wrap(err, fault.Invalid, i18n.T(
		"The data point came too late: its time is before what the store still takes. Check the sender's clock and its queue.",
		"データポイントの到着が遅すぎます。時刻が受け付け範囲より前です。送信元の時計と送信キューを確認してください。"))
}

func errFuture() error {
	return fault.New(fault.Invalid, i18n.F(
		"The data point's time is more than %v in the future. Check the sender's clock.",
		"データポイントの時刻が %v 以上先です。送信元の時計を確認してください。", MaxAhead))
}

func errContradicts(err error) error {
	return fault.Wrap(err, fault.Invalid, i18n.T(
		"Another value is stored for the same series and time. Do two processes share a service.instance.id?",
		"同じ系列・同じ時刻に別の値がすでにあります。複数のプロセスが同じ service.instance.id を使っていないか確認してください。"))
}

func errDelta(name string) error {
	return fault.New(fault.Invalid, i18n.F(
		"%s has delta temporality, which a remote store of metrics cannot add up safely. Set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative in the sender, or put the Collector's deltatocumulative processor in between.",
		"%s は delta temporality です。リモートのメトリクスストアでは安全に積算できません。送信元に OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative を設定するか、Collector の deltatocumulative プロセッサーを挟んでください。", name))
}
