package clickhouse

import (
	"context"
	"fmt"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// The text index is built apart from inserts and merges, because it would be thrown away
// and built again with every merge. A partition gets it when it has settled: enough rows
// without it lie in parts so large that they will hardly be merged soon, or the day is over.
// Parts that have it are left alone. Until then a search looks at the text itself.
const (
	settledPart = 250_000   // rows of a part that counts as settled
	settledSum  = 500_000   // rows in such parts, without the index, that are worth a round
	settledAge  = time.Hour // which any part of a day that is over counts
)

// Maintain does the upkeep that is due: it builds text indexes. A job calls it every few
// minutes; it returns when the engine has done the work, or ctx ends. Calling it from two
// processes at once does the work once.
func (s *Store) Maintain(ctx context.Context) error {
	due, err := s.unindexed(ctx)
	if err != nil {
		return err
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	ctx = upkeep(ctx)
	for _, day := range due {
		q := fmt.Sprintf("ALTER TABLE %s %s MATERIALIZE INDEX text_index IN PARTITION '%s'", d.Local("logs"), d.OnCluster(), day)
		if err := s.admin.Exec(ctx, q); err != nil {
			return s.explain(ctx, fmt.Errorf("build the text index of %s: %w", day, err))
		}
	}
	return nil
}

// upkeepTime is how long one piece of upkeep may take, whatever a question may. The
// connection waits longer, for the engine's own answer.
const upkeepTime = adminTimeout - 5*time.Minute

// upkeep is the context of a statement that does upkeep, and returns when it is done.
func upkeep(ctx context.Context) context.Context {
	return ch.Context(ctx, ch.WithSettings(ch.Settings{
		"mutations_sync": 1, "enable_full_text_index": 1, "max_execution_time": int(upkeepTime.Seconds()),
	}))
}

// unindexed are the days whose text index is due, newest first. A day that has a round
// under way is left to it.
func (s *Store) unindexed(ctx context.Context) (days []string, err error) {
	now := s.opt.Clock.Now().UTC()
	q := &statement{}
	fmt.Fprintf(q, `SELECT toString(toDate(partition)) AS day FROM %s
WHERE active AND database = %s AND table IN ('logs', 'logs_local') AND secondary_indices_marks_bytes = 0
	AND partition NOT IN (SELECT arrayJoin(extractAll(command, '[0-9]{4}-[0-9]{2}-[0-9]{2}')) FROM %s WHERE database = %s AND NOT is_done)
GROUP BY day
HAVING sumIf(rows, rows >= %d) >= %d OR day < %s AND countIf(toUnixTimestamp(modification_time) < %s) > 0
ORDER BY day DESC`, s.onCluster("system.parts"), q.str(s.opt.Database), s.onCluster("system.mutations"), q.str(s.opt.Database),
		settledPart, settledSum, q.str(now.Format(time.DateOnly)), q.param("Int64", now.Add(-settledAge).Unix()))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var day string
		err := r.Scan(&day)
		days = append(days, day)
		return err
	})
	return days, err
}
