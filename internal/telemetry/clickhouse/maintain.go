package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Merges build the indexes of the parts that they make, so that most rows have them seconds
// after they came; of parts that have them all, a merge joins the indexes, which costs less.
// The upkeep sees to what no merge has taken up: the newest parts where rows come fast, parts
// that were made before there was the index, and the last parts of a day that is over. Until
// then a search looks at the rows themselves.
const (
	settledAge = 15 * time.Second // of a part that merges seem to leave alone
	settledSum = 100_000          // rows in such parts, without indexes, that are worth a round
	overAge    = time.Hour        // which any part of a day that is over counts
)

// Maintain does the upkeep that is due: it builds indexes. A job calls it every few
// minutes; it returns when the engine has done the work, or ctx ends. Calling it from two
// processes at once does the work once.
func (s *Store) Maintain(ctx context.Context) error {
	due, err := s.unindexed(ctx)
	if err != nil {
		return err
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	ctx = upkeep(ctx)
	for _, p := range due {
		if err := s.admin.Exec(ctx, d.buildIndexes(p)); err != nil {
			return s.explain(ctx, fmt.Errorf("build the indexes of %s of %s: %w", p.signal, p.day, err))
		}
	}
	return nil
}

// partition is a day of a signal.
type partition struct {
	signal telemetry.Signal
	day    string
}

func (d ddl) buildIndexes(p partition) string {
	commands := make([]string, len(skipIndexes))
	for i, index := range skipIndexes {
		// The day is what the engine called its own partition, not what anyone sent.
		commands[i] = fmt.Sprintf("MATERIALIZE INDEX %s IN PARTITION '%s'", index, p.day)
	}
	return fmt.Sprintf("ALTER TABLE %s %s %s", d.Local(p.signal.String()), d.OnCluster(), strings.Join(commands, ", "))
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

// unindexed are the partitions whose indexes are due, newest first. One that has a round
// under way is left to it.
func (s *Store) unindexed(ctx context.Context) (due []partition, err error) {
	now := s.opt.Clock.Now().UTC()
	q := &statement{}
	fmt.Fprintf(q, `SELECT if(startsWith(table, 'logs'), 'logs', 'spans') AS signal, toString(toDate(partition)) AS day FROM %s
WHERE active AND database = %s AND table IN ('logs', 'logs_local', 'spans', 'spans_local') AND secondary_indices_marks_bytes = 0
	AND (table, partition) NOT IN (SELECT table, arrayJoin(extractAll(command, '[0-9]{4}-[0-9]{2}-[0-9]{2}')) FROM %s WHERE database = %s AND NOT is_done)
GROUP BY signal, day
HAVING sumIf(rows, toUnixTimestamp(modification_time) < %s) >= %d OR day < %s AND countIf(toUnixTimestamp(modification_time) < %s) > 0
ORDER BY day DESC, signal`, s.onCluster("system.parts"), q.str(s.opt.Database), s.onCluster("system.mutations"), q.str(s.opt.Database),
		q.param("Int64", now.Add(-settledAge).Unix()), settledSum, q.str(now.Format(time.DateOnly)), q.param("Int64", now.Add(-overAge).Unix()))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var signal, day string
		err := r.Scan(&signal, &day)
		p := partition{telemetry.Spans, day}
		if signal == telemetry.Logs.String() {
			p.signal = telemetry.Logs
		}
		due = append(due, p)
		return err
	})
	return due, err
}
