//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rounds is how often processes are killed; YAGURA_E2E_ROUNDS asks for more.
func rounds(n int) int {
	if v, err := strconv.Atoi(os.Getenv("YAGURA_E2E_ROUNDS")); err == nil {
		return v
	}
	return n
}

// feeder sends rows without end, remembers those that were acknowledged, and never
// sends a row twice.
type feeder struct {
	y       *yagura
	signal  string
	path    string
	make    func(service string, first, n int, at time.Time) []byte
	next    atomic.Int64
	refused atomic.Int64 // answers other than 200
	lost    atomic.Int64 // requests without an answer
	mu      sync.Mutex
	acked   []int
}

func feedLogs(y *yagura) *feeder {
	return &feeder{y: y, signal: "logs", path: "/v1/logs", make: logsOf}
}

func feedSpans(y *yagura) *feeder {
	return &feeder{y: y, signal: "spans", path: "/v1/traces", make: spansOf}
}

func (f *feeder) run(ctx context.Context, workers int) (wait func()) {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := 1 + rand.IntN(200)
				first := int(f.next.Add(int64(n))) - n
				resp, err := f.y.post(context.Background(), f.path, f.make("feeder", first, n, time.Now()))
				switch {
				case err != nil:
					f.lost.Add(1)
					time.Sleep(20 * time.Millisecond)
				case resp.StatusCode != 200:
					f.refused.Add(1)
					time.Sleep(20 * time.Millisecond)
				default:
					f.mu.Lock()
					for i := range n {
						f.acked = append(f.acked, first+i)
					}
					f.mu.Unlock()
					time.Sleep(time.Duration(20+rand.IntN(40)) * time.Millisecond)
				}
			}
		})
	}
	return wg.Wait
}

// verify waits until every acknowledged row is there, and fails if any is there twice.
func (f *feeder) verify() {
	f.y.t.Helper()
	if len(f.acked) == 0 {
		f.y.t.Fatalf("no %s were acknowledged: the test proves nothing", f.signal)
	}
	f.y.eventually(time.Minute, "every acknowledged row of "+f.signal, func() error {
		n, err := f.y.count(f.signal, "service:feeder")
		if err == nil && n < len(f.acked) {
			err = fmt.Errorf("%d of %d", n, len(f.acked))
		}
		return err
	})
	seen := f.y.seqs(f.signal, "feeder")
	missing, twice := 0, 0
	for _, seq := range f.acked {
		if seen[seq] == 0 {
			missing++
		}
	}
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	f.y.t.Logf("%s: %d acknowledged, %d stored, %d requests lost, %d refused", f.signal, len(f.acked), len(seen), f.lost.Load(), f.refused.Load())
	if missing > 0 || twice > 0 {
		f.y.t.Errorf("%s: %d acknowledged rows are missing, %d are there twice", f.signal, missing, twice)
	}
}

func TestKillServerUnderLoad(t *testing.T) {
	y := serve(t)
	logs, spans := feedLogs(y), feedSpans(y)
	ctx, cancel := context.WithCancel(t.Context())
	waitLogs, waitSpans := logs.run(ctx, 2), spans.run(ctx, 2)
	for range rounds(8) {
		time.Sleep(time.Duration(200+rand.IntN(2500)) * time.Millisecond)
		y.kill()
		y.start()
	}
	time.Sleep(time.Second)
	cancel()
	waitLogs()
	waitSpans()
	logs.verify()
	spans.verify()
}

