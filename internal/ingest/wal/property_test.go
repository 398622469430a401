package wal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// world is a disk and an engine that outlive the processes, and the process of the hour.
type world struct {
	disk    *simDisk
	engine  *engine
	options Options
	rng     *rand.Rand

	mount   *mount
	session *session
	log     *Log
	senders sync.WaitGroup

	mu       sync.Mutex
	nextRow  uint64
	acked    map[uint64]bool
	poison   map[uint64]bool
	problems []string
}

func (w *world) problem(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// start opens the log as a new process. On a disk that fails too much it heals it first.
func (w *world) start() {
	for {
		w.mount = &mount{simDisk: w.disk}
		w.session = &session{engine: w.engine, delay: 50 * time.Millisecond}
		o := w.options
		o.Dir, o.Disk = "/wal", w.mount
		o.Writers = map[telemetry.Signal]telemetry.Writer{telemetry.Logs: w.session, telemetry.Spans: w.session}
		o.Witnesses = map[telemetry.Signal]Witness{telemetry.Logs: w.engine, telemetry.Spans: w.engine}
		g, err := Open(o)
		if err == nil {
			w.log = g
			return
		}
		w.heal()
	}
}

// heal mends the disk.
func (w *world) heal() {
	w.disk.set(func(d *simDisk) { d.fails, d.capacity, d.slow = map[string]float64{}, 1<<40, 5*time.Millisecond })
}

// die ends the process at once, and after it perhaps the machine.
func (w *world) die(power bool) {
	w.session.cut(0.5)
	w.mount.kill()
	if power {
		w.disk.losePower()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.log.Close(ctx)
	w.senders.Wait()
	w.note()
	time.Sleep(w.session.delay) // the engine has seen the last of it
}

// note checks what must hold for every process.
func (w *world) note() {
	for _, s := range w.log.Stats() {
		if s.CorruptBytes > 0 {
			w.problem("%d bytes of %s were taken for spoilt, but nothing was", s.CorruptBytes, s.Signal)
		}
		if s.Bytes < 0 || s.Blocks == 0 && s.Bytes != 0 {
			w.problem("%d bytes are booked for %d blocks of %s", s.Bytes, s.Blocks, s.Signal)
		}
	}
}

// send has a sender append a frame, which may give up early.
func (w *world) send(rows int, poison, hasty bool) {
	w.mu.Lock()
	var frame []uint64
	for range rows {
		w.nextRow++
		frame = append(frame, w.nextRow)
	}
	if poison {
		r := frame[w.rng.IntN(rows)]
		w.poison[r] = true
		deadly := w.rng.IntN(3) == 0
		w.engine.set(func(e *engine) {
			if deadly {
				e.deadly[r] = true
			} else {
				e.refuses[r] = true
			}
		})
	}
	signal := telemetry.Logs
	if w.rng.IntN(4) == 0 {
		signal = telemetry.Spans
	}
	w.mu.Unlock()
	g := w.log
	w.senders.Go(func() {
		ctx := context.Background()
		if hasty {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 2*time.Millisecond)
			defer cancel()
		}
		if g.Append(ctx, signal, frameOf(frame...), rows) == nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, r := range frame {
				w.acked[r] = true
			}
		}
	})
}

