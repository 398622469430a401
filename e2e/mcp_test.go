//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// tokenized shows a token with every request.
type tokenized string

func (token tokenized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+string(token))
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestAgents asks a server with the protocol's own client, over HTTP and through the
// command.
func TestAgents(t *testing.T) {
	y := prepare(t, t.TempDir())
	y.env = []string{"YAGURA_OTLP_AUTH=token"}
	y.live()
	link := regexp.MustCompile(`/setup[?#/]\S*?([A-Za-z0-9_-]{20,})`)
	var setup []string
	y.eventually(20*time.Second, "a setup link", func() error {
		if setup = link.FindStringSubmatch(y.out.String()); setup == nil {
			return fmt.Errorf("in %s", y.out.String())
		}
		return nil
	})
	ann := signedIn(t, y, "/setup", map[string]string{"token": setup[1], "email": "ann@example.com", "name": "Ann", "password": "correct horse battery"})
	secret := func(kind, role string) string {
		token := map[string]string{"name": kind, "kind": kind}
		if role != "" {
			token["role"] = role
		}
		status, raw := ann.call(y, "POST", "/tokens", token)
		var made struct{ Secret string }
		if err := json.Unmarshal(raw, &made); status != 201 || err != nil {
			t.Fatalf("create a token: %d %s", status, raw)
		}
		return made.Secret
	}
	ingest, api := secret("ingest", ""), secret("api", "viewer")
	for path, body := range map[string][]byte{"/v1/logs": logsOf("shop", 0, 60, time.Now()), "/v1/traces": spansOf("shop", 0, 60, time.Now())} {
		req, _ := http.NewRequest("POST", y.otlp+path, strings.NewReader(string(body)))
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("Authorization", "Bearer "+ingest)
		resp, err := sender.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("send %s: %s", path, resp.Status)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	connect := func(tr mcp.Transport) (*mcp.ClientSession, error) {
		return mcp.NewClient(&mcp.Implementation{Name: "e2e"}, nil).Connect(ctx, tr, nil)
	}
	overHTTP := func(token string) mcp.Transport {
		return &mcp.StreamableClientTransport{Endpoint: y.api + "/mcp", HTTPClient: &http.Client{Transport: tokenized(token)}, DisableStandaloneSSE: true}
	}
	for name, token := range map[string]string{"no token": "", "an ingest token": ingest, "a wrong token": "yag_wrong"} {
		if s, err := connect(overHTTP(token)); err == nil {
			_ = s.Close()
			t.Errorf("%s was let in", name)
		}
	}
	// A browser's cookie is not enough.
	req, _ := http.NewRequest("POST", y.api+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for _, c := range ann.cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("with a session's cookie: %s", resp.Status)
	}

	command := exec.Command(binary, "mcp")
	command.Env = append(command.Environ(), "YAGURA_SERVER="+y.api, "YAGURA_TOKEN="+api)
	for name, tr := range map[string]mcp.Transport{"http": overHTTP(api), "stdio": &mcp.CommandTransport{Command: command}} {
		t.Run(name, func(t *testing.T) {
			agent, err := connect(tr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = agent.Close() }()
			ask := func(tool string, args map[string]any, out any) string {
				t.Helper()
				r, err := agent.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
				if err != nil {
					t.Fatalf("%s: %v", tool, err)
				}
				said := r.Content[0].(*mcp.TextContent).Text
				if r.IsError {
					return said
				}
				if len(said) > 40_000 {
					t.Errorf("%s answers %d bytes", tool, len(said))
				}
				if out != nil {
					if err := json.Unmarshal([]byte(said), out); err != nil {
						t.Fatalf("%s: %v in %s", tool, err, said)
					}
				}
				return ""
			}
			var services struct {
				Services []struct {
					Service string
					Now     struct{ Requests int }
				}
				Link string
			}
			y.eventually(30*time.Second, "the service", func() error {
				if said := ask("list_services", map[string]any{}, &services); said != "" {
					t.Fatal(said)
				}
				if len(services.Services) != 1 || services.Services[0].Now.Requests != 60 {
					return fmt.Errorf("%+v", services)
				}
				return nil
			})
			if !strings.HasPrefix(services.Link, y.api+"/services?") {
				t.Errorf("the link leads to %s", services.Link)
			}
			var logs struct {
				Matching int
				Rows     []struct{ Body string }
			}
			y.eventually(30*time.Second, "the logs", func() error {
				ask("search_logs", map[string]any{"filter": "service:shop エラー", "limit": 5}, &logs)
				if logs.Matching != 60 || len(logs.Rows) != 5 {
					return fmt.Errorf("%+v", logs)
				}
				return nil
			})
			var spans struct {
				Spans []struct {
					TraceID string `json:"trace_id"`
				}
			}
			ask("search_traces", map[string]any{"filter": "service:shop", "order": "slowest"}, &spans)
			if len(spans.Spans) != 20 {
				t.Fatalf("%d spans", len(spans.Spans))
			}
			var trace struct {
				TraceID string `json:"trace_id"`
			}
			if said := ask("explain_trace", map[string]any{"trace_id": spans.Spans[0].TraceID}, &trace); said != "" || trace.TraceID != spans.Spans[0].TraceID {
				t.Errorf("explain_trace: %s %+v", said, trace)
			}
			for tool, args := range map[string]map[string]any{
				"get_service":    {"service": "shop"},
				"get_endpoint":   {"service": "shop", "endpoint": "GET /things"},
				"log_patterns":   {"service": "shop", "levels": []string{"info"}},
				"contrast_spans": {"filter": "service:shop", "chosen": "duration>1ms"},
				"count_by":       {"signal": "spans", "key": "service"},
				"list_errors":    {"shows": []string{"new", "ongoing"}},
				"list_releases":  {},
				"find_metrics":   {"match": "x"},
				"query_metrics":  {"query": "up"},
			} {
				if said := ask(tool, args, &struct{}{}); said != "" {
					t.Errorf("%s: %s", tool, said)
				}
			}
			// What is wrong is said in words, so that the agent can mend it.
			if said := ask("search_logs", map[string]any{"filter": `service:"shop`}, nil); !strings.Contains(said, "filter") && !strings.Contains(said, "quot") {
				t.Errorf("an open quote: %q", said)
			}
			if said := ask("get_error", map[string]any{"service": "shop", "id": "0"}, nil); said == "" {
				t.Error("an unknown group has an answer")
			}
		})
	}
}
