package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/retention/archive"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Archive is what archiving stands on.
type Archive struct {
	Place archive.Place // nil: there is no archive
	Rows  telemetry.Archiver
	// Settled says before which time everything that arrived is stored.
	Settled func(ctx context.Context) (time.Time, error)
	// Soon has a job run at once.
	Soon    func(ctx context.Context, job string)
	Version string
}

const (
	archiveJob = "retention.archive"
	// settleTime is how long a row may be on its way into the write-ahead log.
	settleTime = time.Minute
	// lateWait is how long a day that somebody wants archived waits for rows that have just
	// arrived, before it is archived without them.
	lateWait = 10 * time.Minute
	// AttachDays is for how long a day is brought back unless somebody says otherwise.
	AttachDays = 7
	// MaxAttachDays bounds it.
	MaxAttachDays = 365
)

// What can be asked for.
const (
	wantArchive = "archive"
	wantVerify  = "verify"
	wantAttach  = "attach"
	wantDetach  = "detach"
)

// ArchivedDay is a day of a signal in the archive, or on its way there or back.
type ArchivedDay struct {
	Signal      telemetry.Signal
	Day         string
	Rows        uint64
	Bytes       int64
	Files       int
	Generations int // 0: not there yet
	First, Last time.Time
	Cut         time.Time // all rows that arrived before it are there
	ArchivedAt  time.Time
	VerifiedAt  time.Time
	Wanted      string
	WantedBy    string
	WantedAt    time.Time
	Until       time.Time
	Done, Total int
	Error       i18n.Text
	TriedAt     time.Time
	// Attached is nil unless rows of it are back.
	Attached *telemetry.AttachedDay
}

func noArchive() error {
	return fault.New(fault.Invalid, i18n.T("There is no archive. Set archive.folder or archive.s3 in the configuration.",
		"アーカイブが設定されていません。設定ファイルの archive.folder または archive.s3 を指定してください。"))
}

// Archived lists the days, newest first.
func (s *Service) Archived(ctx context.Context) (days []ArchivedDay, err error) {
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { days, err = listArchived(tx); return err }); err != nil {
		return nil, err
	}
	attached, err := s.Archive.Rows.AttachedDays(ctx)
	for i := range days {
		for _, a := range attached {
			if a.Day == days[i].Day && a.Signal == days[i].Signal {
				days[i].Attached = &a
			}
		}
	}
	return days, err
}

