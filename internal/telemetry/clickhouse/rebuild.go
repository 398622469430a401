package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var _ telemetry.Rebuilder = (*Store)(nil)

// rebuilding is a RebuildState with where it is: hours from Position on are done, for it
// goes back in time.
type rebuilding struct {
	telemetry.RebuildState
	Position time.Time
}

// backfillID is the id of the rebuilding of what was stored before there were figures.
const backfillID = "backfill"

// cancelSuffix is of the row that says that a rebuilding is to stop: a row of its own, so
// that it is not lost among those in which the work says how far it is.
const cancelSuffix = "/cancel"

// Rebuild plans a rebuilding.
func (s *Store) Rebuild(ctx context.Context, spec telemetry.RebuildSpec) (telemetry.RebuildState, error) {
	now := s.opt.Clock.Now().UTC()
	spec.From, spec.To = hourOf(spec.From), hourOf(spec.To.Add(time.Hour-1))
	if latest := hourOf(now.Add(time.Hour)); spec.To.After(latest) {
		spec.To = latest
	}
	if !spec.From.Before(spec.To) {
		return telemetry.RebuildState{}, fault.Field("from", i18n.T("from must be earlier than to, and not in the future.", "from は to より前の、現在までの時刻にしてください。"))
	}
	if err := s.rebuildable(ctx, spec.Range); err != nil {
		return telemetry.RebuildState{}, err
	}
	for _, d := range spec.What {
		if !slices.Contains(telemetry.Derivations[:], d) {
			return telemetry.RebuildState{}, fault.Field("what", i18n.F("%q cannot be rebuilt. Choose from %v.", "%q は再計算できません。指定できる値: %v。", string(d), telemetry.Derivations))
		}
	}
	if len(spec.What) == 0 {
		spec.What = slices.Clone(telemetry.Derivations[:])
	}
	r := &rebuilding{RebuildState: telemetry.RebuildState{ID: id.New(), RebuildSpec: spec, Started: now}, Position: spec.To}
	return r.RebuildState, s.saveRebuild(ctx, r)
}

func hourOf(t time.Time) time.Time { return t.UTC().Truncate(time.Hour) }

// CancelRebuild asks a rebuilding to stop.
func (s *Store) CancelRebuild(ctx context.Context, id string) error {
	all, _, err := s.rebuilds(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.ID == id && r.Finished.IsZero() {
			return s.note(ctx, id+cancelSuffix, "{}")
		}
	}
	return fault.New(fault.NotFound, i18n.F("No rebuilding %q is running.", "実行中の再計算 %q はありません。", id))
}

// Rebuilds lists the rebuildings, newest first.
func (s *Store) Rebuilds(ctx context.Context) ([]telemetry.RebuildState, error) {
	all, _, err := s.rebuilds(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b *rebuilding) int {
		if o := one(a.Finished.IsZero()) - one(b.Finished.IsZero()); o != 0 {
			return -o
		}
		return b.Started.Compare(a.Started)
	})
	list := []telemetry.RebuildState{}
	for _, r := range all[:min(len(all), 20)] {
		list = append(list, r.RebuildState)
	}
	return list, nil
}

// rebuilds gives all of them, oldest first, and which are to stop.
func (s *Store) rebuilds(ctx context.Context) (all []*rebuilding, cancelled map[string]bool, err error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	cancelled = map[string]bool{}
	q := &statement{}
	q.text("SELECT id, argMax(state, updated) FROM rebuilds GROUP BY id")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var id, state string
		if err := r.Scan(&id, &state); err != nil {
			return err
		}
		if of, ok := cutSuffix(id, cancelSuffix); ok {
			cancelled[of] = true
			return nil
		}
		b := &rebuilding{}
		if err := json.Unmarshal([]byte(state), b); err != nil {
			return err
		}
		all = append(all, b)
		return nil
	})
	slices.SortFunc(all, func(a, b *rebuilding) int { return a.Started.Compare(b.Started) })
	return all, cancelled, err
}

func cutSuffix(s, end string) (string, bool) {
	if n := len(s) - len(end); n >= 0 && s[n:] == end {
		return s[:n], true
	}
	return s, false
}

func (s *Store) saveRebuild(ctx context.Context, r *rebuilding) error {
	r.Updated = s.opt.Clock.Now().UTC()
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.note(ctx, r.ID, string(b))
}

