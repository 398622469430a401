package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/backup"
	"github.com/yagura-sre/yagura/internal/catalog"
	"github.com/yagura-sre/yagura/internal/chat"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/code"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/errorgroup"
	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/notify"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/process"
	"github.com/yagura-sre/yagura/internal/release"
	"github.com/yagura-sre/yagura/internal/retention"
	"github.com/yagura-sre/yagura/internal/self"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/clickhouse"
	"github.com/yagura-sre/yagura/internal/timeline"
	"github.com/yagura-sre/yagura/internal/view"
)

// Options are what a running Yagura is made of. All fields but Clock and MetricsPast
// are required.
type Options struct {
	Config  config.Config
	Version string
	// Exe is the program that is started again as the engine; its command "engine" must
	// call engine.Main.
	Exe   string
	Log   *slog.Logger
	Clock clock.Clock
	// MetricsPast is how far behind a data point may be; 0 is the receiver's default. The
	// demo, which brings a history in the order of time, takes more.
	MetricsPast time.Duration
}

// App is a running Yagura.
type App struct {
	Options
	started time.Time

	db       *sqldb.DB
	jobs     *job.Runner
	history  *timeline.Service
	releases *release.Service
	notify   *notify.Service
	people   *people.Service
	owners   *catalog.Owners
	chat     *chat.Service
	code     *code.Service
	errors   *errorgroup.Service
	views    *view.Service
	engine   *engine.Supervisor // nil when a ClickHouse by URL is used
	store    *clickhouse.Store
	metrics  metricStore
	backups  *backup.Service
	retain   *retention.Service
	still    stillness
	wal      *wal.Log // this and the next two are nil where no telemetry comes in
	tail     *ingest.TailHub
	ingest   *ingest.Service
	open     atomic.Bool // the receivers
	own      *self.Self
	began    atomic.Bool // all that own looks at is there

	// Of several processes that share a database; nil of one alone.
	self      process.Process
	processes *process.Registry
	beaten    chan struct{} // closed when no beat comes any more
	peers     atomic.Pointer[peers]

	tls        certificates
	listener   net.Listener
	prepared   chan struct{} // closed when the engine has its tables
	prepareErr atomic.Pointer[error]

	stop    context.CancelFunc // ends the background work
	work    sync.WaitGroup
	closers []closer
}

// closer undoes one step of New. They run in reverse, each with what is left of Close's time.
type closer struct {
	name string
	do   func(context.Context) error
}

func (a *App) onClose(name string, do func(context.Context) error) {
	a.closers = append(a.closers, closer{name, do})
}

// New opens everything and begins to listen. The engine may still be starting when it
// returns: telemetry is accepted at once, questions are answered when Ready.
func New(ctx context.Context, opt Options) (a *App, err error) {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	a = &App{Options: opt, started: opt.Clock.Now(), prepared: make(chan struct{}), still: newStillness()}
	// What runs in the background outlives ctx, which bounds only the start.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	defer func() {
		if err != nil {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
			defer cancel()
			err = errors.Join(err, a.Close(closing))
			a = nil
		}
	}()
	for _, step := range a.steps() {
		if err := step.open(ctx, background); err != nil {
			return a, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return a, nil
}

func (a *App) openFolder(context.Context, context.Context) error {
	release, err := lockFolder(a.Config.DataDir)
	if err != nil {
		return err
	}
	a.onClose("data folder", func(context.Context) error { return release() })
	return nil
}

// Close stops accepting, lets what is under way end, stores what was accepted as far as
// ctx allows, and closes everything. What it cannot store is in the write-ahead log.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	a.stop()
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i].do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", a.closers[i].name, err))
		}
	}
	a.closers = nil
	a.work.Wait()
	return errors.Join(errs...)
}

// URL is the address of the UI as a person on this machine opens it.
func (a *App) URL() string {
	if a.Config.PublicURL != "" {
		return a.Config.PublicURL
	}
	return a.ListenURL()
}

// ListenURL is the same of this process, whatever stands before it.
func (a *App) ListenURL() string {
	host, port, err := net.SplitHostPort(a.listener.Addr().String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme(a.tls.ui) + "://" + net.JoinHostPort(host, port)
}

// SetupURL is the one-time link with which the first administrator introduces
// themselves, or "" when there is one already.
func (a *App) SetupURL(ctx context.Context) (string, error) {
	token, err := a.people.SetupToken(ctx)
	if err != nil || token == "" {
		return "", err
	}
	return a.URL() + "/setup?token=" + token, nil
}

// OTLP are the addresses that senders use: gRPC's host and port, and HTTP's URL; "" where
// no telemetry comes in.
func (a *App) OTLP() (grpc, http string) {
	if a.ingest == nil {
		return "", ""
	}
	return a.ingest.GRPCAddr(), scheme(a.tls.otlp) + "://" + a.ingest.HTTPAddr()
}

// background runs f until it returns; Close waits for it.
func (a *App) background(f func()) { a.work.Go(f) }

// metricStore is both sides of a store of metrics.
type metricStore interface {
	telemetry.Writer
	telemetry.MetricReader
}

// TokenNeeded says whether senders must show an ingest token.
func (a *App) TokenNeeded() bool {
	c := a.Config
	return c.OTLP.TokenNeeded(c.OTLP.GRPC) || c.OTLP.TokenNeeded(c.OTLP.HTTP)
}

// DemoToken is an ingest token for the demo shop, which revoke takes back; "" where
// senders need none.
func (a *App) DemoToken(ctx context.Context) (token string, revoke func(), err error) {
	if !a.TokenNeeded() {
		return "", func() {}, nil
	}
	ctx = authz.With(context.WithoutCancel(ctx), authz.Local())
	t, secret, err := a.people.AddToken(ctx, people.Token{Name: "demo shop", Kind: people.IngestToken})
	if err != nil {
		return "", nil, err
	}
	return secret, func() {
		if err := a.people.RevokeToken(ctx, t.ID); err != nil {
			a.Log.Warn("the demo shop's token was not revoked", "error", err)
		}
	}, nil
}
