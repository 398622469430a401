package errorgroup

import (
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func seen(first, last time.Duration, versions ...string) telemetry.ErrorFigures {
	f := telemetry.ErrorFigures{Count: 1, FirstEver: noon.Add(first).UnixNano(), First: noon.Add(first).UnixNano(), Last: noon.Add(last).UnixNano()}
	for _, v := range versions {
		f.Versions = append(f.Versions, telemetry.Tally{Value: v, Count: 1})
	}
	return f
}

const h = time.Hour

func resolved(ago time.Duration, m Mended, version string, known ...string) State {
	return State{Status: Resolved, Since: noon.Add(-ago), Changed: noon.Add(-ago), Mended: m, Version: version, Known: known}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name string
		s    State
		f    telemetry.ErrorFigures
		want Shows
	}{
		{"untouched and young", State{}, seen(-h, 0), ShowsNew},
		{"untouched and old", State{}, seen(-25*h, 0), ShowsOngoing},
		{"young, and somebody has it", State{Status: Open, Changed: noon.Add(-h)}, seen(-2*h, 0), ShowsOngoing},
		{"ignored for ever", State{Status: Ignored, Changed: noon}, seen(-h, 0), ShowsIgnored},
		{"ignored for an hour more", State{Status: Ignored, Changed: noon, Until: noon.Add(h)}, seen(-h, 0), ShowsIgnored},
		{"ignored until now", State{Status: Ignored, Changed: noon, Until: noon}, seen(-h, 0), ShowsOngoing},
		{"resolved", resolved(h, MendedNow, ""), seen(-9*h, 0, "1"), ShowsResolved},
		{"came back", State{Status: Open, Changed: noon, Returned: noon.Add(-h)}, seen(-9*h, 0), ShowsReturned},
	} {
		if got := judge(c.s, c.f, noon); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestReturned(t *testing.T) {
	for _, c := range []struct {
		name string
		s    State
		f    telemetry.ErrorFigures
		want bool
	}{
		{"resolved and quiet", resolved(h, MendedNow, ""), seen(-9*h, -2*h, "1"), false},
		{"resolved and seen again", resolved(h, MendedNow, ""), seen(-9*h, -h/2, "1"), true},
		{"mended next, and the old version goes on", resolved(h, MendedNext, "", "1"), seen(-9*h, 0, "1"), false},
		{"mended next, and the next has it", resolved(h, MendedNext, "", "1"), seen(-9*h, 0, "2", "1"), true},
		{"mended in 2, which runs already and has it", resolved(h, MendedIn, "2", "1", "2"), seen(-9*h, 0, "2"), true},
		{"mended in 2, and 1 goes on", resolved(h, MendedIn, "2", "1", "2"), seen(-9*h, 0, "1"), false},
		{"mended in 2, and 3 has it", resolved(h, MendedIn, "2", "1", "2"), seen(-9*h, 0, "3"), true},
		{"resolved, and nothing of it", resolved(h, MendedNow, ""), telemetry.ErrorFigures{}, false},
		{"open", State{Status: Open}, seen(-h, 0, "1"), false},
		{"ignored", State{Status: Ignored}, seen(-h, 0, "1"), false},
	} {
		if got := returned(c.s, c.f); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
