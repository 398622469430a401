package clickhouse

import (
	"context"
	"fmt"
	"os"
	"slices"
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
				rows := g.Logs(nil, k)
				if rows[0].Time < start.Add(-6*time.Hour-7*time.Second).UnixNano() && rows[k-1].Time > start.Add(-6*time.Hour-7*time.Second).UnixNano() {
					rows[k/2].Body = "the flux capacitor is out of Unobtainium"
					rows[k/3].Body = "日付変更線をまたぐ便の到着日時を計算できません"
				}
				return s.EncodeLogs(nil, rows)
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

// measureReads times the questions that have a target, and some more.
func measureReads(t *testing.T, s *Store, when string) {
	ctx := context.Background()
	settings := readSettings(s.opt)
	settings["use_query_condition_cache"] = 0
	var err error
	if s.reads, err = connect(s.opt, s.opt.Database, 4, settings, time.Minute); err != nil {
		t.Fatal(err)
	}
	first := start.Truncate(24 * time.Hour)
	all := telemetry.Query{Range: telemetry.Range{From: first.Add(-24 * time.Hour), To: first.Add(48 * time.Hour)}}
	hour := telemetry.Query{Range: telemetry.Range{From: first.Add(20 * time.Hour), To: first.Add(21 * time.Hour)}}
	with := func(q telemetry.Query, text string) telemetry.PageQuery {
		n, err := telemetry.ParseFilter(telemetry.Logs, text)
		if err != nil {
			t.Fatal(err)
		}
		q.Filter = n
		return telemetry.PageQuery{Query: q, Limit: 100}
	}
	spans, _, err := s.ReadSpans(ctx, telemetry.PageQuery{Query: hour, Limit: 10})
	if err != nil || len(spans) == 0 {
		t.Log("no spans", err)
		return
	}
	id := spans[0].TraceID
	logs := func(q telemetry.PageQuery) func() (int, error) {
		return func() (int, error) { rows, _, err := s.ReadLogs(ctx, q); return len(rows), err }
	}
	count := func(text string, q telemetry.Query) func() (int, error) {
		return func() (int, error) { n, err := s.CountLogs(ctx, with(q, text).Query); return int(n), err }
	}
	for _, m := range []struct {
		what string
		ask  func() (int, error)
	}{
		{"rare word, all logs", logs(with(all, "unobtainium"))},
		{"rare Japanese term, all logs", logs(with(all, "日付変更線"))},
		{"absent word, all logs", logs(with(all, "xyzzyplugh"))},
		{"count a rare word", count("unobtainium", all)},
		{"newest 100 of a common term", logs(with(all, "timeout OR request"))},
		{"newest 100 of a common Japanese term", logs(with(all, "注文"))},
		{"newest 100 of errors of a service", logs(with(all, "service:payment level>=error"))},
		{"newest 100 of a rare attribute", logs(with(hour, "user:u77"))},
		{"count a rare attribute in an hour", count("user:u77", hour)},
		{"trace by id", func() (int, error) { rows, _, err := s.Trace(ctx, id, 1000); return len(rows), err }},
		{"logs of a trace", func() (int, error) { rows, _, err := s.TraceLogs(ctx, id, 1000); return len(rows), err }},
		{"facets of an hour, 8 keys", func() (int, error) {
			f, err := s.LogFacets(ctx, hour, []string{"level", "service", "env", "host", "version", "exception.type", "user", "http.response.status_code"}, 10)
			return len(f), err
		}},
		{"facets of an hour, chosen", func() (int, error) { f, err := s.LogFacets(ctx, hour, nil, 10); return len(f), err }},
		{"span facets of an hour, chosen", func() (int, error) { f, err := s.SpanFacets(ctx, hour, nil, 10); return len(f), err }},
		{"histogram of an hour", func() (int, error) { h, err := s.LogHistogram(ctx, hour, 60); return len(h.Buckets), err }},
		{"histogram of the day", func() (int, error) { h, err := s.LogHistogram(ctx, all, 60); return len(h.Buckets), err }},
		{"services of an hour", func() (int, error) { v, err := s.Services(ctx, hour.Range, "", 30); return len(v), err }},
		{"traces of an hour", func() (int, error) {
			v, _, err := s.Traces(ctx, telemetry.PageQuery{Query: hour, Limit: 50})
			return len(v), err
		}},
		{"slowest 50 of an hour", func() (int, error) {
			v, _, err := s.ReadSpans(ctx, telemetry.PageQuery{Query: hour, Limit: 50, Order: telemetry.Slowest})
			return len(v), err
		}},
		{"environments of the day", func() (int, error) { v, err := s.Environments(ctx, all.Range); return len(v), err }},
		{"storage", func() (int, error) { v, err := s.Storage(ctx); return len(v), err }},
	} {
		var times []time.Duration
		n := 0
		for range 7 {
			a := time.Now()
			if n, err = m.ask(); err != nil {
				t.Fatal(m.what, err)
			}
			times = append(times, time.Since(a))
		}
		slices.Sort(times)
		t.Logf("%s: %-38s median %6.1f ms, least %6.1f, most %6.1f (%d)", when, m.what, ms(times[3]), ms(times[0]), ms(times[6]), n)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

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
	measureReads(t, s, "before Maintain")
	a, b := time.Now(), cpu(t, pid)
	if err := s.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("Maintain: %v, %.2f CPU s", time.Since(a), cpu(t, pid)-b)
	measureReads(t, s, "after Maintain")
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
