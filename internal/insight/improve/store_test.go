package improve

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

type audit struct{ actions []string }

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, _, _ any) error {
	a.actions = append(a.actions, action+" "+name)
	return nil
}

func onBoth(t *testing.T, f func(t *testing.T, s *Store, c *clock.Fake, a *audit)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		c, a := clock.NewFake(noon), &audit{}
		f(t, &Store{DB: db, Audit: a, Clock: c}, c, a)
	})
}

func TestProposalsAreKept(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store, c *clock.Fake, a *audit) {
		ctx := t.Context()
		found := func(key string, hours float64) Found {
			return Found{Key: key, Team: "web", Service: "shop", Env: "prod", Title: i18n.T("N+1 "+key, "N+1クエリ "+key), Facts: worth(hours)}
		}
		record := func(service string, want Recorded, f ...Found) {
			t.Helper()
			got, err := s.Record(ctx, Run{service, f})
			if err != nil || got != want {
				t.Fatalf("%+v %v, not %+v", got, err, want)
			}
		}
		stages := func() (out []string) {
			t.Helper()
			all, err := s.List(ctx, "web")
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				out = append(out, p.Key+" "+string(p.Stage))
			}
			slices.Sort(out)
			return out
		}
		expect := func(want ...string) {
			t.Helper()
			if got := stages(); !slices.Equal(got, want) {
				t.Fatalf("%q, not %q", got, want)
			}
		}
		record("shop", Recorded{New: 3}, found("a", 5), found("b", 3), found("c", 1), found("a", 9), found("", 1))
		expect("a proposed", "b proposed", "c proposed")
		all, _ := s.List(ctx, "")
		by := map[string]Proposal{}
		for _, p := range all {
			by[p.Key] = p
		}
		if p := by["a"]; p.Facts != worth(5) || p.Title.Ja != "N+1クエリ a" || !p.Created.Equal(noon) {
			t.Errorf("%+v", p)
		}
		// Somebody dismisses one and accepts another.
		if _, err := s.Act(ctx, by["a"].ID, Action{Verb: Dismiss, By: "aoki", Line: "画面ごと作り直す"}, nil); err != nil {
			t.Fatal(err)
		}
		p, err := s.Act(ctx, by["b"].ID, Action{Verb: Accept, By: "aoki", Issue: "https://github.com/acme/shop/issues/7"}, nil)
		if err != nil || p.Owner != "aoki" {
			t.Fatalf("%+v %v", p, err)
		}
		// The next run finds none of them: what is accepted or dismissed stays so.
		c.Advance(7 * 24 * time.Hour)
		record("shop", Recorded{Gone: 1})
		expect("a dismissed", "b accepted", "c gone")
		// What another service's run finds of them is not its to end.
		record("stock", Recorded{New: 1}, found("d", 1))
		record("shop", Recorded{Again: 1}, found("a", 6), found("c", 1))
		expect("a dismissed", "b accepted", "c proposed", "d proposed")
		record("shop", Recorded{Again: 1}, found("a", 12), found("c", 1))
		expect("a proposed", "b accepted", "c proposed", "d proposed")
		// Of two services that find it, the one where it is worth most tells.
		record("front", Recorded{}, found("c", 0.5))
		if got, _ := s.Get(ctx, by["c"].ID); got.Facts != worth(1) {
			t.Errorf("%+v", got.Facts)
		}
		record("front", Recorded{}, found("c", 4))
		if got, _ := s.Get(ctx, by["c"].ID); got.Facts != worth(4) {
			t.Errorf("%+v", got.Facts)
		}
		got, err := s.Get(ctx, by["a"].ID)
		want := []Event{
			{At: noon, By: "aoki", Verb: Dismiss, From: Proposed, To: Dismissed, Line: "画面ごと作り直す"},
			{At: c.Now().UTC(), Verb: See, From: Dismissed, To: Proposed},
		}
		if err != nil || !reflect.DeepEqual(got.History, want) || got.Reason != "画面ごと作り直す" {
			t.Errorf("%+v %v", got, err)
		}
		if !slices.Equal(a.actions, []string{"proposal.dismiss N+1 a", "proposal.accept N+1 b"}) {
			t.Errorf("%q", a.actions)
		}
	})
}

func TestIdeasStandInTheSameList(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store, c *clock.Fake, a *audit) {
		ctx := t.Context()
		first, err := s.Add(ctx, "web", "shop", i18n.T("検索を非同期にする", ""), "ito")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(ctx, "web", "shop", i18n.T("検索を非同期にする", ""), "mori"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(ctx, "web", "shop", i18n.T(" ", ""), "mori"); err == nil {
			t.Error("an idea without words was kept")
		}
		if _, err := s.Record(ctx, Run{Service: "shop"}); err != nil {
			t.Fatal(err)
		}
		all, err := s.List(ctx, "web")
		if err != nil || len(all) != 2 || len(QueueOf(all, 3).Open) != 2 {
			t.Fatalf("%+v %v", all, err)
		}
		if other, _ := s.List(ctx, "data"); len(other) != 0 {
			t.Errorf("%+v", other)
		}
		// A refusal changes nothing.
		no := errors.New("somebody was quicker")
		if _, err := s.Act(ctx, first.ID, Action{Verb: Accept, By: "ito"}, func(Proposal) error { return no }); !errors.Is(err, no) {
			t.Errorf("%v", err)
		}
		if _, err := s.Act(ctx, first.ID, Action{Verb: Ship, Release: "v1"}, nil); err == nil {
			t.Error("it was shipped before it was accepted")
		}
		got, err := s.Get(ctx, first.ID)
		if err != nil || got.Stage != Proposed || len(got.History) != 1 || got.History[0].By != "ito" || len(a.actions) != 2 {
			t.Errorf("%+v %v %q", got, err, a.actions)
		}
		var f *fault.Error
		if _, err := s.Get(ctx, "nothing"); !errors.As(err, &f) || f.Code != fault.NotFound {
			t.Errorf("%v", err)
		}
		if !c.Now().Equal(noon) {
			t.Error("time went on")
		}
	})
}
