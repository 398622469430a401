package people

import (
	"context"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Ownership is what teams ask of the room that knows which services they own. Its calls
// are part of the transaction.
type Ownership interface {
	// OwnedBy names the services that belong to a team, not by way of a product, or to a
	// product.
	OwnedBy(ctx context.Context, tx *sqldb.Tx, team, product string) ([]string, error)
	// Reassign gives services to a team, as if by hand.
	Reassign(ctx context.Context, tx *sqldb.Tx, services []string, team string) error
}

// noOwnership is when nobody knows of services.
type noOwnership struct{}

func (noOwnership) OwnedBy(context.Context, *sqldb.Tx, string, string) ([]string, error) {
	return nil, nil
}

func (noOwnership) Reassign(context.Context, *sqldb.Tx, []string, string) error { return nil }

// BindOwnership says who knows which services teams own. It is called before anything else.
func (s *Service) BindOwnership(o Ownership) { s.owned = o }

// Teams lists the teams that are there, by name; who is restricted sees their own.
func (s *Service) Teams(ctx context.Context) ([]Team, error) {
	if err := authz.Can(ctx, authz.TeamsRead); err != nil {
		return nil, err
	}
	var all []Team
	err := s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { all, err = listTeams(tx); return err })
	p := authz.From(ctx)
	return slices.DeleteFunc(all, func(t Team) bool { return t.MergedInto != "" || !sees(p, t.ID) }), err
}

func sees(p authz.Principal, team string) bool {
	return !p.Restricted() || slices.Contains(p.Teams, team)
}

// Directory is all teams, also merged ones, and products, for rooms that resolve names.
// It asks for no permission.
func (s *Service) Directory(ctx context.Context, tx *sqldb.Tx) (d Directory, err error) {
	read := func(tx *sqldb.Tx) (err error) {
		d, err = directory(tx)
		return err
	}
	if tx != nil {
		return d, read(tx)
	}
	err = s.db.Read(ctx, read)
	return d, err
}

// TeamDetail is a team with who and what belongs to it.
type TeamDetail struct {
	Team
	Former   []string // slugs that lead here too
	People   []Member
	Owns     []Product
	Services []string // not by way of a product
}

// Member is a person in a team, with their name.
type Member struct {
	Membership
	Name, Email string
	Role        authz.Role
	Disabled    bool
}

// Team finds a team by its id, its slug, or one that was its or that of a team it took
// over.
func (s *Service) Team(ctx context.Context, ref string) (d TeamDetail, err error) {
	if err := authz.Can(ctx, authz.TeamsRead); err != nil {
		return d, err
	}
	err = s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { d, err = s.detail(ctx, tx, ref); return err })
	if err == nil && !sees(authz.From(ctx), d.ID) {
		err = errNoTeam
	}
	return d, err
}

func (s *Service) detail(ctx context.Context, tx *sqldb.Tx, ref string) (d TeamDetail, err error) {
	if d.Team, err = teamByRef(tx, ref); err != nil {
		return d, err
	}
	if d.Former, err = formerSlugs(tx, d.ID); err != nil {
		return d, err
	}
	members, err := listMembers(tx, d.ID)
	if err != nil {
		return d, err
	}
	users, err := listUsers(tx)
	if err != nil {
		return d, err
	}
	for _, u := range users {
		i := slices.IndexFunc(members, func(m Membership) bool { return m.User == u.ID })
		if i < 0 {
			continue
		}
		d.People = append(d.People, Member{Membership: members[i], Name: u.Name, Email: u.Email, Role: u.Role, Disabled: u.Disabled})
		d.Members++
		if members[i].Lead {
			d.Leads++
		}
	}
	slices.SortStableFunc(d.People, func(a, b Member) int {
		switch {
		case a.Lead == b.Lead:
			return strings.Compare(fold(a.Name), fold(b.Name))
		case a.Lead:
			return -1
		}
		return 1
	})
	all, err := listProducts(tx)
	d.Owns = slices.DeleteFunc(all, func(p Product) bool { return p.Team != d.ID })
	d.Products = len(d.Owns)
	if err != nil {
		return d, err
	}
	d.Services, err = s.owned.OwnedBy(ctx, tx, d.ID, "")
	return d, err
}

// AddTeam makes a team.
func (s *Service) AddTeam(ctx context.Context, t Team) (TeamDetail, error) {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return TeamDetail{}, err
	}
	t.Origin = Manual
	if err := t.Validate(); err != nil {
		return TeamDetail{}, err
	}
	var d TeamDetail
	err := s.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		if err := s.createTeam(ctx, tx, &t); err != nil {
			return err
		}
		d, err = s.detail(ctx, tx, t.ID)
		return err
	})
	return d, err
}

func (s *Service) createTeam(ctx context.Context, tx *sqldb.Tx, t *Team) error {
	t.Created = s.clock.Now()
	if err := insertTeam(tx, *t); err != nil {
		return err
	}
	return s.Audit(ctx, tx, "team.create", t.ID, t.Name, nil, stateOfTeam(*t))
}

// TeamChange is what may be changed of a team; nil stays as it is.
type TeamChange struct{ Name, Slug, Description *string }

// UpdateTeam renames a team. The slug that it had keeps leading to it. Check sees the
// team as it is, and may refuse.
func (s *Service) UpdateTeam(ctx context.Context, ref string, c TeamChange, check func(Team) error) (d TeamDetail, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := s.decide(ctx, tx, ref)
		if err != nil {
			return err
		}
		if err := check(was); err != nil {
			return err
		}
		if err := s.renameTeam(ctx, tx, was, c); err != nil {
			return err
		}
		d, err = s.detail(ctx, tx, was.ID)
		return err
	})
	return d, err
}

