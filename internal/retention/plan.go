package retention

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// ageOf is how many days ago a day was; ok is false of what is no day.
func ageOf(day string, now time.Time) (age int, ok bool) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, false
	}
	return int(now.UTC().Truncate(24*time.Hour).Sub(t) / (24 * time.Hour)), true
}

// Due is what is to be done to a day.
type Due struct {
	Drop  bool
	Keeps map[telemetry.Origin]telemetry.Keep // of all that are there, when something is to be thinned
}

// None says that nothing is to be done.
func (d Due) None() bool { return !d.Drop && d.Keeps == nil }

// lateRows is by how many rows a day that was thinned may grow before it is thinned again.
const lateRows = 1000

// due says what is to be done to a day with these rows and notes at an age.
func (rs Rules) due(signal telemetry.Signal, age int, is map[telemetry.Origin]uint64, notes map[telemetry.Origin]telemetry.KeptDay) (d Due) {
	if len(is) == 0 {
		return d
	}
	keeps := map[telemetry.Origin]telemetry.Keep{}
	gone, act := true, false
	for o, rows := range is {
		want := rs.For(signal, o).KeepAt(age)
		note, noted := notes[o]
		have := telemetry.Whole
		if noted {
			have = note.Keep
		}
		if have.Stricter(want) { // what is not there any more cannot be kept
			want = have
		}
		keeps[o] = want
		gone = gone && want.State == telemetry.KeptGone
		switch {
		case want.State == telemetry.KeptWhole:
		case want.State == telemetry.KeptGone, !noted, !note.Done, want.Stricter(have), rows > note.After+max(lateRows, note.After/10):
			act = true
		}
	}
	switch {
	case gone:
		d.Drop = true
	case act:
		d.Keeps = keeps
	}
	return d
}

// Stored is what there is of an origin in a day.
type Stored struct {
	Day    string
	Signal telemetry.Signal
	telemetry.Origin
	Rows, Bytes uint64
	// Arrived is the rows that came, whatever became of them.
	Arrived uint64
	Keep    telemetry.Keep
	Notable float64 // part of the rows that a thinning leaves alone
}

// Facts are what forecasts are made of.
type Facts struct {
	Now     time.Time
	Days    []telemetry.DayStorage // what lies on the disk
	Arrived []telemetry.DayVolume
	Notes   []telemetry.KeptDay
	Measure []telemetry.RowMeasure // the newest of each origin
}

type originKey struct {
	signal telemetry.Signal
	telemetry.Origin
}

// A service that was not measured yet is taken for a middling one.
const (
	usualRowBytes = 400
	usualNotable  = 0.1
)

// stored shares out the disk of each day among those whose rows lie there, by the size of
// their rows before they are compressed.
func (f Facts) stored() []Stored {
	measures := map[originKey]telemetry.RowMeasure{}
	for _, m := range f.Measure {
		measures[originKey{m.Signal, m.Origin}] = m
	}
	type dayKey struct {
		day    string
		signal telemetry.Signal
	}
	notes := map[dayKey]map[telemetry.Origin]telemetry.KeptDay{}
	for _, n := range f.Notes {
		k := dayKey{n.Day, n.Signal}
		if notes[k] == nil {
			notes[k] = map[telemetry.Origin]telemetry.KeptDay{}
		}
		notes[k][n.Origin] = n
	}
	arrived := map[dayKey][]telemetry.DayVolume{}
	for _, v := range f.Arrived {
		k := dayKey{v.Day, v.Signal}
		arrived[k] = append(arrived[k], v)
	}
	var all []Stored
	for _, d := range f.Days {
		k := dayKey{d.Day, d.Signal}
		from := len(all)
		raw, rows := 0.0, uint64(0)
		weigh := func(o telemetry.Origin) (telemetry.RowMeasure, bool) {
			m, ok := measures[originKey{d.Signal, o}]
			if !ok || m.RowBytes <= 0 {
				m.RowBytes, m.Notable = usualRowBytes, usualNotable
			}
			return m, ok
		}
		for _, v := range arrived[k] {
			m, _ := weigh(v.Origin)
			s := Stored{Day: d.Day, Signal: d.Signal, Origin: v.Origin, Rows: v.Rows, Arrived: v.Rows, Keep: telemetry.Whole, Notable: m.Notable}
			if n, ok := notes[k][v.Origin]; ok && n.State != telemetry.KeptWhole {
				s.Keep = n.Keep
				if s.Rows = n.After; !n.Done {
					s.Rows = n.Before
				}
			}
			raw += float64(s.Rows) * m.RowBytes
			rows += s.Rows
			all = append(all, s)
		}
		for i := from; i < len(all); i++ {
			if m, _ := weigh(all[i].Origin); raw > 0 {
				all[i].Bytes = uint64(float64(d.Bytes) * float64(all[i].Rows) * m.RowBytes / raw)
			}
		}
		if rows == 0 && d.Rows > 0 { // from before there were figures
			all = append(all[:from], Stored{Day: d.Day, Signal: d.Signal, Rows: d.Rows, Arrived: d.Rows, Bytes: d.Bytes, Keep: telemetry.Whole, Notable: usualNotable})
		}
	}
	return all
}

