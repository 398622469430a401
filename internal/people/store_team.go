package people

import (
	"errors"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

const teamColumns = "id, slug, name, description, origin, merged_into, created_at, merged_at"

func scanTeam(r sqldb.Row) (t Team, err error) {
	var created, merged int64
	err = r.Scan(&t.ID, &t.Slug, &t.Name, &t.Description, &t.Origin, &t.MergedInto, &created, &merged)
	t.Created, t.Merged = sqldb.Time(created), sqldb.Time(merged)
	return t, err
}

var (
	errNoTeam    = fault.New(fault.NotFound, i18n.T("There is no such team.", "チームが見つかりません。"))
	errNoProduct = fault.New(fault.NotFound, i18n.T("There is no such product.", "プロダクトが見つかりません。"))
)

func slugTaken(err error) error {
	if sqldb.IsUnique(err) {
		return &fault.Error{Code: fault.Conflict, Field: "slug", Cause: err, Text: i18n.T(
			"This slug is taken, or was another one's before and its links still lead there.",
			"このスラッグは使用中か、以前に使われていたもので、そのリンクがまだ有効です。")}
	}
	return err
}

func insertTeam(tx *sqldb.Tx, t Team) error {
	if err := slugFree(tx, t.Slug, t.ID); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO people_team (`+teamColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.ID, t.Slug, t.Name, t.Description, string(t.Origin), t.MergedInto, sqldb.Nanos(t.Created), sqldb.Nanos(t.Merged))
	return slugTaken(err)
}

// slugFree refuses a slug that leads to another team.
func slugFree(tx *sqldb.Tx, slug, team string) error {
	var n int
	err := tx.QueryRow(`SELECT (SELECT count(*) FROM people_team WHERE slug = $1 AND id <> $2) + (SELECT count(*) FROM people_team_slug WHERE slug = $1 AND team_id <> $2)`, slug, team).Scan(&n)
	if err == nil && n > 0 {
		err = &fault.Error{Code: fault.Conflict, Field: "slug", Text: i18n.T(
			"This slug is taken, or was another team's before and its links still lead there.",
			"このスラッグは使用中か、以前に別のチームで使われていたもので、そのリンクがまだ有効です。")}
	}
	return err
}

// updateTeam keeps the slug that it had, so that links lead to it.
func updateTeam(tx *sqldb.Tx, was, t Team) error {
	if was.Slug != t.Slug {
		if err := slugFree(tx, t.Slug, t.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM people_team_slug WHERE slug = $1`, t.Slug); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO people_team_slug (slug, team_id) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING`, was.Slug, t.ID); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`UPDATE people_team SET slug = $2, name = $3, description = $4, merged_into = $5, merged_at = $6 WHERE id = $1`,
		t.ID, t.Slug, t.Name, t.Description, t.MergedInto, sqldb.Nanos(t.Merged))
	return slugTaken(err)
}

func deleteTeam(tx *sqldb.Tx, id string) error {
	if _, err := tx.Exec(`DELETE FROM people_team WHERE merged_into = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM people_team WHERE id = $1`, id)
	return err
}

// listTeams lists all, also merged ones, by name.
func listTeams(tx *sqldb.Tx) ([]Team, error) {
	teams, err := sqldb.Collect(tx, scanTeam, `SELECT `+teamColumns+` FROM people_team`)
	if err != nil {
		return nil, err
	}
	at := map[string]*Team{}
	for i := range teams {
		at[teams[i].ID] = &teams[i]
	}
	members, err := listMembers(tx, "")
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if t := at[m.Team]; t != nil {
			t.Members++
			if m.Lead {
				t.Leads++
			}
		}
	}
	products, err := listProducts(tx)
	if err != nil {
		return nil, err
	}
	for _, p := range products {
		if t := at[p.Team]; t != nil {
			t.Products++
		}
	}
	slices.SortFunc(teams, func(a, b Team) int {
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return teams, nil
}

// teamByRef finds a team by its id, its slug or a slug that it had, and follows a merger.
func teamByRef(tx *sqldb.Tx, ref string) (Team, error) {
	for _, query := range []string{
		`SELECT ` + teamColumns + ` FROM people_team WHERE id = $1`,
		`SELECT ` + teamColumns + ` FROM people_team WHERE slug = $1`,
		`SELECT ` + teamColumns + ` FROM people_team WHERE id = (SELECT team_id FROM people_team_slug WHERE slug = $1)`,
	} {
		t, err := scanTeam(tx.QueryRow(query, ref))
		if errors.Is(err, sqldb.ErrNoRows) {
			continue
		}
		if err != nil || t.MergedInto == "" {
			return t, err
		}
		t, err = scanTeam(tx.QueryRow(`SELECT `+teamColumns+` FROM people_team WHERE id = $1`, t.MergedInto))
		if errors.Is(err, sqldb.ErrNoRows) {
			return t, errNoTeam
		}
		return t, err
	}
	return Team{}, errNoTeam
}

// formerSlugs are those that lead to a team beside its own: those it had, and those of
// the teams that it took over.
func formerSlugs(tx *sqldb.Tx, team string) ([]string, error) {
	slugs, err := sqldb.Collect(tx, func(r sqldb.Row) (s string, err error) { err = r.Scan(&s); return s, err },
		`SELECT slug FROM people_team_slug WHERE team_id = $1 OR team_id IN (SELECT id FROM people_team WHERE merged_into = $1)
		UNION SELECT slug FROM people_team WHERE merged_into = $1`, team)
	slices.Sort(slugs)
	return slugs, err
}

// mergeTeam lets from, and what it took over before, go on as into.
func mergeTeam(tx *sqldb.Tx, from, into Team) error {
	for _, query := range []string{
		`UPDATE people_team SET merged_into = $2 WHERE merged_into = $1`,
		`UPDATE people_product SET team_id = $2 WHERE team_id = $1`,
		// A lead stays one, also where they were a mere member of the other.
		`UPDATE people_member SET lead = (1 = 1) WHERE team_id = $2 AND lead = (1 = 0) AND EXISTS (SELECT 1 FROM people_member f
			WHERE f.team_id = $1 AND f.user_id = people_member.user_id AND f.source = people_member.source AND f.lead)`,
		`INSERT INTO people_member (team_id, user_id, source, lead) SELECT $2, user_id, source, lead FROM people_member f WHERE f.team_id = $1
			AND NOT EXISTS (SELECT 1 FROM people_member t WHERE t.team_id = $2 AND t.user_id = f.user_id AND t.source = f.source)`,
	} {
		if _, err := tx.Exec(query, from.ID, into.ID); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`DELETE FROM people_member WHERE team_id = $1`, from.ID)
	return err
}

// listMembers lists the people of a team, or of all teams, or ("" team) all.
func listMembers(tx *sqldb.Tx, team string) ([]Membership, error) {
	return collectMembers(tx, `SELECT team_id, user_id, source, lead FROM people_member WHERE $1 = '' OR team_id = $1`, team)
}

func membershipsOf(tx *sqldb.Tx, user string) ([]Membership, error) {
	return collectMembers(tx, `SELECT team_id, user_id, source, lead FROM people_member WHERE user_id = $1`, user)
}

// collectMembers joins what several sources say of one person in one team.
func collectMembers(tx *sqldb.Tx, query string, arg string) ([]Membership, error) {
	type key struct{ team, user string }
	at := map[key]int{}
	var out []Membership
	err := tx.Each(func(r sqldb.Row) error {
		var k key
		var source Source
		var lead bool
		if err := r.Scan(&k.team, &k.user, &source, &lead); err != nil {
			return err
		}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Membership{Team: k.team, User: k.user})
		}
		out[i].Lead = out[i].Lead || lead
		out[i].Sources = append(out[i].Sources, source)
		return nil
	}, query, arg)
	for i := range out {
		slices.Sort(out[i].Sources)
	}
	slices.SortFunc(out, func(a, b Membership) int {
		if c := strings.Compare(a.Team, b.Team); c != 0 {
			return c
		}
		return strings.Compare(a.User, b.User)
	})
	return out, err
}

// membersBySource are the teams that one source puts a person in, and whether as a lead.
func membersBySource(tx *sqldb.Tx, user string, source Source) (map[string]bool, error) {
	out := map[string]bool{}
	err := tx.Each(func(r sqldb.Row) error {
		var team string
		var lead bool
		err := r.Scan(&team, &lead)
		out[team] = lead
		return err
	}, `SELECT team_id, lead FROM people_member WHERE user_id = $1 AND source = $2`, user, string(source))
	return out, err
}

func putMember(tx *sqldb.Tx, team, user string, source Source, lead bool) error {
	_, err := tx.Exec(`INSERT INTO people_member (team_id, user_id, source, lead) VALUES ($1, $2, $3, $4)
		ON CONFLICT (team_id, user_id, source) DO UPDATE SET lead = excluded.lead`, team, user, string(source), lead)
	return err
}

func removeMember(tx *sqldb.Tx, team, user string, source Source) (bool, error) {
	n, err := tx.Exec(`DELETE FROM people_member WHERE team_id = $1 AND user_id = $2 AND source = $3`, team, user, string(source))
	return n > 0, err
}

const productColumns = "id, slug, name, description, team_id, origin, created_at"

func scanProduct(r sqldb.Row) (p Product, err error) {
	var created int64
	err = r.Scan(&p.ID, &p.Slug, &p.Name, &p.Description, &p.Team, &p.Origin, &created)
	p.Created = sqldb.Time(created)
	return p, err
}

func insertProduct(tx *sqldb.Tx, p Product) error {
	_, err := tx.Exec(`INSERT INTO people_product (`+productColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		p.ID, p.Slug, p.Name, p.Description, p.Team, string(p.Origin), sqldb.Nanos(p.Created))
	return slugTaken(err)
}

func updateProduct(tx *sqldb.Tx, p Product) error {
	_, err := tx.Exec(`UPDATE people_product SET slug = $2, name = $3, description = $4, team_id = $5 WHERE id = $1`,
		p.ID, p.Slug, p.Name, p.Description, p.Team)
	return slugTaken(err)
}

func deleteProduct(tx *sqldb.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM people_product WHERE id = $1`, id)
	return err
}

func listProducts(tx *sqldb.Tx) ([]Product, error) {
	all, err := sqldb.Collect(tx, scanProduct, `SELECT `+productColumns+` FROM people_product`)
	slices.SortFunc(all, func(a, b Product) int {
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, err
}

func productByRef(tx *sqldb.Tx, ref string) (Product, error) {
	p, err := scanProduct(tx.QueryRow(`SELECT `+productColumns+` FROM people_product WHERE id = $1 OR slug = $1 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1`, ref))
	if errors.Is(err, sqldb.ErrNoRows) {
		return p, errNoProduct
	}
	return p, err
}
