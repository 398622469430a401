package code

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/code/locate"
	"github.com/yagura-sre/yagura/internal/i18n"
)

const tag = "code"

// RepositoryView is a repository on the wire.
type RepositoryView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind" enum:"github,local"`
	Address   string    `json:"address"`
	Branch    string    `json:"branch" doc:"Empty is the default one."`
	Secret    string    `json:"secret" doc:"Where the token is, never the token."`
	CheckedAt time.Time `json:"checked_at"`
	Problem   string    `json:"problem" doc:"Why it could not be read when it was checked; empty if it could."`
	ChangedAt time.Time `json:"changed_at"`
}

// NewRepositoryBody is a repository to add.
type NewRepositoryBody struct {
	Name    string `json:"name,omitempty" maxLength:"100" doc:"The end of the address when left out."`
	Kind    string `json:"kind" enum:"github,local" doc:"On GitHub, or a clone on the server's machine, in one of the folders of code.folders."`
	Address string `json:"address" minLength:"1" maxLength:"500" example:"https://github.com/example/shop"`
	Branch  string `json:"branch,omitempty" maxLength:"200"`
	Secret  string `json:"secret,omitempty" maxLength:"500" doc:"file:/run/secrets/name or env:YAGURA_SECRET_NAME: a token with Contents: read, and Issues: write to open issues." example:"file:/run/secrets/github"`
}

// RepositoryChangeBody changes a repository; what is left out stays.
type RepositoryChangeBody struct {
	Name    *string `json:"name,omitempty" maxLength:"100"`
	Address *string `json:"address,omitempty" maxLength:"500"`
	Branch  *string `json:"branch,omitempty" maxLength:"200"`
	Secret  *string `json:"secret,omitempty" maxLength:"500"`
}

// CodeBindingView says what a service is built from.
type CodeBindingView struct {
	Service    string `json:"service"`
	Repository string `json:"repository" doc:"Its id."`
	Folder     string `json:"folder" doc:"In a repository of several services: this one's. Empty is the whole."`
}

// CodeFolderView is where in a repository a service may be.
type CodeFolderView struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// CodePlaceView is what was found.
type CodePlaceView struct {
	Repository string              `json:"repository"`
	Folder     string              `json:"folder"`
	Commit     string              `json:"commit"`
	CommitWhy  string              `json:"commit_why" doc:"How the commit was found."`
	Exact      bool                `json:"exact" doc:"It is the commit that the version was built from; else lines may have moved."`
	Candidates []CodeCandidateView `json:"candidates" doc:"The best first; none is chosen silently."`
	Left       int                 `json:"left" doc:"More candidates that are as good."`
	Files      int                 `json:"files" doc:"Files that were searched."`
	Skipped    int                 `json:"skipped" doc:"Files that were not: too large, not text, of others."`
}

// CodeCandidateView is a place that may be meant.
type CodeCandidateView struct {
	Path   string   `json:"path"`
	Line   int      `json:"line"`
	Trust  string   `json:"trust" enum:"possible,likely,sure"`
	Reason string   `json:"reason"`
	From   int      `json:"from" doc:"Number of the first of lines."`
	Lines  []string `json:"lines"`
	Owners []string `json:"owners" doc:"By CODEOWNERS."`
	Link   string   `json:"link" doc:"The page on GitHub; empty for a clone."`
}

// NewIssueBody is an issue to open.
type NewIssueBody struct {
	Service string   `json:"service" maxLength:"256" doc:"Whose repository it goes to."`
	Title   string   `json:"title" minLength:"1" maxLength:"256"`
	Body    string   `json:"body" maxLength:"60000" doc:"Markdown."`
	Labels  []string `json:"labels,omitempty" maxItems:"10"`
}

// OpenedIssueView is an issue that was opened.
type OpenedIssueView struct {
	Link string `json:"link"`
}

type oneRepository struct {
	ETag string `header:"ETag"`
	Body RepositoryView
}

