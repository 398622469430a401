package catalog

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Limits of what one page shows.
const (
	pageEndpoints = 200
	pageEdges     = 100
	pageCalls     = 50
	pageInstances = 200
	pageVersions  = 20
	mapEdges      = 1000
	heatmapRows   = 40
)

// ServicePage is what the page of a service shows at once.
type ServicePage struct {
	telemetry.Derived
	Requests  telemetry.RED
	Before    *telemetry.RED
	Trend     telemetry.Trend
	Then      *telemetry.Trend // the course of the range compared with, where it is asked for
	Owner     Owner
	Versions  []telemetry.VersionFigures
	Endpoints []telemetry.EndpointFigures
	Out, In   []telemetry.Edge // what it depends on, and what depends on it
	Calls     []telemetry.Call // by operation, of every kind
	Levels    []telemetry.LevelFigures
	Instances []telemetry.InstanceFigures
}

// Page gathers what is known of a service. The questions are asked side by side. then asks
// for the course of the range compared with, too.
func (s *Service) Page(ctx context.Context, q telemetry.DerivedQuery, then bool) (*ServicePage, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	p := &ServicePage{}
	few := func(limit int) telemetry.DerivedQuery {
		q := q
		q.Limit = limit
		return q
	}
	edges := func(inbound bool) telemetry.EdgeQuery {
		return telemetry.EdgeQuery{DerivedQuery: few(pageEdges), Inbound: inbound}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		p.Requests, p.Before, p.Trend, p.Derived, err = s.reader.Requests(ctx, q)
		return err
	})
	if then && q.Compare > 0 {
		g.Go(func() error {
			back := q
			back.From, back.To, back.Compare = q.From.Add(-q.Compare), q.To.Add(-q.Compare), 0
			_, _, course, _, err := s.reader.Requests(ctx, back)
			p.Then = &course
			return err
		})
	}
	if s.owners != nil && authz.From(ctx).Allows(authz.TeamsRead) {
		g.Go(func() (err error) { p.Owner, err = s.owners.Of(ctx, q.Service); return err })
	}
	g.Go(func() (err error) { p.Versions, _, err = s.reader.Versions(ctx, few(pageVersions)); return err })
	g.Go(func() (err error) { p.Endpoints, _, err = s.reader.Endpoints(ctx, few(pageEndpoints)); return err })
	g.Go(func() (err error) { p.Out, _, err = s.reader.Edges(ctx, edges(false)); return err })
	g.Go(func() (err error) { p.In, _, err = s.reader.Edges(ctx, edges(true)); return err })
	g.Go(func() (err error) {
		p.Calls, _, err = s.reader.Calls(ctx, telemetry.CallQuery{EdgeQuery: telemetry.EdgeQuery{DerivedQuery: few(pageCalls)}})
		return err
	})
	g.Go(func() (err error) { p.Levels, _, err = s.reader.Levels(ctx, q); return err })
	g.Go(func() (err error) { p.Instances, _, err = s.reader.Instances(ctx, few(pageInstances)); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if p.Requests.Count == 0 && len(p.Versions) == 0 && len(p.Levels) == 0 && len(p.Instances) == 0 {
		return nil, fault.New(fault.NotFound, i18n.F(
			"Nothing came from a service %[1]q in this range. Check the name and the environment, or choose a longer range.",
			"この期間にサービス %[1]q からの受信はありません。サービス名と環境を確認するか、期間を広げてください。", q.Service))
	}
	return p, nil
}

// EndpointPage is what the page of an endpoint shows at once.
type EndpointPage struct {
	telemetry.Derived
	Requests telemetry.RED
	Before   *telemetry.RED
	Trend    telemetry.Trend
	Heatmap  telemetry.Heatmap
	Codes    []telemetry.CodeFigures
	Callers  []telemetry.CallerFigures
	Versions []telemetry.VersionFigures
}

// Endpoint gathers what is known of an endpoint.
func (s *Service) Endpoint(ctx context.Context, q telemetry.DerivedQuery) (*EndpointPage, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	p := &EndpointPage{}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		p.Requests, p.Before, p.Trend, p.Derived, err = s.reader.Requests(ctx, q)
		return err
	})
	g.Go(func() (err error) { p.Heatmap, err = s.reader.Heatmap(ctx, q, heatmapRows); return err })
	g.Go(func() (err error) { p.Codes, _, err = s.reader.Codes(ctx, q); return err })
	g.Go(func() (err error) { p.Callers, _, err = s.reader.Callers(ctx, q); return err })
	g.Go(func() (err error) { p.Versions, _, err = s.reader.Versions(ctx, q); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if p.Requests.Count == 0 {
		return nil, fault.New(fault.NotFound, i18n.F(
			"%[1]q of %[2]q was not called in this range. Check the name and the environment, or choose a longer range.",
			"この期間に %[2]q の %[1]q へのリクエストはありません。エンドポイント名と環境を確認するか、期間を広げてください。", q.Endpoint, q.Service))
	}
	return p, nil
}

// Map is the services and what lies between them.
type Map struct {
	telemetry.Derived
	Services []telemetry.ServiceFigures
	Edges    []telemetry.Edge
}

// Map draws the whole installation, or the surroundings of one service.
func (s *Service) Map(ctx context.Context, q telemetry.DerivedQuery) (*Map, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	m := &Map{}
	edgesOf := q
	edgesOf.Steps, edgesOf.Limit = 0, mapEdges
	around := q.Service != ""
	q.Service, q.Limit = "", mapEdges
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { m.Services, m.Derived, err = s.reader.ServiceFigures(ctx, q); return err })
	var in []telemetry.Edge
	var out, inward telemetry.Derived
	g.Go(func() (err error) {
		m.Edges, out, err = s.reader.Edges(ctx, telemetry.EdgeQuery{DerivedQuery: edgesOf})
		return err
	})
	if around {
		g.Go(func() (err error) {
			in, inward, err = s.reader.Edges(ctx, telemetry.EdgeQuery{DerivedQuery: edgesOf, Inbound: true})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	m.Edges = append(m.Edges, in...)
	m.More = m.More || out.More || inward.More
	return m, nil
}
