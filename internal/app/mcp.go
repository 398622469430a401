package app

import (
	"net/http"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/mcp"
)

// mountMCP serves agents beside the API, through it.
func (a *App) mountMCP(to *api.API) {
	to.Mount("/mcp", mcp.Handler(mcp.HTTPOptions{
		API: to.Handler(), UI: a.URL, Version: a.Version, Log: a.Log.With("room", "mcp"),
		Refuse: to.WriteError,
		Authenticate: func(r *http.Request) error {
			if !a.Config.NoAuth() && r.Header.Get("Authorization") == "" {
				// A cookie does not count: a browser would send it for any page.
				return fault.New(fault.Unauthenticated, i18n.T(
					"Show an API token: Authorization: Bearer yag_…. Make one under Settings → Tokens.",
					"API トークンが必要です（Authorization: Bearer yag_…）。設定 → トークンで発行してください。"))
			}
			p, err := a.people.Authenticate(r.Context(), r)
			if err == nil && !p.Allows(authz.TelemetryReadOwn) {
				err = fault.New(fault.Unauthenticated, i18n.T(
					"This token may not read. Agents need an API token, not an ingest token.",
					"このトークンには読み取り権限がありません。エージェントには取り込み用ではなく API トークンを使ってください。"))
			}
			return err
		},
	}))
}
