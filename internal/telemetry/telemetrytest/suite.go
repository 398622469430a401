package telemetrytest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Store is what an engine of logs and spans offers.
type Store interface {
	telemetry.Codec
	telemetry.Writer
	telemetry.Reader
}

// Settler is a Store that works on its rows after they are written (an index, say). The
// suite has it do so, and then asks again.
type Settler interface {
	Settle(ctx context.Context) error
}

// day is when the suite's rows begin.
var day = time.Date(2026, 11, 20, 21, 0, 0, 0, time.UTC)

// always is a range that has every row of the suite.
var always = telemetry.Range{From: day.Add(-time.Hour), To: day.Add(40 * 24 * time.Hour)}

// Run checks a store against the contracts. newStore gives an empty one.
func Run(t *testing.T, newStore func(t *testing.T) Store) {
	t.Run("frames", func(t *testing.T) { frames(t, newStore(t)) })
	t.Run("tokens", func(t *testing.T) { tokens(t, newStore(t)) })
	t.Run("empty", func(t *testing.T) { empty(t, newStore(t)) })
	t.Run("rows", func(t *testing.T) {
		f := fill(t, newStore(t), 1, 700)
		t.Run("pages", f.pages)
		t.Run("slowest", f.slowest)
		t.Run("log filters", f.logFilters)
		t.Run("span filters", f.spanFilters)
		t.Run("histograms", f.histograms)
		t.Run("durations", f.durations)
		t.Run("facets", f.facets)
		t.Run("contrast", f.contrast)
		t.Run("services", f.services)
		t.Run("traces", f.traces)
		t.Run("one trace", f.oneTrace)
		t.Run("several traces", f.traceSteps)
		t.Run("storage", f.storage)
		t.Run("gone", f.gone)
	})
	t.Run("large rows", func(t *testing.T) { large(t, newStore(t)) })
	t.Run("other rows", func(t *testing.T) {
		f := fill(t, newStore(t), 2, 300)
		if s, ok := f.Store.(Settler); ok {
			if err := s.Settle(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		t.Run("log filters", f.logFilters)
		t.Run("span filters", f.spanFilters)
		t.Run("traces", f.traces)
	})
}

// filled is a store and what is in it.
type filled struct {
	Store
	logs  []telemetry.Log // in the order of (Time, ID)
	spans []telemetry.Span
}

func fill(t *testing.T, s Store, seed uint64, n int) *filled {
	t.Helper()
	f := &filled{Store: s}
	f.logs, f.spans = NewOdd(seed, day).Logs(n), NewOdd(seed+1000, day).Spans(n)
	// In frames and blocks of unlike sizes.
	for i, k := 0, 1; i < n; i, k = i+k, k*2+1 {
		to := min(i+k, n)
		half := (i + to + 1) / 2
		writeLogs(t, s, fmt.Sprint("logs", i), f.logs[i:half], f.logs[half:to])
		writeSpans(t, s, fmt.Sprint("spans", i), f.spans[i:half], f.spans[half:to])
	}
	return f
}

func writeLogs(t *testing.T, s Store, token string, parts ...[]telemetry.Log) {
	t.Helper()
	var frames [][]byte
	for _, p := range parts {
		frame, err := s.EncodeLogs(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	if err := s.Write(context.Background(), telemetry.Logs, token, frames); err != nil {
		t.Fatal(err)
	}
}

func writeSpans(t *testing.T, s Store, token string, parts ...[]telemetry.Span) {
	t.Helper()
	var frames [][]byte
	for _, p := range parts {
		frame, err := s.EncodeSpans(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	if err := s.Write(context.Background(), telemetry.Spans, token, frames); err != nil {
		t.Fatal(err)
	}
}

// frames: a frame counts, halves and describes itself, appended to whatever was there.
func frames(t *testing.T, s Store) {
	logs, spans := NewOdd(3, day).Logs(33), NewOdd(4, day).Spans(33)
	f, err := s.EncodeLogs([]byte("head"), logs)
	if err != nil || string(f[:4]) != "head" {
		t.Fatalf("EncodeLogs did not append: %v", err)
	}
	f = f[4:]
	checkFrame(t, s, telemetry.Logs, f, len(logs))
	g, err := s.EncodeSpans(nil, spans)
	if err != nil {
		t.Fatal(err)
	}
	checkFrame(t, s, telemetry.Spans, g, len(spans))
	if _, err := s.Rows(telemetry.Spans, f); err == nil {
		t.Error("a frame of logs counts as spans")
	}
	// The halves, written instead, are the same rows.
	var parts [][]byte
	for rest := [][]byte{f}; len(rest) > 0; {
		a, b, err := s.Split(telemetry.Logs, rest[0])
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[1:]
		if b == nil {
			parts = append(parts, a)
		} else {
			rest = append(rest, a, b)
		}
	}
	if len(parts) != len(logs) {
		t.Fatalf("%d rows were split into %d", len(logs), len(parts))
	}
	for i, p := range parts {
		if err := s.Write(context.Background(), telemetry.Logs, fmt.Sprint("part", i), [][]byte{p}); err != nil {
			t.Fatal(err)
		}
	}
	got, _, err := s.ReadLogs(context.Background(), telemetry.PageQuery{Query: telemetry.Query{Range: always}, Order: telemetry.Oldest, Limit: 100})
	if err != nil || !reflect.DeepEqual(got, logs) {
		t.Errorf("split rows are not what they were: %v", err)
	}
}

func checkFrame(t *testing.T, s Store, signal telemetry.Signal, f []byte, rows int) {
	t.Helper()
	if n, err := s.Rows(signal, f); err != nil || n != rows {
		t.Fatalf("%s: a frame of %d rows counts %d: %v", signal, rows, n, err)
	}
	a, b, err := s.Split(signal, f)
	if err != nil {
		t.Fatal(err)
	}
	na, _ := s.Rows(signal, a)
	nb, _ := s.Rows(signal, b)
	if na+nb != rows || na == 0 || nb == 0 {
		t.Errorf("%s: %d rows were split into %d and %d", signal, rows, na, nb)
	}
	if d := s.Describe(signal, f); d == "" || len(d) > 2048 {
		t.Errorf("%s: a description of %d bytes", signal, len(d))
	}
	if d := s.Describe(signal, f[:len(f)/2]); d == "" || len(d) > 2048 {
		t.Errorf("%s: a description of half a frame, of %d bytes", signal, len(d))
	}
	for i := range len(f) - 1 { // whatever is broken off is an error, not a crash
		if _, _, err := s.Split(signal, f[:i]); err == nil {
			t.Fatalf("%s: the first %d bytes of a frame of %d were taken for one", signal, i, len(f))
		}
	}
}

// tokens: a block counts once for each token, whoever repeats it and however often.
func tokens(t *testing.T, s Store) {
	ctx := context.Background()
	g := NewGen(1, day, time.Second)
	logs, spans := g.Logs(nil, 40), g.Spans(nil, 40)
	done := make(chan error)
	for i := range 6 { // three blocks, each twice at once
		go func() {
			part := logs[i/2*10 : i/2*10+10]
			a, err := s.EncodeLogs(nil, part[:4])
			if err == nil {
				var b []byte
				if b, err = s.EncodeLogs(nil, part[4:]); err == nil {
					err = s.Write(ctx, telemetry.Logs, fmt.Sprint("block", i/2), [][]byte{a, b})
				}
			}
			done <- err
		}()
	}
	for range 6 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		writeSpans(t, s, "spans", spans[:20], spans[20:])
	}
	writeLogs(t, s, "block1", logs[10:14], logs[14:20])
	q := telemetry.Query{Range: always}
	if n, err := s.CountLogs(ctx, q); err != nil || n != 30 {
		t.Errorf("%d logs after repeated blocks of 30: %v", n, err)
	}
	if n, err := s.CountSpans(ctx, q); err != nil || n != 40 {
		t.Errorf("%d spans after repeated blocks of 40: %v", n, err)
	}
	writeLogs(t, s, "block9", logs[10:20])
	if n, err := s.CountLogs(ctx, q); err != nil || n != 40 {
		t.Errorf("the same rows under a token of their own are other rows, but there are %d: %v", n, err)
	}
	writeLogs(t, s, "nothing")
	writeLogs(t, s, "no rows", nil)
}

// empty: a store without rows has answers too.
func empty(t *testing.T, s Store) {
	ctx := context.Background()
	q := telemetry.Query{Range: always}
	p := telemetry.PageQuery{Query: q, Limit: 10}
	check := func(what string, n int, more bool, err error) {
		t.Helper()
		if n != 0 || more || err != nil {
			t.Errorf("%s: %d, %v, %v", what, n, more, err)
		}
	}
	logs, more, err := s.ReadLogs(ctx, p)
	check("logs", len(logs), more, err)
	spans, more, err := s.ReadSpans(ctx, p)
	check("spans", len(spans), more, err)
	traces, more, err := s.Traces(ctx, p)
	check("traces", len(traces), more, err)
	spans, more, err = s.Trace(ctx, telemetry.TraceID{1}, 10)
	check("trace", len(spans), more, err)
	spans, more, err = s.TraceOutline(ctx, telemetry.TraceID{1}, 10)
	check("outline of a trace", len(spans), more, err)
	steps, err := s.TraceSteps(ctx, []telemetry.TraceID{{1}, {}}, 10)
	check("steps of traces", len(steps), false, err)
	logs, more, err = s.TraceLogs(ctx, telemetry.TraceID{}, 10)
	check("trace's logs", len(logs), more, err)
	h, err := s.LogHistogram(ctx, q, 10)
	check("histogram", len(h.Buckets), false, err)
	f, err := s.SpanFacets(ctx, q, nil, 10)
	check("facets", len(f), false, err)
	svc, err := s.Services(ctx, always, "", 10)
	check("services", len(svc), false, err)
	envs, err := s.Environments(ctx, always)
	check("environments", len(envs), false, err)
	st, err := s.Storage(ctx)
	check("storage", len(st), false, err)
	n, err := s.CountLogs(ctx, telemetry.Query{Range: telemetry.Range{From: always.To, To: always.From}})
	check("a range that ends before it begins", int(n), false, err)
}
