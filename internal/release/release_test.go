package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
	"github.com/yagura-sre/yagura/internal/timeline"
)

var ten = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// at is minutes after ten.
func at(minutes float64) time.Time { return ten.Add(time.Duration(minutes * float64(time.Minute))) }

// rows is telemetry: when each version of a service sent something. It answers as a store
// that knows the exact times, or as one that knows the range alone.
type rows struct {
	all    map[[3]string][]time.Time // env, service, version
	coarse bool
	asked  int
}

func (r *rows) send(env, service, version string, every time.Duration, from, to time.Time) {
	if r.all == nil {
		r.all = map[[3]string][]time.Time{}
	}
	k := [3]string{env, service, version}
	for t := from; t.Before(to); t = t.Add(every) {
		r.all[k] = append(r.all[k], t)
	}
}

func (r *rows) Versions(_ context.Context, from, to time.Time) (out []Sighting, err error) {
	r.asked++
	for k, times := range r.all {
		var s Sighting
		for _, t := range times {
			if t.Before(from) || !t.Before(to) {
				continue
			}
			if s.First.IsZero() {
				s = Sighting{k[0], k[1], k[2], t, t}
			}
			s.First, s.Last = earlier(s.First, t), later(s.Last, t)
		}
		if !s.First.IsZero() {
			if r.coarse {
				s.First, s.Last = from, to.Add(-1)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

type audit struct{ actions []string }

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, _, _ any) error {
	a.actions = append(a.actions, action+" "+name)
	return nil
}

type fixture struct {
	*Service
	rows  *rows
	clock *clock.Fake
	ctx   context.Context
	jobs  *job.Runner
	audit *audit
}

func onBoth(t *testing.T, f func(t *testing.T, x *fixture)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations, timeline.Migrations, job.Migrations); err != nil {
			t.Fatal(err)
		}
		x := &fixture{rows: &rows{}, clock: clock.NewFake(ten), audit: &audit{}}
		x.Service = NewService(Options{DB: db, Clock: x.clock, Sightings: x.rows, Audit: x.audit, Secret: func(ref string) (string, error) {
			if s, ok := map[string]string{"env:YAGURA_SECRET_GITHUB": "hush", "env:YAGURA_SECRET_OTHER": "other"}[ref]; ok {
				return s, nil
			}
			return "", fault.Field("secret", fault.Of(errSignature).Text)
		}})
		x.ctx = authz.With(t.Context(), authz.Principal{UserID: "u", Name: "Ann", Role: authz.Member, Kind: authz.KindUser})
		x.jobs = job.New(job.Options{DB: db, Holder: "test"})
		x.jobs.Add(x.Job())
		f(t, x)
	})
}

// watch looks every minute until then.
func (x *fixture) watch(t *testing.T, until time.Time) {
	t.Helper()
	for x.clock.Now().Before(until) {
		x.clock.Advance(time.Minute)
		if err := x.jobs.Once(t.Context(), "release.watch"); err != nil {
			t.Fatal(err)
		}
	}
}