func (s *Store) note(ctx context.Context, id, state string) error {
	q := "INSERT INTO " + (ddl{s.opt.Database, s.opt.Cluster}).Table("rebuilds") + " (id, updated, state) SELECT {id:String}, now64(6), {state:String}"
	return s.explain(ctx, s.admin.Exec(ctx, q, ch.Named("id", id), ch.Named("state", state)))
}

// arrivalStep is the unit of arrival in the tables by the minute.
const arrivalStep = 10 * time.Minute

// settleTime is how long after its arrival a row is left to the views at least.
const settleTime = time.Minute

// RunRebuilds works off the rebuildings that are planned, oldest first, until there are
// none or ctx ends; what it was at then is gone on with by the next call. It plans the
// first one itself, of what was stored before there were figures. One caller at a time.
//
// settled says until when everything that arrived is stored, as far as the caller knows:
// nothing that arrived before it is written from now on.
func (s *Store) RunRebuilds(ctx context.Context, settled func() time.Time) error {
	if err := s.planBackfill(ctx); err != nil {
		return err
	}
	for {
		all, cancelled, err := s.rebuilds(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(r *rebuilding) bool { return r.Finished.IsZero() })
		if i < 0 {
			return nil
		}
		r := all[i]
		if cancelled[r.ID] || !r.Position.After(r.From) {
			r.Cancelled = cancelled[r.ID]
			r.Finished = s.opt.Clock.Now().UTC()
			if err := s.saveRebuild(ctx, r); err != nil {
				return err
			}
			s.opt.Log.InfoContext(ctx, "a rebuilding of figures has ended", "id", r.ID, "rows", r.Rows, "cancelled", r.Cancelled)
			continue
		}
		hour := r.Position.Add(-time.Hour)
		before := settled()
		if now := s.opt.Clock.Now(); before.After(now) {
			before = now
		}
		if r.Backfill && before.Before(r.Started) {
			return nil // rows of before may still wait in the log
		}
		before = before.Add(-settleTime).Truncate(arrivalStep)
		if r.Backfill {
			before = time.Unix(0, 0).Add(arrivalStep) // they arrived at 0
		}
		rows, err := s.rebuildHour(ctx, r, hour, before)
		if err != nil {
			if ctx.Err() == nil {
				r.Error = err.Error()
				err = errors.Join(err, s.saveRebuild(ctx, r))
			}
			return err
		}
		r.Rows += rows
		r.Error = ""
		r.Position = hour
		r.Done = float64(r.To.Sub(hour)) / float64(r.To.Sub(r.From))
		if err := s.saveRebuild(ctx, r); err != nil {
			return err
		}
	}
}

// planBackfill plans the derivation of rows from before there were figures, once.
func (s *Store) planBackfill(ctx context.Context) error {
	all, _, err := s.rebuilds(ctx)
	if err != nil || slices.ContainsFunc(all, func(r *rebuilding) bool { return r.ID == backfillID }) {
		return err
	}
	var first, last time.Time
	ctx = upkeep(ctx)
	for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		var n uint64
		var a, b int64
		row := s.admin.QueryRow(ctx, fmt.Sprintf("SELECT count(), toUnixTimestamp64Nano(min(time)), toUnixTimestamp64Nano(max(time)) FROM %s.%s WHERE arrived = toDateTime64(0, 9, 'UTC') AND attached = 0", s.opt.Database, signal))
		if err := row.Scan(&n, &a, &b); err != nil {
			return s.explain(ctx, err)
		}
		if n == 0 {
			continue
		}
		if at := time.Unix(0, a); first.IsZero() || at.Before(first) {
			first = at
		}
		if at := time.Unix(0, b); at.After(last) {
			last = at
		}
	}
	now := s.opt.Clock.Now().UTC()
	r := &rebuilding{RebuildState: telemetry.RebuildState{ID: backfillID, Backfill: true, Started: now,
		RebuildSpec: telemetry.RebuildSpec{What: slices.Clone(telemetry.Derivations[:]), Reshape: true}}}
	if first.IsZero() {
		r.Done, r.Finished = 1, now
	} else {
		r.From, r.To = hourOf(first), hourOf(last).Add(time.Hour)
		r.Position = r.To
	}
	return s.saveRebuild(ctx, r)
}

