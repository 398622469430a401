package wal

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// sink is an engine that costs nothing.
type sink struct{ session }

func (*sink) Write(context.Context, telemetry.Signal, string, [][]byte) error { return nil }

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Frames of 500 rows of 250 bytes from some senders at once: CPU per million rows, and
// rows a second.
func BenchmarkAppend(b *testing.B) {
	const rows, size = 500, 500 * 250
	for _, senders := range []int{1, 4, 8, 16} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			g, err := Open(Options{Dir: b.TempDir(), Writers: map[telemetry.Signal]telemetry.Writer{telemetry.Logs: &sink{}}})
			if err != nil {
				b.Fatal(err)
			}
			frame := make([]byte, size) // the log never changes it
			for i := range frame {
				frame[i] = byte(i * i >> 8)
			}
			b.ReportAllocs()
			b.ResetTimer()
			began, used := time.Now(), cpu()
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			for range senders {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if err := g.Append(context.Background(), telemetry.Logs, frame, rows); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			closeLog(b, g)
			n := float64(b.N) * rows
			b.ReportMetric((cpu()-used).Seconds()/n*1e6, "cpu-s/Mrow")
			b.ReportMetric(n/time.Since(began).Seconds(), "rows/s")
			b.ReportMetric(float64(g.Stats()[0].Commits)/float64(b.N), "commits/frame")
		})
	}
}

// countingClock counts the timers that are set.
type countingClock struct {
	clock.Real
	timers atomic.Int64
}

func (c *countingClock) After(d time.Duration) <-chan time.Time {
	c.timers.Add(1)
	return c.Real.After(d)
}

func (c *countingClock) Sleep(ctx context.Context, d time.Duration) error {
	c.timers.Add(1)
	return c.Real.Sleep(ctx, d)
}

// An idle log sets no timer, and a trickle sets one for each block.
func TestIdleCostsNothing(t *testing.T) {
	c := &countingClock{}
	e := newEngine(1)
	g := openAt(t, t.TempDir(), e, func(o *Options) { o.Clock, o.BlockAge = c, 50*time.Millisecond })
	time.Sleep(50 * time.Millisecond)
	if n := c.timers.Load(); n != 0 {
		t.Errorf("an idle log set %d timers", n)
	}
	for r := range uint64(40) {
		appendRow(t, g, telemetry.Logs, r)
		time.Sleep(10 * time.Millisecond)
	}
	blocks := int64(g.Stats()[0].BlocksWritten) + 1
	if n := c.timers.Load(); n > blocks || blocks > 11 {
		t.Errorf("a trickle set %d timers for %d blocks", n, blocks)
	}
	closeLog(t, g)
}
