package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yagura-sre/yagura/client"
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
		api, err := client.NewClientWithResponses("http://"+host(r), client.WithHTTPClient(inside{opt.API, r}))
		if err != nil {
			return nil // the address is ours; the SDK answers that there is no server
		}
		return NewServer(Options{Client: api, UI: opt.UI(), Version: opt.Version, Log: opt.Log, schemas: schemas})
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

func host(r *http.Request) string {
	if r.Host == "" {
		return "localhost"
	}
	return r.Host
}

// inside calls the API without a network, on behalf of who sent asked.
type inside struct {
	api   http.Handler
	asked *http.Request
}

// Do is one call. Of the request that it stands for it carries the token, the language,
// and where it came from, nothing else.
func (i inside) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for _, name := range []string{"Authorization", "Accept-Language", "X-Forwarded-For", "User-Agent"} {
		if v := i.asked.Header.Values(name); len(v) > 0 {
			r.Header[name] = v
		}
	}
	r.Host, r.RemoteAddr, r.RequestURI, r.TLS = i.asked.Host, i.asked.RemoteAddr, r.URL.RequestURI(), i.asked.TLS
	if r.Body == nil {
		r.Body = http.NoBody
	}
	a := &answer{header: http.Header{}}
	i.api.ServeHTTP(a, r)
	if a.full {
		return nil, fmt.Errorf("the answer is over %d MB; ask for less", mostAnswer>>20)
	}
	if err := r.Context().Err(); err != nil {
		return nil, context.Cause(r.Context())
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Header: a.header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()),
	}, nil
}

// mostAnswer bounds what a call of the API may bring before a tool makes it small.
const mostAnswer = 16 << 20

// answer keeps what the API writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	full   bool
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.body.Len()+len(p) > mostAnswer {
		a.full = true
		return 0, io.ErrShortBuffer
	}
	return a.body.Write(p)
}
