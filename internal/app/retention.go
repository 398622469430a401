package app

import (
	"context"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/retention"
	"github.com/yagura-sre/yagura/internal/retention/archive"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/promtsdb"
)

func (a *App) openRetention(context.Context, context.Context) error {
	r := a.Config.Retention
	place, err := a.archivePlace()
	if err != nil {
		return err
	}
	a.retain = retention.New(retention.Options{
		DB: a.db, Store: a.store, Metrics: keptMetrics{a}, Audit: a.people, Clock: a.Clock, Log: a.Log.With("room", "retention"),
		Defaults: retention.Defaults{Logs: r.Logs.D(), LogsThinned: r.LogsThinned.D(), Spans: r.Spans.D(), SpansThinned: r.SpansThinned.D(),
			Metrics: a.Config.Metrics.Retention.D(), OneIn: r.KeepOneIn},
		Disk: a.rowsDisk, Still: a.still.writing,
		Archive: retention.Archive{Place: place, Rows: a.store, Settled: a.allSettled, Version: a.Version,
			Soon: func(ctx context.Context, name string) { _ = a.jobs.Soon(ctx, name) }}, // it is due within the minute anyway
	})
	for _, j := range a.retain.Jobs() {
		a.jobs.Add(j)
	}
	return nil
}

// archivePlace is where old days go; nil is nowhere.
func (a *App) archivePlace() (archive.Place, error) {
	if dir := a.Config.Archive.Folder; dir != "" {
		return archive.Folder{Dir: dir}, nil
	}
	return nil, nil
}

// rowsDisk is the disk that logs and spans lie on; zero when another server keeps them.
func (a *App) rowsDisk() (free, total uint64) {
	var fs syscall.Statfs_t
	if a.engine == nil || syscall.Statfs(a.Config.DataDir, &fs) != nil {
		return 0, 0
	}
	return fs.Bavail * uint64(fs.Bsize), fs.Blocks * uint64(fs.Bsize)
}

// metricsKept is how long metrics are kept, as it was saved.
func (a *App) metricsKept(ctx context.Context) (time.Duration, error) {
	r, err := a.retain.Rule(ctx, "metrics")
	return time.Duration(r.WholeDays) * 24 * time.Hour, err
}

// keptMetrics is the store of metrics as the room of retention sees it.
type keptMetrics struct{ app *App }

func (m keptMetrics) own() (*promtsdb.Store, bool) {
	s, own := m.app.metrics.(*promtsdb.Store)
	return s, own
}

func (m keptMetrics) Store(ctx context.Context) (retention.MetricStore, error) {
	s, own := m.own()
	if !own {
		return retention.MetricStore{Elsewhere: true}, nil
	}
	bytes, oldest, err := s.Usage(ctx)
	return retention.MetricStore{Bytes: bytes, Oldest: oldest}, err
}

func (m keptMetrics) Retain(_ context.Context, keep time.Duration) error {
	if s, own := m.own(); own {
		return s.SetRetention(keep)
	}
	return nil
}

func (m keptMetrics) Exemplars(ctx context.Context, r telemetry.Range) (ids []telemetry.TraceID, err error) {
	series, err := m.app.metrics.Exemplars(ctx, `{__name__=~".+"}`, r)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) { // the store keeps none
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	seen := map[telemetry.TraceID]bool{}
	for _, one := range series {
		for _, x := range one.Exemplars {
			for _, label := range x.Labels {
				if id, ok := telemetry.ParseTraceID(label.Value); ok && label.Key == "trace_id" && !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
		}
	}
	return ids, nil
}
