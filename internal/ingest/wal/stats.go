package wal

import (
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// State says how a signal's lane is doing.
type State string

// The states. Full wins over retrying: senders feel it.
const (
	OK       State = "ok"
	Retrying State = "retrying" // a block waits for its next try; senders feel nothing
	Full     State = "full"     // a frame was refused (the log or the disk is full, or the disk fails), and no room was made since
)

// Stats is what a signal's lane did since Open, and what it holds now.
type Stats struct {
	Signal    telemetry.Signal
	State     State
	Bytes     int64         // on disk
	Limit     int64         // what Bytes may grow to at present
	Blocks    int           // not yet stored, the open one included
	OldestAge time.Duration // of the oldest of them

	AppendedFrames, AppendedRows uint64 // acknowledged
	RefusedRows                  uint64 // told to come back
	Commits                      uint64 // syncs that acknowledged something
	BlocksWritten, RowsWritten   uint64 // stored and gone from the log
	Retries                      uint64 // of reading, writing or deleting a block
	QuarantinedRows              uint64 // refused by the engine for good
	CorruptBytes                 uint64 // acknowledged, and spoilt by the disk
	TornBytes                    uint64 // cut off after a crash; never acknowledged

	CommitLatency time.Duration // of the last commit
	WriteLatency  time.Duration // of the last block or part that the engine stored
	LastError     error         // nil when there was none
	LastErrorAt   time.Time
}

// counters are guarded by lane.mu.
type counters struct {
	appendedFrames, appendedRows uint64
	refusedRows                  uint64
	commits                      uint64
	blocksWritten, rowsWritten   uint64
	retries                      uint64
	quarantinedRows              uint64
	corruptBytes, tornBytes      uint64
	commitLatency, writeLatency  time.Duration
	lastError                    error
	lastErrorAt                  time.Time
	retrying                     int  // blocks that wait for their next try
	full                         bool // a frame was refused and no room was made since
}

func (c *counters) committed(frames, rows int, took time.Duration) {
	c.appendedFrames += uint64(frames)
	c.appendedRows += uint64(rows)
	c.commits++
	c.commitLatency = took
	c.full = false
}

func (c *counters) failed(err error, at time.Time) { c.lastError, c.lastErrorAt = err, at }

func (c *counters) state() State {
	switch {
	case c.full:
		return Full
	case c.retrying > 0:
		return Retrying
	}
	return OK
}

// Stats is how each signal's lane is doing, in the order of telemetry.Signals.
func (g *Log) Stats() []Stats {
	all := make([]Stats, 0, len(g.lanes))
	for _, signal := range telemetry.Signals {
		if l := g.lanes[signal]; l != nil {
			all = append(all, l.stats())
		}
	}
	return all
}

func (l *lane) stats() Stats {
	s := Stats{Signal: l.signal}
	l.log.mu.Lock()
	s.Bytes, s.Limit = l.bytes, l.log.limit(l)
	l.log.mu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.log.Clock.Now()
	s.Blocks = len(l.blocks)
	for b := range l.blocks {
		s.OldestAge = max(s.OldestAge, now.Sub(b.begun))
	}
	c := &l.counters
	s.State = c.state()
	s.AppendedFrames, s.AppendedRows, s.RefusedRows = c.appendedFrames, c.appendedRows, c.refusedRows
	s.Commits, s.BlocksWritten, s.RowsWritten = c.commits, c.blocksWritten, c.rowsWritten
	s.Retries, s.QuarantinedRows = c.retries, c.quarantinedRows
	s.CorruptBytes, s.TornBytes = c.corruptBytes, c.tornBytes
	s.CommitLatency, s.WriteLatency = c.commitLatency, c.writeLatency
	s.LastError, s.LastErrorAt = c.lastError, c.lastErrorAt
	return s
}
