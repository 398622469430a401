package view

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

type audit struct{ actions []string }

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, _, _ any) error {
	a.actions = append(a.actions, action+" "+name)
	return nil
}

func onBoth(t *testing.T, f func(t *testing.T, s *Service, a *audit)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		a := &audit{}
		f(t, NewService(db, a, clock.NewFake(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))), a)
	})
}

func as(t *testing.T, user string, role authz.Role) context.Context {
	return authz.With(t.Context(), authz.Principal{UserID: user, Name: user, Role: role, Kind: authz.KindUser})
}

func names(t *testing.T, s *Service, ctx context.Context, page string) (out []string) {
	t.Helper()
	views, err := s.Views(ctx, page)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		out = append(out, v.Name)
	}
	return out
}

func no(View) error { return nil }

func TestWhoSeesAndChangesAView(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, a *audit) {
		sato, suzuki, admin, viewer := as(t, "sato", authz.Member), as(t, "suzuki", authz.Member), as(t, "admin", authz.Admin), as(t, "viewer", authz.Viewer)
		own, err := s.Save(sato, View{Page: "logs", Name: " 決済のエラー ", Search: "?filter=service:payment&token=secret&row=1&from=-1h"})
		if err != nil || own.Search != "filter=service%3Apayment&from=-1h" || own.Name != "決済のエラー" {
			t.Fatalf("%+v %v", own, err)
		}
		shared, err := s.Save(sato, View{Page: "traces", Name: "Slow", Search: "filter=duration>1s", Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := names(t, s, sato, ""); !slices.Equal(got, []string{"決済のエラー", "Slow"}) {
			t.Error(got)
		}
		if got := names(t, s, suzuki, ""); !slices.Equal(got, []string{"Slow"}) {
			t.Error(got)
		}
		if got := names(t, s, sato, "logs"); !slices.Equal(got, []string{"決済のエラー"}) {
			t.Error(got)
		}
		if _, err := s.View(suzuki, own.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		other := "Slower"
		if _, err := s.Update(suzuki, shared.ID, Change{Name: &other}, no); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		if err := s.Remove(suzuki, own.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if v, err := s.Update(admin, shared.ID, Change{Name: &other}, no); err != nil || v.Name != "Slower" || v.Owner != "sato" {
			t.Errorf("%+v %v", v, err)
		}
		yes := true
		mine, err := s.Save(viewer, View{Page: "logs", Name: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Update(viewer, mine.ID, Change{Shared: &yes}, no); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		if err := s.Remove(sato, own.ID); err != nil {
			t.Error(err)
		}
		if !slices.Equal(a.actions, []string{"view.create 決済のエラー", "view.create Slow", "view.update Slower", "view.create mine", "view.delete 決済のエラー"}) {
			t.Error(a.actions)
		}
	})
}

func TestNamesAreToldApart(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, _ *audit) {
		sato, suzuki := as(t, "sato", authz.Member), as(t, "suzuki", authz.Member)
		save := func(ctx context.Context, name string, shared bool) error {
			_, err := s.Save(ctx, View{Page: "logs", Name: name, Shared: shared})
			return err
		}
		if err := save(sato, "Errors", true); err != nil {
			t.Fatal(err)
		}
		if err := save(suzuki, "ＥＲＲＯＲＳ", true); !fault.Is(err, fault.Conflict) || fault.Of(err).Field != "name" {
			t.Error(err)
		}
		if err := save(suzuki, "errors", false); err != nil {
			t.Error(err)
		}
		for field, v := range map[string]View{
			"name":   {Page: "logs", Name: "  "},
			"page":   {Page: "secrets", Name: "x"},
			"note":   {Page: "logs", Name: "x", Note: strings.Repeat("あ", maxNote+1)},
			"search": {Page: "logs", Name: "x", Search: "a=%zz"},
		} {
			if _, err := s.Save(sato, v); err == nil || fault.Of(err).Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}
