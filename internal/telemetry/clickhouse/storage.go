package clickhouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Storage says what is stored, by day and signal, newest first. On a cluster it is one
// replica of each shard.
func (s *Store) Storage(ctx context.Context) ([]telemetry.DayStorage, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	fmt.Fprintf(q, `SELECT partition, signal, sum(rows), sum(bytes_on_disk), count() FROM (
	SELECT partition, if(startsWith(table, 'logs'), 'logs', 'spans') AS signal, rows, bytes_on_disk FROM %s
	WHERE active AND database = %s AND table IN (%s))
GROUP BY partition, signal ORDER BY partition DESC, signal`,
		s.onCluster("system.parts"), q.str(s.opt.Database), "'logs', 'spans', 'logs_local', 'spans_local'")
	days := []telemetry.DayStorage{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var d telemetry.DayStorage
		var signal string
		if err := r.Scan(&d.Day, &signal, &d.Rows, &d.Bytes, &d.Parts); err != nil {
			return err
		}
		d.Signal = telemetry.Spans
		if signal == "logs" {
			d.Signal = telemetry.Logs
		}
		days = append(days, d)
		return nil
	})
	return days, err
}

// onCluster is a system table of every shard.
func (s *Store) onCluster(table string) string {
	if s.opt.Cluster == "" {
		return table
	}
	return "cluster(" + s.opt.Cluster + ", " + table + ")"
}
