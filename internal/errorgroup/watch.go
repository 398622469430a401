package errorgroup

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// WatchEvery is how often returns are looked for.
const WatchEvery = time.Minute

// Watch opens the groups again that came back, and those that were ignored for a time that
// is over.
func (s *Service) Watch(ctx context.Context) error {
	now := s.Clock.Now()
	var states []State
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) (err error) { states, err = settled(tx); return err }); err != nil {
		return err
	}
	suspects, err := s.suspects(ctx, states, now)
	if err != nil {
		return err
	}
	for _, st := range states {
		switch {
		case awake(st, now):
			err = s.wake(ctx, st, DidWakeUp, now)
		case suspects[st.Key]:
			err = s.verify(ctx, st, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// suspects are the resolved groups that were seen since they were resolved: found at once,
// because there may be hundreds.
func (s *Service) suspects(ctx context.Context, states []State, now time.Time) (map[Key]bool, error) {
	resolved, since := map[Key]time.Time{}, now
	for _, st := range states {
		if st.Status == Resolved {
			resolved[st.Key] = st.Since
			since = earlier(since, st.Since)
		}
	}
	if len(resolved) == 0 {
		return nil, nil
	}
	figures, _, err := s.Reader.Errors(ctx, telemetry.ErrorQuery{DerivedQuery: telemetry.DerivedQuery{
		// Longer ago they were found when they came.
		Range: telemetry.Range{From: later(since, now.Add(-24*time.Hour)), To: now.Add(time.Minute)}, Limit: 10 * maxGroups,
	}})
	suspects := map[Key]bool{}
	for _, f := range figures {
		k := Key{f.Service, f.ID}
		if at, ok := resolved[k]; ok && f.Last > at.UnixNano() {
			suspects[k] = true
		}
	}
	return suspects, err
}

// verify looks at a suspect from the moment on in which it was resolved: in the minute of
// that moment nothing can be told apart, so it is left out.
func (s *Service) verify(ctx context.Context, st State, now time.Time) error {
	from := st.Since.Truncate(time.Minute).Add(time.Minute)
	if !from.Before(now) {
		return nil
	}
	figures, _, err := s.Reader.Errors(ctx, telemetry.ErrorQuery{Group: st.Group, DerivedQuery: telemetry.DerivedQuery{
		Range: telemetry.Range{From: from, To: now.Add(time.Minute)}, Service: st.Service,
	}})
	if err != nil {
		return err
	}
	for _, f := range figures {
		if returned(st, f) {
			return s.wake(ctx, st, DidReturn, now)
		}
	}
	return nil
}

// wake opens a group again, unless somebody changed it meanwhile.
func (s *Service) wake(ctx context.Context, seen State, action Action, now time.Time) error {
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		is, err := stateOf(tx, seen.Key)
		if err != nil || is.Status != seen.Status || !is.Changed.Equal(seen.Changed) {
			return err
		}
		text := is.Version
		is.Status, is.Since, is.By, is.Changed = Open, now, "", now
		if action == DidReturn {
			is.Returned = now
		}
		is.Mended, is.Version, is.Known, is.Reason, is.Until = "", "", nil, "", time.Time{}
		if err := putState(tx, is); err != nil {
			return err
		}
		return insertEvent(tx, Event{ID: s.ids.Next(), Key: is.Key, At: now, Action: action, Text: text})
	})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
