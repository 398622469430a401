package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/backup"
	"github.com/yagura-sre/yagura/internal/catalog"
	"github.com/yagura-sre/yagura/internal/chat"
	"github.com/yagura-sre/yagura/internal/code"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/errorgroup"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/explain"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/notify"
	"github.com/yagura-sre/yagura/internal/release"
	"github.com/yagura-sre/yagura/internal/retention"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/timeline"
	"github.com/yagura-sre/yagura/internal/view"
	"github.com/yagura-sre/yagura/web"
)

// newAPI makes the API with the operations of all rooms.
func (a *App) newAPI(opt api.Options) *api.API {
	to := api.New(opt)
	a.people.Routes(to)
	a.owners.Routes(to)
	catalog.Register(to, catalog.NewService(figured{a.seen(), a.figures()}, a.Clock).WithOwners(a.owners))
	telemetry.Register(to, telemetry.NewService(a.seen(), beside{a}, a.Clock))
	telemetry.RegisterPatterns(to, a.figures(), a.Clock)
	telemetry.RegisterSQL(to, telemetry.NewSQLService(a.store), a.Clock)
	telemetry.RegisterMetrics(to, telemetry.NewMetricService(a.metrics, a.Clock))
	errorgroup.Register(to, a.errors)
	view.Register(to, a.views)
	insight.Register(to, insight.NewService(a.seen()))
	insight.RegisterBreakdowns(to, insight.NewBreakdowns(a.seen(), a.figures(), a.Clock))
	explain.Register(to, a.explain())
	ingest.Register(to, a.Clock, a.ingestStatus)
	job.Register(to, a.jobs)
	telemetry.RegisterRebuilds(to, a.store, a.Clock, func(ctx context.Context) { _ = a.jobs.Soon(ctx, rebuildJob) }) // it is due within the minute anyway
	timeline.Register(to, a.history)
	release.Register(to, a.releases)
	code.Register(to, a.code)
	notify.Register(to, a.notify)
	chat.Register(to, a.chat)
	backup.Register(to, a.backups)
	retention.Register(to, a.retain)
	a.registerStatus(to)
	a.registerProcesses(to)
	return to
}

// Document is the API's OpenAPI document. It needs nothing that runs.
func Document(version string) []byte {
	a := &App{}
	return a.newAPI(api.Options{Version: version}).OpenAPIYAML()
}

func (a *App) openAPI(_, background context.Context) error {
	c := a.Config
	var proxies []netip.Prefix
	for _, p := range c.TrustedProxies {
		prefix, err := config.ParsePrefix(p)
		if err != nil {
			return err
		}
		proxies = append(proxies, prefix)
	}
	opt := api.Options{
		Log: a.Log.With("room", "api"), Clock: a.Clock, Auth: a.people, Version: a.Version,
		NoAuth: c.NoAuth(), PublicURL: c.PublicURL, TrustedProxies: proxies, Watch: a.watchRequest,
	}
	var served *api.API
	var page http.Handler
	if c.Role.Serves() {
		served = a.newAPI(opt)
		page = web.Handler()
		a.mountMCP(served)
		if err := a.mountChat(background, served); err != nil {
			return err
		}
	} else {
		served = api.New(opt)
		page = http.HandlerFunc(a.elsewhere)
	}
	a.mountHealth(served)
	a.mountPeers(served, background)
	a.mountMetrics(served, page)
	served.Mount("/", page)

	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return cannotListen("listen", c.Listen, err)
	}
	a.listener = l
	server := served.Server()
	a.background(func() {
		if err := server.Serve(a.listenTLS(l)); !errors.Is(err, http.ErrServerClosed) {
			a.Log.Error("the API stopped listening", "error", err)
		}
	})
	a.onClose("API", server.Shutdown)
	return nil
}

func cannotListen(field, addr string, err error) error {
	return &fault.Error{Code: fault.Unavailable, Field: field, Cause: err, Text: i18n.F(
		"Cannot listen on %s: %s. Stop what uses it, or choose another address.",
		"%s で待ち受けできません（%s）。使っているプログラムを止めるか、別のアドレスを指定してください。", addr, err)}
}
