package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/engine/chdb"
	"github.com/yagura-sre/yagura/internal/engine/face"
	"github.com/yagura-sre/yagura/internal/engine/rss"
)

// ChildConfig is what the child process is told.
type ChildConfig struct {
	DataDir    string
	Socket     string
	Lib        string
	MaxMemory  int64         // bytes of private memory; 0 is no limit
	MaxThreads int           // per statement; 0 is the engine's choice
	MaxQuery   time.Duration // max_execution_time of statements that bring none

	// Confine has the kernel keep the process to its own folder, away from the rest of the
	// machine's files and from the network. Where the kernel cannot, the child runs without.
	Confine bool

	// Parent, when set, is read until it ends: then the parent is gone and so goes the child.
	Parent io.Reader
	Log    *slog.Logger
	Clock  clock.Clock
}

// DefaultMaxQuery is the limit of a statement's time where nothing else is said.
const DefaultMaxQuery = 60 * time.Second

// Args are the command-line flags that ParseArgs reads back.
func (c ChildConfig) Args() []string {
	return []string{
		"--data=" + c.DataDir, "--socket=" + c.Socket, "--lib=" + c.Lib,
		"--max-memory=" + strconv.FormatInt(c.MaxMemory, 10),
		"--max-threads=" + strconv.Itoa(c.MaxThreads),
		"--max-query-seconds=" + strconv.FormatInt(int64(c.MaxQuery/time.Second), 10),
		"--confine=" + strconv.FormatBool(c.Confine),
	}
}

// ParseArgs reads the flags of the child.
func ParseArgs(args []string) (ChildConfig, error) {
	var c ChildConfig
	var seconds int64
	fs := flag.NewFlagSet("engine", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&c.DataDir, "data", "", "data folder")
	fs.StringVar(&c.Socket, "socket", "", "unix socket to answer on")
	fs.StringVar(&c.Lib, "lib", "", "path of libchdb.so")
	fs.Int64Var(&c.MaxMemory, "max-memory", 0, "bytes of memory")
	fs.IntVar(&c.MaxThreads, "max-threads", 0, "threads per statement")
	fs.Int64Var(&seconds, "max-query-seconds", int64(DefaultMaxQuery/time.Second), "time limit of a statement")
	fs.BoolVar(&c.Confine, "confine", true, "keep to the data folder, if the kernel can")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	c.MaxQuery = time.Duration(seconds) * time.Second
	if c.DataDir == "" || c.Socket == "" || c.Lib == "" || c.MaxQuery <= 0 || fs.NArg() > 0 {
		return c, errors.New("engine: --data, --socket, --lib and a positive --max-query-seconds are needed, and nothing else")
	}
	return c, nil
}

// Go's own part of the child is small; nearly all its memory is the library's.
const goMemory = 96 << 20

// stopWait is how long a clean stop may take before the child ends anyway.
const stopWait = 15 * time.Second

// Main is the child process: it opens the library and answers on the socket until ctx
// ends, SIGTERM comes, or the parent is gone.
func Main(ctx context.Context, c ChildConfig) error {
	if c.Clock == nil {
		c.Clock = clock.Real{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	if c.Confine {
		if err := preferToDie(); err != nil { // not possible once confined
			c.Log.Warn("the engine could not offer itself to the out-of-memory killer", "error", err)
		}
		again := append(append([]string{}, os.Args...), "--confine=false")
		if fenced, err := confine(c, again); fenced {
			return fmt.Errorf("start again, confined: %w", err)
		} else if err != nil {
			c.Log.Warn("the kernel cannot confine the engine to its folder", "error", err)
		}
	}
	debug.SetMemoryLimit(goMemory)
	// A terminal's Ctrl-C is for the parent, which stops the child in its turn.
	signal.Ignore(syscall.SIGINT)
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer cancel()
	if c.Parent != nil {
		go func() {
			_, _ = io.Copy(io.Discard, c.Parent)
			cancel()
		}()
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return err
	}
	unlock, err := lockDir(c.DataDir)
	if err != nil {
		return err
	}
	defer unlock()

	lib, err := chdb.Load(c.Lib)
	if err != nil {
		return err
	}
	f, err := face.Open(face.Config{
		Lib: lib, Dir: filepath.Join(c.DataDir, "clickhouse"), MaxMemory: c.MaxMemory, MaxThreads: c.MaxThreads,
		MaxQuery: c.MaxQuery, Clock: c.Clock, Log: c.Log,
	})
	if err != nil {
		return err
	}
	ln, err := listen(c.Socket)
	if err != nil {
		return errors.Join(err, f.CloseWith(func() {}))
	}
	srv := &http.Server{
		Handler: f, ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 4 << 20,
		ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	ctx, cancelMemory := context.WithCancelCause(ctx)
	defer cancelMemory(nil)
	go watchRunaway(ctx, c, rss.Self, cancelMemory)
	go relax(ctx, c.Clock, c.Lib, c.Log)
	c.Log.Debug("engine ready", "version", f.Version(), "socket", c.Socket)

	select {
	case err = <-failed:
	case <-ctx.Done():
		if cause := context.Cause(ctx); errors.Is(cause, errRunaway) {
			// No clean stop: the memory must be free now, and what is acknowledged is on disk.
			c.Log.Error("engine ends itself", "error", cause)
			os.Exit(exitMemory)
		}
	}
	// Whatever hangs from here on, the process ends: a new one must be able to take the lock.
	go func() {
		<-c.Clock.After(stopWait)
		c.Log.Error("engine did not stop in time and ends at once", "after", stopWait)
		os.Exit(exitHung)
	}()
	stopErr := f.CloseWith(func() { _ = srv.Close() })
	if stopErr != nil {
		// Known to happen after a clean stop; nothing is lost by it.
		c.Log.Debug("engine shutdown", "error", stopErr)
	}
	_ = os.Remove(c.Socket)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// Exit codes of a child that ends by its own decision, for the supervisor's log.
const (
	exitHung   = 70
	exitMemory = 71
)

var errRunaway = errors.New("the process holds half as much memory again as it may, and stopping statements did not help")

// watchRunaway is the last bound on memory: over one and a half times the limit for ten
// looks on end, the process gives up.
func watchRunaway(ctx context.Context, c ChildConfig, look func() (rss.Memory, error), giveUp context.CancelCauseFunc) {
	if c.MaxMemory <= 0 {
		return
	}
	over := 0
	for c.Clock.Sleep(ctx, 500*time.Millisecond) == nil {
		m, err := look()
		if err != nil {
			return
		}
		if m.Private <= c.MaxMemory/2*3 {
			over = 0
		} else if over++; over >= 10 {
			giveUp(fmt.Errorf("%w: %d of %d bytes", errRunaway, m.Private, c.MaxMemory))
			return
		}
	}
}

// listen opens the socket for this user alone. A socket left behind by a child that was
// killed is removed: the folder's lock says that nobody answers on it.
func listen(socket string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ln, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	return ln, os.Chmod(socket, 0o600)
}
