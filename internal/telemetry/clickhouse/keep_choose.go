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

// chooseTraces works out which traces stay, into kept_traces. It gives the same when it is
// asked again after rows were taken away: what makes a trace stay, stays with it, and
// thresholds come from the tables by the minute.
func (s *Store) chooseTraces(ctx context.Context, purpose string, begin time.Time, around int, t telemetry.Thinning) error {
	day := begin.Format(time.DateOnly)
	if err := s.dropChosen(ctx, purpose, day); err != nil {
		return err
	}
	days := fmt.Sprintf("toDate(time) BETWEEN '%s' AND '%s'", nextDay(begin, -around), nextDay(begin, around))
	minutes := fmt.Sprintf("toDate(minute) BETWEEN '%s' AND '%s'", nextDay(begin, -around), nextDay(begin, around))
	d := ddl{s.opt.Database, s.opt.Cluster}
	spans, logs := d.Table("spans"), d.Table("logs")
	const some = "trace_id != toFixedString('', 16)"
	choices := []string{
		// Errors.
		"SELECT DISTINCT " + traceHash + " FROM " + spans + " WHERE " + days + " AND (status = 2 OR error_group != " + noID + ")",
		"SELECT DISTINCT sipHash64(trace_id) FROM " + logs + " WHERE " + days + " AND (severity BETWEEN 17 AND 24 OR error_group != " + noID + ") AND " + some,
		// What error groups show as an example.
		"SELECT DISTINCT sipHash64(example.2) FROM " + d.Table("minutes_errors") + " WHERE " + minutes + " AND example.2 != toFixedString('', 16)",
		// Slow ones: over the 99th percentile of the endpoint's day.
		"SELECT DISTINCT " + hashOf("s.") + " FROM (SELECT trace_id, id, toDate(time) AS day, service, env, endpoint, " + band + " AS band FROM " + spans + " WHERE " + days + " AND " + requestKinds + ") AS s" +
			" INNER JOIN (SELECT toDate(minute) AS day, service, env, endpoint, quantileExactWeighted(0.99)(band, requests) AS limit FROM " + d.Table("minutes_requests") +
			" WHERE " + minutes + " AND " + requestKinds + " GROUP BY day, service, env, endpoint) AS t" +
			" ON s.day = t.day AND s.service = t.service AND s.env = t.env AND s.endpoint = t.endpoint WHERE s.band > t.limit",
		// And the slowest of each endpoint and hour, where there are too few for that.
		"SELECT DISTINCT argMax(" + traceHash + ", (duration, id)) FROM " + spans + " WHERE " + days + " AND " + requestKinds + " GROUP BY toStartOfHour(time), service, env, endpoint",
	}
	if err := s.chosen(ctx, purpose, day, &statement{}, strings.Join(choices, " UNION ALL ")); err != nil {
		return err
	}
	if len(t.Traces) > 0 {
		q := &statement{}
		if err := s.chosen(ctx, purpose, day, q, "SELECT DISTINCT sipHash64(toFixedString(arrayJoin(["+trimmed(q.ids(t.Traces))+"]), 16))"); err != nil {
			return err
		}
	}
	return s.chooseShare(ctx, purpose, day, days, t)
}

// trimmed takes the brackets off.
func trimmed(list string) string { return list[1 : len(list)-1] }

func hashOf(alias string) string {
	return "if(" + alias + "trace_id = toFixedString('', 16), sipHash64(" + alias + "id), sipHash64(" + alias + "trace_id))"
}

// chooseShare adds the share of the ordinary traces, each as the kindest of its services has
// it.
func (s *Store) chooseShare(ctx context.Context, purpose, day, days string, t telemetry.Thinning) error {
	less, thin := byShare(t)
	from := " FROM " + (ddl{s.opt.Database, s.opt.Cluster}).Table(t.Signal.String()) + " WHERE " + days
	if len(less) > 0 && t.Signal == telemetry.Spans { // those of services that stay whole
		q := &statement{}
		if err := s.chosen(ctx, purpose, day, q, "SELECT "+traceHash+" AS h"+from+" AND NOT "+q.origins(less)+" GROUP BY h"); err != nil {
			return err
		}
	}
	for n, of := range thin {
		if n == 0 {
			continue
		}
		q := &statement{}
		if err := s.chosen(ctx, purpose, day, q, "SELECT "+traceHash+" AS h"+from+" AND "+traceHash+" <= "+hashBound(n)+" AND "+q.origins(of)+" GROUP BY h"); err != nil {
			return err
		}
	}
	if t.Signal == telemetry.Logs && t.TraceOneIn > 0 {
		return s.chosen(ctx, purpose, day, &statement{}, "SELECT "+traceHash+" AS h"+from+" AND trace_id != toFixedString('', 16) AND "+traceHash+" <= "+hashBound(t.TraceOneIn)+" GROUP BY h")
	}
	return nil
}

