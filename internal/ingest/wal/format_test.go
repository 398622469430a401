package wal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

var testName = name{telemetry.Logs, "0123456789abcdef", 42}

// blockOf writes batches of frames as the log does, and says where each frame begins.
func blockOf(n name, batches ...[]string) (data []byte, at []int64) {
	data = appendHeader(nil, n)
	durable := int64(0)
	for _, batch := range batches {
		for _, f := range batch {
			at = append(at, int64(len(data)))
			data = append(appendFrameHead(data, n.seed(), []byte(f), 1, durable), f...)
		}
		durable = int64(len(data))
	}
	return data, at
}

func texts(frames [][]byte) (s []string) {
	for _, f := range frames {
		s = append(s, string(f))
	}
	return s
}

func TestReadBlock(t *testing.T) {
	whole, at := blockOf(testName, []string{"one"}, []string{"two", "three"}, []string{"four", "five"})
	flip := func(i int64) func([]byte) []byte {
		return func(d []byte) []byte { d[i] ^= 1; return d }
	}
	cut := func(i int64) func([]byte) []byte {
		return func(d []byte) []byte { return d[:i] }
	}
	size := int64(len(whole))
	for _, c := range []struct {
		name    string
		change  func([]byte) []byte
		durable int64
		frames  string
		end     int64
		corrupt string
	}{
		{"whole", cut(size), 0, "[one two three four five]", size, "[]"},
		{"empty", cut(0), 0, "[]", 0, "[]"},
		{"torn header", cut(20), 0, "[]", 20, "[]"},
		{"header only", cut(40), 0, "[]", 40, "[]"},
		{"torn head of a frame", cut(at[4] + 10), 0, "[one two three four]", at[4], "[]"},
		{"torn payload", cut(size - 1), 0, "[one two three four]", at[4], "[]"},
		{"torn, though known to be durable", cut(size - 1), size - 1, "[one two three four]", size - 1, fmt.Sprintf("[{%d %d}]", at[4], size-1)},
		{"zeros behind", func(d []byte) []byte { return append(d, make([]byte, 99)...) }, 0, "[one two three four five]", size, "[]"},
		{"zeros behind what is durable", func(d []byte) []byte { return append(d, make([]byte, 99)...) }, size, "[one two three four five]", size, "[]"},
		{"spoilt payload in the middle", flip(at[1] + frameSize), 0, "[one three four five]", size, fmt.Sprintf("[{%d %d}]", at[1], at[2])},
		{"spoilt length in the middle", flip(at[1] + 1), 0, "[one three four five]", size, fmt.Sprintf("[{%d %d}]", at[1], at[2])},
		{"spoilt first frame", flip(at[0] + 5), 0, "[two three four five]", size, fmt.Sprintf("[{%d %d}]", at[0], at[1])},
		{"hole in the last batch, never acknowledged", flip(at[3]), 0, "[one two three five]", size, "[]"},
		{"hole in the last batch, acknowledged", flip(at[3]), size, "[one two three five]", size, fmt.Sprintf("[{%d %d}]", at[3], at[4])},
		{"spoilt header", flip(3), 0, "[one two three four five]", size, "[]"},
		{"frames of another file", func(d []byte) []byte {
			other, _ := blockOf(name{testName.signal, testName.id, 43}, []string{"no"})
			return append(d, other[headerSize:]...)
		}, 0, "[one two three four five]", size, "[]"},
	} {
		got, err := readBlock(testName, c.change(slices.Clone(whole)), c.durable)
		if err != nil || fmt.Sprint(texts(got.frames)) != c.frames || got.end != c.end || fmt.Sprint(got.corrupt) != c.corrupt {
			t.Errorf("%s: %v, frames %s, end %d, corrupt %v; want %s, %d, %s", c.name, err, texts(got.frames), got.end, got.corrupt, c.frames, c.end, c.corrupt)
		}
		if got.rows != len(got.frames) {
			t.Errorf("%s: %d rows in %d frames", c.name, got.rows, len(got.frames))
		}
	}
	spans := testName
	spans.signal = telemetry.Spans
	if _, err := readBlock(spans, whole, 0); err == nil {
		t.Error("a block of logs was read as one of spans")
	}
}

func TestNames(t *testing.T) {
	if n, ok := parseName(telemetry.Logs, testName.file()); !ok || n != testName {
		t.Errorf("%+v, %v", n, ok)
	}
	if got := testName.token(); got != "0123456789abcdef-42-logs" {
		t.Error(got)
	}
	for _, file := range []string{"", ".wal", "-.wal", "000000000000002a-0123456789abcdef", "000000000000002A-0123456789abcdef.wal",
		"00000000000000zz-0123456789abcdef.wal", "2a-0123456789abcdef.wal", "000000000000002a-0123456789abcdef.wal.refused"} {
		if n, ok := parseName(telemetry.Logs, file); ok {
			t.Errorf("%q is taken for %+v", file, n)
		}
	}
}

// Whatever is in a file: reading ends, what it says is within the file and in order, and
// settling the file does not change what it says.
func FuzzReadBlock(f *testing.F) {
	whole, at := blockOf(testName, []string{"one"}, []string{"two", "three"}, []string{"four", ""})
	f.Add(whole, int64(0))
	f.Add(whole[:at[3]+5], int64(0))
	f.Add(whole[headerSize:], int64(50))
	f.Add(append(slices.Clone(whole), make([]byte, 200)...), int64(len(whole)))
	f.Add(slices.Concat(whole, whole), int64(10))
	for i := range 40 {
		d, r := slices.Clone(whole), rand.New(rand.NewPCG(uint64(i), 9))
		for range 1 + i%3 {
			d[r.IntN(len(d))] ^= 1 << r.IntN(8)
		}
		f.Add(d, int64(r.IntN(len(d))))
	}
	f.Fuzz(func(t *testing.T, data []byte, durable int64) {
		durable = max(0, min(durable, int64(len(data))))
		before := bytes.Clone(data)
		c, err := readBlock(testName, data, durable)
		if err != nil {
			return
		}
		if !bytes.Equal(before, data) {
			t.Fatal("reading changed the file")
		}
		total := int64(0)
		for _, p := range c.frames {
			total += frameSize + int64(len(p))
		}
		last := int64(0)
		for _, s := range c.corrupt {
			if s.from < last || s.to <= s.from || s.to > int64(len(data)) {
				t.Fatalf("spans %v in %d bytes", c.corrupt, len(data))
			}
			last = s.to
		}
		if c.end < 0 || c.end > int64(len(data)) || total > c.end || c.end < min(durable, int64(len(data))) {
			t.Fatalf("end %d, frames of %d bytes, durable %d, file of %d", c.end, total, durable, len(data))
		}
		again, err := readBlock(testName, data[:c.end], 0)
		if err != nil || fmt.Sprint(again.frames) != fmt.Sprint(c.frames) {
			t.Fatalf("settled, the file reads as %v (%v), before as %v", again.frames, err, c.frames)
		}
	})
}
