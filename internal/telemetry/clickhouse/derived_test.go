package clickhouse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// derivedQuestions are what is asked of the rows of a derived test.
func derivedQuestions(logs []telemetry.Log, spans []telemetry.Span) []telemetry.DerivedQuery {
	first, mid, end := time.Unix(0, logs[0].Time), time.Unix(0, spans[len(spans)/2].Time), time.Unix(0, max(logs[len(logs)-1].Time, spans[len(spans)-1].Time)+1)
	all := telemetry.Range{From: first.Add(-time.Hour), To: end}
	return []telemetry.DerivedQuery{
		{Range: all},
		{Range: all, Steps: 7},
		{Range: telemetry.Range{From: mid, To: end}, Steps: 30, Compare: end.Sub(mid)},
		{Range: telemetry.Range{From: first, To: mid}, Env: "production", Steps: 3, Compare: 24 * time.Hour},
		{Range: all, Service: "cart", Steps: 5},
		{Range: all, Service: "カート", Version: "1.1"},
		{Range: all, Endpoint: "timeout", Steps: 2},
		{Range: telemetry.Range{From: mid.Add(-90 * time.Second), To: mid.Add(20 * time.Second)}, Steps: 30},
	}
}

func checkDerived(t *testing.T, s *Store, logs []telemetry.Log, spans []telemetry.Span) {
	t.Helper()
	s.first.asked = time.Time{}
	for i, d := range derivedQuestions(logs, spans) {
		t.Run(fmt.Sprint("question ", i), func(t *testing.T) { telemetrytest.CheckDerived(t, s, logs, spans, d) })
	}
}

// river writes rows in blocks, out of order, some of them more than once and at once.
type river struct {
	*Store
	rnd *rand.Rand
	n   int
}

func (r *river) write(t *testing.T, logs []telemetry.Log, spans []telemetry.Span) {
	t.Helper()
	type blockOf struct {
		signal telemetry.Signal
		token  string
		frames [][]byte
	}
	var blocks []blockOf
	cutUp(r.rnd, len(logs), func(from, to int) {
		f, err := r.EncodeLogs(nil, logs[from:to])
		if err != nil {
			t.Fatal(err)
		}
		r.n++
		blocks = append(blocks, blockOf{telemetry.Logs, fmt.Sprint("l", r.n), [][]byte{f}})
	})
	cutUp(r.rnd, len(spans), func(from, to int) {
		mid := (from + to + 1) / 2
		a, err := r.EncodeSpans(nil, spans[from:mid])
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.EncodeSpans(nil, spans[mid:to])
		if err != nil {
			t.Fatal(err)
		}
		r.n++
		blocks = append(blocks, blockOf{telemetry.Spans, fmt.Sprint("s", r.n), [][]byte{a, b}})
	})
	r.rnd.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	done := make(chan error)
	writes := 0
	for i, b := range blocks {
		for range 1 + one(i%3 == 0) {
			writes++
			go func() { done <- r.Write(context.Background(), b.signal, b.token, b.frames) }()
		}
		if i%3 == 2 {
			for ; writes > 0; writes-- {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for ; writes > 0; writes-- {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func cutUp(rnd *rand.Rand, n int, part func(from, to int)) {
	for from := 0; from < n; {
		to := min(from+1+rnd.IntN(n/3+1), n)
		part(from, to)
		from = to
	}
}

func TestDerived(t *testing.T) {
	r := &river{Store: newStore(t), rnd: rand.New(rand.NewPCG(7, 7))}
	day := time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC)
	logs, spans := telemetrytest.NewOdd(11, day).Logs(400), telemetrytest.NewOdd(12, day).Spans(400)
	r.write(t, logs[:300], spans[:300])
	r.write(t, logs[300:], spans[300:])
	checkDerived(t, r.Store, logs, spans)
}
