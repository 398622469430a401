package people

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// TeamsFile is what a file says of teams and products. What it says of a team wins at
// each start; whom it names is a member as soon as they have an account.
type TeamsFile struct {
	Teams    []FileTeam    `yaml:"teams"`
	Products []FileProduct `yaml:"products"`
}

// FileTeam is a team in the file. People are e-mail addresses.
type FileTeam struct {
	Slug        string   `yaml:"slug"`
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Members     []string `yaml:"members"`
	Leads       []string `yaml:"leads"`
}

// FileProduct is a product in the file.
type FileProduct struct {
	Slug        string `yaml:"slug"`
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Team        string `yaml:"team"`
}

// ParseTeamsFile reads a file. Its fault names what is wrong, as field.
func ParseTeamsFile(field string, text []byte) (*TeamsFile, error) {
	var f TeamsFile
	if err := yaml.UnmarshalWithOptions(text, &f, yaml.Strict()); err != nil && len(strings.TrimSpace(string(text))) > 0 {
		msg := yaml.FormatError(err, false, true)
		return nil, fault.Field(field, i18n.F("This is not a file of teams: %s", "チームのファイルとして読み取れません: %s", msg))
	}
	var e problems
	seen := map[string]bool{}
	for _, t := range f.Teams {
		team := Team{Slug: t.Slug, Name: t.Name, Description: t.Description}
		if t.Slug == "" || seen["team "+t.Slug] {
			e.add(field, i18n.F("The team %q needs a slug that no other has.", "チーム %q には、重複しないスラッグが必要です。", t.Name))
		}
		seen["team "+t.Slug] = true
		if err := team.Validate(); err != nil {
			e.add(field, i18n.F("The team %q: %s", "チーム %q: %s", t.Slug, fault.Of(err).Text.En))
		}
	}
	for _, p := range f.Products {
		if p.Slug == "" || seen["product "+p.Slug] {
			e.add(field, i18n.F("The product %q needs a slug that no other has.", "プロダクト %q には、重複しないスラッグが必要です。", p.Name))
		}
		seen["product "+p.Slug] = true
		product := Product{Slug: p.Slug, Name: p.Name, Description: p.Description, Team: p.Team}
		if err := product.Validate(); err != nil {
			e.add(field, i18n.F("The product %q: %s", "プロダクト %q: %s", p.Slug, fault.Of(err).Text.En))
		}
	}
	return &f, e.join()
}

// ApplyTeamsFile makes the teams and products of the file, and its people members. What
// was taken out of the file stays, as others may have come to need it; but whom it does
// not name any more is no member by it.
func (s *Service) ApplyTeamsFile(ctx context.Context) error {
	ctx = authz.With(ctx, authz.System("teams_file"))
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if s.file != nil {
			if err := s.importTeams(ctx, tx, *s.file, FromFile); err != nil {
				return err
			}
		}
		users, err := listUsers(tx)
		if err != nil {
			return err
		}
		for _, u := range users {
			if err := s.applyFile(ctx, tx, u); err != nil {
				return err
			}
		}
		return nil
	})
}

// ImportTeams makes and changes teams and products as a file says, once: as if by hand.
func (s *Service) ImportTeams(ctx context.Context, f TeamsFile) error {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := s.importTeams(ctx, tx, f, Manual); err != nil {
			return err
		}
		for _, ft := range f.Teams {
			t, err := teamByRef(tx, ft.Slug)
			if err != nil {
				return err
			}
			for _, email := range slices.Concat(ft.Members, ft.Leads) {
				u, err := userByEmail(tx, email)
				if fault.Is(err, fault.NotFound) {
					return fault.Field("file", i18n.F("%[1]q of the team %[2]s has no account.", "チーム %[2]s の %[1]q にはアカウントがありません。", email, ft.Slug))
				}
				if err != nil {
					return err
				}
				lead := u.Role != authz.Operator && slices.ContainsFunc(ft.Leads, sameEmail(email))
				if err := s.member(ctx, tx, t, u, Manual, &lead); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func sameEmail(a string) func(string) bool {
	return func(b string) bool { return emailKey(a) == emailKey(b) }
}

func (s *Service) importTeams(ctx context.Context, tx *sqldb.Tx, f TeamsFile, origin Source) error {
	for _, ft := range f.Teams {
		was, err := teamByRef(tx, ft.Slug)
		switch {
		case fault.Is(err, fault.NotFound):
			t := Team{Slug: ft.Slug, Name: ft.Name, Description: ft.Description, Origin: origin}
			if err := t.Validate(); err != nil {
				return err
			}
			err = s.createTeam(ctx, tx, &t)
		case err == nil && was.Slug == ft.Slug: // not one that it became by a merger or a new slug
			c := TeamChange{Name: &ft.Name}
			if ft.Description != "" {
				c.Description = &ft.Description
			}
			err = s.renameTeam(ctx, tx, was, c)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	for _, fp := range f.Products {
		t, err := teamByRef(tx, fp.Team)
		if fault.Is(err, fault.NotFound) {
			return fault.Field("teams_file", i18n.F("The product %[1]s is of the team %[2]q, which is not there.", "プロダクト %[1]s のチーム %[2]q がありません。", fp.Slug, fp.Team))
		}
		if err != nil {
			return err
		}
		was, err := productByRef(tx, fp.Slug)
		p := was
		p.Slug, p.Name, p.Description, p.Team = fp.Slug, fp.Name, fp.Description, t.ID
		switch {
		case fault.Is(err, fault.NotFound):
			p.Origin = origin
			err = errors.Join(p.Validate(), s.createProduct(ctx, tx, &p))
		case err == nil:
			if err = p.Validate(); err == nil {
				err = s.saveProduct(ctx, tx, was, p)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// applyFile puts a person in the teams in which the file names them, and out of others
// where it had put them.
func (s *Service) applyFile(ctx context.Context, tx *sqldb.Tx, u User) error {
	want := map[string]bool{}
	if s.file != nil {
		for _, ft := range s.file.Teams {
			lead := slices.ContainsFunc(ft.Leads, sameEmail(u.Email))
			if !lead && !slices.ContainsFunc(ft.Members, sameEmail(u.Email)) {
				continue
			}
			t, err := teamByRef(tx, ft.Slug)
			if fault.Is(err, fault.NotFound) {
				continue // deleted since; it comes back at the next start
			}
			if err != nil {
				return err
			}
			want[t.ID] = want[t.ID] || lead
		}
	}
	return s.syncMembers(authz.With(ctx, authz.System("teams_file")), tx, u, FromFile, want)
}

// sortedKeys makes audits read the same each time.
func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
