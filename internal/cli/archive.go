package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// archiveCmd shows and moves the days in the archive.
type archiveCmd struct {
	Ls     archiveLsCmd     `cmd:"" default:"withargs" help:"${archive_ls}"`
	Now    archiveNowCmd    `cmd:"" help:"${archive_now}"`
	Attach archiveAttachCmd `cmd:"" help:"${archive_attach}"`
	Detach archiveDetachCmd `cmd:"" help:"${archive_detach}"`
	Verify archiveVerifyCmd `cmd:"" help:"${archive_verify}"`
	Cancel archiveCancelCmd `cmd:"" help:"${archive_cancel}"`
}

type archiveLsCmd struct{ remote }

func (c archiveLsCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	r, err := client.Do(api.GetArchiveWithResponse(s.ctx))
	if err != nil {
		return err
	}
	return c.show(s, r.JSON200)
}

func (c remote) show(s *session, v *client.ArchiveView) error {
	if c.JSON {
		return s.print(v)
	}
	if !v.On {
		if _, err := fmt.Fprintln(s.Stdout, s.text(i18n.T("There is no archive: set archive.folder in the configuration.", "アーカイブは設定されていません。設定ファイルの archive.folder を指定してください。"))); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintln(s.Stdout, s.text(i18n.F("Archive: %s", "アーカイブ: %s", oneLine(v.Where)))); err != nil {
		return err
	}
	t := newTable(s.all(i18n.T("DAY", "日付"), i18n.T("SIGNAL", "シグナル"), i18n.T("ROWS", "行数"), i18n.T("SIZE", "サイズ"), i18n.T("VERIFIED", "検証"), i18n.T("ATTACHED UNTIL", "復帰の期限"), i18n.T("STATE", "状態"))...).numbers(2, 3)
	date := func(at *time.Time) string {
		if at == nil {
			return "-"
		}
		return at.UTC().Format("2006-01-02 15:04Z")
	}
	for _, d := range v.Days {
		state := map[client.ArchivedDayViewState]i18n.Text{"archived": i18n.T("archived", "保存済み"), "pending": i18n.T("waiting", "待機中"), "failed": i18n.T("failed", "失敗")}[d.State]
		text := s.text(state)
		if d.Wanted != "" {
			text = s.text(i18n.F("%[1]s (%[2]d of %[3]d files)", "%[1]s（%[3]d ファイル中 %[2]d）", string(d.Wanted), d.Done, d.Total))
		}
		if d.Error != "" {
			text += ": " + oneLine(d.Error)
		}
		t.row(d.Day, string(d.Signal), i18n.Group(uint64(d.Rows)), megabytes(d.Bytes), date(d.VerifiedAt), date(d.AttachedUntil), text)
	}
	return t.write(s.Stdout)
}

// archiveDay is what all that is done to a day has in common.
type archiveDay struct {
	remote
	Day    string `arg:"" help:"${archive_day}"`
	Signal string `help:"${archive_signal}" enum:",logs,spans" default:""`
	Wait   bool   `help:"${archive_wait}" default:"true" negatable:""`
}

type (
	archiveNowCmd    struct{ archiveDay }
	archiveDetachCmd struct{ archiveDay }
	archiveVerifyCmd struct{ archiveDay }
	archiveCancelCmd struct{ archiveDay }
	archiveAttachCmd struct {
		archiveDay
		Days int `help:"${archive_days}" default:"7"`
	}
)

func (c archiveNowCmd) Run(s *session) error    { return c.do(s, "archive", 0) }
func (c archiveDetachCmd) Run(s *session) error { return c.do(s, "detach", 0) }
func (c archiveVerifyCmd) Run(s *session) error { return c.do(s, "verify", 0) }
func (c archiveCancelCmd) Run(s *session) error { return c.do(s, "cancel", 0) }
func (c archiveAttachCmd) Run(s *session) error { return c.do(s, "attach", c.Days) }

// do asks for it, and waits until it is done: what fails is the command's error.
func (c archiveDay) do(s *session, what string, days int) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	body := client.ArchiveWorkBody{What: client.ArchiveWorkBodyWhat(what)}
	if c.Signal != "" {
		signal := client.ArchiveWorkBodySignal(c.Signal)
		body.Signal = &signal
	}
	if days > 0 {
		n := int64(days)
		body.Days = &n
	}
	r, err := client.Do(api.WorkArchiveWithResponse(s.ctx, c.Day, body))
	if err != nil {
		return err
	}
	v := r.JSON202
	for c.Wait && what != "cancel" {
		busy, why := false, []string{}
		for _, d := range v.Days {
			if d.Day != c.Day || c.Signal != "" && string(d.Signal) != c.Signal {
				continue
			}
			busy = busy || d.Wanted != "" && d.Error == ""
			if d.Error != "" {
				why = append(why, string(d.Signal)+": "+d.Error)
			}
		}
		if len(why) > 0 {
			_ = c.show(s, v)
			return fmt.Errorf("%s", strings.Join(why, " "))
		}
		if !busy {
			break
		}
		if err := (clock.Real{}).Sleep(s.ctx, time.Second); err != nil {
			return err
		}
		again, err := client.Do(api.GetArchiveWithResponse(s.ctx))
		if err != nil {
			return err
		}
		v = again.JSON200
	}
	return c.show(s, v)
}
