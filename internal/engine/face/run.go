package face

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

// hello is what clickhouse-go asks first. It is answered here with revision 0, so that
// the client takes every later block in the plain Native format, which is what the
// library writes.
const hello = "SELECT displayName(), version(), revision(), timezone()"

func (f *Face) statement(w http.ResponseWriter, r *http.Request) {
	f.open.RLock()
	defer f.open.RUnlock()
	if f.base.Err() != nil {
		answerError(w, errClosing)
		return
	}
	st, err := parse(r, f.cfg.MaxQuery)
	h := w.Header()
	h.Set("X-ClickHouse-Server-Display-Name", "yagura")
	h.Set("X-ClickHouse-Timezone", f.timezone)
	if err != nil {
		answerError(w, err)
		return
	}
	if st.text == hello && st.format == "Native" {
		f.answerHello(w, st)
		return
	}
	ln := f.queries
	if st.rows != nil {
		ln = f.inserts
	}
	if err := f.memory.check(); err != nil {
		answerError(w, err)
		return
	}
	release, err := ln.take(r.Context())
	if err != nil {
		answerError(w, err)
		return
	}
	defer release()

	st.key = st.database + "\n" + st.set("")
	s, err := f.sessions.take(f, st)
	if err != nil {
		answerError(w, err)
		return
	}
	well := false
	defer func() { f.sessions.give(f, s, well) }()
	if st.queryID == "" {
		st.queryID = s.tag
	}
	h.Set("X-ClickHouse-Query-Id", st.queryID)
	if st.rows != nil {
		if st.readOnly {
			answerError(w, chdb.New(codeReadonly, "READONLY", "Cannot insert in readonly mode"))
			return
		}
		f.insert(w, r, s, st)
		return
	}
	class, err := f.allowed(s.Conn, st)
	if err != nil {
		answerError(w, err)
		return
	}
	if st.readOnly {
		if err := f.guard(s.Conn, st, class); err != nil {
			answerError(w, err)
			return
		}
	}
	if class != chdb.ReadOnly || !selects[st.shape.first] {
		st.whole = true // the library streams nothing else
	}
	well = f.query(w, r, s, st) && class == chdb.ReadOnly
}

// controls are the statements that the parser calls Control and that a server allows. The
// rest of that class writes files (INTO OUTFILE, INTO FUNCTION) or needs a session.
var controls = map[string]bool{
	"SYSTEM": true, "KILL": true, "SET": true, "USE": true, "DETACH": true, "ATTACH": true, "BACKUP": true, "RESTORE": true,
}

// selects are the first words of statements whose answer can be streamed.
var selects = map[string]bool{"SELECT": true, "WITH": true, "FROM": true}

// allowed asks the engine's own parser what the text is and refuses what a ClickHouse
// server would.
func (f *Face) allowed(conn *chdb.Conn, st *statement) (chdb.Class, error) {
	n, class, err := conn.Classify(st.text)
	switch {
	case err != nil:
	case n > 1:
		err = chdb.New(codeSyntax, "SYNTAX_ERROR", "Multi-statements are not allowed")
	case class == chdb.Control && !controls[st.shape.first]:
		err = chdb.New(codeNoOutfile, "INTO_OUTFILE_NOT_ALLOWED", "Statements that write local files are not allowed")
	}
	return class, err // what does not parse is run, for the engine's error
}

// watch stops the statement when its client goes away, when the face closes, or when it
// outlives its limit. The caller calls done when the statement is over.
func (f *Face) watch(ctx context.Context, tag string, limit time.Duration) (done func()) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-over:
			return
		case <-ctx.Done():
		case <-f.base.Done():
		case <-f.cfg.Clock.After(limit + grace):
		}
		// Again and again, because the statement may not be in the engine's list yet.
		for again := 25 * time.Millisecond; ; again = min(2*again, time.Second) {
			if err := f.kill(tag); err != nil {
				f.cfg.Log.Warn("a statement could not be stopped", "statement", tag, "error", err)
			}
			select {
			case <-over:
				return
			case <-f.cfg.Clock.After(again):
			}
		}
	})
	return func() { close(over); wg.Wait() }
}

func (f *Face) kill(tag string) error {
	_, err := f.ask("KILL QUERY WHERE startsWith(concat(Settings['log_comment'], ' '), " + quote(tag+" ") + ") ASYNC")
	return err
}

