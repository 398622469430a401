package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type servicesAsked struct {
	period
	Limit int `json:"limit,omitempty" jsonschema:"at most so many services, 30 when nothing is said"`
}

type servicesAnswer struct {
	Services []serviceShort `json:"services" jsonschema:"what hurts users most first"`
	Left     int            `json:"left_out,omitempty" jsonschema:"services beyond the limit"`
	Hint     string         `json:"hint,omitempty"`
	Link     string         `json:"link"`
}

type serviceShort struct {
	Service   string   `json:"service"`
	Env       string   `json:"env,omitempty"`
	Now       red      `json:"now"`
	WeekAgo   *red     `json:"week_ago,omitempty" jsonschema:"the same range a week before"`
	ErrorLogs int64    `json:"error_logs"`
	Versions  []string `json:"versions,omitempty" jsonschema:"newest first"`
}

func listServices(s *sdk.Server, a *asker) {
	tool(s, "list_services", "Services", "How every service does: requests, errors, latency percentiles now and a week ago. What hurts users most stands first.",
		func(ctx context.Context, in servicesAsked) (out servicesAnswer, err error) {
			from, to := in.bounds()
			week := client.ListServicesParamsCompareWeek
			r, err := client.Do(a.api.ListServicesWithResponse(ctx, &client.ListServicesParams{From: &from, To: &to, Env: some(in.Env), Compare: &week, Steps: some(int64(1))}))
			if err != nil {
				return out, err
			}
			out.Link = a.link([]string{"services"}, in.page()...)
			out.Services, out.Left = first(r.JSON200.Items, atMost(in.Limit, 30, 200), func(v *client.ServiceView) serviceShort {
				return serviceShort{Service: v.Service, Env: v.Env, Now: figures(v.Requests), WeekAgo: before(v.Before), ErrorLogs: v.ErrorLogs, Versions: v.Versions}
			})
			if len(out.Services) == 0 {
				out.Hint = "No service sent anything in this range; look further back with since."
			}
			return out, nil
		})
}

type serviceAsked struct {
	period
	Service string `json:"service" jsonschema:"its name as list_services gives it"`
}

type serviceAnswer struct {
	Service   string          `json:"service"`
	Now       red             `json:"now"`
	WeekAgo   *red            `json:"week_ago,omitempty"`
	Endpoints []endpointShort `json:"endpoints" jsonschema:"what hurts users most first"`
	Callers   []edgeShort     `json:"callers" jsonschema:"services that call it"`
	Calls     []edgeShort     `json:"calls" jsonschema:"what it calls: services, databases, queues, outside hosts"`
	Costly    []callShort     `json:"statements_and_requests" jsonschema:"single statements and outgoing requests that took the most time"`
	Versions  []versionShort  `json:"versions"`
	Levels    map[string]int  `json:"logs_by_level"`
	Left      map[string]int  `json:"left_out,omitempty" jsonschema:"how many more there are of each list"`
	Link      string          `json:"link"`
}

type endpointShort struct {
	Endpoint string `json:"endpoint"`
	Env      string `json:"env,omitempty"`
	Now      red    `json:"now"`
	WeekAgo  *red   `json:"week_ago,omitempty"`
}

type edgeShort struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Calls red    `json:"calls"`
}

type callShort struct {
	Text      string  `json:"text"`
	Peer      string  `json:"peer"`
	Calls     red     `json:"calls"`
	TotalTime float64 `json:"total_ms" jsonschema:"of all calls in the range"`
}

type versionShort struct {
	Version  string `json:"version"`
	Env      string `json:"env,omitempty"`
	First    string `json:"first_seen"`
	Last     string `json:"last_seen"`
	Requests red    `json:"requests"`
}

func getService(s *sdk.Server, a *asker) {
	tool(s, "get_service", "One service", "One service: figures, its endpoints, who calls it, what it calls, its costliest statements, running versions.",
		func(ctx context.Context, in serviceAsked) (out serviceAnswer, err error) {
			from, to := in.bounds()
			week := client.GetServiceParamsCompareWeek
			r, err := client.Do(a.api.GetServiceWithResponse(ctx, in.Service, &client.GetServiceParams{From: &from, To: &to, Env: some(in.Env), Compare: &week, Steps: some(int64(1))}))
			if err != nil {
				return out, err
			}
			v := r.JSON200
			out = serviceAnswer{
				Service: v.Service, Now: figures(v.Requests), WeekAgo: before(v.Before),
				Levels: map[string]int{}, Left: map[string]int{},
				Link: a.link([]string{"services", in.Service}, in.page()...),
			}
			left := func(name string, n int) {
				if n > 0 {
					out.Left[name] = n
				}
			}
			var n int
			out.Endpoints, n = first(v.Endpoints, 15, func(e *client.EndpointView) endpointShort {
				return endpointShort{Endpoint: e.Endpoint, Env: e.Env, Now: figures(e.Requests), WeekAgo: before(e.Before)}
			})
			left("endpoints", n)
			out.Callers, n = first(v.In, 10, func(e *client.EdgeView) edgeShort { return edgeShort{e.Service, "service", figures(e.Calls)} })
			left("callers", n)
			out.Calls, n = first(v.Out, 10, func(e *client.EdgeView) edgeShort {
				if e.To != "" {
					return edgeShort{e.To, "service", figures(e.Calls)}
				}
				return edgeShort{e.Peer.Name, string(e.Peer.Kind), figures(e.Calls)}
			})
			left("calls", n)
			out.Costly, n = first(v.Calls, 10, func(c *client.CallView) callShort {
				return callShort{Text: i18n.Short(c.Text, 240), Peer: c.Peer.Name, Calls: figures(c.Calls), TotalTime: ms(c.Calls.TotalNs)}
			})
			left("statements_and_requests", n)
			out.Versions, n = first(v.Versions, 5, version)
			left("versions", n)
			for _, l := range v.Levels {
				out.Levels[l.Level] = int(l.Count)
			}
			return out, nil
		})
}

func version(v *client.VersionView) versionShort {
	return versionShort{Version: v.Version, Env: v.Env, First: at(v.First), Last: at(v.Last), Requests: figures(v.Requests)}
}
