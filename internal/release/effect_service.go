package release

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Figures is the part of the telemetry store that tells what a release changed.
type Figures interface {
	Requests(ctx context.Context, q telemetry.DerivedQuery) (telemetry.RED, *telemetry.RED, telemetry.Trend, telemetry.Derived, error)
	Endpoints(ctx context.Context, q telemetry.DerivedQuery) ([]telemetry.EndpointFigures, telemetry.Derived, error)
	Versions(ctx context.Context, q telemetry.DerivedQuery) ([]telemetry.VersionFigures, telemetry.Derived, error)
	Instances(ctx context.Context, q telemetry.DerivedQuery) ([]telemetry.InstanceFigures, telemetry.Derived, error)
	Errors(ctx context.Context, q telemetry.ErrorQuery) ([]telemetry.ErrorFigures, telemetry.Derived, error)
}

// Limits of what one page shows.
const (
	maxEndpoints = 200
	maxInstances = 200
	maxGroups    = 1000
	aroundSteps  = 60
	// running is how lately an instance sent something that is taken for running.
	running = 15 * time.Minute
	// knownFor is how far back a service is looked for that a release was told of.
	knownFor = 30 * 24 * time.Hour
	atOnce   = 4
)

// Effect is what a release changed.
type Effect struct {
	Detail
	Window Window
	Pair
	// Around are requests over both times and what lies between them, point i of
	// [Begin + i·Step, + Step).
	Around    telemetry.Trend
	Begin     telemetry.Range
	Step      time.Duration
	Endpoints []EndpointEffect
	Groups    ErrorEffect
	Versions  []telemetry.VersionFigures // over Begin
	Instances []telemetry.InstanceFigures
	Diff      string    // where the commits since the release before are to be read
	Since     time.Time // the first minute of which there are figures
}

