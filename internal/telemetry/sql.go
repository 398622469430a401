package telemetry

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// SQLReader answers questions that experts write themselves.
type SQLReader interface {
	// SQL runs one read-only statement in ClickHouse's dialect, which may name the tables
	// that Tables gives and no others. The range's ends stand in it as parameters:
	// {from:DateTime64(9)}, {to:DateTime64(9)}. At most Limit rows come, and at most
	// MaxTableBytes of them; a statement that takes longer or more memory than is allowed
	// is ended with fault.Timeout or fault.TooLarge. What the engine says of a statement
	// that it does not take is a fault of the field "query", with its place.
	SQL(ctx context.Context, q SQLQuery) (Table, error)
	// SQLProgress says how far the statement is that runs under a name; not found when it
	// has ended or not begun.
	SQLProgress(ctx context.Context, run string) (p SQLProgress, found bool, err error)
	// Tables describes what there is to be asked.
	Tables(ctx context.Context) ([]TableInfo, error)
}

// SQLQuery is a statement to run.
type SQLQuery struct {
	Text  string
	Range Range
	Limit int
	Run   string // what SQLProgress is asked by; may be empty
}

// SQLProgress is how far a statement is.
type SQLProgress struct {
	Rows, Bytes uint64 // read so far
	TotalRows   uint64 // to read, as far as is known by now
	Memory      int64  // bytes held
	Elapsed     time.Duration
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

// Run runs a statement. run, if not empty, is the name by which its asker may ask how far
// it is.
func (s *SQLService) Run(ctx context.Context, q SQLQuery) (Table, error) {
	switch {
	case strings.TrimSpace(q.Text) == "":
		return Table{}, fault.Field("query", i18n.T("Write a statement, for example SELECT service, count() FROM spans WHERE time >= {from:DateTime64(9)} GROUP BY service.",
			"SQL 文を入力してください（例: SELECT service, count() FROM spans WHERE time >= {from:DateTime64(9)} GROUP BY service）。"))
	case len(q.Text) > MaxSQL:
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
	q.Run = ownRun(ctx, q.Run)
	return s.reader.SQL(ctx, q)
}

// Progress says how far a run of the asker's is; the zero value when it is not running.
func (s *SQLService) Progress(ctx context.Context, run string) (SQLProgress, bool, error) {
	return s.reader.SQLProgress(ctx, ownRun(ctx, run))
}

// ownRun makes a run's name its asker's own: nobody sees how far another's is.
func ownRun(ctx context.Context, run string) string {
	if run == "" {
		return ""
	}
	who := authz.From(ctx)
	return string(who.Kind) + ":" + who.UserID + ":" + run
}

// Tables describes what there is to be asked.
func (s *SQLService) Tables(ctx context.Context) ([]TableInfo, error) { return s.reader.Tables(ctx) }
