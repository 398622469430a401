package kit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/demo/sim"
)

// Options are what a World is made of.
type Options struct {
	Clock sim.Clock
	Seed  uint64 // decides everything that is left to chance
	// Endpoint of OTLP/HTTP, and the ingest token if it wants one.
	Endpoint, Token string
	Environment     string
	Revision        string // of the source, for vcs.ref.head.revision; "" when unknown
	Repository      string
	// RowCost is what a scanned row takes by a virtual clock.
	RowCost time.Duration
}

// World is what the services of a shop share.
type World struct {
	Options
	Dice *Dice

	pipe  *pipe // with a virtual clock
	ids   *ids
	mu    sync.RWMutex
	hosts map[string]host // by name and port, as in a URL
	web   *http.Transport
}

type host struct {
	addr    string       // of the listener
	handler http.Handler // with a virtual clock
}

// NewWorld makes an empty one.
func NewWorld(ctx context.Context, o Options) (*World, error) {
	w := &World{Options: o, Dice: NewDice(o.Seed), hosts: map[string]host{}}
	w.web = &http.Transport{MaxIdleConnsPerHost: 64, DialContext: w.dial}
	if w.Clock.Virtual() {
		w.ids = &ids{dice: NewDice(o.Seed ^ 0x9e3779b97f4a7c15)}
		var err error
		if w.pipe, err = newPipe(ctx, w); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// dial finds the listener behind a name of the shop's network.
func (w *World) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	w.mu.RLock()
	h, ok := w.hosts[addr]
	w.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("dial %s: no such host", addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, h.addr)
}

// Serve puts a handler on the shop's network under a name like "catalog:8080".
func (w *World) Serve(name string, h http.Handler) (stop func(context.Context) error, err error) {
	if w.Clock.Virtual() {
		w.mu.Lock()
		w.hosts[name] = host{handler: h}
		w.mu.Unlock()
		return func(context.Context) error { return nil }, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.hosts[name] = host{addr: l.Addr().String()}
	w.mu.Unlock()
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return srv.Shutdown, nil
}

// Transport carries requests over the shop's network, without instrumentation.
func (w *World) Transport() http.RoundTripper {
	if w.Clock.Virtual() {
		return &wire{w}
	}
	return w.web
}

// Close lets what is in the pipe out.
func (w *World) Close() error {
	w.web.CloseIdleConnections()
	if w.pipe != nil {
		return w.pipe.close()
	}
	return nil
}

// Flush waits until everything so far has been taken by the receiver.
func (w *World) Flush() error {
	if w.pipe == nil {
		return nil
	}
	return w.pipe.flush()
}

// Err is the first trouble in sending, by a virtual clock.
func (w *World) Err() error { return w.pipe.failed() }

// HoldMetrics keeps metrics back until Close: a store of metrics wants the oldest first.
func (w *World) HoldMetrics() { w.pipe.hold() }

// Sent is how many spans and log records went out, by a virtual clock.
func (w *World) Sent() (spans, logs int64) {
	return w.pipe.spans.Load(), w.pipe.logs.Load()
}

// Dice is a seeded source of chance, safe for concurrent use.
type Dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

// NewDice gives the same throws for the same seed.
func NewDice(seed uint64) *Dice { return &Dice{r: rand.New(rand.NewPCG(seed, 0x5eed))} }

// Intn is below n.
func (d *Dice) Intn(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// Float is in [0, 1).
func (d *Dice) Float() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Float64()
}

// Exp is exponential with mean 1: the gaps between independent arrivals.
func (d *Dice) Exp() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.ExpFloat64()
}

func (d *Dice) bits() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Uint64()
}

// Around is a duration that is often about the median and sometimes much longer, as the
// time of real work is.
func (d *Dice) Around(median time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(float64(median) * math.Exp(0.25*d.r.NormFloat64()))
}

// Pick is one of the items.
func Pick[T any](d *Dice, items []T) T { return items[d.Intn(len(items))] }