// list is all releases, oldest first, a line each: minutes after ten, version, and what
// there is to say.
func (x *fixture) list(t *testing.T) (lines []string) {
	t.Helper()
	all, next, err := x.Releases(x.ctx, Query{From: ten.AddDate(-1, 0, 0), To: ten.AddDate(1, 0, 0), Limit: 500})
	if err != nil || next != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	min := func(t time.Time) string { return fmt.Sprintf("%g", t.Sub(ten).Minutes()) }
	for _, r := range all {
		s := min(r.At) + " " + r.Service + " " + r.Env + " " + r.Version + " " + string(r.Source)
		if !r.Declared.IsZero() {
			s += " told " + min(r.Declared)
		}
		if !r.Seen.IsZero() {
			s += " seen " + min(r.Seen)
		}
		if r.Rollback {
			s += " rollback"
		}
		if !r.Ended.IsZero() {
			s += " replaced " + min(r.Ended)
		}
		lines = append(lines, s)
	}
	// The timeline says the same.
	var marks []timeline.Event
	if marks, _, err = timeline.NewService(x.DB, x.clock).Events(x.ctx, timeline.Query{From: ten.AddDate(-1, 0, 0), To: ten.AddDate(1, 0, 0), Limit: 1000, Ascending: true}); err != nil {
		t.Fatal(err)
	}
	if len(marks) != len(all) {
		t.Errorf("%d marks for %d releases", len(marks), len(all))
	}
	for _, m := range marks {
		i := slices.IndexFunc(all, func(r Release) bool { return r.ID == m.Ref })
		if i < 0 || !all[i].At.Equal(m.At) || all[i].Service != m.Service || all[i].Env != m.Env || all[i].Rollback != strings.Contains(m.Title.Ja, "ロールバック") {
			t.Errorf("mark %+v", m)
		}
	}
	return lines
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func ptr[T any](v T) *T { return &v }

func TestARollingDeployIsOneRelease(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(-3000), at(70)) // since long before Yagura looked
		x.rows.send("prod", "shop", "1.1", 20*time.Second, at(60.5), at(200))
		x.rows.send("prod", "quiet", "7", time.Minute, at(-3000), at(200)) // never changes
		x.watch(t, at(64))
		same(t, x.list(t), "60.5 shop prod 1.1 telemetry seen 60.5")
		x.watch(t, at(100))
		same(t, x.list(t), "60.5 shop prod 1.1 telemetry seen 60.5")
		// The old one is known to have been replaced.
		var old life
		for _, l := range lives(t, x, "shop", "prod") {
			if l.version == "1.0" {
				old = l
			}
		}
		if want := at(70).Add(-20 * time.Second); !old.ended.Equal(want) {
			t.Errorf("ended %v, want %v", old.ended, want)
		}
	})
}

func lives(t *testing.T, x *fixture, service, env string) (all []life) {
	t.Helper()
	if err := x.DB.Read(t.Context(), func(tx *sqldb.Tx) (err error) { all, err = livesOf(tx, place{service, env}); return err }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestARollbackIsAReleaseOfItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.coarse = true // the store knows minutes alone
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(-100), at(30))
		x.rows.send("prod", "shop", "1.1", 20*time.Second, at(30), at(90))
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(90), at(200))
		x.watch(t, at(120))
		same(t, x.list(t),
			"30 shop prod 1.1 telemetry seen 30 replaced "+fmt.Sprintf("%g", at(90).Add(-1).Sub(ten).Minutes()),
			"90 shop prod 1.0 telemetry seen 90 rollback")
	})
}

func TestACanaryIsBesideTheOldOne(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(-100), at(300))
		x.rows.send("prod", "shop", "1.1", 5*time.Minute, at(30), at(100)) // few requests
		x.watch(t, at(150))
		same(t, x.list(t), "30 shop prod 1.1 telemetry seen 30 replaced 95")
	})
}

func TestAVersionThatWasThereBeforeUsIsNoRelease(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(10), at(300)) // the first that is heard of it
		x.rows.send("prod", "shop", "1.1", 20*time.Second, at(11), at(300)) // a roll-out that was under way
		x.rows.send("", "other", "2.0", 20*time.Second, at(100), at(300))   // a new service
		x.rows.send("", "other", "", 20*time.Second, at(110), at(300))      // says no version
		x.watch(t, at(150))
		same(t, x.list(t))
	})
}

func TestSilenceIsNoRelease(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		// A batch in the night, and a service of which nobody asks anything for hours.
		x.rows.send("prod", "batch", "1", 20*time.Second, at(-600), at(-540))
		x.rows.send("prod", "batch", "1", 20*time.Second, at(60), at(80))
		x.rows.send("prod", "batch", "2", 20*time.Second, at(130), at(140))
		x.watch(t, at(160))
		same(t, x.list(t), "130 batch prod 2 telemetry seen 130")
	})
}

