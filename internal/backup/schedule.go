package backup

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
)

// Job makes the backups of the plan. It looks every minute whether one is due, so that a
// server that was down at the hour makes it when it is back.
func (s *Service) Job() job.Spec {
	return job.Spec{
		Name: "backup.scheduled", Title: i18n.T("Make the backups that are scheduled", "予定されたバックアップの作成"),
		Every: time.Minute, Timeout: 24 * time.Hour, Run: s.runDue,
	}
}

func (s *Service) runDue(ctx context.Context) error {
	p := s.opt.Plan
	if !p.On || s.opt.Refused != nil {
		return nil
	}
	now := s.opt.Clock.Now()
	due := p.Due(now)
	all, err := s.List()
	if err != nil {
		return err
	}
	for _, st := range all {
		if st.By == BySchedule && !st.Started.Before(due) {
			return nil // made, or tried and failed: the next is at the next time
		}
	}
	st, err := s.Start(BySchedule)
	if fault.Is(err, fault.Conflict) { // a person's is under way; the next minute looks again
		return nil
	}
	if err != nil {
		return err
	}
	for {
		if err := s.opt.Clock.Sleep(ctx, time.Second); err != nil {
			_ = s.Cancel(st.Name)
			return err
		}
		s.mu.Lock()
		now := s.now.clone()
		s.mu.Unlock()
		if now.Name != st.Name || !now.Finished.IsZero() {
			if now.Err != nil {
				return now.Err
			}
			break
		}
	}
	removed, err := s.prune(s.opt.Keep)
	if len(removed) > 0 {
		s.opt.Log.Info("old backups were removed", "backups", removed)
	}
	return err
}
