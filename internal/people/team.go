package people

import (
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
)

// Source says who said something about a person or a team.
type Source string

// The sources of teams and memberships.
const (
	Manual   Source = "manual" // somebody, by the UI, the API or the CLI
	FromFile Source = "file"   // the teams file
	FromOIDC Source = "oidc"   // the groups of the identity provider
)

// Team is a group of people that owns products and services. Its ID never changes; its
// name and slug may, and a team that was merged goes on as the one that took it over.
type Team struct {
	ID          string
	Slug        string // in addresses and files: payments
	Name        string
	Description string
	Origin      Source
	Created     time.Time
	MergedInto  string // id of the team that took it over; "" while it is there
	Merged      time.Time

	// How many there are, in lists.
	Members, Leads, Products int
}

// Product is what a team owns and services belong to.
type Product struct {
	ID          string
	Slug        string
	Name        string
	Description string
	Team        string // id
	Origin      Source
	Created     time.Time
}

// Membership is a person in a team.
type Membership struct {
	Team, User string // ids
	Lead       bool
	Sources    []Source // all that say so
}

var (
	slugForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	slugGap  = regexp.MustCompile(`[^a-z0-9]+`)
)

// Slugify makes a slug of a name, as far as it is written in Latin letters; else "".
func Slugify(name string) string {
	s := slugGap.ReplaceAllString(strings.ToLower(norm.NFKC.String(name)), "-")
	return strings.Trim(s[:min(len(s), 60)], "-")
}

// named checks and normalises what teams and products have in common.
func named(e *problems, slug, name, description *string, ownID string) {
	*slug = strings.ToLower(strings.TrimSpace(norm.NFKC.String(*slug)))
	*name, *description = strings.TrimSpace(norm.NFC.String(*name)), strings.TrimSpace(norm.NFC.String(*description))
	e.name("name", *name)
	if *slug == "" {
		*slug = Slugify(*name)
	}
	if *slug == "" {
		*slug = ownID // a name in Japanese letters; the id does until somebody gives a better one
	}
	if !slugForm.MatchString(*slug) {
		e.add("slug", i18n.T("A slug has lower-case letters, digits and hyphens, at most 63, and begins and ends with a letter or digit.",
			"スラッグは英小文字・数字・ハイフンで 63 文字以内とし、先頭と末尾は英数字にしてください。"))
	}
	if len(*description) > 2000 {
		e.add("description", i18n.T("A description has at most 2000 bytes.", "説明は 2000 バイト以内で入力してください。"))
	}
}

// Validate checks what people typed, and gives a new team its id.
func (t *Team) Validate() error {
	var e problems
	if t.ID == "" {
		t.ID = id.New()
	}
	named(&e, &t.Slug, &t.Name, &t.Description, t.ID)
	return e.join()
}

// Validate checks what people typed, and gives a new product its id.
func (p *Product) Validate() error {
	var e problems
	if p.ID == "" {
		p.ID = id.New()
	}
	named(&e, &p.Slug, &p.Name, &p.Description, p.ID)
	if p.Team == "" {
		e.add("team", i18n.T("A product needs a team that owns it.", "プロダクトを担当するチームを指定してください。"))
	}
	return e.join()
}

type teamState struct {
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	MergedInto  string `json:"merged_into,omitempty"`
}

func stateOfTeam(t Team) teamState { return teamState{t.Slug, t.Name, t.Description, t.MergedInto} }

type productState struct {
	Slug        string `json:"slug"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Team        string `json:"team"`
}

func stateOfProduct(p Product) productState {
	return productState{p.Slug, p.Name, p.Description, p.Team}
}

type memberState struct {
	UserID string `json:"user_id"`
	User   string `json:"user"`
	Lead   bool   `json:"lead"`
	Source Source `json:"source"`
}
