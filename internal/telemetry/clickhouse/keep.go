package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var _ telemetry.Keeper = (*Store)(nil)

// A day is thinned in three steps, each of which may be repeated: what is to become of it is
// noted in kept_days, which traces stay is worked out into kept_traces, and one mutation of
// the day's partition takes the others' rows away. A mutation goes on after a restart of the
// engine, and reads these two tables, so they stay as they are until it is done. It makes
// no new parts by inserting, so the tokens of blocks and the tables by the minute know
// nothing of it.

// dayOf checks a day and gives its begin. What has passed may stand in SQL as it is.
func dayOf(day string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return t, fault.Field("day", i18n.F("%q is not a day: write 2006-01-02.", "%q は日付ではありません。2006-01-02 の形で指定してください。", day))
	}
	return t, nil
}

func nextDay(t time.Time, days int) string { return t.AddDate(0, 0, days).Format(time.DateOnly) }

// Origins says who has rows in a day.
func (s *Store) Origins(ctx context.Context, day string, signal telemetry.Signal) (map[telemetry.Origin]uint64, error) {
	if _, err := dayOf(day); err != nil {
		return nil, err
	}
	all := map[telemetry.Origin]uint64{}
	d := ddl{s.opt.Database, s.opt.Cluster}
	rows, err := s.admin.Query(s.upkeepOf(ctx), fmt.Sprintf("SELECT toString(service) AS s, toString(env) AS e, count() FROM %s WHERE toDate(time) = '%s' GROUP BY s, e", d.Table(signal.String()), day))
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var o telemetry.Origin
		var n uint64
		if err := rows.Scan(&o.Service, &o.Env, &n); err != nil {
			return nil, err
		}
		all[o] = n
	}
	return all, s.explain(ctx, rows.Err())
}

// upkeepOf is the context of a question of the upkeep's: bounded as questions are, but in time.
func (s *Store) upkeepOf(ctx context.Context) context.Context {
	return ch.Context(ctx, ch.WithSettings(ch.Settings{
		"max_execution_time": int(upkeepTime.Seconds()), "max_memory_usage": s.opt.MaxMemory, "max_bytes_before_external_group_by": s.opt.MaxMemory / 2,
		"distributed_foreground_insert": 1, "async_insert": 0,
	}))
}

// rewriting is the context of a mutation of a day: it returns when that is done everywhere.
func (s *Store) rewriting(ctx context.Context) context.Context {
	return ch.Context(ctx, ch.WithSettings(ch.Settings{
		"mutations_sync": 2, "max_execution_time": int(upkeepTime.Seconds()), "max_memory_usage": s.opt.MaxMemory,
		// The question within reads tables that do not change until it is done.
		"allow_nondeterministic_mutations": 1, "enable_full_text_index": 1,
	}))
}

// Thin takes rows of a day away.
func (s *Store) Thin(ctx context.Context, t telemetry.Thinning) (before, after uint64, err error) {
	begin, err := dayOf(t.Day)
	if err != nil {
		return 0, 0, err
	}
	is, err := s.Origins(ctx, t.Day, t.Signal)
	if err != nil {
		return 0, 0, err
	}
	notes, err := s.KeptDays(ctx, t.Day)
	if err != nil {
		return 0, 0, err
	}
	var todo, was []telemetry.KeptDay
	for o, k := range t.Keeps {
		if is[o] == 0 || k.State == telemetry.KeptWhole {
			continue
		}
		// What it had at first: a second thinning begins with less.
		first, old := is[o], telemetry.KeptDay{Day: t.Day, Signal: t.Signal, Origin: o, Keep: telemetry.Whole, Done: true}
		for _, n := range notes {
			if n.Day == t.Day && n.Signal == t.Signal && n.Origin == o && n.State != telemetry.KeptWhole {
				first, old = max(first, n.Before), n
			}
		}
		was = append(was, old)
		todo = append(todo, telemetry.KeptDay{Day: t.Day, Signal: t.Signal, Origin: o, Keep: k, Before: first})
		before += is[o]
	}
	if len(todo) == 0 {
		return 0, 0, nil
	}
	if err := s.settleMutations(ctx, t.Day, t.Signal); err != nil {
		return 0, 0, err
	}
	if err := s.noteKept(ctx, todo...); err != nil {
		return 0, 0, err
	}
	if err := s.notRebuilt(ctx, begin); err != nil {
		return 0, 0, errors.Join(err, s.noteKept(ctx, was...))
	}
	if err := s.chooseTraces(ctx, "thin", begin, 1, t); err != nil {
		return 0, 0, fmt.Errorf("choose the traces of %s that stay: %w", t.Day, err)
	}
	if err := s.takeAway(ctx, t); err != nil {
		return 0, 0, fmt.Errorf("thin %s of %s: %w", t.Signal, t.Day, err)
	}
	if err := s.dropChosen(ctx, "thin", t.Day); err != nil {
		return 0, 0, err
	}
	left, err := s.Origins(ctx, t.Day, t.Signal)
	if err != nil {
		return 0, 0, err
	}
	for i := range todo {
		todo[i].After, todo[i].Done = left[todo[i].Origin], true
		after += todo[i].After
	}
	return before, after, s.noteKept(ctx, todo...)
}

