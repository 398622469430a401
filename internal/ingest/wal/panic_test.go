package wal

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// mine panics on one row, in whichever of its methods is told to.
type mine struct {
	*session
	row                   uint64
	write, rows, describe bool
	split                 bool
}

func (m *mine) has(frames ...[]byte) bool {
	for _, f := range frames {
		for _, r := range rowsOf(f) {
			if r == m.row {
				return true
			}
		}
	}
	return false
}

func (m *mine) Write(ctx context.Context, s telemetry.Signal, token string, frames [][]byte) error {
	if m.write && m.has(frames...) {
		var nothing *mine
		nothing.row++ // a real one, of the runtime
	}
	return m.session.Write(ctx, s, token, frames)
}

func (m *mine) Rows(s telemetry.Signal, frame []byte) (int, error) {
	if m.rows && m.has(frame) {
		panic("rows")
	}
	return m.session.Rows(s, frame)
}

func (m *mine) Split(s telemetry.Signal, frame []byte) (a, b []byte, err error) {
	if m.split && m.has(frame) {
		panic("split")
	}
	return m.session.Split(s, frame)
}

func (m *mine) Describe(s telemetry.Signal, frame []byte) string {
	if m.describe && m.has(frame) {
		panic(fmt.Errorf("describe"))
	}
	return m.session.Describe(s, frame)
}

// A row that the engine's code panics on ends in quarantine with the reason; all others
// are stored once, and the process goes on.
func TestPanicEndsInQuarantine(t *testing.T) {
	for name, m := range map[string]*mine{
		"write":              {write: true},
		"write and describe": {write: true, describe: true},
		"write and rows":     {write: true, rows: true},
		"write and split":    {write: true, split: true},
	} {
		t.Run(name, func(t *testing.T) {
			m.row = 11
			inBubble(t, func(o *Options, d *simDisk) {
				m.session = o.Writers[telemetry.Logs].(*session)
				o.Writers = map[telemetry.Signal]telemetry.Writer{telemetry.Logs: m}
			}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
				for r := uint64(1); r < 20; r += 2 {
					appendRow(t, g, telemetry.Logs, r, r+1)
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				for r := uint64(1); r < 21; r++ {
					want := 1
					if r == m.row || m.split && r == 12 {
						want = 0
					}
					if n := e.times(r); n != want {
						t.Errorf("row %d is stored %d times, want %d", r, n, want)
					}
				}
				q := g.Quarantine().Rows
				if len(q) != 1 || !strings.Contains(q[0].Reason, "nil pointer dereference") || q[0].Row == "" {
					t.Errorf("quarantine: %+v", q)
				}
				if s := g.Stats()[0]; s.State != OK || s.Bytes != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// A panic that passes costs nothing: the block is tried again before it counts as refused.
func TestPassingPanic(t *testing.T) {
	inBubble(t, func(o *Options, _ *simDisk) {
		o.Writers = map[telemetry.Signal]telemetry.Writer{telemetry.Logs: &passing{session: o.Writers[telemetry.Logs].(*session), left: panicTries - 1}}
	}, func(t *testing.T, g *Log, e *engine, _ *simDisk) {
		appendRow(t, g, telemetry.Logs, 1, 2)
		storedAfter(t, e, 2)
		if q := g.Quarantine().Rows; len(q) > 0 || e.times(1) != 1 {
			t.Errorf("quarantine %+v", q)
		}
	})
}

type passing struct {
	*session
	left int
}

func (p *passing) Write(ctx context.Context, s telemetry.Signal, token string, frames [][]byte) error {
	if p.left--; p.left >= 0 {
		panic("not yet")
	}
	return p.session.Write(ctx, s, token, frames)
}

// What an earlier process left is no different: a start survives it.
func TestPanicInReplay(t *testing.T) {
	e := newEngine(1)
	dir, _ := leave(t, e) // rows 1 to 6
	for range 2 {
		g := openAt(t, dir, e, func(o *Options) {
			o.Writers[telemetry.Logs] = &mine{session: &session{engine: e}, row: 3, write: true}
		})
		closeLog(t, g)
		for r := uint64(1); r <= 6; r++ {
			if n, want := e.times(r), map[bool]int{true: 0, false: 1}[r == 3]; n != want {
				t.Errorf("row %d is stored %d times", r, n)
			}
		}
		if q := g.Quarantine().Rows; len(q) != 1 || !strings.Contains(q[0].Reason, "nil pointer") || len(blocksIn(t, dir)) > 0 {
			t.Errorf("quarantine %+v, left %v", q, blocksIn(t, dir))
		}
	}
}