// Two versions of few requests side by side must not take turns in being released.
func TestFewRequestsMakeNoFlood(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "rare", "1", 25*time.Minute, at(-2000), at(1500))
		x.rows.send("prod", "rare", "2", 25*time.Minute, at(12), at(1500))
		x.watch(t, at(3))
		for range 24 {
			x.clock.Advance(59 * time.Minute)
			x.watch(t, x.clock.Now().Add(time.Minute))
		}
		if n := len(x.list(t)); n < 1 || n > 5 {
			t.Errorf("%d releases: %v", n, x.list(t))
		}
	})
}

// Rows that are loaded or arrive afterwards, as the demo's two days of history.
func TestHistoryThatComesLater(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "shop", "1.2", time.Minute, at(-5), at(300))
		x.watch(t, at(5))
		same(t, x.list(t))
		x.rows.send("prod", "shop", "1.0", time.Minute, at(-2500), at(-1500))
		x.rows.send("prod", "shop", "1.1", time.Minute, at(-1500), at(-700))
		x.rows.send("prod", "shop", "1.2", time.Minute, at(-700), at(-5))
		asked := x.rows.asked
		x.watch(t, at(30))
		same(t, x.list(t),
			"-1500 shop prod 1.1 telemetry seen -1500 replaced -701",
			"-700 shop prod 1.2 telemetry seen -700")
		if n := x.rows.asked - asked; n > 400 {
			t.Errorf("%d questions", n)
		}
		// Looking again and again at what is known costs little and changes nothing.
		asked = x.rows.asked
		x.watch(t, at(60))
		if n := x.rows.asked - asked; n > 150 {
			t.Errorf("%d questions in half an hour about nothing new", n)
		}
		if n := len(x.list(t)); n != 2 {
			t.Error(x.list(t))
		}
	})
}

func TestToldAndSeenAreOne(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(-100), at(10))
		x.rows.send("prod", "shop", "1.1", 20*time.Second, at(4), at(64))
		x.rows.send("prod", "shop", "f00dfeedbeef", 20*time.Second, at(60), at(200))
		x.watch(t, at(2))
		// CI tells before the first instance starts.
		r, created, err := x.Record(x.ctx, Telling{Service: "shop", Version: "v1.1", Commit: "0123abc", Author: "ann", Source: FromCLI})
		if err != nil || !created || r.Env != "prod" || !r.Seen.IsZero() {
			t.Fatalf("%+v %v", r, err)
		}
		same(t, x.list(t), "2 shop prod v1.1 cli told 2")
		x.watch(t, at(6))
		same(t, x.list(t), "4 shop prod v1.1 cli told 2 seen 4")
		// It is told again, with more.
		again, created, err := x.Record(x.ctx, Telling{Service: "shop", Version: "v1.1", Commit: "0123abcdef", Note: "note", URL: "https://ci.example/1", Source: FromAPI})
		if err != nil || created || again.ID != r.ID || again.Commit != "0123abcdef" || again.Note != "note" || again.Author != "ann" {
			t.Errorf("%+v %v %v", again, created, err)
		}
		// Seen first, and told by its commit when the last instance had started.
		x.watch(t, at(75))
		if l := x.list(t); len(l) != 2 || l[1] != "60 shop prod f00dfeedbeef telemetry seen 60" {
			t.Errorf("%v", l)
		}
		late, created, err := x.Record(x.ctx, Telling{Service: "shop", Env: ptr("prod"), Version: "2.0", Commit: "f00dfeedbeef0000000000000000000000000000", Source: FromAPI})
		if err != nil || created || late.Version != "f00dfeedbeef" || late.Commit == "" {
			t.Errorf("%+v %v %v", late, created, err)
		}
		if l := x.list(t); len(l) != 2 || !strings.HasPrefix(l[1], "60 shop prod f00dfeedbeef api told 75 seen 60") {
			t.Errorf("%v", l)
		}
		d, err := x.Release(x.ctx, r.ID)
		if err != nil || d.Next.ID != late.ID || d.Previous.ID != "" || !d.From.Equal(at(4)) || !d.To.Equal(at(64).Add(-20*time.Second)) {
			t.Errorf("%+v %v", d, err)
		}
		if len(x.audit.actions) != 3 || x.audit.actions[0] != "release.create shop v1.1" {
			t.Error(x.audit.actions)
		}
	})
}

