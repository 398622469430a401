package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
)

type endpointAsked struct {
	period
	Service  string `json:"service"`
	Endpoint string `json:"endpoint" jsonschema:"as get_service gives it, such as GET /orders/{id}"`
}

type endpointAnswer struct {
	Service  string         `json:"service"`
	Endpoint string         `json:"endpoint"`
	Now      red            `json:"now"`
	WeekAgo  *red           `json:"week_ago,omitempty"`
	Codes    []codeShort    `json:"codes" jsonschema:"answers by status"`
	Callers  []callerShort  `json:"callers"`
	Versions []versionShort `json:"versions"`
	Link     string         `json:"link"`
}

type callerShort struct {
	Service  string  `json:"service"`
	Endpoint string  `json:"endpoint,omitempty" jsonschema:"of the caller's own request"`
	Percent  float64 `json:"percent" jsonschema:"of a sample of this endpoint's requests"`
}

type codeShort struct {
	Code   string `json:"code"`
	Count  int64  `json:"count"`
	Errors int64  `json:"errors"`
}

func getEndpoint(s *sdk.Server, a *asker) {
	tool(s, "get_endpoint", "One endpoint", "One endpoint of a service: figures, answers by status, callers, versions.",
		func(ctx context.Context, in endpointAsked) (out endpointAnswer, err error) {
			from, to := in.bounds()
			week := client.GetEndpointParamsCompareWeek
			r, err := client.Do(a.api.GetEndpointWithResponse(ctx, in.Service, &client.GetEndpointParams{
				From: &from, To: &to, Env: some(in.Env), Compare: &week, Steps: some(int64(1)), Endpoint: in.Endpoint}))
			if err != nil {
				return out, err
			}
			v := r.JSON200
			out = endpointAnswer{
				Service: v.Service, Endpoint: v.Endpoint, Now: figures(v.Requests), WeekAgo: before(v.Before),
				Link: a.link([]string{"services", in.Service, "endpoint"}, in.page("endpoint", in.Endpoint)...),
			}
			out.Codes, _ = first(v.Codes, 12, func(c *client.CodeView) codeShort { return codeShort{c.Code, c.Count, c.Errors} })
			out.Callers, _ = first(v.Callers, 10, func(c *client.CallerView) callerShort { return callerShort{c.Service, c.Endpoint, round(100 * c.Part)} })
			out.Versions, _ = first(v.Versions, 5, version)
			return out, nil
		})
}
