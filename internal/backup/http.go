package backup

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// BackupView is a backup on the wire.
type BackupView struct {
	Name       string           `json:"name" example:"yagura-20261122T091500.000Z"`
	Path       string           `json:"path" doc:"The folder on the server."`
	Phase      string           `json:"phase" enum:"settling,freezing,copying,done,failed,verifying"`
	By         string           `json:"by" enum:",schedule,person" doc:"Who made it; empty when that was not kept yet."`
	Started    time.Time        `json:"started" doc:"Everything that was acknowledged before is in it."`
	Finished   *time.Time       `json:"finished,omitempty" doc:"Missing while it is being made."`
	Bytes      int64            `json:"bytes" doc:"Copied so far."`
	TotalBytes int64            `json:"total_bytes" doc:"0 until it is known."`
	Files      int              `json:"files"`
	Rows       map[string]int64 `json:"rows" doc:"What is in it: logs, spans, metric_samples, state_rows."`
	Missing    []string         `json:"missing" doc:"In the asker's language: what is not in it because another server keeps it, and what backs that up."`
	VerifiedAt *time.Time       `json:"verified_at,omitempty" doc:"When all of it was last read back and compared with its checksums."`
	Damage     string           `json:"damage" doc:"What that found, in the asker's language; empty when every checksum was right."`
	Error      string           `json:"error" doc:"Why it failed, in the asker's language."`
}

// BackupPlanView is the plan on the wire.
type BackupPlanView struct {
	Schedule string     `json:"schedule" example:"weekly sun 03:00" doc:"backup.schedule of the config; empty: none are made by themselves."`
	Zone     string     `json:"zone" example:"Asia/Tokyo"`
	Next     *time.Time `json:"next,omitempty"`
	Keep     int        `json:"keep" doc:"How many of the scheduled are kept; 0 is all."`
	Folder   string     `json:"folder"`
	Possible bool       `json:"possible" doc:"False where each store is backed up by its own means."`
}

func (s *Service) audit(ctx context.Context, action, name string) error {
	if s.opt.Audit == nil {
		return nil
	}
	return s.opt.Audit(ctx, action, name)
}

func newView(st State, lang i18n.Lang) BackupView {
	v := BackupView{Name: st.Name, Path: st.Path, Phase: string(st.Phase), Started: st.Started, Bytes: st.Bytes, TotalBytes: st.Total, Files: st.Files,
		Rows: st.Rows, By: st.By, Missing: []string{}}
	if v.Rows == nil {
		v.Rows = map[string]int64{}
	}
	if !st.Finished.IsZero() {
		v.Finished = &st.Finished
	}
	for _, t := range st.Missing {
		v.Missing = append(v.Missing, t.In(lang))
	}
	if st.Err != nil {
		v.Error = why(st.Err).In(lang)
	}
	if st.Verified != nil {
		v.VerifiedAt, v.Damage = &st.Verified.At, st.Verified.Error.In(lang)
	}
	return v
}

// Register adds the room's operations. Nil stands for a service that only documents.
func Register(a *api.API, s *Service) {
	const tag = "status"
	api.Register(a, api.Op{
		ID: "list-backups", Method: http.MethodGet, Path: "/backups", Tag: tag, Permission: authz.JobsRun,
		Summary: "The backups in the server's folder, newest first, and how far the one is that is being made",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[BackupView]], error) {
		all, err := s.List()
		if err != nil {
			return nil, err
		}
		items := make([]BackupView, len(all))
		for i, st := range all {
			items[i] = newView(st, api.Lang(ctx))
		}
		return api.OK(api.ListOf(items, "")), nil
	})
	api.Register(a, api.Op{
		ID: "start-backup", Method: http.MethodPost, Path: "/backups", Tag: tag, Permission: authz.JobsRun, Status: http.StatusAccepted,
		Summary:     "Back everything up into the server's folder (backup.folder)",
		Description: "It is made while the server runs; list-backups says how far it is. Everything that was acknowledged before the call is in it, once. One is made at a time.",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[BackupView], error) {
		st, err := s.Start(ByPerson)
		if err == nil {
			err = s.audit(ctx, "backup.start", st.Name)
		}
		if err != nil {
			return nil, err
		}
		return api.OK(newView(st, api.Lang(ctx))), nil
	})
	type named struct {
		Name string `path:"name" maxLength:"100" pattern:"^yagura-[0-9A-Za-z.]+$"`
	}
	api.Register(a, api.Op{
		ID: "verify-backup", Method: http.MethodPost, Path: "/backups/{name}/verify", Tag: tag, Permission: authz.JobsRun, Status: http.StatusAccepted,
		Summary: "Read a backup back and compare it with its checksums; list-backups says how far that is and what it found",
	}, func(ctx context.Context, in *named) (*api.Out[BackupView], error) {
		st, err := s.Verify(in.Name)
		if err == nil {
			err = s.audit(ctx, "backup.verify", st.Name)
		}
		if err != nil {
			return nil, err
		}
		return api.OK(newView(st, api.Lang(ctx))), nil
	})
	api.Register(a, api.Op{
		ID: "cancel-backup", Method: http.MethodPost, Path: "/backups/{name}/cancel", Tag: tag, Permission: authz.JobsRun, Status: http.StatusAccepted,
		Summary: "End the making or the checking of a backup",
	}, func(ctx context.Context, in *named) (*struct{}, error) {
		if err := s.Cancel(in.Name); err != nil {
			return nil, err
		}
		return nil, s.audit(ctx, "backup.cancel", in.Name)
	})
	api.Register(a, api.Op{
		ID: "get-backup-plan", Method: http.MethodGet, Path: "/backup-plan", Tag: tag, Permission: authz.JobsRun,
		Summary: "When backups are made by themselves, where, and how many are kept",
	}, func(context.Context, *struct{}) (*api.Out[BackupPlanView], error) {
		o := s.opt
		v := BackupPlanView{Schedule: o.Plan.String(), Keep: o.Keep, Folder: o.Folder, Possible: o.Refused == nil}
		if o.Plan.On {
			next := o.Plan.Next(o.Clock.Now()).UTC()
			v.Zone, v.Next = o.Plan.Zone.String(), &next
		}
		return api.OK(v), nil
	})
}
