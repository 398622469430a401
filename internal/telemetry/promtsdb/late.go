package promtsdb

import (
	"context"
	"errors"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// The database compares a sample with the newest of its series alone. A late one whose
// time has another value already, from an earlier block, it would drop when it commits, or
// keep beside the other, and say nothing. So late samples are looked up before they are
// appended: one that repeats what is stored is skipped, one that contradicts it is refused.
// Samples in their order, which nearly all are, cost nothing.

// late looks up what is stored. It sees what was committed before the block.
type late struct {
	db       *tsdb.DB
	q        storage.Querier
	from, to int64 // of q
}

// lateMargin is how much more of the past is opened than is asked for, in milliseconds:
// late samples come in flocks.
const lateMargin = 10 * 60 * 1000

func (l *late) close() {
	if l.q != nil {
		_ = l.q.Close()
		l.q = nil
	}
}

// at is what a series has at a time, if anything.
func (l *late) at(ctx context.Context, ls labels.Labels, t int64) (was seenSample, found bool, err error) {
	if l.q == nil || t < l.from || t > l.to {
		from, to := t-lateMargin, t+lateMargin
		if l.q != nil {
			from, to = min(from, l.from), max(to, l.to)
		}
		l.close()
		if l.q, err = l.db.Querier(from, to); err != nil {
			l.q = nil
			return was, false, err
		}
		l.from, l.to = from, to
	}
	err = samples(ctx, l.q, ls, t, t, func(it chunkenc.Iterator, kind chunkenc.ValueType) {
		found = true
		if kind == chunkenc.ValFloat {
			_, v := it.At()
			was = seenSample{v: v}
		} else {
			_, fh := it.AtFloatHistogram(nil)
			was = seenSample{fh: fh}
		}
	})
	return was, found, err
}

// append appends a sample that may be late.
func (a *appender) append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	opts.RejectOutOfOrder = true
	now, err := a.AppenderV2.Append(ref, ls, st, t, v, h, fh, opts)
	if !errors.Is(err, storage.ErrOutOfOrderSample) {
		return now, err
	}
	was, found, err := a.late.at(a.ctx, ls, t)
	switch {
	case err != nil:
		return 0, err
	case !found:
		opts.RejectOutOfOrder = false
		return a.AppenderV2.Append(ref, ls, st, t, v, h, fh, opts)
	case was.sameAsSent(seenSample{v, h, fh}):
		return ref, nil
	case was.fh == nil && h == nil && fh == nil:
		return 0, storage.NewDuplicateFloatErr(t, was.v, v)
	}
	return 0, storage.ErrDuplicateSampleForTimestamp
}

// sameAsSent compares a stored sample, whose histogram the database has laid out anew,
// with one that was sent.
func (s seenSample) sameAsSent(sent seenSample) bool {
	fh := sent.fh
	if sent.h != nil {
		fh = sent.h.ToFloat(nil)
	}
	if s.fh == nil || fh == nil {
		return s.fh == nil && fh == nil && math.Float64bits(s.v) == math.Float64bits(sent.v)
	}
	return s.fh.Copy().Compact(0).Equals(fh.Copy().Compact(0))
}
