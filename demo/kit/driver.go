package kit

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"modernc.org/sqlite"
)

// connector opens connections to a SQLite file as to a database server: an answer takes
// a trip over the network, comes whole, and a lock is waited for by the shop's clock.
type connector struct {
	w     *World
	dsn   string
	plans plans
}

const (
	trip     = 2300 * time.Microsecond // to the database and back
	patience = 5 * time.Second         // for a lock
)

func (c *connector) Connect(context.Context) (driver.Conn, error) {
	in, err := (&sqlite.Driver{}).Open(c.dsn)
	if err != nil {
		return nil, err
	}
	full, ok := in.(sqliteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's %T is not what it was", in), in.Close())
	}
	return &conn{sqliteConn: full, c: c}, nil
}

func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }

type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
}

type conn struct {
	sqliteConn
	c *connector
}

// locked says that another connection holds what this one wants.
func locked(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == 5 || e.Code()&0xff == 6)
}

// retry tries f until the lock it wants is free, as SQLite's own busy handler would.
func (c *conn) retry(ctx context.Context, f func() error) error {
	clock := c.c.w.Clock
	end := clock.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(pause*2, 25*time.Millisecond) {
		err := f()
		if !locked(err) || clock.Now().After(end) {
			return err
		}
		if err := clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (c *conn) travel(ctx context.Context) error {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return nil // the schema is made before the doors open
	}
	return c.c.w.Clock.Sleep(ctx, c.c.w.Dice.Around(trip))
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (tx driver.Tx, err error) {
	if err := c.travel(ctx); err != nil {
		return nil, err
	}
	err = c.retry(ctx, func() error {
		tx, err = c.sqliteConn.BeginTx(ctx, o)
		return err
	})
	return tx, err
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (res driver.Result, err error) {
	if err := c.travel(ctx); err != nil {
		return nil, err
	}
	if err := c.charge(ctx, query, args); err != nil {
		return nil, err
	}
	err = c.retry(ctx, func() error {
		res, err = c.sqliteConn.ExecContext(ctx, query, args)
		return err
	})
	return res, err
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (out driver.Rows, err error) {
	if err := c.travel(ctx); err != nil {
		return nil, err
	}
	if err := c.charge(ctx, query, args); err != nil {
		return nil, err
	}
	err = c.retry(ctx, func() error {
		in, err := c.sqliteConn.QueryContext(ctx, query, args)
		if err != nil {
			return err
		}
		out, err = whole(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	n := len(out.(*rows).values)
	trace.SpanFromContext(ctx).SetAttributes(attribute.Int("db.response.returned_rows", n))
	if c.c.w.Clock.Virtual() {
		err = c.c.w.Clock.Sleep(ctx, time.Duration(n)*4*time.Microsecond)
	}
	return out, err
}

// charge takes the time that a statement's scans would take. By the machine's clock they
// take it by themselves.
func (c *conn) charge(ctx context.Context, query string, args []driver.NamedValue) error {
	if !c.c.w.Clock.Virtual() || c.c.w.RowCost == 0 || !trace.SpanContextFromContext(ctx).IsValid() {
		return nil
	}
	n := c.c.plans.scanned(c.sqliteConn, query, args)
	if n < 100 {
		return nil
	}
	return c.c.w.Clock.Sleep(ctx, c.c.w.Dice.Around(time.Duration(n)*c.c.w.RowCost))
}

// plans remembers how many rows a statement scans, by SQLite's own plan for it.
type plans struct {
	mu   sync.Mutex
	seen map[string]*plan
}

type plan struct {
	rows int64
	uses int
}

func (p *plans) scanned(c sqliteConn, query string, args []driver.NamedValue) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = map[string]*plan{}
	}
	if have := p.seen[query]; have != nil && have.uses < 50 {
		have.uses++
		return have.rows
	}
	fresh := &plan{}
	if len(p.seen) > 1000 {
		clear(p.seen)
	}
	p.seen[query] = fresh
	ask := func(q string, args []driver.NamedValue) *rows {
		in, err := c.QueryContext(context.Background(), q, args)
		if err != nil {
			return &rows{}
		}
		out, err := whole(in)
		if err != nil {
			return &rows{}
		}
		return out
	}
	for _, step := range ask("EXPLAIN QUERY PLAN "+query, args).values {
		table, ok := strings.CutPrefix(fmt.Sprint(step[len(step)-1]), "SCAN ")
		if !ok {
			continue
		}
		table, _, _ = strings.Cut(table, " ")
		if got := ask("SELECT count(*) FROM "+table, nil).values; len(got) == 1 {
			n, _ := got[0][0].(int64)
			fresh.rows += n
		}
	}
	return fresh.rows
}

// forget makes the next use of every statement ask for its plan: an index came or went.
func (p *plans) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.seen)
}

// rows are the rows of an answer that has come whole.
type rows struct {
	columns []string
	values  [][]driver.Value
	at      int
}

func whole(in driver.Rows) (out *rows, err error) {
	defer func() { err = errors.Join(err, in.Close()) }()
	out = &rows{columns: in.Columns()}
	for {
		row := make([]driver.Value, len(out.columns))
		switch err := in.Next(row); err {
		case nil:
			out.values = append(out.values, row)
		case io.EOF:
			return out, nil
		default:
			return nil, err
		}
	}
}

func (r *rows) Columns() []string { return r.columns }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(dest []driver.Value) error {
	if r.at >= len(r.values) {
		return io.EOF
	}
	copy(dest, r.values[r.at])
	r.at++
	return nil
}
