package clickhouse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

const bigBody = 200_000

// fillBig writes n logs of large bodies, none like another.
func fillBig(t *testing.T, s *Store, n int) {
	t.Helper()
	g := telemetrytest.NewGen(1, start, time.Second)
	r := rand.NewChaCha8([32]byte{})
	words := make([]byte, bigBody)
	const letters = "abcdefghijklmnopqrstuvwxy eioaETAO"
	for at := 0; at < n; at += 40 {
		logs := g.Logs(nil, min(40, n-at))
		for i := range logs {
			_, _ = r.Read(words)
			for k := range words {
				words[k] = letters[int(words[k])%len(letters)]
			}
			logs[i].Body = string(words)
		}
		f, err := s.EncodeLogs(nil, logs)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(context.Background(), telemetry.Logs, fmt.Sprint("big", at), [][]byte{f}); err != nil {
			t.Fatal(err)
		}
	}
}

// A question about large bodies takes no more memory than one about small ones: what the
// engine reads at once is bounded in bytes, not only in rows.
func TestLargeBodiesFitInMemory(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	fillBig(t, s, 1200)
	// One part, as after a while.
	if err := s.admin.Exec(ctx, "OPTIMIZE TABLE "+s.opt.Database+".logs FINAL"); err != nil {
		t.Fatal(err)
	}
	opt := s.opt
	opt.MaxMemory = 200 << 20
	small, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = small.Close() }()
	q := telemetry.Query{Range: telemetry.Range{From: start.Add(-time.Hour), To: start.Add(24 * time.Hour)}}
	for _, text := range []string{`-"zzz"`, `-"zzz" -"zzzz"`, `"zzz"`, `*`} {
		if q.Filter, err = filter.Parse(text); err != nil {
			t.Fatal(err)
		}
		if n, err := small.CountLogs(ctx, q); err != nil || (n != 1200) != (text == `"zzz"`) {
			t.Errorf("%s: %d, %v", text, n, err)
		}
		if _, err := small.LogHistogram(ctx, q, 60); err != nil {
			t.Errorf("%s: histogram: %v", text, err)
		}
		if _, err := small.LogFacets(ctx, q, nil, 10); err != nil {
			t.Errorf("%s: facets: %v", text, err)
		}
		for _, limit := range []int{100, 1000} {
			rows, more, err := small.ReadLogs(ctx, telemetry.PageQuery{Query: q, Limit: limit})
			if err != nil || (more && len(rows) > telemetry.PageBytes/bigBody) {
				t.Errorf("%s: a page of %d logs, more %v: %v", text, len(rows), more, err)
			}
		}
	}
}
