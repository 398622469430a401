package promtsdb

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// Delta temporality says what was added since the last point; PromQL wants running
// totals. The state that adding up needs is the series' own newest sample: it is in the
// database, as durable as everything else, so totals go on over restarts, and a point
// whose time is stored is a repetition and adds nothing. What the newest sample is, is
// kept in memory as well, so that the database is asked once a series.
//
// A repetition is told by its time alone: that another increment came with that time cannot
// be seen in the totals, where rounding hides it.
//
// A point older than the newest and not stored is refused as too late: all totals behind
// it would be wrong.

// deltaMemory is how far back a series' newest total is looked for. A series that said
// nothing for longer begins again at zero, which PromQL takes for a restart.
const deltaMemory = 24 * time.Hour

// maxTotals is how many totals are kept in memory; beyond, all are read anew.
const maxTotals = 200_000

type total struct {
	t int64
	v float64
	h *histogram.FloatHistogram // for native histograms, instead of v
}

// totals are the newest samples by the labels' bytes.
type totals map[string]total

func (ts totals) put(news totals, now time.Time) {
	if len(ts)+len(news) > maxTotals {
		clear(ts)
	}
	for k, t := range news {
		ts[k] = t
	}
	if len(news) == 0 || len(ts) < maxTotals/2 {
		return
	}
	for k, t := range ts {
		if t.t < now.Add(-deltaMemory).UnixMilli() {
			delete(ts, k)
		}
	}
}

// increments collects the delta points of a block: an appender for prom.Convert.
type increments struct {
	meta *metadata
	list []increment
	info []increment // target_info, which is none
}

type increment struct {
	ls   labels.Labels
	key  string
	t    int64
	v    float64
	h    *histogram.FloatHistogram
	opts storage.AOptions
}

func (s *increments) Append(_ storage.SeriesRef, ls labels.Labels, _, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	switch {
	case h != nil && value.IsStaleNaN(h.Sum), value.IsStaleNaN(v):
		return 0, nil // nothing was recorded, so nothing is added
	case h != nil:
		if err := h.Validate(); err != nil {
			return 0, err
		}
		if math.IsNaN(h.Sum) || math.IsInf(h.Sum, 0) {
			return 0, prom.Unsummable(h.Sum)
		}
		fh = h.ToFloat(nil)
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, prom.Unsummable(v)
	}
	opts.Exemplars = slices.Clone(opts.Exemplars) // the translator uses its slice again
	one := increment{ls, string(ls.Bytes(nil)), t, v, fh, opts}
	if ls.Get(model.MetricNameLabel) == "target_info" {
		s.info = append(s.info, one)
		return 0, nil
	}
	s.meta.Put(opts.MetricFamilyName, opts.Metadata)
	s.list = append(s.list, one)
	return 0, nil
}

func (s *increments) Commit() error   { return nil }
func (s *increments) Rollback() error { return nil }

// addUp appends the totals that the increments make, and gives the newest of each series.
func (s *Store) addUp(ctx context.Context, sum *increments, app storage.AppenderV2) (totals, error) {
	for _, one := range sum.info {
		if err := appendTo(app, one, one.v, nil); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(sum.list, func(a, b increment) int {
		if a.key != b.key {
			return cmpString(a.key, b.key)
		}
		return int(max(-1, min(1, a.t-b.t)))
	})
	news := totals{}
	for i, one := range sum.list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i > 0 && sum.list[i-1].key == one.key && sum.list[i-1].t == one.t {
			if !same(sum.list[i-1], one) {
				return nil, prom.SampleFault(storage.ErrDuplicateSampleForTimestamp)
			}
			continue
		}
		now, known := news[one.key]
		if !known {
			now, known = s.total[one.key]
		}
		if !known {
			var err error
			if now, err = newest(ctx, s.db, one.ls, one.t); err != nil {
				return nil, err
			}
		}
		if one.t <= now.t {
			stored, err := isStored(ctx, s.db, one.ls, one.t)
			if err != nil {
				return nil, err
			}
			if !stored {
				return nil, prom.SampleFault(storage.ErrTooOldSample)
			}
			news[one.key] = now
			continue
		}
		next, err := add(now, one)
		if err != nil {
			return nil, err
		}
		if err := appendTo(app, one, next.v, next.h); err != nil {
			return nil, err
		}
		news[one.key] = next
	}
	return news, nil
}

