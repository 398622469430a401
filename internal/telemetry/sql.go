package telemetry

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// SQLReader answers questions that experts write themselves.
type SQLReader interface {
	// SQL runs one read-only statement in ClickHouse's dialect. from and to stand for the
	// range as parameters: {from:DateTime64(9)}, {to:DateTime64(9)}. At most limit rows
	// come, and at most MaxTableBytes of them; a statement that takes longer or more memory
	// than is allowed is ended with fault.Timeout or fault.TooLarge. What the engine says
	// of a statement that it does not take is a fault of the field "query".
	SQL(ctx context.Context, text string, r Range, limit int) (Table, error)
	// Tables describes what there is to be asked.
	Tables(ctx context.Context) ([]TableInfo, error)
}

// MaxTableBytes is how large the rows of an answer may be, as JSON.
const MaxTableBytes = 8 << 20

// Table is the answer to a statement.
type Table struct {
	Columns []TableColumn
	Rows    [][]json.RawMessage // a cell a column; numbers over 2^53 are strings
	More    bool                // there were more rows than the limits let through
	Took    time.Duration
}

// TableColumn is a column and its type in the engine.
type TableColumn struct{ Name, Type string }

// TableInfo is a table of the store.
type TableInfo struct {
	Name    string
	Rows    uint64
	Columns []TableColumn
}

// MaxSQL is how long a statement may be, in bytes.
const MaxSQL = 100_000

// SQLService runs the statements of people, a few at a time.
type SQLService struct {
	reader SQLReader
	turns  chan struct{}
}

// sqlAtOnce is how many statements run at once: they may take all the memory that a
// question is allowed.
const sqlAtOnce = 2

// NewSQLService makes the service.
func NewSQLService(r SQLReader) *SQLService {
	return &SQLService{reader: r, turns: make(chan struct{}, sqlAtOnce)}
}

// Run runs a statement.
func (s *SQLService) Run(ctx context.Context, text string, r Range, limit int) (Table, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Table{}, fault.Field("query", i18n.T("Write a statement, for example SELECT service, count() FROM spans WHERE time >= {from:DateTime64(9)} GROUP BY service.",
			"SQL 文を入力してください（例: SELECT service, count() FROM spans WHERE time >= {from:DateTime64(9)} GROUP BY service）。"))
	case len(text) > MaxSQL:
		return Table{}, fault.Field("query", i18n.F("At most %d bytes.", "%d バイト以内で入力してください。", MaxSQL))
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	default:
		return Table{}, fault.Retry(fault.Overloaded, 5*time.Second, i18n.F(
			"%d statements are running already. Try again when they have ended.",
			"すでに %d 件の SQL を実行中です。終了後に再試行してください。", sqlAtOnce))
	}
	return s.reader.SQL(ctx, text, r, limit)
}

// Tables describes what there is to be asked.
func (s *SQLService) Tables(ctx context.Context) ([]TableInfo, error) { return s.reader.Tables(ctx) }
