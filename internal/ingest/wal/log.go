package wal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Options say where a log lives and how much it may take. A zero field means its
// default, a negative one means none where that makes sense.
type Options struct {
	Dir     string // the log's own folder, created when it is missing
	Writers map[telemetry.Signal]telemetry.Writer
	// Witnesses of the engines behind the writers, for signals whose engine is a process
	// of ours. Without one no row is ever blamed for the engine's death.
	Witnesses map[telemetry.Signal]Witness

	MaxBytes     int64 // on disk, all signals together; 2 GiB
	MemoryBytes  int64 // of blocks that wait, before they are read back from disk; 64 MiB
	FreeSpaceMin int64 // left free on the file system; 256 MiB; negative: none

	BlockRows   int           // 20,000
	BlockBytes  int64         // 8 MB
	BlockAge    time.Duration // 1 s; twice that after a block with few rows
	GroupCommit time.Duration // senders that come together share a sync; 5 ms; negative: never wait
	InFlight    int           // blocks of one signal that are written at a time; 2
	// InOrder names the signals whose blocks are written one after the other, as they came:
	// for an engine that refuses what is older than what it has.
	InOrder map[telemetry.Signal]bool

	QuarantineEntries int   // 10,000
	QuarantineBytes   int64 // 64 MiB

	Clock clock.Clock  // the machine's
	Log   *slog.Logger // none
	Disk  Disk         // the machine's
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxBytes, 2<<30)
	setDefault(&o.MemoryBytes, 64<<20)
	setDefault(&o.FreeSpaceMin, 256<<20)
	setDefault(&o.BlockRows, 20_000)
	setDefault(&o.BlockBytes, 8_000_000)
	setDefault(&o.BlockAge, time.Second)
	setDefault(&o.GroupCommit, 5*time.Millisecond)
	setDefault(&o.InFlight, 2)
	setDefault(&o.QuarantineEntries, 10_000)
	setDefault(&o.QuarantineBytes, 64<<20)
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Disk == nil {
		o.Disk = OS{}
	}
	return o
}

func setDefault[T int | int64 | time.Duration](p *T, v T) {
	if *p == 0 {
		*p = v
	}
}

// Log is an open write-ahead log. It is safe for concurrent use.
type Log struct {
	Options
	id         string
	folder     owned
	lanes      map[telemetry.Signal]*lane
	quarantine *quarantine
	held       atomic.Int64 // bytes of waiting blocks that are in memory
	stop       context.CancelFunc
	committers sync.WaitGroup
	writers    sync.WaitGroup

	mu sync.Mutex // guards the bytes of all lanes
}

