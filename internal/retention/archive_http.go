package retention

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// ArchivedDayView is a day of a signal in the archive, or on its way.
type ArchivedDayView struct {
	Day           string     `json:"day" doc:"In UTC."`
	Signal        string     `json:"signal" enum:"logs,spans"`
	State         string     `json:"state" enum:"archived,pending,failed" doc:"pending: it is not there yet. failed: the last attempt failed; error says why."`
	Rows          uint64     `json:"rows"`
	Bytes         int64      `json:"bytes" doc:"Of the files."`
	Files         int        `json:"files"`
	Generations   int        `json:"generations" doc:"More than one when rows came late."`
	ArchivedAt    *time.Time `json:"archived_at,omitempty"`
	VerifiedAt    *time.Time `json:"verified_at,omitempty" doc:"All files were read and found as they were written."`
	Wanted        string     `json:"wanted" enum:",archive,verify,attach,detach" doc:"What is asked for and not done yet."`
	WantedBy      string     `json:"wanted_by" doc:"Empty: the retention rules."`
	Done          int        `json:"done" doc:"Files of total, of what is wanted."`
	Total         int        `json:"total"`
	Error         string     `json:"error" doc:"Of the last attempt, in the asker's language."`
	TriedAt       *time.Time `json:"tried_at,omitempty"`
	AttachedRows  uint64     `json:"attached_rows" doc:"That were brought back."`
	AttachedUntil *time.Time `json:"attached_until,omitempty" doc:"When they are taken away again; missing unless they are back."`
}

// ArchiveView is the archive.
type ArchiveView struct {
	On    bool              `json:"on"`
	Where string            `json:"where" doc:"Folder, or bucket and prefix."`
	Rows  uint64            `json:"rows"`
	Bytes int64             `json:"bytes"`
	Days  []ArchivedDayView `json:"days" doc:"Newest first."`
}

// ArchiveWorkBody asks for something to be done to a day.
type ArchiveWorkBody struct {
	What   string `json:"what" enum:"archive,verify,attach,detach,cancel" doc:"attach brings its rows back for a time; detach takes them away again; verify reads all files."`
	Signal string `json:"signal,omitempty" enum:"logs,spans" doc:"Both when missing."`
	Days   int    `json:"days,omitempty" minimum:"1" maximum:"365" doc:"For how long rows are brought back; 7 when missing."`
}

// registerArchive adds the archive's operations.
func registerArchive(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "get-archive", Method: http.MethodGet, Path: "/retention/archive", Tag: tag, Permission: authz.StatusRead,
		Summary: "The days in the archive, and what is being done to them",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[ArchiveView], error) {
		v, err := s.archiveView(ctx)
		if err != nil {
			return nil, err
		}
		return api.OK(v), nil
	})
	api.Register(a, api.Op{
		ID: "work-archive", Method: http.MethodPost, Path: "/retention/archive/{day}", Tag: tag, Permission: authz.RetentionWrite, Status: http.StatusAccepted,
		Summary: "Archive a day, bring it back, take it away again, or verify its files", Description: "It is done in the background; the list says how far it is.",
	}, func(ctx context.Context, in *struct {
		Day  string `path:"day" maxLength:"10" example:"2026-11-01"`
		Body ArchiveWorkBody
	}) (*api.Out[ArchiveView], error) {
		days := in.Body.Days
		if days == 0 {
			days = AttachDays
		}
		if days < 1 || days > MaxAttachDays {
			return nil, fault.Field("days", i18n.F("Choose 1 to %d days.", "1～%d 日で指定してください。", MaxAttachDays))
		}
		var err error
		switch in.Body.What {
		case "cancel":
			err = s.CancelArchive(ctx, in.Day, in.Body.Signal)
		default:
			err = s.Want(ctx, in.Body.What, in.Day, in.Body.Signal, s.Clock.Now().AddDate(0, 0, days))
		}
		if err != nil {
			return nil, err
		}
		v, err := s.archiveView(ctx)
		if err != nil {
			return nil, err
		}
		return api.OK(v), nil
	})
}

func (s *Service) archiveView(ctx context.Context) (v ArchiveView, err error) {
	v.Days = []ArchivedDayView{}
	if s.Archive.Place != nil {
		v.On, v.Where = true, s.Archive.Place.Where()
	}
	days, err := s.Archived(ctx)
	if err != nil {
		return v, err
	}
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		t = t.UTC()
		return &t
	}
	for _, d := range days {
		w := ArchivedDayView{Day: d.Day, Signal: d.Signal.String(), State: "archived", Rows: d.Rows, Bytes: d.Bytes, Files: d.Files, Generations: d.Generations,
			ArchivedAt: at(d.ArchivedAt), VerifiedAt: at(d.VerifiedAt), Wanted: d.Wanted, WantedBy: d.WantedBy, Done: d.Done, Total: d.Total,
			Error: d.Error.In(api.Lang(ctx)), TriedAt: at(d.TriedAt)}
		switch {
		case w.Error != "":
			w.State = "failed"
		case d.Generations == 0 && d.Wanted == "": // cancelled before it was there
			continue
		case d.Generations == 0:
			w.State = "pending"
		}
		if a := d.Attached; a != nil {
			w.AttachedRows, w.AttachedUntil = a.Rows, at(a.Until)
		}
		v.Rows += d.Rows
		v.Bytes += d.Bytes
		v.Days = append(v.Days, w)
	}
	return v, nil
}
