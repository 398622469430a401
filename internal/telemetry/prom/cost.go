package prom

import (
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The engine makes room for all points of a subquery before it counts them, so one that
// asks for more than there is memory ends the process: MaxSamples comes too late. What an
// expression costs is therefore reckoned from its text.
//
// A subquery evaluates what is in it once for all steps of what is around it: over the
// spans of all that enclose it, together with its own. That is the memory. Each step
// around it then looks at all points of its range. That is the work.
const (
	// SubqueryStep is that of a subquery which names none.
	SubqueryStep = time.Minute

	maxEvaluations = 10 * telemetry.MaxPoints // of all subqueries of an expression
	maxWork        = 50_000_000               // points that all steps look at, for one series
	maxQuery       = 32 << 10                 // bytes
	maxDepth       = 1000                     // expressions within expressions
)

// CheckQuery finds mistakes of grammar, with their place, and what costs too much, in an
// expression that is evaluated once.
func CheckQuery(expr string) error { return checkQuery(expr, 0, time.Millisecond) }

// CheckQueryRange is CheckQuery for an expression that is evaluated at the steps of a
// range, which it checks as well.
func CheckQueryRange(expr string, r telemetry.Range, step time.Duration) error {
	if err := CheckRange(r, step); err != nil {
		return err
	}
	return checkQuery(expr, r.To.Sub(r.From), step)
}

func checkQuery(expr string, span, step time.Duration) error {
	if len(expr) > maxQuery {
		return fault.Field("query", i18n.F("The query is longer than %d KB. Record a part of it, or split it in two.",
			"クエリーが %d KB を超えています。複数のクエリーに分割してください。", maxQuery>>10))
	}
	e, err := Parser.ParseExpr(expr)
	if err != nil {
		return QueryFault(err)
	}
	// In floating point: sums of centuries in nanoseconds do not fit an integer.
	evaluations, work := 0.0, 0.0
	parser.Inspect(e, func(node parser.Node, path []parser.Node) error {
		if len(path) > maxDepth {
			err = fault.Field("query", i18n.F("The query nests more than %d expressions. Split it in two.",
				"クエリーの入れ子が %d 段を超えています。複数のクエリーに分割してください。", maxDepth))
			return err
		}
		sub, ok := node.(*parser.SubqueryExpr)
		if !ok {
			return nil
		}
		around, steps := float64(span), float64(span)/float64(step)+1
		for _, outer := range path {
			if outer, ok := outer.(*parser.SubqueryExpr); ok {
				around += float64(outer.Range)
				steps = around/float64(stepOf(outer)) + 1
			}
		}
		window := float64(sub.Range)/float64(stepOf(sub)) + 1
		evaluations += (around+float64(sub.Range))/float64(stepOf(sub)) + 1
		work += steps * window
		switch {
		case window > telemetry.MaxPoints+1:
			err = tooFine(sub, i18n.F(
				"The subquery [%[1]s:%[2]s] has more than %[3]d points. Use a step of %[4]s or more, or a shorter range.",
				"サブクエリー [%[1]s:%[2]s] の点数が %[3]d を超えています。間隔を %[4]s 以上にするか、範囲を短くしてください。",
				promDuration(sub.Range), promDuration(stepOf(sub)), telemetry.MaxPoints, promDuration(telemetry.RoundStep(sub.Range, telemetry.MaxPoints))))
		case evaluations > maxEvaluations, work > maxWork:
			err = tooFine(sub, i18n.T(
				"The query's subqueries, nested or over a long range, have too many points in all. Use longer steps in the brackets, shorter ranges, or a longer step of the whole.",
				"サブクエリーの入れ子や対象期間の長さにより、評価する点数の合計が多すぎます。サブクエリーの間隔を長くする、範囲を短くする、またはクエリー全体の step を長くしてください。"))
		}
		return err
	})
	return err
}

func stepOf(s *parser.SubqueryExpr) time.Duration {
	if s.Step <= 0 {
		return SubqueryStep
	}
	return s.Step
}

func tooFine(at parser.Node, text i18n.Text) error {
	f := fault.Field("query", text)
	where := at.PositionRange()
	f.Pos, f.End = int(where.Start), int(where.End)
	return f
}

// promDuration is a duration as PromQL writes it.
func promDuration(d time.Duration) string { return model.Duration(d).String() }
