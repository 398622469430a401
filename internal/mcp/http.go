package mcp

import (
	"log/slog"
	"net/http"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/api"
)

// HTTPOptions say what Handler stands on.
type HTTPOptions struct {
	API     http.Handler // serves /api/v1, with its own authorisation
	UI      func() string
	Version string
	Log     *slog.Logger
	// Authenticate says whether who asks may ask at all; its error goes to Refuse.
	// The API asks again, for each call of a tool.
	Authenticate func(*http.Request) error
	Refuse       func(http.ResponseWriter, *http.Request, error)
}

// Handler answers streamable HTTP. Each request stands for itself.
func Handler(opt HTTPOptions) http.Handler {
	schemas := sdk.NewSchemaCache()
	served := sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		asks, err := client.NewClientWithResponses("http://yagura", client.WithHTTPClient(api.Inside{Handler: opt.API, For: r}))
		if err != nil {
			return nil // the address is ours; the SDK answers that there is no server
		}
		return NewServer(Options{Client: asks, UI: opt.UI(), Version: opt.Version, Log: opt.Log, schemas: schemas})
	}, &sdk.StreamableHTTPOptions{Stateless: true, JSONResponse: true, MaxRequestBodyBytes: 1 << 20, Logger: opt.Log, PropagateRequestCancellation: true})
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := opt.Authenticate(r); err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Yagura", error="invalid_token"`)
			opt.Refuse(w, r, err)
			return
		}
		served.ServeHTTP(w, r)
	}))
}
