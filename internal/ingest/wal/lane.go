package wal

import (
	"bufio"
	"context"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// maxPending is how much of a signal may wait for the disk: more means that the disk is
// slower than the senders.
const maxPending = 32 << 20

// lane is the part of the log that belongs to one signal.
//
// One goroutine, the committer, owns the open block; writers own the block that they
// took from the queue. mu guards the rest, and is never held during I/O.
type lane struct {
	log    *Log
	signal telemetry.Signal
	writer telemetry.Writer
	dir    string

	bytes int64         // on disk or booked; guarded by log.mu
	wake  chan struct{} // the committer has a reason to look

	mu           sync.Mutex
	queued       sync.Cond // the queue has a block, or will have none any more
	pending      []*entry
	pendingBytes int64
	closed       bool     // takes no more entries
	sealed       bool     // the committer is done: no more blocks
	queue        []*block // sealed, in order of age
	blocks       map[*block]struct{}
	counters     counters

	// The committer's alone.
	open     *block
	due      time.Time // when the open block is old enough
	seq      uint64
	small    bool // the last block had few rows
	pace     pace
	last     time.Time // when the last commit began
	expiring <-chan time.Time
	unused   []string // files without an acknowledged frame that could not be removed
}

// entry is a frame whose sender waits.
type entry struct {
	ctx   context.Context
	frame []byte
	rows  int
	done  chan error // takes one
}

func (e *entry) size() int64 { return int64(frameSize + len(e.frame)) }

func newLane(g *Log, signal telemetry.Signal, w telemetry.Writer, dir string) *lane {
	l := &lane{log: g, signal: signal, writer: w, dir: dir,
		wake: make(chan struct{}, 1), blocks: map[*block]struct{}{}}
	l.queued.L = &l.mu
	return l
}

// admit books size bytes, or says why a sender has to come back.
func (l *lane) admit(size int64, rows int) error {
	err := func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.closed {
			return closing()
		}
		if len(l.pending) > 0 && l.pendingBytes+size > maxPending {
			return tooFast()
		}
		return nil
	}()
	if err == nil && !l.log.take(l, size) {
		l.mu.Lock()
		l.counters.full = true
		if l.counters.retrying > 0 {
			err = away(l.counters.lastError)
		} else {
			err = tooFast()
		}
		l.mu.Unlock()
	}
	if err != nil {
		l.mu.Lock()
		l.counters.refusedRows += uint64(rows)
		l.mu.Unlock()
	}
	return err
}

// push hands an entry to the committer, unless the lane is closed.
func (l *lane) push(e *entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.pending = append(l.pending, e)
	l.pendingBytes += e.size()
	l.poke()
	return true
}

// poke has the committer look, now or when it is done with what it does.
func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.poke()
}

// commitAll is the committer: it makes what is pending durable, batch by batch, and
// seals blocks that are large or old enough, until the lane is closed.
func (l *lane) commitAll() {
	c := l.log.Clock
	more := false // are there entries that did not fit the last time
	for {
		wait := l.last.Add(l.log.GroupCommit).Sub(c.Now())
		waits := wait > 0 && !more && l.pace.waits()
		if waits {
			c.Sleep(context.Background(), wait)
		}
		var batch []*entry
		var closed bool
		batch, more, closed = l.next()
		l.pace.saw(len(batch), waits)
		if len(batch) > 0 {
			l.last = c.Now()
			l.commit(batch)
		}
		if l.open != nil && (more || l.isFull() || l.isDue(c.Now())) {
			l.seal()
		}
		switch {
		case more:
		case closed:
			if l.open != nil {
				l.seal()
			}
			l.sweep()
			l.mu.Lock()
			l.sealed = true
			l.queued.Broadcast()
			l.mu.Unlock()
			return
		default:
			select {
			case <-l.wake:
			case <-l.expiring:
				l.expiring = nil
			}
		}
	}
}

// next takes the pending entries that fit into the open block; at least one fits into an
// empty one. more says that others wait for the next block, closed that none will come.
func (l *lane) next() (batch []*entry, more, closed bool) {
	rows, size := 0, int64(0)
	if l.open != nil {
		rows, size = l.open.rows, l.open.size
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.pending {
		if rows > 0 && (rows+e.rows > l.log.BlockRows || size+e.size() > l.log.BlockBytes) {
			break
		}
		n++
		l.pendingBytes -= e.size()
		if e.ctx.Err() != nil {
			l.log.release(l, e.size()) // nobody waits for it any more
			continue
		}
		rows += e.rows
		size += e.size()
		batch = append(batch, e)
	}
	more = n < len(l.pending)
	if more {
		l.pending = append([]*entry(nil), l.pending[n:]...)
	} else {
		l.pending = nil
	}
	return batch, more, l.closed
}

func (l *lane) isFull() bool {
	return l.open.rows >= l.log.BlockRows || l.open.size >= l.log.BlockBytes
}

// isDue says that the open block is old enough. While others wait for the engine, it
// would only wait behind them: then it may grow, because large blocks cost the engine
// less. dequeue pokes the committer when the last of them is taken.
func (l *lane) isDue(now time.Time) bool {
	if now.Before(l.due) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) == 0
}

