package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// ErrNoRows is what Row.Scan returns when the query selected nothing.
var ErrNoRows = sql.ErrNoRows

// Tx is a running transaction. It belongs to the function that received it, and to one
// goroutine.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect Dialect
	err     error // the first statement that failed
}

// Dialect says which database it is.
func (tx *Tx) Dialect() Dialect { return tx.dialect }

// Exec runs a statement and says how many rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := checkArgs(args); err != nil {
		return 0, err
	}
	res, err := tx.tx.ExecContext(tx.ctx, tx.translate(query), args...)
	if err != nil {
		return 0, tx.failed(err)
	}
	return res.RowsAffected()
}

// Row is one row of an answer.
type Row interface{ Scan(dest ...any) error }

type row struct {
	tx  *Tx
	row *sql.Row
	err error
}

// Scan reads the row's columns.
func (r row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	err := r.row.Scan(dest...)
	if err != nil && !errors.Is(err, ErrNoRows) {
		return r.tx.failed(err)
	}
	return err
}

// QueryRow selects one row; ErrNoRows when there is none.
func (tx *Tx) QueryRow(query string, args ...any) Row {
	if err := checkArgs(args); err != nil {
		return row{err: err}
	}
	return row{tx: tx, row: tx.tx.QueryRowContext(tx.ctx, tx.translate(query), args...)}
}

// Collect selects rows and makes a value of each. Without rows it is empty, not nil.
func Collect[T any](tx *Tx, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	out := []T{}
	err := tx.Each(func(r Row) error {
		v, err := scan(r)
		out = append(out, v)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Each selects rows and calls f with each. F must not use tx: a connection answers one
// query at a time.
func (tx *Tx) Each(f func(Row) error, query string, args ...any) error {
	if err := checkArgs(args); err != nil {
		return err
	}
	rows, err := tx.tx.QueryContext(tx.ctx, tx.translate(query), args...)
	if err != nil {
		return tx.failed(err)
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return tx.failed(err)
	}
	return nil
}

func (tx *Tx) failed(err error) error {
	if tx.err == nil {
		tx.err = err
	}
	return err
}

func checkArgs(args []any) error {
	for _, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			return fault.New(fault.Invalid, i18n.T(
				"A text contains characters that cannot be stored (NUL or invalid UTF-8).",
				"保存できない文字（NUL または不正な UTF-8）が含まれています。"))
		}
	}
	return nil
}

var translated sync.Map // query → query for SQLite; stores have a fixed set of them

// translate gives SQLite numbered parameters. It knows $1 too, but as a name, and
// numbers names as they appear: $2 before $1 would silently swap the arguments.
func (tx *Tx) translate(query string) string {
	if tx.dialect != SQLite {
		return query
	}
	if q, ok := translated.Load(query); ok {
		return q.(string)
	}
	q := numbered(query)
	translated.Store(query, q)
	return q
}

// numbered turns $n into ?n outside quotes and comments.
func numbered(query string) string {
	var b strings.Builder
	for i := 0; i < len(query); i++ {
		c := query[i]
		end := -1
		switch {
		case c == '\'' || c == '"':
			end = strings.IndexByte(query[i+1:], c)
		case strings.HasPrefix(query[i:], "--"):
			end = strings.IndexByte(query[i+1:], '\n')
		case c == '$' && i+1 < len(query) && query[i+1] >= '1' && query[i+1] <= '9':
			c = '?'
		}
		if end >= 0 {
			b.WriteString(query[i : i+end+2])
			i += end + 1
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
