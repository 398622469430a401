package app

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/release"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// secrets resolves what settings in the UI name.
func (a *App) secrets() config.SecretStore {
	return config.SecretStore{Folders: a.Config.Secrets.Folders, Env: config.Environment}
}

func (a *App) openReleases(_, _ context.Context) error {
	a.releases = release.NewService(release.Options{
		DB: a.db, Clock: a.Clock, Log: a.Log.With("room", "release"), Sightings: sightings{a}, Audit: a.people, Secret: a.secrets().Resolve,
		Figures: a.store, Owners: a.owners,
	})
	a.jobs.Add(a.releases.Job())
	return nil
}

// sightings tells the release room which versions telemetry shows.
type sightings struct{ app *App }

func (s sightings) Versions(ctx context.Context, from, to time.Time) ([]release.Sighting, error) {
	figures, _, err := s.app.store.Versions(ctx, telemetry.DerivedQuery{Range: telemetry.Range{From: from, To: to}, Limit: 100_000})
	if err != nil {
		return nil, err
	}
	out := make([]release.Sighting, 0, len(figures))
	for _, f := range figures {
		out = append(out, release.Sighting{Env: f.Env, Service: f.Service, Version: f.Version, First: telemetry.UTC(f.First), Last: telemetry.UTC(f.Last)})
	}
	return out, nil
}
