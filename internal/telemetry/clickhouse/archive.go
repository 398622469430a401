package clickhouse

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var _ telemetry.Archiver = (*Store)(nil)

// The engine may not write outside its folder, so what is archived goes through this
// process: as Parquet, which other tools read too.

// A piece has about so many rows, or bytes before they are compressed; the engine holds
// one in memory while it reads it back.
const (
	pieceRows  = 500_000
	pieceBytes = 96 << 20
)

// AttachedTables have the column that tells attached rows from others.
func (ddl) AttachedTables() []string { return []string{"logs", "spans"} }

// ArchiveColumns asks the table: a later version may have more.
func (s *Store) ArchiveColumns(ctx context.Context, signal telemetry.Signal) (columns []telemetry.ArchiveColumn, err error) {
	q := &statement{}
	q.text("SELECT name, type FROM system.columns WHERE database = ", q.str(s.opt.Database), " AND table = ", q.str(signal.String()),
		" AND name != 'attached' AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') ORDER BY position")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var c telemetry.ArchiveColumn
		err := r.Scan(&c.Name, &c.Type)
		columns = append(columns, c)
		return err
	})
	return columns, err
}

// archived is the condition of the rows of a day that go into the archive.
func archived(day string, r telemetry.Range) string {
	q := fmt.Sprintf("toDate(time) = '%s' AND attached = 0 AND arrived >= %s", day, sqlNanos(r.From))
	if !r.To.IsZero() {
		q += " AND arrived < " + sqlNanos(r.To)
	}
	return q
}

// sqlNanos is a time of ours as SQL, to the nanosecond; the zero time is the begin of all.
func sqlNanos(t time.Time) string {
	n := int64(0)
	if !t.IsZero() {
		n = max(t.UnixNano(), 0)
	}
	return fmt.Sprintf("fromUnixTimestamp64Nano(toInt64(%d), 'UTC')", n)
}

// ArchivePieces cuts at whole seconds.
func (s *Store) ArchivePieces(ctx context.Context, day string, signal telemetry.Signal, arrived telemetry.Range) ([]telemetry.ArchivePiece, error) {
	begin, err := dayOf(day)
	if err != nil {
		return nil, err
	}
	large := "body, attributes, exception_stack"
	if signal == telemetry.Spans {
		large = "attributes, events, links, exception_stack"
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	rows, err := s.admin.Query(s.upkeepOf(ctx), fmt.Sprintf("SELECT toInt64(toUnixTimestamp(time)) AS second, count(), sum(byteSize(%s)) FROM %s WHERE %s GROUP BY second ORDER BY second",
		large, d.Table(signal.String()), archived(day, arrived)))
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	defer func() { _ = rows.Close() }()
	pieces := []telemetry.ArchivePiece{}
	now, bytes := telemetry.ArchivePiece{From: begin.UnixNano()}, uint64(0)
	for rows.Next() {
		var second int64
		var n, size uint64
		if err := rows.Scan(&second, &n, &size); err != nil {
			return nil, err
		}
		if now.Rows > 0 && (now.Rows+n > s.pieceRows() || bytes+size > pieceBytes) {
			now.To = second * int64(time.Second)
			pieces = append(pieces, now)
			now, bytes = telemetry.ArchivePiece{From: now.To}, 0
		}
		now.Rows += n
		bytes += size
	}
	if now.Rows > 0 {
		now.To = begin.AddDate(0, 0, 1).UnixNano()
		pieces = append(pieces, now)
	}
	return pieces, s.explain(ctx, rows.Err())
}

func (s *Store) pieceRows() uint64 {
	if s.smallPieces > 0 {
		return s.smallPieces
	}
	return pieceRows
}

// parquet is how rows are written: what reading them back needs fits into memory.
var parquet = ch.Settings{
	"output_format_parquet_compression_method":               "zstd",
	"output_format_parquet_row_group_size":                   50_000,
	"output_format_parquet_row_group_size_bytes":             32 << 20,
	"output_format_parquet_string_as_string":                 0, // bodies may hold what is no text
	"output_format_parquet_fixed_string_as_fixed_byte_array": 1,
	"output_format_parquet_datetime_as_uint32":               0,
	"max_threads":    1,
	"max_block_size": 8192,
}

// ArchivePiece writes the rows in the order in which they lie.
func (s *Store) ArchivePiece(ctx context.Context, day string, signal telemetry.Signal, arrived telemetry.Range, p telemetry.ArchivePiece, to io.Writer) error {
	if _, err := dayOf(day); err != nil {
		return err
	}
	columns, err := s.ArchiveColumns(ctx, signal)
	if err != nil {
		return err
	}
	settings := ch.Settings{"max_execution_time": int(upkeepTime.Seconds()), "max_memory_usage": s.opt.MaxMemory}
	for k, v := range parquet {
		settings[k] = v
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	q := fmt.Sprintf("SELECT %s FROM %s WHERE %s AND time >= fromUnixTimestamp64Nano(toInt64(%d), 'UTC') AND time < fromUnixTimestamp64Nano(toInt64(%d), 'UTC')",
		namesOf(columns), d.Table(signal.String()), archived(day, arrived), p.From, p.To)
	body, err := s.admin.QueryFormat(ch.Context(ctx, ch.WithSettings(settings)), "Parquet", q)
	if err != nil {
		return s.explain(ctx, err)
	}
	_, err = io.Copy(to, body)
	if closed := body.Close(); err == nil {
		err = closed
	}
	return err
}

func namesOf(columns []telemetry.ArchiveColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// Late counts rows that arrived at since or later.
func (s *Store) Late(ctx context.Context, day string, signal telemetry.Signal, since time.Time) (late telemetry.LateRows, err error) {
	if _, err := dayOf(day); err != nil {
		return late, err
	}
	d := ddl{s.opt.Database, s.opt.Cluster}
	var last int64
	err = s.admin.QueryRow(s.upkeepOf(ctx), fmt.Sprintf("SELECT count(), toUnixTimestamp64Nano(max(arrived)) FROM %s WHERE %s", d.Table(signal.String()), archived(day, telemetry.Range{From: since}))).Scan(&late.Rows, &last)
	if late.Rows > 0 {
		late.Last = time.Unix(0, last).UTC()
	}
	return late, s.explain(ctx, err)
}

// archiveColumns checks the columns of an archive against the table's: their names stand
// in statements. A column that the table no longer has is refused rather than left out.
func (s *Store) archiveColumns(ctx context.Context, signal telemetry.Signal, of []telemetry.ArchiveColumn) (string, error) {
	now, err := s.ArchiveColumns(ctx, signal)
	if err != nil {
		return "", err
	}
	for _, c := range of {
		if !slices.ContainsFunc(now, func(n telemetry.ArchiveColumn) bool { return n.Name == c.Name }) {
			return "", fault.New(fault.Invalid, i18n.F("The archive has a column %q that this version does not know. Use the version that made it, or a newer one.",
				"アーカイブに、このバージョンにない列 %q があります。アーカイブを作成したバージョン以降を使用してください。", c.Name))
		}
	}
	return namesOf(of), nil
}
