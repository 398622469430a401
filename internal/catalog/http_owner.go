package catalog

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// OwnerView is whose a service is, and who says so.
type OwnerView struct {
	Service     string      `json:"service"`
	Team        *NamedView  `json:"team,omitempty" doc:"Missing when it is nobody's."`
	TeamFrom    string      `json:"team_from,omitempty" enum:"manual,file,backstage,telemetry,product" doc:"Who says so; product: the team that owns the product. The order of the values is that in which they are believed."`
	Product     *NamedView  `json:"product,omitempty"`
	ProductFrom string      `json:"product_from,omitempty" enum:"manual,file,backstage,telemetry"`
	Problems    []string    `json:"problems" enum:"unknown_team,unknown_product,other_team,other_product,product_team" doc:"What does not agree: a team or product that is not there; a source that says another than the one that is believed; a product of another team than the service."`
	Claims      []ClaimView `json:"claims" doc:"All that is said, the most believed first."`
	FirstSeen   *time.Time  `json:"first_seen,omitempty" doc:"Missing when it never sent anything."`
	LastSeen    *time.Time  `json:"last_seen,omitempty" doc:"To some minutes."`
	Decides     bool        `json:"decides" doc:"The asker may change it."`
}

// NamedView is a team or a product.
type NamedView struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// ClaimView is what one source says.
type ClaimView struct {
	Source   string    `json:"source" enum:"manual,file,backstage,telemetry"`
	Document string    `json:"document,omitempty" doc:"Of a file."`
	Place    string    `json:"place,omitempty" doc:"Line of the file, or attribute=value."`
	Service  string    `json:"service" doc:"As it is written; * is any characters."`
	Team     string    `json:"team,omitempty" doc:"As it is written: id, slug or name."`
	Product  string    `json:"product,omitempty"`
	By       string    `json:"by,omitempty"`
	Time     time.Time `json:"time" doc:"When it was said, or seen last."`
	Problems []string  `json:"problems" enum:"unknown_team,unknown_product,other_team,other_product"`
}

func texts(problems []Problem) []string {
	out := make([]string, len(problems))
	for i, p := range problems {
		out[i] = string(p)
	}
	return out
}

func ownerView(p authz.Principal, o Owner) OwnerView {
	v := OwnerView{Service: o.Service, TeamFrom: string(o.TeamFrom), ProductFrom: string(o.ProductFrom), Problems: texts(o.Problems), Claims: make([]ClaimView, len(o.Claims)),
		Decides: p.Allows(authz.TeamsLead) && (p.Decides(o.Team.ID) || o.Team.ID == "")}
	if o.Team.ID != "" {
		v.Team = &NamedView{o.Team.ID, o.Team.Slug, o.Team.Name}
	}
	if o.Product.ID != "" {
		v.Product = &NamedView{o.Product.ID, o.Product.Slug, o.Product.Name}
	}
	if !o.LastSeen.IsZero() {
		v.FirstSeen, v.LastSeen = &o.FirstSeen, &o.LastSeen
	}
	for i, c := range o.Claims {
		v.Claims[i] = ClaimView{string(c.Source), c.Document, c.Place, c.Service, c.Team, c.Product, c.By, c.At, texts(c.Problems)}
	}
	return v
}

// ImportView is what came of a file.
type ImportView struct {
	Claims   int      `json:"claims"`
	Services []string `json:"services"`
	Teams    []string `json:"teams" doc:"Made, or to be made."`
	Products []string `json:"products" doc:"Made, or to be made."`
	Unknown  []string `json:"unknown" doc:"Teams and products that are named and not there. They count as soon as they are."`
	Left     []string `json:"left" doc:"What was not used, and why."`
	Done     bool     `json:"done" doc:"False for a preview."`
}

// DocumentView is a file of owners.
type DocumentView struct {
	Name       string     `json:"name"`
	Configured bool       `json:"configured" doc:"Named in the configuration; else handed in."`
	By         string     `json:"by,omitempty"`
	Time       *time.Time `json:"time,omitempty"`
	Claims     int        `json:"claims"`
	Left       []string   `json:"left" doc:"What of it is not used, and why."`
	Error      string     `json:"error,omitempty" doc:"Why it is not used as it is now; what it said before holds."`
}

type ownersInput struct {
	Team    string `query:"team" maxLength:"63" doc:"Only of this team, by id or slug."`
	Product string `query:"product" maxLength:"63" doc:"Only of this product, by id or slug."`
	State   string `query:"state" enum:",unowned,problems" doc:"Only nobody's, or only where something does not agree."`
	Search  string `query:"q" maxLength:"256" doc:"Only those whose name contains this."`
}

func (in ownersInput) selects(o Owner) bool {
	switch {
	case in.Team != "" && in.Team != o.Team.ID && in.Team != o.Team.Slug, in.Product != "" && in.Product != o.Product.ID && in.Product != o.Product.Slug,
		in.State == "unowned" && o.Team.ID != "", in.State == "problems" && len(o.Problems) == 0:
		return false
	}
	return strings.Contains(strings.ToLower(o.Service), strings.ToLower(in.Search))
}

