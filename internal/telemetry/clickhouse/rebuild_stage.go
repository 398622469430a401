package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// stageRows is how many rows are worked out at once.
const stageRows = 50_000

// maxStagedPatterns is how many patterns of a service an hour may have when they are
// worked out anew.
const maxStagedPatterns = 2000

// stage reads the rows of an hour, works out their shapes and puts them into the table for
// that. Rows that have shapes keep them unless all are to be worked out anew.
func (s *Store) stage(ctx context.Context, d ddl, signal telemetry.Signal, anew bool, from, to time.Time, ofRows string) error {
	table := "rebuild_" + signal.String()
	if err := s.admin.Exec(ctx, "TRUNCATE TABLE "+d.Local(table)+" "+d.OnCluster()); err != nil {
		return s.explain(ctx, err)
	}
	h := &shape.Shaper{Patterns: shape.NewBound(maxStagedPatterns, s.opt.Clock)}
	cuts, err := s.cuts(ctx, signal, from, to, ofRows)
	if err != nil {
		return err
	}
	known := resources{}
	for i := 0; i+1 < len(cuts); i++ {
		q := &statement{}
		q.text("SELECT ", cond(signal == telemetry.Logs, logFields, spanFields), " FROM ", signal.String(),
			" WHERE time >= ", q.time(cuts[i]), " AND time < ", q.time(cuts[i+1]), " AND ", ofRows)
		err := s.blocksOf(ctx, q, func(cols block, n int) error {
			frame, err := reshape(h, signal, cols, n, known, anew)
			if err != nil {
				return err
			}
			return s.putStaged(ctx, d, table, signal, frame)
		})
		if err != nil {
			return err
		}
		h.Forget()
		clear(known)
	}
	return nil
}

// cuts cuts an hour so that no part has many more than stageRows rows, as far as seconds
// can do that.
func (s *Store) cuts(ctx context.Context, signal telemetry.Signal, from, to time.Time, ofRows string) ([]int64, error) {
	cuts := []int64{from.UnixNano()}
	sum := uint64(0)
	q := &statement{}
	q.text("SELECT toInt64(toUnixTimestamp(time)) AS second, count() FROM ", signal.String(), " WHERE ", ofRows, " GROUP BY second ORDER BY second")
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var second int64
		var n uint64
		if err := r.Scan(&second, &n); err != nil {
			return err
		}
		if sum > 0 && sum+n > stageRows {
			cuts = append(cuts, second*int64(time.Second))
			sum = 0
		}
		sum += n
		return nil
	})
	return append(cuts, to.UnixNano()), err
}

// reshape works out the shapes of a block's rows and gives them as a frame.
func reshape(h *shape.Shaper, signal telemetry.Signal, cols block, n int, known resources, anew bool) ([]byte, error) {
	if signal == telemetry.Logs {
		logs, err := rows(cols, n, nil, known, block.log)
		if err != nil {
			return nil, err
		}
		for i := range logs {
			if anew || logs[i].Arrived == 0 {
				h.Log(&logs[i])
			}
		}
		return Codec{}.EncodeLogs(nil, logs)
	}
	spans, err := rows(cols, n, nil, known, block.span)
	if err != nil {
		return nil, err
	}
	for i := range spans {
		if anew || spans[i].Arrived == 0 {
			h.Span(&spans[i])
		}
	}
	return Codec{}.EncodeSpans(nil, spans)
}

func (s *Store) putStaged(ctx context.Context, d ddl, table string, signal telemetry.Signal, frame []byte) error {
	body, err := blocks(signal, [][]byte{frame})
	if err != nil || body == nil {
		return err
	}
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{
		"input_format_skip_unknown_fields": 1, "insert_deduplicate": 0, "async_insert": 0, "distributed_foreground_insert": 1, "insert_shard_id": one(s.opt.Cluster != ""),
	}))
	return s.explain(ctx, s.writes.InsertFormat(ctx, "Native", "INSERT INTO "+d.Table(table), body))
}

