package release

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/timeline"
)

// Sightings tells which versions sent telemetry. In one answer there is one sighting for
// each version of a service in an environment; First and Last may be taken for the bounds
// of the range where the store does not know them better. A row without a version is of
// none.
type Sightings interface {
	Versions(ctx context.Context, from, to time.Time) ([]Sighting, error)
}

// Auditor writes who changed what, in the transaction of the change.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Owners tells which services a team or a product has; "" is every one.
type Owners interface {
	ServicesOf(ctx context.Context, team, product string) ([]string, error)
}

// Options are what the service stands on.
type Options struct {
	DB        *sqldb.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Sightings Sightings
	Audit     Auditor
	Figures   Figures // nil: releases have no effects
	Owners    Owners  // nil: every service is asked for
	// Secret resolves the reference to a secret: "file:/run/secrets/x", "env:NAME".
	Secret func(ref string) (string, error)
}

// Service is what can be done with releases.
type Service struct {
	Options
}

// NewService makes the service. Its tables must have been migrated.
func NewService(opt Options) *Service {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{opt}
}

// Query selects releases.
type Query struct {
	From, To         time.Time
	Service, Version string
	Services         []string // nil: all; else only of these
	Env              *string
	After            Cursor
	Limit            int
}

// state is what the audit keeps of a release.
type state struct {
	Service string     `json:"service"`
	Env     string     `json:"env"`
	Version string     `json:"version"`
	Commit  string     `json:"commit,omitempty"`
	Author  string     `json:"author,omitempty"`
	URL     string     `json:"url,omitempty"`
	Note    string     `json:"note,omitempty"`
	Time    *time.Time `json:"time,omitempty"`
}

func stateOf(r Release) state {
	s := state{r.Service, r.Env, r.Version, r.Commit, r.Author, r.URL, r.Note, nil}
	if !r.Declared.IsZero() {
		s.Time = &r.Declared
	}
	return s
}

// Record writes down what somebody says of a release. The same release told again is the
// same record, with what is newly known added to it; created says whether it is new.
func (s *Service) Record(ctx context.Context, t Telling) (r Release, created bool, err error) {
	if err := authz.Can(ctx, authz.ReleasesWrite); err != nil {
		return r, false, err
	}
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		r, created, err = s.record(ctx, tx, t)
		return err
	})
	return r, created, err
}

func (s *Service) record(ctx context.Context, tx *sqldb.Tx, t Telling) (r Release, created bool, err error) {
	now := s.Clock.Now()
	t.Service, t.Version, t.Commit = strings.TrimSpace(t.Service), strings.TrimSpace(t.Version), strings.TrimSpace(t.Commit)
	if err := t.Validate(now); err != nil {
		return r, false, err
	}
	given := !t.Time.IsZero()
	if !given {
		t.Time = now
	}
	t.Time = t.Time.UTC()
	env, err := environment(tx, t)
	if err != nil {
		return r, false, err
	}
	at := place{t.Service, env}
	before, err := releasesOf(tx, at, 50)
	if err != nil {
		return r, false, err
	}
	for i, b := range before {
		if !sameVersion(b.Version, b.Commit, t.Version, t.Commit) || !sameCommit(b.Commit, t.Commit) {
			continue
		}
		// The newest one told again is the same. An older one is only when nothing but the
		// telling is repeated; else it is released anew: a rollback.
		again := i == 0 || given && b.Declared.Equal(t.Time) || b.Declared.IsZero() && given && together(t.Time, b.Seen)
		if !again {
			break
		}
		return s.add(ctx, tx, b, t)
	}
	r = Release{
		ID: id.New(), Service: t.Service, Env: env, Version: t.Version, Commit: t.Commit, Author: t.Author, URL: t.URL, Note: t.Note,
		N: 1, Source: t.Source, Declared: t.Time, Created: now, CreatedBy: authz.From(ctx).Name,
	}
	for _, b := range before {
		if b.Version == r.Version && b.Commit == r.Commit && b.N >= r.N {
			r.N = b.N + 1
		}
	}
	lives, err := livesOf(tx, at)
	if err != nil {
		return r, false, err
	}
	r.Rollback = isRollback(before, lives, r)
	which := -1
	for i, l := range lives {
		if l.release == "" && sameVersion(l.version, "", r.Version, r.Commit) && together(r.Declared, l.since) && !l.last.Before(r.Declared.Add(-toldEarly)) {
			if which < 0 || l.since.Sub(r.Declared).Abs() < lives[which].since.Sub(r.Declared).Abs() {
				which = i
			}
		}
	}
	if which >= 0 {
		r.Seen, r.Last, r.Ended = lives[which].since, lives[which].last, lives[which].ended
	}
	r.settle()
	if err := insertRelease(tx, r); err != nil {
		return r, false, err
	}
	if which >= 0 {
		if err := linkLife(tx, lives[which].id, r.ID); err != nil {
			return r, false, err
		}
	}
	if err := mark(tx, r); err != nil {
		return r, false, err
	}
	return r, true, s.Audit.Audit(ctx, tx, "release.create", r.ID, name(r), nil, stateOf(r))
}

