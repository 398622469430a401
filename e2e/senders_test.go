//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program runs another program until the test ends.
func program(t *testing.T, cmd *exec.Cmd) (lines <-chan string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ch := make(chan string, 1000)
	go func() {
		defer close(ch)
		for s := bufio.NewScanner(out); s.Scan(); {
			select {
			case ch <- s.Text():
			default: // nobody reads any more
			}
		}
	}()
	return ch
}

// services asks for the names of the services and how many requests each had.
func (y *yagura) services() (map[string]int, error) {
	var out struct {
		Items []struct {
			Service  string
			Requests struct{ Count int }
		}
	}
	err := y.try("/services", url.Values{"from": {"-1h"}, "to": {"now"}}, &out)
	got := map[string]int{}
	for _, s := range out.Items {
		got[s.Service] = s.Requests.Count
	}
	return got, err
}

func port(t *testing.T) string {
	_, p, _ := net.SplitHostPort(freeAddr(t))
	return p
}

func TestHotROD(t *testing.T) {
	y := serve(t)
	frontend := port(t)
	cmd := exec.Command(filepath.Join(root, "tools", "bin", "hotrod"), "all", "--fix-db-query-delay=20ms",
		"-f", frontend, "-c", port(t), "-d", port(t), "-r", port(t),
		"--frontend-service-hostname=127.0.0.1", "--customer-service-hostname=127.0.0.1",
		"--driver-service-hostname=127.0.0.1", "--route-service-hostname=127.0.0.1")
	cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+y.otlp)
	program(t, cmd)
	y.eventually(20*time.Second, "a dispatched car", func() error {
		resp, err := http.Get("http://127.0.0.1:" + frontend + "/dispatch?customer=123&nonse=0.1")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			return fmt.Errorf("%s", resp.Status)
		}
		return nil
	})
	y.eventually(30*time.Second, "HotROD's services", func() error {
		got, err := y.services()
		for _, want := range []string{"frontend", "customer", "driver", "route"} {
			if err == nil && got[want] == 0 {
				err = fmt.Errorf("no requests of %s; there are %v", want, got)
			}
		}
		return err
	})

	// The dispatch is one trace over the services, assembled with a critical path.
	var found struct {
		Items []struct {
			TraceID  string `json:"trace_id"`
			Services []string
			Spans    int
		}
	}
	y.get("/traces", url.Values{"filter": {"service:frontend name:*dispatch*"}}, &found)
	if len(found.Items) == 0 {
		t.Fatal("no trace of the dispatch")
	}
	if got := found.Items[0]; got.Spans < 20 || !slices.Contains(got.Services, "driver") {
		t.Errorf("the dispatch has %d spans over %v", got.Spans, got.Services)
	}
	var trace struct {
		Spans []struct {
			Depth    int
			Critical [][2]int64
		}
	}
	y.get("/traces/"+found.Items[0].TraceID, nil, &trace)
	critical, depth := 0, 0
	for _, s := range trace.Spans {
		depth = max(depth, s.Depth)
		critical += len(s.Critical)
	}
	if critical < 3 || depth < 2 {
		t.Errorf("%d critical segments, depth %d", critical, depth)
	}
}

func TestNodeAutoInstrumentation(t *testing.T) {
	y := serve(t)
	app := filepath.Join(root, "tools", "nodeapp")
	cmd := exec.Command("node", "--require", "@opentelemetry/auto-instrumentations-node/register", "app.js")
	cmd.Dir = app
	cmd.Env = append(os.Environ(), "OTEL_SERVICE_NAME=bookshop", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=staging",
		"OTEL_EXPORTER_OTLP_ENDPOINT="+y.otlp, "OTEL_LOGS_EXPORTER=otlp", "OTEL_METRICS_EXPORTER=otlp",
		"OTEL_METRIC_EXPORT_INTERVAL=1000", "OTEL_METRIC_EXPORT_TIMEOUT=900", "OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_BLRP_SCHEDULE_DELAY=200", "OTEL_NODE_RESOURCE_DETECTORS=env,host,process")
	lines := program(t, cmd)
	base := ""
	for line := range lines {
		if addr, ok := strings.CutPrefix(line, "listening on "); ok {
			base = addr
			break
		}
	}
	if base == "" {
		t.Fatal("the application did not start (npm ci in tools/nodeapp?)")
	}
	for _, id := range []string{"1", "2", "13"} {
		resp, err := http.Get(base + "/books/" + id)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}

	y.eventually(30*time.Second, "its requests", func() error {
		got, err := y.services()
		if err == nil && got["bookshop"] < 6 {
			err = fmt.Errorf("%d requests", got["bookshop"])
		}
		return err
	})
	// Its pino lines, with level, stack and trace, found by a Japanese word.
	var logs struct {
		Items []struct {
			Env, Level, Body string
			TraceID          string `json:"trace_id"`
			Exception        *struct{ Type, Message, Stack string }
		}
	}
	y.eventually(30*time.Second, "its error log", func() error {
		err := y.try("/logs", url.Values{"filter": {"service:bookshop level>=error 接続ｴﾗｰ"}}, &logs)
		if err == nil && len(logs.Items) != 1 {
			err = fmt.Errorf("%d logs", len(logs.Items))
		}
		return err
	})
	row := logs.Items[0]
	if row.Env != "staging" || row.Level != "error" || row.TraceID == "" {
		t.Errorf("the error log is %+v", row)
	}
	if row.Exception == nil || !strings.Contains(row.Exception.Stack, "app.js") {
		t.Errorf("its exception is %+v", row.Exception)
	}
	// Log to trace.
	var trace struct{ Spans []struct{ Name string } }
	y.get("/traces/"+row.TraceID, nil, &trace)
	if len(trace.Spans) < 3 {
		t.Errorf("the trace of the error has %d spans", len(trace.Spans))
	}
	// Its metrics, by PromQL.
	y.eventually(30*time.Second, "its metrics", func() error {
		var out struct {
			Series []struct{ Labels map[string]string }
		}
		err := y.try("/metrics/query", url.Values{"query": {`{__name__=~"http_server.*_count", service_name="bookshop"}`}}, &out)
		if err == nil && len(out.Series) == 0 {
			err = fmt.Errorf("no series")
		}
		return err
	})
}
