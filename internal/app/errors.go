package app

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/errorgroup"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/view"
)

// figured is rows and figures together, both narrowed to what whoever asks may see.
type figured struct {
	telemetry.Reader
	telemetry.DerivedReader
}

func (a *App) figures() telemetry.DerivedReader {
	return telemetry.ScopedDerived(a.store, func(ctx context.Context) ([]string, bool, error) { return a.owners.Visible(ctx) })
}

func (a *App) openErrors(context.Context, context.Context) error {
	a.errors = errorgroup.NewService(errorgroup.Options{
		DB: a.db, Reader: figured{a.seen(), a.figures()}, Directory: directory{a.people}, Audit: a.people, Clock: a.Clock, Log: a.Log.With("room", "errorgroup"),
	})
	a.views = view.NewService(a.db, a.people, a.Clock)
	a.jobs.Add(job.Spec{
		Name: "errorgroup.watch", Title: i18n.T("Open resolved errors again that came back", "再発したエラーの再オープン"),
		Every: errorgroup.WatchEvery, Timeout: time.Minute,
		Run: func(ctx context.Context) error { return a.errors.Watch(authz.With(ctx, authz.Local())) },
	})
	return nil
}

// directory knows whom an error can be given to.
type directory struct{ people *people.Service }

func (d directory) AssigneeName(ctx context.Context, kind, id string) (string, error) {
	switch errorgroup.AssigneeKind(kind) {
	case errorgroup.ToUser:
		u, err := d.people.User(ctx, id)
		return u.Name, err
	case errorgroup.ToTeam:
		t, err := d.people.Team(ctx, id)
		return t.Name, err
	}
	return "", fault.Field("assignee.kind", i18n.T("It is user or team.", "user または team を指定してください。"))
}
