package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/engine/rss"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Options say what to run and where.
type Options struct {
	Exe     string   // the program to start; it must call Main with ParseArgs of what follows Args
	Args    []string // before the engine's flags, for example "engine"
	Env     []string // of the child, beside the little it inherits (PATH, TZ, the language)
	DataDir string   // the engine's own folder; nobody else may write there
	Socket  string   // "" is engine.sock in DataDir
	Lib     string   // path of libchdb.so, see FindLib

	MaxMemory  int64
	MaxThreads int
	MaxQuery   time.Duration // 0 is DefaultMaxQuery

	Clock clock.Clock
	Log   *slog.Logger
}

// Phase is where the child is in its life.
type Phase string

// The phases.
const (
	Starting Phase = "starting" // the process runs and does not answer yet
	Ready    Phase = "ready"
	Backoff  Phase = "backoff" // it ended; waiting before the next start
	Stopped  Phase = "stopped" // by Stop; for good
)

// State is what is known of the child now.
type State struct {
	Phase     Phase
	PID       int // 0 when no process runs
	Since     time.Time
	Restarts  int        // how often it was started again
	LastError string     // why it last ended or did not answer; "" if it never did
	Memory    rss.Memory // zero when unknown
	LastEnd   time.Time  // when it last ended by itself; zero if it never did
	Crashes   int        // how often it was ready and then ended by a fault of its own
	LastCrash string     // how; "" if it never did
}

// pace is how patient the supervisor is.
type pace struct {
	backoffMin, backoffMax time.Duration
	ranWell                time.Duration // ready for so long, and the next backoff starts small again
	pingStarting           time.Duration
	pingReady              time.Duration
	pingTimeout            time.Duration
	pingMisses             int           // on end, and the child counts as hung
	startMax               time.Duration // many parts take long to load
	stopMax                time.Duration
}

var defaultPace = pace{
	backoffMin: 200 * time.Millisecond, backoffMax: 30 * time.Second, ranWell: time.Minute,
	pingStarting: 50 * time.Millisecond, pingReady: 2 * time.Second, pingTimeout: 5 * time.Second, pingMisses: 6,
	startMax: 10 * time.Minute, stopMax: 20 * time.Second,
}

// socketMax is what a unix socket's path may measure: 104 bytes on macOS, 108 on Linux,
// the closing zero included.
const socketMax = 100

// Supervisor keeps one engine child running. Its methods may be called from anywhere.
type Supervisor struct {
	opt    Options
	pace   pace
	dial   net.Dialer
	http   *http.Client
	shared string // the temporary folder of a socket whose own path was too long

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed and replaced whenever state changes

	stop    context.CancelFunc
	stopped chan struct{}
}

// Start starts the child and returns without waiting for it to be ready. The child lives
// until Stop: the end of ctx does not stop it, for others may still have to write.
func Start(ctx context.Context, opt Options) (*Supervisor, error) {
	return start(ctx, opt, defaultPace)
}

func start(ctx context.Context, opt Options, pace pace) (*Supervisor, error) {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.MaxQuery <= 0 {
		opt.MaxQuery = DefaultMaxQuery
	}
	if !isFile(opt.Lib) {
		_, err := FindLib(opt.Lib, opt.Exe)
		return nil, err
	}
	dir, err := filepath.Abs(opt.DataDir)
	if err != nil {
		return nil, err
	}
	opt.DataDir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, i18n.F(
			"The engine's data folder %s cannot be made.", "エンジンのデータフォルダー %s を作成できません。", dir))
	}
	s := &Supervisor{opt: opt, pace: pace, changed: make(chan struct{}), stopped: make(chan struct{})}
	if s.opt.Socket == "" {
		s.opt.Socket = filepath.Join(dir, "engine.sock")
	}
	if len(s.opt.Socket) > socketMax {
		if s.shared, err = os.MkdirTemp("", "yagura-"); err != nil { // made for this user alone
			return nil, err
		}
		s.opt.Socket = filepath.Join(s.shared, "e.sock")
	}
	s.http = &http.Client{Transport: &http.Transport{
		DialContext:  func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) },
		MaxIdleConns: 1,
	}}
	s.state = State{Phase: Starting, Since: opt.Clock.Now()}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	go s.run(run)
	return s, nil
}

