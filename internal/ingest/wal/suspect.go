package wal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Witness knows of the crashes of a signal's engine, and tries frames on another one. It
// is what the log needs to tell rows that an engine dies of from rows that happened to be
// on their way when it died; see "Rows that the engine dies of" in the doc.
type Witness interface {
	// Crashes is how often the engine's process has ended by a fault of its own since the
	// witness was made: not when it was killed, and not for want of memory.
	Crashes() int
	// Try has an engine of the same making store the frames, one that nobody else uses and
	// whose data nobody reads. An error says that nothing was learnt.
	Try(ctx context.Context, signal telemetry.Signal, frames [][]byte) (Trial, error)
}

// Trial is what came of a trial.
type Trial struct {
	// Died: the engine crashed, and just before it had stored an ordinary row.
	Died bool
	// Stored: it crashed only after it had stored of the frames.
	Stored bool
	How    string // it died, for a person
}

const (
	// deathsToSuspect is how often an engine crashes while frames are on their way to it
	// before they are tried. A suspicion costs a trial, and nothing if it is wrong.
	deathsToSuspect = 3
	// maxDeaths bounds the crashes between the trials of frames that were acquitted.
	maxDeaths = 48
	// deathsToConvict is how many trials in a row must end with a crash, of a block and at
	// last of a row. Of the parts between them one is enough: dividing what is innocent
	// costs nothing but trials.
	deathsToConvict = 2
)

// suspicion is about the frames of one token.
type suspicion struct {
	witness Witness
	before  int // crashes when the last write began
	writing bool
	deaths  int // crashes during writes since the last trial
	enough  int // for the next
}

// begin and the next call of it enclose a write that failed; when the engine crashed
// since, the frames may be why. The supervisor sees a crash after the writer does, so it
// is counted here and not when the write ends.
func (s *suspicion) begin() (suspect bool) {
	if s.witness == nil {
		return false
	}
	now := s.witness.Crashes()
	if s.writing && now > s.before {
		s.deaths++
	}
	s.before, s.writing = now, true
	return s.deaths >= s.enough
}

// acquit: the next suspicion needs more.
func (s *suspicion) acquit() {
	s.deaths = 0
	s.enough = min(2*max(s.enough, deathsToSuspect), maxDeaths)
	s.before = s.witness.Crashes()
}

// deadly is the refusal of frames that the engine dies of. Their parts are tried before
// the engine gets them.
type deadly struct{ refusal *fault.Error }

func (d deadly) Error() string { return d.refusal.Text.String() }
func (d deadly) Unwrap() error { return d.refusal }

// deadlyMark stands in the list of refusals for the reason of such a part.
const deadlyMark = "deadly"

// storedAndDied: the engine dies of these frames after it has stored them.
type storedAndDied struct{ how string }

func (s storedAndDied) Error() string {
	return fmt.Sprintf("the engine crashes after it has stored this block (%s)", s.how)
}

// try asks the witness; part says that the frames are a part of what it found guilty. It
// returns nil for frames that an engine survives, or when nothing
// was learnt: then they are written as if nothing were known of them.
func (l *lane) try(ctx context.Context, s *suspicion, frames [][]byte, part bool) error {
	defer s.acquit() // whatever comes of it, further trials need further deaths
	need := deathsToConvict
	if part && (len(frames) > 1 || l.rowsIn(frames[0]) > 1) {
		need = 1
	}
	var last Trial
	for range need {
		var trial Trial
		err := l.guarded("try frames", func() (err error) {
			trial, err = s.witness.Try(ctx, l.signal, frames)
			return err
		})
		if err != nil {
			l.log.Log.Warn("the engine crashed while frames were on their way to it, and they could not be tried apart", "signal", l.signal, "error", err)
			return nil
		}
		if !trial.Died {
			l.log.Log.Debug("frames are not what the engine crashed of", "signal", l.signal, "frames", len(frames))
			return nil
		}
		last = trial
	}
	if last.Stored {
		return storedAndDied{last.How}
	}
	return refusedByDeath(last.How)
}

// setDown takes a block out of the log that the engine stores and then dies of. Whether
// its rows are stored is almost but not quite known, so they are neither written again
// nor deleted: the file stays under another name.
func (l *lane) setDown(ctx context.Context, b *block, why storedAndDied) error {
	to := b.path + ".deadly"
	rows := max(b.rows, 1)
	q := Quarantined{ID: b.name.token() + "-deadly", Signal: l.signal,
		Reason: fmt.Sprintf("%v; its %d rows are most likely stored, and it is kept in %s", why, rows, to)}
	if len(b.frames) > 0 {
		q.Row = l.describe(b.frames[0])
	}
	return l.retry(ctx, "set a block aside", func() error {
		isNew, err := l.log.quarantine.put(q, l.log.Clock.Now())
		if err != nil {
			return err
		}
		if isNew {
			l.count(func(c *counters) { c.quarantinedRows += uint64(rows) })
		}
		// The block first: without its list it would be tried as a whole.
		d := l.log.Disk
		for _, suffix := range []string{"", refusedSuffix} {
			if err := d.Rename(b.path+suffix, to+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err := d.SyncDir(l.dir); err != nil {
				return err
			}
		}
		l.log.Log.Error("the engine dies of a block after storing it; it is set aside", "file", to, "error", why)
		return nil
	})
}
