package promtsdb

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// Write stores all data points of the frames, or none.
func (s *Store) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	if err := prom.OnlyMetrics(signal); err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	if errors.Is(s.sick, errClosed) {
		return errAway(s.sick)
	}
	if err := s.roomy(); err != nil {
		return errAway(err)
	}
	if s.sick != nil {
		if err := s.reopen(); err != nil {
			return errAway(err)
		}
	}
	block := blockID(token, frames)
	if s.done.has(block) {
		return nil
	}
	err := s.store(ctx, frames)
	if err != nil {
		if fault.Is(err, fault.Invalid) || ctx.Err() != nil {
			return err
		}
		s.sick = err
		s.o.Log.Error("metrics were not stored", "error", err)
		return errAway(err)
	}
	s.done.add(block)
	return nil
}

// store does it. On any error nothing was stored, or it is not known.
func (s *Store) store(ctx context.Context, frames [][]byte) error {
	s.mu.RLock()
	defer s.mu.RUnlock() // even of a panic, which the caller survives
	failed := s.wblFailures()
	app := &appender{AppenderV2: s.db.AppenderV2(ctx), meta: s.meta, seen: map[sampleKey]seenSample{}, ctx: ctx, late: late{db: s.db}}
	defer app.late.close()
	open := true
	defer func() {
		if open {
			_ = app.Rollback()
		}
	}()
	now := s.o.Clock.Now()
	oldest, newest := now.Add(-s.o.Retention), now.Add(prom.MaxAhead)
	sum := increments{meta: s.meta}
	for _, frame := range frames {
		md, err := prom.Decode(frame)
		if err != nil {
			return err
		}
		if err := prom.Convert(ctx, md, oldest, newest, app, &sum); err != nil {
			return err
		}
	}
	news, err := s.addUp(ctx, &sum, app)
	if err != nil {
		return err
	}
	open = false
	if err := app.Commit(); err != nil {
		return fmt.Errorf("promtsdb: %w", err)
	}
	// A late sample that did not reach its log is only counted by the database.
	if s.wblFailures() != failed {
		return errors.New("promtsdb: the out-of-order log was not written")
	}
	for i := range s.logs {
		if err := s.logs[i].sync(); err != nil {
			return fmt.Errorf("promtsdb: %w", err)
		}
	}
	if err := s.meta.save(); err != nil {
		return fmt.Errorf("promtsdb: %w", err)
	}
	s.total.put(news, now)
	return nil
}

const wblFailed = "prometheus_tsdb_out_of_order_wbl_writes_failed_total"

// wblFailures is how often writing the out-of-order log failed since it was opened.
func (s *Store) wblFailures() (n float64) {
	families, err := s.reg.Gather()
	if err != nil {
		return 0
	}
	for _, f := range families {
		if f.GetName() == wblFailed {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// appender is the database's, and remembers what the metrics are.
type appender struct {
	storage.AppenderV2
	meta *metadata
	// The samples of this block: of two with one series and time, the database would drop
	// the second when it commits, and not say so.
	seen map[sampleKey]seenSample
	late late
	ctx  context.Context // of the Write
}

type sampleKey struct {
	series uint64 // hash of the labels
	t      int64
}

type seenSample struct {
	v  float64
	h  *histogram.Histogram
	fh *histogram.FloatHistogram
}

func (a seenSample) same(b seenSample) bool {
	switch {
	case a.h != nil && b.h != nil:
		return a.h.Equals(b.h)
	case a.fh != nil && b.fh != nil:
		return a.fh.Equals(b.fh)
	case a.h != nil, b.h != nil, a.fh != nil, b.fh != nil:
		return false
	}
	return math.Float64bits(a.v) == math.Float64bits(b.v)
}

func (a *appender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	k, one := sampleKey{ls.Hash(), t}, seenSample{v, h, fh}
	if was, ok := a.seen[k]; ok {
		if !was.same(one) {
			return 0, storage.ErrDuplicateSampleForTimestamp
		}
		return ref, nil
	}
	a.seen[k] = one
	ref, err := a.append(ref, ls, st, t, v, h, fh, opts)
	if err == nil {
		a.meta.Put(opts.MetricFamilyName, opts.Metadata)
	}
	return ref, err
}

// recent remembers the last blocks that were stored, so that a repeated call costs
// nothing. What it has forgotten, the samples' own times tell.
type recent struct {
	ids  map[[32]byte]struct{}
	ring [256][32]byte
	next int
}

func (r *recent) has(id [32]byte) bool {
	_, ok := r.ids[id]
	return ok
}

func (r *recent) add(id [32]byte) {
	if r.ids == nil {
		r.ids = map[[32]byte]struct{}{}
	}
	delete(r.ids, r.ring[r.next])
	r.ring[r.next] = id
	r.ids[id] = struct{}{}
	r.next = (r.next + 1) % len(r.ring)
}

// blockID is of the token and the frames: a token used for other rows must not lose them.
func blockID(token string, frames [][]byte) (id [32]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s", len(token), token)
	for _, f := range frames {
		fmt.Fprintf(h, " %d ", len(f))
		h.Write(f)
	}
	h.Sum(id[:0])
	return id
}