// query answers a statement, and says whether it came to its end.
func (f *Face) query(w http.ResponseWriter, r *http.Request, s *session, st *statement) (well bool) {
	done := f.watch(r.Context(), s.tag, st.limit)
	defer done()
	rc := http.NewResponseController(w)
	// A client that stops reading must not hold its slot for ever. The next request on
	// this connection starts without a deadline.
	_ = rc.SetWriteDeadline(f.cfg.Clock.Now().Add(st.limit + grace))
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	format := st.answerFormat()
	h := w.Header()
	h.Set("Content-Type", contentType(format))
	h.Set("X-ClickHouse-Format", format)
	if st.whole {
		return f.answerWhole(w, s.Conn, st)
	}
	rows, err := s.Stream(st.text, st.format, st.params)
	if err != nil {
		answerError(w, err)
		return false
	}
	defer rows.Close()
	// The first piece is fetched before the status goes out: most errors come with it.
	chunk, err := rows.Next()
	if err != nil {
		answerError(w, err)
		return false
	}
	mark := newTag()
	h.Set("X-ClickHouse-Exception-Tag", mark)
	if len(chunk) == 0 {
		summary(h, rows.Stats())
		h.Set("Content-Length", "0")
		return true
	}
	for len(chunk) > 0 {
		if _, err := w.Write(chunk); err != nil {
			return false // the client is gone; the deferred Close cancels
		}
		_ = rc.Flush()
		if chunk, err = rows.Next(); err != nil {
			breakOff(w, err, mark)
		}
	}
	return true
}

func (f *Face) answerWhole(w http.ResponseWriter, conn *chdb.Conn, st *statement) (well bool) {
	res, err := conn.Query(st.text, st.format, st.params)
	if err != nil {
		answerError(w, err)
		return false
	}
	defer res.Close()
	summary(w.Header(), res.Stats())
	b := res.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
	return true
}

// breakOff ends an answer that has begun: the exception for those who look for it, and a
// broken connection so that nobody takes the answer for whole.
func breakOff(w http.ResponseWriter, err error, mark string) {
	_, _ = w.Write(frame(err, mark))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// pieces are the buffers through which rows go into the library.
var pieces = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// drainMax is how much of a body is read and dropped after an insert has failed, so that
// the client gets to read why.
const drainMax = 256 << 20

func (f *Face) insert(w http.ResponseWriter, r *http.Request, s *session, st *statement) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(f.cfg.Clock.Now().Add(st.limit + grace))
	fail := func(err error) {
		_, _ = io.CopyN(io.Discard, st.rows, drainMax)
		answerError(w, err)
	}
	// A client that goes away while it sends is seen by its body; while the engine writes
	// the last block it may finish, the same as a client that went away a moment later.
	done := f.watch(context.WithoutCancel(r.Context()), s.tag, st.limit)
	defer done()
	ins, err := s.Insert(st.text[:st.shape.rowsFrom], st.shape.format, st.params)
	if err != nil {
		fail(err)
		return
	}
	defer ins.Close()
	buf := pieces.Get().(*[]byte)
	defer pieces.Put(buf)
	var fuse fuse
	for {
		n, err := st.rows.Read(*buf)
		if n > 0 {
			fuse.pass((*buf)[:n])
			if err := ins.Append((*buf)[:n]); err != nil {
				if _, err = ins.Done(); err == nil {
					err = errors.New("the engine stopped the insert without saying why")
				}
				fail(err)
				return
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			answerError(w, bad("The body ended early, nothing of it was inserted: %v", err))
			return
		}
	}
	_ = rc.SetReadDeadline(time.Time{}) // the engine may now take its time
	stats, err := ins.Done()
	if err != nil {
		answerError(w, err)
		return
	}
	fuse.done()
	summary(w.Header(), stats)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// summary says what a statement did, as ClickHouse's header does.
func summary(h http.Header, s chdb.Stats) {
	h.Set("X-ClickHouse-Summary", fmt.Sprintf(`{"read_rows":"%d","read_bytes":"%d","written_rows":"%d","written_bytes":"%d"}`,
		s.RowsRead, s.BytesRead, s.RowsWritten, s.BytesWritten))
}

func (f *Face) answerHello(w http.ResponseWriter, st *statement) {
	col := func(s string) *proto.ColStr { c := &proto.ColStr{}; c.Append(s); return c }
	rev := proto.ColUInt32{0}
	in := proto.Input{
		{Name: "displayName()", Data: col("yagura")},
		{Name: "version()", Data: col(f.version)},
		{Name: "revision()", Data: &rev},
		{Name: "timezone()", Data: col(f.timezone)},
	}
	var buf proto.Buffer
	if err := (proto.Block{Columns: len(in), Rows: 1}).EncodeBlock(&buf, st.protocol, in); err != nil {
		answerError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-ClickHouse-Format", "Native")
	w.Header().Set("Content-Length", strconv.Itoa(len(buf.Buf)))
	_, _ = w.Write(buf.Buf)
}
