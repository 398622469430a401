package clickhouse

import (
	"context"
	"fmt"
	"io"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// A day is brought back by way of a table of its own, whose parts are then put among the
// others' as they are: no views see them, so nothing is counted twice. All that is attached
// has attached = 1, so that it can be taken away again, by one mutation of the day that
// changes no other row. A crash anywhere leaves the note "attaching": whoever tries again
// takes away what is there first.

func attachTable(signal telemetry.Signal) string { return "kept_attach_" + signal.String() }

// BeginAttach notes the day, and makes an empty table that has the shape of the other.
func (s *Store) BeginAttach(ctx context.Context, day string, signal telemetry.Signal, until time.Time) error {
	if _, err := dayOf(day); err != nil {
		return err
	}
	if err := s.settleMutations(ctx, day, signal); err != nil {
		return err
	}
	if err := s.noteAttached(ctx, telemetry.AttachedDay{Day: day, Signal: signal, State: telemetry.Attaching, Until: until}); err != nil {
		return err
	}
	if err := s.takeAttached(ctx, day, signal); err != nil {
		return err
	}
	if err := s.dropAttachTable(ctx, signal); err != nil {
		return err
	}
	d, name := ddl{s.opt.Database, s.opt.Cluster}, attachTable(signal)
	for _, q := range []string{
		fmt.Sprintf("CREATE TABLE %s %s AS %s ENGINE = %s PARTITION BY toDate(time) PRIMARY KEY (toStartOfFiveMinutes(time), service, env) ORDER BY (toStartOfFiveMinutes(time), service, env, time) SETTINGS %s",
			d.Local(name), d.OnCluster(), d.Local(signal.String()), d.Engine("MergeTree", name), d.Settings()),
		fmt.Sprintf("ALTER TABLE %s %s MODIFY COLUMN attached UInt8 DEFAULT 1 CODEC(ZSTD(1))", d.Local(name), d.OnCluster()),
		d.Distributed(name),
	} {
		if q == "" {
			continue
		}
		if err := s.admin.Exec(ch.Context(ctx, ch.WithSettings(ch.Settings{"enable_full_text_index": 1, "distributed_ddl_task_timeout": 120, "allow_suspicious_low_cardinality_types": 1})), q); err != nil {
			return s.explain(ctx, fmt.Errorf("make room for %s of %s: %w", signal, day, err))
		}
	}
	return nil
}

func (s *Store) dropAttachTable(ctx context.Context, signal telemetry.Signal) error {
	d, name := ddl{s.opt.Database, s.opt.Cluster}, attachTable(signal)
	tables := []string{d.Table(name)}
	if s.opt.Cluster != "" {
		tables = append(tables, d.Local(name))
	}
	for _, t := range tables {
		if err := s.admin.Exec(s.upkeepOf(ctx), fmt.Sprintf("DROP TABLE IF EXISTS %s %s SYNC", t, d.OnCluster())); err != nil {
			return s.explain(ctx, err)
		}
	}
	return nil
}

// AttachPiece stores a file in the day's own table.
func (s *Store) AttachPiece(ctx context.Context, signal telemetry.Signal, columns []telemetry.ArchiveColumn, from io.Reader) error {
	names, err := s.archiveColumns(ctx, signal, columns)
	if err != nil {
		return err
	}
	settings := ch.Settings{
		"insert_deduplicate": 0, "async_insert": 0, "max_insert_threads": 1, "max_execution_time": int(upkeepTime.Seconds()), "max_memory_usage": s.opt.MaxMemory,
		"exclude_materialize_skip_indexes_on_insert": noIndexes, "distributed_foreground_insert": 1,
		"input_format_parquet_allow_missing_columns": 0, "input_format_skip_unknown_fields": 0,
	}
	if s.opt.Cluster != "" {
		settings["insert_shard_id"] = 1
	}
	q := fmt.Sprintf("INSERT INTO %s (%s)", ddl{s.opt.Database, s.opt.Cluster}.Table(attachTable(signal)), names)
	return s.explain(ctx, s.admin.InsertFormat(ch.Context(ctx, ch.WithSettings(settings)), "Parquet", q, from))
}

// FinishAttach puts the parts among the others'.
func (s *Store) FinishAttach(ctx context.Context, day string, signal telemetry.Signal, want uint64, until time.Time) (rows uint64, err error) {
	if _, err := dayOf(day); err != nil {
		return 0, err
	}
	d, own := ddl{s.opt.Database, s.opt.Cluster}, attachTable(signal)
	of := fmt.Sprintf("toDate(time) = '%s'", day)
	count := func(table, where string) (n uint64, err error) {
		err = s.admin.QueryRow(s.upkeepOf(ctx), "SELECT count() FROM "+d.Table(table)+" WHERE "+where).Scan(&n)
		return n, s.explain(ctx, err)
	}
	if rows, err = count(own, "1"); err != nil {
		return 0, err
	}
	inDay, err := count(own, of)
	if err != nil {
		return 0, err
	}
	if rows != want || inDay != rows {
		return 0, fault.New(fault.Invalid, i18n.F("The archive of %[1]s of %[2]s gives %[3]d rows, and should have %[4]d. Nothing was brought back.",
			"%[2]s の %[1]s のアーカイブは %[4]d 行のはずですが、%[3]d 行しか読み取れませんでした。何も復帰していません。", signal, day, inDay, want))
	}
	there, err := count(signal.String(), of)
	if err != nil {
		return 0, err
	}
	if there > 0 { // a thinned day: what is left of it is not brought back again
		if err := s.admin.Exec(s.rewriting(ctx), fmt.Sprintf("ALTER TABLE %s %s DELETE WHERE (id, time) IN (SELECT id, time FROM %s WHERE %s)",
			d.Local(own), d.OnCluster(), d.Table(signal.String()), of)); err != nil {
			return 0, s.explain(ctx, err)
		}
		if rows, err = count(own, "1"); err != nil {
			return 0, err
		}
	}
	if rows > 0 {
		// Traces are found by their ids again. Twice the same says no more than once.
		if err := s.admin.Exec(s.upkeepOf(ctx), fmt.Sprintf("INSERT INTO %s SELECT toDate(time) AS day, '%s', trace_id, min(time), max(time) FROM %s WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id",
			d.Table("trace_times"), signal, d.Table(own))); err != nil {
			return 0, s.explain(ctx, err)
		}
		if err := s.admin.Exec(s.upkeepOf(ctx), fmt.Sprintf("ALTER TABLE %s %s ATTACH PARTITION '%s' FROM %s", d.Local(signal.String()), d.OnCluster(), day, d.Local(own))); err != nil {
			return 0, s.explain(ctx, err)
		}
	}
	got, err := count(signal.String(), of+" AND attached = 1")
	if err != nil {
		return 0, err
	}
	if got != rows {
		return 0, fault.Internalf("%d rows of %s of %s were brought back instead of %d", got, signal, day, rows)
	}
	if err := s.dropAttachTable(ctx, signal); err != nil {
		return 0, err
	}
	return rows, s.noteAttached(ctx, telemetry.AttachedDay{Day: day, Signal: signal, State: telemetry.Attached, Rows: rows, Until: until})
}

// ExtendAttach changes the note.
func (s *Store) ExtendAttach(ctx context.Context, day string, signal telemetry.Signal, until time.Time) error {
	all, err := s.AttachedDays(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Day == day && a.Signal == signal && a.State == telemetry.Attached {
			a.Until = until
			return s.noteAttached(ctx, a)
		}
	}
	return fault.New(fault.NotFound, i18n.F("%[1]s of %[2]s are not attached.", "%[2]s の %[1]s は復帰されていません。", signal, day))
}

// Detach is safe to repeat.
func (s *Store) Detach(ctx context.Context, day string, signal telemetry.Signal) error {
	if _, err := dayOf(day); err != nil {
		return err
	}
	if err := s.takeAttached(ctx, day, signal); err != nil {
		return err
	}
	if err := s.dropAttachTable(ctx, signal); err != nil {
		return err
	}
	left := uint64(0)
	for _, of := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		is, err := s.Origins(ctx, day, of)
		if err != nil {
			return err
		}
		left += uint64(len(is))
	}
	if d := (ddl{s.opt.Database, s.opt.Cluster}); left == 0 {
		if err := s.admin.Exec(s.upkeepOf(ctx), fmt.Sprintf("ALTER TABLE %s %s DROP PARTITION '%s'", d.Local("trace_times"), d.OnCluster(), day)); err != nil {
			return s.explain(ctx, err)
		}
	}
	return s.noteAttached(ctx, telemetry.AttachedDay{Day: day, Signal: signal, State: telemetry.Detached})
}