func viewRepository(ctx context.Context, r Repository) RepositoryView {
	en, ja, _ := strings.Cut(r.Problem, "\n")
	problem := en
	if api.Lang(ctx) == i18n.Ja && ja != "" {
		problem = ja
	}
	return RepositoryView{r.ID, r.Name, string(r.Kind), r.Address, r.Branch, r.Secret, r.Checked, problem, r.Changed}
}

func etagOf(r Repository) string { return api.ETag(r.ID + r.Changed.String()) }

func answer(ctx context.Context, r Repository, err error) (*oneRepository, error) {
	if err != nil {
		return nil, err
	}
	return &oneRepository{etagOf(r), viewRepository(ctx, r)}, nil
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	registerRepositories(a, s)

	api.Register(a, api.Op{
		ID: "list-code-bindings", Method: http.MethodGet, Path: "/code/bindings", Tag: tag, Permission: authz.CodeRead,
		Summary: "Which services are built from what",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[CodeBindingView]], error) {
		all, err := s.Bindings(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]CodeBindingView, len(all))
		for i, b := range all {
			items[i] = CodeBindingView{b.Service, b.Repository, b.Folder}
		}
		return api.OK(api.ListOf(items, "")), nil
	})

	api.Register(a, api.Op{
		ID: "put-code-binding", Method: http.MethodPut, Path: "/code/bindings", Tag: tag, Permission: authz.CodeWrite,
		Summary: "Say what a service is built from", Description: "An empty repository forgets it.",
	}, func(ctx context.Context, in *struct{ Body CodeBindingView }) (*api.Out[CodeBindingView], error) {
		b, err := s.Bind(ctx, Binding{Service: in.Body.Service, Repository: in.Body.Repository, Folder: in.Body.Folder})
		if err != nil {
			return nil, err
		}
		return api.OK(CodeBindingView{b.Service, b.Repository, b.Folder}), nil
	})

	api.Register(a, api.Op{
		ID: "locate-code", Method: http.MethodGet, Path: "/code/locate", Tag: tag, Permission: authz.CodeRead, Timeout: 2 * time.Minute,
		Summary:     "The lines of source that a stack frame, a function, a route or a statement speaks of",
		Description: "The first question about a commit fetches its source and may take a minute.",
	}, func(ctx context.Context, in *struct {
		Service   string `query:"service" required:"true" maxLength:"256"`
		Env       string `query:"env" maxLength:"256"`
		Version   string `query:"version" maxLength:"256" doc:"service.version of what ran."`
		Revision  string `query:"revision" maxLength:"64" doc:"vcs.ref.head.revision of what ran."`
		Function  string `query:"function" maxLength:"1000"`
		File      string `query:"file" maxLength:"1000"`
		Line      int    `query:"line" minimum:"0" maximum:"10000000"`
		Method    string `query:"method" maxLength:"20"`
		Route     string `query:"route" maxLength:"500"`
		Statement string `query:"statement" maxLength:"8000"`
		Context   int    `query:"context" minimum:"0" maximum:"50" default:"6" doc:"Lines before and after."`
	}) (*api.Out[CodePlaceView], error) {
		p, err := s.Locate(ctx, Query{Service: in.Service, Env: in.Env, Version: in.Version, Revision: in.Revision, Context: in.Context,
			Clue: locate.Clue{Function: in.Function, File: in.File, Line: in.Line, Method: in.Method, Route: in.Route, Statement: in.Statement}})
		if err != nil {
			return nil, err
		}
		lang := api.Lang(ctx)
		v := CodePlaceView{Repository: p.Repository.Name, Folder: p.Folder, Commit: p.Commit, CommitWhy: p.Why.In(lang), Exact: p.Exact,
			Candidates: make([]CodeCandidateView, len(p.Shown)), Left: p.Left, Files: p.Files, Skipped: p.Skipped}
		for i, c := range p.Shown {
			v.Candidates[i] = CodeCandidateView{c.Path, c.Line, c.Trust.String(), c.Reason.In(lang), c.From, c.Lines, c.Owners, c.Link}
		}
		return api.OK(v), nil
	})

	api.Register(a, api.Op{
		ID: "create-issue", Method: http.MethodPost, Path: "/code/issues", Tag: tag, Permission: authz.IssuesWrite, Status: http.StatusCreated,
		Summary: "Open an issue on GitHub, in the repository of a service",
	}, func(ctx context.Context, in *struct{ Body NewIssueBody }) (*api.Out[OpenedIssueView], error) {
		link, err := s.OpenIssue(ctx, in.Body.Service, in.Body.Title, in.Body.Body, in.Body.Labels)
		if err != nil {
			return nil, err
		}
		return api.OK(OpenedIssueView{link}), nil
	})
}

