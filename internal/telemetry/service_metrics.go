package telemetry

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Limits of one question about metrics.
const (
	MaxMetricNames = 5_000
	MaxPoints      = 11_000 // evaluations of a range query, as many as Prometheus allows
	usualPoints    = 250    // of a chart that names no step
)

// MetricService answers people's questions about metrics.
type MetricService struct {
	reader MetricReader
	clock  clock.Clock
}

// NewMetricService makes the service.
func NewMetricService(r MetricReader, c clock.Clock) *MetricService {
	return &MetricService{reader: r, clock: c}
}

// Names lists metrics that have match in their name.
func (s *MetricService) Names(ctx context.Context, match string, limit int) ([]MetricName, bool, error) {
	return s.reader.Names(ctx, strings.TrimSpace(match), min(max(limit, 1), MaxMetricNames))
}

// MaxLabels is how many labels, or values of one, are listed.
const MaxLabels = 2_000

// LabelNames lists the labels that series of a metric have in a range; of all metrics when
// metric is "".
func (s *MetricService) LabelNames(ctx context.Context, r Range, metric string) (names []string, more bool, err error) {
	if err := r.Check(); err != nil {
		return nil, false, err
	}
	names, err = s.reader.LabelNames(ctx, r, selectorOf(metric))
	names, more = few(names, "", MaxLabels)
	return names, more, err
}

// LabelValues lists the values of a label that have match in them, of the series of a
// metric in a range.
func (s *MetricService) LabelValues(ctx context.Context, r Range, label, metric, match string, limit int) (values []string, more bool, err error) {
	if err := r.Check(); err != nil {
		return nil, false, err
	}
	values, err = s.reader.LabelValues(ctx, label, r, selectorOf(metric))
	values, more = few(values, match, min(max(limit, 1), MaxLabels))
	return values, more, err
}

// selectorOf selects the series of a metric, whatever its name is written with.
func selectorOf(metric string) []string {
	if metric == "" {
		return nil
	}
	return []string{"{__name__=" + strconv.Quote(metric) + "}"}
}

// few are those that have match in them, in any case, up to a limit.
func few(all []string, match string, limit int) (some []string, more bool) {
	some, match = []string{}, strings.ToLower(strings.TrimSpace(match))
	for _, s := range all {
		if !strings.Contains(strings.ToLower(s), match) {
			continue
		}
		if len(some) == limit {
			return some, true
		}
		some = append(some, s)
	}
	return some, false
}

// Query evaluates PromQL at one instant.
func (s *MetricService) Query(ctx context.Context, expr string, at time.Time) (MetricResult, error) {
	if err := checkExpr(expr); err != nil {
		return MetricResult{}, err
	}
	return s.reader.Query(ctx, expr, at)
}

// QueryRange evaluates PromQL from the begin of the range to its end, both in. A zero
// step is chosen, so that a chart has enough points and not more; the one that was taken
// is given back.
func (s *MetricService) QueryRange(ctx context.Context, expr string, r Range, step time.Duration) (MetricResult, time.Duration, error) {
	if err := checkExpr(expr); err != nil {
		return MetricResult{}, 0, err
	}
	if err := r.Check(); err != nil {
		return MetricResult{}, 0, err
	}
	span := r.To.Sub(r.From)
	if step == 0 {
		step = RoundStep(span, usualPoints)
	}
	if step < time.Millisecond || span/step >= MaxPoints {
		return MetricResult{}, 0, fault.Field("step", i18n.F(
			"A range of %[1]s in steps of %[2]s has more than %[3]d points. Use a step of %[4]s or more, or a shorter range.",
			"%[1]s を %[2]s 間隔で評価すると点が%[3]d個を超えます。間隔を %[4]s 以上にするか、期間を短くしてください。",
			span, step, MaxPoints, RoundStep(span, MaxPoints)))
	}
	res, err := s.reader.QueryRange(ctx, expr, r, step)
	return res, step, err
}

func checkExpr(expr string) error {
	if strings.TrimSpace(expr) == "" {
		return fault.Field("query", i18n.T("The query is empty. Write PromQL, as in up or rate(http_server_request_duration_seconds_count[5m]).",
			"クエリが空です。up や rate(http_server_request_duration_seconds_count[5m]) のようにPromQLを入力してください。"))
	}
	return nil
}

var roundSteps = [...]time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// RoundStep is the least round step that cuts a span of time into at most points parts.
func RoundStep(span time.Duration, points int) time.Duration {
	for _, step := range roundSteps {
		if span <= step*time.Duration(points) {
			return step
		}
	}
	const day = 24 * time.Hour
	days := (span + time.Duration(points)*day - 1) / (time.Duration(points) * day)
	return days * day
}

// ParseStep reads a step: a duration (15s, 1m30s, 1d) or, as Prometheus has it, a number
// of seconds. "" is zero: choose.
func ParseStep(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	var d time.Duration
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err == nil:
		f *= float64(time.Second)
		if !(f > 0 && f < float64(1<<62)) {
			f = 0
		}
		d = time.Duration(f)
	case strings.HasSuffix(s, "d"):
		var n int
		if n, err = strconv.Atoi(strings.TrimSuffix(s, "d")); err == nil && n > 0 && n < 36_500 {
			d = time.Duration(n) * 24 * time.Hour
		}
	default:
		d, err = time.ParseDuration(s)
	}
	if err != nil || d <= 0 {
		return 0, fault.Field("step", i18n.F("%q is not a step. Write a duration, as in 15s, 1m or 1d.",
			"%q は間隔として読み取れません。15s、1m、1d のように指定してください。", clip(s)))
	}
	return d, nil
}
