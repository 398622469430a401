package catalog

import (
	"context"
	"math"
	"net/http"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const tag = "services"

// ServiceParam names a service.
type ServiceParam struct {
	Service string `path:"service" maxLength:"256" doc:"Its service.name."`
}

// ServicesView is the services and what the figures cover.
type ServicesView struct {
	telemetry.Basis
	Items []ServiceView `json:"items"`
}

// ServicePageView is all that the page of a service shows, but its errors and logs.
type ServicePageView struct {
	telemetry.Basis
	Service   string         `json:"service"`
	Requests  RedView        `json:"requests"`
	Before    *RedView       `json:"before,omitempty"`
	Trend     TrendView      `json:"trend"`
	Then      *TrendView     `json:"then,omitempty" doc:"The course of the range compared with, point by point; with then alone."`
	Owner     *NamedView     `json:"owner,omitempty" doc:"The team whose it is."`
	Product   *NamedView     `json:"product,omitempty"`
	Versions  []VersionView  `json:"versions"`
	Endpoints []EndpointView `json:"endpoints"`
	Out       []EdgeView     `json:"out" doc:"What it depends on."`
	In        []EdgeView     `json:"in" doc:"What depends on it."`
	Calls     []CallView     `json:"calls" doc:"What it does there, by operation: statements, external calls, messages."`
	Levels    []LevelView    `json:"levels"`
	Instances []InstanceView `json:"instances" doc:"The one last seen first."`
}

// EndpointPageView is what the page of an endpoint shows, but its traces.
type EndpointPageView struct {
	telemetry.Basis
	Service  string        `json:"service"`
	Endpoint string        `json:"endpoint"`
	Requests RedView       `json:"requests"`
	Before   *RedView      `json:"before,omitempty"`
	Trend    TrendView     `json:"trend"`
	Heatmap  HeatmapView   `json:"heatmap"`
	Codes    []CodeView    `json:"codes"`
	Callers  []CallerView  `json:"callers"`
	Versions []VersionView `json:"versions"`
}

// MapView is the services and what lies between them.
type MapView struct {
	telemetry.Basis
	Services []ServiceView `json:"services"`
	Edges    []EdgeView    `json:"edges"`
}

// CallsView is calls by operation.
type CallsView struct {
	telemetry.Basis
	Items []CallView `json:"items"`
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	registerServices(a, s)
	registerPages(a, s)
	registerCalls(a, s)
}

func registerServices(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-services", Method: http.MethodGet, Path: "/services", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "The services that sent anything",
		Description: "The one that hurts users most first: by failed requests, then by how long its slow requests kept people waiting.",
	}, func(ctx context.Context, in *telemetry.FigureParams) (*api.Out[ServicesView], error) {
		q, err := in.Query(s.clock)
		if err != nil {
			return nil, err
		}
		q.Limit = mapEdges
		stats, d, err := s.Services(ctx, q)
		if err != nil {
			return nil, err
		}
		return api.OK(ServicesView{telemetry.NewBasis(d), each(stats, serviceView)}), nil
	})

	api.Register(a, api.Op{
		ID: "list-environments", Method: http.MethodGet, Path: "/environments", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "The environments that anything was sent from",
	}, func(ctx context.Context, in *api.RangeParams) (*api.Out[api.List[string]], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		envs, err := s.Environments(ctx, telemetry.Range{From: from, To: to})
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(envs, "")), nil
	})

	api.Register(a, api.Op{
		ID: "get-map", Method: http.MethodGet, Path: "/map", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "The services and what lies between them", Description: "Edges are what callers saw of databases, queues, hosts and services.",
	}, func(ctx context.Context, in *struct {
		telemetry.FigureParams
		Service string `query:"service" maxLength:"256" doc:"Only the edges of this service."`
	}) (*api.Out[MapView], error) {
		q, err := in.Query(s.clock)
		if err != nil {
			return nil, err
		}
		q.Service = in.Service
		m, err := s.Map(ctx, q)
		if err != nil {
			return nil, err
		}
		return api.OK(MapView{telemetry.NewBasis(m.Derived), each(m.Services, serviceView), each(m.Edges, edgeView)}), nil
	})
}

