package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type logsCmd struct {
	Search logsSearch `cmd:"" help:"${search}"`
	Count  logsCount  `cmd:"" help:"${count}"`
	Tail   logsTail   `cmd:"" help:"${tail}"`
}

type spansCmd struct {
	Search spansSearch `cmd:"" help:"${search}"`
	Count  spansCount  `cmd:"" help:"${count}"`
}

// selection is a filter over a range.
type selection struct {
	remote
	period
	Filter []string `arg:"" optional:"" help:"${filter}"`
}

// filter joins what the shell took apart.
func (c selection) filter() *string { return ptr(strings.Join(c.Filter, " ")) }

type logsSearch struct {
	selection
	Limit uint `help:"${limit}" default:"100"`
}

// pageMax is how many rows the API gives at once.
const pageMax = 1000

func (c logsSearch) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	from, to := c.bounds()
	params := client.ListLogsParams{From: from, To: to, Env: &c.Env, Filter: c.filter()}
	return pages(s, c.JSON, int(c.Limit), func(after string, limit int64) ([]client.LogRecord, string, error) {
		params.After, params.Limit = &after, &limit
		r, err := client.Do(api.ListLogsWithResponse(s.ctx, &params))
		if err != nil {
			return nil, "", err
		}
		return r.JSON200.Items, r.JSON200.Next, nil
	}, c.logLine)
}

// pages reads pages until limit rows are printed: as lines, or as one JSON row a line.
func pages[T any](s *session, asJSON bool, limit int, read func(after string, limit int64) ([]T, string, error), line func(T) string) error {
	after, printed := "", 0
	for printed < limit {
		items, next, err := read(after, int64(min(limit-printed, pageMax)))
		if err != nil {
			return err
		}
		for _, row := range items {
			if asJSON {
				raw, err := json.Marshal(row)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(s.Stdout, "%s\n", raw); err != nil {
					return err
				}
				continue
			}
			if _, err := fmt.Fprintln(s.Stdout, line(row)); err != nil {
				return err
			}
		}
		printed += len(items)
		if next == "" || len(items) == 0 {
			break
		}
		after = next
	}
	if printed == 0 && !asJSON {
		return s.nothing(nothingFound)
	}
	return nil
}

// logLine is a log as one line, its exception's stack below it.
func (r remote) logLine(l client.LogRecord) string {
	level := l.Level
	if level == "" {
		level = "-"
	}
	out := fmt.Sprintf("%s  %-5s  %s  %s", r.at(l.Time), level, oneLine(l.Service), oneLine(l.Body))
	if l.TraceID != nil && *l.TraceID != "" {
		out += "  trace=" + *l.TraceID
	}
	if l.Exception != nil && l.Exception.Stack != "" {
		out += "\n    " + strings.ReplaceAll(clean(strings.TrimRight(l.Exception.Stack, "\n")), "\n", "\n    ")
	}
	return out
}

func (c selection) printCount(s *session, n int64) error {
	if c.JSON {
		_, err := fmt.Fprintf(s.Stdout, "{\"count\": %d}\n", n)
		return err
	}
	_, err := fmt.Fprintln(s.Stdout, i18n.Group(uint64(n)))
	return err
}

type logsCount struct{ selection }

func (c logsCount) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	from, to := c.bounds()
	r, err := client.Do(api.CountLogsWithResponse(s.ctx, &client.CountLogsParams{From: from, To: to, Env: &c.Env, Filter: c.filter()}))
	if err != nil {
		return err
	}
	return c.printCount(s, r.JSON200.Count)
}

type logsTail struct {
	remote
	Env    string   `help:"${only_env}" placeholder:"NAME"`
	Filter []string `arg:"" optional:"" help:"${filter}"`
}

func (c logsTail) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	stream := client.Stream(api.TailLogs(s.ctx, &client.TailLogsParams{Env: &c.Env, Filter: ptr(strings.Join(c.Filter, " "))}))
	return stream(func(e client.Event) error {
		switch e.Name {
		case "log":
			if c.JSON {
				_, err := fmt.Fprintf(s.Stdout, "%s\n", e.Data)
				return err
			}
			var row client.LogRecord
			if err := json.Unmarshal(e.Data, &row); err != nil {
				return err
			}
			_, err := fmt.Fprintln(s.Stdout, c.logLine(row))
			return err
		case "dropped":
			var d client.DroppedEvent
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
			_, err := fmt.Fprintf(s.Stderr, "... +%d\n", d.Count)
			return err
		}
		return nil
	})
}

type spansSearch struct {
	selection
	Limit uint `help:"${limit}" default:"100"`
}

func (c spansSearch) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	from, to := c.bounds()
	params := client.ListSpansParams{From: from, To: to, Env: &c.Env, Filter: c.filter()}
	return pages(s, c.JSON, int(c.Limit), func(after string, limit int64) ([]client.SpanRecord, string, error) {
		params.After, params.Limit = &after, &limit
		r, err := client.Do(api.ListSpansWithResponse(s.ctx, &params))
		if err != nil {
			return nil, "", err
		}
		return r.JSON200.Items, r.JSON200.Next, nil
	}, func(v client.SpanRecord) string {
		mark := " "
		if v.Status == "error" {
			mark = "!"
		}
		return fmt.Sprintf("%s  %8s %s %s  %s  trace=%s", c.at(v.Time), duration(float64(v.DurationNs)), mark, oneLine(v.Service), oneLine(v.Name), v.TraceID)
	})
}

type spansCount struct{ selection }

func (c spansCount) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	from, to := c.bounds()
	r, err := client.Do(api.CountSpansWithResponse(s.ctx, &client.CountSpansParams{From: from, To: to, Env: &c.Env, Filter: c.filter()}))
	if err != nil {
		return err
	}
	return c.printCount(s, r.JSON200.Count)
}