// act does one thing of the script.
func (w *world) act(a action) {
	switch a.Kind {
	case "send":
		for i := range a.N {
			w.send(1+w.rng.IntN(12), a.P > 0 && w.rng.Float64() < a.P, i%5 == 4)
		}
	case "wait":
		time.Sleep(time.Duration(a.N) * time.Millisecond)
	case "disk":
		w.disk.set(func(d *simDisk) {
			d.fails = map[string]float64{}
			for _, op := range strings.Fields(a.What) {
				d.fails[op] = a.P
			}
		})
	case "slow":
		w.disk.set(func(d *simDisk) { d.slow = time.Duration(a.N) * time.Millisecond })
	case "space":
		w.disk.set(func(d *simDisk) { d.capacity = d.used() + int64(a.N) })
	case "heal":
		w.heal()
		w.engine.set(func(e *engine) { e.away, e.flaky, e.blind = false, 0, 0 })
	case "away":
		w.engine.set(func(e *engine) { e.away = true })
	case "flaky":
		w.engine.set(func(e *engine) { e.away, e.flaky = false, a.P })
	case "crash": // of something else, and no trial can be made
		w.engine.set(func(e *engine) { e.crashes += a.N; e.blind = a.P })
	case "upgrade": // the engine now takes what it refused
		w.engine.set(func(e *engine) { clear(e.refuses); clear(e.deadly) })
	case "kill", "power": // with work on its way
		for range a.N {
			w.send(1+w.rng.IntN(12), false, false)
		}
		time.Sleep(time.Duration(w.rng.IntN(10)) * time.Millisecond)
		w.die(a.Kind == "power")
		w.start()
	case "restart":
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(a.N)*time.Millisecond)
		w.log.Close(ctx)
		cancel()
		w.senders.Wait()
		w.note()
		w.start()
	}
}

type action struct {
	Kind string
	N    int
	P    float64
	What string
}

func drawAction(t *rapid.T) action {
	a := action{Kind: rapid.SampledFrom([]string{"send", "send", "send", "send", "wait", "wait", "disk", "space",
		"heal", "slow", "away", "flaky", "crash", "upgrade", "kill", "kill", "power", "power", "restart"}).Draw(t, "do")}
	switch a.Kind {
	case "send":
		a.N = rapid.IntRange(1, 30).Draw(t, "frames")
		a.P = rapid.SampledFrom([]float64{0, 0, 0.1, 1}).Draw(t, "poison")
	case "wait":
		a.N = rapid.SampledFrom([]int{1, 4, 30, 300, 2_500, 20_000}).Draw(t, "ms")
	case "restart":
		a.N = rapid.SampledFrom([]int{1, 100, 10_000}).Draw(t, "ms")
	case "kill", "power":
		a.N = rapid.IntRange(0, 10).Draw(t, "frames")
	case "slow":
		a.N = rapid.SampledFrom([]int{1, 10, 200}).Draw(t, "ms")
	case "space":
		a.N = rapid.SampledFrom([]int{0, 10, 100, 1000, 5000}).Draw(t, "bytes")
	case "flaky":
		a.P = rapid.SampledFrom([]float64{0.1, 0.5, 0.9}).Draw(t, "chance")
	case "crash":
		a.N = rapid.IntRange(1, 5).Draw(t, "times")
		a.P = rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "blind")
	case "disk":
		a.What = rapid.SampledFrom([]string{"write", "sync", "settle", "sync settle", "write settle", "syncdir", "create",
			"remove", "rename", "read", "write sync settle syncdir create remove rename read list"}).Draw(t, "fails")
		a.P = rapid.SampledFrom([]float64{0.05, 0.3, 1}).Draw(t, "chance")
	}
	return a
}

// Whatever the disk, the engine and the power do: what was acknowledged is stored
// exactly once or is in quarantine, what was not is stored at most once, and no token
// ever stands for two lists of frames.
func TestNothingIsLostOrStoredTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		o := Options{
			FreeSpaceMin: rapid.SampledFrom([]int64{-1, 200}).Draw(rt, "free"),
			MaxBytes:     rapid.SampledFrom([]int64{3_000, 50_000, 1 << 30}).Draw(rt, "max"),
			MemoryBytes:  rapid.SampledFrom([]int64{1, 1_000, 1 << 30}).Draw(rt, "memory"),
			BlockRows:    rapid.SampledFrom([]int{1, 10, 60, 10_000}).Draw(rt, "rows"),
			GroupCommit:  rapid.SampledFrom([]time.Duration{-1, 5 * time.Millisecond}).Draw(rt, "group"),
			InFlight:     rapid.IntRange(1, 3).Draw(rt, "inflight"),
		}
		script := rapid.SliceOfN(rapid.Custom(drawAction), 1, 40).Draw(rt, "script")
		if problems := play(t, seed, o, script); len(problems) > 0 {
			rt.Fatalf("%s", strings.Join(problems[:min(len(problems), 10)], "\n"))
		}
	})
}

