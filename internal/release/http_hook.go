package release

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// ReleaseHookView is a mapping of a GitHub repository on the wire.
type ReleaseHookView struct {
	ID        string     `json:"id"`
	Repo      string     `json:"repo"`
	Service   string     `json:"service"`
	Env       string     `json:"env"`
	TagPrefix string     `json:"tag_prefix"`
	Events    []string   `json:"events" enum:"release,deployment_status,push"`
	Secret    string     `json:"secret" doc:"Where the secret is, never the secret."`
	Created   time.Time  `json:"created"`
	LastAt    *time.Time `json:"last_at,omitempty" doc:"Last delivery that was signed rightly."`
	LastEvent string     `json:"last_event" doc:"What became of it."`
}

func viewHook(h Hook) ReleaseHookView {
	return ReleaseHookView{h.ID, h.Repo, h.Service, h.Env, h.TagPrefix, h.Events, h.Secret, h.Created, optional(h.LastAt), h.LastEvent}
}

func hookETag(h Hook) string {
	v := viewHook(h)
	v.LastAt, v.LastEvent = nil, ""
	return api.ETag(v)
}

type hookBody struct {
	Repo      string   `json:"repo" maxLength:"140" example:"example/checkout"`
	Service   string   `json:"service" maxLength:"256"`
	Env       string   `json:"env,omitempty" maxLength:"256" doc:"Of releases and tags. A deployment names its own."`
	TagPrefix string   `json:"tag_prefix,omitempty" maxLength:"100" doc:"For a repository of several services: how this one's tags begin. It is no part of the version."`
	Events    []string `json:"events,omitempty" enum:"release,deployment_status,push" doc:"All when left out."`
	Secret    string   `json:"secret" maxLength:"500" doc:"file:/run/secrets/name or env:YAGURA_SECRET_NAME" example:"file:/run/secrets/github"`
}

func (b hookBody) hook(id string) Hook {
	if len(b.Events) == 0 {
		b.Events = Events
	}
	return Hook{ID: id, Repo: b.Repo, Service: b.Service, Env: b.Env, TagPrefix: b.TagPrefix, Events: b.Events, Secret: b.Secret}
}

type hookOut struct {
	ETag string `header:"ETag"`
	Body ReleaseHookView
}

// HookResultView is what became of a delivery.
type HookResultView struct {
	Status   string        `json:"status" enum:"recorded,known,ignored"`
	Reason   string        `json:"reason" doc:"Why it was ignored."`
	Releases []ReleaseView `json:"releases"`
}

func registerHooks(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "github-webhook", Method: http.MethodPost, Path: "/hooks/github", Tag: tag, Permission: authz.Public, MaxBody: 8 << 20,
		Summary:     "Where GitHub sends the events release, deployment_status and push of tags",
		Description: "Signed with X-Hub-Signature-256. Which repository is which service is set up under /release-hooks.",
		Limit:       &api.Limit{Burst: 120, Every: time.Second / 2},
	}, func(ctx context.Context, in *struct {
		Event       string `header:"X-GitHub-Event" required:"true" maxLength:"100"`
		Delivery    string `header:"X-GitHub-Delivery" maxLength:"100"`
		Signature   string `header:"X-Hub-Signature-256" maxLength:"200"`
		ContentType string `header:"Content-Type"`
		RawBody     []byte
	}) (*api.Out[HookResultView], error) {
		res, err := s.Deliver(ctx, Delivery{in.Event, in.Delivery, in.Signature, in.ContentType, in.RawBody})
		if err != nil {
			return nil, err
		}
		v := HookResultView{Status: res.Status, Reason: res.Reason, Releases: []ReleaseView{}}
		known := s.Known(ctx, res.Releases...)
		for _, r := range res.Releases {
			v.Releases = append(v.Releases, view(r, known))
		}
		return api.OK(v), nil
	})

	api.Register(a, api.Op{
		ID: "list-release-hooks", Method: http.MethodGet, Path: "/release-hooks", Tag: tag, Permission: authz.NotifyRead,
		Summary: "Which GitHub repository tells of which service's releases",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[ReleaseHookView]], error) {
		hooks, err := s.Hooks(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]ReleaseHookView, len(hooks))
		for i, h := range hooks {
			items[i] = viewHook(h)
		}
		return api.OK(api.ListOf(items, "")), nil
	})
	api.Register(a, api.Op{
		ID: "create-release-hook", Method: http.MethodPost, Path: "/release-hooks", Tag: tag, Permission: authz.NotifyWrite, Status: http.StatusCreated,
		Summary: "Let a GitHub repository tell of a service's releases",
	}, func(ctx context.Context, in *struct{ Body hookBody }) (*hookOut, error) {
		h, err := s.PutHook(ctx, in.Body.hook(""), nil)
		if err != nil {
			return nil, err
		}
		return &hookOut{hookETag(h), viewHook(h)}, nil
	})
	api.Register(a, api.Op{
		ID: "update-release-hook", Method: http.MethodPut, Path: "/release-hooks/{id}", Tag: tag, Permission: authz.NotifyWrite,
		Summary: "Replace such a mapping",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
		api.IfMatch
		Body hookBody
	}) (*hookOut, error) {
		h, err := s.PutHook(ctx, in.Body.hook(in.ID), func(now Hook) error { return in.Check(hookETag(now)) })
		if err != nil {
			return nil, err
		}
		return &hookOut{hookETag(h), viewHook(h)}, nil
	})
	api.Register(a, api.Op{
		ID: "delete-release-hook", Method: http.MethodDelete, Path: "/release-hooks/{id}", Tag: tag, Permission: authz.NotifyWrite,
		Summary: "Remove such a mapping; its releases stay",
	}, func(ctx context.Context, in *releasePath) (*struct{}, error) { return nil, s.RemoveHook(ctx, in.ID) })
}