// traceHash is what a trace is chosen by; a row without a trace is one by itself.
const traceHash = "if(trace_id = toFixedString('', 16), sipHash64(id), sipHash64(trace_id))"

// takeAway is the mutation.
func (s *Store) takeAway(ctx context.Context, t telemetry.Thinning) error {
	d := ddl{s.opt.Database, s.opt.Cluster}
	of := func(state telemetry.KeepState) string {
		return fmt.Sprintf("(toString(service), toString(env)) IN (SELECT service, env FROM %s FINAL WHERE day = '%s' AND signal = '%s' AND state = '%s')",
			d.Table("kept_days"), t.Day, t.Signal, state)
	}
	tells := "0"
	if t.Signal == telemetry.Logs {
		tells = "(severity BETWEEN 13 AND 24 OR error_group != " + noID + ")"
	}
	q := fmt.Sprintf("ALTER TABLE %s %s DELETE IN PARTITION '%s' WHERE %s OR (%s AND NOT %s AND %s NOT IN (SELECT hash FROM %s WHERE purpose = 'thin' AND day = '%s'))",
		d.Local(t.Signal.String()), d.OnCluster(), t.Day, of(telemetry.KeptGone), of(telemetry.KeptThinned), tells, traceHash, d.Table("kept_traces"), t.Day)
	return s.explain(ctx, s.admin.Exec(s.rewriting(ctx), q))
}

// settleMutations refuses a day that the engine is still at work on: what it reads must stay.
func (s *Store) settleMutations(ctx context.Context, day string, signal telemetry.Signal) error {
	q := &statement{}
	fmt.Fprintf(q, "SELECT count(), any(latest_fail_reason) FROM %s WHERE database = %s AND table IN (%s, %s) AND NOT is_done AND position(command, %s) > 0 AND position(command, 'DELETE') > 0",
		s.onCluster("system.mutations"), q.str(s.opt.Database), q.str(signal.String()), q.str(signal.String()+"_local"), q.str(day))
	var n uint64
	var why string
	if err := s.answer(ctx, q, func(r driver.Rows) error { return r.Scan(&n, &why) }); err != nil {
		return err
	}
	if n > 0 {
		return fault.New(fault.Conflict, i18n.F("The engine is still at work on %[1]s of %[2]s. %[3]s", "%[2]s の %[1]s はエンジンで処理中です。%[3]s", signal, day, why))
	}
	return nil
}

// notRebuilt refuses a day that is being rebuilt. It is asked after the day was noted: a
// rebuilding looks for the note after it has been noted itself, so one of both sees the other.
func (s *Store) notRebuilt(ctx context.Context, day time.Time) error {
	all, _, err := s.rebuilds(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Finished.IsZero() && r.From.Before(day.AddDate(0, 0, 1)) && r.Position.After(day) {
			return fault.New(fault.Conflict, i18n.F(
				"The figures of %s are being rebuilt from these rows. It is tried again when that is done.",
				"%s の集計を再計算中のため、削除・間引きを保留しています。再計算の完了後に実行します。", day.Format(time.DateOnly)))
		}
	}
	return nil
}

// DropDay drops a day: a whole partition, so it costs next to nothing.
func (s *Store) DropDay(ctx context.Context, day string, signal telemetry.Signal) error {
	begin, err := dayOf(day)
	if err != nil {
		return err
	}
	if err := s.noteKept(ctx, telemetry.KeptDay{Day: day, Signal: signal, Origin: telemetry.AllOrigins, Keep: telemetry.Gone}); err != nil {
		return err
	}
	if err := s.notRebuilt(ctx, begin); err != nil {
		note := telemetry.KeptDay{Day: day, Signal: signal, Origin: telemetry.AllOrigins, Keep: telemetry.Whole, Done: true}
		return errors.Join(err, s.noteKept(ctx, note))
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	tables := []string{signal.String()}
	// The index of traces goes with the later of the two.
	other := telemetry.Logs
	if signal == telemetry.Logs {
		other = telemetry.Spans
	}
	if left, err := s.Origins(ctx, day, other); err != nil {
		return err
	} else if len(left) == 0 {
		tables = append(tables, "trace_times")
	}
	for _, table := range tables {
		if err := s.admin.Exec(s.upkeepOf(ctx), fmt.Sprintf("ALTER TABLE %s %s DROP PARTITION '%s'", d.Local(table), d.OnCluster(), day)); err != nil {
			return s.explain(ctx, fmt.Errorf("drop %s of %s: %w", table, day, err))
		}
	}
	s.opt.Log.InfoContext(ctx, "a day is over its retention and was dropped", "signal", signal.String(), "day", day)
	return s.noteKept(ctx, telemetry.KeptDay{Day: day, Signal: signal, Origin: telemetry.AllOrigins, Keep: telemetry.Gone, Done: true})
}

func (s *Store) noteKept(ctx context.Context, notes ...telemetry.KeptDay) error {
	b, err := s.admin.PrepareBatch(s.upkeepOf(ctx), "INSERT INTO "+(ddl{s.opt.Database, s.opt.Cluster}).Table("kept_days"))
	if err != nil {
		return s.explain(ctx, err)
	}
	for _, n := range notes {
		day, err := dayOf(n.Day)
		if err != nil {
			return err
		}
		done := uint8(one(n.Done))
		if err := b.Append(day, n.Signal.String(), n.Service, n.Env, string(n.State), n.OneIn, n.Before, n.After, done, s.opt.Clock.Now().UTC()); err != nil {
			return err
		}
	}
	s.kept.forget()
	return s.explain(ctx, b.Send())
}

// KeptDays are the notes, oldest day first.
func (s *Store) KeptDays(ctx context.Context, since string) ([]telemetry.KeptDay, error) {
	if _, err := dayOf(since); err != nil {
		return nil, err
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT toString(day), toString(signal), service, env, toString(state), one_in, rows_before, rows_after, toUnixTimestamp64Nano(updated), done FROM kept_days FINAL WHERE day >= '",
		since, "' ORDER BY day, signal, service, env")
	notes := []telemetry.KeptDay{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var n telemetry.KeptDay
		var signal, state string
		var at int64
		var done uint8
		if err := r.Scan(&n.Day, &signal, &n.Service, &n.Env, &state, &n.OneIn, &n.Before, &n.After, &at, &done); err != nil {
			return err
		}
		n.Signal, n.State, n.At, n.Done = telemetry.SignalNamed(signal), telemetry.KeepState(state), time.Unix(0, at).UTC(), done == 1
		notes = append(notes, n)
		return nil
	})
	return notes, err
}

