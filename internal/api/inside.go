package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/yagura-sre/yagura/internal/authz"
)

// Inside calls an API without a network: it is a client's Doer for rooms of the same
// process that are clients of the API (mcp, chat). Only one of For and As is set.
type Inside struct {
	Handler http.Handler // of API.Handler
	// For is the request that is being answered. Its token and where it came from are carried
	// along, and its language where the call names none; nothing else, and no cookie.
	For *http.Request
	// As is on whose behalf calls are made when no request is being answered.
	As *authz.Principal
}

type insideKey struct{}

// mostInside bounds what one call may bring.
const mostInside = 16 << 20

// Do is one call.
func (i Inside) Do(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if i.As != nil {
		ctx = context.WithValue(ctx, insideKey{}, *i.As)
	}
	r = r.Clone(ctx)
	r.Host, r.RemoteAddr, r.RequestURI = "localhost", "127.0.0.1:0", r.URL.RequestURI()
	if f := i.For; f != nil {
		for _, name := range []string{"Authorization", "Accept-Language", "X-Forwarded-For", "User-Agent"} {
			if v := f.Header.Values(name); len(v) > 0 && (name == "Authorization" || r.Header.Get(name) == "") {
				r.Header[name] = v
			}
		}
		r.Host, r.RemoteAddr, r.TLS = f.Host, f.RemoteAddr, f.TLS
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	a := &answer{header: http.Header{}}
	i.Handler.ServeHTTP(a, r)
	if a.full {
		return nil, fmt.Errorf("the answer is over %d MB; ask for less", mostInside>>20)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Header: a.header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()),
	}, nil
}

// inside is on whose behalf a call of Inside is made. A request from the network cannot
// have one.
func inside(ctx context.Context) (authz.Principal, bool) {
	p, ok := ctx.Value(insideKey{}).(authz.Principal)
	return p, ok
}

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
	if a.body.Len()+len(p) > mostInside {
		a.full = true
		return 0, io.ErrShortBuffer
	}
	return a.body.Write(p)
}
