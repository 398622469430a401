package timeline

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// EventView is a line of the record on the wire.
type EventView struct {
	Kind    string     `json:"kind" enum:"release,alert,incident,decision,maintenance"`
	Ref     string     `json:"ref" doc:"Id of the thing."`
	Time    time.Time  `json:"time"`
	Until   *time.Time `json:"until,omitempty" doc:"When it ended; missing for something that happened in a moment, and while it goes on."`
	Open    bool       `json:"open" doc:"It goes on."`
	Env     string     `json:"env" doc:"Empty: all."`
	Service string     `json:"service" doc:"Empty: all."`
	Team    string     `json:"team"`
	Title   string     `json:"title" doc:"In the asker's language."`
	Link    string     `json:"link" doc:"Page in the UI, from its root; empty when there is none."`
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-timeline", Method: http.MethodGet, Path: "/timeline", Tag: "timeline", Permission: authz.TelemetryRead,
		Summary:     "What happened beside the telemetry: releases, alerts, incidents, decisions, maintenance",
		Description: "What happened in the range, and what was still going on when it began. Things that concern every service or environment are in every selection of one.",
	}, func(ctx context.Context, in *struct {
		api.RangeParams
		Env     string   `query:"env" maxLength:"256"`
		Service string   `query:"service" maxLength:"256"`
		Team    string   `query:"team" maxLength:"64"`
		Kind    []string `query:"kind" enum:"release,alert,incident,decision,maintenance" doc:"Of these kinds, with commas between; all when left out."`
		Order   string   `query:"order" enum:"newest,oldest" default:"newest"`
		After   string   `query:"after" maxLength:"512" doc:"The cursor of the page before."`
		Limit   int      `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	}) (*api.Out[api.List[EventView]], error) {
		q := Query{Env: in.Env, Service: in.Service, Team: in.Team, Ascending: in.Order == "oldest", Limit: in.Limit}
		var err error
		if q.From, q.To, err = in.Range(s.clock); err != nil {
			return nil, err
		}
		for _, k := range in.Kind {
			q.Kinds = append(q.Kinds, Kind(k))
		}
		if q.After, err = api.ParseCursor[Place]("after", in.After); err != nil {
			return nil, err
		}
		events, next, err := s.Events(ctx, q)
		if err != nil {
			return nil, err
		}
		items := make([]EventView, len(events))
		for i, e := range events {
			items[i] = EventView{Kind: string(e.Kind), Ref: e.Ref, Time: e.At, Open: e.Open, Env: e.Env, Service: e.Service, Team: e.Team,
				Title: e.Title.In(api.Lang(ctx)), Link: e.Link}
			if !e.Until.IsZero() {
				items[i].Until = &e.Until
			}
		}
		cursor := ""
		if next != nil {
			cursor = api.Cursor(*next)
		}
		return api.OK(api.ListOf(items, cursor)), nil
	})
}
