package app

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/process"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// mountPeers serves what other processes ask of one that takes telemetry.
func (a *App) mountPeers(to *api.API, background context.Context) {
	if a.ingest == nil || !a.Config.Shared() {
		return
	}
	among := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			key, err := a.processKey(r.Context())
			if err == nil && !process.Signed(key, r.URL.RequestURI(), r.Header.Get(process.Header), a.Clock.Now()) {
				err = notAProcess
			}
			if err != nil {
				to.WriteError(w, r, err)
				return
			}
			h(w, r)
		}
	}
	to.Mount("GET "+tailPath, among(func(w http.ResponseWriter, r *http.Request) { a.serveTail(background, w, r) }))
	to.Mount("GET "+ingestPath, among(a.serveIngest))
	to.Mount("POST "+ownPath, among(a.serveOwn))
}

func (a *App) processKey(ctx context.Context) ([]byte, error) {
	if p := a.peers.Load(); p != nil {
		return p.of.Key(ctx)
	}
	return nil, notAProcess // it has not told anybody of itself yet
}

func (a *App) serveIngest(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, errFrom := time.Parse(time.RFC3339Nano, q.Get("from"))
	to, errTo := time.Parse(time.RFC3339Nano, q.Get("to"))
	if errFrom != nil || errTo != nil {
		http.Error(w, "from and to are times", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a.ingest.Status(i18n.Parse(q.Get("lang")), from, to, a.wal.Quarantine())) // who asked went away
}

// serveOwn takes what a process without receivers says of itself.
func (a *App) serveOwn(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err == nil {
		err = a.ingest.TakeOwn(r.Context(), telemetry.SignalNamed(r.URL.Query().Get("signal")), body)
	}
	if err != nil {
		http.Error(w, "not taken", http.StatusServiceUnavailable)
	}
}

// serveTail sends what arrives, until who asked goes away or this process ends.
func (a *App) serveTail(background context.Context, w http.ResponseWriter, r *http.Request) {
	signal := telemetry.Logs
	if r.URL.Query().Get("signal") == telemetry.Spans.String() {
		signal = telemetry.Spans
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(background, cancel)()
	arrivals := a.tail.Subscribe(ctx, signal)
	w.Header().Set("Content-Type", "application/octet-stream")
	control, out := http.NewResponseController(w), gob.NewEncoder(w)
	send := func(v telemetry.Arrival) bool {
		_ = control.SetWriteDeadline(clock.Real{}.Now().Add(10 * time.Second)) // without one the server's own holds
		return out.Encode(v) == nil && control.Flush() == nil
	}
	for ok := send(telemetry.Arrival{}); ok; {
		select {
		case v, open := <-arrivals:
			ok = open && send(v)
		case <-a.Clock.After(peerTick):
			ok = send(telemetry.Arrival{})
		}
	}
}
