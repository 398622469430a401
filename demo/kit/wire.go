package kit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/demo/sim"
)

// wire carries requests by a virtual clock: straight to the handler, after the time that
// a packet takes. When the caller's deadline passes, it hears so, and the callee's
// context ends, as it does when a connection breaks.
type wire struct{ w *World }

func (n *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	name := r.URL.Host
	if r.URL.Port() == "" {
		name += ":80"
	}
	n.w.mu.RLock()
	h, ok := n.w.hosts[name]
	n.w.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("dial %s: no such host", name)
	}
	clock, ctx := n.w.Clock, r.Context()
	in := r.Clone(sim.Carry(ctx, context.Background()))
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "10.0.3.17:40112", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	packet := func() error { return clock.Sleep(ctx, n.w.Dice.Around(250*time.Microsecond)) }
	if err := packet(); err != nil {
		return nil, err
	}
	out := &answer{header: http.Header{}, status: http.StatusOK}
	done := clock.NewEvent()
	clock.Go(func() {
		defer done.Set()
		h.handler.ServeHTTP(out, in)
	})
	if err := done.Wait(ctx); err != nil {
		return nil, err
	}
	if err := packet(); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)), StatusCode: out.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r,
	}, nil
}

type answer struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.wrote = true
	return a.body.Write(p)
}
