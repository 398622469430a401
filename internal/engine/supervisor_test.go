package engine_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
	"github.com/yagura-sre/yagura/internal/fault"
)

func TestLifeOfAChild(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-folder-name/", 8))
	opt := enginetest.Options(t, dir)
	start := time.Now()
	sup, err := engine.Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sup.Stop(context.Background()) }()
	if st := sup.State(); st.Phase != engine.Starting {
		t.Errorf("phase %s", st.Phase)
	}
	if err := sup.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	st := sup.State()
	t.Logf("ready after %v, memory %+v", time.Since(start), st.Memory)
	if st.Phase != engine.Ready || st.PID == 0 || st.Memory.Private < 1<<20 || st.Restarts != 0 {
		t.Errorf("state %+v", st)
	}
	if len(sup.Socket()) > 100 {
		t.Errorf("socket path too long: %s", sup.Socket())
	}
	if fi, err := os.Stat(sup.Socket()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", fi.Mode(), err)
	}
	if fi, err := os.Stat(filepath.Dir(sup.Socket())); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("socket folder: %v %v", fi.Mode(), err)
	}
	res, err := enginetest.Client(sup).Get("http://engine/ping")
	if err != nil || res.StatusCode != 200 {
		t.Errorf("ping: %v %v", res, err)
	}
	// A second engine on the same folder is refused and says why.
	second := opt
	second.Socket = filepath.Join(t.TempDir(), "s.sock")
	two, err := engine.Start(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second engine is refused", func() bool {
		return two.State().Phase == engine.Backoff && strings.Contains(two.State().LastError, "Another engine uses")
	})
	if err := two.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if sup.State().PID != st.PID || sup.State().Phase != engine.Ready {
		t.Error("the first engine was disturbed")
	}
	start = time.Now()
	if err := sup.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("stopped after %v", time.Since(start))
	if st := sup.State(); st.Phase != engine.Stopped || st.PID != 0 {
		t.Errorf("state after stop: %+v", st)
	}
	if err := syscall.Kill(st.PID, 0); err != syscall.ESRCH {
		t.Errorf("the child still lives: %v", err)
	}
	if _, err := os.Stat(sup.Socket()); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
	if err := sup.WaitReady(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("WaitReady after Stop: %v", err)
	}
	if _, err := sup.Dial(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Dial after Stop: %v", err)
	}
}

// The child must not outlive a parent that is killed.
func TestChildDiesWithItsParent(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	parent := exec.Command(exe, "-test.run=^TestParentHelper$", "-test.timeout=60s")
	parent.Env = append(os.Environ(), "ENGINE_TEST_PARENT_DIR="+dir)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(dir, "pid")
	var pid int
	eventually(t, "the parent has a child", func() bool {
		b, err := os.ReadFile(pidFile)
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(string(b))
		return err == nil
	})
	_ = parent.Process.Kill()
	_ = parent.Wait()
	eventually(t, "the orphan has ended", func() bool { return gone(pid) })
}

// gone says whether a process has ended; one that nobody waits for counts.
func gone(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || bytes.Contains(b, []byte(") Z "))
}

func TestParentHelper(t *testing.T) {
	dir := os.Getenv("ENGINE_TEST_PARENT_DIR")
	if dir == "" {
		return
	}
	sup := enginetest.Own(t, func(o *engine.Options) { o.DataDir = filepath.Join(dir, "data") })
	if err := os.WriteFile(filepath.Join(dir, "pid~"), []byte(strconv.Itoa(sup.State().PID)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "pid~"), filepath.Join(dir, "pid")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute) // until killed
}

