package prom

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Parser reads PromQL as Prometheus does by default.
var Parser = parser.NewParser(parser.Options{})

// CheckRange finds a range that cannot be evaluated.
func CheckRange(r telemetry.Range, step time.Duration) error {
	switch {
	case step < time.Millisecond:
		return fault.Field("step", i18n.T(
			"The step must be a millisecond or more.", "step は 1 ミリ秒以上にしてください。"))
	case r.To.Before(r.From):
		return fault.Field("to", i18n.T(
			"The range ends before it begins.", "期間の終わりが始まりより前です。"))
	case r.To.Sub(r.From)/step >= telemetry.MaxPoints:
		return fault.Field("step", i18n.F(
			"That would be more than %d points a series. Take a longer step or a shorter range.",
			"1 系列あたり %d 点を超えます。step を長くするか、期間を短くしてください。", telemetry.MaxPoints))
	}
	return nil
}

// Selectors reads PromQL selectors.
func Selectors(selectors []string) ([][]*labels.Matcher, error) {
	var out [][]*labels.Matcher
	for _, s := range selectors {
		ms, err := Parser.ParseMetricSelector(s)
		if err != nil {
			f := fault.Of(QueryFault(err))
			f.Field = "match"
			return nil, f
		}
		out = append(out, ms)
	}
	return out, nil
}

// QueryFault says an engine's or parser's error as a fault.
func QueryFault(err error) error {
	if err == nil {
		return nil
	}
	var (
		f        *fault.Error
		parse    parser.ParseErrors
		timeout  promql.ErrQueryTimeout
		canceled promql.ErrQueryCanceled
		tooMany  promql.ErrTooManySamples
		storage  promql.ErrStorage
	)
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &parse) && len(parse) > 0:
		f := fault.Field("query", i18n.F("The query does not parse: %v.", "クエリーの構文が正しくありません: %v", parse[0].Err))
		f.Pos, f.End = int(parse[0].PositionRange.Start), int(parse[0].PositionRange.End)
		if n := len(parse[0].Query); f.End <= f.Pos || f.End > n {
			f.Pos = max(0, min(f.Pos, n-1))
			f.End = max(f.Pos, min(f.Pos+1, n))
		}
		f.Cause = err
		return f
	case errors.As(err, &tooMany):
		return fault.Wrap(err, fault.TooLarge, i18n.T(
			"The query would load too many samples. Name more labels, or ask for a shorter range.",
			"クエリーが読み込むサンプルが多すぎます。ラベルで絞り込むか、期間を短くしてください。"))
	case errors.As(err, &timeout), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout(err)
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		return fault.Wrap(err, fault.Timeout, i18n.T("The query was cancelled.", "クエリーは取り消されました。"))
	case errors.As(err, &storage):
		return fault.Of(err)
	}
	return ErrQuery(err)
}

// ErrTimeout is the fault for a query that took too long.
func ErrTimeout(err error) error {
	return fault.Wrap(err, fault.Timeout, i18n.T(
		"The query took too long. Name more labels, or ask for a shorter range.",
		"クエリーに時間がかかりすぎました。ラベルで絞り込むか、期間を短くしてください。"))
}

// ErrQuery is the fault for a query that cannot be evaluated as it is.
func ErrQuery(err error) error {
	f := fault.Field("query", i18n.F("The query cannot be evaluated: %v.", "クエリーを評価できません: %v", err))
	f.Cause = err
	return f
}
