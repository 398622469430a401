package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type logsAsked struct {
	period
	Filter string `json:"filter,omitempty" jsonschema:"words, \"phrases\", key:value, level>=error, -not, OR; everything when left out"`
	Limit  int    `json:"limit,omitempty" jsonschema:"at most so many rows, 20 when nothing is said, 100 at most"`
}

type logsAnswer struct {
	Matching int64      `json:"matching" jsonschema:"rows that match in the whole range"`
	Rows     []logShort `json:"rows" jsonschema:"newest first"`
	Hint     string     `json:"hint,omitempty"`
	Link     string     `json:"link"`
}

type logShort struct {
	Time      string            `json:"time"`
	Service   string            `json:"service"`
	Level     string            `json:"level"`
	Body      string            `json:"body"`
	TraceID   string            `json:"trace_id,omitempty"`
	Exception string            `json:"exception,omitempty"`
	More      map[string]string `json:"attributes,omitempty" jsonschema:"some of the row's attributes"`
}

func searchLogs(s *sdk.Server, a *asker) {
	tool(s, "search_logs", "Search logs", "The newest log rows that a filter selects, and how many match. For what stands out among many rows, ask log_patterns or count_by first.",
		func(ctx context.Context, in logsAsked) (out logsAnswer, err error) {
			from, to := in.bounds()
			limit := int64(atMost(in.Limit, 20, 100))
			n, err := client.Do(a.api.CountLogsWithResponse(ctx, &client.CountLogsParams{From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter)}))
			if err != nil {
				return out, err
			}
			out.Matching, out.Link = int64(n.JSON200.Count), a.link([]string{"logs"}, in.page("filter", in.Filter)...)
			if out.Matching == 0 {
				out.Rows, out.Hint = []logShort{}, "Nothing matches in this range; look further back with since, or ask for less."
				return out, nil
			}
			r, err := client.Do(a.api.ListLogsWithResponse(ctx, &client.ListLogsParams{From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter), Limit: &limit}))
			if err != nil {
				return out, err
			}
			out.Rows, _ = first(r.JSON200.Items, int(limit), logRow)
			return out, nil
		})
}

func logRow(l *client.LogRecord) logShort {
	row := logShort{Time: at(l.Time), Service: l.Service, Level: l.Level, Body: i18n.Short(l.Body, 400), TraceID: client.Text(l.TraceID), More: few(l.Attributes)}
	if e := l.Exception; e != nil {
		row.Exception = i18n.Short(e.Type+": "+e.Message, 300)
	}
	return row
}

// few are the attributes that are short enough to be worth their room, at most eight.
func few(all map[string]string) map[string]string {
	out := map[string]string{}
	for _, k := range sorted(all) {
		if len(out) == 8 {
			break
		}
		if v := all[k]; v != "" && len(v) <= 80 {
			out[k] = v
		}
	}
	return out
}

type patternsAsked struct {
	period
	Service string   `json:"service,omitempty"`
	Levels  []string `json:"levels,omitempty" jsonschema:"only these: trace, debug, info, warn, error, fatal"`
	Limit   int      `json:"limit,omitempty" jsonschema:"at most so many, 20 when nothing is said"`
}

type patternsAnswer struct {
	Patterns []patternShort `json:"patterns" jsonschema:"most frequent first"`
	Left     int            `json:"left_out,omitempty"`
	Link     string         `json:"link"`
}

type patternShort struct {
	Text    string `json:"text" jsonschema:"the rows' common form; what differs is replaced"`
	Level   string `json:"level"`
	Service string `json:"service"`
	Count   int64  `json:"count"`
	DayAgo  *int64 `json:"day_ago,omitempty" jsonschema:"the same range a day before"`
	Example string `json:"example"`
	ID      string `json:"pattern" jsonschema:"the filter pattern:ID selects its rows"`
}

func logPatterns(s *sdk.Server, a *asker) {
	tool(s, "log_patterns", "Log patterns", "Logs grouped by their form, with counts now and a day ago: what is loud, what is new.",
		func(ctx context.Context, in patternsAsked) (out patternsAnswer, err error) {
			from, to := in.bounds()
			limit, day := int64(atMost(in.Limit, 20, 100)), client.ListLogPatternsParamsCompareDay
			p := &client.ListLogPatternsParams{From: &from, To: &to, Env: some(in.Env), Service: some(in.Service), Limit: &limit, Compare: &day, Steps: some(int64(1))}
			if len(in.Levels) > 0 {
				levels := make([]client.ListLogPatternsParamsLevels, len(in.Levels))
				for i, l := range in.Levels {
					levels[i] = client.ListLogPatternsParamsLevels(l)
				}
				p.Levels = &levels
			}
			r, err := client.Do(a.api.ListLogPatternsWithResponse(ctx, p))
			if err != nil {
				return out, err
			}
			filter := ""
			if in.Service != "" {
				filter = "service:" + quote(in.Service)
			}
			out.Link = a.link([]string{"logs"}, in.page("view", "patterns", "filter", filter)...)
			out.Patterns, out.Left = first(r.JSON200.Items, int(limit), func(p *client.PatternRecord) patternShort {
				return patternShort{Text: i18n.Short(p.Text, 300), Level: p.Level, Service: p.Service, Count: p.Count, DayAgo: p.Before, Example: i18n.Short(p.Example, 300), ID: p.ID}
			})
			return out, nil
		})
}