// Open opens the log in o.Dir and begins to store what an earlier one left there. It
// refuses a folder whose log is open in this process.
func Open(o Options) (*Log, error) {
	o = o.withDefaults()
	g := &Log{Options: o, id: id.New(), lanes: map[telemetry.Signal]*lane{}}
	var err error
	if g.folder, err = own(o.Disk, o.Dir); err != nil {
		return nil, err
	}
	if err := g.open(); err != nil {
		g.folder.release()
		return nil, fmt.Errorf("open the write-ahead log in %s: %w", o.Dir, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	for _, l := range g.lanes {
		g.committers.Go(l.commitAll)
		inFlight := o.InFlight
		if o.InOrder[l.signal] {
			inFlight = 1
		}
		for range inFlight {
			g.writers.Go(func() { l.writeAll(ctx) })
		}
	}
	return g, nil
}

func (g *Log) open() error {
	if err := makeDir(g.Disk, g.Dir); err != nil {
		return err
	}
	if err := g.Disk.SyncDir(filepath.Dir(g.Dir)); err != nil {
		return err
	}
	for signal, w := range g.Writers {
		dir := filepath.Join(g.Dir, signal.String())
		if err := makeDir(g.Disk, dir); err != nil {
			return err
		}
		l := newLane(g, signal, w, dir)
		if err := l.recover(); err != nil {
			return err
		}
		g.lanes[signal] = l
	}
	dir := filepath.Join(g.Dir, "quarantine")
	if err := makeDir(g.Disk, dir); err != nil {
		return err
	}
	if err := g.Disk.SyncDir(g.Dir); err != nil {
		return err
	}
	var err error
	g.quarantine, err = openQuarantine(g.Disk, dir, g.QuarantineEntries, g.QuarantineBytes, g.Log)
	return err
}

func makeDir(d Disk, dir string) error {
	if err := d.MkdirAll(dir); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// Append returns nil when the frame is on disk to stay; it will then be stored, once.
// It takes the frame over: the caller must not change it afterwards, whatever Append
// returns. rows is how many rows the frame holds.
//
// An error is a fault that tells a sender what to do. After one, or when ctx ended
// first, the frame may still be stored.
func (g *Log) Append(ctx context.Context, signal telemetry.Signal, frame []byte, rows int) error {
	l := g.lanes[signal]
	if l == nil {
		return noWriter(signal)
	}
	if len(frame) == 0 {
		return nil
	}
	rows = max(rows, 1)
	size := int64(frameSize + len(frame))
	if len(frame) > maxFrame || size > g.MaxBytes/2 {
		return tooLarge(len(frame))
	}
	if err := l.admit(size, rows); err != nil {
		return err
	}
	e := &entry{ctx: ctx, frame: frame, rows: rows, done: make(chan error, 1)}
	if !l.push(e) {
		g.release(l, size)
		return closing()
	}
	select {
	case err := <-e.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// maxFrame keeps a length within its 32 bits, and a frame within what memory bears.
const maxFrame = 1 << 30

// Close takes no more frames, commits those that wait, and stores all blocks. When ctx
// ends before the last block is stored, the rest stays on disk for the next Open, and
// the error says how much that is. It must be called once.
func (g *Log) Close(ctx context.Context) error {
	for _, l := range g.lanes {
		l.close()
	}
	drained := make(chan struct{})
	go func() {
		g.committers.Wait()
		g.writers.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
		g.stop()
		for _, l := range g.lanes {
			l.wakeWriters()
		}
		<-drained
	}
	g.stop()
	g.folder.release()
	left := 0
	for _, l := range g.lanes {
		left += l.stats().Blocks
	}
	if left > 0 {
		return fmt.Errorf("%d blocks wait in the write-ahead log for the next start: %w", left, context.Cause(ctx))
	}
	return nil
}

// take books n more bytes on disk for a lane, unless that is over its limit.
func (g *Log) take(l *lane, n int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	// What is added may begin a block, whose header is booked when its file is there.
	if l.bytes+n+headerSize > g.limit(l) {
		return false
	}
	l.bytes += n
	return true
}

// book adds n bytes on disk to a lane's account whatever its limit.
func (g *Log) book(l *lane, n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l.bytes += n
}

// release gives back n bytes on disk.
func (g *Log) release(l *lane, n int64) { g.book(l, -n) }

// limit is how much a lane may have on disk at present: all that the others do not have,
// less an eighth of the whole for each of them, so that a signal whose engine is away
// does not keep the others out. The caller holds g.mu.
func (g *Log) limit(l *lane) int64 {
	limit := g.MaxBytes
	for _, other := range g.lanes {
		if other != l {
			limit -= max(other.bytes, g.MaxBytes/8)
		}
	}
	return max(limit, 0)
}

// The folders whose log is open in this process.
var (
	ownedMu sync.Mutex
	owners  = map[owned]bool{}
)

type owned struct {
	disk Disk
	dir  string
}

var errOwned = errors.New("its write-ahead log is open in this process already")

func own(d Disk, dir string) (owned, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return owned{}, err
	}
	if real, err := filepath.EvalSymlinks(full); err == nil && d == (OS{}) {
		full = real
	}
	o := owned{d, full}
	ownedMu.Lock()
	defer ownedMu.Unlock()
	if owners[o] {
		return owned{}, fmt.Errorf("%s: %w", dir, errOwned)
	}
	owners[o] = true
	return o, nil
}

func (o owned) release() {
	ownedMu.Lock()
	defer ownedMu.Unlock()
	delete(owners, o)
}
