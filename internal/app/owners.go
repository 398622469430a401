package app

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/internal/catalog"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// openOwners joins services with the people who own them.
func (a *App) openOwners(_, _ context.Context) (err error) {
	c := a.Config.Owners
	a.owners, err = catalog.NewOwners(catalog.OwnersOptions{
		DB: a.db, People: a.people, Reader: a.store, Clock: a.Clock, Log: a.Log.With("room", "catalog"),
		Files: c.Files, TeamAttributes: c.TeamAttributes, ProductAttributes: c.ProductAttributes,
	})
	if err != nil {
		return err
	}
	a.jobs.Add(job.Spec{
		Name: "catalog.learn", Title: i18n.T("Look which services there are and whose they say they are", "サービスと担当情報の収集"),
		Every: catalog.LearnEvery, Timeout: time.Minute,
		Run: a.owners.Learn,
	})
	return nil
}

// seen is the telemetry store, narrowed to what whoever asks may see.
func (a *App) seen() telemetry.Reader {
	return telemetry.Scoped(a.store, func(ctx context.Context) ([]string, bool, error) { return a.owners.Visible(ctx) })
}
