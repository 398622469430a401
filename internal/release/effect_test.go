package release

import (
	"context"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestWindowsMatch(t *testing.T) {
	for _, c := range []struct {
		name                       string
		at, previous, until, now   float64 // minutes after ten; NaN-free: 0 is none for previous and until
		want                       time.Duration
		against                    Against
		from, to, beforeFrom, upto float64
		live                       bool
	}{
		{"an hour on both sides of the minute in which it came", 60.5, 0, 0, 300, time.Hour, AgainstBefore, 61, 121, 0, 60, false},
		{"a whole minute belongs to the time after", 60, 0, 0, 300, time.Hour, AgainstBefore, 60, 120, 0, 60, false},
		{"young: as long as there is", 60.5, 0, 0, 73.2, time.Hour, AgainstBefore, 61, 73, 48, 60, true},
		{"replaced", 60.5, 0, 71.5, 300, time.Hour, AgainstBefore, 61, 71, 50, 60, false},
		{"not into the release before", 60.5, 40.2, 0, 300, time.Hour, AgainstBefore, 61, 80, 41, 60, false},
		{"released twice in a row", 60.5, 59.8, 0, 300, time.Hour, AgainstBefore, 61, 121, 0, 60, false},
		{"no minute yet", 60.5, 0, 0, 60.9, time.Hour, AgainstBefore, 61, 61, 60, 60, true},
		{"the day before, however short the time since the release before", 60.5, 40.2, 0, 300, 30 * time.Minute, AgainstDay, 61, 91, 61 - 1440, 91 - 1440, false},
	} {
		d := Detail{Release: Release{ID: "r", At: at(c.at)}, From: at(c.at)}
		if c.previous != 0 {
			d.Previous = Release{ID: "p", At: at(c.previous)}
		}
		if c.until != 0 {
			d.To = at(c.until)
		}
		got := windowOf(d, c.want, c.against, at(c.now))
		want := Window{
			After:  telemetry.Range{From: at(c.from), To: at(c.to)},
			Before: telemetry.Range{From: at(c.beforeFrom), To: at(c.upto)}, Live: c.live,
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", c.name, got, want)
		}
	}
}

func TestBothSidesOfAWindowAreAsLong(t *testing.T) {
	check := func(came, previous, until, now uint16, want uint32, against uint8) bool {
		d := Detail{Release: Release{ID: "r", At: at(float64(came) / 10)}}
		if previous > 0 && previous < came {
			d.Previous = Release{ID: "p", At: at(float64(previous) / 10)}
		}
		if until > came {
			d.To = at(float64(until) / 10)
		}
		w := windowOf(d, time.Minute+time.Duration(want)*time.Second, []Against{AgainstBefore, AgainstDay, AgainstWeek}[against%3], at(float64(came)/10+float64(now)/10))
		n := w.After.To.Sub(w.After.From)
		return n >= 0 && n == w.Before.To.Sub(w.Before.From) && n <= longest && !w.Before.To.After(d.At) && !w.After.From.Before(d.At) &&
			w.shift()%time.Minute == 0 && (d.To.IsZero() || !w.After.To.After(d.To) || w.empty())
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestATurnIsNoChance(t *testing.T) {
	ms := float64(time.Millisecond)
	red := func(n, errors uint64, p95 float64) telemetry.RED {
		return telemetry.RED{Count: n, Errors: errors, P95: p95 * ms}
	}
	for _, c := range []struct {
		name            string
		after, before   telemetry.RED
		errors, latency Turn
	}{
		{"nothing", red(0, 0, 0), red(0, 0, 0), TooFew, TooFew},
		{"few requests", red(19, 19, 100), red(1000, 0, 10), TooFew, TooFew},
		{"none failed", red(1000, 0, 10), red(1000, 0, 10), Same, Same},
		{"all failed, both times", red(1000, 1000, 10), red(1000, 1000, 10), Same, Same},
		{"one in a thousand by chance", red(1000, 2, 10), red(1000, 0, 10), Same, Same},
		{"a burst", red(1000, 50, 10), red(1000, 1, 10), Worse, Same},
		{"mended", red(1000, 1, 10), red(1000, 50, 10), Better, Same},
		{"sure, and too little to matter", red(10_000_000, 9000, 10), red(10_000_000, 5000, 10), Same, Same},
		{"slower", red(1000, 0, 130), red(1000, 0, 100), Same, Worse},
		{"faster", red(1000, 0, 80), red(1000, 0, 100), Same, Better},
		{"half as long again, of nothing", red(1000, 0, 0.3), red(1000, 0, 0.2), Same, Same},
	} {
		p := Pair{c.after, c.before}
		if p.Errors() != c.errors || p.Latency() != c.latency {
			t.Errorf("%s: %s %s", c.name, p.Errors(), p.Latency())
		}
	}
}

// What is worse one way is better the other, so that a rollback mends what a release broke.
func TestTurnsTurnAround(t *testing.T) {
	flip := map[Turn]Turn{Worse: Better, Better: Worse, Same: Same, TooFew: TooFew}
	check := func(n1, e1, n0, e0, l1, l0 uint16) bool {
		a := telemetry.RED{Count: uint64(n1), Errors: uint64(e1) % (uint64(n1) + 1), P95: float64(l1) * 1e5}
		b := telemetry.RED{Count: uint64(n0), Errors: uint64(e0) % (uint64(n0) + 1), P95: float64(l0) * 1e5}
		return errorTurn(a, b) == flip[errorTurn(b, a)] && latencyTurn(a, b) == flip[latencyTurn(b, a)]
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestEndpointsOfBothSidesTheWorstFirst(t *testing.T) {
	e := func(name string, n, errors uint64, p95 float64) telemetry.EndpointFigures {
		return telemetry.EndpointFigures{Endpoint: name, Kind: telemetry.KindServer, RED: telemetry.RED{Count: n, Errors: errors, P95: p95 * 1e6}}
	}
	got := endpointEffects(
		[]telemetry.EndpointFigures{e("same", 500, 0, 10), e("new", 7, 0, 1), e("slow", 100, 0, 90), e("failing", 100, 60, 10), e("mended", 100, 0, 10)},
		[]telemetry.EndpointFigures{e("gone", 9, 0, 1), e("same", 500, 0, 10), e("slow", 100, 0, 10), e("failing", 100, 0, 10), e("mended", 100, 70, 10)})
	var names []string
	for _, x := range got {
		names = append(names, x.Endpoint)
	}
	if want := []string{"failing", "slow", "mended", "same", "new", "gone"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if got[0].After.Errors != 60 || got[0].Before.Errors != 0 || got[5].After.Count != 0 || got[5].Before.Count != 9 {
		t.Errorf("%+v", got)
	}
}

func TestGroupsOnBothSides(t *testing.T) {
	g := func(id telemetry.ShapeID, n uint64, first float64) telemetry.ErrorFigures {
		return telemetry.ErrorFigures{ErrorKey: telemetry.ErrorKey{ID: id}, Count: n, FirstEver: at(first).UnixNano()}
	}
	came := at(60)
	e := errorEffect(
		[]telemetry.ErrorFigures{g(1, 5, 61), g(2, 8, 10), g(3, 1, -100)},
		[]telemetry.ErrorFigures{g(2, 4, 10), g(4, 3, 20), g(5, 2, 30)}, came)
	ids := func(all []telemetry.ErrorFigures) (out []telemetry.ShapeID) {
		for _, x := range all {
			out = append(out, x.ID)
		}
		return out
	}
	if !slices.Equal(ids(e.New), []telemetry.ShapeID{1}) || !slices.Equal(ids(e.Lasting), []telemetry.ShapeID{2}) ||
		!slices.Equal(ids(e.Other), []telemetry.ShapeID{3}) || !slices.Equal(ids(e.Gone), []telemetry.ShapeID{4}) {
		t.Errorf("%+v", e)
	}
	if *e.Lasting[0].Before != 4 || e.Lasting[0].Count != 8 || *e.Gone[0].Before != 3 || e.Gone[0].Count != 0 {
		t.Errorf("counts: %+v", e)
	}
}

func TestDiffURL(t *testing.T) {
	for _, c := range []struct{ link, repo, from, to, want string }{
		{"https://github.com/acme/shop/actions/runs/7", "", "aaa1111", "bbb2222", "https://github.com/acme/shop/compare/aaa1111...bbb2222"},
		{"https://github.acme.example/acme/shop/releases/tag/v2", "", "a", "b", "https://github.acme.example/acme/shop/compare/a...b"},
		{"https://gitlab.example/team/sub/shop/-/pipelines/9", "", "a", "b", "https://gitlab.example/team/sub/shop/-/compare/a...b"},
		{"https://ci.example/builds/3", "", "a", "b", ""},
		{"https://ci.example/builds/3", "acme/shop", "a", "b", "https://github.com/acme/shop/compare/a...b"},
		{"", "acme/shop", "a", "a", ""},
		{"", "acme/shop", "", "b", ""},
		{"", "acme/shop", "release/1", "b", "https://github.com/acme/shop/compare/release%2F1...b"},
		{"https://github.com/", "", "a", "b", ""},
	} {
		if got := diffURL(c.link, c.repo, c.from, c.to); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// instances answers as a store that has one row of each of its services.
type instances struct {
	Figures
	of []string
}

func (i instances) Instances(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.InstanceFigures, telemetry.Derived, error) {
	if slices.Contains(i.of, q.Service) {
		return []telemetry.InstanceFigures{{Service: q.Service}}, telemetry.Derived{}, nil
	}
	return nil, telemetry.Derived{}, nil
}

func TestAReleaseOfAServiceThatNeverSentAnythingIsMarked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.Figures = instances{of: []string{"versionless"}}
		x.rows.send("prod", "shop", "1.0", 20*time.Second, at(-30), at(30))
		x.watch(t, at(5))
		for service, want := range map[string]bool{"shop": true, "versionless": true, "chekcout": false} {
			r, created, err := x.Record(x.ctx, Telling{Service: service, Env: ptr("prod"), Version: "2.0"})
			if err != nil || !created {
				t.Fatal(service, err)
			}
			if got := x.Known(x.ctx, r); got[service] != want {
				t.Errorf("%s: known is %v", service, got[service])
			}
		}
	})
}

func TestReleasesOfATeamsServices(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, service := range []string{"a", "b", "c"} {
			if _, _, err := x.Record(x.ctx, Telling{Service: service, Env: ptr(""), Version: "1"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			of   []string
			want int
		}{{nil, 3}, {[]string{"a", "c", "z"}, 2}, {[]string{}, 0}} {
			all, _, err := x.Releases(x.ctx, Query{From: at(-60), To: at(60), Services: c.of, Limit: 10})
			if err != nil || len(all) != c.want {
				t.Errorf("%v: %d releases, %v", c.of, len(all), err)
			}
		}
	})
}