func add(now total, one increment) (total, error) {
	next := total{t: one.t, v: one.v, h: one.h}
	switch {
	case one.h == nil && now.h == nil:
		if next.v += now.v; math.IsNaN(next.v) || math.IsInf(next.v, 0) {
			return total{}, prom.Unsummable(next.v)
		}
	case one.h != nil && now.h != nil:
		h, _, _, err := now.h.Copy().Add(one.h)
		if err != nil {
			if f := prom.SampleFault(err); f != nil {
				return total{}, f
			}
			return total{}, prom.Refused(err)
		}
		if math.IsNaN(h.Sum) || math.IsInf(h.Sum, 0) {
			return total{}, prom.Unsummable(h.Sum)
		}
		h.CounterResetHint = histogram.UnknownCounterReset
		next.h = h.Compact(0)
	}
	return next, nil
}

// appendTo appends a total. The database keeps the histogram, so it gets its own.
func appendTo(app storage.AppenderV2, one increment, v float64, h *histogram.FloatHistogram) error {
	if h != nil {
		h, v = h.Copy(), 0
	}
	_, err := app.Append(0, one.ls, 0, one.t, v, nil, h, one.opts)
	var part *storage.AppendPartialError
	if err == nil || errors.As(err, &part) {
		return nil
	}
	if f := prom.SampleFault(err); f != nil {
		return f
	}
	return err
}

func same(a, b increment) bool {
	if a.h != nil && b.h != nil {
		return a.h.Equals(b.h)
	}
	return a.h == nil && b.h == nil && a.v == b.v
}

func cmpString(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// newest is the newest sample of a series within deltaMemory before t or after it.
func newest(ctx context.Context, db *tsdb.DB, ls labels.Labels, t int64) (total, error) {
	found := total{t: math.MinInt64}
	err := query(ctx, db, ls, t-deltaMemory.Milliseconds(), math.MaxInt64, func(it chunkenc.Iterator, kind chunkenc.ValueType) {
		if kind == chunkenc.ValFloat {
			if at, v := it.At(); !value.IsStaleNaN(v) {
				found = total{t: at, v: v}
			}
		} else if at, h := it.AtFloatHistogram(nil); !value.IsStaleNaN(h.Sum) {
			found = total{t: at, h: h}
		}
	})
	return found, err
}

func isStored(ctx context.Context, db *tsdb.DB, ls labels.Labels, t int64) (yes bool, err error) {
	err = query(ctx, db, ls, t, t, func(chunkenc.Iterator, chunkenc.ValueType) { yes = true })
	return yes, err
}

func query(ctx context.Context, db *tsdb.DB, ls labels.Labels, from, to int64, each func(chunkenc.Iterator, chunkenc.ValueType)) error {
	q, err := db.Querier(from, to)
	if err != nil {
		return err
	}
	defer q.Close()
	return samples(ctx, q, ls, from, to, each)
}

// samples gives those of a series within a range.
func samples(ctx context.Context, q storage.Querier, ls labels.Labels, from, to int64, each func(chunkenc.Iterator, chunkenc.ValueType)) error {
	var ms []*labels.Matcher
	ls.Range(func(l labels.Label) { ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, l.Name, l.Value)) })
	set := q.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, ms...)
	for set.Next() {
		if !labels.Equal(set.At().Labels(), ls) {
			continue // has labels more
		}
		it := set.At().Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			each(it, kind)
		}
		if it.Err() != nil {
			return it.Err()
		}
	}
	return set.Err()
}
