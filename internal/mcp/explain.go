package mcp

import (
	"context"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type traceAsked struct {
	TraceID string `json:"trace_id" jsonschema:"the id, or a traceparent, log line or address that holds one"`
	Lang    string `json:"lang,omitempty" jsonschema:"en or ja: the language of the sentences"`
}

type traceAnswer struct {
	TraceID   string          `json:"trace_id"`
	Outcome   string          `json:"outcome" jsonschema:"ok, error, slow or timeout, for whoever sent the request"`
	Summary   string          `json:"summary"`
	Cause     causeShort      `json:"cause"`
	Sentences []sentenceShort `json:"sentences" jsonschema:"each cites the spans and logs that it stands on"`
	Similar   *similarShort   `json:"similar,omitempty" jsonschema:"whether it is alone"`
	Next      []stepShort     `json:"next" jsonschema:"what to do or look at"`
	Unread    []string        `json:"unread,omitempty" jsonschema:"what could not be read in time, so that nothing is said about it"`
	Link      string          `json:"link"`
}

type causeShort struct {
	Kind      string `json:"kind"`
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	SpanID    string `json:"span_id,omitempty"`
	Message   string `json:"message,omitempty"`
	Frame     string `json:"frame,omitempty" jsonschema:"top frame of the company's own code"`
}

type sentenceShort struct {
	Text     string   `json:"text"`
	Evidence []string `json:"evidence,omitempty" jsonschema:"span:ID and log:ID"`
}

type similarShort struct {
	Count    int64  `json:"count"`
	Requests int64  `json:"of_requests"`
	Users    int64  `json:"users"`
	Filter   string `json:"filter" jsonschema:"selects them, for search_traces"`
}

type stepShort struct {
	Text string `json:"text"`
	Link string `json:"link,omitempty"`
}

func explainTrace(s *sdk.Server, a *asker) {
	tool(s, "explain_trace", "Explain one request", "What happened in one request and why, in sentences that cite their spans and logs; what is not usual, whether it is alone, what to do next. It needs no range.",
		func(ctx context.Context, in traceAsked) (out traceAnswer, err error) {
			r, err := client.Do(a.api.GetTraceVerdictWithResponse(ctx, in.TraceID, client.Speak(in.Lang)))
			if err != nil {
				return out, err
			}
			v := r.JSON200
			out = traceAnswer{
				TraceID: v.TraceID, Outcome: string(v.Outcome), Summary: v.Summary, Unread: v.Unread, Link: a.link([]string{"traces", v.TraceID}),
				Cause: causeShort{string(v.Cause.Kind), v.Cause.Service, v.Cause.Operation, v.Cause.SpanID, i18n.Short(v.Cause.Message, 300), client.Text(v.Cause.Frame)},
			}
			out.Sentences, _ = first(v.Sentences, 20, func(s *client.VerdictSentence) sentenceShort {
				ids, _ := first(s.Evidence, 6, func(e *client.VerdictEvidence) string { return string(e.Type) + ":" + e.ID })
				return sentenceShort{s.Text, ids}
			})
			if s := v.Similar; s != nil {
				out.Similar = &similarShort{s.Count, s.Requests, s.Users, s.Filter}
			}
			out.Next, _ = first(v.Next, 6, func(s *client.VerdictStep) stepShort { return stepShort{s.Text, a.absolute(s.Link)} })
			return out, nil
		})
}

// absolute is a link of the API's as others can follow it.
func (a *asker) absolute(link string) string {
	if strings.HasPrefix(link, "/") {
		return a.ui + link
	}
	return link
}
