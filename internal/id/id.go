// Package id makes identifiers: growing ones for rows, random ones for everything that
// a person or another system holds.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"sync/atomic"

	"github.com/yagura-sre/yagura/internal/clock"
)

// Sequence makes row ids that grow, also over restarts as long as the machine's clock
// does not go back by more than the time it was down: the high bits are the
// microseconds at which the sequence began, and a process would have to make more than
// one id a microsecond, for as long as it lives, to overtake its successor.
type Sequence struct{ last atomic.Uint64 }

// NewSequence begins a sequence now.
func NewSequence(c clock.Clock) *Sequence {
	s := &Sequence{}
	s.last.Store(uint64(c.Now().UnixMicro()))
	return s
}

// NewSequenceIn begins a sequence of one of several processes that make ids at the same
// time: they differ in the bits above the microseconds, as their places do. What grows is
// the ids of one place.
func NewSequenceIn(c clock.Clock, place uint16) *Sequence {
	s := NewSequence(c)
	s.last.Add(uint64(place%Places) << placeShift)
	return s
}

// Places is how many sequences are kept apart; microseconds have the 53 bits below until
// the year 2255.
const (
	Places     = 1024
	placeShift = 53
)

// Next is the next id.
func (s *Sequence) Next() uint64 { return s.last.Add(1) }

// Take reserves n ids that follow one another and gives the first.
func (s *Sequence) Take(n int) uint64 { return s.last.Add(uint64(n)) - uint64(n) + 1 }

var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New is a random id of 16 characters (80 bits): for entities that have an address.
func New() string { return random(10) }

// Secret is a random text of 52 characters (256 bits): for tokens and sessions.
func Secret() string { return random(32) }

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return encoding.EncodeToString(b)
}