func registerRepositories(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-repositories", Method: http.MethodGet, Path: "/code/repositories", Tag: tag, Permission: authz.CodeRead, Summary: "Repositories",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[RepositoryView]], error) {
		all, err := s.Repositories(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]RepositoryView, len(all))
		for i, r := range all {
			items[i] = viewRepository(ctx, r)
		}
		return api.OK(api.ListOf(items, "")), nil
	})
	api.Register(a, api.Op{
		ID: "create-repository", Method: http.MethodPost, Path: "/code/repositories", Tag: tag, Permission: authz.CodeWrite, Status: http.StatusCreated,
		Summary: "Add a repository", Description: "It is kept also if it cannot be read now; problem says why.",
	}, func(ctx context.Context, in *struct{ Body NewRepositoryBody }) (*oneRepository, error) {
		b := in.Body
		r, err := s.Add(ctx, Repository{Name: b.Name, Kind: Kind(b.Kind), Address: b.Address, Branch: b.Branch, Secret: b.Secret})
		return answer(ctx, r, err)
	})
	api.Register(a, api.Op{
		ID: "get-repository", Method: http.MethodGet, Path: "/code/repositories/{id}", Tag: tag, Permission: authz.CodeRead, Summary: "A repository",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
	}) (*oneRepository, error) {
		r, err := s.Repository(ctx, in.ID)
		return answer(ctx, r, err)
	})
	api.Register(a, api.Op{
		ID: "update-repository", Method: http.MethodPatch, Path: "/code/repositories/{id}", Tag: tag, Permission: authz.CodeWrite,
		Summary: "Change a repository, and check it again", Description: "An empty change only checks.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
		api.IfMatch
		Body RepositoryChangeBody
	}) (*oneRepository, error) {
		r, err := s.Update(ctx, in.ID, func(r *Repository) {
			for to, v := range map[*string]*string{&r.Name: in.Body.Name, &r.Address: in.Body.Address, &r.Branch: in.Body.Branch, &r.Secret: in.Body.Secret} {
				if v != nil {
					*to = *v
				}
			}
		}, func(r Repository) error { return in.Check(etagOf(r)) })
		return answer(ctx, r, err)
	})
	api.Register(a, api.Op{
		ID: "delete-repository", Method: http.MethodDelete, Path: "/code/repositories/{id}", Tag: tag, Permission: authz.CodeWrite, Status: http.StatusNoContent,
		Summary: "Forget a repository, and which services are built from it",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
	}) (*struct{}, error) {
		return nil, s.Delete(ctx, in.ID)
	})
	api.Register(a, api.Op{
		ID: "suggest-code-folders", Method: http.MethodGet, Path: "/code/repositories/{id}/folders", Tag: tag, Permission: authz.CodeRead, Timeout: 2 * time.Minute,
		Summary: "Where in a repository of several services one of them may be",
	}, func(ctx context.Context, in *struct {
		ID      string `path:"id" maxLength:"32"`
		Service string `query:"service" required:"true" maxLength:"256"`
	}) (*api.Out[api.List[CodeFolderView]], error) {
		found, err := s.Suggest(ctx, in.ID, in.Service)
		if err != nil {
			return nil, err
		}
		items := make([]CodeFolderView, len(found))
		for i, f := range found {
			items[i] = CodeFolderView{f.Path, f.Reason.In(api.Lang(ctx))}
		}
		return api.OK(api.ListOf(items, "")), nil
	})
}
