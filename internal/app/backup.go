package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/backup"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/notify"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/clickhouse"
	"github.com/yagura-sre/yagura/internal/telemetry/promtsdb"
)

// stillness lets many write to the engine, or one have it to itself. What is acknowledged
// waits in the write-ahead log meanwhile.
type stillness struct{ places *semaphore.Weighted }

func newStillness() stillness { return stillness{semaphore.NewWeighted(math.MaxInt64)} }

// writing calls f, at the same time as other writers.
func (s stillness) writing(ctx context.Context, f func() error) error {
	if err := s.places.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.places.Release(1)
	return f()
}

// still calls f when nobody writes, and lets nobody begin until it returns.
func (s stillness) still(ctx context.Context, f func() error) error {
	if err := s.places.Acquire(ctx, math.MaxInt64); err != nil {
		return err
	}
	defer s.places.Release(math.MaxInt64)
	return f()
}

// stilled is a writer that a backup can hold back for a moment.
type stilled struct {
	telemetry.Writer
	stillness
}

func (w stilled) Write(ctx context.Context, signal telemetry.Signal, token string, frames [][]byte) error {
	return w.writing(ctx, func() error { return w.Writer.Write(ctx, signal, token, frames) })
}

func (a *App) openBackup(context.Context, context.Context) error {
	data := a.Config.DataDir
	var refused error
	if a.Config.Role != config.RoleAll {
		refused = fault.New(fault.Invalid, i18n.T(
			"Each store is backed up by its own means here: ClickHouse by BACKUP, the metrics store by its snapshots, PostgreSQL by pg_dump.",
			"この構成では各ストアの手段でバックアップしてください（ClickHouse は BACKUP 文、メトリクスストアはスナップショット、PostgreSQL は pg_dump）。"))
	}
	zone := time.Local
	if a.Config.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(a.Config.Timezone); err != nil {
			return err
		}
	}
	plan, err := backup.ParsePlan(a.Config.Backup.Schedule, zone)
	if err != nil {
		return err
	}
	a.backups = backup.New(backup.Options{
		Plan: plan, Keep: a.Config.Backup.Keep, Tell: a.tellOfBackup,
		Audit: func(ctx context.Context, action, name string) error {
			return a.db.Write(ctx, func(tx *sqldb.Tx) error { return a.people.Audit(ctx, tx, action, name, name, nil, nil) })
		},
		Folder: a.Config.BackupFolder(), Version: a.Version, Clock: a.Clock, Log: a.Log.With("room", "backup"),
		Settle: a.awaitStored, Refused: refused,
		Engine: func(ctx context.Context) (string, error) {
			if a.engine == nil {
				return "", nil
			}
			return a.store.Version(ctx)
		},
		Sources: []backup.Source{a.backupEngine(data), a.backupMetrics(data), a.backupState(data), a.backupQuarantine(data)},
	})
	a.jobs.Add(a.backups.Job())
	a.onClose("backups", a.backups.Close)
	return nil
}

// tellOfBackup tells the destinations that the config names, or all, that a backup failed
// or is damaged.
func (a *App) tellOfBackup(name, _ string, why i18n.Text) {
	ctx, cancel := context.WithTimeout(authz.With(context.Background(), authz.System("backup")), 30*time.Second)
	defer cancel()
	to, _, err := a.notify.Destinations(ctx)
	if err == nil {
		now := a.Clock.Now()
		err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
			for _, d := range to {
				if names := a.Config.Backup.Notify; len(names) > 0 && !slices.Contains(names, d.Name) {
					continue
				}
				if err := a.notify.Enqueue(tx, d.ID, notify.Message{
					Kind: "backup.failed", Key: fmt.Sprintf("backup.failed %s %d", name, now.Unix()), Severity: notify.Critical, Time: now,
					Title: i18n.F("The backup %s failed or is damaged.", "バックアップ %s に失敗したか、破損しています。", name), Text: why,
					Links: []notify.Link{{Text: i18n.T("Backups", "バックアップ"), URL: "/settings/backups"}},
				}); err != nil {
					return err
				}
			}
			return nil
		})
		a.notify.Wake()
	}
	if err != nil {
		a.Log.Error("nobody could be told of a failed backup", "backup", name, "error", err)
	}
}

func (a *App) backupEngine(data string) backup.Source {
	root := filepath.Join(data, "engine", "clickhouse")
	s := backup.Source{Name: "engine", Stage: filepath.Join(data, "engine", "backup"), Into: "engine/clickhouse",
		Freeze: func(ctx context.Context, stage string) (rows map[string]int64, err error) {
			err = a.still.still(ctx, func() error {
				rows, err = a.store.Freeze(ctx, root, stage)
				return err
			})
			return rows, err
		}}
	if a.engine == nil {
		s.Elsewhere = i18n.T("Logs and spans are in a ClickHouse of their own (engine.url): back it up with its BACKUP statement.",
			"ログとスパンは外部の ClickHouse（engine.url）に保存されています。ClickHouse の BACKUP 文でバックアップしてください。")
	}
	return s
}

