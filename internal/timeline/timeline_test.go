package timeline

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

var day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func onBoth(t *testing.T, f func(t *testing.T, db *sqldb.DB, s *Service)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		f(t, db, NewService(db, clock.NewFake(day.Add(12*time.Hour))))
	})
}

func put(t *testing.T, db *sqldb.DB, events ...Event) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for _, e := range events {
			if err := Put(tx, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func event(kind Kind, ref string, h float64) Event {
	return Event{Kind: kind, Ref: ref, At: day.Add(time.Duration(h * float64(time.Hour))), Title: i18n.T("title of "+ref, ref+"の題"), Link: "/" + ref}
}

func refs(events []Event) (out []string) {
	for _, e := range events {
		out = append(out, e.Ref)
	}
	return out
}

func TestARangeSelectsWhatHappenedAndWhatWentOn(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, s *Service) {
		before, open, ended, all, in, end := event(Release, "before", 1), event(Incident, "open", 2), event(Maintenance, "ended", 2), event(Decision, "all", 5), event(Release, "in", 6), event(Release, "end", 8)
		open.Open = true
		ended.Until = day.Add(3 * time.Hour)
		in.Service, in.Env, open.Service, open.Env = "shop", "prod", "shop", "prod"
		end.Service = "other"
		put(t, db, before, open, ended, all, in, end)
		get := func(q Query) []string {
			t.Helper()
			q.From, q.To, q.Limit = day.Add(4*time.Hour), day.Add(8*time.Hour), 10
			events, next, err := s.Events(t.Context(), q)
			if err != nil || next != nil {
				t.Fatal(next, err)
			}
			return refs(events)
		}
		for _, c := range []struct {
			q    Query
			want []string
		}{
			{Query{}, []string{"in", "all", "open"}},
			{Query{Ascending: true}, []string{"open", "all", "in"}},
			{Query{Service: "shop", Env: "prod"}, []string{"in", "all", "open"}},
			{Query{Service: "other"}, []string{"all"}},
			{Query{Env: "staging"}, []string{"all"}},
			{Query{Kinds: []Kind{Release, Incident}}, []string{"in", "open"}},
		} {
			if got := get(c.q); !slices.Equal(got, c.want) {
				t.Errorf("%+v: %v, want %v", c.q, got, c.want)
			}
		}
		// It ends, and is moved; then it goes.
		open.Open, open.Until = false, day.Add(5*time.Hour)
		in.At = day.Add(7 * time.Hour)
		put(t, db, open, in)
		events, _, err := s.Events(t.Context(), Query{From: day, To: day.Add(24 * time.Hour), Limit: 10})
		if err != nil || len(events) != 6 {
			t.Fatal(refs(events), err)
		}
		if e := events[slices.Index(refs(events), "open")]; e.Open || !e.Until.Equal(open.Until) || e != open {
			t.Errorf("%+v", e)
		}
		if err := db.Write(t.Context(), func(tx *sqldb.Tx) error { return Remove(tx, Release, "in") }); err != nil {
			t.Fatal(err)
		}
		if got := get(Query{}); !slices.Equal(got, []string{"all", "open"}) {
			t.Error(got)
		}
		if _, _, err := s.Events(t.Context(), Query{From: day, To: day}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

// Pages of any size give every event once, in order, also when many share a moment.
func TestPages(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, s *Service) {
		var all []Event
		for i := range 200 {
			e := event(Kinds[rand.IntN(len(Kinds))], fmt.Sprintf("%c-%d", 'A'+rune(rand.IntN(60)), i), float64(rand.IntN(12)))
			if rand.IntN(4) == 0 {
				e.Open = true
			}
			all = append(all, e)
		}
		put(t, db, all...)
		from, to := day.Add(3*time.Hour), day.Add(9*time.Hour)
		for _, ascending := range []bool{false, true} {
			var want []Event
			for _, e := range all {
				if e.At.Before(to) && (!e.At.Before(from) || e.Open) {
					want = append(want, e)
				}
			}
			slices.SortFunc(want, func(a, b Event) int {
				if a.place().less(b.place()) == ascending {
					return -1
				}
				return 1
			})
			for _, limit := range []int{1, 7, 50, 1000} {
				q := Query{From: from, To: to, Limit: limit, Ascending: ascending}
				var got []Event
				for {
					events, next, err := s.Events(t.Context(), q)
					if err != nil || len(events) > limit {
						t.Fatal(len(events), err)
					}
					got = append(got, events...)
					if next == nil {
						break
					}
					q.After = *next
				}
				if !slices.Equal(refs(got), refs(want)) {
					t.Fatalf("limit %d: %d events, want %d:\n%v\n%v", limit, len(got), len(want), refs(got), refs(want))
				}
			}
		}
	})
}

func TestImpossibleEventsAreRefused(t *testing.T) {
	good := event(Release, "x", 1)
	for name, spoil := range map[string]func(*Event){
		"kind": func(e *Event) { e.Kind = "party" }, "ref": func(e *Event) { e.Ref = "" }, "time": func(e *Event) { e.At = time.Time{} },
		"end": func(e *Event) { e.Until = e.At.Add(-1) }, "open": func(e *Event) { e.Open, e.Until = true, e.At.Add(1) },
		"link": func(e *Event) { e.Link = "https://evil.example" }, "title": func(e *Event) { e.Title = i18n.Text{} },
	} {
		e := good
		spoil(&e)
		if e.Validate() == nil {
			t.Errorf("%s was let through", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestHTTP(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sqldb.DB, s *Service) {
		put(t, db, event(Release, "a", 10), event(Release, "b", 11), event(Incident, "c", 11.5))
		a := api.New(api.Options{NoAuth: true})
		Register(a, s)
		get := func(path string, status int) api.List[EventView] {
			t.Helper()
			r := httptest.NewRequest("GET", api.Base+path, nil)
			r.Host = "localhost"
			r.Header.Set("Accept-Language", "ja")
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			var l api.List[EventView]
			if w.Code != status || json.Unmarshal(w.Body.Bytes(), &l) != nil {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			return l
		}
		l := get("/timeline?from=-3h&kind=release&limit=1", 200)
		if len(l.Items) != 1 || l.Items[0].Ref != "b" || l.Items[0].Title != "bの題" || l.Next == "" {
			t.Fatalf("%+v", l)
		}
		if l = get("/timeline?from=-3h&kind=release&limit=1&after="+l.Next, 200); len(l.Items) != 1 || l.Items[0].Ref != "a" || l.Next != "" {
			t.Errorf("%+v", l)
		}
		if l = get("/timeline?from=-3h&kind=release,incident&order=oldest", 200); len(l.Items) != 3 || l.Items[2].Ref != "c" {
			t.Errorf("%+v", l)
		}
		get("/timeline?kind=party", 422)
	})
}
