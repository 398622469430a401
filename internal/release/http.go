package release

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// ReleaseView is a release on the wire.
type ReleaseView struct {
	ID        string     `json:"id"`
	Service   string     `json:"service"`
	Env       string     `json:"env" doc:"Empty: told without one, and not seen yet; or the service names none."`
	Version   string     `json:"version"`
	Commit    string     `json:"commit"`
	Author    string     `json:"author"`
	URL       string     `json:"url"`
	Note      string     `json:"note"`
	Source    string     `json:"source" enum:"cli,api,github,telemetry" doc:"Who told of it; telemetry: it was only seen."`
	Rollback  bool       `json:"rollback" doc:"The version had been here before, and another one since."`
	At        time.Time  `json:"at" doc:"first_seen, or time while nothing was seen."`
	Time      *time.Time `json:"time,omitempty" doc:"When it was released, as told; missing: it was only seen."`
	FirstSeen *time.Time `json:"first_seen,omitempty" doc:"First telemetry of it; missing: none yet."`
	LastSeen  *time.Time `json:"last_seen,omitempty"`
	Replaced  *time.Time `json:"replaced,omitempty" doc:"When its last telemetry came before others had replaced it; missing while it goes on."`
	Created   time.Time  `json:"created"`
	CreatedBy string     `json:"created_by"`
	Known     bool       `json:"known" doc:"Telemetry of the service ever came, as far as 30 days back. If not, its name may be misspelt, or it is yet to start."`
}

