package people

import (
	"context"
	"slices"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Move is what a split or a merger changes, before and after it is done.
type Move struct {
	From, To Team // To is new in a split
	Members  []Member
	Products []Product
	Services []string // not by way of a product
}

// errPreview ends a transaction that was only to show what it would do.
var errPreview = fault.New(fault.Conflict, i18n.T("preview", "プレビュー"))

// Merge lets a team go on as another: its members, products and services, and every link
// to it. With preview nothing is changed.
func (s *Service) Merge(ctx context.Context, ref, intoRef string, preview bool) (m Move, err error) {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return m, err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		m = Move{}
		from, err := s.detail(ctx, tx, ref)
		if err != nil {
			return err
		}
		into, err := s.detail(ctx, tx, intoRef)
		if fault.Is(err, fault.NotFound) {
			return fault.Field("into", i18n.T("There is no such team.", "チームが見つかりません。"))
		}
		if err != nil {
			return err
		}
		if from.ID == into.ID {
			return fault.Field("into", i18n.T("A team cannot be merged into itself.", "同じチームには統合できません。"))
		}
		m = Move{From: from.Team, To: into.Team, Products: from.Owns, Services: from.Services}
		for _, p := range from.People {
			i := slices.IndexFunc(into.People, func(o Member) bool { return o.User == p.User })
			if i < 0 || p.Lead && !into.People[i].Lead {
				m.Members = append(m.Members, p)
			}
		}
		if preview {
			return errPreview
		}
		gone := from.Team
		gone.MergedInto, gone.Merged = into.ID, s.clock.Now()
		if err := mergeTeam(tx, from.Team, into.Team); err != nil {
			return err
		}
		if err := updateTeam(tx, from.Team, gone); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "team.merge", from.ID, from.Name, moveState(from), stateOfTeam(gone))
	})
	if err == errPreview {
		err = nil
	}
	return m, err
}

// movedState is what the audit keeps of a team that is taken apart.
type movedState struct {
	teamState
	Members  []memberState `json:"members"`
	Products []string      `json:"products"`
	Services []string      `json:"services"`
}

func moveState(d TeamDetail) movedState {
	st := movedState{teamState: stateOfTeam(d.Team), Members: []memberState{}, Products: []string{}, Services: append([]string{}, d.Services...)}
	for _, p := range d.People {
		for _, src := range p.Sources {
			st.Members = append(st.Members, memberState{p.User, p.Name, p.Lead, src})
		}
	}
	for _, p := range d.Owns {
		st.Products = append(st.Products, p.ID)
	}
	return st
}

// SplitPlan says what of a team becomes another.
type SplitPlan struct {
	Team     Team     // the new one: name, slug, description
	Members  []string // ids of users who go
	Both     []string // who belong to both from now on
	Products []string // ids or slugs
	Services []string
}

// Split makes a new team of a part of another. Who goes by a group or the file stays
// there too, until the group or the file says otherwise. With preview nothing is changed.
func (s *Service) Split(ctx context.Context, ref string, plan SplitPlan, preview bool) (m Move, err error) {
	if err := authz.Can(ctx, authz.TeamsWrite); err != nil {
		return m, err
	}
	plan.Team.Origin = Manual
	if err := plan.Team.Validate(); err != nil {
		return m, err
	}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		from, err := s.detail(ctx, tx, ref)
		if err != nil {
			return err
		}
		m = Move{From: from.Team, To: plan.Team}
		if err := s.createTeam(ctx, tx, &m.To); err != nil {
			return err
		}
		for _, id := range slices.Concat(plan.Members, plan.Both) {
			i := slices.IndexFunc(from.People, func(p Member) bool { return p.User == id })
			if i < 0 {
				return fault.Field("members", i18n.F("%q is not in the team %s.", "%q はチーム %s に所属していません。", id, from.Name))
			}
			p := from.People[i]
			m.Members = append(m.Members, p)
			u := User{ID: p.User, Name: p.Name}
			if err := s.member(ctx, tx, m.To, u, Manual, &p.Lead); err != nil {
				return err
			}
			if slices.Contains(plan.Members, id) {
				if err := s.member(ctx, tx, from.Team, u, Manual, nil); err != nil {
					return err
				}
			}
		}
		for _, ref := range plan.Products {
			i := slices.IndexFunc(from.Owns, func(p Product) bool { return p.ID == ref || p.Slug == ref })
			if i < 0 {
				return fault.Field("products", i18n.F("%q is not a product of the team %s.", "%q はチーム %s のプロダクトではありません。", ref, from.Name))
			}
			was := from.Owns[i]
			p := was
			p.Team = m.To.ID
			m.Products = append(m.Products, p)
			if err := s.saveProduct(ctx, tx, was, p); err != nil {
				return err
			}
		}
		for _, name := range plan.Services {
			if !slices.Contains(from.Services, name) {
				return fault.Field("services", i18n.F("%q is not a service of the team %s.", "%q はチーム %s のサービスではありません。", name, from.Name))
			}
		}
		m.Services = plan.Services
		if err := s.owned.Reassign(ctx, tx, plan.Services, m.To.ID); err != nil {
			return err
		}
		if preview {
			return errPreview
		}
		to, err := s.detail(ctx, tx, m.To.ID)
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, "team.split", from.ID, from.Name, moveState(from), moveState(to))
	})
	if err == errPreview {
		err = nil
	}
	return m, err
}

