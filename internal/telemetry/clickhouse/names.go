package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// ServiceNames lists the services that sent anything in a range, of all environments, those
// with the most rows first. Unlike Services it reads one small column, so it may be asked of
// weeks.
func (s *Store) ServiceNames(ctx context.Context, r telemetry.Range) ([]string, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT name FROM (")
	for i, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		if i > 0 {
			q.text(" UNION ALL ")
		}
		q.text("SELECT toString(service) AS name, count() AS n")
		sel := newSelection(signal, telemetry.Query{Range: r})
		if err := sel.condition(q, sel.from, sel.to); err != nil {
			return nil, err
		}
		q.text(" GROUP BY service")
	}
	q.text(") GROUP BY name ORDER BY sum(n) DESC, name")
	names := []string{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}
