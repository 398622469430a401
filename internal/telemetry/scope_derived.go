package telemetry

import (
	"context"
	"slices"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// ScopedDerived is r, narrowed to what each context may see. Who sees some services only is
// answered service by service: lists are those of each, one after another; a sum over
// services that nobody named is refused, for it would tell of the others. The neighbours of
// a service that may be seen are named in its dependencies.
func ScopedDerived(r DerivedReader, scope Scope) DerivedReader { return scopedDerived{r, scope} }

type scopedDerived struct {
	r     DerivedReader
	scope Scope
}

// lists answers a question whose answers of several services stand side by side.
func lists[T any](ctx context.Context, s scopedDerived, q DerivedQuery, ask func(DerivedQuery) ([]T, Derived, error)) (rows []T, d Derived, err error) {
	services, all, err := s.scope(ctx)
	switch {
	case err != nil:
		return nil, d, err
	case all:
		return ask(q)
	case q.Service != "":
		if !slices.Contains(services, q.Service) {
			return nil, Derived{Range: q.Range}, nil
		}
		return ask(q)
	}
	d.Range = q.Range
	for _, q.Service = range services {
		some, of, err := ask(q)
		if err != nil {
			return nil, d, err
		}
		of.More = of.More || d.More
		rows, d = append(rows, some...), of
	}
	return rows, d, nil
}

// visible says whether a question about one service may be answered; false is nothing.
func (s scopedDerived) visible(ctx context.Context, service string) (bool, error) {
	services, all, err := s.scope(ctx)
	switch {
	case err != nil || all:
		return err == nil, err
	case service == "":
		return false, fault.New(fault.Forbidden, i18n.T(
			"Choose a service: you see only the services of your teams, so sums over all are not shown.",
			"サービスを選択してください。閲覧できるのは担当チームのサービスのみのため、全体の合計は表示できません。"))
	}
	return slices.Contains(services, service), nil
}

func (s scopedDerived) ServiceFigures(ctx context.Context, q DerivedQuery) ([]ServiceFigures, Derived, error) {
	return lists(ctx, s, q, func(q DerivedQuery) ([]ServiceFigures, Derived, error) { return s.r.ServiceFigures(ctx, q) })
}

func (s scopedDerived) Requests(ctx context.Context, q DerivedQuery) (red RED, before *RED, trend Trend, d Derived, err error) {
	if ok, err := s.visible(ctx, q.Service); !ok {
		return red, nil, trend, Derived{Range: q.Range}, err
	}
	return s.r.Requests(ctx, q)
}

func (s scopedDerived) Endpoints(ctx context.Context, q DerivedQuery) ([]EndpointFigures, Derived, error) {
	return lists(ctx, s, q, func(q DerivedQuery) ([]EndpointFigures, Derived, error) { return s.r.Endpoints(ctx, q) })
}

func (s scopedDerived) Versions(ctx context.Context, q DerivedQuery) ([]VersionFigures, Derived, error) {
	return lists(ctx, s, q, func(q DerivedQuery) ([]VersionFigures, Derived, error) { return s.r.Versions(ctx, q) })
}

func (s scopedDerived) Codes(ctx context.Context, q DerivedQuery) ([]CodeFigures, Derived, error) {
	if ok, err := s.visible(ctx, q.Service); !ok {
		return nil, Derived{Range: q.Range}, err
	}
	return s.r.Codes(ctx, q)
}

func (s scopedDerived) Heatmap(ctx context.Context, q DerivedQuery, rows int) (Heatmap, error) {
	if ok, err := s.visible(ctx, q.Service); !ok {
		return Heatmap{Derived: Derived{Range: q.Range}}, err
	}
	return s.r.Heatmap(ctx, q, rows)
}

func (s scopedDerived) Edges(ctx context.Context, q EdgeQuery) ([]Edge, Derived, error) {
	return lists(ctx, s, q.DerivedQuery, func(d DerivedQuery) ([]Edge, Derived, error) {
		q.DerivedQuery = d
		return s.r.Edges(ctx, q)
	})
}

func (s scopedDerived) Callers(ctx context.Context, q DerivedQuery) ([]CallerFigures, Derived, error) {
	if ok, err := s.visible(ctx, q.Service); !ok {
		return nil, Derived{Range: q.Range}, err
	}
	return s.r.Callers(ctx, q)
}

func (s scopedDerived) Calls(ctx context.Context, q CallQuery) ([]Call, Derived, error) {
	return lists(ctx, s, q.DerivedQuery, func(d DerivedQuery) ([]Call, Derived, error) {
		q.DerivedQuery = d
		return s.r.Calls(ctx, q)
	})
}

func (s scopedDerived) Errors(ctx context.Context, q ErrorQuery) ([]ErrorFigures, Derived, error) {
	return lists(ctx, s, q.DerivedQuery, func(d DerivedQuery) ([]ErrorFigures, Derived, error) {
		q.DerivedQuery = d
		return s.r.Errors(ctx, q)
	})
}

func (s scopedDerived) Levels(ctx context.Context, q DerivedQuery) ([]LevelFigures, Derived, error) {
	if ok, err := s.visible(ctx, q.Service); !ok {
		return nil, Derived{Range: q.Range}, err
	}
	return s.r.Levels(ctx, q)
}

func (s scopedDerived) Patterns(ctx context.Context, q PatternQuery) ([]PatternFigures, Derived, error) {
	return lists(ctx, s, q.DerivedQuery, func(d DerivedQuery) ([]PatternFigures, Derived, error) {
		q.DerivedQuery = d
		return s.r.Patterns(ctx, q)
	})
}

func (s scopedDerived) Instances(ctx context.Context, q DerivedQuery) ([]InstanceFigures, Derived, error) {
	return lists(ctx, s, q, func(q DerivedQuery) ([]InstanceFigures, Derived, error) { return s.r.Instances(ctx, q) })
}