// commit makes a batch durable and tells its senders.
func (l *lane) commit(batch []*entry) {
	began := l.log.Clock.Now()
	rows, size := 0, int64(0)
	for _, e := range batch {
		rows += e.rows
		size += e.size()
	}
	err := l.persist(batch, size)
	took := clock.Since(l.log.Clock, began)
	l.mu.Lock()
	if err == nil {
		l.counters.committed(len(batch), rows, took)
	} else {
		l.counters.refusedRows += uint64(rows)
		l.counters.failed(err, l.log.Clock.Now())
		if !l.counters.full {
			l.log.Log.Error("the write-ahead log refuses data: it cannot be written", "signal", l.signal, "error", err)
		}
		l.counters.full = true
	}
	l.mu.Unlock()
	if err != nil {
		l.log.release(l, size)
		err = unwritable(err)
	}
	for _, e := range batch {
		e.done <- err
	}
}

// persist adds a batch to the open block, or to a new one, and syncs it. After an error
// the file is not trusted with anything new: what it held before is sealed.
func (l *lane) persist(batch []*entry, size int64) error {
	if free, err := l.log.Disk.Free(l.dir); err == nil && free-size < l.log.FreeSpaceMin {
		return errLowSpace
	}
	b, fresh := l.open, l.open == nil
	if fresh {
		var err error
		if b, err = l.begin(); err != nil {
			return err
		}
	}
	if err := b.add(batch); err != nil {
		l.abandon(b)
		return err
	}
	if fresh {
		if err := l.log.Disk.SyncDir(l.dir); err != nil {
			l.abandon(b)
			return err
		}
	}
	l.mu.Lock() // what Stats reads
	for _, e := range batch {
		b.rows += e.rows
		b.frames = append(b.frames, e.frame)
	}
	b.size += size
	if fresh {
		b.size += headerSize
		l.blocks[b] = struct{}{}
	}
	l.mu.Unlock()
	if fresh {
		l.log.book(l, headerSize)
		l.open = b
		age := l.log.BlockAge
		if l.small {
			age *= 2
		}
		l.due = b.begun.Add(age)
		l.expiring = l.log.Clock.After(age)
	}
	return nil
}

// begin creates the file of a new block. Nothing is booked for its header before the
// block holds an acknowledged frame.
func (l *lane) begin() (*block, error) {
	l.sweep()
	now := l.log.Clock.Now()
	l.seq = max(l.seq+1, uint64(now.UnixMicro()))
	b := &block{name: name{l.signal, l.log.id, l.seq}, begun: now}
	b.path = filepath.Join(l.dir, b.name.file())
	b.seed = b.name.seed()
	f, err := l.log.Disk.Append(b.path)
	if err != nil {
		return nil, err
	}
	b.file = f
	b.out = bufio.NewWriterSize(f, 64<<10)
	b.out.Write(appendHeader(nil, b.name)) // an error stays with the buffer until Flush
	return b, nil
}

// abandon gives up a file after an error. Without an acknowledged frame it is removed.
func (l *lane) abandon(b *block) {
	if b.size == 0 {
		b.file.Close()
		l.unused = append(l.unused, b.path)
		l.sweep()
		return
	}
	b.unsure = l.log.Disk.Settle(b.path, b.size, nil) != nil
	l.seal()
}

// sweep removes unused files; those that resist are tried again with the next block.
// Should the process end first, they are taken for blocks and stored, which is allowed.
func (l *lane) sweep() {
	l.unused = slices.DeleteFunc(l.unused, func(path string) bool {
		return removeIfThere(l.log.Disk, path) == nil
	})
}

// seal ends the open block and queues it for the writers.
func (l *lane) seal() {
	b := l.open
	l.open, l.expiring = nil, nil
	b.file.Close() // everything in it is synced
	b.file, b.out = nil, nil
	l.small = b.rows < l.log.BlockRows/4 && b.size < l.log.BlockBytes/4
	b.held = b.size
	if l.log.held.Add(b.held) > l.log.MemoryBytes {
		l.log.held.Add(-b.held)
		b.held, b.frames = 0, nil
	}
	l.mu.Lock()
	l.queue = append(l.queue, b)
	l.queued.Signal()
	l.mu.Unlock()
}
