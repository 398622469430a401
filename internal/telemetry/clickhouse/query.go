package clickhouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// plainNative is the name under which we ask for blocks as they are in frames: the format
// Native, of protocol version 0. clickhouse-go asks for its own version in every request,
// so plainBlocks, below it, takes that back for these.
const plainNative = "PlainNative"

type plainBlocks struct{ next http.RoundTripper }

func (p plainBlocks) RoundTrip(r *http.Request) (*http.Response, error) {
	if args := r.URL.Query(); args.Get("default_format") == plainNative {
		args.Set("default_format", "Native")
		args.Set("client_protocol_version", "0")
		r = r.Clone(r.Context())
		r.URL.RawQuery = args.Encode()
	}
	return p.next.RoundTrip(r)
}

// blocksOf runs a question and hands over its answer's blocks as they come.
func (s *Store) blocksOf(ctx context.Context, q *statement, each func(block, int) error) (err error) {
	ctx, answered := telemetry.Asking(ctx, q.String())
	defer func() { answered(err) }()
	r, err := s.reads.QueryFormat(ctx, plainNative, q.String(), q.params...)
	if err != nil {
		return s.explain(ctx, fmt.Errorf("%w, of: %s", err, q.String()))
	}
	defer func() { _ = r.Close() }()
	in := proto.NewReader(bufio.NewReaderSize(r, 64<<10))
	for {
		cols, n, err := readBlock(in)
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return s.explain(ctx, fmt.Errorf("%w, of: %s", err, q.String()))
		}
		if n > 0 {
			if err := each(cols, n); err != nil { // what is left of the answer is not made
				return err
			}
		}
	}
}

// answer runs a question whose answer is small, and hands over its rows.
func (s *Store) answer(ctx context.Context, q *statement, each func(driver.Rows) error) (err error) {
	ctx, answered := telemetry.Asking(ctx, q.String())
	defer func() { answered(err) }()
	rows, err := s.reads.Query(ctx, q.String(), q.params...)
	if err != nil {
		return s.explain(ctx, fmt.Errorf("%w, of: %s", err, q.String()))
	}
	for rows.Next() && err == nil {
		err = each(rows)
	}
	if e := rows.Close(); err == nil {
		err = e
	}
	if e := rows.Err(); err == nil {
		err = e
	}
	if err != nil {
		return s.explain(ctx, fmt.Errorf("%w, of: %s", err, q.String()))
	}
	return nil
}

// limited bounds a whole reading, of however many questions, to the time of one.
func (s *Store) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.opt.MaxQuery)
}

// selection is a telemetry.Query made ready: the same condition for every window of time.
type selection struct {
	signal   telemetry.Signal
	from, to int64
	env      string
	filter   filter.Node
}

func newSelection(signal telemetry.Signal, q telemetry.Query) selection {
	return selection{signal: signal, from: unixNano(q.From), to: unixNano(q.To), env: q.Env, filter: q.Filter}
}

// selection is newSelection, confined to the time of the trace that the filter asks for, if
// it asks for one: a trace is found without looking through the range. The context that it
// gives is for the selection's questions.
func (s *Store) selection(ctx context.Context, signal telemetry.Signal, q telemetry.Query) (context.Context, selection, error) {
	sel := newSelection(signal, q)
	id, ok := wantedTrace(signal, q.Filter)
	if _, alone := q.Filter.(filter.Compare); !ok || !alone { // a trace's id is nothing large
		ctx = s.forBulk(ctx, sel)
	}
	if !ok {
		return ctx, sel, nil
	}
	t, ok, err := s.traceTime(ctx, signal, id)
	if err != nil {
		return ctx, sel, err
	}
	if !ok {
		sel.to = sel.from // nothing
		return ctx, sel, nil
	}
	sel.from, sel.to = max(sel.from, t.first), min(sel.to, t.last+1)
	return ctx, sel, nil
}

// wantedTrace is the trace of which every row of the filter is.
func wantedTrace(signal telemetry.Signal, n filter.Node) (telemetry.TraceID, bool) {
	switch n := n.(type) {
	case filter.And:
		for _, n := range n.Nodes {
			if id, ok := wantedTrace(signal, n); ok {
				return id, true
			}
		}
	case filter.Compare:
		if n.Op == filter.Eq && n.Pattern == nil {
			if ref := telemetry.ResolveKey(signal, n.Key); ref.Place == telemetry.Column && ref.Key == "trace_id" {
				return telemetry.ParseTraceID(n.Value)
			}
		}
	}
	return telemetry.TraceID{}, false
}

// unixNano is t within what a DateTime64(9) and an int64 hold.
func unixNano(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, minTime)):
		return minTime
	case t.After(time.Unix(0, maxTime)):
		return maxTime
	}
	return t.UnixNano()
}

// The times that rows can have: 1970 to 2106, which is what the sort key's DateTime holds.
// Ingest sees to it: what is beyond its clock-skew limit gets the time of arrival.
const (
	minTime = 0
	maxTime = (1<<32 - 1) * int64(time.Second)
)

// condition writes FROM and WHERE of the rows in [from, to).
func (sel selection) condition(q *statement, from, to int64) error {
	q.signal = sel.signal
	w, err := q.where(sel.filter)
	if err != nil {
		return err
	}
	q.text(" FROM ", sel.signal.String(), " WHERE time >= ", q.time(from), " AND time < ", q.time(to))
	if sel.env != "" {
		q.text(" AND env = ", q.str(sel.env))
	}
	if w != "1" {
		q.text(" AND ", w)
	}
	return nil
}

// logFields and spanFields are what a row is read from.
var (
	logFields  = readColumns(newLogEncoder().input)
	spanFields = readColumns(newSpanEncoder().input)
)

func readColumns(columns proto.Input) string {
	names := make([]string, 0, len(columns))
	for _, c := range columns {
		if c.Name != "folded" { // made of the others
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

func named(name string, value any) driver.NamedValue { return ch.Named(name, value) }
