package app

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/yagura-sre/yagura/internal/catalog"
	"github.com/yagura-sre/yagura/internal/chat"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/code"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/errorgroup"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/notify"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/process"
	"github.com/yagura-sre/yagura/internal/release"
	"github.com/yagura-sre/yagura/internal/retention"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/clickhouse"
	"github.com/yagura-sre/yagura/internal/telemetry/promremote"
	"github.com/yagura-sre/yagura/internal/telemetry/promtsdb"
	"github.com/yagura-sre/yagura/internal/timeline"
	"github.com/yagura-sre/yagura/internal/view"
)

func (a *App) openState(ctx, _ context.Context) error {
	db, err := sqldb.Open(ctx, sqldb.Options{
		DSN: a.Config.Database.DSN, Path: filepath.Join(a.Config.DataDir, "state.db"), Clock: a.Clock, Log: a.Log,
	})
	if err != nil {
		return err
	}
	a.onClose("state", func(context.Context) error { return db.Close() })
	if err := db.Migrate(ctx, people.Migrations, job.Migrations, process.Migrations, timeline.Migrations, release.Migrations, notify.Migrations, catalog.Migrations,
		chat.Migrations, code.Migrations, errorgroup.Migrations, view.Migrations, retention.Migrations); err != nil {
		return err
	}
	a.db = db
	a.history = timeline.NewService(db, a.Clock)
	opt, err := a.peopleOptions(db)
	if err != nil {
		return err
	}
	a.people = people.New(opt)
	return a.people.ApplyTeamsFile(ctx)
}

// openEngine starts the embedded engine, unless a ClickHouse by URL takes its place.
func (a *App) openEngine(ctx, _ context.Context) error {
	c := a.Config.Engine
	if c.URL != "" {
		return nil
	}
	lib, err := engine.FindLib(c.Lib, a.Exe)
	if err != nil {
		return err
	}
	a.engine, err = engine.Start(ctx, engine.Options{
		Exe: a.Exe, Args: []string{"engine"}, Lib: lib,
		DataDir: filepath.Join(a.Config.DataDir, "engine"), Socket: filepath.Join(a.Config.DataDir, "engine.sock"),
		MaxMemory: c.Memory(), MaxThreads: c.MaxThreads, MaxQuery: c.MaxQuery.D(),
		Clock: a.Clock, Log: a.Log.With("room", "engine"),
	})
	if err != nil {
		return err
	}
	a.onClose("engine", a.engine.Stop)
	return nil
}

func (a *App) openStore(_, _ context.Context) error {
	c := a.Config.Engine
	opt := clickhouse.Options{
		URL: c.URL, Database: c.Database, User: c.User, Password: c.Password, Cluster: c.Cluster,
		MaxQuery: c.MaxQuery.D(), MaxMemory: c.Memory() / 2, Settings: c.QuerySettings(),
		Clock: a.Clock, Log: a.Log.With("room", "telemetry"),
	}
	if a.engine != nil {
		opt.Dial = a.engine.Dial
	}
	store, err := clickhouse.Open(opt)
	if err != nil {
		return err
	}
	a.store = store
	a.onClose("telemetry store", func(context.Context) error { return store.Close() })
	return nil
}

