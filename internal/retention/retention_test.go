package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func origin(service string) telemetry.Origin { return telemetry.Origin{Service: service, Env: "prod"} }

func thin(n uint32) telemetry.Keep { return telemetry.Keep{State: telemetry.KeptThinned, OneIn: n} }

func dayBefore(n int) string { return now.AddDate(0, 0, -n).Format(time.DateOnly) }

func TestTheNarrowestRuleHolds(t *testing.T) {
	rs := Rules{
		{ID: "spans", Signal: telemetry.Spans, WholeDays: 14}, {ID: "logs", Signal: telemetry.Logs, WholeDays: 30},
		{ID: "e", Signal: telemetry.Spans, Env: "dev", WholeDays: 1}, {ID: "s", Signal: telemetry.Spans, Service: "pay", WholeDays: 60},
		{ID: "se", Signal: telemetry.Spans, Service: "pay", Env: "dev", WholeDays: 2},
	}
	for want, of := range map[string]telemetry.Origin{
		"spans": {Service: "shop", Env: "prod"}, "e": {Service: "shop", Env: "dev"}, "s": {Service: "pay", Env: "prod"}, "se": {Service: "pay", Env: "dev"},
	} {
		if got := rs.For(telemetry.Spans, of); got.ID != want {
			t.Errorf("%v: %s, want %s", of, got.ID, want)
		}
		if got := rs.For(telemetry.Logs, of); got.ID != "logs" {
			t.Errorf("%v: %s", of, got.ID)
		}
	}
	r := Rule{WholeDays: 3, ThinDays: 2, OneIn: 10}
	for age, want := range map[int]telemetry.Keep{0: telemetry.Whole, 3: telemetry.Whole, 4: thin(10), 5: thin(10), 6: telemetry.Gone} {
		if got := r.KeepAt(age); got != want {
			t.Errorf("at %d days: %v", age, got)
		}
	}
}