// Arrived reads the tables by the minute: a row is counted there when it arrives, whatever
// becomes of it.
func (s *Store) Arrived(ctx context.Context, since string) ([]telemetry.DayVolume, error) {
	if _, err := dayOf(since); err != nil {
		return nil, err
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT toString(toDate(minute)) AS day, toUInt8(level = 7) AS spans, toString(service) AS s, toString(env) AS e, sum(seen) FROM minutes_instances WHERE minute >= toDateTime('",
		since, "', 'UTC') GROUP BY day, spans, s, e ORDER BY day, spans, s, e")
	all := []telemetry.DayVolume{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		v := telemetry.DayVolume{Signal: telemetry.Logs}
		var spans uint8
		if err := r.Scan(&v.Day, &spans, &v.Service, &v.Env, &v.Rows); err != nil {
			return err
		}
		if spans == 1 {
			v.Signal = telemetry.Spans
		}
		all = append(all, v)
		return nil
	})
	return all, err
}

// QuietHour looks at the last week.
func (s *Store) QuietHour(ctx context.Context) (hour int, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT toHour(minute, 'UTC') AS h, sum(seen) AS n FROM minutes_instances WHERE minute >= ", sqlTime(s.opt.Clock.Now().AddDate(0, 0, -7)), " GROUP BY h")
	var by [24]uint64
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var h uint8
		var n uint64
		if err := r.Scan(&h, &n); err != nil {
			return err
		}
		by[h%24] = n
		return nil
	})
	// With the hour that follows it: the work may take longer than one.
	least := uint64(math.MaxUint64)
	for h := range by {
		if n := by[h] + by[(h+1)%24]; n < least {
			least, hour = n, h
		}
	}
	return hour, err
}

// origins are (service, env) pairs as SQL, by parameters.
func (q *statement) origins(of []telemetry.Origin) string {
	parts := make([]string, len(of))
	for i, o := range of {
		parts[i] = "(" + q.str(o.Service) + ", " + q.str(o.Env) + ")"
	}
	return "(toString(service), toString(env)) IN (" + strings.Join(parts, ", ") + ")"
}

func (s *Store) dropChosen(ctx context.Context, purpose, day string) error {
	d := ddl{s.opt.Database, s.opt.Cluster}
	return s.explain(ctx, s.admin.Exec(s.upkeepOf(ctx), fmt.Sprintf("ALTER TABLE %s %s DROP PARTITION ('%s', '%s')", d.Table("kept_traces"), d.OnCluster(), purpose, day)))
}

// byShare gives the origins of a thinning that do not stay whole, and those that are thinned
// by their share.
func byShare(t telemetry.Thinning) (less []telemetry.Origin, thin map[uint32][]telemetry.Origin) {
	thin = map[uint32][]telemetry.Origin{}
	for _, o := range slices.SortedFunc(maps.Keys(t.Keeps), func(a, b telemetry.Origin) int {
		return strings.Compare(a.Service+"\x00"+a.Env, b.Service+"\x00"+b.Env)
	}) {
		k := t.Keeps[o]
		if k.State != telemetry.KeptWhole {
			less = append(less, o)
		}
		if k.State == telemetry.KeptThinned {
			thin[k.OneIn] = append(thin[k.OneIn], o)
		}
	}
	return less, thin
}

// hashBound is the largest hash of one trace in n.
func hashBound(n uint32) string { return fmt.Sprint(uint64(math.MaxUint64) / uint64(n)) }