// Forecast is what the rows take that a rule is for.
type Forecast struct {
	Oldest      string // day of the oldest row; "" without any
	Rows, Bytes uint64 // now
	DayRows     uint64 // that arrive on a mean day
	DayBytes    uint64 // that these take, whole
	// FullBytes is what they take once the rule has run to its full length, if as much goes
	// on arriving.
	FullBytes uint64
	Services  int // that sent anything of late
}

// forecastDays is how many whole days a mean is over.
const forecastDays = 7

// forecasts are those of each rule, by its id.
func (rs Rules) forecasts(f Facts) map[string]Forecast {
	all := map[string]Forecast{}
	days, perOrigin := recent(f), map[originKey]*Stored{}
	for _, s := range f.stored() {
		r := rs.For(s.Signal, s.Origin)
		c := all[r.ID]
		if s.Rows > 0 && (c.Oldest == "" || s.Day < c.Oldest) {
			c.Oldest = s.Day
		}
		c.Rows += s.Rows
		c.Bytes += s.Bytes
		all[r.ID] = c
		// What a day takes is seen on days that are whole.
		if days[s.Signal][s.Day] && s.Keep.State == telemetry.KeptWhole {
			k := originKey{s.Signal, s.Origin}
			if perOrigin[k] == nil {
				perOrigin[k] = &Stored{Notable: s.Notable}
			}
			perOrigin[k].Rows += s.Arrived
			perOrigin[k].Bytes += s.Bytes
		}
	}
	for k, s := range perOrigin {
		r, n := rs.For(k.signal, k.Origin), uint64(len(days[k.signal]))
		c := all[r.ID]
		c.Services++
		c.DayRows += s.Rows / n
		c.DayBytes += s.Bytes / n
		kept := s.Notable + (1-s.Notable)*r.KeepAt(r.Days()).Share()
		if r.ThinDays == 0 {
			kept = 0
		}
		c.FullBytes += uint64(float64(s.Bytes/n) * (float64(r.WholeDays+1) + float64(r.ThinDays)*kept))
		all[r.ID] = c
	}
	return all
}

// recent are the days that means are over: the newest whole ones that have rows, or today
// where there is no other.
func recent(f Facts) map[telemetry.Signal]map[string]bool {
	by := map[telemetry.Signal][]string{}
	today := f.Now.UTC().Format(time.DateOnly)
	for _, d := range f.Days {
		if d.Rows > 0 && d.Day <= today {
			by[d.Signal] = append(by[d.Signal], d.Day)
		}
	}
	out := map[telemetry.Signal]map[string]bool{}
	for signal, days := range by {
		slices.SortFunc(days, func(a, b string) int { return cmp.Compare(b, a) })
		if len(days) > 1 && days[0] == today {
			days = days[1:]
		}
		out[signal] = map[string]bool{}
		for _, d := range days[:min(len(days), forecastDays)] {
			out[signal][d] = true
		}
	}
	return out
}

// Effect is what rules would do to what is stored now.
type Effect struct {
	Signal telemetry.Signal
	telemetry.Origin
	State    telemetry.KeepState // thinned or gone
	From, To string              // the first and the last day
	Days     int
	Rows     uint64 // that go
	Bytes    uint64
}

// effects are what the rules do to stored days that are not yet as they want them.
func (rs Rules) effects(f Facts) []Effect {
	type key struct {
		originKey
		state telemetry.KeepState
	}
	by := map[key]*Effect{}
	for _, s := range f.stored() {
		age, ok := ageOf(s.Day, f.Now)
		if !ok || s.Rows == 0 {
			continue
		}
		want := rs.For(s.Signal, s.Origin).KeepAt(age)
		if !want.Stricter(s.Keep) {
			continue
		}
		k := key{originKey{s.Signal, s.Origin}, want.State}
		e := by[k]
		if e == nil {
			e = &Effect{Signal: s.Signal, Origin: s.Origin, State: want.State, From: s.Day, To: s.Day}
			by[k] = e
		}
		part := 1.0
		if want.State == telemetry.KeptThinned {
			left := s.Notable + (1-s.Notable)*want.Share()
			now := s.Notable + (1-s.Notable)*s.Keep.Share()
			part = max(0, 1-left/max(now, 1e-9))
		}
		e.From, e.To = min(e.From, s.Day), max(e.To, s.Day)
		e.Days++
		e.Rows += uint64(math.Round(float64(s.Rows) * part))
		e.Bytes += uint64(math.Round(float64(s.Bytes) * part))
	}
	var all []Effect
	for _, e := range by {
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b Effect) int {
		return cmp.Or(cmp.Compare(a.Signal, b.Signal), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env), cmp.Compare(a.State, b.State))
	})
	return all
}
