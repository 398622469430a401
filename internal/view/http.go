package view

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

const tag = "views"

// SavedView is a saved view on the wire.
type SavedView struct {
	ID        string    `json:"id"`
	Page      string    `json:"page"`
	Name      string    `json:"name"`
	Search    string    `json:"search" doc:"The page's search parameters."`
	Note      string    `json:"note"`
	Shared    bool      `json:"shared" doc:"Everybody sees it."`
	Owner     string    `json:"owner"`
	Mine      bool      `json:"mine" doc:"The asker is its owner."`
	ChangedAt time.Time `json:"changed_at"`
}

// NewViewBody is a view to save.
type NewViewBody struct {
	Page   string `json:"page" enum:"services,map,errors,logs,traces,metrics,sql,databases"`
	Name   string `json:"name" minLength:"1" maxLength:"100"`
	Search string `json:"search" maxLength:"262144" doc:"The page's search parameters, as in its address." example:"filter=level>=error&from=-1h"`
	Note   string `json:"note,omitempty" maxLength:"1000"`
	Shared bool   `json:"shared,omitempty" doc:"Show it to everybody."`
}

// ViewChangeBody changes a view; what is left out stays.
type ViewChangeBody struct {
	Name   *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Search *string `json:"search,omitempty" maxLength:"262144"`
	Note   *string `json:"note,omitempty" maxLength:"1000"`
	Shared *bool   `json:"shared,omitempty"`
}

type one struct {
	ETag string `header:"ETag"`
	Body SavedView
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-views", Method: http.MethodGet, Path: "/views", Tag: tag, Permission: authz.SignedIn,
		Summary: "The saved views that are shared, and one's own",
	}, func(ctx context.Context, in *struct {
		Page string `query:"page" maxLength:"32" doc:"Only of this page."`
	}) (*api.Out[api.List[SavedView]], error) {
		views, err := s.Views(ctx, in.Page)
		if err != nil {
			return nil, err
		}
		items := make([]SavedView, len(views))
		for i, v := range views {
			items[i] = wire(ctx, v)
		}
		return api.OK(api.ListOf(items, "")), nil
	})

	api.Register(a, api.Op{
		ID: "create-view", Method: http.MethodPost, Path: "/views", Tag: tag, Permission: authz.SignedIn, Status: http.StatusCreated,
		Summary: "Save a view",
	}, func(ctx context.Context, in *struct{ Body NewViewBody }) (*one, error) {
		b := in.Body
		v, err := s.Save(ctx, View{Page: b.Page, Name: b.Name, Search: b.Search, Note: b.Note, Shared: b.Shared})
		return answer(ctx, v, err)
	})

	api.Register(a, api.Op{
		ID: "get-view", Method: http.MethodGet, Path: "/views/{id}", Tag: tag, Permission: authz.SignedIn, Summary: "A saved view",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
	}) (*one, error) {
		v, err := s.View(ctx, in.ID)
		return answer(ctx, v, err)
	})

	api.Register(a, api.Op{
		ID: "update-view", Method: http.MethodPatch, Path: "/views/{id}", Tag: tag, Permission: authz.SignedIn,
		Summary: "Change a saved view of one's own", Description: "Administrators may change any that is shared.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
		api.IfMatch
		Body ViewChangeBody
	}) (*one, error) {
		v, err := s.Update(ctx, in.ID, Change(in.Body), func(was View) error { return in.Check(api.ETag(wire(ctx, was))) })
		return answer(ctx, v, err)
	})

	api.Register(a, api.Op{
		ID: "delete-view", Method: http.MethodDelete, Path: "/views/{id}", Tag: tag, Permission: authz.SignedIn,
		Summary: "Delete a saved view of one's own",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
	}) (*struct{}, error) {
		return nil, s.Remove(ctx, in.ID)
	})
}

func answer(ctx context.Context, v View, err error) (*one, error) {
	if err != nil {
		return nil, err
	}
	w := wire(ctx, v)
	return &one{ETag: api.ETag(w), Body: w}, nil
}

func wire(ctx context.Context, v View) SavedView {
	return SavedView{
		ID: v.ID, Page: v.Page, Name: v.Name, Search: v.Search, Note: v.Note, Shared: v.Shared, Owner: v.Owner,
		Mine: v.OwnerID == authz.From(ctx).UserID, ChangedAt: v.Changed,
	}
}