func registerPages(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "get-service", Method: http.MethodGet, Path: "/services/{service}", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "A service: requests, endpoints, dependencies, versions, instances",
		Description: "Lists hold the rows that weigh most; percentiles come from merged sketches.",
	}, func(ctx context.Context, in *struct {
		ServiceParam
		telemetry.FigureParams
		Version string `query:"version" maxLength:"256" doc:"Only what this version served."`
		Then    bool   `query:"then" doc:"With the course of the range compared with."`
	}) (*api.Out[ServicePageView], error) {
		q, err := in.Query(s.clock)
		if err != nil {
			return nil, err
		}
		q.Service, q.Version = in.Service, in.Version
		p, err := s.Page(ctx, q, in.Then)
		if err != nil {
			return nil, err
		}
		v := ServicePageView{
			Basis: telemetry.NewBasis(p.Derived), Service: in.Service, Requests: red(p.Requests), Before: redBefore(p.Before), Trend: trend(p.Trend),
			Versions: each(p.Versions, versionView), Endpoints: each(p.Endpoints, endpointView),
			Out: each(p.Out, edgeView), In: each(p.In, edgeView), Calls: each(p.Calls, callView),
			Levels: each(p.Levels, levelView), Instances: each(p.Instances, instanceView),
		}
		if p.Then != nil {
			then := trend(*p.Then)
			v.Then = &then
		}
		if o := p.Owner; o.Team.ID != "" {
			v.Owner = &NamedView{o.Team.ID, o.Team.Slug, o.Team.Name}
		}
		if o := p.Owner; o.Product.ID != "" {
			v.Product = &NamedView{o.Product.ID, o.Product.Slug, o.Product.Name}
		}
		return api.OK(v), nil
	})

	api.Register(a, api.Op{
		ID: "get-endpoint", Method: http.MethodGet, Path: "/services/{service}/endpoint", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "An endpoint: requests, durations, outcomes, callers, versions",
	}, func(ctx context.Context, in *struct {
		ServiceParam
		telemetry.FigureParams
		Endpoint string `query:"endpoint" required:"true" maxLength:"1024" example:"GET /cart/{id}"`
		Version  string `query:"version" maxLength:"256" doc:"Only what this version served."`
	}) (*api.Out[EndpointPageView], error) {
		q, err := in.Query(s.clock)
		if err != nil {
			return nil, err
		}
		q.Service, q.Endpoint, q.Version = in.Service, in.Endpoint, in.Version
		p, err := s.Endpoint(ctx, q)
		if err != nil {
			return nil, err
		}
		return api.OK(EndpointPageView{
			Basis: telemetry.NewBasis(p.Derived), Service: in.Service, Endpoint: in.Endpoint,
			Requests: red(p.Requests), Before: redBefore(p.Before), Trend: trend(p.Trend), Heatmap: heatmapView(p.Heatmap),
			Codes: each(p.Codes, codeView), Callers: each(p.Callers, callerView), Versions: each(p.Versions, versionView),
		}), nil
	})
}

func registerCalls(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-calls", Method: http.MethodGet, Path: "/calls", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "Statements, external calls and messages by shape",
		Description: "What services do at databases, caches, hosts and queues; the shapes that most time is spent on first.",
	}, func(ctx context.Context, in *struct {
		telemetry.FigureParams
		Kinds    []string `query:"kinds,explode" enum:"service,http,rpc,db,cache,queue" doc:"Only these kinds of peer; without any, all."`
		Service  string   `query:"service" maxLength:"256" doc:"Only the calls of this service."`
		Peer     string   `query:"peer" maxLength:"1024" doc:"Only the calls to this peer, by its name."`
		Shape    string   `query:"shape" maxLength:"16" doc:"Only this shape, by its ID."`
		ByCaller bool     `query:"by_caller" doc:"A row for each caller."`
		Limit    int      `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	}) (*api.Out[CallsView], error) {
		dq, err := in.Query(s.clock)
		if err != nil {
			return nil, err
		}
		dq.Service, dq.Limit = in.Service, in.Limit
		q := telemetry.CallQuery{EdgeQuery: telemetry.EdgeQuery{DerivedQuery: dq, Peer: in.Peer}, ByCaller: in.ByCaller}
		for _, k := range in.Kinds {
			q.Kinds = append(q.Kinds, telemetry.PeerKind(k))
		}
		if in.Shape != "" {
			if q.Shape, err = telemetry.ShapeParam("shape", in.Shape); err != nil {
				return nil, err
			}
		}
		calls, d, err := s.Calls(ctx, q)
		if err != nil {
			return nil, err
		}
		return api.OK(CallsView{telemetry.NewBasis(d), each(calls, callView)}), nil
	})
}

// whole is a duration in whole nanoseconds; of nothing (NaN) it is 0.
func whole(ns float64) int64 {
	if math.IsNaN(ns) || ns < 0 {
		return 0
	}
	return int64(math.Round(min(ns, math.MaxInt64/2)))
}

func filled[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
