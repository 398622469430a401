package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// A page of the newest rows is mostly full after looking at the last minutes, so a reading
// goes through time in windows: the first is short, each next one longer, and it ends when
// the page is full. A term that is common costs a window or two; one that is rare costs two
// questions more than a single one would: a window of two minutes that has nothing says that
// a full page of a hundred takes a hundred of them, so the next is as long.

const (
	firstWindow = 2 * time.Minute
	growWindow  = 128 // at most
	leastGrow   = 16
)

// walker gives the windows of [from, to), from the newest or from the oldest on.
type walker struct {
	from, to int64
	width    int64
	oldest   bool
}

// walker goes through the range of a selection. Where rows are known to begin only further in,
// the first window reaches as far: it costs nothing there, and leaves out nothing that has
// come since.
func (s *Store) walker(ctx context.Context, sel selection, oldest bool) *walker {
	w := &walker{from: sel.from, to: sel.to, width: int64(firstWindow), oldest: oldest}
	times, err := s.storedTimes(ctx)
	of, ok := times[sel.signal]
	switch {
	case err != nil || !ok: // the windows grow quickly by themselves
	case oldest:
		w.width += max(0, of.all.first-w.from)
	default:
		w.width += max(0, w.to-of.all.last)
	}
	return w
}

// next is the next window; ok is false when time is used up.
func (w *walker) next() (from, to int64, ok bool) {
	if w.from >= w.to {
		return 0, 0, false
	}
	width := min(w.width, w.to-w.from)
	if w.oldest {
		from, to = w.from, w.from+width
		w.from = to
	} else {
		from, to = w.to-width, w.to
		w.to = from
	}
	return from, to, true
}

// grow widens the next window, having found got of want rows in the last.
func (w *walker) grow(got, want int) {
	factor := int64(min(max(want, leastGrow), growWindow))
	if got > 0 {
		factor = min(factor, max(int64(2*(want-got)/got), 1))
	}
	w.width = min(w.width, (maxTime-minTime)/growWindow) * factor
}

// page reads a page of rows.
func page[T any](ctx context.Context, s *Store, k kind[T], p telemetry.PageQuery) ([]T, bool, error) {
	if p.Limit <= 0 {
		return nil, false, fault.Internalf("a page of %d rows", p.Limit)
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, sel, err := s.selection(ctx, k.signal, p.Query)
	if err != nil {
		return nil, false, err
	}
	switch p.Order {
	case telemetry.Newest:
		if !p.After.IsZero() && p.After.Time < sel.to {
			sel.to = p.After.Time + 1
		}
	case telemetry.Oldest:
		if !p.After.IsZero() && p.After.Time > sel.from {
			sel.from = p.After.Time
		}
	case telemetry.Slowest:
		if k.signal != telemetry.Spans {
			return nil, false, fault.Internalf("the slowest %s", k.signal)
		}
	default:
		return nil, false, fault.Internalf("the order %d", p.Order)
	}
	w := s.walker(ctx, sel, p.Order == telemetry.Oldest)
	if p.Order == telemetry.Slowest {
		w.width = maxTime - minTime
	}
	found := newFiller(k, p.Limit+1, telemetry.PageBytes)
	for !found.full() {
		from, to, ok := w.next()
		if !ok {
			break
		}
		var after *sortKey
		if !p.After.IsZero() {
			after = &sortKey{0, p.After.Time, p.After.ID}
		}
		before := len(found.rows)
		err := found.from(ctx, s, p.Order, after, func(q *statement) error { return sel.condition(q, from, to) })
		if err != nil {
			return nil, false, err
		}
		w.grow(len(found.rows)-before, found.want-before)
	}
	rows, more := found.page()
	return rows, more, nil
}

// cursor leaves out the rows up to and with the last of the page before.
func cursor(q *statement, order telemetry.Order, after telemetry.Cursor) {
	behind(q, order, sortKey{0, after.Time, after.ID})
}

// behind leaves out the rows up to and with the one at a place.
func behind(q *statement, order telemetry.Order, at sortKey) {
	t, id := q.time(at.time), q.param("UInt64", at.id)
	op := "<"
	if order == telemetry.Oldest {
		op = ">"
	}
	later := fmt.Sprintf("(time %[1]s %[2]s OR time = %[2]s AND id %[1]s %[3]s)", op, t, id)
	if order == telemetry.Slowest {
		d := q.param("Int64", at.duration)
		later = fmt.Sprintf("(duration < %[1]s OR duration = %[1]s AND %[2]s)", d, later)
	}
	q.text(" AND ", later)
}

// ReadLogs gives a page of logs.
func (s *Store) ReadLogs(ctx context.Context, q telemetry.PageQuery) ([]telemetry.Log, bool, error) {
	return page(ctx, s, logKind, q)
}

// ReadSpans gives a page of spans.
func (s *Store) ReadSpans(ctx context.Context, q telemetry.PageQuery) ([]telemetry.Span, bool, error) {
	return page(ctx, s, spanKind, q)
}