func (s *Store) chosen(ctx context.Context, purpose, day string, q *statement, sel string) error {
	into := fmt.Sprintf("INSERT INTO %s (purpose, day, hash) SELECT '%s', toDate('%s'), * FROM (%s)",
		(ddl{s.opt.Database, s.opt.Cluster}).Table("kept_traces"), purpose, day, sel)
	return s.explain(ctx, s.admin.Exec(s.choosing(ctx), into, q.params...))
}

// choosing is the context of a choice: the same one twice is no repetition.
func (s *Store) choosing(ctx context.Context) context.Context {
	return ch.Context(ctx, ch.WithSettings(ch.Settings{
		"max_execution_time": int(upkeepTime.Seconds()), "max_memory_usage": s.opt.MaxMemory, "max_bytes_before_external_group_by": s.opt.MaxMemory / 2,
		"insert_deduplicate": 0, "async_insert": 0,
	}))
}

// sampleRows is from how many rows of a day on their sizes are measured on a twelfth: the
// first five minutes of each hour, which lie together.
const sampleRows = 2_000_000

// What a row of a signal holds, for its size.
var measured = map[telemetry.Signal]string{
	telemetry.Logs:  "id, time, body, attributes, resource, exception_message, exception_stack, instance, host, folded",
	telemetry.Spans: "id, time, name, endpoint, attributes, resource, exception_message, exception_stack, instance, host, events, links, status_message, folded",
}

// MeasureDay reads the sizes of a sample, and works out what a thinning would keep anyway.
func (s *Store) MeasureDay(ctx context.Context, day string) ([]telemetry.RowMeasure, error) {
	begin, err := dayOf(day)
	if err != nil {
		return nil, err
	}
	all := []telemetry.RowMeasure{}
	if err := s.chooseTraces(ctx, "measure", begin, 0, telemetry.Thinning{Day: day}); err != nil {
		return nil, err
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		is, err := s.Origins(ctx, day, signal)
		if err != nil {
			return nil, err
		}
		total := uint64(0)
		for _, n := range is {
			total += n
		}
		if total == 0 {
			continue
		}
		sample := ""
		if total > sampleRows {
			sample = " AND toMinute(time) < 5"
		}
		tells := "0"
		if signal == telemetry.Logs {
			tells = "(severity BETWEEN 13 AND 24 OR error_group != " + noID + ")"
		}
		rows, err := s.admin.Query(s.upkeepOf(ctx), fmt.Sprintf(`SELECT toString(service) AS s, toString(env) AS e, avg(byteSize(%s)),
	avg(%s OR %s IN (SELECT hash FROM %s WHERE purpose = 'measure' AND day = '%s')) FROM %s WHERE toDate(time) = '%s'%s GROUP BY s, e`,
			measured[signal], tells, traceHash, d.Table("kept_traces"), day, d.Table(signal.String()), day, sample))
		if err != nil {
			return nil, s.explain(ctx, err)
		}
		if err := scanMeasures(rows, func(m telemetry.RowMeasure) {
			m.Day, m.Signal, m.Rows = day, signal, is[m.Origin]
			all = append(all, m)
		}); err != nil {
			return nil, s.explain(ctx, err)
		}
	}
	return all, s.dropChosen(ctx, "measure", day)
}

func scanMeasures(rows driver.Rows, each func(telemetry.RowMeasure)) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m telemetry.RowMeasure
		if err := rows.Scan(&m.Service, &m.Env, &m.RowBytes, &m.Notable); err != nil {
			return err
		}
		each(m)
	}
	return rows.Err()
}
