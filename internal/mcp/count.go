package mcp

import (
	"context"
	"fmt"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type countAsked struct {
	period
	Signal string `json:"signal" jsonschema:"logs or spans"`
	Key    string `json:"key" jsonschema:"a filter key: service, endpoint, status, level, version, http.response.status_code, enduser.id ..."`
	Filter string `json:"filter,omitempty" jsonschema:"count only these rows"`
	Limit  int    `json:"limit,omitempty" jsonschema:"at most so many values, 15 when nothing is said"`
}

type countAnswer struct {
	Key      string       `json:"key"`
	Distinct int64        `json:"distinct" jsonschema:"how many values there are"`
	Values   []valueShort `json:"values" jsonschema:"most frequent first"`
	Link     string       `json:"link"`
}

type valueShort struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

func countBy(s *sdk.Server, a *asker) {
	tool(s, "count_by", "Count rows by a key", "How the rows that a filter selects spread over the values of one key: which users, versions, hosts, statuses.",
		func(ctx context.Context, in countAsked) (out countAnswer, err error) {
			from, to := in.bounds()
			limit, keys := int64(atMost(in.Limit, 15, 50)), []string{in.Key}
			var found *client.FacetRecordList
			page := "logs"
			switch in.Signal {
			case "logs":
				r, err := client.Do(a.api.ListLogFacetsWithResponse(ctx, &client.ListLogFacetsParams{From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter), Keys: &keys, Limit: &limit}))
				if err != nil {
					return out, err
				}
				found = r.JSON200
			case "spans":
				r, err := client.Do(a.api.ListSpanFacetsWithResponse(ctx, &client.ListSpanFacetsParams{From: &from, To: &to, Env: some(in.Env), Filter: some(in.Filter), Keys: &keys, Limit: &limit}))
				if err != nil {
					return out, err
				}
				found, page = r.JSON200, "traces"
			default:
				return out, fmt.Errorf("signal is logs or spans, not %q", in.Signal)
			}
			out = countAnswer{Key: in.Key, Values: []valueShort{}, Link: a.link([]string{page}, in.page("filter", in.Filter)...)}
			for _, f := range found.Items {
				out.Distinct = f.Distinct
				out.Values, _ = first(f.Values, int(limit), func(v *client.FacetValueRecord) valueShort { return valueShort{i18n.Short(v.Value, 200), v.Count} })
			}
			return out, nil
		})
}
