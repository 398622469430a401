package people

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// TeamWire is a team in a list. It is exported as another embeds it, which the document
// does not see otherwise.
type TeamWire struct {
	ID          string    `json:"id" doc:"Never changes."`
	Slug        string    `json:"slug" doc:"In addresses and files. One that a team had before keeps leading to it."`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Origin      string    `json:"origin" enum:"manual,file,oidc" doc:"Who made it."`
	Created     time.Time `json:"created"`
	Members     int       `json:"members"`
	Leads       int       `json:"leads"`
	Products    int       `json:"products"`
	Mine        bool      `json:"mine" doc:"The asker belongs to it."`
	Decides     bool      `json:"decides" doc:"The asker may change it."`
}

func wireTeam(p authz.Principal) func(Team) TeamWire {
	return func(t Team) TeamWire {
		mine := false
		for _, id := range p.Teams {
			mine = mine || id == t.ID
		}
		return TeamWire{t.ID, t.Slug, t.Name, t.Description, string(t.Origin), t.Created, t.Members, t.Leads, t.Products, mine, p.Decides(t.ID)}
	}
}

type teamDetailWire struct {
	TeamWire
	Former         []string      `json:"former" doc:"Slugs that lead here too: old ones, and those of teams that it took over."`
	RedirectedFrom string        `json:"redirected_from,omitempty" doc:"What was asked for, when that is an old slug or a team that was merged into this one: correct the link."`
	People         []memberWire  `json:"people" doc:"Leads first."`
	Owns           []productWire `json:"owns"`
	Services       []string      `json:"services" doc:"Those that belong to the team and not to one of its products."`
}

type memberWire struct {
	UserID   string   `json:"user_id"`
	Name     string   `json:"name"`
	Email    string   `json:"email,omitempty" doc:"For whom may read users."`
	Role     string   `json:"role" enum:"operator,viewer,member,lead,admin"`
	Lead     bool     `json:"lead"`
	Disabled bool     `json:"disabled"`
	Sources  []string `json:"sources" doc:"Who says so: manual, file, oidc. The last two are changed there alone."`
}

func wireMember(p authz.Principal) func(Member) memberWire {
	return func(m Member) memberWire {
		w := memberWire{UserID: m.User, Name: m.Name, Role: string(m.Role), Lead: m.Lead, Disabled: m.Disabled,
			Sources: mapped(m.Sources, func(s Source) string { return string(s) })}
		if p.Allows(authz.UsersRead) {
			w.Email = m.Email
		}
		return w
	}
}

