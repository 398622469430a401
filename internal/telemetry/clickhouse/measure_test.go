package clickhouse

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// TestMeasure fills an engine and says what it costs. It runs when YAGURA_MEASURE names
// the rows of each signal: YAGURA_MEASURE=1000000 go test -run TestMeasure -v -timeout 1h .
// YAGURA_MEASURE_SQL is run before, to try variants, YAGURA_MEASURE_AFTER after.
// With YAGURA_MEASURE_DIR the engine's folder is kept, and used again if it is full.
func TestMeasure(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("YAGURA_MEASURE"))
	if n == 0 {
		t.Skip("YAGURA_MEASURE is not set: this is a tool, not a test")
	}
	sup := enginetest.Own(t, func(o *engine.Options) {
		o.MaxMemory = 4 << 30
		if dir := os.Getenv("YAGURA_MEASURE_DIR"); dir != "" {
			o.DataDir = dir
		}
	})
	s, err := Open(Options{Dial: sup.Dial})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	for q := range strings.SplitSeq(os.Getenv("YAGURA_MEASURE_SQL"), ";") {
		if q = strings.TrimSpace(q); q != "" {
			if err := s.admin.Exec(ctx, q); err != nil {
				t.Fatal(err)
			}
		}
	}
	pid := sup.State().PID
	var have uint64
	if err := s.reads.QueryRow(ctx, "SELECT count() FROM logs").Scan(&have); err != nil {
		t.Fatal(err)
	}
	// Rows over 24 h, as they would arrive.
	step := 24 * time.Hour / time.Duration(n)
	if have == 0 {
		which := os.Getenv("YAGURA_MEASURE_SIGNAL")
		if which == "" || which == "logs" {
			fill(t, s, pid, telemetry.Logs, n, func(g *telemetrytest.Gen, k int) ([]byte, error) {
				return s.EncodeLogs(nil, g.Logs(nil, k))
			}, step)
		}
		if which == "" || which == "spans" {
			fill(t, s, pid, telemetry.Spans, n, func(g *telemetrytest.Gen, k int) ([]byte, error) {
				return s.EncodeSpans(nil, g.Spans(nil, k))
			}, step)
		}
	}
	measureMore(t, s, pid)
}

const measureBlock, measureFrame = 20000, 1000

func fill(t *testing.T, s *Store, pid int, signal telemetry.Signal, n int, encode func(*telemetrytest.Gen, int) ([]byte, error), step time.Duration) {
	ctx := context.Background()
	g := telemetrytest.NewGen(7, start.Truncate(24*time.Hour), step)
	var wall time.Duration
	size := 0
	before := cpu(t, pid)
	for i := 0; i < n; i += measureBlock {
		var frames [][]byte
		for range measureBlock / measureFrame {
			f, err := encode(g, measureFrame)
			if err != nil {
				t.Fatal(err)
			}
			size += len(f)
			frames = append(frames, f)
		}
		a := time.Now()
		if err := s.Write(ctx, signal, fmt.Sprint("measure-", signal, i), frames); err != nil {
			t.Fatal(err)
		}
		wall += time.Since(a)
	}
	written := cpu(t, pid)
	settle(t, s)
	settled := cpu(t, pid)
	per := 1e6 / float64(n)
	t.Logf("%s: %d rows, %d B a row in frames; engine CPU s per million: %.2f writing, %.2f with merges after; Write took %.2f s per million",
		signal, n, size/n, (written-before)*per, (settled-before)*per, wall.Seconds()*per)
	rows, err := s.admin.Query(ctx, `SELECT name, sum(data_compressed_bytes) AS c, sum(data_uncompressed_bytes) FROM system.columns
		WHERE database = {d:String} AND table = {t:String} GROUP BY name ORDER BY c DESC LIMIT 12`, named("d", s.opt.Database), named("t", signal.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var c, u uint64
		if err := rows.Scan(&name, &c, &u); err != nil {
			t.Fatal(err)
		}
		t.Logf("  %-28s %8.1f B a row, %8.1f uncompressed", name, float64(c)/float64(n), float64(u)/float64(n))
	}
}

// settle waits until merges have come to rest.
func settle(t *testing.T, s *Store) {
	quiet := 0
	for quiet < 12 {
		var n uint64
		if err := s.admin.QueryRow(context.Background(), "SELECT count() FROM system.merges").Scan(&n); err != nil {
			t.Fatal(err)
		}
		quiet++
		if n > 0 {
			quiet = 0
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// cpu is the CPU time that a process has used, in seconds.
func cpu(t *testing.T, pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	u, _ := strconv.ParseFloat(f[11], 64)
	k, _ := strconv.ParseFloat(f[12], 64)
	return (u + k) / 100
}

func measureMore(t *testing.T, s *Store, pid int) {
	for q := range strings.SplitSeq(os.Getenv("YAGURA_MEASURE_AFTER"), ";") {
		if q = strings.TrimSpace(q); q != "" {
			a, b := time.Now(), cpu(t, pid)
			if err := s.admin.Exec(context.Background(), q); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %v, %.2f CPU s", q, time.Since(a), cpu(t, pid)-b)
		}
	}
}