// Socket is the path of the child's unix socket.
func (s *Supervisor) Socket() string { return s.opt.Socket }

// Dial connects to the child. It fails while the child is away; the caller tries again.
func (s *Supervisor) Dial(ctx context.Context) (net.Conn, error) {
	c, err := s.dial.DialContext(ctx, "unix", s.opt.Socket)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, i18n.T(
			"The storage engine is not available at the moment. It restarts by itself.",
			"ストレージエンジンが一時的に利用できません。自動的に再起動します。"))
	}
	return c, nil
}

// State says how the child is.
func (s *Supervisor) State() State {
	s.mu.Lock()
	st := s.state
	s.mu.Unlock()
	if st.PID != 0 {
		if m, err := rss.Of(st.PID); err == nil {
			st.Memory = m
		}
	}
	return st
}

// WaitReady waits until the child answers. It fails when ctx ends or after Stop.
func (s *Supervisor) WaitReady(ctx context.Context) error {
	for {
		s.mu.Lock()
		st, changed := s.state, s.changed
		s.mu.Unlock()
		switch st.Phase {
		case Ready:
			return nil
		case Stopped:
			return fault.New(fault.Unavailable, i18n.T("The storage engine is stopped.", "ストレージエンジンは停止しています。"))
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(errors.Join(ctx.Err(), lastError(st)), fault.Unavailable, i18n.T(
				"The storage engine is not ready yet.", "ストレージエンジンの準備がまだできていません。"))
		case <-changed:
		}
	}
}

func lastError(st State) error {
	if st.LastError == "" {
		return nil
	}
	return errors.New(st.LastError)
}

// Stop ends the child: asks it, and kills it when it does not hear or ctx ends.
func (s *Supervisor) Stop(ctx context.Context) error {
	s.stop()
	select {
	case <-s.stopped:
		return nil
	case <-ctx.Done():
		if pid := s.State().PID; pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		<-s.stopped
		return ctx.Err()
	}
}

func (s *Supervisor) set(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.state.Phase
	change(&s.state)
	if s.state.Phase != before {
		s.state.Since = s.opt.Clock.Now()
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// run starts the child again and again. It keeps its thread to itself to the end, because
// the kernel ends the child when the thread that started it does.
func (s *Supervisor) run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.stopped)
	defer func() {
		if s.shared != "" {
			_ = os.RemoveAll(s.shared)
		}
		s.http.CloseIdleConnections()
		s.set(func(st *State) { st.Phase, st.PID = Stopped, 0 })
	}()
	wait := s.pace.backoffMin
	for {
		ready, err := s.once(ctx)
		if ctx.Err() != nil {
			return
		}
		now := s.opt.Clock.Now()
		if !ready.IsZero() && now.Sub(ready) >= s.pace.ranWell {
			wait = s.pace.backoffMin
		}
		s.opt.Log.Error("engine ended", "error", err, "next_start_in", wait)
		s.set(func(st *State) {
			st.Phase, st.PID, st.LastError, st.LastEnd = Backoff, 0, err.Error(), now
			if how, yes := crashed(err); yes && !ready.IsZero() {
				st.Crashes++
				st.LastCrash = how
			}
		})
		if s.opt.Clock.Sleep(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, s.pace.backoffMax)
		s.set(func(st *State) { st.Phase = Starting; st.Restarts++ })
	}
}

// exitPanic is how a Go program ends that panicked or met a signal it cannot go on after,
// be that in the library.
const exitPanic = 2

// crashed says whether a child ended by a fault of its own, and how. A kill is none,
// whoever sent it (the kernel does when memory runs out), and neither is an end that the
// child chose.
func crashed(err error) (how string, yes bool) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return "", false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
	case status.Signaled():
		switch status.Signal() {
		case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGABRT, syscall.SIGFPE, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGSYS:
			return exit.String(), true
		}
	case status.Exited() && status.ExitStatus() == exitPanic:
		return exit.String(), true
	}
	return "", false
}

