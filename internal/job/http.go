package job

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
)

// JobView is a job on the wire.
type JobView struct {
	Name       string     `json:"name" example:"telemetry.retain"`
	Title      string     `json:"title" doc:"What it does, in the asker's language; the name when another version of Yagura knows it."`
	EveryNS    int64      `json:"every_ns"`
	Running    bool       `json:"running"`
	Holder     string     `json:"holder" doc:"The process that runs it, or ran it last."`
	Fence      int64      `json:"fence" doc:"How often it was taken; grows."`
	Started    *time.Time `json:"started,omitempty" doc:"Begin of the last run; missing: never."`
	Ended      *time.Time `json:"ended,omitempty" doc:"End of the last run that ended."`
	LastOK     *time.Time `json:"last_ok,omitempty"`
	Next       *time.Time `json:"next,omitempty"`
	Outcome    string     `json:"outcome" enum:",ok,failed,timeout,panic,stopped,lost" doc:"Of the last run that ended."`
	Error      string     `json:"error"`
	Runs       int64      `json:"runs"`
	FailedRuns int64      `json:"failed_runs" doc:"In a row; 0 when the last one went well."`
}

// Register adds the room's operations.
func Register(a *api.API, r *Runner) {
	const tag = "status"
	api.Register(a, api.Op{
		ID: "list-jobs", Method: http.MethodGet, Path: "/jobs", Tag: tag, Permission: authz.StatusRead,
		Summary: "The jobs that Yagura runs again and again: how the last run ended, when the next is due",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[JobView]], error) {
		states, err := r.Jobs(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]JobView, 0, len(states))
		for _, s := range states {
			title := s.Title.In(api.Lang(ctx))
			if title == "" {
				title = s.Name
			}
			items = append(items, JobView{
				Name: s.Name, Title: title, EveryNS: int64(s.Every), Running: s.Running, Holder: s.Holder, Fence: s.Fence,
				Started: optional(s.Started), Ended: optional(s.Ended), LastOK: optional(s.LastOK), Next: optional(s.Next),
				Outcome: string(s.Outcome), Error: s.Error, Runs: s.Runs, FailedRuns: s.FailedRuns,
			})
		}
		return api.OK(api.ListOf(items, "")), nil
	})
	api.Register(a, api.Op{
		ID: "run-job", Method: http.MethodPost, Path: "/jobs/{name}/run", Tag: tag, Permission: authz.JobsRun, Status: http.StatusAccepted,
		Summary: "Make a job due now; the process that takes it begins within half a minute",
	}, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"100"`
	}) (*struct{}, error) {
		return nil, r.Soon(ctx, in.Name)
	})
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
