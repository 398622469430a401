package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the product under measurement, started on a folder of its own.
type server struct {
	cmd     *exec.Cmd
	api     string // "http://127.0.0.1:1234"
	otlp    string
	started time.Duration // from exec to ready
	log     *os.File
}

func freeAddr() string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// startServer starts the binary on dir and waits until it is ready.
func startServer(o options, dir string) (*server, error) {
	api, otlp := freeAddr(), freeAddr()
	log, err := os.Create(filepath.Join(dir, "bench.log"))
	if err != nil {
		return nil, err
	}
	s := &server{api: "http://" + api, otlp: "http://" + otlp, log: log}
	s.cmd = exec.Command(o.bin, "serve", "--no-auth", "--data-dir", filepath.Join(dir, "data"),
		"--listen", api, "--otlp-http", otlp, "--otlp-grpc", freeAddr())
	// A repeated question must be answered by work, not from memory of the last time.
	s.cmd.Env = append(os.Environ(), "YAGURA_ENGINE_SETTINGS=use_query_condition_cache=0", "YAGURA_SELF_ENABLED="+strconv.FormatBool(o.self))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(begin) < time.Minute {
		resp, err := http.Get(s.api + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == 200 {
				s.started = time.Since(begin)
				return s, nil
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("the server was not ready in a minute; see %s", log.Name())
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	_ = s.log.Close()
}

// get asks the API and decodes its answer.
func (s *server) get(path string, q url.Values, out any) error {
	resp, err := http.Get(s.api + "/api/v1" + path + "?" + q.Encode())
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != 200 {
		return fmt.Errorf("GET %s?%s: %s: %s", path, q.Encode(), resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// count asks how many rows of a signal are stored.
func (s *server) count(signal, filter string) (int, error) {
	var out struct{ Count int }
	err := s.get("/"+signal+"/count", url.Values{"filter": {filter}, "from": {"-30d"}, "to": {"now"}}, &out)
	return out.Count, err
}

// settle waits until n rows that are not of the server itself are stored, and fails if there are ever more.
func (s *server) settle(signal string, n int) error {
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		got, err := s.count(signal, "-service:yagura")
		if err != nil {
			return err
		}
		if got == n {
			return nil
		}
		if got > n {
			return fmt.Errorf("%d %s stored, %d sent", got, signal, n)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("only %d of %d %s stored after five minutes", got, n, signal)
		}
	}
}

// tail opens the live tail and gives the bodies that pass filter.
func (s *server) tail(ctx context.Context, filter string) (<-chan string, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", s.api+"/api/v1/logs/tail?"+url.Values{"filter": {filter}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != 200 {
		_ = resp.Body.Close()
		return nil, errors.New("tail: " + resp.Status)
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var row struct{ Body string }
				if json.Unmarshal([]byte(data), &row) == nil && row.Body != "" {
					out <- row.Body
				}
			}
		}
	}()
	return out, nil
}
