package telemetry

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// MaxExport is how many rows a file may have.
const MaxExport = 1_000_000

// exportPage is how many rows are read at once.
const exportPage = 5_000

// maxColumns is how many columns a CSV file may have.
const maxColumns = 100

// exportColumns are the columns of a CSV file when nobody says which.
var exportColumns = map[Signal][]string{
	Logs:  {"time", "level", "service", "env", "body", "trace_id", "span_id"},
	Spans: {"time", "duration", "service", "env", "name", "kind", "status", "endpoint", "trace_id", "span_id", "parent_id"},
}

// Export says how a selection is written into a file.
type Export struct {
	Ask
	Order   Order // Newest or Oldest
	CSV     bool  // else a JSON object a line
	Columns []string
	Limit   int
}

// Export checks what is to be exported and gives a function that writes it. A file is
// either whole or, by the function's error, known not to be.
func (s *Service) Export(signal Signal, e Export) (func(ctx context.Context, w io.Writer) error, error) {
	q, err := PageAsk{Ask: e.Ask, Order: e.Order, Limit: MaxPage}.query(signal)
	if err != nil {
		return nil, err
	}
	if len(e.Columns) == 0 {
		e.Columns = exportColumns[signal]
	}
	if len(e.Columns) > maxColumns {
		return nil, fault.Field("columns", i18n.F("At most %d columns.", "列は %d 個までです。", maxColumns))
	}
	left := MaxExport
	if e.Limit > 0 {
		left = min(e.Limit, left)
	}
	return func(ctx context.Context, w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 64<<10)
		out := rowWriter(&jsonRows{json.NewEncoder(buffered)})
		if e.CSV {
			out = &csvRows{w: csv.NewWriter(buffered), columns: e.Columns}
			// What opens CSV files on most desks takes them for the local encoding without it.
			if _, err := buffered.WriteString("\ufeff"); err != nil {
				return err
			}
		}
		if err := out.begin(); err != nil {
			return err
		}
		for left > 0 {
			q.Limit = min(left, exportPage)
			n, last, more, err := s.exportRows(ctx, signal, q, out)
			if err != nil {
				return err
			}
			left -= n
			if !more || n == 0 {
				break
			}
			q.After = last
		}
		if err := out.end(); err != nil {
			return err
		}
		return buffered.Flush()
	}, nil
}

func (s *Service) exportRows(ctx context.Context, signal Signal, q PageQuery, out rowWriter) (n int, last Cursor, more bool, err error) {
	if signal == Logs {
		rows, more, err := s.reader.ReadLogs(ctx, q)
		for i := range rows {
			if err == nil {
				err = out.row(NewLogRecord(&rows[i]), rows[i].Time, LogRow(&rows[i]))
			}
			last = Cursor{rows[i].Time, rows[i].ID}
		}
		return len(rows), last, more, err
	}
	rows, more, err := s.reader.ReadSpans(ctx, q)
	for i := range rows {
		if err == nil {
			err = out.row(NewSpanRecord(&rows[i]), rows[i].Time, SpanRow(&rows[i]))
		}
		last = Cursor{rows[i].Time, rows[i].ID}
	}
	return len(rows), last, more, err
}

// rowWriter writes rows in one format.
type rowWriter interface {
	begin() error
	row(record any, at int64, row filter.Row) error
	end() error
}

type jsonRows struct{ w *json.Encoder }

func (j *jsonRows) begin() error                                { return nil }
func (j *jsonRows) row(record any, _ int64, _ filter.Row) error { return j.w.Encode(record) }
func (j *jsonRows) end() error                                  { return nil }

type csvRows struct {
	w       *csv.Writer
	columns []string
	cells   []string
}

func (c *csvRows) begin() error { return c.w.Write(c.columns) }

func (c *csvRows) row(_ any, at int64, row filter.Row) error {
	c.cells = c.cells[:0]
	for _, key := range c.columns {
		v, _ := row.Value(key)
		if key == "time" {
			v = UTC(at).Format(time.RFC3339Nano)
		}
		c.cells = append(c.cells, harmless(v))
	}
	return c.w.Write(c.cells)
}

func (c *csvRows) end() error {
	c.w.Flush()
	return c.w.Error()
}

// harmless keeps a spreadsheet from taking what somebody logged for a formula.
func harmless(v string) string {
	if v == "" {
		return v
	}
	switch v[0] {
	case '=', '+', '@', '\t', '\r':
	case '-':
		if len(v) == 1 || v[1] >= '0' && v[1] <= '9' {
			return v // a number
		}
	default:
		return v
	}
	return "'" + v
}
