//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestItWatchesItself finds the server's own traces, logs and metrics in itself, little of
// them, and none about taking them.
func TestItWatchesItself(t *testing.T) {
	y := prepare(t, t.TempDir(), "--no-auth")
	port := freeAddr(t)
	y.env = []string{"YAGURA_SELF_ENABLED=true", "YAGURA_SELF_METRICS_LISTEN=" + port}
	y.live()
	for range 200 {
		y.get("/services", nil, &struct{}{})
	}
	y.eventually(30*time.Second, "own spans and logs", func() error {
		spans, err1 := y.count("spans", "service:yagura")
		logs, err2 := y.count("logs", "service:yagura")
		if err1 != nil || err2 != nil || spans == 0 || logs == 0 {
			return fmt.Errorf("%d spans, %d logs: %v %v", spans, logs, err1, err2)
		}
		return nil
	})
	var in struct {
		Sources []struct {
			Service string
			Own     bool
		}
		Transports []struct{ Requests int }
	}
	y.get("/status/ingest", nil, &in)
	for _, s := range in.Sources {
		if !s.Own || s.Service != "yagura" {
			t.Errorf("%+v", s)
		}
	}
	if len(in.Sources) == 0 || len(in.Transports) > 0 {
		t.Errorf("%+v", in)
	}
	for _, url := range []string{y.api + "/metrics", "http://" + port + "/metrics"} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		var body strings.Builder
		buf := make([]byte, 1<<20)
		for n, err := resp.Body.Read(buf); n > 0 || err == nil; n, err = resp.Body.Read(buf) {
			body.Write(buf[:n])
		}
		_ = resp.Body.Close()
		for _, want := range []string{`http_route="/api/v1/services"`, `yagura_ingest_rows_total{yagura_signal="spans"}`, "yagura_engine_memory_usage_bytes", "yagura_wal_lag_seconds", "yagura_ready 1", "go_goroutine_count"} {
			if !strings.Contains(body.String(), want) {
				t.Errorf("%s: no %s", url, want)
			}
		}
	}
	// Left alone, it has next to nothing to say.
	total := func() int {
		spans, _ := y.count("spans", "service:yagura")
		logs, _ := y.count("logs", "service:yagura")
		return spans + logs
	}
	time.Sleep(7 * time.Second)
	before := total()
	time.Sleep(15 * time.Second)
	if more := total() - before; more > 60 {
		t.Errorf("%d rows of its own in 15 s of silence", more)
	}
	// The metrics come with the end at the latest, and are there after it.
	y.stop()
	y.start()
	y.eventually(30*time.Second, "own metrics", func() error {
		var out struct{ Series []struct{} }
		err := y.try("/metrics/query", map[string][]string{"query": {`last_over_time({__name__=~"yagura_wal_size.*"}[10m])`}}, &out)
		if err == nil && len(out.Series) < 3 {
			err = fmt.Errorf("%d series", len(out.Series))
		}
		return err
	})
}

// TestMetricsNeedAToken: who may not see the status may not see the metrics.
func TestMetricsNeedAToken(t *testing.T) {
	y := serveIn(t, t.TempDir())
	if status, _ := y.ask("GET", "/metrics", nil); status != 401 {
		t.Errorf("%d", status)
	}
	if status := send(t, y, "yag_wrong", "shop"); status != 401 {
		t.Errorf("a wrong ingest token where none is needed: %d", status)
	}
	if status := send(t, y, "", "shop"); status != 200 {
		t.Errorf("no token where none is needed: %d", status)
	}
}

// TestStopAnswersWhatIsUnderWay stops the server in good order while many send: no
// request that was begun is left without an answer, nothing acknowledged is lost.
func TestStopAnswersWhatIsUnderWay(t *testing.T) {
	y := serve(t)
	for round := range 3 {
		var acked, cut atomic.Int64
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		service := fmt.Sprintf("stop%d", round)
		for range 4 {
			wg.Go(func() {
				for ctx.Err() == nil {
					resp, err := y.post(context.Background(), "/v1/logs", logsOf(service, 0, 50, time.Now()))
					switch {
					case err != nil && !strings.Contains(err.Error(), "refused"):
						cut.Add(1)
					case err == nil && resp.StatusCode == 200:
						acked.Add(50)
					}
					if err != nil {
						time.Sleep(5 * time.Millisecond)
					}
				}
			})
		}
		time.Sleep(700 * time.Millisecond)
		if err := y.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		err := y.cmd.Wait()
		took := time.Since(begun)
		cancel()
		wg.Wait()
		if err != nil || took > 20*time.Second {
			t.Errorf("it ended after %s: %v", took, err)
		}
		// A connection that idles while it is closed may carry a request that nobody has
		// read yet: one for each sender at most, which a sender repeats.
		if cut.Load() > 4 || acked.Load() == 0 {
			t.Errorf("%d requests were cut off, %d rows acknowledged", cut.Load(), acked.Load())
		}
		left := 0
		if files, err := os.ReadDir(y.dir + "/data/wal"); err == nil {
			left = len(files)
		}
		y.start()
		y.eventually(30*time.Second, "every acknowledged row", func() error {
			n, err := y.count("logs", "service:"+service)
			if err == nil && int64(n) < acked.Load() {
				err = fmt.Errorf("%d of %d", n, acked.Load())
			}
			return err
		})
		t.Logf("stopped in %s with %d rows acknowledged, %d requests cut off, %d entries in the log's folder", took.Round(time.Millisecond), acked.Load(), cut.Load(), left)
	}
	for _, line := range strings.Split(y.out.String(), "\n") {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			t.Errorf("a stop in good order warns: %s", line)
		}
	}
}
