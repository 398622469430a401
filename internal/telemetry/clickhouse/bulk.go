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

// bulk remembers when there are large rows.
type bulk struct {
	sync.Mutex
	read  time.Time
	times map[telemetry.Signal][]traceTime
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
	s.bulk.Lock()
	defer s.bulk.Unlock()
	if s.bulk.times == nil || clock.Since(s.opt.Clock, s.bulk.read) > bulkEvery {
		times, err := s.bulkTimes(ctx)
		if err != nil {
			s.opt.Log.DebugContext(ctx, "the sizes of rows cannot be read", "error", err)
			return true // slower, and safe
		}
		s.bulk.times, s.bulk.read = times, s.opt.Clock.Now()
	}
	return slices.ContainsFunc(s.bulk.times[sel.signal], func(t traceTime) bool { return t.first < sel.to && t.last >= sel.from })
}

func (s *Store) bulkTimes(ctx context.Context) (map[telemetry.Signal][]traceTime, error) {
	q := &statement{}
	fmt.Fprintf(q, `SELECT startsWith(table, 'logs'), toUnixTimestamp64Nano(toDateTime64(min_time, 9, 'UTC')), toUnixTimestamp64Nano(toDateTime64(max_time, 9, 'UTC'))
FROM %s WHERE active AND database = %s AND table IN ('logs', 'logs_local', 'spans', 'spans_local') AND marks > rows / 5000 + 8`,
		s.onCluster("system.parts"), q.str(s.opt.Database))
	times := map[telemetry.Signal][]traceTime{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var logs uint8
		var t traceTime
		if err := r.Scan(&logs, &t.first, &t.last); err != nil {
			return err
		}
		t.last += int64(time.Second) // a part's times are whole seconds, cut down
		signal := telemetry.Spans
		if logs == 1 {
			signal = telemetry.Logs
		}
		times[signal] = append(times[signal], t)
		return nil
	})
	return times, err
}