// openUpkeep begins the work in the background: the tables first, without which nothing
// can be asked; telemetry is accepted meanwhile.
func (a *App) openUpkeep(_, background context.Context) error {
	done := make(chan struct{})
	a.background(func() {
		defer close(done)
		if a.prepare(background) != nil {
			return
		}
		if a.ingest != nil {
			a.introduce(background)
		}
		if a.Config.Role.Works() {
			a.jobs.Run(background)
		}
	})
	// Before the database is closed: the end of a job's run is a row.
	a.onClose("jobs", func(ctx context.Context) error {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return nil
}

// prepare repeats until the engine is there and has its tables, or ctx ends.
func (a *App) prepare(ctx context.Context) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		var err error
		if a.engine != nil {
			err = a.awaitEngine(ctx)
		}
		if err == nil {
			// Processes that start together would all make the same tables.
			err = a.db.Exclusively(ctx, "telemetry.migrate", a.store.Migrate)
		}
		if err == nil {
			close(a.prepared)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.prepareErr.Store(&err)
		a.Log.WarnContext(ctx, "the telemetry store is not ready; trying again", "error", err, "wait", wait)
		if err := a.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// introduce tells the receivers which services have been here in the past week, so that
// after a restart they need not compete for a place with whatever comes.
func (a *App) introduce(ctx context.Context) {
	now := a.Clock.Now()
	names, err := a.store.ServiceNames(ctx, telemetry.Range{From: now.AddDate(0, 0, -7), To: now})
	if ctx.Err() != nil {
		return // it is stopping
	}
	if err != nil {
		a.Log.WarnContext(ctx, "the services of the past week are not known to the receivers", "error", err)
		return
	}
	a.ingest.Know(names)
}

// quiet passes warnings and errors on alone: Prometheus tells of every step.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

// awaitEngine waits for the engine, but not for ever: an engine that does not come up is
// something to be told of.
func (a *App) awaitEngine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return a.engine.WaitReady(ctx)
}

func (a *App) openMetrics(ctx, _ context.Context) (err error) {
	c, log := a.Config.Metrics, a.Log.With("room", "metrics")
	if c.URL != "" {
		header := http.Header{}
		if c.Token != "" {
			header.Set("Authorization", "Bearer "+c.Token)
		}
		// The address is the operator's own, so it may be an internal one.
		out := netguard.New(netguard.Options{AnyAddress: true, MaxResponse: -1, Timeout: -1}).Client()
		a.metrics, err = promremote.Open(promremote.Options{URL: c.URL, Header: header, Client: out, Clock: a.Clock, Log: log})
	} else {
		var keep time.Duration // as saved, before it opens: it begins to drop at once
		if keep, err = a.metricsKept(ctx); err != nil {
			return err
		}
		a.metrics, err = promtsdb.Open(promtsdb.Options{
			Dir: filepath.Join(a.Config.DataDir, "metrics"), Retention: keep, Clock: a.Clock, Log: slog.New(quiet{log.Handler()}),
		})
	}
	if err != nil {
		return err
	}
	a.onClose("metrics store", func(context.Context) error { return a.metrics.Close() })
	return nil
}

func (a *App) openLog(_, background context.Context) error {
	c := a.Config.WAL
	waiting := timed{stilled{patient{Writer: a.store, ready: a.prepared, clock: a.Clock}, a.still}, a}
	witnesses := map[telemetry.Signal]wal.Witness{}
	if a.engine != nil { // nothing is known of the life of a ClickHouse elsewhere
		t := &trials{app: a, log: a.Log.With("room", "trial")}
		a.onClose("engine on trial", t.Close)
		a.background(func() { t.sweep(background) })
		witnesses[telemetry.Logs], witnesses[telemetry.Spans] = t, t
	}
	log, err := wal.Open(wal.Options{
		Dir: filepath.Join(a.Config.DataDir, "wal"),
		Writers: map[telemetry.Signal]telemetry.Writer{
			telemetry.Logs: waiting, telemetry.Spans: waiting, telemetry.Metrics: timed{a.metrics, a},
		},
		Witnesses: witnesses,
		// Many a remote store takes no sample that is older than the newest of its series.
		InOrder:  map[telemetry.Signal]bool{telemetry.Metrics: a.Config.Metrics.URL != ""},
		MaxBytes: int64(c.MaxBytes), FreeSpaceMin: int64(c.MinFreeBytes),
		Clock: a.Clock, Log: a.Log.With("room", "wal"),
	})
	if err != nil {
		return err
	}
	a.wal = log
	a.onClose("write-ahead log", log.Close)
	return nil
}

// patient is the store's writer before its tables are there: it waits a little, and then
// asks to be called again, so that the log shows that it is waiting.
type patient struct {
	telemetry.Writer
	ready <-chan struct{}
	clock clock.Clock
}

func (p patient) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	select {
	case <-p.ready:
		return p.Writer.Write(ctx, signal, token, frames)
	case <-ctx.Done():
		return ctx.Err()
	case <-p.clock.After(5 * time.Second):
		return fault.Retry(fault.Unavailable, time.Second, i18n.T("The engine is still starting.", "エンジンの起動を待っています。"))
	}
}
