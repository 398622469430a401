package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The engine sizes the blocks that it reads by the columns that it reads, so that large
// texts come a few at a time, but not where a condition is moved to PREWHERE: there a block
// is 65,409 rows, however large, and one question for a word among bodies of 200 KB would
// take gigabytes. Where rows are large nothing is moved, then; elsewhere it saves much.

// stored is what is remembered of the parts of a signal.
type stored struct {
	all  traceTime   // the times between which there are rows
	bulk []traceTime // when there are large ones
}

// bulk remembers what is stored when.
type bulk struct {
	sync.Mutex
	read  time.Time
	times map[telemetry.Signal]stored
}

// bulkEvery is how old the memory may be: parts are made and merged meanwhile.
const bulkEvery = 10 * time.Second

// forBulk gives the context for a selection's questions.
func (s *Store) forBulk(ctx context.Context, sel selection) context.Context {
	if sel.filter == nil || !s.bulky(ctx, sel) {
		return ctx // without a condition beside the time nothing large is moved
	}
	return ch.Context(ctx, ch.WithSettings(ch.Settings{"optimize_move_to_prewhere": 0}))
}

// bulky says that a selection may touch large rows: a mark of the index stands every 8,192
// rows or 10 MB, so a part that has many marks for its rows has rows of more than 2 KB, or
// a stretch of much larger ones.
func (s *Store) bulky(ctx context.Context, sel selection) bool {
	times, err := s.storedTimes(ctx)
	if err != nil {
		return true // slower, and safe
	}
	return slices.ContainsFunc(times[sel.signal].bulk, func(t traceTime) bool { return t.first < sel.to && t.last >= sel.from })
}

// storedTimes are what is stored when, as of bulkEvery ago at most.
func (s *Store) storedTimes(ctx context.Context) (map[telemetry.Signal]stored, error) {
	s.bulk.Lock()
	defer s.bulk.Unlock()
	if s.bulk.times == nil || clock.Since(s.opt.Clock, s.bulk.read) > bulkEvery {
		times, err := s.readTimes(ctx)
		if err != nil {
			s.opt.Log.DebugContext(ctx, "the sizes of rows cannot be read", "error", err)
			return nil, err
		}
		s.bulk.times, s.bulk.read = times, s.opt.Clock.Now()
	}
	return s.bulk.times, nil
}

func (s *Store) readTimes(ctx context.Context) (map[telemetry.Signal]stored, error) {
	q := &statement{}
	fmt.Fprintf(q, `SELECT startsWith(table, 'logs'), toUnixTimestamp64Nano(toDateTime64(min_time, 9, 'UTC')), toUnixTimestamp64Nano(toDateTime64(max_time, 9, 'UTC')),
	marks > rows / 5000 + 8
FROM %s WHERE active AND rows > 0 AND database = %s AND table IN ('logs', 'logs_local', 'spans', 'spans_local')`,
		s.onCluster("system.parts"), q.str(s.opt.Database))
	times := map[telemetry.Signal]stored{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var logs, bulk uint8
		var t traceTime
		if err := r.Scan(&logs, &t.first, &t.last, &bulk); err != nil {
			return err
		}
		t.last += int64(time.Second) // a part's times are whole seconds, cut down
		signal := telemetry.Spans
		if logs == 1 {
			signal = telemetry.Logs
		}
		of, ok := times[signal]
		if !ok {
			of.all = t
		}
		of.all = traceTime{min(of.all.first, t.first), max(of.all.last, t.last)}
		if bulk == 1 {
			of.bulk = append(of.bulk, t)
		}
		times[signal] = of
		return nil
	})
	return times, err
}
