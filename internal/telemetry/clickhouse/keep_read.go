package clickhouse

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// keptNotes are the notes of kept_days as they were read last.
type keptNotes struct {
	sync.Mutex
	notes []telemetry.KeptDay
	asked time.Time
}

// keptFor is how long they count: another process may write some.
const keptFor = 10 * time.Second

func (k *keptNotes) forget() {
	k.Lock()
	k.asked = time.Time{}
	k.Unlock()
}

// keptNotesNow gives the notes of all days.
func (s *Store) keptNotesNow(ctx context.Context) ([]telemetry.KeptDay, error) {
	s.kept.Lock()
	defer s.kept.Unlock()
	if now := s.opt.Clock.Now(); s.kept.asked.IsZero() || now.Sub(s.kept.asked) > keptFor || now.Before(s.kept.asked) {
		notes, err := s.KeptDays(ctx, "1970-01-01")
		if err != nil {
			return nil, err
		}
		attached, err := s.AttachedDays(ctx)
		if err != nil {
			return nil, err
		}
		// What was brought back is whole as long as it is there.
		notes = slices.DeleteFunc(notes, func(n telemetry.KeptDay) bool {
			return slices.ContainsFunc(attached, func(a telemetry.AttachedDay) bool {
				return a.Day == n.Day && a.Signal == n.Signal && a.State == telemetry.Attached
			})
		})
		s.kept.notes, s.kept.asked = notes, now
	}
	return s.kept.notes, nil
}

// Thinned says what was taken away of the rows of a range.
func (s *Store) Thinned(ctx context.Context, signal telemetry.Signal, r telemetry.Range, service, env string) (telemetry.Thinned, error) {
	notes, err := s.keptNotesNow(ctx)
	t := telemetry.Thinned{Whole: true}
	if err != nil {
		return t, err
	}
	thinned := false
	for _, n := range notes {
		day, err := dayOf(n.Day)
		if err != nil {
			return t, err
		}
		end := day.AddDate(0, 0, 1)
		if n.Signal != signal || n.State == telemetry.KeptWhole || n.Origin == telemetry.AllOrigins || !day.Before(r.To) || !r.From.Before(end) ||
			service != "" && n.Service != service || env != "" && n.Env != env {
			continue
		}
		if t.Whole || day.Before(t.From) {
			t.From = day
		}
		if end.After(t.To) {
			t.To = end
		}
		t.Whole = false
		t.Before += n.Before
		t.After += n.After
		switch {
		case n.State == telemetry.KeptGone:
			t.Gone = true
		case !thinned || t.OneIn != 0 && (n.OneIn == 0 || n.OneIn > t.OneIn):
			thinned, t.OneIn = true, n.OneIn
		}
	}
	if !t.Whole && t.From.Before(r.From) {
		t.From = r.From
	}
	if t.To.After(r.To) {
		t.To = r.To
	}
	if !thinned && !t.Whole {
		t.OneIn = 1
	}
	return t, nil
}

// partly says of each day and signal of a range whether rows were taken away that figures
// were counted over.
func (s *Store) partly(ctx context.Context, signal telemetry.Signal, hour time.Time) (bool, error) {
	notes, err := s.KeptDays(ctx, hour.UTC().Format(time.DateOnly))
	if err != nil {
		return false, err
	}
	for _, n := range notes {
		if n.Signal == signal && n.Day == hour.UTC().Format(time.DateOnly) && n.State != telemetry.KeptWhole {
			return true, nil
		}
	}
	return false, nil
}

// rebuildable refuses a range that has a day whose rows are not all there any more.
func (s *Store) rebuildable(ctx context.Context, r telemetry.Range) error {
	notes, err := s.KeptDays(ctx, r.From.UTC().Format(time.DateOnly))
	if err != nil {
		return err
	}
	attached, err := s.AttachedDays(ctx)
	if err != nil {
		return err
	}
	for _, a := range attached {
		if day, err := dayOf(a.Day); err == nil && day.Before(r.To) && r.From.Before(day.AddDate(0, 0, 1)) {
			return fault.Field("from", i18n.F(
				"%s was brought back from the archive. Its figures stay as they were counted when the rows arrived, and are not computed anew.",
				"%s はアーカイブから復帰した日です。集計は受信時の値のまま保持され、再計算の対象になりません。", a.Day))
		}
	}
	last := ""
	for _, n := range notes {
		if day, err := dayOf(n.Day); err == nil && n.State != telemetry.KeptWhole && n.Origin != telemetry.AllOrigins && day.Before(r.To) {
			last = max(last, n.Day)
		}
	}
	if last == "" {
		return nil
	}
	day, err := dayOf(last)
	if err != nil {
		return err
	}
	first := day.AddDate(0, 0, 1)
	return fault.Field("from", i18n.F(
		"Rows until %[1]s were thinned or dropped, so figures of those days cannot be computed from them any more; they stay as they were counted. Begin at %[2]s or later.",
		"%[1]s までの行は間引き・削除済みのため、その期間の集計は再計算できません（集計済みの値はそのまま残ります）。開始を %[2]s 以降にしてください。",
		last, first.Format(time.RFC3339)))
}
