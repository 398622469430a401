package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// openJobs makes the runner. Rooms add their jobs to it as they are opened; it begins in
// openUpkeep, when the telemetry store can be asked.
func (a *App) openJobs(_, _ context.Context) error {
	a.jobs = job.New(job.Options{
		DB: a.db, Clock: a.Clock, Log: a.Log.With("room", "job"), Holder: fmt.Sprintf("%s/%d", hostname(), os.Getpid()), Watch: a.watchJob,
	})
	a.jobs.Add(job.Spec{
		Name: "telemetry.maintain", Title: i18n.T("Index settled logs and spans", "ログとスパンの索引作成"),
		Every: time.Minute, Timeout: 30 * time.Minute,
		Run: func(ctx context.Context) error { return a.store.Maintain(ctx) },
	})
	a.jobs.Add(job.Spec{
		Name: "telemetry.retain", Title: i18n.T("Drop figures by the minute that are older than their retention", "保持期間を過ぎた分単位の集計の削除"),
		Every: time.Hour, Timeout: 10 * time.Minute,
		Run: func(ctx context.Context) error {
			return a.store.RetainFigures(ctx, a.Clock.Now().Add(-a.Config.Retention.Figures.D()))
		},
	})
	a.jobs.Add(job.Spec{
		Name: "telemetry.peers", Title: i18n.T("Find which service answers at which address", "接続先アドレスとサービスの対応付け"),
		Every: time.Minute, Timeout: 5 * time.Minute,
		Run: func(ctx context.Context) error { return a.store.LearnPeers(ctx) },
	})
	a.jobs.Add(job.Spec{
		Name: rebuildJob, Title: i18n.T("Rebuild figures from the rows", "保存データからの集計の再計算"),
		Every: time.Minute, Timeout: 30 * time.Minute,
		Run: func(ctx context.Context) error {
			// A long one goes on in the next run: that is no failure of this one.
			some, cancel := context.WithTimeout(ctx, 20*time.Minute)
			defer cancel()
			settled, err := a.allSettled(ctx)
			if err != nil {
				return err
			}
			if err := a.store.RunRebuilds(some, func() time.Time {
				if at, err := a.allSettled(some); err == nil {
					settled = at
				}
				return settled // what was true once stays true
			}); some.Err() == nil || ctx.Err() != nil {
				return err
			}
			return nil
		},
	})
	return nil
}

const rebuildJob = "telemetry.rebuild"

// ownSettled is the time before which everything that arrived here is in the store, or
// refused.
func (a *App) ownSettled() time.Time {
	at := a.Clock.Now()
	for _, s := range a.wal.Stats() {
		if s.Signal != telemetry.Metrics && s.Blocks > 0 {
			if begun := a.Clock.Now().Add(-s.OldestAge); begun.Before(at) {
				at = begun
			}
		}
	}
	return at
}

// jobProblems says which jobs fail again and again.
func (a *App) jobProblems(ctx context.Context) []problem {
	states, err := a.jobs.Jobs(ctx)
	if err != nil {
		return []problem{{"error", i18n.F("The database does not say how the jobs do: %s", "ジョブの状態をデータベースから取得できません: %s", err)}}
	}
	var all []problem
	for _, s := range states {
		// One failure is mended by the next run; three in a row need a person.
		if s.FailedRuns >= 3 && !s.Title.IsZero() {
			all = append(all, problem{"warning", i18n.F(
				"The job %[1]q has failed %[2]d times in a row: %[3]s. It is tried again when it is due.",
				"ジョブ「%[1]s」が %[2]d 回連続で失敗しています（%[3]s）。次の予定時刻に再試行します。", s.Title, s.FailedRuns, s.Error)})
		}
	}
	return all
}
