//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// collect runs an OpenTelemetry Collector with an exporter, and gives what sends to it.
func collect(t *testing.T, exporter string) (send func(path string, body []byte)) {
	t.Helper()
	addr := freeAddr(t)
	cmd := exec.Command(filepath.Join(root, "tools", "bin", "collector"), "--config", fmt.Sprintf(`yaml:
receivers: {otlp: {protocols: {http: {endpoint: %q}}}}
processors: {batch: {timeout: 50ms, send_batch_size: 500}}
exporters:
  %s
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: &all {receivers: [otlp], processors: [batch], exporters: [%s]}
    traces: *all
    metrics: *all
`, addr, exporter, exporterName(exporter)))
	lines := program(t, cmd)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	logged(ctx, t, lines, "Everything is ready")
	return func(path string, body []byte) {
		t.Helper()
		req, _ := http.NewRequest("POST", "http://"+addr+path, bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/x-protobuf")
		resp, err := sender.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("the collector answers %s: %s", resp.Status, raw)
		}
	}
}

func exporterName(yaml string) string {
	for i, c := range yaml {
		if c == ':' {
			return yaml[:i]
		}
	}
	return yaml
}

// TestCollector sends all signals through the OpenTelemetry Collector's own exporters,
// over a server that turns them away and that is restarted meanwhile: nothing is lost and
// nothing is there twice.
func TestCollector(t *testing.T) {
	for name, exporter := range map[string]string{
		"gRPC with gzip":   `otlp: {endpoint: %q, tls: {insecure: true}, compression: gzip, sending_queue: {num_consumers: 8}, retry_on_failure: {initial_interval: 200ms, max_interval: 1s}}`,
		"gRPC with zstd":   `otlp: {endpoint: %q, tls: {insecure: true}, compression: zstd, sending_queue: {num_consumers: 8}, retry_on_failure: {initial_interval: 200ms, max_interval: 1s}}`,
		"gRPC with snappy": `otlp: {endpoint: %q, tls: {insecure: true}, compression: snappy, sending_queue: {num_consumers: 8}, retry_on_failure: {initial_interval: 200ms, max_interval: 1s}}`,
		"HTTP with gzip":   `otlphttp: {endpoint: "http://%s", compression: gzip, sending_queue: {num_consumers: 8}, retry_on_failure: {initial_interval: 200ms, max_interval: 1s}}`,
		"HTTP with zstd":   `otlphttp: {endpoint: "http://%s", compression: zstd, sending_queue: {num_consumers: 8}, retry_on_failure: {initial_interval: 200ms, max_interval: 1s}}`,
		"HTTP with JSON":   `otlphttp: {endpoint: "http://%s", encoding: json, sending_queue: {num_consumers: 8}, retry_on_failure: {initial_interval: 200ms, max_interval: 1s}}`,
	} {
		t.Run(name, func(t *testing.T) {
			y := serve(t, "--config", configFile(t, "limits: {concurrent_requests: 2}"))
			to := y.grpc
			if exporterName(exporter) == "otlphttp" {
				to = y.otlp[len("http://"):]
			}
			send := collect(t, fmt.Sprintf(exporter, to))
			const rounds, rows = 20, 500
			now := time.Now()
			for i := range rounds {
				send("/v1/logs", logsOf("collected", i*rows, rows, now))
				send("/v1/traces", spansOf("collected", i*rows, rows, now))
				send("/v1/metrics", gaugesOf(fmt.Sprintf("collected%d", i), 10, now))
				if i == rounds/2 {
					y.stop()
					time.Sleep(500 * time.Millisecond)
					y.start()
				}
			}
			y.settles("logs", "service:collected", rounds*rows)
			y.settles("spans", "service:collected", rounds*rows)
			y.eventually(30*time.Second, "its metrics", func() error {
				for i := range rounds {
					if n, err := y.series(fmt.Sprintf("collected%d", i)); err != nil || n != 10 {
						return fmt.Errorf("%d: %d series, %v", i, n, err)
					}
				}
				return nil
			})
		})
	}
}
