package wal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// leave makes a log that was abandoned with one block of three commits in it.
func leave(t *testing.T, e *engine) (dir, block string) {
	t.Helper()
	dir = t.TempDir()
	e.set(func(e *engine) { e.away = true })
	g := openAt(t, dir, e, func(o *Options) { o.BlockAge = time.Hour })
	appendRow(t, g, telemetry.Logs, 1, 2)
	appendRow(t, g, telemetry.Logs, 3, 4)
	appendRow(t, g, telemetry.Logs, 5, 6)
	abandonLog(g)
	e.set(func(e *engine) { e.away = false })
	left := blocksIn(t, dir)
	if len(left) != 1 {
		t.Fatalf("%d blocks are left", len(left))
	}
	return dir, left[0]
}

func change(t *testing.T, file string, f func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, f(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What the disk did to a block, and what comes of it.
func TestSpoiltBlocks(t *testing.T) {
	const frame = frameSize + 16
	for name, c := range map[string]struct {
		change        func([]byte) []byte
		stored        string // rows 1 to 6
		corrupt, torn uint64
		quarantined   int
	}{
		"nothing":          {func(d []byte) []byte { return d }, "111111", 0, 0, 0},
		"torn behind":      {func(d []byte) []byte { return append(d, "rest of a write"...) }, "111111", 0, 15, 0},
		"torn last frame":  {func(d []byte) []byte { return d[:len(d)-3] }, "111100", 0, frame - 3, 0},
		"bit in a payload": {func(d []byte) []byte { d[headerSize+frame+frameSize] ^= 4; return d }, "110011", frame, 0, 1},
		"bit in a length":  {func(d []byte) []byte { d[headerSize+1] ^= 4; return d }, "001111", frame, 0, 1},
		"bit in the head":  {func(d []byte) []byte { d[9] ^= 4; return d }, "111111", 0, 0, 0},
		"all zero":         {func(d []byte) []byte { clear(d); return d }, "000000", 0, 3 * frame, 0},
		"empty":            {func(d []byte) []byte { return nil }, "000000", 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(1)
			dir, block := leave(t, e)
			change(t, block, c.change)
			g := openAt(t, dir, e)
			closeLog(t, g)
			var stored strings.Builder
			for r := uint64(1); r <= 6; r++ {
				stored.WriteByte(byte('0' + e.times(r)))
			}
			s, q := g.Stats()[0], g.Quarantine()
			if stored.String() != c.stored || s.CorruptBytes != c.corrupt || s.TornBytes != c.torn || len(q.Rows) != c.quarantined || len(blocksIn(t, dir)) > 0 || s.Bytes != 0 {
				t.Errorf("stored %s, quarantine %+v, %+v", &stored, q, s)
			}
		})
	}
}

// What is not this version's or nobody's stays on disk, and the rest goes on.
func TestForeignFiles(t *testing.T) {
	e := newEngine(1)
	dir, block := leave(t, e)
	notes := filepath.Join(dir, "logs", "README.wal")
	spans := filepath.Join(dir, "spans", filepath.Base(block))
	data, err := os.ReadFile(block)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{notes, spans} {
		if err := os.WriteFile(f, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, openAt(t, dir, e))
	for _, f := range []string{notes, spans + ".unreadable"} {
		if kept, err := os.ReadFile(f); err != nil || string(kept) != string(data) {
			t.Errorf("%s: %v", f, err)
		}
	}
	if e.times(1) != 1 || e.times(6) != 1 {
		t.Error("the good block is not stored")
	}
	closeLog(t, openAt(t, dir, e))
}

// Somebody removes the file of a block that waits and is not in memory.
func TestVanishedBlock(t *testing.T) {
	e := newEngine(1)
	dir := t.TempDir()
	e.away = true
	g := openAt(t, dir, e, func(o *Options) { o.MemoryBytes, o.InFlight, o.BlockRows = 1, 1, 1 })
	for r := range uint64(5) {
		appendRow(t, g, telemetry.Logs, r)
	}
	files := blocksIn(t, dir)
	if err := os.Remove(files[len(files)-1]); err != nil {
		t.Fatal(err)
	}
	e.set(func(e *engine) { e.away = false })
	closeLog(t, g)
	if s := g.Stats()[0]; s.CorruptBytes == 0 || s.Bytes != 0 || e.times(3) != 1 {
		t.Errorf("%+v", s)
	}
}
