package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	quietHours = 3              // that rewriting may begin in, from the quietest on
	longest    = 24 * time.Hour // that a day waits for them
	scarce     = 10             // per cent of the disk, below which nothing waits
)

// Jobs are the room's.
func (s *Service) Jobs() []job.Spec {
	return []job.Spec{
		{
			Name: "retention.enforce", Title: i18n.T("Thin and drop old telemetry", "保持期間を過ぎたテレメトリーの間引きと削除"),
			Every: 10 * time.Minute, Timeout: 6 * time.Hour, Run: s.Enforce,
		},
		{
			Name: "retention.measure", Title: i18n.T("Measure what telemetry takes on the disk", "テレメトリーのディスク使用量の計測"),
			Every: time.Hour, Timeout: time.Hour, Run: s.Measure,
		},
		s.archiveSpec(),
	}
}

// settledDay is a day as it was when nothing was to be done to it.
type settledDay struct {
	rows uint64
	age  int
}

// Enforce does what is due, the oldest days first. Dropping a whole day is done at once;
// what rewrites a day waits for the quiet hours.
func (s *Service) Enforce(ctx context.Context) error {
	rs, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	if err := s.Metrics.Retain(ctx, time.Duration(rs.For(telemetry.Metrics, telemetry.Origin{}).WholeDays)*24*time.Hour); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	days, err := s.Store.Storage(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(days, func(a, b telemetry.DayStorage) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Signal, b.Signal))
	})
	quiet, err := s.quiet(ctx, now)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range days {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if err := s.enforce(ctx, rs, d, now, quiet); err != nil && !fault.Is(err, fault.Conflict) { // it waits for something, and is tried again
			errs = append(errs, fmt.Errorf("%s of %s: %w", d.Signal, d.Day, err))
		}
	}
	return errors.Join(errs...)
}

// quiet says whether days may be rewritten now.
func (s *Service) quiet(ctx context.Context, now time.Time) (bool, error) {
	if free, total := s.Disk(); total > 0 && free < total/100*scarce {
		return true, nil
	}
	hour, err := s.Store.QuietHour(ctx)
	return (now.UTC().Hour()-hour+24)%24 < quietHours, err
}

func (s *Service) enforce(ctx context.Context, rs Rules, d telemetry.DayStorage, now time.Time, quiet bool) error {
	age, ok := ageOf(d.Day, now)
	if !ok || d.Rows == 0 || age < 1 {
		return nil
	}
	youngest := MaxDays + 1
	for _, r := range rs {
		if r.Signal == d.Signal {
			youngest = min(youngest, r.WholeDays)
		}
	}
	key := d.Signal.String() + " " + d.Day
	s.mu.Lock()
	settled, is := s.settled[key]
	s.mu.Unlock()
	if age <= youngest || is && settled.age == age && d.Rows <= settled.rows+lateRows {
		return nil
	}
	origins, err := s.Store.Origins(ctx, d.Day, d.Signal)
	if err != nil {
		return err
	}
	notes, err := s.Store.KeptDays(ctx, d.Day)
	if err != nil {
		return err
	}
	of := map[telemetry.Origin]telemetry.KeptDay{}
	for _, n := range notes {
		if n.Day == d.Day && n.Signal == d.Signal && n.State != telemetry.KeptWhole {
			of[n.Origin] = n
		}
	}
	due := rs.due(d.Signal, age, origins, of)
	if due.None() {
		s.mu.Lock()
		s.settled[key] = settledDay{d.Rows, age}
		delete(s.seen, key)
		s.mu.Unlock()
		return nil
	}
	if !due.Drop && !quiet && !s.waitedLong(key, now) {
		return nil
	}
	if safe, err := s.safe(ctx, d.Day, d.Signal); err != nil || !safe {
		return err
	}
	return s.do(ctx, rs, d, age, due, now)
}

// waitedLong notes when a day was first due, and says whether that is long ago.
func (s *Service) waitedLong(key string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, ok := s.seen[key]
	if !ok {
		s.seen[key] = now
		return false
	}
	return now.Sub(first) >= longest
}

func (s *Service) do(ctx context.Context, rs Rules, d telemetry.DayStorage, age int, due Due, now time.Time) error {
	s.work(Work{d.Day, d.Signal, due.Drop, now})
	defer s.work(Work{})
	if due.Drop {
		return s.Still(ctx, func() error { return s.Store.DropDay(ctx, d.Day, d.Signal) })
	}
	t := telemetry.Thinning{Day: d.Day, Signal: d.Signal, Keeps: due.Keeps, TraceOneIn: rs.kindestShare()}
	begin, err := time.Parse(time.DateOnly, d.Day)
	if err != nil {
		return err
	}
	around := telemetry.Range{From: begin.AddDate(0, 0, -1), To: begin.AddDate(0, 0, 2)}
	if t.Traces, err = s.Metrics.Exemplars(ctx, around); err != nil {
		return fmt.Errorf("ask for the exemplars: %w", err)
	}
	for _, day := range []string{around.From.Format(time.DateOnly), begin.AddDate(0, 0, 1).Format(time.DateOnly)} {
		beside, err := s.Store.Origins(ctx, day, d.Signal)
		if err != nil {
			return err
		}
		for o := range beside {
			if _, there := t.Keeps[o]; !there {
				t.Keeps[o] = rs.For(d.Signal, o).KeepAt(age)
			}
		}
	}
	return s.Still(ctx, func() error {
		before, after, err := s.Store.Thin(ctx, t)
		if err == nil {
			s.Log.InfoContext(ctx, "an old day was thinned", "signal", d.Signal.String(), "day", d.Day, "rows_before", before, "rows_after", after)
		}
		return err
	})
}

func (s *Service) work(w Work) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.working = w
	s.factsAt = time.Time{}
}

// Measure looks at the newest day that is over and has rows, once.
func (s *Service) Measure(ctx context.Context) error {
	days, err := s.Store.Storage(ctx)
	if err != nil {
		return err
	}
	today, newest := s.Clock.Now().UTC().Format(time.DateOnly), ""
	for _, d := range days {
		if d.Day < today && d.Rows > 0 {
			newest = max(newest, d.Day)
		}
	}
	if newest == "" && len(days) > 0 {
		newest = today // the first day of all: better than nothing
	}
	if newest == "" {
		return nil
	}
	var known []telemetry.RowMeasure
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { known, err = listMeasures(tx); return err }); err != nil {
		return err
	}
	if newest != today && slices.ContainsFunc(known, func(m telemetry.RowMeasure) bool { return m.Day == newest }) {
		return nil
	}
	measures, err := s.Store.MeasureDay(ctx, newest)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.factsAt = time.Time{}
	s.mu.Unlock()
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, m := range measures {
			if err := putMeasure(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}