// Products lists the products, by name; who is restricted sees those of their teams.
func (s *Service) Products(ctx context.Context) ([]Product, error) {
	if err := authz.Can(ctx, authz.TeamsRead); err != nil {
		return nil, err
	}
	var all []Product
	err := s.db.Read(ctx, func(tx *sqldb.Tx) (err error) { all, err = listProducts(tx); return err })
	p := authz.From(ctx)
	return slices.DeleteFunc(all, func(one Product) bool { return !sees(p, one.Team) }), err
}

// AddProduct makes a product of a team.
func (s *Service) AddProduct(ctx context.Context, p Product) (Product, error) {
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error {
		p.Origin = Manual
		if err := p.Validate(); err != nil {
			return err
		}
		t, err := s.decide(ctx, tx, p.Team)
		if err != nil {
			return onField("team", err)
		}
		p.Team = t.ID
		return s.createProduct(ctx, tx, &p)
	})
	return p, err
}

func onField(field string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Field(field, fault.Of(err).Text)
	}
	return err
}

func (s *Service) createProduct(ctx context.Context, tx *sqldb.Tx, p *Product) error {
	p.Created = s.clock.Now()
	if err := insertProduct(tx, *p); err != nil {
		return err
	}
	return s.Audit(ctx, tx, "product.create", p.ID, p.Name, nil, stateOfProduct(*p))
}

// ProductChange is what may be changed of a product; nil stays as it is.
type ProductChange struct{ Name, Slug, Description, Team *string }

// UpdateProduct changes a product, for which one must decide for the team that owns it.
func (s *Service) UpdateProduct(ctx context.Context, ref string, c ProductChange, check func(Product) error) (p Product, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := productByRef(tx, ref)
		if err != nil {
			return err
		}
		if err := authz.CanDecide(ctx, was.Team); err != nil {
			return err
		}
		if err := check(was); err != nil {
			return err
		}
		p = was
		set(&p.Name, c.Name)
		set(&p.Slug, c.Slug)
		set(&p.Description, c.Description)
		if c.Team != nil {
			t, err := teamByRef(tx, *c.Team)
			if err != nil {
				return onField("team", err)
			}
			p.Team = t.ID
		}
		if err := p.Validate(); err != nil {
			return err
		}
		return s.saveProduct(ctx, tx, was, p)
	})
	return p, err
}

func (s *Service) saveProduct(ctx context.Context, tx *sqldb.Tx, was, p Product) error {
	if stateOfProduct(was) == stateOfProduct(p) {
		return nil
	}
	if err := updateProduct(tx, p); err != nil {
		return err
	}
	return s.Audit(ctx, tx, "product.update", p.ID, p.Name, stateOfProduct(was), stateOfProduct(p))
}

// RemoveProduct removes a product to which no service belongs.
func (s *Service) RemoveProduct(ctx context.Context, ref string) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		p, err := productByRef(tx, ref)
		if err != nil {
			return err
		}
		if err := authz.CanDecide(ctx, p.Team); err != nil {
			return err
		}
		services, err := s.owned.OwnedBy(ctx, tx, "", p.ID)
		if err != nil {
			return err
		}
		if len(services) > 0 {
			return fault.New(fault.Conflict, i18n.F(
				"%[1]d services belong to %[2]s. Give them another product first.",
				"%[2]s には %[1]d 件のサービスが属しています。先に別のプロダクトへ移してください。", len(services), p.Name))
		}
		if err := deleteProduct(tx, p.ID); err != nil {
			return err
		}
		return s.Audit(ctx, tx, "product.delete", p.ID, p.Name, stateOfProduct(p), nil)
	})
}