// rebuildHour takes away what was derived from the rows of an hour that arrived before a
// time, and derives it again. It may be done any number of times.
func (s *Store) rebuildHour(ctx context.Context, r *rebuilding, hour, before time.Time) (rows uint64, err error) {
	ctx = upkeep(ctx)
	d := ddl{s.opt.Database, s.opt.Cluster}
	from, to := hour, hour.Add(time.Hour)
	staged := fmt.Sprintf("time >= %s AND time < %s AND toStartOfTenMinutes(arrived) < %s", sqlTime(from), sqlTime(to), sqlTime(before))
	ofRows := staged + " AND attached = 0"
	for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		var n, bare uint64
		row := s.admin.QueryRow(ctx, fmt.Sprintf("SELECT count(), countIf(arrived = toDateTime64(0, 9, 'UTC')) FROM %s WHERE %s", d.Table(signal.String()), ofRows))
		if err := row.Scan(&n, &bare); err != nil {
			return rows, s.explain(ctx, err)
		}
		if n == 0 { // nothing, or no longer anything: what is derived of it outlives it
			continue
		}
		if some, err := s.partly(ctx, signal, hour); err != nil || some {
			if err != nil {
				return rows, err
			}
			s.opt.Log.WarnContext(ctx, "an hour is not rebuilt: not all of its rows are there any more", "signal", signal.String(), "hour", hour.Format(time.RFC3339))
			continue
		}
		rows += n
		source, ofSource := d.Table(signal.String()), ofRows
		if r.Reshape || bare > 0 {
			source, ofSource = d.Table("rebuild_"+signal.String()), staged
			if err := s.stage(ctx, d, signal, r.Reshape && !r.Backfill, from, to, ofRows); err != nil {
				return rows, err
			}
		}
		for _, v := range minuteViews {
			if v.from != signal || !slices.Contains(r.What, v.what) {
				continue
			}
			if err := s.derive(ctx, d, v, source, from, to, before, ofSource); err != nil {
				return rows, fmt.Errorf("rebuild %s of %s: %w", v.name(), hour.Format(time.RFC3339), err)
			}
		}
		if signal == telemetry.Spans && slices.Contains(r.What, telemetry.DerivedRequests) {
			if err := s.learnHour(ctx, hour); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// derive replaces what one view made of the rows of an hour.
func (s *Store) derive(ctx context.Context, d ddl, v minuteView, source string, from, to, before time.Time, ofRows string) error {
	of := ""
	switch v.table { // two views fill these
	case "minutes_instances":
		of = " AND level " + cond(v.from == telemetry.Spans, "=", "!=") + " 7"
	case "minutes_errors":
		of = fmt.Sprintf(" AND signal = %d", v.from)
	}
	gone := fmt.Sprintf("DELETE FROM %s %s WHERE minute >= %s AND minute < %s AND arrival < %s%s", d.Local(v.table), d.OnCluster(),
		sqlTime(from), sqlTime(to), sqlTime(before), of)
	if err := s.admin.Exec(ch.Context(ctx, ch.WithSettings(ch.Settings{"lightweight_deletes_sync": 2, "mutations_sync": 2, "max_execution_time": int(upkeepTime.Seconds())})), gone); err != nil {
		return s.explain(ctx, err)
	}
	// The same rows as were there before are no repetition.
	again := ch.Context(ctx, ch.WithSettings(ch.Settings{"insert_deduplicate": 0, "async_insert": 0, "max_execution_time": int(upkeepTime.Seconds()),
		"deduplicate_blocks_in_dependent_materialized_views": 0, "max_bytes_before_external_group_by": s.opt.MaxMemory / 2, "max_memory_usage": s.opt.MaxMemory, "distributed_foreground_insert": 1}))
	q := fmt.Sprintf("INSERT INTO %s (%s) %s", d.Table(v.table), v.fields, v.selectFrom(source, ofRows+" AND "))
	return s.explain(ctx, s.admin.Exec(again, q))
}

// sqlTime is a time of ours, in whole seconds, as SQL.
func sqlTime(t time.Time) string { return fmt.Sprintf("toDateTime(%d, 'UTC')", max(t.Unix(), 0)) }