func view(r Release, known map[string]bool) ReleaseView {
	return ReleaseView{
		ID: r.ID, Service: r.Service, Env: r.Env, Version: r.Version, Commit: r.Commit, Author: r.Author, URL: r.URL, Note: r.Note,
		Source: string(r.Source), Rollback: r.Rollback, At: r.At, Time: optional(r.Declared), FirstSeen: optional(r.Seen), LastSeen: optional(r.Last),
		Replaced: optional(r.Ended), Created: r.Created, CreatedBy: r.CreatedBy, Known: known[r.Service],
	}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ReleaseDetailView is a release with those around it.
type ReleaseDetailView struct {
	ReleaseView
	Previous *ReleaseView `json:"previous,omitempty" doc:"The one before it of the same service and environment."`
	Next     *ReleaseView `json:"next,omitempty"`
	From     time.Time    `json:"from" doc:"With to and version: what can be blamed on it, as errors since this release."`
	To       *time.Time   `json:"to,omitempty" doc:"Missing while it goes on."`
}

func detailView(d Detail, known map[string]bool) ReleaseDetailView {
	v := ReleaseDetailView{ReleaseView: view(d.Release, known), From: d.From, To: optional(d.To)}
	for _, n := range []struct {
		to   **ReleaseView
		from Release
	}{{&v.Previous, d.Previous}, {&v.Next, d.Next}} {
		if n.from.ID != "" {
			w := view(n.from, known)
			*n.to = &w
		}
	}
	return v
}

// etag names what can be edited; being seen on is no change.
func etag(r Release) string {
	v := view(r, nil)
	v.LastSeen, v.Replaced = nil, nil
	return api.ETag(v)
}

type releaseOut struct {
	ETag string `header:"ETag"`
	Body ReleaseView
}

type detailOut struct {
	ETag string `header:"ETag"`
	Body ReleaseDetailView
}

// RecordedReleaseView is a release that was told.
type RecordedReleaseView struct {
	ReleaseView
	IsNew bool `json:"is_new" doc:"False: it was recorded already, and what was newly known was added."`
}

type createdOut struct {
	ETag string `header:"ETag"`
	Body RecordedReleaseView
}

type releasePath struct {
	ID string `path:"id" maxLength:"32"`
}

type releaseInput struct {
	Body struct {
		Service string     `json:"service" maxLength:"256"`
		Version string     `json:"version" maxLength:"256"`
		Env     *string    `json:"env,omitempty" maxLength:"256" doc:"May be left out when the service is in one environment only."`
		Commit  string     `json:"commit,omitempty" maxLength:"100"`
		Author  string     `json:"author,omitempty" maxLength:"256"`
		URL     string     `json:"url,omitempty" maxLength:"2000"`
		Note    string     `json:"note,omitempty" maxLength:"4000"`
		Time    *time.Time `json:"time,omitempty" doc:"When it was released; now when left out."`
		Source  string     `json:"source,omitempty" enum:"cli,api" default:"api"`
	}
}

type releasePatch struct {
	ID string `path:"id" maxLength:"32"`
	api.IfMatch
	Body struct {
		Commit *string    `json:"commit,omitempty" maxLength:"100"`
		Author *string    `json:"author,omitempty" maxLength:"256"`
		URL    *string    `json:"url,omitempty" maxLength:"2000"`
		Note   *string    `json:"note,omitempty" maxLength:"4000"`
		Time   *time.Time `json:"time,omitempty"`
	}
}

const tag = "releases"

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-releases", Method: http.MethodGet, Path: "/releases", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "Releases, newest first",
	}, func(ctx context.Context, in *struct {
		From    string `query:"from" default:"-30d" maxLength:"64" doc:"As elsewhere."`
		To      string `query:"to" default:"+1h" maxLength:"64" doc:"The clocks of those who tell may be ahead a little, hence the default."`
		Service string `query:"service" maxLength:"256"`
		Env     string `query:"env" maxLength:"256"`
		Version string `query:"version" maxLength:"256"`
		Team    string `query:"team" maxLength:"63" doc:"Only of services of this team, by id or slug."`
		Product string `query:"product" maxLength:"63" doc:"Only of services of this product, by id or slug."`
		After   string `query:"after" maxLength:"512" doc:"The cursor of the page before."`
		Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}) (*api.Out[api.List[ReleaseView]], error) {
		q := Query{Service: in.Service, Version: in.Version, Limit: in.Limit}
		if in.Env != "" {
			q.Env = &in.Env
		}
		var err error
		if q.From, q.To, err = (api.RangeParams{From: in.From, To: in.To}).Range(s.Clock); err != nil {
			return nil, err
		}
		if q.After, err = api.ParseCursor[Cursor]("after", in.After); err != nil {
			return nil, err
		}
		if q.Services, err = s.ownedBy(ctx, in.Team, in.Product); err != nil {
			return nil, err
		}
		all, next, err := s.Releases(ctx, q)
		if err != nil {
			return nil, err
		}
		known := s.Known(ctx, all...)
		items := make([]ReleaseView, len(all))
		for i, r := range all {
			items[i] = view(r, known)
		}
		cursor := ""
		if next != nil {
			cursor = api.Cursor(*next)
		}
		return api.OK(api.ListOf(items, cursor)), nil
	})

	api.Register(a, api.Op{
		ID: "create-release", Method: http.MethodPost, Path: "/releases", Tag: tag, Permission: authz.ReleasesWrite,
		Summary: "Record a release",
		Description: "The same service, environment, version and commit told again is the same release; what is newly known is added to it. " +
			"When another version was released in between, it is a release of its own: a rollback. What telemetry has seen already is joined with it. " +
			"A service that never sent anything is taken, for a pipeline may tell before the first span, and marked: known is false.",
	}, func(ctx context.Context, in *releaseInput) (*createdOut, error) {
		b := in.Body
		t := Telling{Service: b.Service, Version: b.Version, Env: b.Env, Commit: b.Commit, Author: b.Author, URL: b.URL, Note: b.Note, Source: Source(b.Source)}
		if t.Source == "" {
			t.Source = FromAPI
		}
		if b.Time != nil {
			t.Time = *b.Time
		}
		r, created, err := s.Record(ctx, t)
		if err != nil {
			return nil, err
		}
		return &createdOut{etag(r), RecordedReleaseView{view(r, s.Known(ctx, r)), created}}, nil
	})

	api.Register(a, api.Op{
		ID: "get-release", Method: http.MethodGet, Path: "/releases/{id}", Tag: tag, Permission: authz.TelemetryRead,
		Summary: "A release, those before and after it, and the time that can be blamed on it",
	}, func(ctx context.Context, in *releasePath) (*detailOut, error) {
		d, err := s.Release(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &detailOut{etag(d.Release), detailView(d, s.Known(ctx, d.Release))}, nil
	})

	api.Register(a, api.Op{
		ID: "update-release", Method: http.MethodPatch, Path: "/releases/{id}", Tag: tag, Permission: authz.ReleasesWrite,
		Summary: "Edit what is told of a release",
	}, func(ctx context.Context, in *releasePatch) (*releaseOut, error) {
		r, err := s.Update(ctx, in.ID, Change{in.Body.Commit, in.Body.Author, in.Body.URL, in.Body.Note, in.Body.Time},
			func(now Release) error { return in.Check(etag(now)) })
		if err != nil {
			return nil, err
		}
		return &releaseOut{etag(r), view(r, s.Known(ctx, r))}, nil
	})

	api.Register(a, api.Op{
		ID: "delete-release", Method: http.MethodDelete, Path: "/releases/{id}", Tag: tag, Permission: authz.ReleasesWrite,
		Summary: "Remove a release that was recorded by mistake; the same telemetry does not bring it back",
	}, func(ctx context.Context, in *releasePath) (*struct{}, error) { return nil, s.Remove(ctx, in.ID) })

	registerEffects(a, s)
	registerHooks(a, s)
}
