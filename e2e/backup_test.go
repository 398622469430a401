//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBackupUnderLoad backs a server up while it takes logs, spans and metrics, restores
// the backup elsewhere and finds everything that was acknowledged before, once.
func TestBackupUnderLoad(t *testing.T) {
	y := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	logs, spans := feedLogs(y), feedSpans(y)
	waits := []func(){logs.run(ctx, 2), spans.run(ctx, 2)}

	// Samples of 20 series, each with a value that says which it is.
	var mu sync.Mutex
	points := map[string][]string{} // of a series, the times in Unix seconds
	var wg sync.WaitGroup
	begun := time.Now()
	for series := range 20 {
		wg.Go(func() {
			name := fmt.Sprintf("kept.%d", series)
			at := begun.Add(-30 * time.Minute).Truncate(time.Second)
			for ctx.Err() == nil {
				at = at.Add(time.Second)
				resp, err := y.post(context.Background(), "/v1/metrics", metricOf(name, begun.Add(-time.Hour), at, float64(at.Unix())))
				if err == nil && resp.StatusCode == 200 {
					mu.Lock()
					points[name] = append(points[name], fmt.Sprint(at.Unix()))
					mu.Unlock()
				}
				time.Sleep(time.Duration(20+rand.IntN(40)) * time.Millisecond)
			}
		})
	}
	if status, body := y.ask("POST", "/api/v1/teams", bytes.NewReader([]byte(`{"name":"櫓チーム"}`)), "Content-Type", "application/json"); status/100 != 2 {
		t.Fatalf("make a team: %d %s", status, body)
	}
	time.Sleep(4 * time.Second)

	acked := func(f *feeder) []int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return append([]int(nil), f.acked...)
	}
	wantLogs, wantSpans := acked(logs), acked(spans)
	mu.Lock()
	wantPoints := map[string]int{}
	for name, all := range points {
		wantPoints[name] = len(all)
	}
	mu.Unlock()
	target := filepath.Join(t.TempDir(), "kept")
	out, errs, code := y.run("backup", target)
	if code != 0 {
		t.Fatalf("backup: %d\n%s\n%s", code, out, errs)
	}
	t.Logf("%s%s", errs, out)
	pack := filepath.Join(t.TempDir(), "kept.tar")
	if out, errs, code := y.run("backup", pack); code != 0 {
		t.Fatalf("backup into a file: %d\n%s\n%s", code, out, errs)
	}
	cancel()
	for _, wait := range waits {
		wait()
	}
	wg.Wait()
	logs.verify() // the backup took nothing from the server itself
	if left, _ := filepath.Glob(filepath.Join(y.dir, "data", "*", "backup")); len(left) > 0 {
		t.Errorf("a backup left %v behind", left)
	}

	// Not over anything that is there.
	if _, errs, code := y.run("restore", target, "--data-dir", filepath.Join(y.dir, "data")); code != 1 || !strings.Contains(errs, "engine (") || !strings.Contains(errs, "state.db") {
		t.Errorf("a restore into the folder of the running server: %d %s", code, errs)
	}
	// Not what was changed.
	spoilt := filepath.Join(t.TempDir(), "spoilt.tar")
	b, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(spoilt, b, 0o600); err != nil {
		t.Fatal(err)
	}
	nowhere := filepath.Join(t.TempDir(), "data")
	if _, errs, code := y.run("restore", spoilt, "--data-dir", nowhere); code != 1 || !strings.Contains(errs, "damaged") {
		t.Errorf("a restore of a damaged backup: %d %s", code, errs)
	}
	if left, _ := os.ReadDir(nowhere); len(left) > 1 { // the lock
		t.Errorf("a failed restore left %v", left)
	}

	for _, from := range []string{target, pack} {
		dir := t.TempDir()
		out, errs, code := y.run("restore", from, "--data-dir", filepath.Join(dir, "data"))
		if code != 0 {
			t.Fatalf("restore: %d\n%s\n%s", code, out, errs)
		}
		t.Logf("%s%s", errs, out)
		again := serveIn(t, dir, "--no-auth")
		hasOnce(t, again, "logs", wantLogs)
		hasOnce(t, again, "spans", wantSpans)
		for name, n := range wantPoints {
			if got := samplesOf(t, again, name); n == 0 || got < n || got > len(points[name]) {
				t.Errorf("%s: %d samples, %d were acknowledged before and %d in all", name, got, n, len(points[name]))
			}
		}
		if status, body := again.ask("GET", "/api/v1/teams", nil); status != 200 || !strings.Contains(string(body), "櫓チーム") {
			t.Errorf("the team: %d %s", status, body)
		}
		// Figures by the minute are of the same rows as there are.
		all, err := again.count("spans", "service:feeder")
		if err != nil {
			t.Fatal(err)
		}
		var services struct {
			Items []struct {
				Service  string
				Requests struct{ Count int }
			}
		}
		if err := again.try("/services", url.Values{"from": {"-2h"}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}, "steps": {"1"}}, &services); err != nil {
			t.Fatal(err)
		}
		counted := -1
		for _, s := range services.Items {
			if s.Service == "feeder" {
				counted = s.Requests.Count
			}
		}
		if counted != all {
			t.Errorf("%d requests are counted of %d spans", counted, all)
		}
		// It lives: what comes now is stored beside.
		if resp, err := again.post(t.Context(), "/v1/logs", logsOf("after", 0, 10, time.Now())); err != nil || resp.StatusCode != 200 {
			t.Errorf("a restored server takes nothing: %v %v", resp, err)
		}
		again.settles("logs", "service:after", 10)
		again.stop()
	}
}

// hasOnce says that all rows are there, and none twice.
func hasOnce(t *testing.T, y *yagura, signal string, want []int) {
	t.Helper()
	seen := y.seqs(signal, "feeder")
	missing, twice := 0, 0
	for _, seq := range want {
		if seen[seq] == 0 {
			missing++
		}
	}
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%s: %d were acknowledged before the backup, %d are restored", signal, len(want), len(seen))
	if len(want) == 0 || missing > 0 || twice > 0 {
		t.Errorf("%s: of %d rows %d are missing and %d are there twice", signal, len(want), missing, twice)
	}
}

// samplesOf counts the samples of a counter.
func samplesOf(t *testing.T, y *yagura, name string) int {
	t.Helper()
	var out struct {
		Series []struct{ Points [][2]float64 }
	}
	y.get("/metrics/query", url.Values{"query": {"count_over_time(" + strings.ReplaceAll(name, ".", "_") + "_total[2h])"}}, &out)
	if len(out.Series) != 1 || len(out.Series[0].Points) != 1 {
		t.Fatalf("%s: %+v", name, out)
	}
	return int(out.Series[0].Points[0][1])
}
