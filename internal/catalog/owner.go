package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/people"
)

// Source says where it is said whose a service is.
type Source string

// The sources, in the order in which they are believed: a person before a file of ours
// before Backstage's before what the service says of itself. FromProduct is a team that
// nobody named: the one that owns the product.
const (
	Manual      Source = "manual"
	FromFile    Source = "file"
	Backstage   Source = "backstage"
	Telemetry   Source = "telemetry"
	FromProduct Source = "product"
)

// Precedence is the stated order.
var Precedence = []Source{Manual, FromFile, Backstage, Telemetry, FromProduct}

// Claim is what one source says of a service, as it is written there.
type Claim struct {
	Source   Source
	Document string // file or descriptor
	Service  string // * matches any characters, in files
	Place    string // line; attribute=value
	Team     string // a team's id, slug or name; "" says nothing of the team
	Product  string
	By       string // who said so
	At       time.Time
}

// Problem is why a claim, or a part of it, does not count.
type Problem string

// The problems.
const (
	NoTeam        Problem = "unknown_team"
	NoProduct     Problem = "unknown_product"
	OtherTeam     Problem = "other_team"    // a source that is believed more says another
	OtherProduct  Problem = "other_product" // the same
	ProductsOther Problem = "product_team"  // the product is another team's than the service
)

// Judged is a claim with what became of it.
type Judged struct {
	Claim
	TeamID, ProductID string // what it resolves to; "" when it names none, or none that is there
	Problems          []Problem
}

// Owner is whose a service is.
type Owner struct {
	Service               string
	Team                  people.Team // zero: nobody's
	Product               people.Product
	TeamFrom, ProductFrom Source // "" when there is none
	Claims                []Judged
	Problems              []Problem // all that the claims have, each once
	FirstSeen, LastSeen   time.Time // zero: only named, never seen
}

// Resolve decides whose a service is, of claims that may be about others too. For the
// team and for the product, each by itself, the first claim counts that names one that is
// there: by source, then an exact name before a pattern, a longer pattern before a
// shorter, what was said or seen last before what was earlier.
func Resolve(service string, claims []Claim, dir people.Directory) Owner {
	o := Owner{Service: service}
	for _, c := range claims {
		if !matches(c.Service, service) {
			continue
		}
		j := Judged{Claim: c}
		if t, ok := dir.Team(c.Team); ok {
			j.TeamID = t.ID
		} else if c.Team != "" {
			j.Problems = append(j.Problems, NoTeam)
		}
		if p, ok := dir.Product(c.Product); ok {
			j.ProductID = p.ID
		} else if c.Product != "" {
			j.Problems = append(j.Problems, NoProduct)
		}
		o.Claims = append(o.Claims, j)
	}
	slices.SortStableFunc(o.Claims, believed)
	for _, c := range o.Claims {
		if c.TeamID != "" && o.TeamFrom == "" {
			o.Team, _ = dir.Team(c.TeamID)
			o.TeamFrom = c.Source
		}
		if c.ProductID != "" && o.ProductFrom == "" {
			o.Product, _ = dir.Product(c.ProductID)
			o.ProductFrom = c.Source
		}
	}
	if o.ProductFrom != "" {
		if t, ok := dir.Team(o.Product.Team); ok && o.TeamFrom == "" {
			o.Team, o.TeamFrom = t, FromProduct
		} else if ok && t.ID != o.Team.ID {
			o.Problems = append(o.Problems, ProductsOther)
		}
	}
	for i := range o.Claims {
		c := &o.Claims[i]
		// That an exact name goes before a pattern beside it is meant so.
		pattern := strings.Contains(c.Service, "*")
		if c.TeamID != "" && c.TeamID != o.Team.ID && !(pattern && c.Source == o.TeamFrom) {
			c.Problems = append(c.Problems, OtherTeam)
		}
		if c.ProductID != "" && c.ProductID != o.Product.ID && !(pattern && c.Source == o.ProductFrom) {
			c.Problems = append(c.Problems, OtherProduct)
		}
		for _, p := range c.Problems {
			if !slices.Contains(o.Problems, p) {
				o.Problems = append(o.Problems, p)
			}
		}
	}
	slices.Sort(o.Problems)
	return o
}

func believed(a, b Judged) int {
	literal := func(c Judged) int { return len(strings.ReplaceAll(c.Service, "*", "")) }
	star := func(c Judged) int { return min(strings.Count(c.Service, "*"), 1) }
	return cmp.Or(
		cmp.Compare(slices.Index(Precedence, a.Source), slices.Index(Precedence, b.Source)),
		cmp.Compare(star(a), star(b)),
		cmp.Compare(literal(b), literal(a)),
		b.At.Compare(a.At),
		cmp.Compare(a.Document, b.Document),
		cmp.Compare(a.Place, b.Place),
	)
}

// matches says that a name fits a pattern, whose stars stand for any characters.
func matches(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		piece, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(name, piece)
		}
		i := strings.Index(name, piece)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(piece):], more
	}
}
