package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
)

// PatternRecord is a pattern of logs of a service in an environment.
type PatternRecord struct {
	ID      string    `json:"id" doc:"Logs have it as pattern."`
	Text    string    `json:"text" doc:"The line without its values."`
	Service string    `json:"service"`
	Env     string    `json:"env"`
	Level   string    `json:"level" doc:"The most severe seen of it."`
	Count   uint64    `json:"count"`
	Before  *uint64   `json:"before,omitempty"`
	First   time.Time `json:"first" doc:"Within the range, to the minute."`
	Last    time.Time `json:"last"`
	Example string    `json:"example" doc:"The begin of one body."`
	Trend   []uint64  `json:"trend"`
}

// PatternsBody is patterns, the most frequent first.
type PatternsBody struct {
	Basis
	Items []PatternRecord `json:"items"`
}

// RegisterPatterns adds the operation on patterns of logs.
func RegisterPatterns(a *api.API, r DerivedReader, c clock.Clock) {
	api.Register(a, api.Op{
		ID: "list-log-patterns", Method: http.MethodGet, Path: "/logs/patterns", Tag: "logs", Permission: authz.TelemetryReadOwn,
		Summary: "Logs by pattern", Description: "Lines that differ only in their values (numbers, ids, names in quotes ...) are of one pattern.",
	}, func(ctx context.Context, in *struct {
		FigureParams
		Service string   `query:"service" maxLength:"256"`
		Pattern string   `query:"pattern" maxLength:"16" doc:"Only this one, by its ID."`
		Levels  []string `query:"levels,explode" enum:"trace,debug,info,warn,error,fatal" doc:"Only of these levels."`
		Limit   int      `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	}) (*api.Out[PatternsBody], error) {
		q, err := in.Query(c)
		if err != nil {
			return nil, err
		}
		q.Service, q.Limit = in.Service, in.Limit
		pq := PatternQuery{DerivedQuery: q, Levels: in.Levels}
		if in.Pattern != "" {
			if pq.Pattern, err = ShapeParam("pattern", in.Pattern); err != nil {
				return nil, err
			}
		}
		rows, d, err := r.Patterns(ctx, pq)
		if err != nil {
			return nil, err
		}
		return api.OK(PatternsBody{NewBasis(d), records(rows, func(p *PatternFigures) PatternRecord {
			return PatternRecord{
				ID: p.Shape.ID.String(), Text: p.Text, Service: p.Service, Env: p.Env, Level: p.Level, Count: p.Count, Before: p.Before,
				First: UTC(p.First), Last: UTC(p.Last), Example: p.Example, Trend: append([]uint64{}, p.Trend...),
			}
		})}), nil
	})
}
