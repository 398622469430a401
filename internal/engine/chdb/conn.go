package chdb

import (
	"errors"
	"fmt"
	"unsafe"
)

// Conn is one session of the engine. It runs one statement at a time and is not safe for
// concurrent use.
type Conn struct {
	c *calls
	// box is the library's chdb_connection*: a pointer to the handle its calls take.
	box uintptr
	h   uintptr
}

// Stats is what a statement did.
type Stats struct{ RowsRead, BytesRead, RowsWritten, BytesWritten uint64 }

// Param is a value for a {name:Type} placeholder, in ClickHouse's escaped text form.
type Param struct{ Name, Value string }

// Class says what a statement does to what outlives it.
type Class uint32

// The classes, in the library's order.
const (
	ReadOnly Class = iota
	Mutating
	MutatingGlobal
	Control
	Unknown
)

// analysis is the C struct that chdb_classify_query_n fills.
type analysis struct{ size, statements, _, class uint32 }

// Connect opens a session. args are the engine's command-line options (--path=DIR,
// --max_threads=2); those about the server count only on the first session of the process.
func (l *Library) Connect(args ...string) (*Conn, error) {
	n, v := argv(append([]string{"clickhouse"}, args...))
	box := l.c.connect(n, &v[0])
	keep(v)
	if box == 0 {
		return nil, errors.New("chdb_connect refused; the reason is on standard error")
	}
	return &Conn{c: &l.c, box: box, h: *(*uintptr)(foreign(box))}, nil
}

// Close ends the session. What it was running is cancelled.
func (c *Conn) Close() {
	if c.box != 0 {
		c.c.closeConn(c.box)
		c.box, c.h = 0, 0
	}
}

// Exec runs a statement and drops what it answers.
func (c *Conn) Exec(query string) error {
	r, err := c.Query(query, "Null", nil)
	r.Close()
	return err
}

// Result is a whole answer. Its bytes are the library's memory, valid until Close.
type Result struct {
	conn *Conn
	r    uintptr
}

// Query runs a statement and gives its whole answer in a format. Close the result,
// whatever the error.
func (c *Conn) Query(query, format string, params []Param) (*Result, error) {
	names, values := split(params)
	n, v := pin(names), pin(values)
	r := c.c.query(c.h, bytesOf(query), uintptr(len(query)), bytesOf(format), uintptr(len(format)),
		&n.ptrs[0], &n.lens[0], &v.ptrs[0], &v.lens[0], uintptr(len(params)))
	keep(query, format, n, v, names, values)
	if r == 0 {
		return nil, errors.New("chdb_query gave no result")
	}
	if msg := cString(c.c.resultError(r)); msg != "" {
		c.c.destroyResult(r)
		return nil, ParseError(msg)
	}
	return &Result{conn: c, r: r}, nil
}

// Bytes is the answer.
func (r *Result) Bytes() []byte { return r.conn.bytes(r.r) }

// Stats is what the statement did.
func (r *Result) Stats() Stats { return r.conn.stats(r.r) }

// Close frees the answer. A nil Result may be closed.
func (r *Result) Close() {
	if r != nil && r.r != 0 {
		r.conn.c.destroyResult(r.r)
		r.r = 0
	}
}

// Classify parses text without running it: how many statements it holds and the gravest
// of their classes. Text that does not parse is 0 statements of class Unknown.
func (c *Conn) Classify(query string) (statements int, class Class, err error) {
	a := analysis{size: uint32(unsafe.Sizeof(analysis{}))}
	st := c.c.classify(c.h, bytesOf(query), uintptr(len(query)), nil, 0, &a)
	keep(query)
	if st != 0 {
		return 0, Unknown, fmt.Errorf("chdb_classify_query_n answered %d", st)
	}
	return int(a.statements), Class(a.class), nil
}

func (c *Conn) bytes(r uintptr) []byte {
	n := c.c.length(r)
	p := c.c.buffer(r)
	if n == 0 || p == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(foreign(p)), n)
}

func (c *Conn) stats(r uintptr) Stats {
	return Stats{
		RowsRead: c.c.storageRows(r), BytesRead: c.c.storageBytes(r),
		RowsWritten: c.c.rowsWritten(r), BytesWritten: c.c.bytesWritten(r),
	}
}

// Rows is an answer that arrives in chunks. Close it always.
type Rows struct {
	conn   *Conn
	stream uintptr
	chunk  uintptr
	done   bool
	stats  Stats
}