type assignInput struct {
	Body struct {
		Services []string `json:"services" minItems:"1" maxItems:"1000"`
		Team     *string  `json:"team,omitempty" maxLength:"63" doc:"Id or slug; empty takes back what was said by hand."`
		Product  *string  `json:"product,omitempty" maxLength:"63"`
	}
}

type importInput struct {
	Body struct {
		Name    string `json:"name" maxLength:"400" doc:"The next import of this name replaces it."`
		Text    string `json:"text" maxLength:"4194304" doc:"YAML: ours, or Backstage's descriptors, also several documents."`
		Create  bool   `json:"create,omitempty" doc:"Make the teams and products that it names and that are not there."`
		Preview bool   `json:"preview,omitempty" doc:"Only say what would come of it."`
	}
}

// Routes adds the operations about owners.
func (s *Owners) Routes(a *api.API) {
	const tag = "owners"
	api.Register(a, api.Op{ID: "list-owners", Method: http.MethodGet, Path: "/owners", Tag: tag, Permission: authz.TeamsRead,
		Summary: "List whose each service is, and who says so"},
		func(ctx context.Context, in *ownersInput) (*api.Out[api.List[OwnerView]], error) {
			all, err := s.List(ctx)
			if err != nil {
				return nil, err
			}
			items := []OwnerView{}
			for _, o := range all {
				if in.selects(o) {
					items = append(items, ownerView(authz.From(ctx), o))
				}
			}
			return api.OK(api.ListOf(items, "")), nil
		})
	api.Register(a, api.Op{ID: "get-owner", Method: http.MethodGet, Path: "/owners/service", Tag: tag, Permission: authz.TeamsRead,
		Summary: "Whose a service is, and who says so"},
		func(ctx context.Context, in *struct {
			Name string `query:"name" required:"true" maxLength:"256"`
		}) (*api.Out[OwnerView], error) {
			o, err := s.Of(ctx, in.Name)
			return api.OK(ownerView(authz.From(ctx), o)), err
		})
	api.Register(a, api.Op{ID: "assign-owner", Method: http.MethodPut, Path: "/owners", Tag: tag, Permission: authz.TeamsLead,
		Summary: "Say by hand whose services are"},
		func(ctx context.Context, in *assignInput) (*api.Out[api.List[OwnerView]], error) {
			if err := s.Assign(ctx, Assignment{in.Body.Services, in.Body.Team, in.Body.Product}); err != nil {
				return nil, err
			}
			all, err := s.List(ctx)
			items := []OwnerView{}
			for _, o := range all {
				if slices.Contains(in.Body.Services, o.Service) {
					items = append(items, ownerView(authz.From(ctx), o))
				}
			}
			return api.OK(api.ListOf(items, "")), err
		})
	api.Register(a, api.Op{ID: "import-owners", Method: http.MethodPost, Path: "/owners/import", Tag: tag, Permission: authz.TeamsWrite, MaxBody: 5 << 20,
		Summary: "Take over what a file says of owners: ours, or Backstage's catalog-info.yaml"},
		func(ctx context.Context, in *importInput) (*api.Out[ImportView], error) {
			b := in.Body
			r, err := s.Import(ctx, b.Name, b.Text, b.Create, b.Preview)
			return api.OK(ImportView{r.Claims, filled(r.Services), filled(r.Teams), filled(r.Products), filled(r.Unknown), filled(r.Left), !b.Preview}), err
		})
	api.Register(a, api.Op{ID: "list-owner-files", Method: http.MethodGet, Path: "/owners/files", Tag: tag, Permission: authz.TeamsWrite,
		Summary: "List the files that say whose services are"},
		func(ctx context.Context, _ *struct{}) (*api.Out[api.List[DocumentView]], error) {
			all, err := s.Documents(ctx)
			items := make([]DocumentView, len(all))
			for i, d := range all {
				items[i] = DocumentView{Name: d.Name, Configured: d.Configured, By: d.By, Claims: d.Claims, Left: filled(d.Left), Error: told(d.Err, api.Lang(ctx))}
				if !d.At.IsZero() {
					items[i].Time = &d.At
				}
			}
			return api.OK(api.ListOf(items, "")), err
		})
	api.Register(a, api.Op{ID: "forget-owner-file", Method: http.MethodDelete, Path: "/owners/files", Tag: tag, Permission: authz.TeamsWrite,
		Summary: "Take back what an imported file said"},
		func(ctx context.Context, in *struct {
			Name string `query:"name" required:"true" maxLength:"400"`
		}) (*struct{}, error) {
			return nil, s.Forget(ctx, in.Name)
		})
}

func told(err error, lang i18n.Lang) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Text.In(lang)
}
