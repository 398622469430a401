package people

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Directory is all teams and products at one moment, to resolve what people, files and
// attributes call them.
type Directory struct {
	teams    map[string]Team // those that are there, by id
	refs     map[string]string
	products map[string]Product
	names    map[string]string // folded names of teams; "" where two have the same
}

func directory(tx *sqldb.Tx) (Directory, error) {
	d := Directory{teams: map[string]Team{}, refs: map[string]string{}, products: map[string]Product{}, names: map[string]string{}}
	teams, err := listTeams(tx)
	if err != nil {
		return d, err
	}
	err = tx.Each(func(r sqldb.Row) error {
		var slug, team string
		err := r.Scan(&slug, &team)
		d.refs[slug] = team
		return err
	}, `SELECT slug, team_id FROM people_team_slug`)
	if err != nil {
		return d, err
	}
	for _, t := range teams {
		d.refs[t.ID], d.refs[t.Slug] = t.ID, t.ID
		if t.MergedInto == "" {
			d.teams[t.ID] = t
			d.name(t.Name, t.ID)
		}
	}
	for ref, team := range d.refs {
		for _, t := range teams {
			if t.ID == team && t.MergedInto != "" {
				d.refs[ref] = t.MergedInto
			}
		}
	}
	products, err := listProducts(tx)
	for _, p := range products {
		d.products[p.ID], d.products[p.Slug] = p, p
		d.productName(p)
	}
	return d, err
}

func (d Directory) name(name, id string) {
	key := fold(name)
	if other, taken := d.names[key]; taken && other != id {
		id = "" // two of one name: nobody can know which is meant
	}
	d.names[key] = id
}

func (d Directory) productName(p Product) {
	key := "name:" + fold(p.Name)
	if other, taken := d.products[key]; taken && other.ID != p.ID {
		p = Product{}
	}
	d.products[key] = p
}

func fold(s string) string { return emailKey(s) }

// Team finds a team by an id, a slug, a slug it had, or its name as it is written now.
func (d Directory) Team(ref string) (Team, bool) {
	ref = strings.TrimSpace(ref)
	id, ok := d.refs[ref]
	if !ok {
		id, ok = d.refs[strings.ToLower(ref)]
	}
	if !ok {
		id = d.names[fold(ref)]
	}
	t, ok := d.teams[id]
	return t, ok
}

// Product finds a product by its id, slug or name.
func (d Directory) Product(ref string) (Product, bool) {
	ref = strings.TrimSpace(ref)
	for _, key := range []string{ref, strings.ToLower(ref), "name:" + fold(ref)} {
		if p := d.products[key]; p.ID != "" {
			return p, true
		}
	}
	return Product{}, false
}
