package wal

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// witnessed has the model engine be its own witness.
func witnessed(o *Options, _ *simDisk) {
	e := o.Writers[telemetry.Logs].(*session).engine
	o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: e}
}

// Rows that the engine crashes of end in quarantine with the reason, all others are stored
// once, and the engine crashes no more than a few times for each block.
func TestRowsThatKillTheEngine(t *testing.T) {
	inBubble(t, witnessed, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		e.set(func(e *engine) { e.deadly[11], e.deadly[400], e.refuses[50] = true, true, true })
		for r := uint64(1); r <= 500; r += 10 {
			appendRow(t, g, telemetry.Logs, r, r+1, r+2, r+3, r+4, r+5, r+6, r+7, r+8, r+9)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for r := uint64(1); r <= 500; r++ {
			want := 1
			if r == 11 || r == 400 || r == 50 {
				want = 0
			}
			if n := e.times(r); n != want {
				t.Errorf("row %d is stored %d times, want %d", r, n, want)
			}
		}
		crashed := 0
		for _, q := range g.Quarantine().Rows {
			if strings.Contains(q.Reason, "segmentation fault") && (q.Row == "[11]" || q.Row == "[400]") {
				crashed++
			} else if q.Row != "[50]" || !strings.Contains(q.Reason, "poison") {
				t.Errorf("in quarantine: %+v", q)
			}
		}
		if crashed != 2 || len(g.Quarantine().Rows) != 3 {
			t.Errorf("quarantine: %+v", g.Quarantine().Rows)
		}
		if e.Crashes() > deathsToSuspect {
			t.Errorf("the engine crashed %d times", e.Crashes())
		}
		if s := g.Stats()[0]; s.State != OK || s.Bytes != 0 || s.QuarantinedRows != 3 || s.RowsWritten != 497 {
			t.Errorf("%+v", s)
		}
	})
}

// An engine that crashes of something else, whatever is on its way to it, and however
// often, convicts nobody: neither when the trial acquits nor when none can be made.
func TestOtherDeathsConvictNobody(t *testing.T) {
	for name, blind := range map[string]float64{"acquitted": 0, "no trial": 1} {
		t.Run(name, func(t *testing.T) {
			dying := &dyingOfQuestions{left: 100}
			inBubble(t, func(o *Options, d *simDisk) {
				witnessed(o, d)
				dying.session = o.Writers[telemetry.Logs].(*session)
				dying.blind = blind
				o.Writers = map[telemetry.Signal]telemetry.Writer{telemetry.Logs: dying}
			}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
				for r := range uint64(40) {
					appendRow(t, g, telemetry.Logs, r+1)
				}
				time.Sleep(20 * time.Minute)
				synctest.Wait()
				if q := g.Quarantine().Rows; len(q) > 0 || dying.left > 0 {
					t.Errorf("quarantine %+v, %d crashes were left", q, dying.left)
				}
				for r := range uint64(40) {
					if n := e.times(r + 1); n != 1 {
						t.Errorf("row %d is stored %d times", r+1, n)
					}
				}
			})
		})
	}
}

// dyingOfQuestions crashes during writes, before or after they are stored, whatever they hold.
type dyingOfQuestions struct {
	*session
	left int
}

func (d *dyingOfQuestions) Write(ctx context.Context, s telemetry.Signal, token string, frames [][]byte) error {
	stored := false
	d.engine.mu.Lock()
	die := d.left > 0
	if die {
		d.left--
		d.crashes++
		stored = d.left%2 == 0
	}
	d.engine.mu.Unlock()
	if die && !stored {
		return errCrash
	}
	err := d.session.Write(ctx, s, token, frames)
	if die {
		return errCrash
	}
	return err
}

// Kills from outside are no crashes: nothing is even tried.
func TestKilledEngineRaisesNoSuspicion(t *testing.T) {
	var tried bool
	inBubble(t, func(o *Options, d *simDisk) {
		e := o.Writers[telemetry.Logs].(*session).engine
		o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: &noting{e, &tried}}
	}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		e.set(func(e *engine) { e.away = true })
		appendRow(t, g, telemetry.Logs, 1)
		time.Sleep(10 * time.Minute)
		e.set(func(e *engine) { e.away = false })
		storedAfter(t, e, 1)
		if tried {
			t.Error("a row was tried although nothing crashed")
		}
	})
}

