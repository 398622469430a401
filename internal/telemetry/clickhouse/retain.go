package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

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
