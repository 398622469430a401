package face

import (
	"strconv"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

// session is a session of the engine with a database and settings of its own.
type session struct {
	*chdb.Conn
	tag  string // marks its statements in system.processes, so that they can be stopped
	key  string // what it was opened for; "" is for one statement alone
	used time.Time
}

// sessions are those that questions left behind. Opening one takes a quarter of a
// millisecond and giving it a database and settings half of one, as much as a small
// question itself, and the questions of one client have the same. A session is used again
// only for the same database and settings, after a SELECT that came to its end: nothing
// that a read-only SELECT does outlives it.
type sessions struct {
	sync.Mutex
	idle   []*session // in the order of their last use
	closed bool
}

const (
	idleMax = 8           // sessions kept
	idleFor = time.Minute // after which one that nobody asked for is closed
)

// take gives a session for a statement.
func (p *sessions) take(f *Face, st *statement) (*session, error) {
	s := &session{}
	if st.repeats() {
		s.key = st.key
		if kept := p.find(s.key); kept != nil {
			return kept, nil
		}
	}
	s.tag = "y" + strconv.FormatUint(f.seq.Add(1), 36)
	if st.queryID == "" {
		st.queryID = s.tag
	}
	var err error
	if s.Conn, err = f.cfg.Lib.Connect(f.args...); err != nil {
		return nil, err
	}
	if st.database != "" && st.database != "default" {
		err = s.Exec("USE " + ident(st.database))
	}
	if err == nil {
		err = s.Exec(st.set(s.tag))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// repeats says that a statement leaves its session as it found it, and that others may want
// the same: it has no name of its own by which it is to be found.
func (st *statement) repeats() bool {
	return st.readOnly && st.rows == nil && st.queryID == "" && st.comment == "" && selects[st.shape.first]
}

// find takes out the session that was last used with a key.
func (p *sessions) find(key string) *session {
	p.Lock()
	defer p.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if s := p.idle[i]; s.key == key {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return s
		}
	}
	return nil
}

// give takes a session back, and closes it unless its statement came to its end.
func (p *sessions) give(f *Face, s *session, well bool) {
	p.Lock()
	keep := well && s.key != "" && !p.closed
	if keep {
		s.used = f.cfg.Clock.Now()
		p.idle = append(p.idle, s)
	}
	p.Unlock()
	if !keep {
		s.Close()
	}
	p.trim(f.cfg.Clock.Now())
}

// trim closes those that are too many or that nobody has asked for in a while.
func (p *sessions) trim(now time.Time) {
	p.Lock()
	n := max(0, len(p.idle)-idleMax)
	for n < len(p.idle) && now.Sub(p.idle[n].used) > idleFor {
		n++
	}
	over := p.idle[:n:n]
	p.idle = p.idle[n:]
	p.Unlock()
	for _, s := range over {
		s.Close()
	}
}

// close closes all that are kept; those given later are closed at once.
func (p *sessions) close() {
	p.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.Unlock()
	for _, s := range idle {
		s.Close()
	}
}
