//go:build linux

package promtsdb

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"golang.org/x/sys/unix"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// TestFullDisk fills a small disk under the store again and again: what Write returned
// for is there afterwards, in order and late, and what it refused does not come between.
// Without the reopening that Write does, the records behind a torn one would be cut off.
func TestFullDisk(t *testing.T) {
	t.Run("torn", func(t *testing.T) { fullDisk(t, -1) })
	t.Run("reserve", func(t *testing.T) { fullDisk(t, 1<<20) })
}

func fullDisk(t *testing.T, reserve int64) {
	disk := t.TempDir()
	if err := unix.Mount("yagura-test", disk, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small disk needs the right to mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(disk, "metrics")
	s := open(t, Options{Dir: dir, MinFree: reserve})
	ballast := filepath.Join(disk, "ballast")
	accepted := map[string]int{} // series by the time of the sample
	refused := 0
	at := now.Add(-50 * time.Minute)
	noise := make([]byte, 400)
	for i := range 120 {
		switch i % 20 {
		case 5: // the disk is full but for a few pages
			var free unix.Statfs_t
			if err := unix.Statfs(disk, &free); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(ballast, bytes.Repeat([]byte{1}, int(free.Bavail)*int(free.Bsize)-(i%3)*4096), 0o600); err != nil {
				t.Fatal(err)
			}
		case 12:
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		}
		when := at.Add(time.Duration(i) * 10 * time.Second)
		name := "in_order"
		if i%2 == 1 {
			name, when = "late", now.Add(-time.Duration(i)*20*time.Second)
		}
		md := pmetric.NewMetrics()
		to := telemetrytest.Shop(md, "checkout", "a")
		for j := range 40 { // new series each time, so that the log grows by pages
			_, _ = rand.Read(noise)
			telemetrytest.Sum(to, name, cumulative, when, 1, "n", fmt.Sprintf("%d-%d-%x", i, j, noise))
		}
		err := s.Write(t.Context(), telemetry.Metrics, fmt.Sprint(i), [][]byte{telemetrytest.Frame(t, md)})
		switch {
		case err == nil:
			accepted[fmt.Sprintf("%s %d", name, when.Unix())] = 40
		case fault.Is(err, fault.Unavailable):
			refused++
			if reserve > 0 {
				want(t, s, `count(count_over_time(late_total[2h]) > 0) > bool 0`, 1) // reading goes on
			}
		default:
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if refused == 0 || len(accepted) < 60 {
		t.Fatalf("%d refused, %d accepted: the disk was not full, or never again empty", refused, len(accepted))
	}
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(copied, "lock"))
	for what, store := range map[string]*Store{"open": s, "killed": open(t, Options{Dir: copied})} {
		for key, n := range accepted {
			var name string
			var sec int64
			if _, err := fmt.Sscan(key, &name, &sec); err != nil {
				t.Fatal(err)
			}
			res, err := store.Query(t.Context(), fmt.Sprintf(`count(count_over_time(%s_total[1s] @ %d))`, name, sec), now)
			if err != nil || len(res.Series) != 1 || res.Series[0].Points[0].Value != float64(n) {
				t.Errorf("%s: %s: %+v, %v", what, key, res.Series, err)
			}
		}
	}
	t.Logf("%d writes refused, %d accepted", refused, len(accepted))
}