func TestToldWithoutTelemetry(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		tell := func(version string, minute float64, env string) (Release, bool) {
			t.Helper()
			r, created, err := x.Record(x.ctx, Telling{Service: "app", Version: version, Env: &env, Time: at(minute), Source: FromAPI})
			if err != nil {
				t.Fatal(err)
			}
			return r, created
		}
		x.clock.Advance(10 * time.Hour)
		one, _ := tell("1", 10, "prod")
		two, _ := tell("2", 20, "prod")
		if r, created := tell("1", 10, "prod"); created || r.ID != one.ID { // a retry of an old one
			t.Errorf("%+v", r)
		}
		tell("1", 15, "staging")
		back, created := tell("1", 30, "prod")
		if !created || !back.Rollback || back.N != 2 || back.ID == one.ID {
			t.Errorf("%+v", back)
		}
		d, err := x.Release(x.ctx, two.ID)
		if err != nil || d.Previous.ID != one.ID || d.Next.ID != back.ID || !d.From.Equal(at(20)) || !d.To.Equal(at(30)) {
			t.Errorf("%+v", d)
		}
		// Without an environment, while nothing is known of the service; then it is seen.
		r, _, err := x.Record(x.ctx, Telling{Service: "fresh", Version: "3", Source: FromCLI})
		if err != nil || r.Env != "" {
			t.Fatal(r, err)
		}
		x.rows.send("prod", "fresh", "3", time.Minute, x.clock.Now().Add(3*time.Minute), x.clock.Now().Add(time.Hour))
		x.watch(t, x.clock.Now().Add(5*time.Minute))
		if d, err := x.Release(x.ctx, r.ID); err != nil || d.Env != "prod" || d.Seen.Sub(d.Declared) != 3*time.Minute {
			t.Errorf("%+v %v", d, err)
		}
		// Two environments: which?
		x.rows.send("stage", "fresh", "3", time.Minute, x.clock.Now(), x.clock.Now().Add(time.Hour))
		x.watch(t, x.clock.Now().Add(5*time.Minute))
		if _, _, err := x.Record(x.ctx, Telling{Service: "fresh", Version: "4"}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "prod, stage") {
			t.Error(err)
		}
	})
}

func TestEditedAndRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(-100), at(10))
		x.rows.send("prod", "shop", "1.1", 20*time.Second, at(4), at(300))
		x.watch(t, at(8))
		all, _, _ := x.Releases(x.ctx, Query{From: at(-100), To: at(100), Limit: 1})
		r := all[0]
		edited, err := x.Update(x.ctx, r.ID, Change{Note: ptr("初回の限定公開"), Author: ptr("ann")}, func(Release) error { return nil })
		if err != nil || edited.Note != "初回の限定公開" {
			t.Fatal(err)
		}
		if _, err := x.Update(x.ctx, r.ID, Change{URL: ptr("javascript:alert(1)")}, func(Release) error { return nil }); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if err := x.Remove(x.ctx, r.ID); err != nil {
			t.Fatal(err)
		}
		x.watch(t, at(40)) // also past the next wide look
		same(t, x.list(t))
		viewer := authz.With(t.Context(), authz.Principal{Role: authz.Viewer, Kind: authz.KindUser, UserID: "v"})
		for _, err := range []error{
			func() error { _, _, err := x.Record(viewer, Telling{Service: "a", Version: "1"}); return err }(),
			x.Remove(viewer, r.ID),
		} {
			if !fault.Is(err, fault.Forbidden) {
				t.Error(err)
			}
		}
		if err := x.Remove(x.ctx, r.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestAVersionForEachStartIsNoRelease(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.rows.send("prod", "odd", "0", time.Minute, at(-100), at(0))
		for i := range 100 {
			x.rows.send("prod", "odd", fmt.Sprint("start-", i), time.Minute, at(float64(i)), at(float64(i+1)))
		}
		x.watch(t, at(110))
		if n := len(x.list(t)); n != flood {
			t.Errorf("%d releases", n)
		}
	})
}