type noting struct {
	*engine
	tried *bool
}

func (n *noting) Try(ctx context.Context, s telemetry.Signal, frames [][]byte) (Trial, error) {
	*n.tried = true
	return n.engine.Try(ctx, s, frames)
}

// One crash in a trial is none: it takes two in a row.
func TestOneFailedTrialIsNotEnough(t *testing.T) {
	inBubble(t, func(o *Options, d *simDisk) {
		e := o.Writers[telemetry.Logs].(*session).engine
		o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: &wavering{engine: e}}
		o.Writers[telemetry.Logs] = &dyingOfQuestions{session: &session{engine: e}, left: 9}
	}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		appendRow(t, g, telemetry.Logs, 1, 2)
		time.Sleep(5 * time.Minute)
		if q := g.Quarantine().Rows; len(q) > 0 || e.times(1) != 1 || e.times(2) != 1 {
			t.Errorf("quarantine %+v", q)
		}
	})
}

type wavering struct {
	*engine
	n int
}

func (w *wavering) Try(context.Context, telemetry.Signal, [][]byte) (Trial, error) {
	w.n++
	return Trial{Died: w.n%2 == 1, How: "once"}, nil
}

// A block that the engine stores and then dies of is neither stored again nor deleted, and
// what comes behind it goes on.
func TestDeathAfterStoring(t *testing.T) {
	e := newEngine(1)
	dir := t.TempDir()
	e.late[2] = true
	with := func(o *Options) { o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: e} }
	g := openAt(t, dir, e, with)
	appendRow(t, g, telemetry.Logs, 1, 2, 3)
	closeLog(t, g)
	if e.times(1) != 1 || e.times(2) != 1 || e.times(3) != 1 {
		t.Error("the block is not stored once")
	}
	if q := g.Quarantine().Rows; len(q) != 1 || !strings.Contains(q[0].Reason, "after it has stored") || g.Stats()[0].QuarantinedRows != 3 || g.Stats()[0].Bytes != 0 {
		t.Errorf("quarantine %+v, %+v", q, g.Stats()[0])
	}
	if kept, _ := filepath.Glob(filepath.Join(dir, "logs", "*.wal.deadly")); len(kept) != 1 {
		t.Errorf("kept: %v", kept)
	}
	before := e.Crashes()
	g = openAt(t, dir, e, with)
	appendRow(t, g, telemetry.Logs, 4)
	closeLog(t, g)
	if e.times(4) != 1 || e.Crashes() != before || e.times(1) != 1 {
		t.Error("the next start met it again")
	}
}

// A process that ends in the middle of the trials leaves nothing that the next one gets
// wrong: also when the next engine bears the rows.
func TestDeadlyRowsOverRestarts(t *testing.T) {
	for _, upgraded := range []bool{false, true} {
		e := newEngine(1)
		dir, _ := leave(t, e) // rows 1 to 6
		e.deadly[3] = true
		stop := &stopping{engine: e, after: 5, stopped: make(chan struct{})}
		g := openAt(t, dir, e, func(o *Options) { o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: stop} })
		<-stop.stopped
		abandonLog(g)
		if upgraded {
			e.set(func(e *engine) { clear(e.deadly) })
		}
		g = openAt(t, dir, e, func(o *Options) { o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: e} })
		closeLog(t, g)
		for r := uint64(1); r <= 6; r++ {
			if n := e.times(r); n != 1 && !(r == 3 && !upgraded && n == 0) {
				t.Errorf("upgraded %v: row %d is stored %d times", upgraded, r, n)
			}
		}
		if q := g.Quarantine().Rows; len(q) != map[bool]int{false: 1, true: 0}[upgraded] || len(e.violated) > 0 || len(blocksIn(t, dir)) > 0 {
			t.Errorf("upgraded %v: quarantine %+v, %v", upgraded, q, e.violated)
		}
	}
}

// stopping is a witness whose process ends in a trial.
type stopping struct {
	*engine
	after   int
	stopped chan struct{}
}

func (s *stopping) Try(ctx context.Context, signal telemetry.Signal, frames [][]byte) (Trial, error) {
	if s.after--; s.after == 0 {
		close(s.stopped)
	}
	if s.after <= 0 {
		<-ctx.Done()
		return Trial{}, errors.New("stopped")
	}
	return s.engine.Try(ctx, signal, frames)
}