// takeAttached takes away what was brought back, and is done when it returns.
func (s *Store) takeAttached(ctx context.Context, day string, signal telemetry.Signal) error {
	d := ddl{s.opt.Database, s.opt.Cluster}
	var n uint64
	if err := s.admin.QueryRow(s.upkeepOf(ctx), fmt.Sprintf("SELECT count() FROM %s WHERE toDate(time) = '%s' AND attached = 1", d.Table(signal.String()), day)).Scan(&n); err != nil || n == 0 {
		return s.explain(ctx, err)
	}
	return s.explain(ctx, s.admin.Exec(s.rewriting(ctx), fmt.Sprintf("ALTER TABLE %s %s DELETE IN PARTITION '%s' WHERE attached = 1", d.Local(signal.String()), d.OnCluster(), day)))
}

func (s *Store) noteAttached(ctx context.Context, a telemetry.AttachedDay) error {
	day, err := dayOf(a.Day)
	if err != nil {
		return err
	}
	b, err := s.admin.PrepareBatch(s.upkeepOf(ctx), "INSERT INTO "+(ddl{s.opt.Database, s.opt.Cluster}).Table("kept_attached"))
	if err != nil {
		return s.explain(ctx, err)
	}
	until := a.Until
	if until.IsZero() {
		until = time.Unix(0, 0)
	}
	if err := b.Append(day, a.Signal.String(), string(a.State), a.Rows, until.UTC(), s.opt.Clock.Now().UTC()); err != nil {
		return err
	}
	s.kept.forget()
	return s.explain(ctx, b.Send())
}

// AttachedDays are the notes, oldest day first.
func (s *Store) AttachedDays(ctx context.Context) ([]telemetry.AttachedDay, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT toString(day), toString(signal), toString(state), row_count, toInt64(toUnixTimestamp(until)), toUnixTimestamp64Nano(updated) FROM kept_attached FINAL WHERE state != 'detached' ORDER BY day, signal")
	all := []telemetry.AttachedDay{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var a telemetry.AttachedDay
		var signal, state string
		var until, at int64
		err := r.Scan(&a.Day, &signal, &state, &a.Rows, &until, &at)
		a.Signal, a.State, a.Until, a.At = telemetry.SignalNamed(signal), telemetry.AttachState(state), time.Unix(until, 0).UTC(), time.Unix(0, at).UTC()
		all = append(all, a)
		return err
	})
	return all, err
}