func (a *App) backupMetrics(data string) backup.Source {
	s := backup.Source{Name: "metrics", Stage: filepath.Join(data, "metrics", "snapshots"), Into: "metrics",
		Freeze: func(ctx context.Context, stage string) (map[string]int64, error) {
			n, err := a.metrics.(*promtsdb.Store).Snapshot(ctx, stage)
			return map[string]int64{"metric_samples": n}, err
		}}
	if _, own := a.metrics.(*promtsdb.Store); !own {
		s.Elsewhere = i18n.T("Metrics are in a store of their own (metrics.url): back it up by its own means.",
			"メトリクスは外部ストア（metrics.url）に保存されています。そのストアの手段でバックアップしてください。")
	}
	return s
}

func (a *App) backupState(data string) backup.Source {
	s := backup.Source{Name: "state", Stage: filepath.Join(data, "state.backup"),
		Freeze: func(ctx context.Context, stage string) (map[string]int64, error) {
			path := filepath.Join(stage, "state.db")
			if err := a.db.CopyTo(ctx, path); err != nil {
				return nil, err
			}
			n, err := sqldb.Inspect(ctx, path)
			return map[string]int64{"state_rows": n}, err
		}}
	if a.db.Dialect() == sqldb.Postgres {
		s.Elsewhere = i18n.T("Users, teams, tokens and settings are in PostgreSQL (database.dsn): back it up with pg_dump, best just before this.",
			"ユーザー・チーム・トークン・設定は PostgreSQL（database.dsn）に保存されています。pg_dump でバックアップしてください（このバックアップの直前が望ましい）。")
	}
	return s
}

// backupQuarantine takes what was acknowledged and could not be stored.
func (a *App) backupQuarantine(data string) backup.Source {
	root := filepath.Join(data, "wal")
	return backup.Source{Name: "quarantine", Stage: filepath.Join(data, "wal.backup"), Into: "wal",
		Freeze: func(_ context.Context, stage string) (map[string]int64, error) {
			return nil, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				// A block is stored before a backup freezes, or came after it began.
				if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".wal") || strings.HasSuffix(path, ".refused") || strings.HasSuffix(path, ".tmp") {
					return err
				}
				rel, err := filepath.Rel(root, path)
				if err != nil {
					return err
				}
				b, err := os.ReadFile(path)
				if errors.Is(err, fs.ErrNotExist) { // an old one made room
					return nil
				}
				if err != nil {
					return err
				}
				to := filepath.Join(stage, rel)
				return errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, b, 0o600))
			})
		}}
}

// awaitStored returns when all that was acknowledged before it was called is in the stores
// or in quarantine.
func (a *App) awaitStored(ctx context.Context) error {
	asked := a.Clock.Now()
	for {
		waits := false
		for _, s := range a.wal.Stats() {
			// A block that begins at this very moment may hold a frame from before.
			waits = waits || s.Blocks > 0 && !a.Clock.Now().Add(-s.OldestAge).After(asked)
		}
		if !waits {
			return nil
		}
		if err := a.Clock.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// CheckRestored says whether the stores in a folder hold what a backup's manifest says,
// by opening them. dir is laid out as a data folder is, and nobody else uses it.
func CheckRestored(ctx context.Context, dir string, m backup.Manifest, c config.Config, exe string, log *slog.Logger) error {
	found := map[string]int64{}
	if _, there := m.Rows["state_rows"]; there {
		n, err := sqldb.Inspect(ctx, filepath.Join(dir, "state.db"))
		if err != nil {
			return err
		}
		found["state_rows"] = n
	}
	if _, there := m.Rows["metric_samples"]; there {
		n, err := promtsdb.SampleCount(filepath.Join(dir, "metrics"))
		if err != nil {
			return err
		}
		found["metric_samples"] = n
	}
	if _, there := m.Rows["logs"]; there {
		rows, err := countEngine(ctx, dir, c, exe, log)
		if err != nil {
			return err
		}
		found["logs"], found["spans"] = rows["logs"], rows["spans"]
	}
	for what, want := range m.Rows {
		if got := found[what]; got != want {
			return backup.Miscounted(what, got, want)
		}
	}
	return nil
}

// countEngine starts an engine on what was restored, asks it, and stops it.
func countEngine(ctx context.Context, dir string, c config.Config, exe string, log *slog.Logger) (rows map[string]int64, err error) {
	lib, err := engine.FindLib(c.Engine.Lib, exe)
	if err != nil {
		return nil, err
	}
	// A socket's path has little room, and the folder is deeper than the one it will be.
	run, err := os.MkdirTemp("", "yagura")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(run) }()
	socket := filepath.Join(run, "engine.sock")
	sup, err := engine.Start(ctx, engine.Options{
		Exe: exe, Args: []string{"engine"}, Lib: lib, DataDir: filepath.Join(dir, "engine"), Socket: socket,
		MaxMemory: c.Engine.Memory(), MaxThreads: c.Engine.MaxThreads, Clock: clock.Real{}, Log: log,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, sup.Stop(stopping))
	}()
	ready, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := sup.WaitReady(ready); err != nil {
		return nil, fmt.Errorf("the engine does not start on what was restored: %w", err)
	}
	store, err := clickhouse.Open(clickhouse.Options{Dial: sup.Dial, Database: c.Engine.Database, Clock: clock.Real{}, Log: log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.RowCounts(ctx)
}

// LockFolder makes this process the owner of a data folder until release is called.
func LockFolder(dir string) (release func() error, err error) { return lockFolder(dir) }
