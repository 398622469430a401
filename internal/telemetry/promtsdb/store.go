// Package promtsdb keeps metrics in Prometheus' time series database, in this process,
// and answers PromQL with Prometheus' engine. It is the default store of metrics.
//
// What Write has returned for is on the disk: Prometheus leaves its write-ahead logs to
// the system's cache, so Write flushes them itself (sync.go). A sample may be late by
// Options.OutOfOrder; one that contradicts what is stored for its time is refused (late.go).
// Sums and histograms of delta temporality are stored as running
// totals that go on over restarts (delta.go).
//
// When the disk refuses a write, the database's log may hold half a record, and what is
// written behind it would be thrown away at the next start. So nothing is written then
// until there is room again, and first the half record is cut off (mend.go). Reading goes
// on meanwhile.
package promtsdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// Options say how to keep metrics. Zero values stand for the defaults.
type Options struct {
	Dir        string        // the database's own folder
	Retention  time.Duration // default 15 days
	OutOfOrder time.Duration // how late a sample may be; default 1 hour
	MaxSamples int           // that a query may hold in memory at once; default 5 million
	Timeout    time.Duration // of a query; default 30 s
	Concurrent int           // queries at the same time, the others wait; default 4
	Exemplars  int           // kept, of all series; default 10,000
	MinFree    int64         // bytes of the disk that are left alone; default 64 MB, negative: none
	Clock      clock.Clock   // default the machine's
	Log        *slog.Logger  // default none
}

func (o *Options) fill() {
	set(&o.Retention, 15*24*time.Hour)
	set(&o.OutOfOrder, time.Hour)
	set(&o.MaxSamples, 5_000_000)
	set(&o.Timeout, 30*time.Second)
	set(&o.Concurrent, 4)
	set(&o.Exemplars, 10_000)
	set(&o.MinFree, 64<<20)
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func set[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Store is a database of metrics. It is safe for concurrent use.
type Store struct {
	prom.Frames
	o      Options
	engine *promql.Engine
	slots  chan struct{}

	write sync.Mutex // one Write at a time; guards what follows
	logs  [2]syncer  // wal and wbl
	done  recent     // tokens of blocks that are stored
	total totals
	meta  *metadata
	sick  error // the last write failed in a way that reopen must mend

	stop    context.CancelFunc // of the upkeep
	stopped chan struct{}

	mu  sync.RWMutex // guards db and reg: held for reading as long as they are used
	db  *tsdb.DB     // nil after Close
	reg *prometheus.Registry
}

var (
	_ telemetry.MetricWriter = (*Store)(nil)
	_ telemetry.MetricReader = (*Store)(nil)
)

// Open opens the database in o.Dir, or makes one.
func Open(o Options) (*Store, error) {
	o.fill()
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("promtsdb: %w", err)
	}
	s := &Store{
		o:     o,
		slots: make(chan struct{}, o.Concurrent),
		logs:  [2]syncer{{dir: filepath.Join(o.Dir, "wal")}, {dir: filepath.Join(o.Dir, "wbl")}},
		total: totals{},
	}
	var err error
	if s.meta, err = openMetadata(filepath.Join(o.Dir, "metadata.json")); err != nil {
		return nil, err
	}
	s.engine = promql.NewEngine(promql.EngineOpts{
		Logger:               o.Log,
		MaxSamples:           o.MaxSamples,
		Timeout:              o.Timeout,
		LookbackDelta:        prom.Lookback,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
		Parser:               prom.Parser,
		NoStepSubqueryIntervalFn: func(int64) int64 {
			return prom.SubqueryStep.Milliseconds()
		},
	})
	if err := s.open(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.stopped = stop, make(chan struct{})
	go func() {
		defer close(s.stopped)
		for o.Clock.Sleep(ctx, upkeep) == nil {
			if err := s.maintain(ctx); err != nil && ctx.Err() == nil {
				o.Log.Warn("upkeep of the metrics database failed; it is tried again", "error", err)
			}
		}
	}()
	return s, nil
}

// upkeep is how often chunks are moved from memory to disk and blocks are made. The
// database would do it by itself, and panic if the disk is full.
const upkeep = time.Minute

func (s *Store) maintain(ctx context.Context) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return nil
	}
	if err := s.roomy(); err != nil {
		return err
	}
	s.db.ForceHeadMMap()
	return s.db.Compact(ctx)
}

// open opens the database; the caller holds mu, or is the only one there is.
func (s *Store) open() error {
	t := tsdb.DefaultOptions()
	t.RetentionDuration = s.o.Retention.Milliseconds()
	t.MaxBlockDuration = max(t.MinBlockDuration, min(t.RetentionDuration/10, (31*24*time.Hour).Milliseconds()))
	// A sender whose clock is ahead moves the window for everyone; make room for it.
	t.OutOfOrderTimeWindow = s.outOfOrder()
	t.EnableExemplarStorage = true
	t.MaxExemplars = int64(s.o.Exemplars)
	t.WALCompression = compression.Snappy
	// One modest machine, not a fleet's scraper: small tables and buffers.
	t.StripeSize = 1 << 10
	t.WALSegmentSize = 32 << 20
	t.HeadChunksWriteBufferSize = 64 << 10
	t.BlockReloadInterval = 1000 * time.Hour // see maintain
	for i := range s.logs {
		if err := mend(s.logs[i].dir, s.o.Log); err != nil {
			return fmt.Errorf("promtsdb: mending %s: %w", s.logs[i].dir, err)
		}
	}
	s.reg = prometheus.NewRegistry()
	db, err := tsdb.Open(s.o.Dir, s.o.Log, s.reg, t, nil)
	if err != nil {
		return fmt.Errorf("promtsdb: opening %s: %w", s.o.Dir, err)
	}
	db.DisableCompactions()
	s.db = db
	for i := range s.logs {
		s.logs[i].reset()
	}
	return nil
}

func (s *Store) outOfOrder() int64 { return (s.o.OutOfOrder + prom.MaxAhead).Milliseconds() }

// reopen mends a database whose disk refused a write. The caller holds write.
func (s *Store) reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.o.Log.Warn("closing the metrics database after a failed write", "error", err)
		}
		s.db = nil
	}
	if err := s.open(); err != nil {
		return err
	}
	s.sick = nil
	clear(s.total) // what was stored is read back
	return nil
}

// Close ends it. What Write returned for is safe without it.
func (s *Store) Close() error {
	s.stop()
	<-s.stopped
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sick = errClosed
	err := s.engine.Close()
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
		s.db = nil
	}
	return err
}

var errClosed = errors.New("promtsdb: closed")

// begin takes a place among the queries and the database for as long as end is not
// called.
func (s *Store) begin(ctx context.Context) (db *tsdb.DB, end func(), err error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, prom.QueryFault(ctx.Err())
	}
	s.mu.RLock()
	if s.db == nil {
		s.mu.RUnlock()
		<-s.slots
		return nil, nil, errAway(nil)
	}
	return s.db, func() { s.mu.RUnlock(); <-s.slots }, nil
}

func errAway(err error) error {
	f := fault.Wrap(err, fault.Unavailable, i18n.T(
		"The metrics database cannot be written or read just now. Is the disk full?",
		"メトリクスのデータベースを読み書きできません。ディスクの空き容量を確認してください。"))
	f.RetryAfter = 5 * time.Second
	return f
}
