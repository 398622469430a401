package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/backup"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// backupCmd has a running server make a backup, and takes it to where it is wanted.
type backupCmd struct {
	remote
	Target string `arg:"" optional:"" help:"${backup_target}" name:"FOLDER|FILE.tar"`
	List   bool   `help:"${backup_list}"`
}

// backupPoll is how often the server is asked how far it is.
const backupPoll = 500 * time.Millisecond

func (c backupCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	if c.List {
		return c.list(s, api)
	}
	target := c.Target
	if target != "" {
		if target, err = filepath.Abs(target); err != nil {
			return err
		}
		if err := free(target); err != nil { // before anything is made
			return err
		}
	}
	r, err := client.Do(api.StartBackupWithResponse(s.ctx))
	if err != nil {
		return err
	}
	made, err := c.follow(s, api, r.JSON202.Name)
	if err != nil {
		return err
	}
	if target != "" {
		if err := c.take(s, made.Path, target); err != nil {
			return err
		}
		made.Path = target
	}
	if c.JSON {
		return s.print(made)
	}
	for _, m := range made.Missing {
		_, _ = fmt.Fprintf(s.Stderr, "! %s\n", clean(m))
	}
	_, err = fmt.Fprintln(s.Stdout, s.text(i18n.F("%[1]s: %[2]s, %[3]s logs, %[4]s spans, %[5]s metric samples. Bring it back with: yagura restore %[1]s",
		"%[1]s: %[2]s、ログ %[3]s 行、スパン %[4]s 件、メトリクス %[5]s サンプル。復元するには: yagura restore %[1]s",
		made.Path, megabytes(made.Bytes), rowsOf(made, "logs"), rowsOf(made, "spans"), rowsOf(made, "metric_samples"))))
	return err
}

func rowsOf(v client.BackupView, what string) string {
	n, ok := v.Rows[what]
	if !ok {
		return "-"
	}
	return i18n.Group(uint64(n))
}

func megabytes(n int64) string { return i18n.Digits(float64(n)/1e6) + " MB" }

// free refuses a target that is there already: an empty folder is a place to put it.
func free(target string) error {
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(target)); err != nil || !info.IsDir() {
			return fault.New(fault.Invalid, i18n.F("There is no folder %s.", "フォルダー %s がありません。", filepath.Dir(target)))
		}
		return nil
	case err == nil && len(entries) == 0 && !isTar(target):
		return nil
	}
	return fault.New(fault.Conflict, i18n.F("%s is there already. Name another place.", "%s はすでに存在します。別の場所を指定してください。", target))
}

func isTar(path string) bool { return strings.HasSuffix(path, ".tar") }

// follow tells how far a backup is until it is done.
func (c backupCmd) follow(s *session, api *client.ClientWithResponses, name string) (client.BackupView, error) {
	phases := map[string]i18n.Text{
		"settling": i18n.T("waiting until everything that was acknowledged is stored", "受け付け済みのデータの保存を待っています"),
		"freezing": i18n.T("freezing the stores", "各ストアの時点を固定しています"),
		"copying":  i18n.T("copying", "コピーしています"),
	}
	told := ""
	for {
		r, err := client.Do(api.ListBackupsWithResponse(s.ctx))
		if err != nil {
			return client.BackupView{}, err
		}
		var now *client.BackupView
		for i := range r.JSON200.Items {
			if r.JSON200.Items[i].Name == name {
				now = &r.JSON200.Items[i]
			}
		}
		if now == nil {
			return client.BackupView{}, fault.New(fault.Unavailable, i18n.T("The server was started again while it made the backup. Begin anew.",
				"バックアップの作成中にサーバーが再起動しました。もう一度実行してください。"))
		}
		phase := string(now.Phase)
		switch phase {
		case "done":
			return *now, nil
		case "failed":
			return *now, fault.New(fault.Unavailable, i18n.F("The backup failed: %s", "バックアップに失敗しました: %s", now.Error))
		}
		line := s.text(phases[phase])
		if now.TotalBytes > 0 {
			line = fmt.Sprintf("%3d %%  %s", now.Bytes*100/now.TotalBytes, line)
		}
		if !c.JSON && line != told {
			told = line
			if _, err := fmt.Fprintln(s.Stderr, line); err != nil {
				return *now, err
			}
		}
		select {
		case <-s.ctx.Done():
			return *now, s.ctx.Err()
		case <-clock.Real{}.After(backupPoll):
		}
	}
}

// take moves a backup from the server's folder to where it is wanted, on this machine. On
// another disk it is copied and checked first.
func (c backupCmd) take(s *session, from, target string) error {
	o, err := backup.Open(from)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, i18n.F(
			"The backup is made, but it is on the server in %s and cannot be read from here. Copy it from there, or run this command on the server.",
			"バックアップは作成済みですが、サーバーの %s にあり、ここからは読み取れません。サーバーからコピーするか、サーバー上で実行してください。", from))
	}
	defer func() { _ = o.Close() }()
	tell := c.telling(s, o.Bytes)
	if isTar(target) {
		if err := o.Pack(s.ctx, target, tell); err != nil {
			return err
		}
		return os.RemoveAll(from)
	}
	_ = os.Remove(target) // an empty folder
	if os.Rename(from, target) == nil {
		return nil
	}
	part := target + ".partial"
	if err := os.Mkdir(part, 0o700); err != nil {
		return err
	}
	if err := o.Extract(s.ctx, part, true, tell); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Rename(part, target); err != nil {
		return err
	}
	return os.RemoveAll(from)
}

// telling prints how much of a total is done, at each tenth.
func (c backupCmd) telling(s *session, total int64) func(done int64) {
	return telling(s, total, c.JSON)
}

func telling(s *session, total int64, silent bool) func(done int64) {
	last := int64(-1)
	return func(done int64) {
		if total <= 0 || silent {
			return
		}
		if tenth := done * 10 / total; tenth != last {
			last = tenth
			_, _ = fmt.Fprintf(s.Stderr, "%3d %%  %s\n", tenth*10, megabytes(done))
		}
	}
}

func (c backupCmd) list(s *session, api *client.ClientWithResponses) error {
	r, err := client.Do(api.ListBackupsWithResponse(s.ctx))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200.Items)
	}
	if len(r.JSON200.Items) == 0 {
		return s.nothing(i18n.T("There is no backup in the server's folder.", "サーバーのフォルダーにバックアップはありません。"))
	}
	t := newTable(s.all(i18n.T("BEGUN", "開始"), i18n.T("SIZE", "サイズ"), i18n.T("LOGS", "ログ"), i18n.T("SPANS", "スパン"), i18n.T("STATE", "状態"), i18n.T("FOLDER", "フォルダー"))...).numbers(1, 2, 3)
	for _, b := range r.JSON200.Items {
		state := i18n.F("being made (%s)", "作成中（%s）", string(b.Phase))
		switch string(b.Phase) {
		case "done":
			state = i18n.T("done", "完了")
		case "failed":
			state = i18n.F("failed: %s", "失敗: %s", oneLine(b.Error))
		}
		t.row(c.at(b.Started), megabytes(b.Bytes), rowsOf(b, "logs"), rowsOf(b, "spans"), state.In(s.lang), b.Path)
	}
	return t.write(s.Stdout)
}
