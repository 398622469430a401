package face

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

// Config says what a Face opens and how far its statements may go.
type Config struct {
	Lib        *chdb.Library
	Dir        string        // the data folder
	MaxMemory  int64         // bytes; 0 is no limit
	MaxThreads int           // per statement; 0 is the engine's choice
	MaxQuery   time.Duration // max_execution_time where the client gives none
	Queries    int           // how many queries run at once; 0 is 12
	Inserts    int           // how many inserts run at once; 0 is 4
	Clock      clock.Clock
	Log        *slog.Logger
}

// queueLength is how many statements may wait in a lane before the next is refused.
const queueLength = 256

// grace is how much longer than its limit a statement may take before the face stops it,
// should the engine not.
const grace = 5 * time.Second

// Face is the open engine with its HTTP handler.
type Face struct {
	cfg      Config
	args     []string // of every session
	version  string
	timezone string
	denied   map[string]bool // functions that the guard refuses, in lower case

	passed           verdicts
	sessions         sessions
	queries, inserts *lane
	memory           memory
	seq              atomic.Uint64
	open             sync.RWMutex // held for reading by each statement, for writing to close

	// ctl is the session for the face's own needs: stopping statements, asking how the
	// engine is. It has no slot, so it works when all are taken.
	ctl struct {
		sync.Mutex
		conn *chdb.Conn
	}
	lastAlive atomic.Int64 // when the engine last answered, Unix nanoseconds
	stop      context.CancelFunc
	base      context.Context // ends when the face closes
	watchers  sync.WaitGroup
}

// Open opens the data folder. One Face per process, ever.
func Open(cfg Config) (*Face, error) {
	if cfg.Queries <= 0 {
		cfg.Queries = 12
	}
	if cfg.Inserts <= 0 {
		cfg.Inserts = 4
	}
	if cfg.MaxQuery <= 0 {
		return nil, fmt.Errorf("face: MaxQuery must be set")
	}
	f := &Face{cfg: cfg, queries: newLane(cfg.Queries, queueLength), inserts: newLane(cfg.Inserts, queueLength)}
	f.memory.limit = cfg.MaxMemory
	// async_insert=0: an acknowledged insert must be on disk. implicit_select=0: "abc" is a
	// syntax error and not "SELECT abc".
	f.args = []string{"--path=" + cfg.Dir, "--async_insert=0", "--implicit_select=0", "--allow_introspection_functions=0"}
	if cfg.MaxThreads > 0 {
		f.args = append(f.args, "--max_threads="+strconv.Itoa(cfg.MaxThreads))
	}
	server := append([]string{}, f.args...)
	if m := cfg.MaxMemory; m > 0 {
		// The process holds more than the engine counts: both copies of a table that grows,
		// pages that are free and not yet given back, Go's own part.
		f.args = append(f.args, "--max_memory_usage="+strconv.FormatInt(m/2, 10))
		server = append(server, "--max_server_memory_usage="+strconv.FormatInt(m/4*3, 10))
		// The engine sizes its caches by the machine; here they are a share of the limit.
		for name, part := range map[string]int64{
			"mark_cache_size": 16, "index_mark_cache_size": 32, "primary_index_cache_size": 16,
			"query_condition_cache_size": 64, "text_index_tokens_cache_size": 32, "text_index_header_cache_size": 32,
			"text_index_postings_cache_size": 16, "vector_similarity_index_cache_size": 1 << 20,
			"uncompressed_cache_size": 1 << 40, "index_uncompressed_cache_size": 1 << 40,
			"iceberg_metadata_files_cache_size": 1 << 20, "parquet_metadata_cache_size": 1 << 20,
		} {
			server = append(server, "--"+name+"="+strconv.FormatInt(m/part, 10))
		}
	}
	conn, err := cfg.Lib.Connect(server...)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", cfg.Dir, err)
	}
	f.ctl.conn = conn
	for q, to := range map[string]*string{"SELECT version()": &f.version, "SELECT timezone()": &f.timezone} {
		if *to, err = f.ask(q); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", q, err)
		}
	}
	if err := f.loadGuard(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("list functions: %w", err)
	}
	f.base, f.stop = context.WithCancel(context.Background())
	f.lastAlive.Store(cfg.Clock.Now().UnixNano())
	f.watchers.Add(2)
	go f.watchAlive()
	go f.watchMemory()
	return f, nil
}

// Version is the engine's version.
func (f *Face) Version() string { return f.version }

// CloseWith stops what runs, closes the sessions and stops the engine. closeServer ends
// the HTTP server's connections; it is called once statements have been told to stop.
func (f *Face) CloseWith(closeServer func()) error {
	f.stop()
	closeServer()
	f.open.Lock() // waits for the statements inside; later ones see that base has ended
	defer f.open.Unlock()
	f.watchers.Wait()
	f.sessions.close()
	f.ctl.Lock()
	f.ctl.conn.Close()
	f.ctl.Unlock()
	return f.cfg.Lib.Shutdown()
}

// ask runs a small statement of the face's own and gives its answer as text, without the
// last newline.
func (f *Face) ask(q string) (string, error) {
	f.ctl.Lock()
	defer f.ctl.Unlock()
	r, err := f.ctl.conn.Query(q, "TabSeparatedRaw", nil)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b := r.Bytes()
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	return string(b), nil
}

// aliveEvery and aliveFor: how often the engine is asked, and how long it may keep silent
// before /ping says so.
const (
	aliveEvery = 2 * time.Second
	aliveFor   = 30 * time.Second
)

func (f *Face) watchAlive() {
	defer f.watchers.Done()
	for f.cfg.Clock.Sleep(f.base, aliveEvery) == nil {
		// An error is an answer too: an engine out of memory is alive.
		if _, err := f.ask("SELECT 1"); err != nil {
			f.cfg.Log.Warn("the engine answers with an error", "error", err)
		}
		f.lastAlive.Store(f.cfg.Clock.Now().UnixNano())
		f.sessions.trim(f.cfg.Clock.Now())
	}
}

// ServeHTTP answers /ping and statements at /.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ping", "/replicas_status":
		if clock.Since(f.cfg.Clock, time.Unix(0, f.lastAlive.Load())) > aliveFor {
			http.Error(w, "the engine does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("Ok.\n"))
	case "/":
		if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		f.statement(w, r)
	default:
		http.NotFound(w, r)
	}
}
