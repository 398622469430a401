package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/klauspost/compress/gzhttp"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
)

// Base is the path under which all operations are.
const Base = "/api/v1"

// Authenticator finds out on whose behalf a request comes.
//
// A request without credentials is nobody (the zero Principal), and so is one with a
// session cookie that is no longer good: the browser keeps sending those. A bearer token
// that is not good is a fault Unauthenticated. It is called once a request, and again
// from time to time while a stream is open, from many goroutines.
type Authenticator interface {
	Authenticate(ctx context.Context, r *http.Request) (authz.Principal, error)
}

// AuthenticatorFunc is a function as an Authenticator.
type AuthenticatorFunc func(ctx context.Context, r *http.Request) (authz.Principal, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(ctx context.Context, r *http.Request) (authz.Principal, error) {
	return f(ctx, r)
}

// Options are what an API is made of. The zero value of each but Auth has a default.
type Options struct {
	Log     *slog.Logger
	Clock   clock.Clock
	Auth    Authenticator // nil: nobody is ever anybody, so only public operations answer
	Version string        // of the product, for the document

	// NoAuth makes every request the local administrator's and answers loopback hosts
	// alone.
	NoAuth bool
	// PublicURL is the address that people type; its host and origin are accepted also
	// where the request names another host because a proxy rewrote it.
	PublicURL string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Timeout is how long an operation may take that does not say so itself.
	Timeout time.Duration // 30 s
	// Watch is told of each request, when it begins and when it is answered: route is the
	// pattern that matched. The context it gives is the request's, and traceID its name. It
	// may be nil.
	Watch func(r *http.Request) (ctx context.Context, traceID string, end func(route string, status int, stream bool))
	// Heartbeat is the time between two pings of a stream.
	Heartbeat time.Duration // 15 s
}

// API collects operations and serves them.
type API struct {
	opt     Options
	public  *url.URL
	origins *http.CrossOriginProtection
	huma    huma.API
	ops     *http.ServeMux // /api/
	plain   *http.ServeMux // everything else
	limits  *limiter
	heavy   chan struct{} // a place for each heavy answer that is being made

	stop     chan struct{} // closed when streams must end
	stopOnce sync.Once
	document func() (yaml, json []byte)
}

// New makes an API without operations. It panics on an impossible PublicURL, which
// config has checked.
func New(opt Options) *API {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Timeout == 0 {
		opt.Timeout = 30 * time.Second
	}
	if opt.Heartbeat == 0 {
		opt.Heartbeat = 15 * time.Second
	}
	installErrors()
	a := &API{
		opt: opt, ops: http.NewServeMux(), plain: http.NewServeMux(),
		origins: http.NewCrossOriginProtection(),
		limits:  newLimiter(opt.Clock), heavy: make(chan struct{}, heavyAtOnce),
		stop: make(chan struct{}),
	}
	if opt.PublicURL != "" {
		u, err := url.Parse(opt.PublicURL)
		if err != nil || u.Host == "" {
			panic("api: public URL " + opt.PublicURL)
		}
		a.public = u
		if err := a.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			panic(err)
		}
	}

	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	conf := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Yagura",
				Version:     opt.Version,
				Description: description,
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":   {Type: "http", Scheme: "bearer", Description: "An API token: Authorization: Bearer yag_…"},
					"session": {Type: "apiKey", In: "cookie", Name: SessionCookie, Description: "The session of a signed-in browser; calls that change something also need the header X-Yagura-CSRF: 1."},
				},
			},
		},
		Formats:                      huma.DefaultFormats,
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true, // a misspelt filter must not silently select everything
		Transformers:                 []huma.Transformer{localise},
	}
	// Slices are never null on the wire, so the document does not say that they may be.
	huma.DefaultArrayNullable = false
	a.huma = humago.New(a.ops, conf)
	a.huma.UseMiddleware(a.authorise)

	a.document = sync.OnceValues(func() ([]byte, []byte) {
		yaml, err := a.huma.OpenAPI().YAML()
		if err != nil {
			panic(err) // the document is ours
		}
		j, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
		if err != nil {
			panic(err)
		}
		return yaml, j
	})
	a.ops.HandleFunc("GET /api/openapi.yaml", func(w http.ResponseWriter, r *http.Request) {
		yaml, _ := a.document()
		serveText(w, "application/openapi+yaml", yaml)
	})
	a.ops.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		_, j := a.document()
		serveText(w, "application/openapi+json", j)
	})
	a.docs()
	a.ops.HandleFunc("/api/", a.unknownRoute)
	a.ops.HandleFunc("/api", a.unknownRoute)
	return a
}

// Huma is the underlying API. Operations that are registered on it directly lack a
// permission and are refused: use Register.
func (a *API) Huma() huma.API { return a.huma }

// OpenAPIYAML is the document as /api/openapi.yaml serves it: the golden in the tree.
// All operations must be registered before.
func (a *API) OpenAPIYAML() []byte {
	yaml, _ := a.document()
	return yaml
}

// Mount serves a plain handler beside the operations: the SPA at "/", "/healthz",
// "/readyz". The pattern is one of http.ServeMux outside /api/. It runs behind the same
// logging, recovery, security headers and compression, but has no authorisation.
func (a *API) Mount(pattern string, h http.Handler) { a.plain.Handle(pattern, h) }

// Handler serves everything that was registered and mounted so far.
func (a *API) Handler() http.Handler {
	compress, err := gzhttp.NewWrapper(
		gzhttp.MinSize(1024),
		gzhttp.ContentTypeFilter(compressible),
	)
	if err != nil {
		panic(err) // the options are constants
	}
	ops := compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, hardBodyLimit)
		a.ops.ServeHTTP(w, r)
	}))
	plain := compress(a.plain)
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r) {
			ops.ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	})
	return a.outer(a.guard(h))
}

// Server is an http.Server around Handler with the time limits that keep slow senders
// and readers from holding it. Its Shutdown ends the streams.
func (a *API) Server() *http.Server {
	s := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      90 * time.Second, // longer operations and streams move it themselves
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.opt.Log.Handler(), slog.LevelDebug),
	}
	s.RegisterOnShutdown(a.Stop)
	return s
}

// Stop ends the open streams. Other requests run to their end.
func (a *API) Stop() { a.stopOnce.Do(func() { close(a.stop) }) }

// hardBodyLimit bounds also the bodies that nobody reads to the end; operations have
// their own, smaller limit.
const hardBodyLimit = 64 << 20

const description = `Everything that the Yagura UI and CLI do, they do through this API.

Times are RFC 3339 in UTC with nanoseconds. Durations are integers in nanoseconds, in fields whose names end in "_ns". 64-bit ids are strings.
Lists are {"items": [...], "next": "cursor"}; pass next as "after" for the following page, "" means that there is none.
Errors are problem+json with a machine-readable "code" and a "detail" in the language of Accept-Language (en, ja).`

func serveText(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(body) // the reader went away: nobody is left to tell
}

// compressible leaves out what is packed already, and streams, which must not wait in a
// compressor's window.
func compressible(ct string) bool {
	ct, _, _ = strings.Cut(ct, ";")
	switch {
	case ct == "text/event-stream":
		return false
	case strings.HasPrefix(ct, "text/"), strings.HasSuffix(ct, "json"), strings.HasSuffix(ct, "yaml"),
		ct == "application/javascript", ct == "image/svg+xml", ct == "application/wasm":
		return true
	}
	return false
}
