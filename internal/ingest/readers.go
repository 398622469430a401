package ingest

import (
	"container/list"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
)

// How fast a request must come: it has bodyGrace at first, and a second more for each
// bodyPace bytes that came.
const (
	bodyGrace = 15 * time.Second
	bodyPace  = 32 << 10
)

var errSlow = errors.New("the request came too slowly")

// readers are the requests whose bodies are still coming. There are at most max: one more
// ends the one that has been coming for the longest, so that senders that are silent
// keep out nobody who sends.
type readers struct {
	max   int
	grace time.Duration // bodyGrace, but in tests

	mu   sync.Mutex
	open list.List // of *bodyReader, the oldest first
}

// bodyReader reads a request's body under a deadline that moves with what came.
type bodyReader struct {
	of   *readers
	from io.Reader
	ctl  *http.ResponseController

	// Under of.mu; the response is not touched any more when in is nil.
	in   *list.Element
	slow bool

	began time.Time // by the machine's clock, which the socket's deadlines are told by
	n     int64
	until int64 // the bytes at which the deadline is moved
}

func (rs *readers) begin(rw http.ResponseWriter, from io.Reader) *bodyReader {
	b := &bodyReader{of: rs, from: from, ctl: http.NewResponseController(rw), began: clock.Real{}.Now(), until: bodyPace}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for rs.open.Len() >= rs.max {
		rs.open.Front().Value.(*bodyReader).evict()
	}
	b.in = rs.open.PushBack(b)
	b.deadline(b.began.Add(rs.grace))
	return b
}

// evict ends a reader from outside. Under of.mu.
func (b *bodyReader) evict() {
	b.slow = true
	b.deadline(b.began.Add(-time.Second))
	b.of.open.Remove(b.in)
	b.in = nil
}

// deadline is best effort: a connection that has none is one of a test's recorder.
func (b *bodyReader) deadline(t time.Time) { _ = b.ctl.SetReadDeadline(t) }

// Read reads on.
func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.n += int64(n)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return n, errSlow
	}
	if b.n >= b.until {
		b.of.mu.Lock()
		slow := b.slow
		if b.in != nil {
			b.deadline(b.began.Add(b.of.grace + time.Duration(b.n/bodyPace)*time.Second))
		}
		b.of.mu.Unlock()
		if slow && err == nil {
			return n, errSlow
		}
		b.until = b.n + bodyPace
	}
	return n, err
}

// end takes the deadline away when all was read: what comes next is our time, not the
// sender's. Of a request that is refused the deadline stays, for the server then reads
// what is left of the body.
func (b *bodyReader) end(read bool) {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	if b.in != nil {
		b.of.open.Remove(b.in)
		b.in = nil
		if read {
			b.deadline(time.Time{})
		}
	}
}