// Want asks for something to be done to a day: of one signal, or of both when signal is
// empty. until is for attaching.
func (s *Service) Want(ctx context.Context, what, day, signal string, until time.Time) error {
	if err := authz.Can(ctx, authz.RetentionWrite); err != nil {
		return err
	}
	if s.Archive.Place == nil {
		return noArchive()
	}
	age, ok := ageOf(day, s.Clock.Now())
	if !ok {
		return fault.Field("day", i18n.F("%q is not a day: write 2006-01-02.", "%q は日付ではありません。2006-01-02 の形で指定してください。", day))
	}
	if age < 1 {
		return fault.Field("day", i18n.T("This day is not over yet (UTC).", "この日（UTC）はまだ終わっていません。"))
	}
	stored, err := s.Store.Storage(ctx)
	if err != nil {
		return err
	}
	days, err := s.Archived(ctx)
	if err != nil {
		return err
	}
	found := false
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		found = false
		for _, of := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
			if signal != "" && of.String() != signal {
				continue
			}
			d := ArchivedDay{Signal: of, Day: day}
			for _, is := range days {
				if is.Day == day && is.Signal == of {
					d = is
				}
			}
			switch there := d.Generations > 0; {
			case what == wantArchive && !hasRows(stored, day, of), what == wantDetach && d.Attached == nil && d.Wanted != wantAttach,
				(what == wantAttach || what == wantVerify) && !there:
				continue
			}
			found = true
			d.Wanted, d.WantedBy, d.WantedAt, d.Until, d.Done, d.Total, d.Error = what, authz.From(ctx).Name, s.Clock.Now(), until, 0, 0, i18n.Text{}
			if err := putArchived(tx, d); err != nil {
				return err
			}
			if err := s.Audit.Audit(ctx, tx, "archive."+what, of.String()+" "+day, of.String()+" "+day, nil, map[string]any{"until": until}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !found {
		why := i18n.F("%s is not in the archive.", "%s はアーカイブにありません。", day)
		switch what {
		case wantArchive:
			why = i18n.F("Nothing of %s is stored.", "%s のデータは保存されていません。", day)
		case wantDetach:
			why = i18n.F("Nothing of %s is attached.", "%s は復帰されていません。", day)
		}
		return fault.New(fault.NotFound, why)
	}
	s.Archive.Soon(ctx, archiveJob)
	return nil
}

func hasRows(stored []telemetry.DayStorage, day string, signal telemetry.Signal) bool {
	for _, d := range stored {
		if d.Day == day && d.Signal == signal && d.Rows > 0 {
			return true
		}
	}
	return false
}

// CancelArchive takes back what was asked for. What is under way stops at its next file.
func (s *Service) CancelArchive(ctx context.Context, day, signal string) error {
	if err := authz.Can(ctx, authz.RetentionWrite); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		days, err := listArchived(tx)
		for _, d := range days {
			if err == nil && d.Day == day && (signal == "" || d.Signal.String() == signal) && d.Wanted != "" {
				// Rows that are half back are taken away again.
				d.Wanted = map[string]string{wantAttach: wantDetach}[d.Wanted]
				err = errors.Join(putArchived(tx, d), s.Audit.Audit(ctx, tx, "archive.cancel", d.Signal.String()+" "+day, d.Signal.String()+" "+day, nil, nil))
			}
		}
		return err
	})
}

// safe says whether rows of a day may be taken away: there is no archive, or it has them
// all. If not, the day is archived first. A day that is attached is left alone.
func (s *Service) safe(ctx context.Context, day string, signal telemetry.Signal) (bool, error) {
	days, err := s.Archived(ctx)
	if err != nil {
		return false, err
	}
	d := ArchivedDay{Signal: signal, Day: day}
	for _, is := range days {
		if is.Day == day && is.Signal == signal {
			d = is
		}
	}
	if d.Attached != nil || d.Wanted == wantAttach || d.Wanted == wantDetach {
		return false, nil
	}
	if s.Archive.Place == nil {
		return true, nil
	}
	if d.Generations > 0 {
		late, err := s.Archive.Rows.Late(ctx, day, signal, d.Cut)
		if err != nil || late.Rows == 0 {
			return err == nil, err
		}
	}
	if d.Wanted == "" {
		d.Wanted, d.WantedBy, d.WantedAt = wantArchive, "", s.Clock.Now()
		if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error { return putArchived(tx, d) }); err != nil {
			return false, err
		}
		s.Archive.Soon(ctx, archiveJob)
	}
	return false, nil
}

func (s *Service) archiveSpec() job.Spec {
	return job.Spec{
		Name: archiveJob, Title: i18n.T("Archive old days, and bring days back", "古い日のアーカイブと復帰"),
		Every: time.Minute, Timeout: 12 * time.Hour, Run: s.RunArchive,
	}
}

