package kit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/demo/sim"
)

// DB is a SQLite database of a service, with a pool of connections.
type DB struct {
	s    *Service
	sql  *sql.DB
	sem  *sim.Sem
	size int
	pool string
	c    *connector
}

// Open opens a database file through a pool of size connections.
func (s *Service) Open(path, namespace, pool string, size int) *DB {
	c := &connector{w: s.World, dsn: "file:" + path + "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(0)"}
	db := otelsql.OpenDB(c,
		otelsql.WithTracerProvider(provider{s: s}), otelsql.WithMeterProvider(noop.NewMeterProvider()),
		otelsql.WithAttributes(attribute.String("db.system.name", "sqlite"), attribute.String("db.namespace", namespace),
			attribute.String("server.address", namespace+"-db")),
		otelsql.WithSpanNameFormatter(func(_ context.Context, m otelsql.Method, query string) string {
			return shapeOf(m, query).name
		}),
		otelsql.WithAttributesGetter(describe),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			OmitConnResetSession: true, OmitRows: true, OmitConnectorConnect: true, OmitConnPrepare: true,
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				return trace.SpanContextFromContext(ctx).IsValid() // the schema is nobody's request
			},
		}))
	db.SetMaxIdleConns(size)
	d := &DB{s: s, sql: db, sem: sim.NewSem(s.World.Clock, size), size: size, pool: pool, c: c}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dbs = append(s.dbs, d)
	return d
}

// shape is what is known of a statement from its text.
type shape struct{ name, operation, table string }

var shapes sync.Map

func shapeOf(m otelsql.Method, query string) shape {
	switch m {
	case otelsql.MethodConnBeginTx:
		return shape{"BEGIN", "BEGIN", ""}
	case otelsql.MethodTxCommit:
		return shape{"COMMIT", "COMMIT", ""}
	case otelsql.MethodTxRollback:
		return shape{"ROLLBACK", "ROLLBACK", ""}
	}
	if v, ok := shapes.Load(query); ok {
		return v.(shape)
	}
	words := strings.Fields(strings.NewReplacer("(", " ", ")", " ", ",", " ").Replace(query))
	s := shape{operation: strings.ToUpper(words[0])}
	for i, w := range words[:len(words)-1] {
		if u := strings.ToUpper(w); u == "FROM" || u == "INTO" || u == "UPDATE" {
			s.table = words[i+1]
			break
		}
	}
	s.name = strings.TrimSpace(s.operation + " " + s.table)
	shapes.Store(query, s)
	return s
}

// describe adds what otelsql leaves out. Of the parameters only numbers are told: they
// are ids and limits, never what a person wrote.
func describe(_ context.Context, m otelsql.Method, query string, args []driver.NamedValue) []attribute.KeyValue {
	s := shapeOf(m, query)
	out := []attribute.KeyValue{attribute.String("db.operation.name", s.operation)}
	if s.table != "" {
		out = append(out, attribute.String("db.collection.name", s.table))
	}
	if len(args) <= 4 {
		for i, a := range args {
			if n, ok := a.Value.(int64); ok {
				out = append(out, attribute.Int64(parameter[i], n))
			}
		}
	}
	return out
}

var parameter = [...]string{"db.query.parameter.0", "db.query.parameter.1", "db.query.parameter.2", "db.query.parameter.3"}

// take waits for a connection; a wait is a span of its own, for it is time that the
// request spent.
func (d *DB) take(ctx context.Context) error {
	if d.sem.TryAcquire() {
		return nil
	}
	ctx, span := d.s.Start(ctx, "pool.acquire", trace.WithAttributes(attribute.String("db.client.connection.pool.name", d.pool)))
	defer span.End()
	return d.sem.Acquire(ctx)
}

// Exec runs a statement and tells how many rows it changed.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := d.take(ctx); err != nil {
		return 0, err
	}
	defer d.sem.Release()
	res, err := d.sql.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Tx runs f within a transaction that holds the database's write lock from its begin.
func (d *DB) Tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	if err := d.take(ctx); err != nil {
		return err
	}
	defer d.sem.Release()
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Setup runs a statement of the schema or of the first rows, which nobody asked for.
func (d *DB) Setup(query string, args ...any) error {
	_, err := d.sql.Exec(query, args...)
	return err
}

// Replanned says that an index came or went.
func (d *DB) Replanned() { d.c.plans.forget() }

// Rows reads all rows that a query gives.
func Rows[T any](ctx context.Context, d *DB, scan func(row *sql.Rows) (T, error), query string, args ...any) (out []T, err error) {
	if err := d.take(ctx); err != nil {
		return nil, err
	}
	defer d.sem.Release()
	rows, err := d.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Column reads the first column of all rows.
func Column[T any](ctx context.Context, d *DB, query string, args ...any) ([]T, error) {
	return Rows(ctx, d, func(r *sql.Rows) (v T, err error) {
		err = r.Scan(&v)
		return v, err
	}, query, args...)
}

// Value reads one value; ok says whether there was a row.
func Value[T any](ctx context.Context, d *DB, query string, args ...any) (v T, ok bool, err error) {
	all, err := Column[T](ctx, d, query, args...)
	if err != nil || len(all) == 0 {
		return v, false, err
	}
	return all[0], true, nil
}
