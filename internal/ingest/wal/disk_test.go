//go:build linux

package wal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// smallDisk mounts a tmpfs of its own for the test. Who is not root may do that in a
// user namespace: then the test runs again in there, and this one ends.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, options)
	if err == nil {
		t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
		return dir
	}
	const inside = "YAGURA_TEST_WAL_NAMESPACE"
	if os.Getenv(inside) != "" {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}}
	out, e := cmd.CombinedOutput()
	var exit *exec.ExitError
	if e != nil && !errors.As(e, &exit) {
		t.Skipf("neither root nor user namespaces here: %v, %v", err, e)
	}
	if e != nil {
		t.Fatalf("in a namespace: %s", out)
	}
	t.Skip("it passed in a user namespace")
	return ""
}

// fillUp appends frames of a kilobyte until one is refused.
func fillUp(t *testing.T, g *Log, next *uint64) (acked []uint64, refusal error) {
	t.Helper()
	for {
		*next++
		if err := g.Append(context.Background(), telemetry.Logs, kilobyte(*next), 128); err != nil {
			return acked, err
		}
		if acked = append(acked, *next); len(acked) > 100_000 {
			t.Fatal("never refused")
		}
	}
}

func kilobyte(row uint64) []byte { return bytes.Repeat(frameOf(row), 128) }

// A real disk that is full: refusals, then everything goes on by itself once the engine
// took blocks and their files are gone.
func TestFullDisk(t *testing.T) {
	for name, spare := range map[string]int64{"the disk says so": -1, "the limit says so": 400 << 10} {
		t.Run(name, func(t *testing.T) {
			dir, e := smallDisk(t, "size=2m"), newEngine(1)
			e.away = true
			g := openAt(t, dir, e, func(o *Options) { o.FreeSpaceMin, o.BlockRows, o.MemoryBytes = spare, 128*50, 100_000 })
			next := uint64(0)
			acked, refusal := fillUp(t, g, &next)
			if f := fault.Of(refusal); f.Code != fault.Unavailable || f.RetryAfter == 0 || !isFull(f.Cause) || len(acked) < 1000 {
				t.Fatalf("after %d kilobytes: %v", len(acked), refusal)
			}
			for range 20 {
				more, _ := fillUp(t, g, &next)
				acked = append(acked, more...)
			}
			if s := g.Stats()[0]; s.State != Full || s.LastError == nil {
				t.Errorf("%+v", s)
			}
			var st unix.Statfs_t
			if unix.Statfs(dir, &st); spare > 0 && int64(st.Bavail)*st.Bsize < spare {
				t.Errorf("%d bytes are free", int64(st.Bavail)*st.Bsize)
			}

			e.set(func(e *engine) { e.away = false })
			deadline := time.Now().Add(15 * time.Second)
			for {
				next++
				if err := g.Append(context.Background(), telemetry.Logs, kilobyte(next), 128); err == nil {
					acked = append(acked, next)
					break
				} else if time.Now().After(deadline) {
					t.Fatal("it does not recover:", err)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if s := g.Stats()[0]; s.State == Full {
				t.Errorf("%+v", s)
			}
			closeLog(t, g)
			for _, r := range acked {
				if e.times(r) != 128 {
					t.Fatalf("row %d is stored %d times, not 128", r, e.times(r))
				}
			}
			if len(e.violated) > 0 || len(blocksIn(t, dir)) > 0 {
				t.Error(e.violated, blocksIn(t, dir))
			}
		})
	}
}

// A real short write: the kernel takes a part of a frame and then refuses.
func TestShortWrite(t *testing.T) {
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	dir, e := t.TempDir(), newEngine(1)
	e.away = true
	g := openAt(t, dir, e, func(o *Options) { o.MemoryBytes, o.BlockRows, o.BlockAge = 1, 1_000_000, time.Hour })
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 200_500, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_FSIZE, &old)
	next, acked := uint64(0), []uint64{}
	for range 3 {
		some, refusal := fillUp(t, g, &next)
		if f := fault.Of(refusal); f.Code != fault.Unavailable || !errors.Is(f.Cause, unix.EFBIG) || len(some) < 100 {
			t.Fatalf("after %d kilobytes: %v", len(some), refusal)
		}
		acked = append(acked, some...)
	}
	for _, b := range blocksIn(t, dir) {
		info, err := os.Stat(b)
		if err != nil || (info.Size()-headerSize)%(frameSize+1024) != 0 {
			t.Errorf("%s has %d bytes: not cut to whole frames", b, info.Size())
		}
	}
	e.set(func(e *engine) { e.away = false })
	closeLog(t, g)
	for _, r := range acked {
		if e.times(r) != 128 {
			t.Fatalf("row %d is stored %d times, not 128", r, e.times(r))
		}
	}
}