type productWire struct {
	ID          string    `json:"id"`
	Slug        string    `json:"slug"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Team        string    `json:"team" doc:"Id of the team that owns it."`
	Origin      string    `json:"origin" enum:"manual,file,oidc"`
	Created     time.Time `json:"created"`
}

func wireProduct(p Product) productWire {
	return productWire{p.ID, p.Slug, p.Name, p.Description, p.Team, string(p.Origin), p.Created}
}

func wireDetail(ctx context.Context, d TeamDetail, asked string) teamDetailWire {
	p := authz.From(ctx)
	w := teamDetailWire{
		TeamWire: wireTeam(p)(d.Team), Former: mapped(d.Former, same), People: mapped(d.People, wireMember(p)),
		Owns: mapped(d.Owns, wireProduct), Services: mapped(d.Services, same),
	}
	if asked != d.ID && asked != d.Slug {
		w.RedirectedFrom = asked
	}
	return w
}

func same(s string) string { return s }

type teamOut struct {
	ETag     string `header:"ETag"`
	Location string `header:"Content-Location"`
	Body     teamDetailWire
}

func teamTag(t Team) string { return api.ETag(stateOfTeam(t)) }

func outTeam(ctx context.Context, d TeamDetail, asked string) *teamOut {
	return &teamOut{teamTag(d.Team), api.Base + "/teams/" + d.ID, wireDetail(ctx, d, asked)}
}

type teamPath struct {
	Team string `path:"team" maxLength:"63" doc:"Id or slug, also one that it had."`
}

type teamInput struct {
	Body struct {
		Name        string `json:"name" maxLength:"400"`
		Slug        string `json:"slug,omitempty" maxLength:"63" doc:"Of the name, when missing."`
		Description string `json:"description,omitempty" maxLength:"2000"`
	}
}

type teamPatch struct {
	Team string `path:"team" maxLength:"63" doc:"Id or slug, also one that it had."`
	api.IfMatch
	Body struct {
		Name        *string `json:"name,omitempty" maxLength:"400"`
		Slug        *string `json:"slug,omitempty" maxLength:"63" doc:"The one before keeps leading here."`
		Description *string `json:"description,omitempty" maxLength:"2000"`
	}
}

type memberPath struct {
	Team string `path:"team" maxLength:"63"`
	User string `path:"user" maxLength:"32"`
}

type memberInput struct {
	Team string `path:"team" maxLength:"63"`
	User string `path:"user" maxLength:"32"`
	Body struct {
		Lead bool `json:"lead" doc:"Decides for the team: its members, products and services."`
	}
}

type mergeInput struct {
	Team string `path:"team" maxLength:"63" doc:"Id or slug, also one that it had."`
	Body struct {
		Into    string `json:"into" maxLength:"63" doc:"Id or slug of the team that takes it over."`
		Preview bool   `json:"preview,omitempty" doc:"Only say what would change."`
	}
}

type splitInput struct {
	Team string `path:"team" maxLength:"63" doc:"Id or slug, also one that it had."`
	Body struct {
		Name        string   `json:"name" maxLength:"400"`
		Slug        string   `json:"slug,omitempty" maxLength:"63"`
		Description string   `json:"description,omitempty" maxLength:"2000"`
		Members     []string `json:"members,omitempty" maxItems:"1000" doc:"Ids of users who go to the new team."`
		Both        []string `json:"both,omitempty" maxItems:"1000" doc:"Ids of users who belong to both."`
		Products    []string `json:"products,omitempty" maxItems:"1000" doc:"Ids or slugs; their services go with them."`
		Services    []string `json:"services,omitempty" maxItems:"10000" doc:"Of those that belong to the team and not to one of its products."`
		Preview     bool     `json:"preview,omitempty" doc:"Only say what would change."`
	}
}

type moveWire struct {
	From     TeamWire      `json:"from"`
	To       TeamWire      `json:"to"`
	Members  []memberWire  `json:"members" doc:"Who become members, or leads, of the other."`
	Products []productWire `json:"products"`
	Services []string      `json:"services"`
	Done     bool          `json:"done" doc:"False for a preview."`
}

func wireMove(ctx context.Context, m Move, preview bool) moveWire {
	p := authz.From(ctx)
	return moveWire{wireTeam(p)(m.From), wireTeam(p)(m.To), mapped(m.Members, wireMember(p)), mapped(m.Products, wireProduct), mapped(m.Services, same), !preview}
}

type productInput struct {
	Body struct {
		Name        string `json:"name" maxLength:"400"`
		Slug        string `json:"slug,omitempty" maxLength:"63"`
		Description string `json:"description,omitempty" maxLength:"2000"`
		Team        string `json:"team" maxLength:"63" doc:"Id or slug of the team that owns it."`
	}
}

type productPath struct {
	Product string `path:"product" maxLength:"63" doc:"Id or slug."`
}

type productPatch struct {
	Product string `path:"product" maxLength:"63" doc:"Id or slug."`
	api.IfMatch
	Body struct {
		Name        *string `json:"name,omitempty" maxLength:"400"`
		Slug        *string `json:"slug,omitempty" maxLength:"63"`
		Description *string `json:"description,omitempty" maxLength:"2000"`
		Team        *string `json:"team,omitempty" maxLength:"63"`
	}
}

type productOut struct {
	ETag string `header:"ETag"`
	Body productWire
}

func productTag(p Product) string { return api.ETag(stateOfProduct(p)) }

func outProduct(p Product) *productOut { return &productOut{productTag(p), wireProduct(p)} }

func (s *Service) teamRoutes(a *api.API) {
	const tag = "teams"
	api.Register(a, api.Op{ID: "list-teams", Method: "GET", Path: "/teams", Tag: tag, Permission: authz.TeamsRead,
		Summary: "List teams, by name"},
		func(ctx context.Context, _ *struct{}) (*api.Out[api.List[TeamWire]], error) {
			teams, err := s.Teams(ctx)
			return api.OK(api.ListOf(mapped(teams, wireTeam(authz.From(ctx))), "")), err
		})
	api.Register(a, api.Op{ID: "get-team", Method: "GET", Path: "/teams/{team}", Tag: tag, Permission: authz.TeamsRead,
		Summary: "Get a team with its people, products and services", Description: "Old slugs, and the ids and slugs of teams that were merged into it, find it too."},
		func(ctx context.Context, in *teamPath) (*teamOut, error) {
			d, err := s.Team(ctx, in.Team)
			return outTeam(ctx, d, in.Team), err
		})
	api.Register(a, api.Op{ID: "create-team", Method: "POST", Path: "/teams", Tag: tag, Permission: authz.TeamsWrite, Status: http.StatusCreated,
		Summary: "Create a team"},
		func(ctx context.Context, in *teamInput) (*teamOut, error) {
			d, err := s.AddTeam(ctx, Team{Name: in.Body.Name, Slug: in.Body.Slug, Description: in.Body.Description})
			return outTeam(ctx, d, d.ID), err
		})
	api.Register(a, api.Op{ID: "update-team", Method: "PATCH", Path: "/teams/{team}", Tag: tag, Permission: authz.TeamsLead,
		Summary: "Rename a team"},
		func(ctx context.Context, in *teamPatch) (*teamOut, error) {
			d, err := s.UpdateTeam(ctx, in.Team, TeamChange{in.Body.Name, in.Body.Slug, in.Body.Description},
				func(t Team) error { return in.Check(teamTag(t)) })
			return outTeam(ctx, d, d.ID), err
		})
	api.Register(a, api.Op{ID: "delete-team", Method: "DELETE", Path: "/teams/{team}", Tag: tag, Permission: authz.TeamsWrite,
		Summary: "Delete a team that owns nothing"},
		func(ctx context.Context, in *teamPath) (*struct{}, error) { return nil, s.RemoveTeam(ctx, in.Team) })
	api.Register(a, api.Op{ID: "put-team-member", Method: "PUT", Path: "/teams/{team}/members/{user}", Tag: tag, Permission: authz.TeamsLead,
		Summary: "Make a user a member or a lead of a team"},
		func(ctx context.Context, in *memberInput) (*teamOut, error) {
			d, err := s.PutMember(ctx, in.Team, in.User, in.Body.Lead)
			return outTeam(ctx, d, d.ID), err
		})
	api.Register(a, api.Op{ID: "remove-team-member", Method: "DELETE", Path: "/teams/{team}/members/{user}", Tag: tag, Permission: authz.TeamsLead, Status: http.StatusOK,
		Summary: "Take a user out of a team"},
		func(ctx context.Context, in *memberPath) (*teamOut, error) {
			d, err := s.RemoveMember(ctx, in.Team, in.User)
			return outTeam(ctx, d, d.ID), err
		})
	api.Register(a, api.Op{ID: "merge-team", Method: "POST", Path: "/teams/{team}/merge", Tag: tag, Permission: authz.TeamsWrite,
		Summary: "Merge a team into another, or show what that would change", Description: "Links to the merged team lead to the other from then on."},
		func(ctx context.Context, in *mergeInput) (*api.Out[moveWire], error) {
			m, err := s.Merge(ctx, in.Team, in.Body.Into, in.Body.Preview)
			return api.OK(wireMove(ctx, m, in.Body.Preview)), err
		})
	api.Register(a, api.Op{ID: "split-team", Method: "POST", Path: "/teams/{team}/split", Tag: tag, Permission: authz.TeamsWrite,
		Summary: "Make a new team of a part of another, or show what that would change"},
		func(ctx context.Context, in *splitInput) (*api.Out[moveWire], error) {
			b := in.Body
			m, err := s.Split(ctx, in.Team, SplitPlan{Team{Name: b.Name, Slug: b.Slug, Description: b.Description}, b.Members, b.Both, b.Products, b.Services}, b.Preview)
			return api.OK(wireMove(ctx, m, b.Preview)), err
		})

	api.Register(a, api.Op{ID: "list-products", Method: "GET", Path: "/products", Tag: tag, Permission: authz.TeamsRead,
		Summary: "List products, by name"},
		func(ctx context.Context, _ *struct{}) (*api.Out[api.List[productWire]], error) {
			all, err := s.Products(ctx)
			return api.OK(api.ListOf(mapped(all, wireProduct), "")), err
		})
	api.Register(a, api.Op{ID: "create-product", Method: "POST", Path: "/products", Tag: tag, Permission: authz.TeamsLead, Status: http.StatusCreated,
		Summary: "Create a product"},
		func(ctx context.Context, in *productInput) (*productOut, error) {
			p, err := s.AddProduct(ctx, Product{Name: in.Body.Name, Slug: in.Body.Slug, Description: in.Body.Description, Team: in.Body.Team})
			return outProduct(p), err
		})
	api.Register(a, api.Op{ID: "update-product", Method: "PATCH", Path: "/products/{product}", Tag: tag, Permission: authz.TeamsLead,
		Summary: "Change a product, or give it to another team"},
		func(ctx context.Context, in *productPatch) (*productOut, error) {
			p, err := s.UpdateProduct(ctx, in.Product, ProductChange{in.Body.Name, in.Body.Slug, in.Body.Description, in.Body.Team},
				func(p Product) error { return in.Check(productTag(p)) })
			return outProduct(p), err
		})
	api.Register(a, api.Op{ID: "delete-product", Method: "DELETE", Path: "/products/{product}", Tag: tag, Permission: authz.TeamsLead,
		Summary: "Delete a product that no service belongs to"},
		func(ctx context.Context, in *productPath) (*struct{}, error) {
			return nil, s.RemoveProduct(ctx, in.Product)
		})
}