// Which service answers at which address is found by looking at some traces: the calls of a
// minute, and the requests that have them as their parents.

// learnRows is about how many calls are looked at at once.
const learnRows = 20_000

// LearnPeers looks at the calls of the minutes since it was called last, and no longer than
// ten minutes back. A job calls it every minute.
func (s *Store) LearnPeers(ctx context.Context) error {
	to := s.opt.Clock.Now().UTC().Add(-settleTime).Truncate(time.Minute)
	from := to.Add(-10 * time.Minute)
	s.first.Lock()
	if s.first.learned.After(from) {
		from = s.first.learned
	}
	s.first.Unlock()
	if !from.Before(to) {
		return nil
	}
	if err := s.learn(upkeep(ctx), from, to); err != nil {
		return err
	}
	s.first.Lock()
	s.first.learned = to
	s.first.Unlock()
	return nil
}

// learnHour looks at the calls of an hour of which nothing is known yet.
func (s *Store) learnHour(ctx context.Context, hour time.Time) error {
	var n uint64
	d := ddl{s.opt.Database, s.opt.Cluster}
	row := s.admin.QueryRow(ctx, fmt.Sprintf("SELECT count() FROM %s WHERE hour = %s", d.Table("hours_peers"), sqlTime(hour)))
	if err := row.Scan(&n); err != nil || n > 0 {
		return s.explain(ctx, err)
	}
	// A few minutes of it will do.
	for _, at := range []time.Duration{0, 20 * time.Minute, 40 * time.Minute} {
		if err := s.learn(ctx, hour.Add(at), hour.Add(at+5*time.Minute)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) learn(ctx context.Context, from, to time.Time) error {
	d := ddl{s.opt.Database, s.opt.Cluster}
	kinds := "peer_kind IN ('service', 'http', 'rpc')"
	var n uint64
	row := s.admin.QueryRow(ctx, fmt.Sprintf("SELECT sum(requests) FROM %s WHERE minute >= %s AND minute < %s AND kind IN (3, 4) AND %s", d.Table("minutes_requests"), sqlTime(from), sqlTime(to), kinds))
	if err := row.Scan(&n); err != nil {
		return s.explain(ctx, err)
	}
	if n == 0 {
		return nil
	}
	// Whole traces, so that a call and what it led to are both looked at.
	some := fmt.Sprintf("cityHash64(trace_id) %% %d = 0", n/learnRows+1)
	q := strings.NewReplacer("{peers}", d.Table("hours_peers"), "{spans}", d.Table("spans"), "{from}", sqlTime(from), "{to}", sqlTime(to),
		"{earlier}", sqlTime(from.Add(-time.Minute)), "{later}", sqlTime(to.Add(time.Minute)), "{some}", some, "{kinds}", kinds).Replace(
		`INSERT INTO {peers} SELECT toStartOfHour(c.time) AS hour, c.service, c.env, c.peer_kind, c.peer, r.service, r.env, r.endpoint, count()
FROM (SELECT trace_id, span_id, time, service, env, peer_kind, peer FROM {spans} WHERE time >= {from} AND time < {to} AND kind IN (3, 4) AND {kinds} AND {some}) AS c
INNER JOIN (SELECT trace_id, parent_id, service, env, endpoint FROM {spans} WHERE time >= {earlier} AND time < {later} AND kind IN (2, 5) AND {some}) AS r
ON c.trace_id = r.trace_id AND c.span_id = r.parent_id
GROUP BY hour, c.service, c.env, c.peer_kind, c.peer, r.service, r.env, r.endpoint`)
	// Two samples that happen to be alike are two.
	settings := ch.Settings{"insert_deduplicate": 0, "async_insert": 0, "max_execution_time": int(upkeepTime.Seconds())}
	if s.opt.Cluster != "" {
		settings["distributed_product_mode"], settings["distributed_foreground_insert"] = "global", 1
	}
	ctx = ch.Context(ctx, ch.WithSettings(settings))
	return s.explain(ctx, s.admin.Exec(ctx, q))
}