func (s *Service) renameTeam(ctx context.Context, tx *sqldb.Tx, was Team, c TeamChange) error {
	t := was
	set(&t.Name, c.Name)
	set(&t.Slug, c.Slug)
	set(&t.Description, c.Description)
	if err := t.Validate(); err != nil {
		return err
	}
	if stateOfTeam(was) == stateOfTeam(t) {
		return nil
	}
	if err := updateTeam(tx, was, t); err != nil {
		return err
	}
	return s.Audit(ctx, tx, "team.update", t.ID, t.Name, stateOfTeam(was), stateOfTeam(t))
}

// decide finds a team for which the context may decide.
func (s *Service) decide(ctx context.Context, tx *sqldb.Tx, ref string) (Team, error) {
	if err := authz.Can(ctx, authz.TeamsLead); err != nil {
		return Team{}, err
	}
	t, err := teamByRef(tx, ref)
	if err != nil {
		return t, err
	}
	return t, authz.CanDecide(ctx, t.ID)
}

// RemoveTeam removes a team that owns nothing. One that does is merged into another.
func (s *Service) RemoveTeam(ctx context.Context, ref string) error {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		d, err := s.detail(ctx, tx, ref)
		if err != nil {
			return err
		}
		if len(d.Owns)+len(d.Services) > 0 {
			return fault.New(fault.Conflict, i18n.F(
				"%[1]s owns %[2]d products and %[3]d services. Merge it into another team instead, or give them away first.",
				"%[1]s は %[2]d 件のプロダクトと %[3]d 件のサービスを担当しています。別のチームに統合するか、先に担当を移してください。", d.Name, len(d.Owns), len(d.Services)))
		}
		if err := deleteTeam(tx, d.ID); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "team.delete", d.ID, d.Name, stateOfTeam(d.Team), nil)
	})
}

// PutMember makes a person a member of a team, or a lead.
func (s *Service) PutMember(ctx context.Context, ref, userID string, lead bool) (d TeamDetail, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		t, err := s.decide(ctx, tx, ref)
		if err != nil {
			return err
		}
		u, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		if lead && u.Role == authz.Operator {
			return fault.Field("lead", i18n.T("An outside operator cannot lead a team.", "外部オペレーターはチームのリードになれません。"))
		}
		if err := s.member(ctx, tx, t, u, Manual, &lead); err != nil {
			return err
		}
		d, err = s.detail(ctx, tx, t.ID)
		return err
	})
	return d, err
}

// RemoveMember takes a person out of a team. Whom a group or the file put there stays.
func (s *Service) RemoveMember(ctx context.Context, ref, userID string) (d TeamDetail, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		t, err := s.decide(ctx, tx, ref)
		if err != nil {
			return err
		}
		u, err := userByID(tx, userID)
		if err != nil {
			return err
		}
		if err := s.member(ctx, tx, t, u, Manual, nil); err != nil {
			return err
		}
		if d, err = s.detail(ctx, tx, t.ID); err != nil {
			return err
		}
		if i := slices.IndexFunc(d.People, func(m Member) bool { return m.User == u.ID }); i >= 0 {
			return fault.New(fault.Conflict, i18n.F(
				"%[1]s is in this team by %[2]s, and is taken out there.",
				"%[1]s は %[2]s によってこのチームに所属しています。所属の解除はそちらで行ってください。", u.Name, sourceNames(d.People[i].Sources)))
		}
		return nil
	})
	return d, err
}

func sourceNames(all []Source) string {
	s := ""
	for _, one := range all {
		if s != "" {
			s += ", "
		}
		s += map[Source]string{FromFile: "teams_file", FromOIDC: "OIDC"}[one]
	}
	return s
}

// member makes one source say that a person is in a team (lead nil: is not), and audits
// it when that is news.
func (s *Service) member(ctx context.Context, tx *sqldb.Tx, t Team, u User, source Source, lead *bool) error {
	had, err := membersBySource(tx, u.ID, source)
	if err != nil {
		return err
	}
	led, was := had[t.ID]
	var before, after any
	if was {
		before = memberState{u.ID, u.Name, led, source}
	}
	switch {
	case lead == nil && !was, lead != nil && was && led == *lead:
		return nil
	case lead == nil:
		_, err = removeMember(tx, t.ID, u.ID, source)
	default:
		after = memberState{u.ID, u.Name, *lead, source}
		err = putMember(tx, t.ID, u.ID, source, *lead)
	}
	if err != nil {
		return err
	}
	return s.Audit(ctx, tx, "team.member", t.ID, t.Name, before, after)
}

// syncMembers makes one source say exactly this of a person: their teams by id, and
// whether they lead them.
func (s *Service) syncMembers(ctx context.Context, tx *sqldb.Tx, u User, source Source, want map[string]bool) error {
	had, err := membersBySource(tx, u.ID, source)
	if err != nil {
		return err
	}
	for _, team := range sortedKeys(had) {
		if _, stays := want[team]; stays {
			continue
		}
		t, err := teamByRef(tx, team)
		if err != nil {
			return err
		}
		if err := s.member(ctx, tx, t, u, source, nil); err != nil {
			return err
		}
	}
	for _, team := range sortedKeys(want) {
		lead := want[team]
		t, err := teamByRef(tx, team)
		if err != nil {
			return err
		}
		lead = lead && u.Role != authz.Operator
		if err := s.member(ctx, tx, t, u, source, &lead); err != nil {
			return err
		}
	}
	return nil
}
