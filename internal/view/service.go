package view

import (
	"context"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Auditor writes the audit within a transaction.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Service keeps saved views.
type Service struct {
	db    *sqldb.DB
	audit Auditor
	clock clock.Clock
}

// NewService makes the service. Its table must have been migrated.
func NewService(db *sqldb.DB, a Auditor, c clock.Clock) *Service { return &Service{db, a, c} }

// Views lists the shared views and one's own, of one page or of all.
func (s *Service) Views(ctx context.Context, page string) (views []View, err error) {
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { views, err = list(tx, page, authz.From(ctx).UserID); return err })
	return views, err
}

// View gives one view.
func (s *Service) View(ctx context.Context, viewID string) (v View, err error) {
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error { v, err = byID(tx, viewID, authz.From(ctx).UserID); return err })
	return v, err
}

// Save keeps a new view.
func (s *Service) Save(ctx context.Context, v View) (View, error) {
	me := authz.From(ctx)
	if v.Shared {
		if err := authz.Can(ctx, authz.ViewsShare); err != nil {
			return View{}, err
		}
	}
	v.ID, v.OwnerID, v.Owner, v.Changed = id.New(), me.UserID, me.Name, s.clock.Now()
	if err := v.validate(); err != nil {
		return View{}, err
	}
	return v, s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := owned(tx, me.UserID)
		if err != nil {
			return err
		}
		if n >= maxOwn {
			return fault.New(fault.TooLarge, i18n.F("You have %d views. Delete some that you no longer need.", "保存済みのビューが %d 件あります。不要なものを削除してください。", n))
		}
		if err := insert(tx, v); err != nil {
			return err
		}
		return s.audit.Audit(ctx, tx, "view.create", v.ID, v.Name, nil, stateOf(v))
	})
}

// Change is what is done to a view; what is nil stays.
type Change struct {
	Name, Search, Note *string
	Shared             *bool
}

// Update changes a view. check may refuse the state that it would change.
func (s *Service) Update(ctx context.Context, viewID string, c Change, check func(View) error) (is View, err error) {
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := s.mine(ctx, tx, viewID)
		if err != nil {
			return err
		}
		if err := check(was); err != nil {
			return err
		}
		is = was
		set(&is.Name, c.Name)
		set(&is.Search, c.Search)
		set(&is.Note, c.Note)
		set(&is.Shared, c.Shared)
		if is.Shared && !was.Shared {
			if err := authz.Can(ctx, authz.ViewsShare); err != nil {
				return err
			}
		}
		is.Changed = s.clock.Now()
		if err := is.validate(); err != nil {
			return err
		}
		if err := update(tx, is); err != nil {
			return err
		}
		return s.audit.Audit(ctx, tx, "view.update", is.ID, is.Name, stateOf(was), stateOf(is))
	})
	return is, err
}

// Remove deletes a view.
func (s *Service) Remove(ctx context.Context, viewID string) error {
	return s.db.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := s.mine(ctx, tx, viewID)
		if err != nil {
			return err
		}
		if err := remove(tx, viewID); err != nil {
			return err
		}
		return s.audit.Audit(ctx, tx, "view.delete", was.ID, was.Name, stateOf(was), nil)
	})
}

// mine gives a view that the asker may change.
func (s *Service) mine(ctx context.Context, tx *sqldb.Tx, viewID string) (View, error) {
	me := authz.From(ctx)
	v, err := byID(tx, viewID, me.UserID)
	if err == nil && v.OwnerID != me.UserID && me.Role != authz.Admin {
		err = fault.New(fault.Forbidden, i18n.F("This view is %s's. Save one of your own instead.", "このビューの所有者は %s さんです。自分用に別のビューとして保存してください。", v.Owner))
	}
	return v, err
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// stateOf is what the audit keeps of a view.
func stateOf(v View) any {
	return struct {
		Page   string `json:"page"`
		Name   string `json:"name"`
		Search string `json:"search"`
		Note   string `json:"note,omitempty"`
		Shared bool   `json:"shared"`
	}{v.Page, v.Name, v.Search, v.Note, v.Shared}
}
