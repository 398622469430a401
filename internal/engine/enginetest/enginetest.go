// Package enginetest gives tests of any package a real engine.
//
// The test binary is its own child process:
//
//	func TestMain(m *testing.M) { enginetest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		sup := enginetest.Start(t)          // one engine for the whole test binary
//		db := enginetest.Database(t, sup)   // a database of this test's own
//		…
//	}
//
// The library is found through YAGURA_ENGINE_LIB or at lib/libchdb.so in the repository;
// without it a test fails, for a test that skips proves nothing.
package enginetest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine"
)

// childArg is the first argument of a test binary that is to be an engine.
const childArg = "yagura-engine-child"

// Limits of a test's engine. They are small on purpose.
const (
	MaxMemory  = 2 << 30
	MaxThreads = 2
)

var shared struct {
	sync.Mutex
	sup *engine.Supervisor
	dir string
	n   int
}

// Main runs the tests, or the engine if this process was started as one. It does not
// return.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		os.Exit(child(os.Args[2:]))
	}
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.sup != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		_ = shared.sup.Stop(ctx)
		cancel()
		_ = os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

func child(args []string) int {
	c, err := engine.ParseArgs(args)
	if err == nil {
		c.Parent = os.Stdin
		err = engine.Main(context.Background(), c)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Lib finds the library or fails the test.
func Lib(t testing.TB) string {
	t.Helper()
	configured := os.Getenv("YAGURA_ENGINE_LIB")
	if configured == "" {
		root, err := repoRoot()
		if err != nil {
			t.Fatal(err)
		}
		configured = filepath.Join(root, "lib", "libchdb.so")
	}
	path, err := engine.FindLib(configured, "")
	if err != nil {
		t.Fatalf("the engine's library is needed by this test: run `make engine`, or set YAGURA_ENGINE_LIB: %v", err)
	}
	return path
}

func repoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above the working folder")
		}
		dir = up
	}
}

// Options are what Start and Own start with, for a test that wants to change something.
func Options(t testing.TB, dir string) engine.Options {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return engine.Options{
		Exe: exe, Args: []string{childArg}, DataDir: dir, Lib: Lib(t),
		MaxMemory: MaxMemory, MaxThreads: MaxThreads, MaxQuery: 60 * time.Second,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// Start gives the engine that all tests of this binary share, ready.
func Start(t testing.TB) *engine.Supervisor {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.sup == nil {
		dir, err := os.MkdirTemp("", "yagura-enginetest-")
		if err != nil {
			t.Fatal(err)
		}
		sup, err := engine.Start(context.Background(), Options(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		shared.sup, shared.dir = sup, dir
	}
	wait(t, shared.sup)
	return shared.sup
}

// Own gives an engine of this test's own, to be killed and restarted at will.
func Own(t testing.TB, change func(*engine.Options)) *engine.Supervisor {
	t.Helper()
	opt := Options(t, t.TempDir())
	if change != nil {
		change(&opt)
	}
	sup, err := engine.Start(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := sup.Stop(ctx); err != nil {
			t.Errorf("stop the engine: %v", err)
		}
	})
	wait(t, sup)
	return sup
}

func wait(t testing.TB, sup *engine.Supervisor) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := sup.WaitReady(ctx); err != nil {
		t.Fatalf("the engine did not get ready: %v", err)
	}
}

// Database makes an empty database of this test's own and drops it at the test's end.
func Database(t testing.TB, sup *engine.Supervisor) string {
	t.Helper()
	shared.Lock()
	shared.n++
	name := fmt.Sprintf("test_%d", shared.n)
	shared.Unlock()
	Exec(t, sup, "CREATE DATABASE "+name, nil)
	t.Cleanup(func() { Exec(t, sup, "DROP DATABASE IF EXISTS "+name+" SYNC", nil) })
	return name
}

// Exec runs a statement and gives its answer, TabSeparated unless it says otherwise.
func Exec(t testing.TB, sup *engine.Supervisor, query string, args url.Values) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/?"+args.Encode(), strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	cl := Client(sup)
	defer cl.CloseIdleConnections()
	res, err := cl.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s %v", query, res.Status, b, err)
	}
	return string(b)
}

// Client is an HTTP client of the engine, for URLs like http://engine/.
func Client(sup *engine.Supervisor) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return sup.Dial(ctx) },
	}}
}