// once runs one child to its end. ready is when it first answered, zero if it never did.
func (s *Supervisor) once(ctx context.Context) (ready time.Time, err error) {
	child := ChildConfig{
		DataDir: s.opt.DataDir, Socket: s.opt.Socket, Lib: s.opt.Lib,
		MaxMemory: s.opt.MaxMemory, MaxThreads: s.opt.MaxThreads, MaxQuery: s.opt.MaxQuery, Confine: true,
	}
	cmd := exec.Command(s.opt.Exe, append(append([]string{}, s.opt.Args...), child.Args()...)...)
	// The library reads config.xml from the working folder and the home: both are ours.
	cmd.Dir = s.opt.DataDir
	cmd.Env = append(append(childEnv(cmd.Environ()), s.opt.Env...), "HOME="+s.opt.DataDir)
	bind(cmd)
	stdin, err := cmd.StdinPipe() // held open: its end tells the child that we are gone
	if err != nil {
		return ready, err
	}
	defer func() { _ = stdin.Close() }()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return ready, err
	}
	cmd.Stdout = nil
	if err := cmd.Start(); err != nil {
		return ready, err
	}
	s.set(func(st *State) { st.PID = cmd.Process.Pid })
	ended := make(chan error, 1)
	go func() {
		last := relay(stderr, s.opt.Log)
		err := cmd.Wait()
		if err == nil {
			err = errors.New("exit status 0")
		}
		if last != "" {
			err = fmt.Errorf("%w: %s", err, last)
		}
		ended <- err
	}()
	return s.watch(ctx, cmd, stdin, ended)
}

// childEnv keeps of an environment what the child needs. The server's secrets are in there
// too, and the child runs SQL.
func childEnv(env []string) []string {
	var keep []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "PATH", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "MALLOC_CONF", "GODEBUG", "GOTRACEBACK", "PWD":
			keep = append(keep, kv)
		}
	}
	return keep
}

// watch follows a running child: to ready, through its pings, to its end.
func (s *Supervisor) watch(ctx context.Context, cmd *exec.Cmd, stdin io.Closer, ended <-chan error) (ready time.Time, err error) {
	started := s.opt.Clock.Now()
	every, misses := s.pace.pingStarting, 0
	for {
		select {
		case err := <-ended:
			return ready, err
		case <-ctx.Done():
			_ = stdin.Close()
			_ = cmd.Process.Signal(syscall.SIGTERM)
			return ready, s.end(cmd, ended)
		case <-s.opt.Clock.After(every):
		}
		err := s.ping(ctx)
		switch {
		case err == nil && ready.IsZero():
			ready, every = s.opt.Clock.Now(), s.pace.pingReady
			s.opt.Log.Info("engine ready", "pid", cmd.Process.Pid, "after", ready.Sub(started))
			s.set(func(st *State) { st.Phase = Ready })
			misses = 0
		case err == nil:
			misses = 0
		case ctx.Err() != nil:
		case ready.IsZero():
			if clock.Since(s.opt.Clock, started) < s.pace.startMax {
				continue
			}
			_ = cmd.Process.Kill()
			return ready, errors.Join(fmt.Errorf("not ready after %v", s.pace.startMax), <-ended)
		default:
			misses++
			s.opt.Log.Warn("engine does not answer", "error", err, "misses", misses)
			s.set(func(st *State) { st.LastError = err.Error() })
			if misses >= s.pace.pingMisses {
				_ = cmd.Process.Kill()
				return ready, errors.Join(fmt.Errorf("killed: no answer %d times", misses), <-ended)
			}
		}
	}
}

// end waits for a child that was asked to stop.
func (s *Supervisor) end(cmd *exec.Cmd, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-s.opt.Clock.After(s.pace.stopMax):
		_ = cmd.Process.Kill()
		return <-ended
	}
}

func (s *Supervisor) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.pace.pingTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/ping", nil)
	if err != nil {
		return err
	}
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ping: %s", res.Status)
	}
	return nil
}
