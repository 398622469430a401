package release

import (
	"context"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/timeline"
)

const (
	// wideRange is how far back rows may come late (or are loaded afterwards) and still
	// make releases; it is looked at every wideEvery.
	wideRange = 48 * time.Hour
	wideEvery = 15 * time.Minute
	// overlap is looked at again each time, for rows that were on their way.
	overlap = 3 * time.Minute
	// finest is the shortest range that is asked about.
	finest = time.Minute
	// flood is how many releases of one service in one environment are recorded by
	// themselves within a day. More are no releases, but a version that is another for each
	// start or instance.
	flood = 40
)

// Job looks for releases in the telemetry.
func (s *Service) Job() job.Spec {
	return job.Spec{
		Name: "release.watch", Title: i18n.T("Find releases by the versions that telemetry shows", "テレメトリーのバージョンからリリースを検出"),
		Every: time.Minute, Timeout: 10 * time.Minute, Run: s.Watch,
	}
}

// Watch looks at the telemetry since it last did. It runs as a job.
func (s *Service) Watch(ctx context.Context) error {
	now := s.Clock.Now()
	var looked, wide time.Time
	working := map[place][]life{}
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) (err error) {
		if looked, wide, err = watched(tx); err != nil {
			return err
		}
		working, err = allLives(tx)
		return err
	}); err != nil {
		return err
	}
	from := looked.Add(-overlap)
	if now.Sub(wide) >= wideEvery || now.Sub(from) > wideRange {
		from, wide = now.Add(-wideRange), now
	}
	seen, err := s.look(ctx, working, from.Truncate(finest), now)
	if err != nil {
		return err
	}
	byPlace := map[place][]Sighting{}
	var order []place // a fixed order: transactions that meet must not wait in a circle
	for _, v := range seen {
		p := place{v.Service, v.Env}
		if byPlace[p] == nil {
			order = append(order, p)
		}
		byPlace[p] = append(byPlace[p], v)
	}
	for part := range slices.Chunk(order, 50) {
		if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
			if err := job.Hold(ctx, tx); err != nil {
				return err
			}
			for _, p := range part {
				if err := s.reconcile(ctx, tx, p, byPlace[p]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := job.Hold(ctx, tx); err != nil {
			return err
		}
		return setWatched(tx, now, wide)
	})
}

// look collects sightings, in the order of time, and adds them to the working lives. A
// range in which nothing began or came back is one question; another is halved until what
// happened in it is known to the minute.
func (s *Service) look(ctx context.Context, working map[place][]life, from, to time.Time) ([]Sighting, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	seen, err := s.Sightings.Versions(ctx, from, to)
	if err != nil {
		return nil, err
	}
	seen = slices.DeleteFunc(seen, func(v Sighting) bool { return v.Version == "" || v.Service == "" })
	span := to.Sub(from)
	if span <= finest || settled(working, seen, span) {
		slices.SortStableFunc(seen, func(a, b Sighting) int { return a.First.Compare(b.First) })
		for _, v := range seen {
			p := place{v.Service, v.Env}
			working[p] = observe(working[p], v)
		}
		return seen, nil
	}
	half := from.Add(span / 2).Truncate(finest)
	if !half.After(from) {
		half = from.Add(finest)
	}
	early, err := s.look(ctx, working, from, half)
	if err != nil {
		return nil, err
	}
	late, err := s.look(ctx, working, half, to)
	return append(early, late...), err
}

// reconcile brings lives and records of one service in one environment up to date.
func (s *Service) reconcile(ctx context.Context, tx *sqldb.Tx, p place, seen []Sighting) error {
	was, err := livesOf(tx, p)
	if err != nil {
		return err
	}
	is := slices.Clone(was)
	for _, v := range seen {
		is = observe(is, v)
	}
	finish(is)
	// Records of lives that turned out to be one with another.
	for _, w := range was {
		merged := w.release != "" && w.release != removed && !slices.ContainsFunc(is, func(l life) bool { return l.release == w.release })
		if !merged {
			continue
		}
		r, err := releaseByID(tx, w.release)
		if err != nil {
			return err
		}
		if r.Declared.IsZero() {
			if err := deleteRelease(tx, r.ID); err != nil {
				return err
			}
			if err := timeline.Remove(tx, timeline.Release, r.ID); err != nil {
				return err
			}
			continue
		}
		r.Seen = time.Time{}
		r.settle()
		if err := s.save(tx, r, r); err != nil {
			return err
		}
	}
	for i := range is {
		if is[i].release == removed {
			continue
		}
		if err := s.attend(ctx, tx, p, is, &is[i]); err != nil {
			return err
		}
	}
	return saveLives(tx, p, was, is)
}

// attend sees to it that a life has its record, if it is to have one.
func (s *Service) attend(ctx context.Context, tx *sqldb.Tx, p place, lives []life, l *life) error {
	if l.release != "" {
		r, err := releaseByID(tx, l.release)
		if err != nil {
			return err
		}
		if r.Seen.Equal(l.since) {
			return nil
		}
		r.Seen = l.since
		r.settle()
		return s.save(tx, r, r)
	}
	if l.id != "" && wasThere(lives, *l) {
		return nil // it was attended when it was new; who tells of it later finds it
	}
	known, err := releasesOf(tx, p, 200)
	if err != nil {
		return err
	}
	told := known
	if p.env != "" { // who told may not have said where
		nowhere, err := releasesOf(tx, place{p.service, ""}, 50)
		if err != nil {
			return err
		}
		told = append(slices.Clone(known), nowhere...)
	}
	best := -1
	for i, r := range told {
		if r.Seen.IsZero() && sameVersion(r.Version, r.Commit, l.version, "") && together(r.Declared, l.since) {
			if best < 0 || r.Declared.Sub(l.since).Abs() < told[best].Declared.Sub(l.since).Abs() {
				best = i
			}
		}
	}
	if best >= 0 {
		was := told[best]
		r := was
		r.Env, r.Seen = p.env, l.since
		r.settle()
		l.release = r.ID
		return s.save(tx, was, r)
	}
	if wasThere(lives, *l) {
		return nil
	}
	r := Release{
		ID: id.New(), Service: p.service, Env: p.env, Version: l.version, N: 1, Source: FromTelemetry,
		Rollback: cameBack(lives, *l), Seen: l.since, Created: s.Clock.Now(),
	}
	recent := 0
	for _, k := range known {
		if k.Source == FromTelemetry && k.At.Sub(l.since).Abs() < 12*time.Hour {
			recent++
		}
		if k.Version == r.Version && k.Commit == "" && k.N >= r.N {
			r.N = k.N + 1
		}
	}
	if recent >= flood {
		s.Log.WarnContext(ctx, "too many versions within a day to be releases; service.version seems to differ by start or instance",
			"service", p.service, "env", p.env, "version", l.version)
		return nil
	}
	r.settle()
	if err := insertRelease(tx, r); err != nil {
		return err
	}
	l.release = r.ID
	return mark(tx, r)
}
