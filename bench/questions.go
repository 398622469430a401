package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"
)

// stored is over how long the rows of questions are spread.
const stored = 24 * time.Hour

func questions(ctx context.Context, o options) error {
	dir := o.keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp(o.dir, "yagura-bench-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s, err := startServer(o, dir)
	if err != nil {
		return err
	}
	have, err := s.count("spans", "*")
	if err == nil && have == 0 {
		fmt.Printf("  start on an empty folder: %s\n", s.started.Round(time.Millisecond))
		err = fill(ctx, o, s, 0, o.stored)
		have = o.stored
	}
	if err := errors.Join(err, ask(s, have)); err != nil {
		s.stop()
		return err
	}
	s.stop()
	if s, err = startServer(o, dir); err != nil {
		return err
	}
	fmt.Printf("  start on these rows: %s\n", s.started.Round(time.Millisecond))
	s.stop()
	return nil
}

func growth(ctx context.Context, o options) error {
	return with(o, func(s *server) error {
		have := 0
		for _, rows := range []int{1_000_000, 3_000_000, 10_000_000} {
			if err := errors.Join(fill(ctx, o, s, have, rows), ask(s, rows)); err != nil {
				return err
			}
			have = rows
		}
		return nil
	})
}

// fill sends rows of both signals until each has to of them, spread over a day, and the
// rare terms among the logs.
func fill(ctx context.Context, o options, s *server, from, to int) error {
	for _, signal := range []string{"logs", "spans"} {
		send := o.sender(s.otlp, 4)
		send.span = stored
		if err := send.send(ctx, newLoad(signal, requestRows), to-from); err != nil {
			return err
		}
	}
	send := o.sender(s.otlp, 1)
	for n := from / rareEvery; n < to/rareEvery; n++ {
		at := time.Now().Add(-stored * time.Duration(n+1) / time.Duration(to/rareEvery+1))
		if err := send.post(ctx, "/v1/logs", rareLog(at)); err != nil {
			return err
		}
	}
	return errors.Join(s.settle("logs", to+to/rareEvery), s.settle("spans", to))
}

// ask puts the questions that pages put.
func ask(s *server, rows int) error {
	var newest struct {
		Items []struct {
			TraceID string `json:"trace_id"`
		}
	}
	day := url.Values{"from": {"-25h"}, "to": {"now"}}
	if err := s.get("/spans", and(day, "filter", "kind:server", "limit", "1", "order", "oldest"), &newest); err != nil {
		return err
	}
	if len(newest.Items) == 0 {
		return errors.New("no spans")
	}
	hour := url.Values{"from": {"-1h"}, "to": {"now"}}
	// As the pages ask: of a day, compared with the same a week before.
	page := url.Values{"from": {"-24h"}, "to": {"now"}, "compare": {"week"}}
	const service = "service-07"
	var served struct{ Endpoints []struct{ Endpoint string } }
	if err := s.get("/services/"+service, page, &served); err != nil {
		return err
	}
	if len(served.Endpoints) == 0 {
		return errors.New("no endpoints")
	}
	endpoint := served.Endpoints[0].Endpoint
	fmt.Printf("  with %d rows of each, over %s:\n", rows, stored)
	for _, q := range []struct {
		name, path string
		values     url.Values
	}{
		{"trace by id, no time range (the oldest)", "/traces/" + newest.Items[0].TraceID, nil},
		{"rare word over all logs", "/logs", and(day, "filter", rareWord, "limit", "100")},
		{"rare Japanese term over all logs", "/logs", and(day, "filter", rareJa, "limit", "100")},
		{"count of a rare word", "/logs/count", and(day, "filter", rareWord)},
		{"a word that nothing has", "/logs", and(day, "filter", "存在しない言葉xyz", "limit", "100")},
		{"newest 100 of a common term", "/logs", and(day, "filter", common, "limit", "100")},
		{"newest 100 of everything", "/logs", and(day, "filter", "*", "limit", "100")},
		{"newest 100 of one service's errors", "/logs", and(day, "filter", "service:"+service+" level>=error", "limit", "100")},
		{"newest 100 of one user", "/logs", and(day, "filter", "user.id:u001234", "limit", "100")},
		{"newest 100 spans of one user", "/spans", and(day, "filter", "user.id:u001234", "limit", "100")},
		{"a word that no span has", "/spans", and(day, "filter", "存在しない言葉xyz", "limit", "100")},
		{"facets over an hour", "/logs/facets", hour},
		{"histogram over a day", "/logs/histogram", and(day, "buckets", "60")},
		{"count of a common term over a day", "/logs/count", and(day, "filter", common)},
		{"traces slower than 300 ms", "/traces", and(hour, "filter", "duration>300ms kind:server", "limit", "50")},
		{"services over an hour", "/services", hour},
		{"services over a day", "/services", day},
		{"page of services, 24 h", "/services", and(page, "steps", "30")},
		{"page of a service, 24 h", "/services/" + service, and(page, "steps", "60")},
		{"page of an endpoint, 24 h", "/services/" + service + "/endpoint", and(page, "steps", "60", "endpoint", endpoint)},
		{"page of errors, 24 h", "/errors", and(page, "steps", "30")},
		{"map of services, 24 h", "/map", and(page, "steps", "30")},
	} {
		took, err := s.timed(q.path, q.values)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		fmt.Printf("    %-42s %s\n", q.name, took)
	}
	u, err := treeUsage(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("    %s\n", u)
	return nil
}

// and is base with more pairs of a key and a value.
func and(base url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range base {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}
