package chat

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/i18n"
)

const tag = "slack"

// SlackView is how Slack is reached, and how that does.
type SlackView struct {
	SlackSettingsBody
	On        bool       `json:"on" doc:"There is a bot token, and a way in."`
	Connected bool       `json:"connected" doc:"Over Socket Mode."`
	Since     *time.Time `json:"since,omitempty" doc:"When the connection began."`
	Workspace string     `json:"workspace"`
	BotName   string     `json:"bot_name"`
	LastAsked *time.Time `json:"last_asked,omitempty"`
	Problem   string     `json:"problem" doc:"What is wrong and how to mend it; empty when nothing is."`
	Manifest  string     `json:"manifest" doc:"YAML to make the app from: api.slack.com/apps → Create New App → From a manifest."`
}

// SlackSettingsBody are the settings. Secrets are references: file:/run/secrets/name or
// env:YAGURA_SECRET_NAME.
type SlackSettingsBody struct {
	Bot      string   `json:"bot" maxLength:"500" doc:"Where the bot token is (xoxb-…). Empty, with the others, switches Slack off."`
	App      string   `json:"app" maxLength:"500" doc:"Where the app-level token is (xapp-…, connections:write): Socket Mode, which needs no address that Slack can reach."`
	Signing  string   `json:"signing" maxLength:"500" doc:"Where the signing secret is: requests over HTTP."`
	Command  string   `json:"command" maxLength:"32" default:"/yagura"`
	Lang     string   `json:"lang" enum:"en,ja" default:"en" doc:"Where a channel has not chosen."`
	Channels []string `json:"channels" maxItems:"200" doc:"Ids of the channels that are answered; none is all."`
}

type slackOut struct {
	ETag string `header:"ETag"`
	Body SlackView
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	view := func(ctx context.Context) (*slackOut, error) {
		set, changed, err := s.Settings(ctx)
		if err != nil {
			return nil, err
		}
		st := s.State()
		v := SlackView{
			SlackSettingsBody: SlackSettingsBody{set.Bot, set.App, set.Signing, set.Command, string(set.Lang), set.Channels},
			On:                set.On(), Connected: st.Connected, Workspace: st.Workspace, BotName: st.Bot,
			Problem: st.Problem.In(api.Lang(ctx)), Manifest: manifest(set, s.UI()),
		}
		if st.Connected {
			v.Since = &st.Since
		}
		if !st.Last.IsZero() {
			v.LastAsked = &st.Last
		}
		return &slackOut{api.ETag(changed.String()), v}, nil
	}
	api.Register(a, api.Op{
		ID: "get-slack", Method: http.MethodGet, Path: "/slack", Tag: tag, Permission: authz.NotifyRead, Summary: "How Slack is reached",
	}, func(ctx context.Context, _ *struct{}) (*slackOut, error) { return view(ctx) })

	api.Register(a, api.Op{
		ID: "put-slack", Method: http.MethodPut, Path: "/slack", Tag: tag, Permission: authz.NotifyWrite, Summary: "Set how Slack is reached, and try it",
	}, func(ctx context.Context, in *struct {
		api.IfMatch
		Body SlackSettingsBody
	}) (*slackOut, error) {
		b := in.Body
		err := s.Configure(ctx, Settings{Bot: b.Bot, App: b.App, Signing: b.Signing, Command: b.Command, Lang: i18n.Lang(b.Lang), Channels: b.Channels},
			func(_ Settings, changed time.Time) error { return in.Check(api.ETag(changed.String())) })
		if err == nil {
			err = s.Examine(ctx)
		}
		if err != nil {
			return nil, err
		}
		return view(ctx)
	})

	api.Register(a, api.Op{
		ID: "check-slack", Method: http.MethodPost, Path: "/slack/check", Tag: tag, Permission: authz.NotifyWrite, Summary: "Ask Slack whether the tokens are good",
	}, func(ctx context.Context, _ *struct{}) (*slackOut, error) {
		if err := s.Examine(ctx); err != nil {
			return nil, err
		}
		return view(ctx)
	})
}

// manifest is what the app is made from.
func manifest(set Settings, ui string) string {
	ui = strings.TrimSuffix(ui, "/")
	host := "yagura.example.com"
	if u, err := url.Parse(ui); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	socket := set.Signing == "" || set.App != ""
	var b strings.Builder
	w := func(lines ...string) { b.WriteString(strings.Join(lines, "\n") + "\n") }
	w("display_information:", "  name: Yagura", "  description: What happened to this request, and why",
		"features:", "  bot_user:", "    display_name: yagura", "    always_online: true",
		"  unfurl_domains:", "    - "+host,
		"  slash_commands:", "    - command: "+set.Command, "      description: Explain a request, a service, errors", "      usage_hint: TRACE_ID | service NAME | errors [SERVICE] | help", "      should_escape: false")
	if !socket {
		w("      url: " + ui + "/slack/commands")
	}
	w("oauth_config:", "  scopes:", "    bot:", "      - commands", "      - chat:write", "      - files:write", "      - links:read", "      - links:write",
		"settings:", "  event_subscriptions:")
	if !socket {
		w("    request_url: " + ui + "/slack/events")
	}
	w("    bot_events:", "      - link_shared")
	if socket {
		w("  socket_mode_enabled: true")
	}
	return b.String()
}
