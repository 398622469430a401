package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
// readonly is 1 here: a statement may not lift its own limits. What it may name is judged by
// guardSQL; the embedded engine looks besides for what reaches outside of it (engine/face).
func (s *Store) SQL(ctx context.Context, ask telemetry.SQLQuery) (t telemetry.Table, err error) {
	text, limit := strings.TrimRight(ask.Text, "; \t\n\r"), ask.Limit
	if formatted.MatchString(text) {
		return t, fault.Field("query", i18n.T("Leave FORMAT out: the answer always comes as a table.", "FORMAT 句は指定できません。結果は常に表として返されます。"))
	}
	began := s.opt.Clock.Now()
	ctx, cancel := s.limited(ctx)
	defer cancel()
	params := []any{named("from", ask.Range.From.UTC().Format("2006-01-02 15:04:05.000000000")), named("to", ask.Range.To.UTC().Format("2006-01-02 15:04:05.000000000"))}
	// Before there are limits that might cut the tree off.
	if err := s.guardSQL(ch.Context(ctx, ch.WithSettings(ch.Settings{"readonly": 1})), text, params...); err != nil {
		return t, err
	}
	settings := ch.Settings{
		"readonly": 1, "output_format_json_quote_64bit_integers": 0, "output_format_json_quote_64bit_floats": 0,
		"output_format_json_quote_denormals": 1, "output_format_json_quote_decimals": 1, "output_format_json_named_tuples_as_objects": 1,
		// It may end early, when enough rows are made; that is what more says.
		// Less than a page's own questions may take: those must go on beside it.
		"max_memory_usage": min(s.opt.MaxMemory, maxSQLMemory),
		"max_result_rows":  limit + 1, "result_overflow_mode": "break",
	}
	if ask.Run != "" {
		settings["log_comment"] = runMark + ask.Run // names it in the engine's list of what it is doing
	}
	body, err := s.reads.QueryFormat(ch.Context(ctx, ch.WithSettings(settings)), rowsFormat, text, params...)
	if err != nil {
		return t, s.explainSQL(ctx, text, err, 0)
	}
	defer func() { _ = body.Close() }()
	if err := readTable(body, limit, &t); err != nil {
		return t, s.explainSQL(ctx, text, err, 0)
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
			if i < len(types) && idType.MatchString(types[i]) {
				cells[i] = inHex(cells[i])
			} else {
				cells[i] = exactly(cells[i])
			}
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

// idType are the types of ids, which are bytes and no text.
var idType = regexp.MustCompile(`^(LowCardinality\()?(Nullable\()?FixedString\((8|16)\)\)*$`)

// inHex writes the bytes of an id as people know it. The engine writes bytes into a JSON
// string as they are, with what JSON itself needs escaped.
func inHex(cell json.RawMessage) json.RawMessage {
	if len(cell) < 2 || cell[0] != '"' {
		return append(json.RawMessage(nil), cell...)
	}
	short := map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
	in, raw := cell[1:len(cell)-1], make([]byte, 0, 16)
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' || i+1 == len(in) {
			raw = append(raw, in[i])
			continue
		}
		i++
		if n, err := strconv.ParseUint(string(in[min(i+1, len(in)):min(i+5, len(in))]), 16, 32); in[i] == 'u' && err == nil {
			raw = utf8.AppendRune(raw, rune(n))
			i += 4
		} else if c, ok := short[in[i]]; ok {
			raw = append(raw, c)
		} else {
			raw = append(raw, in[i])
		}
	}
	return json.RawMessage(`"` + hex.EncodeToString(raw) + `"`)
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
	known, err := s.schemaTables(ctx)
	if err != nil {
		return nil, err
	}
	q := &statement{}
	q.text("SELECT c.table, toUInt64(ifNull(t.total_rows, 0)), c.name, c.type FROM system.columns AS c JOIN system.tables AS t ON t.database = c.database AND t.name = c.table WHERE c.database = ",
		q.str(s.opt.Database), " ORDER BY c.table, c.position")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var table string
		var rows uint64
		var c telemetry.TableColumn
		if err := r.Scan(&table, &rows, &c.Name, &c.Type); err != nil {
			return err
		}
		if !slices.Contains(known.open, table) {
			return nil
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

const runMark = "yagura-sql:"

// SQLProgress says how far a run is. See telemetry.SQLReader.
func (s *Store) SQLProgress(ctx context.Context, run string) (p telemetry.SQLProgress, found bool, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	q := &statement{}
	// The embedded engine puts its own tag in front of the comment.
	q.text("SELECT read_rows, read_bytes, toUInt64(greatest(total_rows_approx, read_rows)), toInt64(greatest(memory_usage, 0)), elapsed FROM ", s.processes(),
		" WHERE endsWith(Settings['log_comment'], ", q.str(runMark+run), ") ORDER BY elapsed DESC LIMIT 1")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var elapsed float64
		found = true
		err := r.Scan(&p.Rows, &p.Bytes, &p.TotalRows, &p.Memory, &elapsed)
		p.Elapsed = time.Duration(elapsed * float64(time.Second))
		return err
	})
	return p, found, err
}

// processes is the engine's list of what it is doing, of all its servers.
func (s *Store) processes() string {
	if s.opt.Cluster != "" {
		return "clusterAllReplicas('" + s.opt.Cluster + "', system.processes)"
	}
	return "system.processes"
}
