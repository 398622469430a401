package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Retain drops the days of logs and of spans that are over before their time: whole
// partitions, so it costs next to nothing. The index of traces goes with the later of the two.
func (s *Store) Retain(ctx context.Context, logs, spans time.Time) error {
	traces := logs
	if spans.Before(traces) {
		traces = spans
	}
	for table, before := range map[string]time.Time{"logs": logs, "spans": spans, "trace_times": traces} {
		if err := s.dropBefore(ctx, table, before); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) dropBefore(ctx context.Context, table string, before time.Time) error {
	q := &statement{}
	fmt.Fprintf(q, "SELECT DISTINCT partition FROM %s WHERE active AND database = %s AND table IN (%s, %s) AND toDate(partition) < toDate(%s) ORDER BY partition",
		s.onCluster("system.parts"), q.str(s.opt.Database), q.str(table), q.str(table+"_local"), q.str(before.UTC().Format(time.DateOnly)))
	var days []string
	if err := s.answer(ctx, q, func(r driver.Rows) error {
		var day string
		err := r.Scan(&day)
		days = append(days, day)
		return err
	}); err != nil {
		return err
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	for _, day := range days {
		// The day is what the engine called its own partition, not what anyone sent.
		drop := fmt.Sprintf("ALTER TABLE %s %s DROP PARTITION '%s'", d.Local(table), d.OnCluster(), day)
		if err := s.admin.Exec(ctx, drop); err != nil {
			return s.explain(ctx, fmt.Errorf("drop %s of %s: %w", table, day, err))
		}
		s.opt.Log.InfoContext(ctx, "a day is over its retention and was dropped", "table", table, "day", day)
	}
	return nil
}

// RetainFigures drops the months of the tables by the minute that are over before a time.
func (s *Store) RetainFigures(ctx context.Context, before time.Time) error {
	d := ddl{s.opt.Database, s.opt.Cluster}
	for _, table := range append(slices.Clone(minuteTables), "hours_peers") {
		q := &statement{}
		fmt.Fprintf(q, "SELECT DISTINCT partition FROM %s WHERE active AND database = %s AND table IN (%s, %s) AND partition < %s ORDER BY partition",
			s.onCluster("system.parts"), q.str(s.opt.Database), q.str(table), q.str(table+"_local"), q.str(before.UTC().Format("200601")))
		var months []string
		if err := s.answer(ctx, q, func(r driver.Rows) error {
			var month string
			err := r.Scan(&month)
			months = append(months, month)
			return err
		}); err != nil {
			return err
		}
		for _, month := range months {
			drop := fmt.Sprintf("ALTER TABLE %s %s DROP PARTITION '%s'", d.Local(table), d.OnCluster(), month)
			if err := s.admin.Exec(ctx, drop); err != nil {
				return s.explain(ctx, fmt.Errorf("drop %s of %s: %w", table, month, err))
			}
			s.opt.Log.InfoContext(ctx, "a month of figures is over its retention and was dropped", "table", table, "month", month)
		}
	}
	return nil
}
