package wal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const victimEnv = "YAGURA_TEST_WAL_VICTIM"

// fileEngine is an engine that survives its process: a file for each token. It refuses
// every 997th row.
type fileEngine struct {
	*session // Split, Rows and Describe
	dir      string
	calls    *atomic.Uint64
}

func (e fileEngine) Write(_ context.Context, _ telemetry.Signal, token string, frames [][]byte) error {
	data := bytes.Join(frames, []byte("|"))
	for _, f := range frames {
		for _, r := range rowsOf(f) {
			if r%997 == 0 {
				return fault.New(fault.Invalid, i18n.T("poison", "毒"))
			}
		}
	}
	file := filepath.Join(e.dir, token)
	time.Sleep(rand.N(3 * time.Millisecond))
	if old, err := os.ReadFile(file); err == nil {
		if !bytes.Equal(old, data) {
			os.WriteFile(filepath.Join(e.dir, "violation"), []byte(token), 0o600)
		}
		return nil
	}
	tmp := filepath.Join(e.dir, fmt.Sprintf("tmp-%d-%d", os.Getpid(), e.calls.Add(1)))
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(tmp, file); err != nil {
		return err
	}
	if rand.IntN(4) == 0 {
		return errors.New("the answer was lost")
	}
	return nil
}

func openVictim(dir string) (*Log, error) {
	e := fileEngine{dir: filepath.Join(dir, "engine"), calls: new(atomic.Uint64)}
	return Open(Options{Dir: filepath.Join(dir, "wal"), FreeSpaceMin: -1, BlockAge: 10 * time.Millisecond, BlockRows: 200,
		Writers: map[telemetry.Signal]telemetry.Writer{telemetry.Logs: e, telemetry.Spans: e}})
}

// victim appends as fast as it can, and prints the rows that were acknowledged, until it
// is killed.
func victim(dir string) {
	g, err := openVictim(dir)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	first, _ := strconv.ParseUint(os.Getenv(victimEnv+"_FIRST"), 10, 64)
	var next atomic.Uint64
	next.Store(first)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for {
				n := uint64(1 + rand.IntN(20))
				last := next.Add(n)
				var rows []uint64
				for r := last - n; r < last; r++ {
					rows = append(rows, r)
				}
				if err := g.Append(context.Background(), telemetry.Signals[i%2], frameOf(rows...), len(rows)); err != nil {
					fmt.Println("error", err)
					continue
				}
				os.Stdout.WriteString(strings.Trim(fmt.Sprintln(rows), "[]\n") + "\n")
			}
		})
	}
	wg.Wait()
}

// A process that appends is killed at random moments, many times over.
func TestKill9(t *testing.T) {
	dir := t.TempDir()
	engine := filepath.Join(dir, "engine")
	if err := os.Mkdir(engine, 0o700); err != nil {
		t.Fatal(err)
	}
	acked := map[uint64]bool{}
	for round := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victimEnv+"="+dir, fmt.Sprintf("%s_FIRST=%d", victimEnv, 1+round*1_000_000))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(30*time.Millisecond+rand.N(250*time.Millisecond), func() { cmd.Process.Kill() })
		before := len(acked)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			for _, f := range strings.Fields(lines.Text()) {
				r, err := strconv.ParseUint(f, 10, 64)
				if err != nil {
					t.Fatalf("the victim says %q", lines.Text())
				}
				acked[r] = true
			}
		}
		cmd.Wait()
		stop.Stop()
		t.Logf("round %d: %d rows acknowledged", round, len(acked)-before)
	}
	g, err := openVictim(dir)
	if err != nil {
		t.Fatal(err)
	}
	closeLog(t, g)
	for _, s := range g.Stats() {
		if s.CorruptBytes > 0 {
			t.Errorf("%+v", s)
		}
	}

	times := map[uint64]int{}
	files, _ := os.ReadDir(engine)
	for _, f := range files {
		if f.Name() == "violation" {
			t.Error("a token came with other frames")
		}
		if strings.HasPrefix(f.Name(), "tmp-") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(engine, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rowsOf(dropBars(data)) {
			times[r]++
		}
	}
	kept := map[uint64]bool{}
	for _, q := range g.Quarantine().Rows {
		var r uint64
		fmt.Sscanf(q.Row, "[%d]", &r)
		kept[r] = true
	}
	lost := 0
	for r := range acked {
		if poison := r%997 == 0; kept[r] != poison || times[r] == 0 && !poison {
			lost++
		}
	}
	twice := 0
	for _, n := range times {
		if n > 1 {
			twice++
		}
	}
	if lost > 0 || twice > 0 || len(acked) < 1000 {
		t.Errorf("%d rows acknowledged, %d lost, %d stored twice", len(acked), lost, twice)
	}
	if left := blocksIn(t, filepath.Join(dir, "wal")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

// dropBars takes out what fileEngine put between frames of small numbers.
func dropBars(data []byte) []byte {
	var rows []byte
	for len(data) >= 8 {
		if data[0] == '|' {
			data = data[1:]
			continue
		}
		rows, data = append(rows, data[:8]...), data[8:]
	}
	return rows
}