func TestWhatIsDue(t *testing.T) {
	rs := Rules{
		{ID: "spans", Signal: telemetry.Spans, WholeDays: 3, ThinDays: 3, OneIn: 10},
		{ID: "short", Signal: telemetry.Spans, Service: "noisy", WholeDays: 1},
	}
	both := map[telemetry.Origin]uint64{origin("shop"): 100, origin("noisy"): 50}
	done := func(k telemetry.Keep, after uint64) telemetry.KeptDay {
		return telemetry.KeptDay{Keep: k, Before: 100, After: after, Done: true}
	}
	for _, c := range []struct {
		name  string
		age   int
		is    map[telemetry.Origin]uint64
		notes map[telemetry.Origin]telemetry.KeptDay
		drop  bool
		keeps map[telemetry.Origin]telemetry.Keep
	}{
		{name: "young", age: 1, is: both},
		{name: "one is over", age: 2, is: both, keeps: map[telemetry.Origin]telemetry.Keep{origin("shop"): telemetry.Whole, origin("noisy"): telemetry.Gone}},
		{name: "that was done", age: 2, is: map[telemetry.Origin]uint64{origin("shop"): 100}, notes: map[telemetry.Origin]telemetry.KeptDay{origin("noisy"): done(telemetry.Gone, 0)}},
		{name: "thin", age: 4, is: map[telemetry.Origin]uint64{origin("shop"): 100}, keeps: map[telemetry.Origin]telemetry.Keep{origin("shop"): thin(10)}},
		{name: "thinned", age: 5, is: map[telemetry.Origin]uint64{origin("shop"): 20}, notes: map[telemetry.Origin]telemetry.KeptDay{origin("shop"): done(thin(10), 20)}},
		{name: "it was stopped in the middle", age: 5, is: map[telemetry.Origin]uint64{origin("shop"): 20},
			notes: map[telemetry.Origin]telemetry.KeptDay{origin("shop"): {Keep: thin(10)}}, keeps: map[telemetry.Origin]telemetry.Keep{origin("shop"): thin(10)}},
		{name: "much came late", age: 5, is: map[telemetry.Origin]uint64{origin("shop"): 5000},
			notes: map[telemetry.Origin]telemetry.KeptDay{origin("shop"): done(thin(10), 20)}, keeps: map[telemetry.Origin]telemetry.Keep{origin("shop"): thin(10)}},
		{name: "a longer rule brings nothing back", age: 2, is: map[telemetry.Origin]uint64{origin("shop"): 20}, notes: map[telemetry.Origin]telemetry.KeptDay{origin("shop"): done(thin(10), 20)}},
		{name: "all over", age: 7, is: both, drop: true},
		{name: "nothing there", age: 7},
	} {
		got := rs.due(telemetry.Spans, c.age, c.is, c.notes)
		if got.Drop != c.drop || !maps.Equal(got.Keeps, c.keeps) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// factsOf are of two services that send as much each day: noisy's rows are small and dull.
func factsOf(days int) Facts {
	f := Facts{Now: now, Measure: []telemetry.RowMeasure{
		{Signal: telemetry.Spans, Origin: origin("shop"), RowBytes: 300, Notable: 0.5},
		{Signal: telemetry.Spans, Origin: origin("noisy"), RowBytes: 100, Notable: 0},
	}}
	for i := range days {
		day := dayBefore(i)
		f.Days = append(f.Days, telemetry.DayStorage{Day: day, Signal: telemetry.Spans, Rows: 2000, Bytes: 40_000})
		for _, s := range []string{"shop", "noisy"} {
			f.Arrived = append(f.Arrived, telemetry.DayVolume{Day: day, Signal: telemetry.Spans, Origin: origin(s), Rows: 1000})
		}
	}
	return f
}

func TestForecastsAndEffects(t *testing.T) {
	rs := Rules{
		{ID: "spans", Signal: telemetry.Spans, WholeDays: 9, ThinDays: 10, OneIn: 10},
		{ID: "noisy", Signal: telemetry.Spans, Service: "noisy", WholeDays: 4},
	}
	f := factsOf(5)
	all := rs.forecasts(f)
	// Of 40 kB a day, shop takes three quarters: 10 days whole, 10 with half and a tenth of the rest.
	if got, want := all["spans"], (Forecast{Oldest: dayBefore(4), Rows: 5000, Bytes: 150_000, DayRows: 1000, DayBytes: 30_000, FullBytes: 465_000, Services: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := all["noisy"], (Forecast{Oldest: dayBefore(4), Rows: 5000, Bytes: 50_000, DayRows: 1000, DayBytes: 10_000, FullBytes: 50_000, Services: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if e := rs.effects(f); len(e) != 0 {
		t.Errorf("%+v", e)
	}
	rs[0].WholeDays, rs[1].WholeDays = 1, 2
	want := []Effect{
		{telemetry.Spans, origin("shop"), telemetry.KeptThinned, dayBefore(4), dayBefore(2), 3, 3 * 450, 3 * 13_500},
		{telemetry.Spans, origin("noisy"), telemetry.KeptGone, dayBefore(4), dayBefore(3), 2, 2000, 20_000},
	}
	if e := rs.effects(f); !slices.Equal(e, want) {
		t.Errorf("%+v\nwant %+v", e, want)
	}
	// What was thinned already is not foretold again, and takes less.
	f.Notes = []telemetry.KeptDay{{Day: dayBefore(4), Signal: telemetry.Spans, Origin: origin("shop"), Keep: thin(10), Before: 1000, After: 550, Done: true}}
	if e := rs.effects(f); len(e) != 2 || e[0].Days != 2 || e[0].From != dayBefore(3) {
		t.Errorf("%+v", e)
	}
	if got := rs.forecasts(f)["spans"]; got.Rows != 4550 {
		t.Errorf("%+v", got)
	}
}

// engine is a store of days in memory; what it was told is in did.
type engine struct {
	Store
	archived archivedRows
	rows     map[string]map[telemetry.Signal]map[telemetry.Origin]uint64
	notes    []telemetry.KeptDay
	did      []string
	refuse   error
}

func (e *engine) Storage(context.Context) (days []telemetry.DayStorage, err error) {
	for day, signals := range e.rows {
		for signal, origins := range signals {
			d := telemetry.DayStorage{Day: day, Signal: signal}
			for _, n := range origins {
				d.Rows += n
				d.Bytes += 10 * n
			}
			days = append(days, d)
		}
	}
	return days, nil
}

func (e *engine) Origins(_ context.Context, day string, signal telemetry.Signal) (map[telemetry.Origin]uint64, error) {
	return maps.Clone(e.rows[day][signal]), nil
}

func (e *engine) Thin(_ context.Context, t telemetry.Thinning) (before, after uint64, err error) {
	if e.refuse != nil {
		return 0, 0, e.refuse
	}
	for o, k := range t.Keeps {
		n := e.rows[t.Day][t.Signal][o]
		if n == 0 || k.State == telemetry.KeptWhole {
			continue
		}
		left := uint64(float64(n) * k.Share())
		e.rows[t.Day][t.Signal][o] = left
		if left == 0 {
			delete(e.rows[t.Day][t.Signal], o)
		}
		e.did = append(e.did, fmt.Sprintf("%s %s %s %s", k.State, t.Signal, t.Day, o.Service))
		e.notes = append(e.notes, telemetry.KeptDay{Day: t.Day, Signal: t.Signal, Origin: o, Keep: k, Before: n, After: left, Done: true})
	}
	return 0, 0, nil
}

func (e *engine) DropDay(_ context.Context, day string, signal telemetry.Signal) error {
	if e.refuse != nil {
		return e.refuse
	}
	delete(e.rows[day], signal)
	e.did = append(e.did, fmt.Sprintf("drop %s %s", signal, day))
	return nil
}

func (e *engine) KeptDays(context.Context, string) ([]telemetry.KeptDay, error) { return e.notes, nil }
func (e *engine) Arrived(context.Context, string) ([]telemetry.DayVolume, error) {
	return nil, nil
}
func (e *engine) QuietHour(context.Context) (int, error) { return 3, nil }
func (e *engine) MeasureDay(_ context.Context, day string) ([]telemetry.RowMeasure, error) {
	e.did = append(e.did, "measure "+day)
	return []telemetry.RowMeasure{{Day: day, Signal: telemetry.Spans, Origin: origin("shop"), Rows: 10, RowBytes: 100, Notable: 0.1}}, nil
}

type noMetrics struct{ kept time.Duration }

func (m *noMetrics) Store(context.Context) (MetricStore, error) { return MetricStore{}, nil }
func (m *noMetrics) Retain(_ context.Context, keep time.Duration) error {
	m.kept = keep
	return nil
}
func (m *noMetrics) Exemplars(context.Context, telemetry.Range) ([]telemetry.TraceID, error) {
	return nil, nil
}

type audit struct{ actions []string }

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, _, _ any) error {
	a.actions = append(a.actions, action+" "+name)
	return nil
}

func onBoth(t *testing.T, f func(t *testing.T, s *Service, e *engine, c *clock.Fake, a *audit)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations); err != nil {
			t.Fatal(err)
		}
		e, c, a := &engine{rows: map[string]map[telemetry.Signal]map[telemetry.Origin]uint64{}}, clock.NewFake(now), &audit{}
		const day = 24 * time.Hour
		f(t, New(Options{
			DB: db, Store: e, Metrics: &noMetrics{}, Audit: a, Clock: c, Log: slog.New(slog.DiscardHandler),
			Defaults: Defaults{Logs: 30 * day, Spans: 14*day - time.Hour, SpansThinned: 16 * day, Metrics: 90 * day, OneIn: 10},
			Disk:     func() (uint64, uint64) { return 50, 100 },
			Still:    func(_ context.Context, f func() error) error { return f() },
			Archive:  Archive{Rows: &e.archived, Settled: func(context.Context) (time.Time, error) { return c.Now(), nil }, Soon: func(context.Context, string) {}, Version: "test"},
		}), e, c, a)
	})
}

func admin(t *testing.T) context.Context {
	return authz.With(t.Context(), authz.Principal{UserID: "u", Name: "sato", Role: authz.Admin, Kind: authz.KindUser})
}

func ptr[T any](v T) *T { return &v }

func TestRulesAreChangedWithAuditAndFaultsThatNameTheField(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, _ *engine, _ *clock.Fake, a *audit) {
		ctx := admin(t)
		rs, err := s.Rules(ctx)
		if err != nil || len(rs) != 3 || rs.For(telemetry.Spans, origin("x")).WholeDays != 14 || !rs[0].ChangedAt.IsZero() {
			t.Fatal(rs, err)
		}
		member := authz.With(t.Context(), authz.Principal{UserID: "m", Role: authz.Member, Kind: authz.KindUser})
		if _, err := s.Add(member, Rule{Signal: telemetry.Logs, Service: "x", WholeDays: 1}); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		r, err := s.Add(ctx, Rule{Signal: telemetry.Logs, Service: " 決済 ", Env: "prod", WholeDays: 3, ThinDays: 4, OneIn: 5})
		if err != nil || r.Service != "決済" || r.ChangedBy != "sato" {
			t.Fatal(r, err)
		}
		if _, err := s.Add(ctx, Rule{Signal: telemetry.Logs, Service: "決済", Env: "prod", WholeDays: 1}); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
		for field, bad := range map[string]Rule{
			"service":    {Signal: telemetry.Logs, WholeDays: 1},
			"whole_days": {Signal: telemetry.Logs, Service: "x"},
			"thin_days":  {Signal: telemetry.Logs, Service: "x", WholeDays: 1, ThinDays: -1},
			"one_in":     {Signal: telemetry.Logs, Service: "x", WholeDays: 1, OneIn: 1},
			"env":        {Signal: telemetry.Metrics, Env: "prod", WholeDays: 1},
		} {
			if _, err := s.Add(ctx, bad); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		no := errors.New("somebody was quicker")
		if _, err := s.Update(ctx, r.ID, Change{WholeDays: ptr(9)}, func(Rule) error { return no }); !errors.Is(err, no) {
			t.Error(err)
		}
		if is, err := s.Update(ctx, "spans", Change{WholeDays: ptr(7)}, func(Rule) error { return nil }); err != nil || is.WholeDays != 7 || is.ThinDays != 16 {
			t.Error(is, err)
		}
		if _, err := s.Update(ctx, "spans", Change{Service: ptr("x")}, func(Rule) error { return nil }); fault.Of(err).Field != "service" {
			t.Error(err)
		}
		if err := s.Remove(ctx, "spans"); err != nil {
			t.Error(err)
		}
		if is, err := s.Rule(ctx, "spans"); err != nil || is.WholeDays != 14 {
			t.Error(is, err)
		}
		if err := s.Remove(ctx, r.ID); err != nil {
			t.Error(err)
		}
		if err := s.Remove(ctx, r.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if got := strings.Join(a.actions, "; "); got != "retention.create logs 決済 (prod); retention.update spans; retention.delete spans; retention.delete logs 決済 (prod)" {
			t.Error(got)
		}
	})
}

func TestEnforceDropsAtOnceAndRewritesInQuietHours(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, e *engine, c *clock.Fake, _ *audit) {
		put := func(age int, signal telemetry.Signal, services ...string) {
			day := dayBefore(age)
			if e.rows[day] == nil {
				e.rows[day] = map[telemetry.Signal]map[telemetry.Origin]uint64{}
			}
			e.rows[day][signal] = map[telemetry.Origin]uint64{}
			for _, name := range services {
				e.rows[day][signal][origin(name)] = 1000
			}
		}
		put(40, telemetry.Spans, "shop")
		put(40, telemetry.Logs, "shop")
		put(20, telemetry.Spans, "shop", "noisy")
		put(1, telemetry.Spans, "shop")
		if _, err := s.Add(admin(t), Rule{Signal: telemetry.Spans, Service: "noisy", WholeDays: 2}); err != nil {
			t.Fatal(err)
		}
		run := func() string {
			t.Helper()
			e.did = nil
			if err := s.Enforce(t.Context()); err != nil {
				t.Fatal(err)
			}
			slices.Sort(e.did)
			return strings.Join(e.did, "; ")
		}
		e.refuse = fault.New(fault.Conflict, fault.Of(errors.New("")).Text) // it is being rebuilt
		if got := run(); got != "" {
			t.Error(got)
		}
		e.refuse = nil
		if got, want := run(), fmt.Sprintf("drop logs %[1]s; drop spans %[1]s", dayBefore(40)); got != want {
			t.Errorf("at noon: %s", got)
		}
		if s.Metrics.(*noMetrics).kept != 90*24*time.Hour {
			t.Error("metrics are not told")
		}
		c.Advance(16 * time.Hour) // 4 at night
		if got, want := run(), fmt.Sprintf("gone spans %[1]s noisy; thinned spans %[1]s shop", dayBefore(20)); got != want {
			t.Errorf("at night: %s", got)
		}
		if got := run(); got != "" {
			t.Errorf("again: %s", got)
		}
		// What found no quiet hour for a day is done in any.
		put(19, telemetry.Spans, "shop")
		c.Advance(8 * time.Hour)
		if got := run(); got != "" {
			t.Error(got)
		}
		c.Advance(24 * time.Hour)
		if got := run(); !strings.Contains(got, "thinned spans "+dayBefore(19)) {
			t.Errorf("a day later: %q", got)
		}
	})
}

func TestADayIsMeasuredOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, e *engine, _ *clock.Fake, _ *audit) {
		e.rows[dayBefore(1)] = map[telemetry.Signal]map[telemetry.Origin]uint64{telemetry.Spans: {origin("shop"): 10}}
		e.rows[dayBefore(0)] = map[telemetry.Signal]map[telemetry.Origin]uint64{telemetry.Spans: {origin("shop"): 10}}
		for range 2 {
			if err := s.Measure(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f, err := s.Facts(t.Context())
		if err != nil || len(f.Measure) != 1 || f.Measure[0].Notable != 0.1 || len(e.did) != 1 || e.did[0] != "measure "+dayBefore(1) {
			t.Error(f.Measure, e.did, err)
		}
	})
}
