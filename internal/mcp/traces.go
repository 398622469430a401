package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type tracesAsked struct {
	period
	Filter string `json:"filter,omitempty" jsonschema:"selects spans: service:x endpoint:\"GET /y\" status:error duration>1s http.response.status_code:504"`
	Order  string `json:"order,omitempty" jsonschema:"newest or slowest; newest when nothing is said"`
	Limit  int    `json:"limit,omitempty" jsonschema:"at most so many rows, 20 when nothing is said, 100 at most"`
}

type tracesAnswer struct {
	Matching int64       `json:"matching_spans" jsonschema:"spans that match in the whole range"`
	Spans    []spanShort `json:"spans"`
	Hint     string      `json:"hint,omitempty"`
	Link     string      `json:"link"`
}

type spanShort struct {
	TraceID  string            `json:"trace_id"`
	SpanID   string            `json:"span_id"`
	Time     string            `json:"time"`
	Service  string            `json:"service"`
	Name     string            `json:"name"`
	Duration float64           `json:"duration_ms"`
	Status   string            `json:"status"`
	Message  string            `json:"message,omitempty"`
	More     map[string]string `json:"attributes,omitempty" jsonschema:"some of the span's attributes"`
}

func searchTraces(s *sdk.Server, a *asker) {
	tool(s, "search_traces", "Search spans of traces", "The newest or slowest spans that a filter selects, with their trace ids, and how many match. explain_trace says what happened in one.",
		func(ctx context.Context, in tracesAsked) (out tracesAnswer, err error) {
			from, to := in.bounds()
			limit := int64(atMost(in.Limit, 20, 100))
			n, err := client.Do(a.api.CountSpansWithResponse(ctx, &client.CountSpansParams{From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter)}))
			if err != nil {
				return out, err
			}
			out.Matching, out.Link = int64(n.JSON200.Count), a.link([]string{"traces"}, in.page("filter", in.Filter)...)
			if out.Matching == 0 {
				out.Spans, out.Hint = []spanShort{}, "Nothing matches in this range; look further back with since, or ask for less."
				return out, nil
			}
			r, err := client.Do(a.api.ListSpansWithResponse(ctx, &client.ListSpansParams{
				From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter), Limit: &limit, Order: some(client.ListSpansParamsOrder(in.Order))}))
			if err != nil {
				return out, err
			}
			out.Spans, _ = first(r.JSON200.Items, int(limit), spanRow)
			return out, nil
		})
}

func spanRow(v *client.SpanRecord) spanShort {
	row := spanShort{TraceID: v.TraceID, SpanID: v.SpanID, Time: at(v.Time), Service: v.Service, Name: v.Name, Duration: ms(v.DurationNs), Status: v.Status,
		Message: i18n.Short(v.StatusMessage, 200), More: few(v.Attributes)}
	if v.Exception != nil {
		row.Message = i18n.Short(v.Exception.Type+": "+v.Exception.Message, 300)
	}
	return row
}

type contrastAsked struct {
	period
	Filter string `json:"filter,omitempty" jsonschema:"the requests to look at, such as service:checkout kind:server"`
	Chosen string `json:"chosen" jsonschema:"those among them that are odd, such as status:error or duration>2s"`
}

type contrastAnswer struct {
	Chosen      int64        `json:"chosen" jsonschema:"how many spans are odd"`
	Others      int64        `json:"others"`
	Differences []difference `json:"differences" jsonschema:"attributes that the odd ones have more often than the others, the strongest first; what goes together is not yet the cause"`
	Link        string       `json:"link"`
}

type difference struct {
	Key    string  `json:"key"`
	Value  string  `json:"value"`
	Chosen float64 `json:"chosen_percent"`
	Others float64 `json:"others_percent"`
}

func contrastSpans(s *sdk.Server, a *asker) {
	tool(s, "contrast_spans", "What slow or failing requests have in common", "Which attributes (user, version, region ...) are over-represented among odd spans against the others of the same filter.",
		func(ctx context.Context, in contrastAsked) (out contrastAnswer, err error) {
			from, to := in.bounds()
			r, err := client.Do(a.api.GetSpanContrastWithResponse(ctx, &client.GetSpanContrastParams{From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter), Chosen: in.Chosen, Limit: some(int64(15))}))
			if err != nil {
				return out, err
			}
			out.Chosen, out.Others = r.JSON200.Chosen.All, r.JSON200.Others.All
			out.Link = a.link([]string{"traces"}, in.page("filter", in.Filter+" "+in.Chosen)...)
			out.Differences, _ = first(r.JSON200.Items, 15, func(d *client.DifferenceRecord) difference {
				return difference{d.Key, i18n.Short(d.Value, 120), round(100 * d.ChosenPart), round(100 * d.OthersPart)}
			})
			return out, nil
		})
}
