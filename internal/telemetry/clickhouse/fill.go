package clickhouse

import (
	"context"
	"errors"
	"strconv"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// sortKey is the place of a row in any order.
type sortKey struct {
	duration, time int64
	id             uint64
}

// kind is how rows of one signal are read.
type kind[T any] struct {
	signal telemetry.Signal
	fields string
	row    func(block, int, resources) (T, error)
	size   func(*T) int
	key    func(*T) sortKey
}

var (
	logKind = kind[telemetry.Log]{telemetry.Logs, logFields, block.log, (*telemetry.Log).Size,
		func(l *telemetry.Log) sortKey { return sortKey{0, l.Time, l.ID} }}
	spanKind = kind[telemetry.Span]{telemetry.Spans, spanFields, block.span, (*telemetry.Span).Size,
		func(s *telemetry.Span) sortKey { return sortKey{s.Duration, s.Time, s.ID} }}
)

// A page is filled by questions for a few rows first and then, while what was found is
// small, for more at once: the engine sorts whole rows, and hands them over in large
// blocks, so that a single question for a thousand of 200 KB would take it, and us, a few
// hundred megabytes. Most pages are of firstAsk rows or fewer and take one question.
const (
	firstAsk = 128
	growAsk  = 4
)

// filler collects the rows of a page until there are want of them, or bytes.
type filler[T any] struct {
	kind[T]
	want, bytes int

	rows  []T
	read  int // bytes of rows
	known resources
}

func newFiller[T any](k kind[T], want, bytes int) *filler[T] {
	return &filler[T]{kind: k, want: want, bytes: bytes, known: resources{}}
}

// full says that no more rows go in.
func (f *filler[T]) full() bool { return len(f.rows) >= f.want || f.cut() }

// cut says that the page ends for its bytes, before the last row that was read.
func (f *filler[T]) cut() bool { return f.read >= f.bytes && len(f.rows) > 1 }

// next is how many rows to ask for.
func (f *filler[T]) next() int {
	n := len(f.rows)
	ask := max(firstAsk, n*growAsk)
	if n > 0 { // no more than what fits, if the others are like these
		ask = min(ask, max(f.bytes-f.read, 0)/(f.read/n+1)+1)
	}
	return min(ask, f.want-n)
}

var errFull = errors.New("the page is full")

// take adds the rows of an answer's block.
func (f *filler[T]) take(cols block, n int) error {
	for i := range n {
		if f.full() {
			return errFull // the rest of the answer is not read
		}
		r, err := f.row(cols, i, f.known)
		if err != nil {
			return err
		}
		f.read += f.size(&r)
		f.rows = append(f.rows, r)
	}
	return nil
}

// from asks for the rows of a selection in an order, from after on (nil is its begin),
// until there are no more or the page is full.
func (f *filler[T]) from(ctx context.Context, s *Store, order telemetry.Order, after *sortKey, condition func(*statement) error) error {
	for !f.full() {
		ask := f.next()
		q := &statement{}
		q.text("SELECT ", f.fields)
		if err := condition(q); err != nil {
			return err
		}
		if after != nil {
			behind(q, order, *after)
		}
		q.text(" ORDER BY ", orderBy[order], " LIMIT ", strconv.Itoa(ask))
		before := len(f.rows)
		err := s.blocksOf(ctx, q, f.take)
		if errors.Is(err, errFull) {
			return nil
		}
		if err != nil {
			return err
		}
		got := len(f.rows) - before
		if got < ask {
			return nil
		}
		last := f.key(&f.rows[len(f.rows)-1])
		after = &last
	}
	return nil
}

// page gives the rows that were found. The last row of a page that is full is there only
// to say that more follow.
func (f *filler[T]) page() ([]T, bool) {
	if f.full() {
		return f.rows[:len(f.rows)-1], true
	}
	return f.rows, false
}

var orderBy = map[telemetry.Order]string{
	telemetry.Newest:  "time DESC, id DESC",
	telemetry.Oldest:  "time, id",
	telemetry.Slowest: "duration DESC, time DESC, id DESC",
}
