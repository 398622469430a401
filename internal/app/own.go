package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/self"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// openSelf begins to watch this process. It is the first step: what all others log is
// taken too.
func (a *App) openSelf(context.Context, context.Context) (err error) {
	opt := self.Options{Version: a.Version, Instance: a.instance(), Role: string(a.Config.Role), Clock: a.Clock, Level: slog.LevelInfo}
	if a.Config.Self.Enabled {
		opt.Send = a.takeOwn
	}
	if a.own, err = self.New(opt); err != nil {
		return err
	}
	a.Log = slog.New(a.own.Log(a.Log.Handler()))
	return errors.Join(a.own.Runtime(), a.ownMetrics())
}

// instance names this process among those of the machine and of others, the same after a
// restart: a series of metrics has this name.
func (a *App) instance() string {
	_, port, err := net.SplitHostPort(a.Config.Listen)
	if err != nil || port == "0" {
		port = strconv.Itoa(os.Getpid())
	}
	return net.JoinHostPort(hostname(), port)
}

// closeSelf makes the end hand on what is left, while somebody still takes it.
func (a *App) closeSelf(context.Context, context.Context) error {
	a.began.Store(true)
	a.onClose("own telemetry", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		return a.own.Stop(ctx)
	})
	return nil
}

var errNowhere = errors.New("no process takes telemetry")

// takeOwn hands this process's own telemetry to the receivers, here or beside.
func (a *App) takeOwn(ctx context.Context, signal string, request []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if a.open.Load() {
		return a.ingest.TakeOwn(ctx, telemetry.SignalNamed(signal), request)
	}
	if p := a.peers.Load(); p != nil && !a.Config.Role.Ingests() {
		return p.handOver(ctx, signal, request)
	}
	return errNowhere
}

// watchRequest is api.Options.Watch.
func (a *App) watchRequest(r *http.Request) (context.Context, string, func(string, int, bool)) {
	ctx, trace, end := a.own.Request(r)
	return telemetry.WithWatcher(ctx, a.own.Question), trace, end
}

// watchJob is job.Options.Watch.
func (a *App) watchJob(ctx context.Context, name string) (context.Context, func(string, error)) {
	ctx, end := a.own.Job(ctx, name)
	return telemetry.WithWatcher(ctx, a.own.Question), end
}

// timed is a store's writer whose blocks are timed.
type timed struct {
	telemetry.Writer
	app *App
}

func (w timed) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	begun := w.app.Clock.Now()
	err := w.Writer.Write(ctx, signal, token, frames)
	w.app.own.Block(ctx, signal.String(), clock.Since(w.app.Clock, begun), err)
	return err
}

// mountMetrics serves the metrics to who may see the status. The page of metrics has the
// same address: who asks for a page of HTML, as browsers do, gets that.
func (a *App) mountMetrics(to *api.API, page http.Handler) {
	scrape := to.Require(authz.StatusRead, a.own.Scrape())
	to.Mount("GET /metrics", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			page.ServeHTTP(w, r)
			return
		}
		scrape.ServeHTTP(w, r)
	}))
}

// openMetricsPort serves them to anybody who reaches an address of their own.
func (a *App) openMetricsPort(ctx, _ context.Context) error {
	addr := a.Config.Self.MetricsListen
	if addr == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return cannotListen("self.metrics_listen", addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.own.Scrape())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute}
	a.background(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.Log.Error("the metrics are not served any more", "error", err)
		}
	})
	a.onClose("metrics port", server.Shutdown)
	return nil
}

// ownProblem says that nobody takes what this process says of itself.
func (a *App) ownProblem() []problem {
	err := a.own.Failing()
	if err == nil {
		return nil
	}
	return []problem{{"warning", i18n.F(
		"Yagura's own metrics, traces and logs cannot be kept at the moment (%[1]s); %[2]d batches are lost. What keeps the receivers from taking them is among the other problems.",
		"Yagura 自身のメトリクス・トレース・ログを現在保存できません（%[1]s）。これまでに %[2]d 件のバッチが失われました。受信できない原因は、ほかの問題として表示されています。", err, a.own.Dropped())}}
}
