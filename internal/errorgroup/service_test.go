package errorgroup

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// one occurrence of an error.
type one struct {
	at           time.Time
	service, env string
	version      string
	group        telemetry.ShapeID
}

// errors is a store of occurrences that answers by looking at all of them, in whole
// minutes as the real one does.
type errors struct{ all []one }

func (e *errors) Errors(_ context.Context, q telemetry.ErrorQuery) ([]telemetry.ErrorFigures, telemetry.Derived, error) {
	from, to := q.From.Truncate(time.Minute), q.To.Add(time.Minute-1).Truncate(time.Minute)
	byKey := map[string]*telemetry.ErrorFigures{}
	for _, o := range e.all {
		if o.at.Before(from) || !o.at.Before(to) || q.Service != "" && o.service != q.Service || q.Env != "" && o.env != q.Env || q.Group != 0 && o.group != q.Group {
			continue
		}
		k := fmt.Sprint(o.service, o.env, o.group)
		f := byKey[k]
		if f == nil {
			f = &telemetry.ErrorFigures{Service: o.service, Env: o.env, ErrorKey: telemetry.ErrorKey{ID: o.group, Type: "java.io.IOException", Message: "接続が切れました " + o.group.String()}}
			f.FirstEver = o.at.UnixNano()
			for _, x := range e.all {
				if x.service == o.service && x.env == o.env && x.group == o.group {
					f.FirstEver = min(f.FirstEver, x.at.UnixNano())
				}
			}
			byKey[k] = f
		}
		f.Count++
		f.Last = max(f.Last, o.at.UnixNano())
		if i := slices.IndexFunc(f.Versions, func(t telemetry.Tally) bool { return t.Value == o.version }); i >= 0 {
			f.Versions[i].Count++
		} else {
			f.Versions = append(f.Versions, telemetry.Tally{Value: o.version, Count: 1})
		}
	}
	var out []telemetry.ErrorFigures
	for _, f := range byKey {
		out = append(out, *f)
	}
	return out, telemetry.Derived{Range: telemetry.Range{From: from, To: to}}, nil
}

func (e *errors) Versions(_ context.Context, q telemetry.DerivedQuery) (out []telemetry.VersionFigures, _ telemetry.Derived, _ error) {
	for _, o := range e.all {
		if o.service == q.Service && !o.at.Before(q.From) && o.at.Before(q.To) {
			out = append(out, telemetry.VersionFigures{Service: o.service, Version: o.version})
		}
	}
	return out, telemetry.Derived{}, nil
}

func (e *errors) ReadLogs(context.Context, telemetry.PageQuery) ([]telemetry.Log, bool, error) {
	return nil, false, nil
}

func (e *errors) ReadSpans(context.Context, telemetry.PageQuery) ([]telemetry.Span, bool, error) {
	return nil, false, nil
}

type directory struct{}

func (directory) AssigneeName(_ context.Context, kind, id string) (string, error) {
	if kind == "user" && id == "u1" {
		return "佐藤", nil
	}
	return "", fault.Field("assignee", i18n.T("There is nobody of this id.", "該当する担当者がいません。"))
}

type audit struct{ actions []string }

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, _, _ any) error {
	a.actions = append(a.actions, action+" "+name)
	return nil
}

type inbox struct {
	*Service
	*errors
	clock *clock.Fake
	audit *audit
	ctx   context.Context
}

func onBoth(t *testing.T, f func(t *testing.T, in *inbox)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		in := &inbox{errors: &errors{}, clock: clock.NewFake(noon), audit: &audit{}}
		in.Service = NewService(Options{DB: db, Reader: in.errors, Directory: directory{}, Audit: in.audit, Clock: in.clock, Log: slog.New(slog.DiscardHandler)})
		in.ctx = authz.With(t.Context(), authz.Principal{UserID: "u1", Name: "佐藤", Role: authz.Member, Kind: authz.KindUser})
		f(t, in)
	})
}