// RunArchive does what is asked for, oldest days first, and takes away what was brought back
// long enough ago.
func (s *Service) RunArchive(ctx context.Context) error {
	attached, err := s.Archive.Rows.AttachedDays(ctx)
	if err != nil {
		return err
	}
	if err := s.findArchived(ctx); err != nil {
		return err
	}
	days, err := s.Archived(ctx)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	known := map[string]bool{}
	for i := range days {
		d := &days[i]
		known[d.Signal.String()+d.Day] = true
		switch a := d.Attached; {
		case d.Wanted != "" || a == nil:
		case a.State == telemetry.Attaching, !a.Until.After(now): // half of it, and nobody wants it any more; or its time is over
			d.Wanted, d.WantedAt = wantDetach, now
		}
	}
	for _, a := range attached { // of which this database knows nothing
		if !known[a.Signal.String()+a.Day] && !a.Until.After(now) {
			days = append(days, ArchivedDay{Signal: a.Signal, Day: a.Day, Wanted: wantDetach, WantedAt: now, Attached: &a})
		}
	}
	var errs []error
	for i := len(days) - 1; i >= 0; i-- {
		d := days[i]
		if d.Wanted == "" || d.Wanted == wantVerify && s.Archive.Place == nil {
			continue
		}
		err := s.archiveOne(ctx, &d)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errCancelled) || errors.Is(err, errWaits) {
			continue
		}
		what := d.Wanted
		d.TriedAt = s.Clock.Now()
		if what != wantDetach { // taking away what is half back is no news
			d.Error = i18n.Text{}
		}
		if err != nil {
			d.Error = fault.Of(err).Text
			if fault.Of(err).Code == fault.Internal {
				d.Error = i18n.F("Error: %s", "エラー: %s", err.Error())
			}
			errs = append(errs, fmt.Errorf("%s %s of %s: %w", d.Wanted, d.Signal, d.Day, err))
			// A damaged archive does not mend itself; the rest is tried again.
			if fault.Is(err, fault.Invalid) && d.Wanted != wantArchive {
				d.Wanted = map[string]string{wantAttach: wantDetach}[d.Wanted]
			}
		} else {
			d.Wanted = ""
		}
		if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
			is, err := oneArchived(tx, d.Signal, d.Day)
			if err == nil && is.Wanted != what && is.Wanted != "" { // somebody asked for something else meanwhile
				d.Wanted, d.WantedBy, d.WantedAt, d.Until = is.Wanted, is.WantedBy, is.WantedAt, is.Until
			}
			return errors.Join(err, putArchived(tx, d))
		}); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

var (
	errCancelled = errors.New("retention: this was cancelled")
	errWaits     = errors.New("retention: this waits")
)

// told notes how far a day is, and finds out that nobody wants it any more.
func (s *Service) told(ctx context.Context, d *ArchivedDay) func(done, total int) error {
	what := d.Wanted
	return func(done, total int) error {
		return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
			is, err := oneArchived(tx, d.Signal, d.Day)
			if err != nil {
				return err
			}
			if is.Wanted != what {
				return errCancelled
			}
			is.Done, is.Total = done, total
			d.Done, d.Total = done, total
			return putArchived(tx, is)
		})
	}
}

func (s *Service) archiveOne(ctx context.Context, d *ArchivedDay) error {
	switch d.Wanted {
	case wantDetach:
		return s.Still(ctx, func() error { return s.Archive.Rows.Detach(ctx, d.Day, d.Signal) })
	}
	if s.Archive.Place == nil {
		return noArchive()
	}
	all, err := archive.Load(ctx, s.Archive.Place, d.Signal.String(), d.Day)
	if err != nil {
		return err
	}
	switch d.Wanted {
	case wantArchive:
		return s.archiveNow(ctx, d, all)
	case wantVerify:
		if err := archive.Verify(ctx, s.Archive.Place, all, s.told(ctx, d)); err != nil {
			d.VerifiedAt = time.Time{}
			return err
		}
		d.VerifiedAt = s.Clock.Now()
		return nil
	case wantAttach:
		return s.attachNow(ctx, d, all)
	}
	return fault.Internalf("nobody can %q a day", d.Wanted)
}