// Effect says what a release changed, in the time asked for; 0 is the usual one.
func (s *Service) Effect(ctx context.Context, releaseID string, want time.Duration, against Against) (*Effect, error) {
	d, err := s.Release(ctx, releaseID)
	if err != nil {
		return nil, err
	}
	if want <= 0 {
		want = usualWindow
	}
	now := s.Clock.Now()
	e := &Effect{Detail: d, Window: windowOf(d, want, against, now)}
	repo := ""
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { repo, err = repoOf(tx, d.Release); return err }); err != nil {
		return nil, err
	}
	e.Diff = diffURL(d.URL, repo, d.Previous.Commit, d.Commit)
	w := e.Window
	if w.empty() {
		return e, nil
	}
	of := func(r telemetry.Range, limit int) telemetry.DerivedQuery {
		return telemetry.DerivedQuery{Range: r, Service: d.Service, Env: d.Env, Limit: limit}
	}
	e.Begin = telemetry.Range{From: w.Before.From, To: w.After.To}
	if against != AgainstBefore {
		e.Begin.From = w.After.From.Add(-w.After.To.Sub(w.After.From))
	}
	life := telemetry.Range{From: d.At.Truncate(time.Minute), To: now}
	if !d.To.IsZero() {
		life.To = d.To.Truncate(time.Minute).Add(time.Minute)
	}
	var after, before []telemetry.EndpointFigures
	var since, was []telemetry.ErrorFigures
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		q := of(w.After, 1)
		q.Compare = w.shift()
		var b *telemetry.RED
		var derived telemetry.Derived
		e.After, b, _, derived, err = s.Figures.Requests(ctx, q)
		if b != nil {
			e.Before = *b
		}
		e.Since = derived.Since
		return err
	})
	g.Go(func() (err error) {
		q := of(e.Begin, 1)
		q.Steps = aroundSteps
		var derived telemetry.Derived
		_, _, e.Around, derived, err = s.Figures.Requests(ctx, q)
		e.Begin, e.Step = derived.Range, derived.Step
		return err
	})
	begin := e.Begin
	g.Go(func() (err error) { after, _, err = s.Figures.Endpoints(ctx, of(w.After, maxEndpoints)); return err })
	g.Go(func() (err error) { before, _, err = s.Figures.Endpoints(ctx, of(w.Before, maxEndpoints)); return err })
	g.Go(func() (err error) {
		q := of(begin, 20)
		q.Steps = aroundSteps
		e.Versions, _, err = s.Figures.Versions(ctx, q)
		return err
	})
	g.Go(func() (err error) {
		e.Instances, _, err = s.Figures.Instances(ctx, of(telemetry.Range{From: life.To.Add(-running), To: life.To}, maxInstances))
		return err
	})
	g.Go(func() (err error) {
		q := of(life, maxGroups)
		q.Steps = 30
		since, _, err = s.Figures.Errors(ctx, telemetry.ErrorQuery{DerivedQuery: q})
		return err
	})
	g.Go(func() (err error) {
		was, _, err = s.Figures.Errors(ctx, telemetry.ErrorQuery{DerivedQuery: of(w.Before, maxGroups)})
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	e.Endpoints = endpointEffects(after, before)
	e.Groups = errorEffect(since, was, life.From)
	return e, nil
}

// Glance is what a release changed, in few figures.
type Glance struct {
	ID     string
	Window Window
	Pair
}

// MaxGlances is how many releases are glanced at at once.
const MaxGlances = 100

// Glances gives few figures of several releases, in the order asked for; of one that is
// not there, none.
func (s *Service) Glances(ctx context.Context, ids []string) ([]Glance, error) {
	if len(ids) > MaxGlances {
		return nil, fault.Field("ids", i18n.F("At most %d releases at once.", "一度に指定できるリリースは %d 件までです。", MaxGlances))
	}
	all := make([]Glance, len(ids))
	now := s.Clock.Now()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, one := range ids {
		g.Go(func() error {
			d, err := s.Release(ctx, one)
			if fault.Is(err, fault.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			w := windowOf(d, usualWindow, AgainstBefore, now)
			all[i] = Glance{ID: one, Window: w}
			if w.empty() {
				return nil
			}
			after, before, _, _, err := s.Figures.Requests(ctx, telemetry.DerivedQuery{Range: w.After, Service: d.Service, Env: d.Env, Compare: w.shift()})
			all[i].After = after
			if before != nil {
				all[i].Before = *before
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	found := all[:0]
	for _, one := range all {
		if one.ID != "" {
			found = append(found, one)
		}
	}
	return found, nil
}

// Known says of which services telemetry ever came, as far back as it is looked: a release
// may be told before a service's first span, and a name that is misspelt looks the same.
// When the store cannot be asked, every service is taken for known.
func (s *Service) Known(ctx context.Context, all ...Release) map[string]bool {
	known := map[string]bool{}
	for _, r := range all {
		known[r.Service] = known[r.Service] || !r.Seen.IsZero()
	}
	for service, yes := range known {
		if yes {
			continue
		}
		var envs []string
		if err := s.DB.Read(ctx, func(tx *sqldb.Tx) (err error) { envs, err = environmentsOf(tx, service); return err }); err != nil {
			s.Log.WarnContext(ctx, "whether a service is known could not be looked up", "service", service, "error", err)
		}
		if known[service] = len(envs) > 0; known[service] || s.Figures == nil {
			continue
		}
		// Services without a version have no lives.
		now := s.Clock.Now()
		rows, _, err := s.Figures.Instances(ctx, telemetry.DerivedQuery{
			Range: telemetry.Range{From: now.Add(-knownFor), To: now.Add(time.Minute)}, Service: service, Limit: 1,
		})
		if err != nil {
			s.Log.WarnContext(ctx, "whether a service is known could not be looked up", "service", service, "error", err)
		}
		known[service] = err != nil || len(rows) > 0
	}
	return known
}

// ownedBy are the services of a team or product; nil when neither is asked for.
func (s *Service) ownedBy(ctx context.Context, team, product string) ([]string, error) {
	if team == "" && product == "" || s.Owners == nil {
		return nil, nil
	}
	if err := authz.Can(ctx, authz.TelemetryRead); err != nil {
		return nil, err
	}
	services, err := s.Owners.ServicesOf(ctx, team, product)
	if services == nil {
		services = []string{}
	}
	return services, err
}