func (in *inbox) happen(ago time.Duration, version string, group telemetry.ShapeID) {
	in.all = append(in.all, one{in.clock.Now().Add(-ago), "shop", "prod", version, group})
}

func (in *inbox) list(t *testing.T, shows ...Shows) (out []string) {
	t.Helper()
	q := Query{Shows: shows}
	q.Range = telemetry.Range{From: in.clock.Now().Add(-time.Hour), To: in.clock.Now().Add(time.Minute)}
	l, err := in.Groups(in.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range l.Groups {
		out = append(out, fmt.Sprintf("%d %s", g.State.Group, g.Shows))
	}
	return out
}

func (in *inbox) update(t *testing.T, group telemetry.ShapeID, c Change) State {
	t.Helper()
	s, err := in.Update(in.ctx, Key{"shop", group}, c, func(State) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (in *inbox) pass(t *testing.T, d time.Duration) {
	t.Helper()
	in.clock.Advance(d)
	if err := in.Watch(in.ctx); err != nil {
		t.Fatal(err)
	}
}

func status(s Status) *Status { return &s }

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAGroupIsResolvedAndComesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, in *inbox) {
		in.happen(10*time.Minute, "1", 7)
		in.happen(5*time.Minute, "1", 8)
		wants(t, in.list(t), "7 new", "8 new")
		in.update(t, 7, Change{Status: status(Resolved), Mended: MendedNext})
		in.update(t, 8, Change{Status: status(Resolved), Mended: MendedNow})
		wants(t, in.list(t), "7 resolved", "8 resolved")

		in.pass(t, 2*time.Minute)
		in.happen(0, "1", 7) // the old version goes on
		in.happen(0, "1", 8)
		in.pass(t, time.Minute)
		wants(t, in.list(t), "8 returned", "7 resolved")

		in.happen(0, "2", 7) // the next release has it still
		in.pass(t, time.Minute)
		wants(t, in.list(t, ShowsReturned), "7 returned", "8 returned")
		p, err := in.Page(in.ctx, telemetry.ErrorQuery{Group: 7, DerivedQuery: telemetry.DerivedQuery{Service: "shop", Range: telemetry.Range{From: noon.Add(-time.Hour), To: noon.Add(time.Hour)}}})
		if err != nil {
			t.Fatal(err)
		}
		var done []string
		for _, e := range p.Events {
			done = append(done, string(e.Action)+" "+e.By)
		}
		wants(t, done, "return ", "resolve 佐藤")
		if !slices.Equal(in.audit.actions, []string{"errorgroup.update shop java.io.IOException", "errorgroup.update shop java.io.IOException"}) {
			t.Error(in.audit.actions)
		}
	})
}

// A version that runs already can be what it is mended in: what it had before does not
// count, what it has afterwards does.
func TestMendedInAVersionThatRunsAlready(t *testing.T) {
	onBoth(t, func(t *testing.T, in *inbox) {
		in.happen(10*time.Minute, "2", 7)
		in.update(t, 7, Change{Status: status(Resolved), Mended: MendedIn, Version: "2"})
		in.pass(t, 3*time.Minute)
		in.happen(0, "1", 7)
		in.pass(t, time.Minute)
		wants(t, in.list(t), "7 returned") // 1 was never heard of: it is not older
		in.update(t, 7, Change{Status: status(Resolved), Mended: MendedIn, Version: "2"})
		in.pass(t, 3*time.Minute)
		in.happen(0, "1", 7)
		in.pass(t, time.Minute)
		wants(t, in.list(t), "7 resolved")
		in.happen(0, "2", 7)
		in.pass(t, time.Minute)
		wants(t, in.list(t), "7 returned")
	})
}

func TestAGroupIsIgnoredForAWhile(t *testing.T) {
	onBoth(t, func(t *testing.T, in *inbox) {
		in.happen(time.Minute, "1", 7)
		in.update(t, 7, Change{Status: status(Ignored), Reason: "third party, known", Until: in.clock.Now().Add(3 * time.Hour)})
		in.pass(t, 2*time.Hour)
		wants(t, in.list(t, ShowsIgnored), "7 ignored") // not seen in the range, and still listed
		wants(t, in.list(t, ShowsOngoing))
		in.pass(t, time.Hour)
		in.happen(0, "1", 7)
		in.pass(t, time.Second)
		wants(t, in.list(t), "7 ongoing")
	})
}

func TestChangesThatMeanNothingAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, in *inbox) {
		in.happen(time.Minute, "1", 7)
		long := strings.Repeat("あ", maxText+1)
		for field, c := range map[string]Change{
			"status":   {Status: status("gone")},
			"mended":   {Status: status(Resolved)},
			"version":  {Status: status(Resolved), Mended: MendedIn},
			"reason":   {Status: status(Ignored), Reason: "  "},
			"until":    {Status: status(Ignored), Reason: "x", Until: noon},
			"note":     {Note: long},
			"assignee": {Assignee: &Assignee{Kind: ToUser, ID: "u2"}},
		} {
			_, err := in.Update(in.ctx, Key{"shop", 7}, c, func(State) error { return nil })
			if f := fault.Of(err); err == nil || f.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if _, err := in.Update(in.ctx, Key{"shop", 99}, Change{Note: "x"}, func(State) error { return nil }); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		viewer := authz.With(t.Context(), authz.Principal{UserID: "v", Role: authz.Viewer, Kind: authz.KindUser})
		if _, err := in.Update(viewer, Key{"shop", 7}, Change{Note: "x"}, func(State) error { return nil }); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		wants(t, in.list(t), "7 new")
		if len(in.audit.actions) != 0 {
			t.Error(in.audit.actions)
		}
	})
}

func TestOnTheWire(t *testing.T) {
	onBoth(t, func(t *testing.T, in *inbox) {
		in.happen(time.Minute, "1", 7)
		a := api.New(api.Options{NoAuth: true, Clock: in.clock})
		Register(a, in.Service)
		call := func(method, path, body, match string, want int, into any) string {
			t.Helper()
			r := httptest.NewRequest(method, api.Base+path, strings.NewReader(body))
			r.Host = "localhost"
			r.Header.Set("Content-Type", "application/json")
			if match != "" {
				r.Header.Set("If-Match", match)
			}
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			if w.Code != want {
				t.Fatalf("%s %s: %d: %s", method, path, w.Code, w.Body)
			}
			if into != nil {
				if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
					t.Fatal(err)
				}
			}
			return w.Header().Get("ETag")
		}
		var list ErrorGroupsView
		call("GET", "/errors?q=接続が", "", "", 200, &list)
		if len(list.Items) != 1 || list.Counts[ShowsNew] != 1 || list.Items[0].ID != "0000000000000007" {
			t.Fatalf("%+v", list)
		}
		path := "/errors/shop/" + list.Items[0].ID
		var page ErrorPageView
		tag := call("GET", path, "", "", 200, &page)
		var state ErrorStateView
		next := call("PATCH", path, `{"assignee":{"kind":"user","id":"u1"},"note":"見ています"}`, tag, 200, &state)
		if state.Assignee == nil || state.Assignee.Name != "佐藤" || state.Status != Open {
			t.Errorf("%+v", state)
		}
		call("PATCH", path, `{"status":"resolved","mended":"now"}`, tag, 412, nil)
		call("PATCH", path, `{"status":"resolved","mended":"now"}`, next, 200, &state)
		call("GET", path, "", "", 200, &page)
		if len(page.Events) != 3 || page.Groups[0].Shows != ShowsResolved {
			t.Errorf("%+v", page)
		}
		call("GET", "/errors?assignee=u1&shows=resolved", "", "", 200, &list)
		if len(list.Items) != 1 {
			t.Errorf("%+v", list)
		}
		call("GET", "/errors?assignee=none", "", "", 200, &list)
		if len(list.Items) != 0 {
			t.Errorf("%+v", list)
		}
		call("GET", "/errors/shop/7", "", "", 422, nil)
		call("GET", "/errors/shop/00000000000000ff", "", "", 404, nil)
	})
}