func (s *Service) archiveNow(ctx context.Context, d *ArchivedDay, all []archive.Manifest) error {
	settled, err := s.Archive.Settled(ctx)
	if err != nil {
		return err
	}
	m := archive.Manifest{Yagura: s.Archive.Version, Day: d.Day, Generation: len(all) + 1, Cut: settled.Add(-settleTime).UTC(), Made: s.Clock.Now().UTC()}
	if n := len(all); n > 0 {
		m.Since = all[n-1].Cut
	}
	late, err := s.Archive.Rows.Late(ctx, d.Day, d.Signal, m.Cut)
	if err != nil {
		return err
	}
	if late.Rows > 0 && s.Clock.Now().Sub(d.WantedAt) < lateWait {
		return errWaits
	}
	if n, err := s.Archive.Rows.Late(ctx, d.Day, d.Signal, m.Since); err != nil || n.Rows == late.Rows {
		s.fill(d, all)
		return err // nothing new to archive
	}
	m, err = archive.Write(ctx, s.Archive.Place, s.Archive.Rows, d.Signal, m, s.told(ctx, d))
	if err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "a day was archived", "signal", d.Signal.String(), "day", d.Day, "rows", m.Rows, "bytes", m.Bytes(), "where", s.Archive.Place.Where())
	s.fill(d, append(all, m))
	d.VerifiedAt = s.Clock.Now() // each file was read back
	s.mu.Lock()
	s.settled = map[string]settledDay{}
	s.mu.Unlock()
	return nil
}

// fill takes over what the manifests say.
func (s *Service) fill(d *ArchivedDay, all []archive.Manifest) {
	d.Rows, d.Bytes, d.Files, d.Generations = 0, 0, 0, len(all)
	for i, m := range all {
		d.Rows += m.Rows
		d.Bytes += m.Bytes()
		d.Files += len(m.Files)
		d.Cut, d.ArchivedAt = m.Cut, m.Made
		if i == 0 || m.First.Before(d.First) {
			d.First = m.First
		}
		if m.Last.After(d.Last) {
			d.Last = m.Last
		}
	}
}

func (s *Service) attachNow(ctx context.Context, d *ArchivedDay, all []archive.Manifest) error {
	if len(all) == 0 {
		return fault.New(fault.NotFound, i18n.F("%s is not in the archive.", "%s はアーカイブにありません。", d.Day))
	}
	if d.Attached != nil && d.Attached.State == telemetry.Attached {
		return s.Archive.Rows.ExtendAttach(ctx, d.Day, d.Signal, d.Until)
	}
	return s.Still(ctx, func() error {
		if err := s.Archive.Rows.BeginAttach(ctx, d.Day, d.Signal, d.Until); err != nil {
			return err
		}
		want := uint64(0)
		for _, m := range all {
			want += m.Rows
		}
		if err := archive.Restore(ctx, s.Archive.Place, all, s.Archive.Rows, d.Signal, s.told(ctx, d)); err != nil {
			return err
		}
		rows, err := s.Archive.Rows.FinishAttach(ctx, d.Day, d.Signal, want, d.Until)
		if err == nil {
			d.VerifiedAt = s.Clock.Now()
			s.Log.InfoContext(ctx, "a day was brought back from the archive", "signal", d.Signal.String(), "day", d.Day, "rows", rows, "until", d.Until)
		}
		return err
	})
}

// findArchived takes over what lies in the archive and is not known here: another server
// made it, or the database is younger.
func (s *Service) findArchived(ctx context.Context) error {
	if s.Archive.Place == nil {
		return nil
	}
	found, err := archive.Scan(ctx, s.Archive.Place)
	if err != nil {
		return fmt.Errorf("look into the archive: %w", err)
	}
	var known []ArchivedDay
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { known, err = listArchived(tx); return err }); err != nil {
		return err
	}
	for _, f := range found {
		d := ArchivedDay{Signal: telemetry.SignalNamed(f.Signal), Day: f.Day}
		for _, is := range known {
			if is.Day == f.Day && is.Signal == d.Signal {
				d = is
			}
		}
		if d.Generations == len(f.Generations) {
			continue
		}
		all, err := archive.Load(ctx, s.Archive.Place, f.Signal, f.Day)
		if err != nil {
			s.Log.WarnContext(ctx, "a day in the archive cannot be read", "signal", f.Signal, "day", f.Day, "error", err)
			d.Error, d.TriedAt, d.Generations = fault.Of(err).Text, s.Clock.Now(), 0
		} else {
			s.fill(&d, all)
		}
		if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error { return putArchived(tx, d) }); err != nil {
			return err
		}
	}
	return nil
}
