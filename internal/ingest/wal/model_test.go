package wal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// A frame of the tests is a list of rows of 8 bytes, each a number.

func frameOf(rows ...uint64) []byte {
	var f []byte
	for _, r := range rows {
		f = binary.BigEndian.AppendUint64(f, r)
	}
	return f
}

func rowsOf(frame []byte) []uint64 {
	var rows []uint64
	for ; len(frame) >= 8; frame = frame[8:] {
		rows = append(rows, binary.BigEndian.Uint64(frame))
	}
	return rows
}

// engine is a model of an engine: it stores a token once, tells when a token comes back
// with other frames, and refuses blocks with rows that it does not like. It outlives the
// processes that write to it, each by a session of its own.
type engine struct {
	mu       sync.Mutex
	tokens   map[string]uint64 // token → hash of its frames
	stored   map[uint64]int    // row → times stored
	refuses  map[uint64]bool
	deadly   map[uint64]bool // the process crashes of these, before anything is stored
	late     map[uint64]bool // and of these when all is stored
	crashes  int
	blind    float64 // chance that a trial cannot be made
	away     bool    // answers nothing
	flaky    float64 // chance that an answer is lost, after or before the block is stored
	rng      *rand.Rand
	violated []string
	calls    int
}

func newEngine(seed uint64) *engine {
	return &engine{tokens: map[string]uint64{}, stored: map[uint64]int{}, refuses: map[uint64]bool{},
		deadly: map[uint64]bool{}, late: map[uint64]bool{}, rng: rand.New(rand.NewPCG(seed, 1))}
}

var hashSeed = maphash.MakeSeed()

func (e *engine) put(token string, frames [][]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	var h maphash.Hash
	h.SetSeed(hashSeed)
	for _, f := range frames {
		fmt.Fprintf(&h, "%d:", len(f))
		h.Write(f)
	}
	sum := h.Sum64()
	if old, ok := e.tokens[token]; ok && old != sum {
		e.violated = append(e.violated, fmt.Sprintf("token %s came with other frames", token))
	}
	if e.away || e.rng.Float64() < e.flaky/2 {
		return errors.New("no answer")
	}
	if e.has(e.deadly, frames) { // it reads a block before it looks at the token
		e.crashes++
		return errCrash
	}
	if _, ok := e.tokens[token]; ok {
		if e.has(e.late, frames) {
			e.crashes++
			return errCrash
		}
		return nil
	}
	for _, f := range frames {
		for _, r := range rowsOf(f) {
			if e.refuses[r] {
				return fault.New(fault.Invalid, i18n.T(fmt.Sprintf("row %d is poison", r), "毒"))
			}
		}
	}
	e.tokens[token] = sum
	for _, f := range frames {
		for _, r := range rowsOf(f) {
			e.stored[r]++
		}
	}
	if e.has(e.late, frames) {
		e.crashes++
		return errCrash
	}
	if e.rng.Float64() < e.flaky/2 {
		return errors.New("the answer was lost")
	}
	return nil
}

var errCrash = errors.New("the connection broke")

func (e *engine) has(set map[uint64]bool, frames [][]byte) bool {
	for _, f := range frames {
		for _, r := range rowsOf(f) {
			if set[r] {
				return true
			}
		}
	}
	return false
}

// Crashes and Try make the engine its own Witness.
func (e *engine) Crashes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.crashes
}

func (e *engine) Try(_ context.Context, _ telemetry.Signal, frames [][]byte) (Trial, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rng.Float64() < e.blind {
		return Trial{}, errors.New("no second engine can be started")
	}
	late := e.has(e.late, frames)
	return Trial{Died: late || e.has(e.deadly, frames), Stored: late && !e.has(e.deadly, frames), How: "signal: segmentation fault"}, nil
}

func (e *engine) times(row uint64) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stored[row]
}

func (e *engine) set(f func(*engine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e)
}

// session is a process's connection to the engine. After cut, its calls fail, though
// those on their way may still arrive.
type session struct {
	*engine
	delay time.Duration // up to this long in a call
	mu    sync.Mutex
	dead  bool
	late  float64 // chance that a call arrives although its process is dead
}

func (s *session) cut(late float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead, s.late = true, late
}

func (s *session) isDead() (bool, float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead, s.late
}

func (s *session) Write(ctx context.Context, _ telemetry.Signal, token string, frames [][]byte) error {
	if dead, _ := s.isDead(); dead {
		return errors.New("dead")
	}
	if s.delay > 0 {
		s.engine.mu.Lock()
		d := time.Duration(s.rng.Int64N(int64(s.delay)))
		s.engine.mu.Unlock()
		time.Sleep(d)
	}
	if dead, late := s.isDead(); dead {
		s.engine.mu.Lock()
		arrives := s.rng.Float64() < late
		s.engine.mu.Unlock()
		if arrives {
			s.put(token, frames)
		}
		return errors.New("dead")
	}
	return s.put(token, frames)
}

func (s *session) Split(_ telemetry.Signal, frame []byte) (a, b []byte, err error) {
	if len(frame) == 0 || len(frame)%8 != 0 {
		return nil, nil, errors.New("not a frame")
	}
	half := len(frame) / 16 * 8
	if half == 0 {
		return frame, nil, nil
	}
	return bytes.Clone(frame[:half]), bytes.Clone(frame[half:]), nil
}

func (s *session) Rows(_ telemetry.Signal, frame []byte) (int, error) {
	if len(frame)%8 != 0 {
		return 0, errors.New("not a frame")
	}
	return len(frame) / 8, nil
}

func (s *session) Describe(_ telemetry.Signal, frame []byte) string {
	return fmt.Sprint(rowsOf(frame)[:min(1, len(frame)/8)])
}