func TestKillEngineUnderLoad(t *testing.T) {
	y := serve(t)
	logs, spans := feedLogs(y), feedSpans(y)
	ctx, cancel := context.WithCancel(t.Context())
	waitLogs, waitSpans := logs.run(ctx, 2), spans.run(ctx, 2)
	for range rounds(8) {
		time.Sleep(time.Duration(200+rand.IntN(2500)) * time.Millisecond)
		pid := 0
		// The supervisor waits the longer the more often it ends, up to half a minute.
		y.eventually(90*time.Second, "a running engine", func() error {
			if pid = y.enginePID(); pid == 0 {
				return fmt.Errorf("no engine")
			}
			return nil
		})
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	cancel()
	waitLogs()
	waitSpans()
	for _, f := range []*feeder{logs, spans} {
		if f.lost.Load()+f.refused.Load() > 0 {
			t.Errorf("%s: ingest stopped while only the engine was down: %d lost, %d refused", f.signal, f.lost.Load(), f.refused.Load())
		}
		f.verify()
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=700m"); err != nil {
		t.Fatalf("this test needs to mount a tmpfs (run it as root): %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	y := serveIn(t, dir, "--no-auth")
	f := feedLogs(y)

	ctx, cancel := context.WithCancel(t.Context())
	wait := f.run(ctx, 2)
	time.Sleep(2 * time.Second)
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	y.eventually(time.Minute, "a refusal on a full disk", func() error {
		resp, err := y.post(t.Context(), "/v1/logs", logsOf("other", 0, 1, time.Now()))
		if err != nil {
			t.Fatalf("no answer on a full disk: %v", err)
		}
		if resp.StatusCode != 503 && resp.StatusCode != 429 {
			return fmt.Errorf("%s", resp.Status)
		}
		if resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s without Retry-After", resp.Status)
		}
		return nil
	})
	time.Sleep(3 * time.Second)
	if _, err := y.count("logs", "service:feeder"); err != nil {
		t.Errorf("reading stopped on a full disk: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	y.eventually(time.Minute, "recovery when space returns", func() error {
		resp, err := y.post(t.Context(), "/v1/logs", logsOf("other", 1, 1, time.Now()))
		if err == nil && resp.StatusCode != 200 {
			err = fmt.Errorf("%s", resp.Status)
		}
		return err
	})
	time.Sleep(time.Second)
	cancel()
	wait()
	if f.refused.Load() == 0 {
		t.Error("nothing was refused: the disk was not full")
	}
	f.verify()
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, size := range []int{1 << 20, 1 << 12, 1} {
		chunk := make([]byte, size)
		for {
			if _, err := file.Write(chunk); err != nil {
				break
			}
		}
	}
}

func TestLateSpansLandInTheirMinute(t *testing.T) {
	y := serve(t)
	late := time.Now().Add(-time.Hour).Truncate(time.Minute).Add(7 * time.Second)
	for i, at := range []time.Time{time.Now(), late, late.Add(20 * time.Second)} {
		if resp, err := y.post(t.Context(), "/v1/traces", spansOf("late", i*10, 10, at)); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	y.settles("spans", "service:late", 30)
	minute := late.Truncate(time.Minute)
	var out struct{ Count int }
	y.get("/spans/count", url.Values{"filter": {"service:late"},
		"from": {minute.Format(time.RFC3339)}, "to": {minute.Add(time.Minute).Format(time.RFC3339)}}, &out)
	if out.Count != 20 {
		t.Errorf("%d spans in the minute an hour ago, 20 were sent", out.Count)
	}
}

func TestASecondServerIsRefused(t *testing.T) {
	y := serve(t)
	_, stderr, code := y.run("serve", "--no-auth", "--data-dir", filepath.Join(y.dir, "data"),
		"--listen", freeAddr(t), "--otlp-http", freeAddr(t), "--otlp-grpc", freeAddr(t))
	if code == 0 || stderr == "" {
		t.Fatalf("a second server on the same folder ended with %d and said %q", code, stderr)
	}
	t.Logf("it says: %s", stderr)
}

func TestASlowQuestionDoesNotHoldUpIngest(t *testing.T) {
	y := serve(t)
	for i := range 40 {
		if resp, err := y.post(t.Context(), "/v1/logs", logsOf("bulk", i*5000, 5000, time.Now())); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	y.settles("logs", "service:bulk", 200_000)
	// Questions that read everything, as many as the engine takes, for as long as the
	// rows below need to become searchable.
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var asked atomic.Int64
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := y.count("logs", "-*9*8*7*6*5* OR *1*2*3*4*5*"); err == nil {
					asked.Add(1)
				}
			}
		})
	}
	for i := range 20 {
		if resp, err := y.post(t.Context(), "/v1/logs", logsOf("fresh", i*10, 10, time.Now())); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	y.settles("logs", "service:fresh", 200)
	cancel()
	wg.Wait()
	t.Logf("%d slow questions were answered meanwhile", asked.Load())
}
