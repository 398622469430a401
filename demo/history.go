package demo

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/demo/sim"
)

// History is a stretch of the past in which the shop is to have been open.
type History struct {
	From, To time.Time
	// Speed is how many times faster than the machine's clock time goes; 0 as fast as the
	// machine can.
	Speed float64
	// Recent is how much of the end is made first, so that who looks at the last hour
	// need not wait for the rest. Its metrics come last all the same: their store wants
	// the oldest first.
	Recent time.Duration
	// Progress hears now and then how far it is, from 0 to 1.
	Progress func(Progress)
	// Now is asked at the end: what has passed meanwhile is made too. nil: nothing.
	Now func() time.Time
}

// Progress is how far a backfill is.
type Progress struct {
	Part        float64
	At          time.Time // in the shop's time
	Spans, Logs int64     // that were taken by the receiver
}

// Made is what a backfill has made.
type Made struct {
	From, To    time.Time
	Spans, Logs int64
	Versions    map[string]string // of the services at the end
	Releases    []Event
}

// Event is a release in the shop's past, with the flaws that came and went with it.
type Event struct {
	At               time.Time
	Service, Version string
	On, Off          []string
}

// plan is what was released between two moments, at the hours at which people do that.
// The one that breaks things comes only when it is allowed.
func plan(from, to time.Time, broken bool) []Event {
	var out []Event
	versions := map[string]string{}
	for _, u := range usual {
		versions[u.name] = u.version
	}
	day := func(d time.Time, h, m int) time.Time { return time.Date(d.Year(), d.Month(), d.Day(), h, m, 0, 0, jst) }
	// The release that broke coupons: the last afternoon that lies some hours back.
	bad := day(to.In(jst), 14, 5)
	for bad.After(to.Add(-3 * time.Hour)) {
		bad = bad.AddDate(0, 0, -1)
	}
	for d := day(from.In(jst), 0, 0).AddDate(0, 0, -1); !d.After(to); d = d.AddDate(0, 0, 1) {
		out = append(out,
			Event{At: day(d, 2, 30), Service: "inventory"},
			Event{At: day(d, 11, 20), Service: "catalog"},
			Event{At: day(d, 15, 40), Service: "storefront"})
	}
	out = append(out, Event{At: bad, Service: "payment", Version: "3.3.0"}, Event{At: bad.Add(35 * time.Minute), Service: "payment", Version: "3.3.1"})
	if broken {
		out[len(out)-2].On, out[len(out)-1].Off = []string{"error_burst"}, []string{"error_burst"}
	}
	out = slices.DeleteFunc(out, func(e Event) bool { return !e.At.After(from) || !e.At.Before(to) })
	slices.SortFunc(out, func(a, b Event) int { return a.At.Compare(b.At) })
	for i := range out {
		e := &out[i]
		if e.Version == "" {
			e.Version = next(versions[e.Service])
		}
		versions[e.Service] = e.Version
	}
	return out
}

// Backfill makes the telemetry that the shop would have sent in the past: its own code,
// its database, its visitors, by a clock that jumps. It is the same for the same options
// and times.
func Backfill(ctx context.Context, o Options, h History) (made Made, err error) {
	h.From, h.To = h.From.Round(0), h.To.Round(0) // the machine's monotonic time is not theirs
	made = Made{From: h.From, To: h.To, Releases: plan(h.From, h.To, len(o.Flaws) > 0)}
	split := h.To.Add(-h.Recent)
	if h.Recent <= 0 || !split.After(h.From) {
		split = h.To
	}
	whole := float64(h.To.Sub(h.From))
	b := &backfill{ctx: ctx, opt: o, h: h, made: &made}
	if split.Before(h.To) {
		held, err := b.stage(split, h.To, true, func(t time.Time) float64 { return float64(t.Sub(split)) / whole })
		if held != nil {
			// Not before the older metrics are out.
			defer func() { err = errors.Join(err, held.world.Close()) }()
		}
		if err != nil {
			return made, err
		}
	}
	if _, err := b.stage(h.From, split, false, func(t time.Time) float64 {
		return (float64(h.To.Sub(split)) + float64(t.Sub(h.From))) / whole
	}); err != nil {
		return made, err
	}
	return made, nil
}

