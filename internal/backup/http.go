package backup

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// BackupView is a backup on the wire.
type BackupView struct {
	Name       string           `json:"name" example:"yagura-20261122T091500.000Z"`
	Path       string           `json:"path" doc:"The folder on the server."`
	Phase      string           `json:"phase" enum:"settling,freezing,copying,done,failed"`
	Started    time.Time        `json:"started" doc:"Everything that was acknowledged before is in it."`
	Finished   *time.Time       `json:"finished,omitempty" doc:"Missing while it is being made."`
	Bytes      int64            `json:"bytes" doc:"Copied so far."`
	TotalBytes int64            `json:"total_bytes" doc:"0 until it is known."`
	Files      int              `json:"files"`
	Rows       map[string]int64 `json:"rows" doc:"What is in it: logs, spans, metric_samples, state_rows."`
	Missing    []string         `json:"missing" doc:"In the asker's language: what is not in it because another server keeps it, and what backs that up."`
	Error      string           `json:"error" doc:"Why it failed, in the asker's language."`
}

func newView(st State, lang i18n.Lang) BackupView {
	v := BackupView{Name: st.Name, Path: st.Path, Phase: string(st.Phase), Started: st.Started, Bytes: st.Bytes, TotalBytes: st.Total, Files: st.Files,
		Rows: st.Rows, Missing: []string{}}
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
		f := fault.Of(st.Err)
		v.Error = f.Text.In(lang)
		if f.Code == fault.Internal { // an administrator asks, and has to mend it
			v.Error = st.Err.Error()
		}
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
		st, err := s.Start()
		if err != nil {
			return nil, err
		}
		return api.OK(newView(st, api.Lang(ctx))), nil
	})
}
