package telemetry

import (
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// FigureParams select figures by the minute; every operation on figures has them.
type FigureParams struct {
	api.RangeParams
	Env     string `query:"env" maxLength:"256" doc:"Only this environment; empty for all."`
	Compare string `query:"compare" enum:"day,week" doc:"Also give the figures of the same range so long before."`
	Steps   int    `query:"steps" default:"60" minimum:"1" maximum:"500" doc:"Points of each series, at most; a step is whole minutes."`
}

// maxFigures is the longest range that figures are asked for: a little more than they are
// kept.
const maxFigures = 800 * 24 * time.Hour

var compared = map[string]time.Duration{"": 0, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}

// Query is what the parameters ask for.
func (in *FigureParams) Query(c clock.Clock) (DerivedQuery, error) {
	from, to, err := in.Range(c)
	if err == nil && to.Sub(from) > maxFigures {
		err = fault.Field("from", i18n.T("A range may be at most 800 days long. Choose a later from or an earlier to.",
			"指定できる期間は最長 800 日です。from を遅くするか to を早くしてください。"))
	}
	return DerivedQuery{Range: Range{From: from, To: to}, Env: in.Env, Steps: in.Steps, Compare: compared[in.Compare]}, err
}

// Basis is what an answer made of figures says of itself.
type Basis struct {
	From   time.Time `json:"from" doc:"What the figures cover: the range that was asked for, widened to whole minutes."`
	To     time.Time `json:"to"`
	StepNS int64     `json:"step_ns" doc:"Distance of the points of series, which begin at from."`
	Since  time.Time `json:"since,omitzero" doc:"The first minute of which there are figures at all; a range or a comparison that begins before it is incomplete."`
	More   bool      `json:"more" doc:"There were more rows than the limit."`
}

// NewBasis is the Basis of an answer.
func NewBasis(d Derived) Basis {
	b := Basis{From: d.Range.From.UTC(), To: d.Range.To.UTC(), StepNS: int64(d.Step), More: d.More}
	if !d.Since.IsZero() {
		b.Since = d.Since.UTC()
	}
	return b
}

// ShapeParam reads the id of a shape in a parameter.
func ShapeParam(field, s string) (ShapeID, error) {
	id, ok := ParseShapeID(s)
	if !ok {
		return 0, fault.Field(field, i18n.F("%q is not an ID: it is 16 hex digits, not all of them 0.", "%q は ID ではありません。すべて 0 ではない 16 桁の 16 進数を指定してください。", s))
	}
	return id, nil
}
