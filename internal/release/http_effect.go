package release

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/catalog"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// WindowView is the time after a release and the one that it is compared with.
type WindowView struct {
	From       time.Time `json:"from" doc:"After it came; the minute in which it came is left out on both sides."`
	To         time.Time `json:"to" doc:"As from: no whole minute has passed yet."`
	BeforeFrom time.Time `json:"before_from"`
	BeforeTo   time.Time `json:"before_to"`
	Live       bool      `json:"live" doc:"The time after is not over yet."`
}

func windowView(w Window) WindowView {
	return WindowView{w.After.From.UTC(), w.After.To.UTC(), w.Before.From.UTC(), w.Before.To.UTC(), w.Live}
}

// ChangeView is the same figures on both sides of a release.
type ChangeView struct {
	After   catalog.RedView `json:"after"`
	Before  catalog.RedView `json:"before"`
	Errors  Turn            `json:"errors" enum:"worse,better,same,too_few" doc:"What became of the share of failed requests; a difference that chance may have made is the same."`
	Latency Turn            `json:"latency" enum:"worse,better,same,too_few" doc:"What became of the 95th percentile; less than a fifth is the same."`
}

func changeView(p Pair) ChangeView {
	return ChangeView{catalog.NewRedView(p.After), catalog.NewRedView(p.Before), p.Errors(), p.Latency()}
}

// GlanceView is what a release changed, in few figures.
type GlanceView struct {
	ID     string     `json:"id"`
	Window WindowView `json:"window"`
	ChangeView
}

// EndpointEffectView is what became of an endpoint.
type EndpointEffectView struct {
	Endpoint string `json:"endpoint"`
	Kind     string `json:"kind" enum:"server,consumer"`
	ChangeView
}

// GroupEffectView is a group of errors beside a release.
type GroupEffectView struct {
	ID        string     `json:"id" doc:"Of the group; spans and logs have it as error_group."`
	Type      string     `json:"type"`
	Message   string     `json:"message" doc:"Without its values."`
	Frame     string     `json:"frame"`
	Count     uint64     `json:"count" doc:"Since it came, as long as it goes on."`
	Before    uint64     `json:"before" doc:"In the time that it is compared with."`
	FirstEver *time.Time `json:"first_ever,omitempty"`
	Last      *time.Time `json:"last,omitempty"`
	Trend     []uint64   `json:"trend"`
	TraceID   string     `json:"trace_id"`
	SpanID    string     `json:"span_id"`
}

// EffectView is what a release changed.
type EffectView struct {
	Release   ReleaseDetailView      `json:"release"`
	Window    WindowView             `json:"window"`
	Requests  ChangeView             `json:"requests"`
	From      time.Time              `json:"from" doc:"Where the series begin: both times, and what lies between."`
	To        time.Time              `json:"to"`
	StepNS    int64                  `json:"step_ns"`
	Since     time.Time              `json:"since,omitzero" doc:"The first minute of which there are figures at all."`
	Trend     catalog.TrendView      `json:"trend"`
	Versions  []catalog.VersionView  `json:"versions" doc:"Over the series."`
	Endpoints []EndpointEffectView   `json:"endpoints" doc:"The one that became worst first."`
	New       []GroupEffectView      `json:"new_errors" doc:"Groups that were first seen ever since it came."`
	Gone      []GroupEffectView      `json:"gone_errors" doc:"Groups that were seen three times or more before, and never since."`
	Lasting   []GroupEffectView      `json:"lasting_errors" doc:"Groups that were seen on both sides."`
	Other     []GroupEffectView      `json:"other_errors" doc:"Groups that were seen since it came and not just before, but earlier."`
	Instances []catalog.InstanceView `json:"instances" doc:"Those that sent anything in the last 15 minutes of it, or lately."`
	DiffURL   string                 `json:"diff_url" doc:"Where the commits since the release before are to be read; empty when that is not known."`
}

func groupViews(groups []telemetry.ErrorFigures) []GroupEffectView {
	out := make([]GroupEffectView, len(groups))
	stamp := func(ns int64) *time.Time {
		if ns == 0 {
			return nil
		}
		t := telemetry.UTC(ns)
		return &t
	}
	for i, g := range groups {
		v := GroupEffectView{ID: g.ID.String(), Type: g.Type, Message: g.Message, Frame: g.Frame, Count: g.Count,
			FirstEver: stamp(g.FirstEver), Last: stamp(g.Last), Trend: g.Trend, TraceID: g.Example.TraceID.String(), SpanID: g.Example.SpanID.String()}
		if g.Before != nil {
			v.Before = *g.Before
		}
		if v.Trend == nil {
			v.Trend = []uint64{}
		}
		out[i] = v
	}
	return out
}

func registerEffects(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-release-effects", Method: http.MethodGet, Path: "/releases/effects", Tag: tag, Permission: authz.TelemetryRead,
		Summary:     "What several releases changed, in few figures",
		Description: "Requests of the hour after each, or as long as it went on, and of as long before.",
	}, func(ctx context.Context, in *struct {
		IDs []string `query:"ids" required:"true" minItems:"1" maxItems:"100" doc:"Of releases, with commas between."`
	}) (*api.Out[api.List[GlanceView]], error) {
		all, err := s.Glances(ctx, in.IDs)
		if err != nil {
			return nil, err
		}
		items := make([]GlanceView, len(all))
		for i, g := range all {
			items[i] = GlanceView{g.ID, windowView(g.Window), changeView(g.Pair)}
		}
		return api.OK(api.ListOf(items, "")), nil
	})

	api.Register(a, api.Op{
		ID: "get-release-effect", Method: http.MethodGet, Path: "/releases/{id}/effect", Tag: tag, Permission: authz.TelemetryRead,
		Summary:     "What a release changed: requests, endpoints, errors, instances",
		Description: "The time after it is compared with as long a time before, or with the same time of the day or the week before.",
	}, func(ctx context.Context, in *struct {
		ID      string `path:"id" maxLength:"32"`
		Window  string `query:"window" maxLength:"32" default:"1h" doc:"How long after it, at most 168h; cut where it was replaced."`
		Against string `query:"against" enum:"before,day,week" default:"before"`
	}) (*api.Out[EffectView], error) {
		want, err := time.ParseDuration(in.Window)
		if err != nil || want < time.Minute || want > longest {
			return nil, fault.Field("window", i18n.T("Give a duration from 1m to 168h, as in 15m or 6h.", "1m から 168h までの時間を指定してください（例: 15m、6h）。"))
		}
		e, err := s.Effect(ctx, in.ID, want, Against(in.Against))
		if err != nil {
			return nil, err
		}
		v := EffectView{
			Release: detailView(e.Detail, s.Known(ctx, e.Detail.Release)), Window: windowView(e.Window), Requests: changeView(e.Pair),
			From: e.Begin.From.UTC(), To: e.Begin.To.UTC(), StepNS: int64(e.Step), Since: e.Since, Trend: catalog.NewTrendView(e.Around),
			Versions: catalog.NewVersionViews(e.Versions), Instances: catalog.NewInstanceViews(e.Instances), Endpoints: make([]EndpointEffectView, len(e.Endpoints)),
			New: groupViews(e.Groups.New), Gone: groupViews(e.Groups.Gone), Lasting: groupViews(e.Groups.Lasting), Other: groupViews(e.Groups.Other),
			DiffURL: e.Diff,
		}
		for i, p := range e.Endpoints {
			v.Endpoints[i] = EndpointEffectView{p.Endpoint, p.Kind.String(), changeView(p.Pair)}
		}
		return api.OK(v), nil
	})
}
