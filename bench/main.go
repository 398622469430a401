package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	bin, endpoint, token string
	pid                  int
	rows, stored         int
	seconds, before      int
	dir, keep            string
	self                 bool
}

// scenario is one measurement. It prints its results as it has them.
type scenario struct {
	name string
	what string
	run  func(ctx context.Context, o options) error
}

var scenarios = []scenario{
	{"ingest-logs", "CPU seconds per million logs at saturating load", func(ctx context.Context, o options) error { return ingest(ctx, o, "logs") }},
	{"ingest-spans", "CPU seconds per million spans of 12 attributes at saturating load", func(ctx context.Context, o options) error { return ingest(ctx, o, "spans") }},
	{"rate", "CPU seconds a minute at 1,000 rows/s of logs and of spans", rate},
	{"delay", "from acknowledged to searchable, and to the live tail", delay},
	{"idle", "memory after a trickle of rows", idle},
	{"questions", "milliseconds per question over stored rows, and start-up", questions},
	{"detect", "precision and recall of the detectors over the labelled set, and CPU seconds per million spans", detectors},
	{"growth", "the same as rows grow tenfold", growth},
}

func main() {
	var o options
	run := flag.String("run", "", "run the scenarios whose name contains this; all but growth when empty")
	flag.StringVar(&o.bin, "bin", "bin/yagura", "the binary to measure")
	flag.StringVar(&o.endpoint, "endpoint", "", "send to this OTLP/HTTP endpoint instead (ingest scenarios only)")
	flag.StringVar(&o.token, "token", "", "an ingest token for -endpoint")
	flag.IntVar(&o.pid, "pid", 0, "with -endpoint: the process whose CPU is counted")
	flag.IntVar(&o.rows, "rows", 1_000_000, "rows sent by ingest scenarios")
	flag.IntVar(&o.stored, "stored", 5_000_000, "rows of each signal stored for questions")
	flag.IntVar(&o.seconds, "seconds", 60, "how long rate and idle take")
	flag.IntVar(&o.before, "before", 0, "idle only: rows of each signal that are there when the trickle begins, an hour's being 72,000")
	flag.StringVar(&o.dir, "dir", "", "where data goes; a temporary folder when empty")
	flag.StringVar(&o.keep, "keep", "", "questions only: a folder whose rows are used again, filled if it has none, and left there")
	flag.BoolVar(&o.self, "self", false, "let the server keep its own telemetry, as it does unless told otherwise; its rows are not counted")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Printf("%s, %d CPUs, %s\n", runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format("2006-01-02"))
	failed := false
	for _, s := range scenarios {
		if (*run == "" && s.name == "growth") || !strings.Contains(s.name, *run) {
			continue
		}
		fmt.Printf("\n%s: %s\n", s.name, s.what)
		if err := s.run(ctx, o); err != nil {
			fmt.Printf("  FAILED: %v\n", err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// with runs f against a server on a fresh folder.
func with(o options, f func(s *server) error) error {
	dir, err := os.MkdirTemp(o.dir, "yagura-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := startServer(o, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	return f(s)
}

func (o options) sender(endpoint string, workers int) *sender {
	return &sender{endpoint: endpoint, token: o.token, workers: workers,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}, Timeout: time.Minute}}
}

func ingest(ctx context.Context, o options, signal string) error {
	l := newLoad(signal, requestRows)
	measure := func(pid int, endpoint string, settle func(n int) error) error {
		send := o.sender(endpoint, 8)
		const warm = 100_000 // first tables, first connections
		if err := send.send(ctx, l, warm); err != nil {
			return err
		}
		if err := settle(warm); err != nil {
			return err
		}
		before, err := treeUsage(pid)
		if err != nil {
			return err
		}
		start := time.Now()
		if err := send.send(ctx, l, o.rows); err != nil {
			return err
		}
		sent := time.Since(start)
		if err := settle(warm + o.rows); err != nil {
			return err
		}
		after, err := treeUsage(pid)
		if err != nil {
			return err
		}
		used := after.since(before)
		fmt.Printf("  %.2f CPU-s per million %s; %s; %.0f rows/s accepted, %d put off and repeated\n",
			used.cpu*1e6/float64(o.rows), signal, used, float64(o.rows)/sent.Seconds(), send.retried.Load())
		return nil
	}
	if o.endpoint != "" {
		return measure(o.pid, o.endpoint, func(int) error { time.Sleep(15 * time.Second); return nil })
	}
	return with(o, func(s *server) error {
		return measure(s.cmd.Process.Pid, s.otlp, func(n int) error { return s.settle(signal, n) })
	})
}

func rate(ctx context.Context, o options) error {
	return with(o, func(s *server) error {
		before, err := treeUsage(s.cmd.Process.Pid)
		if err != nil {
			return err
		}
		const perSecond = 1000
		errs := make(chan error, 2)
		for _, signal := range []string{"logs", "spans"} {
			l := newLoad(signal, 100)
			send := o.sender(s.otlp, 1)
			send.rate = perSecond
			go func() { errs <- send.send(ctx, l, perSecond*o.seconds) }()
		}
		for range 2 {
			if err := <-errs; err != nil {
				return err
			}
		}
		for _, signal := range []string{"logs", "spans"} {
			if err := s.settle(signal, perSecond*o.seconds); err != nil {
				return err
			}
		}
		after, err := treeUsage(s.cmd.Process.Pid)
		if err != nil {
			return err
		}
		used := after.since(before)
		fmt.Printf("  %.2f CPU-s a minute; %s over %d s, in requests of 100 rows\n", used.cpu*60/float64(o.seconds), used, o.seconds)
		return nil
	})
}

func delay(ctx context.Context, o options) error {
	return with(o, func(s *server) error {
		send := o.sender(s.otlp, 1)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		tail, err := s.tail(ctx, rareWord)
		if err != nil {
			return err
		}
		var searchable, tailed []time.Duration
		for n := range 11 {
			time.Sleep(300 * time.Millisecond)
			body := rareLog(time.Now())
			start := time.Now()
			if err := send.post(ctx, "/v1/logs", body); err != nil {
				return err
			}
			acknowledged := time.Now()
			select {
			case <-tail:
				tailed = append(tailed, time.Since(start))
			case <-time.After(10 * time.Second):
				return fmt.Errorf("row %d never came to the tail", n)
			}
			for {
				got, err := s.count("logs", rareWord)
				if err != nil {
					return err
				}
				if got == n+1 {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			searchable = append(searchable, time.Since(acknowledged))
		}
		fmt.Printf("  acknowledged to searchable: %s; sent to live tail: %s\n", spread(searchable), spread(tailed))
		return nil
	})
}

func idle(ctx context.Context, o options) error {
	return with(o, func(s *server) error {
		for _, signal := range []string{"logs", "spans"} {
			if o.before == 0 {
				break
			}
			if err := o.sender(s.otlp, 1).send(ctx, newLoad(signal, requestRows), o.before); err != nil {
				return err
			}
			if err := s.settle(signal, o.before); err != nil {
				return err
			}
		}
		for _, signal := range []string{"logs", "spans"} {
			send := o.sender(s.otlp, 1)
			send.rate = 20
			l := newLoad(signal, 10)
			go func() { _ = send.send(ctx, l, 20*o.seconds) }()
		}
		for i := range 6 {
			time.Sleep(time.Duration(o.seconds) * time.Second / 6)
			u, err := treeUsage(s.cmd.Process.Pid)
			if err != nil {
				return err
			}
			fmt.Printf("  after %d s of 20 rows/s of each: %s\n", (i+1)*o.seconds/6, u)
		}
		return nil
	})
}

// spread renders the median and the worst of several times.
func spread(ds []time.Duration) string {
	slices.Sort(ds)
	return fmt.Sprintf("median %s, worst %s of %d", ds[len(ds)/2].Round(100*time.Microsecond), ds[len(ds)-1].Round(100*time.Microsecond), len(ds))
}

// timed asks a question several times and renders how long it took, and the processor time
// of an asking, without that of the engine's merges meanwhile.
func (s *server) timed(path string, q url.Values) (string, error) {
	before, err := treeUsage(s.cmd.Process.Pid)
	if err != nil {
		return "", err
	}
	var took []time.Duration
	for range asked {
		start := time.Now()
		if err := s.get(path, q, nil); err != nil {
			return "", err
		}
		took = append(took, time.Since(start))
	}
	after, err := treeUsage(s.cmd.Process.Pid)
	if err != nil {
		return "", err
	}
	used := after.since(before)
	return fmt.Sprintf("%s; %.0f ms of CPU", spread(took), (used.cpu-used.merges)*1000/asked), nil
}

// asked is how often a question is put.
const asked = 7
