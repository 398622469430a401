package app

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
	"github.com/yagura-sre/yagura/internal/notify"
)

// ownMetrics makes those that are looked at when somebody asks for them.
func (a *App) ownMetrics() error {
	m := a.own.Meter()
	var errs []error
	var all []metric.Observable
	counter := func(name, unit, about string) metric.Int64Observable {
		c, err := m.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs, all = append(errs, err), append(all, c)
		return c
	}
	gauge := func(name, unit, about string) metric.Int64Observable {
		g, err := m.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs, all = append(errs, err), append(all, g)
		return g
	}
	taken := counter("yagura.ingest.rows", "{row}", "Rows that were acknowledged.")
	back := counter("yagura.ingest.refused", "{row}", "Rows whose sender was told to come back.")
	refusals := counter("yagura.ingest.refusals", "{row}", "Rows that were refused or changed, by reason.")
	requests := counter("yagura.ingest.requests", "{request}", "Requests of senders.")
	size := gauge("yagura.wal.size", "By", "The write-ahead log on disk.")
	lag, err := m.Float64ObservableGauge("yagura.wal.lag", metric.WithUnit("s"), metric.WithDescription("Age of the oldest block that is not stored."))
	errs, all = append(errs, err), append(all, lag)
	retries := counter("yagura.wal.retries", "{try}", "Blocks that had to be tried again.")
	quarantined := counter("yagura.wal.quarantined", "{row}", "Rows that a store refused for good.")
	resident := gauge("yagura.engine.memory.usage", "By", "Resident memory of the embedded engine.")
	restarts := counter("yagura.engine.restarts", "{restart}", "Restarts of the embedded engine.")
	free := gauge("yagura.disk.free", "By", "Room on the disk of the data folder.")
	outbox := gauge("yagura.outbox.depth", "{message}", "Notifications that wait to be sent.")
	dropped := counter("yagura.self.dropped", "{batch}", "Batches of this process's own telemetry that nobody took.")
	ready := gauge("yagura.ready", "", "1 when this process can do what its role is for.")
	if err := errors.Join(errs...); err != nil {
		return err
	}

	incoming := func(o metric.Observer, stats []wal.Stats) {
		for _, s := range stats {
			of := metric.WithAttributes(attribute.String("yagura.signal", s.Signal.String()))
			o.ObserveInt64(taken, int64(s.AppendedRows), of)
			o.ObserveInt64(back, int64(s.RefusedRows), of)
			o.ObserveInt64(retries, int64(s.Retries), of)
			o.ObserveInt64(quarantined, int64(s.QuarantinedRows), of)
			o.ObserveInt64(size, s.Bytes, of)
			o.ObserveFloat64(lag, s.OldestAge.Seconds(), of)
		}
		type kind struct{ signal, reason string }
		counts := map[kind]int64{}
		for _, r := range a.ingest.Refusals() {
			of := kind{reason: string(r.Reason)}
			if r.Signal != 0 {
				of.signal = r.Signal.String()
			}
			counts[of] += r.Count
		}
		for of, n := range counts {
			o.ObserveInt64(refusals, n, metric.WithAttributes(attribute.String("yagura.signal", of.signal), attribute.String("yagura.reason", of.reason)))
		}
		for _, t := range a.ingest.Traffic() {
			o.ObserveInt64(requests, t.Requests, metric.WithAttributes(attribute.String("yagura.signal", t.Signal.String()), attribute.String("yagura.transport", t.Transport)))
		}
	}
	_, err = m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		o.ObserveInt64(dropped, a.own.Dropped())
		if !a.began.Load() {
			return nil
		}
		is := int64(0)
		if a.Ready() == nil {
			is = 1
		}
		o.ObserveInt64(ready, is)
		v, stats := a.ownStatus()
		if a.engine != nil {
			o.ObserveInt64(resident, v.Engine.RSSBytes)
			o.ObserveInt64(restarts, int64(v.Engine.Restarts))
		}
		if a.Config.Role.Works() {
			if n, ok := a.waiting(ctx); ok {
				o.ObserveInt64(outbox, n)
			}
		}
		if a.ingest != nil {
			o.ObserveInt64(free, int64(v.Disk.FreeBytes))
			incoming(o, stats)
		}
		return nil
	}, all...)
	return err
}

// waiting is how many notifications wait.
func (a *App) waiting(ctx context.Context) (n int64, ok bool) {
	ctx, cancel := context.WithTimeout(authz.With(ctx, authz.Local()), 5*time.Second)
	defer cancel()
	_, counts, err := a.notify.Destinations(ctx)
	for _, of := range counts {
		n += int64(of[notify.Queued] + of[notify.Sending])
	}
	return n, err == nil
}