// environment is the one that was told, or the only one that the service is in.
func environment(tx *sqldb.Tx, t Telling) (string, error) {
	if t.Env != nil {
		return *t.Env, nil
	}
	envs, err := environmentsOf(tx, t.Service)
	if err != nil || len(envs) == 0 {
		return "", err
	}
	if len(envs) > 1 {
		slices.Sort(envs)
		for i, e := range envs {
			if e == "" {
				envs[i] = `""`
			}
		}
		return "", fault.Field("env", i18n.F("%[1]s runs in several environments: say which one was released to (%[2]s).",
			"%[1]s は複数の環境で動いています。リリース先の環境を指定してください（%[2]s）。", t.Service, strings.Join(envs, ", ")))
	}
	return envs[0], nil
}

// isRollback says that the version had been here before, and another one since.
func isRollback(before []Release, lives []life, r Release) bool {
	at := r.Declared
	if at.IsZero() {
		at = r.Seen
	}
	var last time.Time // when it was last here
	for _, b := range before {
		if sameVersion(b.Version, b.Commit, r.Version, r.Commit) && sameCommit(b.Commit, r.Commit) && b.At.Before(at) {
			last = later(last, b.At)
		}
	}
	for _, l := range lives {
		if sameVersion(l.version, "", r.Version, r.Commit) && l.since.Before(at) {
			last = later(last, l.since)
		}
	}
	if last.IsZero() {
		return false
	}
	return slices.ContainsFunc(before, func(b Release) bool {
		return !sameVersion(b.Version, b.Commit, r.Version, r.Commit) && b.At.After(last) && !b.At.After(at)
	}) || slices.ContainsFunc(lives, func(l life) bool {
		return !sameVersion(l.version, "", r.Version, r.Commit) && l.since.After(last) && !l.since.After(at)
	})
}

// add completes a record by what is told of it again.
func (s *Service) add(ctx context.Context, tx *sqldb.Tx, was Release, t Telling) (Release, bool, error) {
	r := was
	if r.Declared.IsZero() { // until now it was only seen
		r.Declared, r.Source = t.Time, t.Source
	}
	if len(t.Commit) > len(r.Commit) {
		r.Commit = t.Commit
	}
	r.Author, r.URL, r.Note = cmp.Or(r.Author, t.Author), cmp.Or(r.URL, t.URL), cmp.Or(r.Note, t.Note)
	r.settle()
	if r == was {
		return r, false, nil
	}
	if err := s.save(tx, was, r); err != nil {
		return r, false, err
	}
	return r, false, s.Audit.Audit(ctx, tx, "release.update", r.ID, name(r), stateOf(was), stateOf(r))
}

// save writes a changed record. Its number makes room when the commit becomes another's.
func (s *Service) save(tx *sqldb.Tx, was, r Release) error {
	if was.Commit != r.Commit || was.Env != r.Env {
		others, err := releasesOf(tx, place{r.Service, r.Env}, 1000)
		if err != nil {
			return err
		}
		r.N = 1
		for _, o := range others {
			if o.ID != r.ID && o.Version == r.Version && o.Commit == r.Commit && o.N >= r.N {
				r.N = o.N + 1
			}
		}
	}
	if err := updateRelease(tx, r); err != nil {
		return err
	}
	return mark(tx, r)
}