// Stream starts a statement whose answer is fetched chunk by chunk.
func (c *Conn) Stream(query, format string, params []Param) (*Rows, error) {
	names, values := split(params)
	n, v := pin(names), pin(values)
	r := c.c.streamQuery(c.h, bytesOf(query), uintptr(len(query)), bytesOf(format), uintptr(len(format)),
		&n.ptrs[0], &n.lens[0], &v.ptrs[0], &v.lens[0], uintptr(len(params)))
	keep(query, format, n, v, names, values)
	if r == 0 {
		return nil, errors.New("chdb_stream_query gave no result")
	}
	if msg := cString(c.c.resultError(r)); msg != "" {
		c.c.destroyResult(r)
		return nil, ParseError(msg)
	}
	return &Rows{conn: c, stream: r}, nil
}

// Next gives the next chunk, nil at the end. The chunk is the library's memory and valid
// until the next call of Next or Close.
func (r *Rows) Next() ([]byte, error) {
	r.free()
	if r.done {
		return nil, nil
	}
	c := r.conn.c
	r.chunk = c.fetch(r.conn.h, r.stream)
	if r.chunk == 0 {
		r.done = true
		return nil, errors.New("chdb_stream_fetch_result gave no result")
	}
	if msg := cString(c.resultError(r.chunk)); msg != "" {
		r.done = true
		return nil, ParseError(msg)
	}
	s := r.conn.stats(r.chunk)
	r.stats.RowsRead += s.RowsRead
	r.stats.BytesRead += s.BytesRead
	r.stats.RowsWritten += s.RowsWritten
	r.stats.BytesWritten += s.BytesWritten
	b := r.conn.bytes(r.chunk)
	if len(b) == 0 {
		r.done = true
		return nil, nil
	}
	return b, nil
}

// Stats is what the chunks so far say of the statement.
func (r *Rows) Stats() Stats { return r.stats }

func (r *Rows) free() {
	if r.chunk != 0 {
		r.conn.c.destroyResult(r.chunk)
		r.chunk = 0
	}
}

// Close frees the answer; a statement that has not come to its end is cancelled.
func (r *Rows) Close() {
	r.free()
	if r.stream == 0 {
		return
	}
	if !r.done {
		r.conn.c.cancelQuery(r.conn.h, r.stream)
	}
	r.conn.c.destroyResult(r.stream)
	r.stream, r.done = 0, true
}

// Insert is an INSERT whose rows are pushed in. Close it always; without Done nothing of
// what was not yet written is kept.
type Insert struct {
	conn   *Conn
	stream uintptr
	done   bool
}

// Insert starts an INSERT. query is without its FORMAT clause.
func (c *Conn) Insert(query, format string, params []Param) (*Insert, error) {
	names, values := split(params)
	n, v := pin(names), pin(values)
	s := c.c.streamInsert(c.h, bytesOf(query), uintptr(len(query)), bytesOf(format), uintptr(len(format)),
		&n.ptrs[0], &n.lens[0], &v.ptrs[0], &v.lens[0], uintptr(len(params)))
	keep(query, format, n, v, names, values)
	if s == 0 {
		return nil, errors.New("chdb_stream_insert gave no stream")
	}
	if msg := cString(c.c.insertError(s)); msg != "" {
		c.c.destroyInsert(s)
		return nil, ParseError(msg)
	}
	return &Insert{conn: c, stream: s}, nil
}

// ErrInsertStopped says that the engine takes no more rows; Done tells why.
var ErrInsertStopped = errors.New("the engine stopped the insert")

// Append pushes bytes of the insert's format. The library copies them and makes the
// caller wait when it falls behind.
func (i *Insert) Append(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if i.conn.c.streamAppend(i.stream, &b[0], uintptr(len(b))) != 0 {
		return ErrInsertStopped
	}
	return nil
}

// Done commits. Only its success means that the rows are stored.
func (i *Insert) Done() (Stats, error) {
	i.done = true
	r := i.conn.c.streamDone(i.stream)
	if r == 0 {
		return Stats{}, errors.New("chdb_stream_done gave no result")
	}
	defer i.conn.c.destroyResult(r)
	if msg := cString(i.conn.c.resultError(r)); msg != "" {
		return Stats{}, ParseError(msg)
	}
	return i.conn.stats(r), nil
}

// Close frees the insert; one that was not Done is cancelled.
func (i *Insert) Close() {
	if i.stream == 0 {
		return
	}
	if !i.done {
		i.conn.c.cancelInsert(i.stream)
	}
	i.conn.c.destroyInsert(i.stream)
	i.stream = 0
}

func split(params []Param) (names, values []string) {
	for _, p := range params {
		names, values = append(names, p.Name), append(values, p.Value)
	}
	return names, values
}
