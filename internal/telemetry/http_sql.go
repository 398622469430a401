package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
)

// SQLBody is a statement.
type SQLBody struct {
	Query string `json:"query" maxLength:"100000" doc:"One SELECT (or EXPLAIN of one, or DESCRIBE TABLE) in ClickHouse's dialect. {from:DateTime64(9)} and {to:DateTime64(9)} stand for the range."`
	From  string `json:"from,omitempty" maxLength:"64" doc:"Begin of the range, as in other operations; -1h when left out."`
	To    string `json:"to,omitempty" maxLength:"64" doc:"End of the range; now when left out."`
	Run   string `json:"run,omitempty" pattern:"^[A-Za-z0-9-]{8,64}$" doc:"A name of the asker's choosing for this run, by which get-sql-run says how far it is."`
	Limit int    `json:"limit,omitempty" minimum:"1" maximum:"10000" doc:"At most so many rows; 1,000 when left out. Also at most 8 MB."`
}

// TableBody is the answer to a statement.
type TableBody struct {
	Columns []TableColumnRecord `json:"columns"`
	Rows    [][]any             `json:"rows" doc:"A cell a column. Integers beyond 2^53 are strings."`
	More    bool                `json:"more" doc:"There were more rows than the limits let through."`
	TookNS  int64               `json:"took_ns"`
	From    time.Time           `json:"from"`
	To      time.Time           `json:"to"`
}

// SQLRunRecord is how far a statement is.
type SQLRunRecord struct {
	Running   bool   `json:"running"`
	Rows      uint64 `json:"rows" doc:"Read so far."`
	Bytes     uint64 `json:"bytes" doc:"Read so far."`
	TotalRows uint64 `json:"total_rows" doc:"To read, as far as is known by now."`
	Memory    int64  `json:"memory" doc:"Bytes held."`
	ElapsedNS int64  `json:"elapsed_ns"`
}

// TableColumnRecord is a column and its type in the engine.
type TableColumnRecord struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// TableRecord is a table of the store.
type TableRecord struct {
	Name    string              `json:"name"`
	Rows    uint64              `json:"rows" doc:"About how many it has."`
	Columns []TableColumnRecord `json:"columns"`
}

// RegisterSQL adds the operations for experts.
func RegisterSQL(a *api.API, s *SQLService, c clock.Clock) {
	api.Register(a, api.Op{
		ID: "run-sql", Method: http.MethodPost, Path: "/sql", Tag: "sql", Permission: authz.TelemetryRead, Heavy: true,
		Summary:     "Ask in SQL",
		Description: "Read-only, bounded in time, memory and rows; a caller that goes away ends it. The tables are those of list-sql-tables, and no others can be named: those that Yagura stores logs, spans and figures in; their columns may change from one version to the next.",
	}, func(ctx context.Context, in *struct{ Body SQLBody }) (*api.Out[TableBody], error) {
		from, to, err := api.RangeParams{From: in.Body.From, To: in.Body.To}.Range(c)
		if err != nil {
			return nil, err
		}
		limit := in.Body.Limit
		if limit == 0 {
			limit = 1000
		}
		t, err := s.Run(ctx, SQLQuery{Text: in.Body.Query, Range: Range{From: from, To: to}, Limit: limit, Run: in.Body.Run})
		if err != nil {
			return nil, err
		}
		body := TableBody{Columns: columnRecords(t.Columns), Rows: make([][]any, len(t.Rows)), More: t.More, TookNS: int64(t.Took), From: from, To: to}
		for i, row := range t.Rows {
			body.Rows[i] = make([]any, len(row))
			for k, cell := range row {
				body.Rows[i][k] = cell
			}
		}
		return api.OK(body), nil
	})

	api.Register(a, api.Op{
		ID: "get-sql-run", Method: http.MethodGet, Path: "/sql/runs/{run}", Tag: "sql", Permission: authz.TelemetryRead,
		Summary: "How far a statement of one's own is", Description: "Of a run that has ended, or not begun, running is false.",
	}, func(ctx context.Context, in *struct {
		Run string `path:"run" pattern:"^[A-Za-z0-9-]{8,64}$"`
	}) (*api.Out[SQLRunRecord], error) {
		p, running, err := s.Progress(ctx, in.Run)
		if err != nil {
			return nil, err
		}
		return api.OK(SQLRunRecord{Running: running, Rows: p.Rows, Bytes: p.Bytes, TotalRows: p.TotalRows, Memory: p.Memory, ElapsedNS: int64(p.Elapsed)}), nil
	})

	api.Register(a, api.Op{
		ID: "list-sql-tables", Method: http.MethodGet, Path: "/sql/tables", Tag: "sql", Permission: authz.TelemetryRead,
		Summary: "The tables that can be asked in SQL, with their columns",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[TableRecord]], error) {
		tables, err := s.Tables(ctx)
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(records(tables, func(t *TableInfo) TableRecord {
			return TableRecord{Name: t.Name, Rows: t.Rows, Columns: columnRecords(t.Columns)}
		}), "")), nil
	})
}

func columnRecords(columns []TableColumn) []TableColumnRecord {
	out := make([]TableColumnRecord, len(columns))
	for i, c := range columns {
		out[i] = TableColumnRecord(c)
	}
	return out
}