// CatchUp goes on from where a backfill ended, to the moment it is called.
func CatchUp(ctx context.Context, o Options, made Made, now time.Time) (Made, error) {
	from := made.To
	made.To = now.Round(0)
	b := &backfill{ctx: ctx, opt: o, made: &made}
	_, err := b.stage(from, made.To, false, func(time.Time) float64 { return 1 })
	return made, err
}

type backfill struct {
	ctx  context.Context
	opt  Options
	h    History
	made *Made
}

// stage plays the shop from one moment to another. With hold, the metrics are kept back
// and the shop is returned with its world open.
func (b *backfill) stage(from, to time.Time, hold bool, part func(time.Time) float64) (held *Shop, err error) {
	clock := sim.NewVirtual(from, b.h.Speed)
	defer clock.Close()
	o := b.opt
	o.clock, o.hold = clock, hold
	o.Seed ^= uint64(from.UnixNano()) // another day is another day
	o.Flaws = slices.Clone(o.Flaws)
	o.Versions = map[string]string{}
	for _, e := range b.made.Releases {
		if !e.At.After(from) {
			o.Versions[e.Service] = e.Version
			o.Flaws = slices.DeleteFunc(append(o.Flaws, e.On...), func(id string) bool { return slices.Contains(e.Off, id) })
		}
	}
	shop, err := Open(b.ctx, o)
	if err != nil {
		return nil, err
	}
	if !from.Equal(b.made.From) { // it goes on; it does not start
		if err := shop.catalog.warm(); err != nil {
			return nil, errors.Join(err, shop.Close(b.ctx))
		}
	}
	spans, logs := b.made.Spans, b.made.Logs
	err = b.play(shop, clock, from, to, func() {
		s, l := shop.world.Sent()
		b.made.Spans, b.made.Logs = spans+s, logs+l
		if b.h.Progress != nil {
			b.h.Progress(Progress{Part: part(clock.Now()), At: clock.Now(), Spans: b.made.Spans, Logs: b.made.Logs})
		}
	})
	b.made.Versions = shop.Versions()
	if hold {
		err = errors.Join(err, shop.closeServices(context.WithoutCancel(b.ctx)), shop.world.Flush())
		held = shop
	} else {
		err = errors.Join(err, shop.Close(context.WithoutCancel(b.ctx)))
	}
	s, l := shop.world.Sent()
	b.made.Spans, b.made.Logs = spans+s, logs+l
	return held, err
}

// play lets time pass, with visitors, releases and a collection of metrics each minute.
func (b *backfill) play(shop *Shop, clock *sim.Virtual, from, to time.Time, tell func()) error {
	ctx := context.Background() // by a virtual clock nothing ends from outside
	street := shop.newStreet()
	clock.Go(func() { street.open(ctx, to) })
	street.inside.Add(1)
	clock.Go(func() { street.imports(ctx, to) })
	events := slices.DeleteFunc(slices.Clone(b.made.Releases), func(e Event) bool { return !e.At.After(from) || !e.At.Before(to) })
	minute := func() error {
		for _, u := range usual {
			if err := shop.services[u.name].Collect(ctx); err != nil {
				return err
			}
		}
		return shop.world.Err()
	}
	var failed error
	for n := 1; clock.Now().Before(to) && failed == nil; n++ {
		step := to
		if t := clock.Now().Add(time.Minute); t.Before(step) {
			step = t
		}
		for len(events) > 0 && !events[0].At.After(step) {
			_ = clock.Sleep(ctx, events[0].At.Sub(clock.Now()))
			shop.flaws.set(events[0].On, true)
			shop.flaws.set(events[0].Off, false)
			if err := shop.Release(ctx, events[0].Service, events[0].Version); err != nil {
				return err
			}
			events = events[1:]
		}
		_ = clock.Sleep(ctx, step.Sub(clock.Now()))
		failed = errors.Join(minute(), b.ctx.Err())
		if n%10 == 0 {
			tell()
		}
	}
	street.shut()
	street.empty()
	tell()
	return failed
}
