package mcp

import (
	"context"
	"fmt"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type errorsAsked struct {
	period
	Service string   `json:"service,omitempty"`
	Version string   `json:"version,omitempty" jsonschema:"only errors that this version had"`
	Shows   []string `json:"shows,omitempty" jsonschema:"only groups in these states: new, ongoing, returned, resolved, ignored; all when left out"`
	Limit   int      `json:"limit,omitempty" jsonschema:"at most so many, 20 when nothing is said"`
}

type errorsAnswer struct {
	Groups []groupShort     `json:"groups" jsonschema:"errors of one cause, what happened most first"`
	Counts map[string]int64 `json:"groups_by_state"`
	More   bool             `json:"more,omitempty"`
	Hint   string           `json:"hint,omitempty"`
	Link   string           `json:"link"`
}

type groupShort struct {
	ID       string   `json:"id"`
	Service  string   `json:"service"`
	Env      string   `json:"env,omitempty"`
	Type     string   `json:"type"`
	Message  string   `json:"message"`
	Frame    string   `json:"frame,omitempty" jsonschema:"top frame of the company's own code"`
	State    string   `json:"state"`
	Count    int64    `json:"count"`
	Users    int64    `json:"users"`
	First    string   `json:"first_seen,omitempty" jsonschema:"ever"`
	Last     string   `json:"last_seen,omitempty"`
	Versions []string `json:"versions,omitempty"`
	TraceID  string   `json:"trace_id,omitempty" jsonschema:"the newest; explain_trace says more"`
	Link     string   `json:"link"`
}

func listErrors(s *sdk.Server, a *asker) {
	tool(s, "list_errors", "Errors", "What fails: errors grouped by cause, with counts, users hit, versions and the newest trace.",
		func(ctx context.Context, in errorsAsked) (out errorsAnswer, err error) {
			from, to := in.bounds()
			limit := int64(atMost(in.Limit, 20, 100))
			p := &client.ListErrorsParams{From: &from, To: &to, Env: some(in.Env), Service: some(in.Service), Version: some(in.Version), Limit: &limit, Steps: some(int64(1))}
			if len(in.Shows) > 0 {
				shows := make([]client.ListErrorsParamsShows, len(in.Shows))
				for i, v := range in.Shows {
					shows[i] = client.ListErrorsParamsShows(v)
				}
				p.Shows = &shows
			}
			r, err := client.Do(a.api.ListErrorsWithResponse(ctx, p))
			if err != nil {
				return out, err
			}
			out = errorsAnswer{Counts: r.JSON200.Counts, More: r.JSON200.More, Link: a.link([]string{"errors"}, in.page("service", in.Service)...)}
			out.Groups, _ = first(r.JSON200.Items, int(limit), func(g *client.ErrorGroupView) groupShort { return a.group(g, in.period) })
			if len(out.Groups) == 0 {
				out.Hint = "No error in this range."
			}
			return out, nil
		})
}

func (a *asker) group(g *client.ErrorGroupView, p period) groupShort {
	v := groupShort{
		ID: g.ID, Service: g.Service, Env: g.Env, Type: g.Type, Message: i18n.Short(g.Message, 300), Frame: g.Frame, State: string(g.Shows),
		Count: g.Count, Users: g.Users, First: maybe(g.FirstEver), Last: maybe(g.Last), TraceID: g.TraceID,
		Link: a.link([]string{"errors", g.Service, g.ID}, p.page()...),
	}
	v.Versions, _ = first(g.Versions, 5, func(t *client.TallyView) string { return t.Value })
	return v
}

type errorAsked struct {
	period
	Service string `json:"service"`
	ID      string `json:"id" jsonschema:"of the group, as list_errors gives it"`
}

type errorAnswer struct {
	Groups  []groupShort `json:"groups" jsonschema:"one for each environment that had it"`
	Stack   string       `json:"stack,omitempty" jsonschema:"of the newest, its first lines"`
	Span    *spanShort   `json:"newest_span,omitempty"`
	Log     *logShort    `json:"newest_log,omitempty"`
	History []string     `json:"history,omitempty" jsonschema:"what people did about it, newest first"`
}

func getError(s *sdk.Server, a *asker) {
	tool(s, "get_error", "One error", "One group of errors: figures, the newest with its stack, what people did about it.",
		func(ctx context.Context, in errorAsked) (out errorAnswer, err error) {
			from, to := in.bounds()
			r, err := client.Do(a.api.GetErrorWithResponse(ctx, in.Service, in.ID, &client.GetErrorParams{From: &from, To: &to, Env: some(in.Env), Steps: some(int64(1))}))
			if err != nil {
				return out, err
			}
			v := r.JSON200
			out.Groups, _ = first(v.Groups, 10, func(g *client.ErrorGroupView) groupShort { return a.group(g, in.period) })
			stack := func(e *client.ExceptionRecord) {
				if e != nil && out.Stack == "" {
					out.Stack = i18n.Short(e.Stack, 2000)
				}
			}
			if v.Span != nil {
				row := spanRow(v.Span)
				out.Span = &row
				stack(v.Span.Exception)
			}
			if v.Log != nil {
				row := logRow(v.Log)
				out.Log = &row
				stack(v.Log.Exception)
			}
			out.History, _ = first(v.Events, 10, func(e *client.ErrorEventView) string {
				return fmt.Sprintf("%s %s by %s: %s", at(e.Time), e.Action, e.By, i18n.Short(e.Text, 200))
			})
			return out, nil
		})
}