// Chains of events that chance rarely makes, each played with many seeds.
func TestRareChains(t *testing.T) {
	for name, script := range map[string][]action{
		// The end of a file could not be cut off, and then it was read after a crash.
		"cut fails": {{Kind: "send", N: 10}, {Kind: "wait", N: 30}, {Kind: "disk", What: "write settle", P: 0.9},
			{Kind: "send", N: 10}, {Kind: "wait", N: 20}, {Kind: "kill"}, {Kind: "wait", N: 300}, {Kind: "power"}},
		// A process saw frames in the page cache that never reach the disk.
		"seen, not written": {{Kind: "slow", N: 20}, {Kind: "send", N: 10}, {Kind: "wait", N: 4}, {Kind: "disk", What: "sync", P: 0.6},
			{Kind: "kill", N: 10}, {Kind: "wait", N: 300}, {Kind: "power"}, {Kind: "wait", N: 30}, {Kind: "power"}},
		// The same for refusals, and the engine changes its mind.
		"refusal seen, not written": {{Kind: "send", N: 6, P: 0.3}, {Kind: "wait", N: 1000}, {Kind: "disk", What: "sync", P: 0.6}, {Kind: "wait", N: 300},
			{Kind: "kill"}, {Kind: "wait", N: 300}, {Kind: "upgrade"}, {Kind: "power"}},
		"engine changes its mind": {{Kind: "send", N: 10, P: 0.3}, {Kind: "flaky", P: 0.5}, {Kind: "wait", N: 1300}, {Kind: "power"},
			{Kind: "upgrade"}, {Kind: "wait", N: 300}, {Kind: "power"}},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(800) {
				o := Options{FreeSpaceMin: -1, BlockRows: 1000, InFlight: 1 + int(seed%2), MemoryBytes: 1 + int64(seed%3)*500}
				if problems := play(t, seed, o, script); len(problems) > 0 {
					t.Fatalf("seed %d: %s", seed, strings.Join(problems, "\n"))
				}
			}
		})
	}
}

// play runs a script in a bubble of its own, where waiting takes no time.
func play(t *testing.T, seed uint64, o Options, script []action) []string {
	w := &world{disk: newSimDisk(seed), engine: newEngine(seed), options: o, rng: rand.New(rand.NewPCG(seed, 3)),
		acked: map[uint64]bool{}, poison: map[uint64]bool{}}
	synctest.Test(t, func(*testing.T) {
		w.start()
		for _, a := range script {
			w.act(a)
		}
		w.act(action{Kind: "heal"})
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		if err := w.log.Close(ctx); err != nil {
			w.problem("the log does not drain: %v", err)
		}
		w.senders.Wait()
		w.note()
		w.check()
	})
	return w.problems
}

func (w *world) check() {
	w.problems = append(w.problems, w.engine.violated...)
	kept := map[uint64]bool{}
	for _, q := range w.log.Quarantine().Rows {
		var r uint64
		if _, err := fmt.Sscanf(q.Row, "[%d]", &r); err != nil {
			w.problem("%s is in quarantine: %s", q.ID, q.Reason)
		}
		if !w.poison[r] {
			w.problem("row %d is in quarantine without need", r)
		}
		kept[r] = true
	}
	for r := range w.nextRow {
		r++
		n := w.engine.times(r)
		if n > 1 || n == 1 && kept[r] {
			w.problem("row %d is stored %d times, in quarantine: %v", r, n, kept[r])
		}
		if w.acked[r] && n == 0 && !kept[r] {
			w.problem("row %d was acknowledged and is lost", r)
		}
	}
	for name := range w.disk.files {
		if !strings.HasSuffix(name, ".json") {
			w.problem("%s is left", name)
		}
	}
}
