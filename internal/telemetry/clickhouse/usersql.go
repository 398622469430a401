package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var _ telemetry.SQLReader = (*Store)(nil)

// rowsFormat has the names on its first line, the types on its second, and then a row a
// line.
const rowsFormat = "JSONCompactEachRowWithNamesAndTypes"

// SQL runs a statement that a person wrote. See telemetry.SQLReader.
//
// readonly is 1 here: a statement may not lift its own limits. The embedded engine looks at
// its syntax tree besides, and lets through what reaches nothing outside (engine/face); of a
// ClickHouse elsewhere it is the grants of Yagura's user that decide what can be reached.
func (s *Store) SQL(ctx context.Context, text string, r telemetry.Range, limit int) (t telemetry.Table, err error) {
	if formatted.MatchString(text) {
		return t, fault.Field("query", i18n.T("Leave FORMAT out: the answer always comes as a table.", "FORMAT 句は指定できません。結果は常に表として返されます。"))
	}
	began := s.opt.Clock.Now()
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{
		"readonly": 1, "output_format_json_quote_64bit_integers": 0, "output_format_json_quote_64bit_floats": 0,
		"output_format_json_quote_denormals": 1, "output_format_json_quote_decimals": 1, "output_format_json_named_tuples_as_objects": 1,
		// It may end early, when enough rows are made; that is what more says.
		// Less than a page's own questions may take: those must go on beside it.
		"max_memory_usage": min(s.opt.MaxMemory, maxSQLMemory),
		"max_result_rows":  limit + 1, "result_overflow_mode": "break",
	}))
	body, err := s.reads.QueryFormat(ctx, rowsFormat, strings.TrimRight(text, "; \t\n"),
		named("from", r.From.UTC().Format("2006-01-02 15:04:05.000000000")), named("to", r.To.UTC().Format("2006-01-02 15:04:05.000000000")))
	if err != nil {
		return t, s.explainSQL(ctx, err)
	}
	defer func() { _ = body.Close() }()
	if err := readTable(body, limit, &t); err != nil {
		return t, s.explainSQL(ctx, err)
	}
	t.Took = clock.Since(s.opt.Clock, began)
	return t, nil
}

// maxSQLMemory is how much a statement may hold.
const maxSQLMemory = 1 << 30

// readTable reads an answer in rowsFormat, as far as the limits go.
func readTable(body io.Reader, limit int, t *telemetry.Table) error {
	in := bufio.NewReaderSize(body, 64<<10)
	var names, types []string
	for _, into := range []*[]string{&names, &types} {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil // a statement without an answer
		}
		if err == nil {
			err = json.Unmarshal(line, into)
		}
		if err != nil {
			return brokenOff(line, err)
		}
	}
	if len(names) != len(types) {
		return fault.Internalf("%d names and %d types of columns", len(names), len(types))
	}
	for i, name := range names {
		t.Columns = append(t.Columns, telemetry.TableColumn{Name: name, Type: types[i]})
	}
	for size := 0; ; {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return brokenOff(line, err)
		}
		if size += len(line); len(t.Rows) == limit || size > telemetry.MaxTableBytes {
			t.More = true
			return nil
		}
		var cells []json.RawMessage
		if err := json.Unmarshal(line, &cells); err != nil {
			return brokenOff(line, err)
		}
		for i := range cells {
			cells[i] = exactly(cells[i])
		}
		t.Rows = append(t.Rows, cells)
	}
}

// readLine reads a line, of any length up to twice what an answer may have.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if len(line) > 2*telemetry.MaxTableBytes {
				return nil, fault.New(fault.TooLarge, i18n.T("One row of the answer is larger than 16 MB. Choose fewer columns.", "結果の 1 行が 16 MB を超えています。列を減らしてください。"))
			}
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		default:
			return line, err
		}
	}
}

// exactly makes a string of an integer that JavaScript would round.
func exactly(cell json.RawMessage) json.RawMessage {
	cell = bytes.TrimSpace(cell)
	if len(cell) < 16 || !bigInteger.Match(cell) {
		return append(json.RawMessage(nil), cell...)
	}
	return json.RawMessage(`"` + string(cell) + `"`)
}

// formatted finds a FORMAT at the end, which the driver does not let through.
var formatted = regexp.MustCompile(`(?i)\bformat\s+[a-z]\w*\s*;?\s*$`)

var bigInteger = regexp.MustCompile(`^-?[0-9]{16,}$`)

// brokenOff is the error of an answer that ended in the engine's own words.
func brokenOff(line []byte, err error) error {
	if m := inAnswer.FindSubmatch(line); m != nil {
		ex := &ch.Exception{Message: string(m[2])}
		_, _ = fmt.Sscan(string(m[1]), &ex.Code)
		return ex
	}
	return err
}

var inAnswer = regexp.MustCompile(`Code: ([0-9]+)\. DB::Exception: (.*)`)

// explainSQL tells a person what is wrong with the statement, in the engine's words.
func (s *Store) explainSQL(ctx context.Context, err error) error {
	explained := s.explain(ctx, err)
	var ex *ch.Exception
	if !errors.As(err, &ex) {
		return explained
	}
	switch fault.Of(explained).Code {
	case fault.Timeout, fault.TooLarge, fault.Overloaded:
		return explained
	}
	return &fault.Error{Code: fault.Invalid, Field: "query", Cause: err, Text: i18n.F(
		"The engine does not take this statement: %s", "この SQL は実行できません: %s", plainWords(ex))}
}

// plainWords are the engine's words without what only its makers can use.
func plainWords(ex *ch.Exception) string {
	msg := strings.TrimSpace(engineNoise.ReplaceAllString(ex.Message, ""))
	if r := []rune(msg); len(r) > 1000 {
		msg = string(r[:1000]) + "…"
	}
	return strings.ToValidUTF8(msg, "?")
}

var engineNoise = regexp.MustCompile(`(?s)(, Stack trace.*| ?\(version [^)]*\)\s*$|^Code: \d+\. DB::Exception: )`)

// Tables describes the tables of rows and figures.
func (s *Store) Tables(ctx context.Context) (tables []telemetry.TableInfo, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	q.text("SELECT c.table, toUInt64(ifNull(t.total_rows, 0)), c.name, c.type FROM system.columns AS c JOIN system.tables AS t ON t.database = c.database AND t.name = c.table WHERE c.database = ",
		q.str(s.opt.Database), " AND t.engine != 'Null' AND t.engine != 'MaterializedView' AND NOT endsWith(c.table, '_local') AND c.table NOT LIKE '.inner%' ORDER BY c.table, c.position")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var table string
		var rows uint64
		var c telemetry.TableColumn
		if err := r.Scan(&table, &rows, &c.Name, &c.Type); err != nil {
			return err
		}
		if n := len(tables); n == 0 || tables[n-1].Name != table {
			tables = append(tables, telemetry.TableInfo{Name: table, Rows: rows})
		}
		last := &tables[len(tables)-1]
		last.Columns = append(last.Columns, c)
		return nil
	})
	return tables, err
}