func TestBackoffGrows(t *testing.T) {
	opt := enginetest.Options(t, t.TempDir())
	opt.Exe, opt.Args = "/bin/false", nil
	sup, err := engine.Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1800 * time.Millisecond)
	// 0.2 + 0.4 + 0.8 s: the fourth start comes at 1.4 s, the fifth at 3 s.
	if st := sup.State(); st.Restarts < 2 || st.Restarts > 3 || st.Phase == engine.Ready || st.LastError == "" {
		t.Errorf("state %+v", st)
	}
	if err := sup.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFindLib(t *testing.T) {
	dir := t.TempDir()
	exe := filepath.Join(dir, "bin", "yagura")
	lib := filepath.Join(dir, "lib", "libchdb.so")
	for _, p := range []string{exe, lib} {
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := engine.FindLib("", exe); got != lib || err != nil {
		t.Errorf("../lib: %q %v", got, err)
	}
	beside := filepath.Join(dir, "bin", "libchdb.so")
	if err := os.WriteFile(beside, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := engine.FindLib("", exe); got != beside || err != nil {
		t.Errorf("beside: %q %v", got, err)
	}
	if got, err := engine.FindLib(lib, exe); got != lib || err != nil {
		t.Errorf("configured: %q %v", got, err)
	}
	// A configured path that is wrong is an error, not a reason to look elsewhere.
	if got, err := engine.FindLib(filepath.Join(dir, "none.so"), exe); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "make engine") {
		t.Errorf("configured and missing: %q %v", got, err)
	}
}

// Slow queries, as many as there are slots and more, must not keep an insert waiting for
// a slot.
func TestInsertsPassSlowQueries(t *testing.T) {
	sup := enginetest.Own(t, nil)
	cl := enginetest.Client(sup)
	enginetest.Exec(t, sup, rowsTable, nil)
	body := block(t, 0, 20000)
	insert := func() time.Duration {
		start := time.Now()
		if st, text, err := post(t.Context(), cl, "default", "", bytes.NewReader(body)); st != 200 || err != nil {
			t.Fatal(st, text, err)
		}
		return time.Since(start)
	}
	quiet := insert()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var refused atomic.Int32
	for range 20 {
		wg.Go(func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/?"+url.Values{
				"query": {"SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"}}.Encode(), nil)
			if res, err := cl.Do(req); err == nil {
				refused.Add(1)
				_ = res.Body.Close()
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	var worst time.Duration
	for range 10 {
		worst = max(worst, insert())
	}
	threads := len(must(os.ReadDir("/proc/" + strconv.Itoa(sup.State().PID) + "/task"))(t))
	t.Logf("insert of 20,000 rows: quiet %v, worst beside 20 slow queries %v; %d threads", quiet, worst, threads)
	// One that had to wait for a slot would wait for as long as a query may take.
	if worst > 20*time.Second {
		t.Errorf("an insert took %v", worst)
	}
	if n := refused.Load(); n != 0 {
		t.Errorf("%d of the slow queries ended", n)
	}
	if threads > 150 {
		t.Errorf("%d threads", threads)
	}
	cancel()
	wg.Wait()
	eventually(t, "all have stopped", func() bool {
		return enginetest.Exec(t, sup, "SELECT count() FROM system.processes", nil) == "1\n"
	})
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A statement that wants more memory than there is gets an error, and the engine lives.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 400 << 20
	sup := enginetest.Own(t, func(o *engine.Options) { o.MaxMemory = limit })
	pid := sup.State().PID
	var peak atomic.Int64
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				peak.Store(max(peak.Load(), sup.State().Memory.Private))
			}
		}
	})
	cl := enginetest.Client(sup)
	var wg sync.WaitGroup
	var refused, other atomic.Int32
	for i := range 6 {
		wg.Go(func() {
			greedy := "SELECT count() FROM (SELECT number, groupArray(toString(number)) FROM numbers(20000000) GROUP BY number) FORMAT JSON"
			if i >= 3 {
				greedy = "SELECT uniqExact(number), groupArray(number) FROM numbers(1000000000) FORMAT JSON"
			}
			res, err := cl.Post("http://engine/?"+url.Values{"max_bytes_ratio_before_external_group_by": {"0"}, "query": {greedy}}.Encode(), "", nil)
			if err != nil {
				other.Add(1)
				return
			}
			defer func() { _ = res.Body.Close() }()
			if res.Header.Get("X-ClickHouse-Exception-Code") == "241" {
				refused.Add(1)
			} else {
				other.Add(1)
			}
		})
	}
	wg.Wait()
	close(stop)
	watch.Wait()
	t.Logf("limit %d MB, peak %d MB of private memory", limit>>20, peak.Load()>>20)
	if refused.Load() != 6 {
		t.Errorf("%d were refused with 241, %d ended otherwise", refused.Load(), other.Load())
	}
	if peak.Load() > limit/2*3 {
		t.Errorf("peak of %d MB", peak.Load()>>20)
	}
	eventually(t, "the engine works again", func() bool {
		res, err := cl.Post("http://engine/", "", strings.NewReader("SELECT 1"))
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == 200
	})
	if sup.State().PID != pid {
		t.Error("the engine was restarted")
	}
}

// A child that does not answer is ended and started again.
func TestHungChildIsReplaced(t *testing.T) {
	sup, err := engine.StartHurried(t.Context(), enginetest.Options(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sup.Stop(context.Background()) }()
	if err := sup.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	pid := sup.State().PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another child is ready", func() bool {
		st := sup.State()
		return st.Phase == engine.Ready && st.PID != pid && strings.Contains(st.LastError, "no answer")
	})
	if got := enginetest.Exec(t, sup, "SELECT 1", nil); got != "1\n" {
		t.Error(got)
	}
}

// Stopping does not wait for a query that runs.
func TestStopEndsRunningQueries(t *testing.T) {
	sup, err := engine.Start(t.Context(), enginetest.Options(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := sup.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	const slow = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
	over := make(chan answer, 1)
	go func() { over <- ask(t, sup, "POST", "", slow) }()
	eventually(t, "the query runs", func() bool { return running(t, sup, slow) == 1 })
	start := time.Now()
	if err := sup.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if got := <-over; got.err == nil && got.status == 200 {
		t.Errorf("the query was answered: %+v", got)
	}
	if last := sup.State().LastError; last != "" {
		t.Errorf("a wanted stop counts as an error: %s", last)
	}
}

// Where the kernel cannot tell the child of its parent's death, the closed standard input
// does.
func TestChildEndsWithItsInput(t *testing.T) {
	opt := enginetest.Options(t, t.TempDir())
	c := engine.ChildConfig{DataDir: opt.DataDir, Socket: filepath.Join(opt.DataDir, "s"), Lib: opt.Lib, MaxQuery: time.Minute}
	cmd := exec.Command(opt.Exe, append(opt.Args, c.Args()...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child listens", func() bool { _, err := os.Stat(c.Socket); return err == nil })
	_ = in.Close()
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("the child still runs")
	}
}