func name(r Release) string { return r.Service + " " + r.Version }

// mark puts the record on the timeline.
func mark(tx *sqldb.Tx, r Release) error {
	title := i18n.F("%s %s released", "%s %s をリリース", r.Service, r.Version)
	if r.Rollback {
		title = i18n.F("%s rolled back to %s", "%s を %s にロールバック", r.Service, r.Version)
	}
	return timeline.Put(tx, timeline.Event{
		Kind: timeline.Release, Ref: r.ID, At: r.At, Env: r.Env, Service: r.Service, Title: title, Link: "/releases/" + r.ID,
	})
}

// Releases gives a page, newest first.
func (s *Service) Releases(ctx context.Context, q Query) (all []Release, next *Cursor, err error) {
	if err := authz.Can(ctx, authz.TelemetryRead); err != nil {
		return nil, nil, err
	}
	q.Limit = min(max(q.Limit, 1), 500)
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		var more bool
		all, more, err = listReleases(tx, q)
		if more {
			last := all[len(all)-1]
			next = &Cursor{last.At.UnixNano(), last.ID}
		}
		return err
	})
	return all, next, err
}

// Detail is a release with those around it.
type Detail struct {
	Release
	Previous, Next Release // zero: none
	// From and To bound what can be blamed on it: its telemetry, or, of one that was only
	// told of, until the next one. To is zero while it goes on.
	From, To time.Time
}

// Release finds one.
func (s *Service) Release(ctx context.Context, releaseID string) (d Detail, err error) {
	if err := authz.Can(ctx, authz.TelemetryRead); err != nil {
		return d, err
	}
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		if d.Release, err = releaseByID(tx, releaseID); err != nil {
			return err
		}
		if d.Previous, err = neighbour(tx, d.Release, false); err != nil {
			return err
		}
		if d.Next, err = neighbour(tx, d.Release, true); err != nil {
			return err
		}
		d.From, d.To = d.At, d.Ended
		if d.Seen.IsZero() {
			d.To = d.Next.At
		}
		return nil
	})
	return d, err
}

// Change is what may be edited of a release; nil stays.
type Change struct {
	Commit, Author, URL, Note *string
	Time                      *time.Time
}

// Update edits a release. Check sees it as it is now, and may refuse.
func (s *Service) Update(ctx context.Context, releaseID string, c Change, check func(Release) error) (r Release, err error) {
	if err := authz.Can(ctx, authz.ReleasesWrite); err != nil {
		return r, err
	}
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := releaseByID(tx, releaseID)
		if err != nil {
			return err
		}
		if err := check(was); err != nil {
			return err
		}
		r = was
		for _, f := range []struct{ to, from *string }{{&r.Commit, c.Commit}, {&r.Author, c.Author}, {&r.URL, c.URL}, {&r.Note, c.Note}} {
			if f.from != nil {
				*f.to = *f.from
			}
		}
		if c.Time != nil {
			r.Declared = c.Time.UTC()
		}
		if err := (Telling{Service: r.Service, Version: r.Version, Commit: r.Commit, Author: r.Author, URL: r.URL, Note: r.Note, Time: r.Declared}).Validate(s.Clock.Now()); err != nil {
			return err
		}
		r.settle()
		if r == was {
			return nil
		}
		if err := s.save(tx, was, r); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "release.update", r.ID, name(r), stateOf(was), stateOf(r))
	})
	return r, err
}

// Remove removes a release that was recorded by mistake.
func (s *Service) Remove(ctx context.Context, releaseID string) error {
	if err := authz.Can(ctx, authz.ReleasesWrite); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := releaseByID(tx, releaseID)
		if err != nil {
			return err
		}
		if err := deleteRelease(tx, releaseID); err != nil {
			return err
		}
		if err := timeline.Remove(tx, timeline.Release, releaseID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "release.delete", was.ID, name(was), stateOf(was), nil)
	})
}

// CommitOf is the commit that a version of a service was built from, by the newest record
// that says; env "" is any. It is "" where none does.
func (s *Service) CommitOf(ctx context.Context, service, env, version string) (commit string, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { commit, err = commitOf(tx, service, env, version); return err })
	return commit, err
}
