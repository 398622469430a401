package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/process"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// What processes ask each other, under paths of their own beside the API.
const (
	tailPath   = "/process/v1/tail"
	ingestPath = "/process/v1/ingest"
	ownPath    = "/process/v1/own"
)

const (
	peerTick  = 5 * time.Second  // between two signs of life of a tail
	peerQuiet = 20 * time.Second // after which one is given up
	peerLook  = 3 * time.Second  // between two looks for new processes
)

// peers are the processes beside this one that take telemetry, as it asks them: for what
// arrives (telemetry.Tailer), and for what came in and did not.
type peers struct {
	of    *process.Registry
	clock clock.Clock
	log   *slog.Logger
	out   *http.Client

	mu   sync.Mutex
	errs map[string]error // by process: what the last call came to, when it failed
}

func newPeers(of *process.Registry, c clock.Clock, log *slog.Logger) *peers {
	// The addresses are those that the processes gave, so they may be internal ones.
	out := netguard.New(netguard.Options{AnyAddress: true, MaxResponse: -1, Timeout: -1, Redirects: -1}).Client()
	return &peers{of: of, clock: c, log: log.With("room", "process"), out: out, errs: map[string]error{}}
}

// receivers are the other processes that take telemetry and live.
func (p *peers) receivers(ctx context.Context) (out []process.Process, err error) {
	all, _, err := p.of.List(ctx)
	for _, one := range all {
		if one.Alive && one.Role.Ingests() && one.ID != p.of.Self().ID {
			out = append(out, one)
		}
	}
	return out, err
}

func (p *peers) ask(ctx context.Context, to process.Process, path string, q url.Values) (*http.Response, error) {
	key, err := p.of.Key(ctx)
	if err != nil {
		return nil, err
	}
	return p.call(ctx, key, http.MethodGet, to.URL, path+"?"+q.Encode(), nil)
}

// call is one signed request; the answer's body is the caller's to close.
func (p *peers) call(ctx context.Context, key []byte, method, base, uri string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, base+uri, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set(process.Header, process.Sign(key, uri, p.clock.Now()))
	resp, err := p.out.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		err = fmt.Errorf("%s answers %s", base, resp.Status)
	}
	return resp, err
}

// handOver gives telemetry of this process's own to one that takes telemetry; any will do.
func (p *peers) handOver(ctx context.Context, signal string, request []byte) error {
	all, err := p.receivers(ctx)
	if err != nil {
		return err
	}
	key, err := p.of.Key(ctx)
	if err != nil {
		return err
	}
	err = errNowhere
	for _, i := range rand.Perm(len(all)) {
		var resp *http.Response
		if resp, err = p.call(ctx, key, http.MethodPost, all[i].URL, ownPath+"?"+url.Values{"signal": {signal}}.Encode(), request); err == nil {
			return resp.Body.Close()
		}
	}
	return err
}

// came notes what a call came to, for the status page.
func (p *peers) came(to process.Process, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.errs, to.ID)
		return
	}
	if p.errs[to.ID] == nil {
		p.log.Warn("a process beside this one cannot be asked", "process", to.ID, "url", to.URL, "error", err)
	}
	p.errs[to.ID] = err
}

func (p *peers) failed(id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errs[id]
}

// status gathers what came in and did not from all that take telemetry.
func (p *peers) status(ctx context.Context, lang i18n.Lang, from, to time.Time) (views []ingest.IngestStatusView, err error) {
	all, err := p.receivers(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, one := range all {
		wg.Go(func() {
			var v ingest.IngestStatusView
			resp, err := p.ask(ctx, one, ingestPath, url.Values{
				"lang": {string(lang)}, "from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)},
			})
			if err == nil {
				err = json.NewDecoder(io.LimitReader(resp.Body, 32<<20)).Decode(&v)
				_ = resp.Body.Close()
			}
			p.came(one, err)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				views = append(views, v)
			}
		})
	}
	wg.Wait()
	return views, nil
}

// Subscribe is telemetry.Tailer's: what arrives at any of the processes, those that come
// later included.
func (p *peers) Subscribe(ctx context.Context, signal telemetry.Signal) <-chan telemetry.Arrival {
	out := make(chan telemetry.Arrival)
	go func() {
		defer close(out)
		var wg sync.WaitGroup
		defer wg.Wait()
		var mu sync.Mutex
		following := map[string]bool{}
		for ctx.Err() == nil {
			all, err := p.receivers(ctx)
			if err != nil && ctx.Err() == nil {
				p.log.WarnContext(ctx, "who takes telemetry is not known; trying again", "error", err)
			}
			for _, one := range all {
				mu.Lock()
				begin := !following[one.ID]
				following[one.ID] = true
				mu.Unlock()
				if !begin {
					continue
				}
				wg.Go(func() {
					err := p.follow(ctx, one, signal, out)
					if ctx.Err() == nil {
						p.came(one, cmp.Or(err, io.ErrUnexpectedEOF))
					}
					mu.Lock()
					defer mu.Unlock()
					delete(following, one.ID)
				})
			}
			_ = p.clock.Sleep(ctx, peerLook) // an end shows in the condition
		}
	}()
	return out
}

// follow hands on what arrives at one process until ctx or the connection ends.
func (p *peers) follow(ctx context.Context, from process.Process, signal telemetry.Signal, out chan<- telemetry.Arrival) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alive := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-alive:
			case <-p.clock.After(peerQuiet):
				cancel(errors.New("it is not heard of any more"))
			}
		}
	}()
	resp, err := p.ask(ctx, from, tailPath, url.Values{"signal": {signal.String()}})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	p.came(from, nil)
	in := gob.NewDecoder(resp.Body)
	for {
		var a telemetry.Arrival
		if err := in.Decode(&a); err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		select {
		case alive <- struct{}{}:
		default:
		}
		if len(a.Logs) == 0 && len(a.Spans) == 0 && a.Dropped == 0 {
			continue // a sign of life
		}
		select {
		case out <- a:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beside is this process's own tail and that of the processes beside it; either may be
// missing.
type beside struct{ app *App }

// Subscribe is telemetry.Tailer's.
func (b beside) Subscribe(ctx context.Context, signal telemetry.Signal) <-chan telemetry.Arrival {
	p := b.app.peers.Load()
	switch {
	case p == nil:
		return b.app.tail.Subscribe(ctx, signal)
	case b.app.tail == nil:
		return p.Subscribe(ctx, signal)
	}
	out := make(chan telemetry.Arrival)
	var wg sync.WaitGroup
	for _, in := range []<-chan telemetry.Arrival{b.app.tail.Subscribe(ctx, signal), p.Subscribe(ctx, signal)} {
		wg.Go(func() {
			for a := range in {
				select {
				case out <- a:
				case <-ctx.Done():
				}
			}
		})
	}
	go func() {
		wg.Wait()
		close(out)
	}()
	return out
}

// ingestStatus is what came in and did not, here and beside.
func (a *App) ingestStatus(ctx context.Context, lang i18n.Lang, from, to time.Time) (ingest.IngestStatusView, error) {
	var views []ingest.IngestStatusView
	if a.ingest != nil {
		views = append(views, a.ingest.Status(lang, from, to, a.wal.Quarantine()))
	}
	if p := a.peers.Load(); p != nil {
		others, err := p.status(ctx, lang, from, to)
		if err != nil {
			return ingest.IngestStatusView{}, err
		}
		views = append(views, others...)
	}
	return ingest.Merge(views...), nil
}

var notAProcess = fault.New(fault.Forbidden, i18n.T(
	"Only processes of the same Yagura may ask this.", "同じ Yagura のプロセスからのみ利用できます。"))
