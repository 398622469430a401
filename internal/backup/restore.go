package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// restoring is where files lie until all of them are checked.
const restoring = ".restoring"

// harmless are names in a data folder that hold nothing which a restore would take away:
// the lock, what is left of a restore that was cut off, and backups.
var harmless = []string{"lock", restoring, "backups", "lost+found"}

// contents says what the folders and files of a data folder are, in both languages.
var contents = map[string]i18n.Text{
	"engine":   i18n.T("logs and spans", "ログとスパン"),
	"metrics":  i18n.T("metrics", "メトリクス"),
	"state.db": i18n.T("users, teams, tokens, releases, settings", "ユーザー・チーム・トークン・リリース・設定"),
	"wal":      i18n.T("rows that are not stored yet, and quarantine", "未保存の行と隔離データ"),
}

// Vacant refuses a data folder that holds anything, and names what would be lost.
func Vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unwritable(dir, err)
	}
	var en, ja []string
	for _, e := range entries {
		if slices.Contains(harmless, e.Name()) {
			continue
		}
		size, err := measure(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s (%.1f MB", e.Name(), float64(size)/1e6)
		if t, ok := contents[e.Name()]; ok {
			en, ja = append(en, what+": "+t.En+")"), append(ja, what+": "+t.Ja+")")
		} else {
			en, ja = append(en, what+")"), append(ja, what+")")
		}
	}
	if len(en) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, i18n.F(
		"The data folder %[1]s is not empty. What is in it would be lost: %[2]s. Name another folder with --data-dir, or move this one away first.",
		"データフォルダー %[1]s は空ではありません。復元すると次のデータが失われます: %[2]s。--data-dir で別のフォルダーを指定するか、先に別の場所へ移動してください。",
		dir, i18n.T(strings.Join(en, ", "), strings.Join(ja, "、"))))
}

// Restore puts a backup into a data folder that is vacant and locked by the caller. check
// is called with a folder in which everything is in its place, before anything of it shows
// in dir.
func (o *Opened) Restore(ctx context.Context, dir string, tell func(done int64), check func(dir string) error) error {
	if err := Vacant(dir); err != nil {
		return err
	}
	for _, f := range o.files {
		if top, _, _ := strings.Cut(f.Name, "/"); !known(top) {
			return damaged(f.Name)
		}
	}
	stage := filepath.Join(dir, restoring)
	if err := os.RemoveAll(stage); err != nil {
		return err
	}
	if err := os.MkdirAll(stage, 0o700); err != nil {
		return unwritable(dir, err)
	}
	defer func() { _ = os.RemoveAll(stage) }() // of what is done there is nothing left in it
	if err := o.Extract(ctx, stage, false, tell); err != nil {
		return err
	}
	if err := check(stage); err != nil {
		return err
	}
	settle()
	entries, err := os.ReadDir(stage)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(stage, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	settle()
	return nil
}

func known(top string) bool {
	_, ok := contents[top]
	return ok
}

// Miscounted says that a restored store does not hold what the manifest says.
func Miscounted(what string, got, want int64) error {
	return fault.New(fault.Invalid, i18n.F("The backup should hold %[3]d %[1]s, and %[2]d were found after restoring. Use another backup.",
		"バックアップの %[1]s は %[3]d 件のはずですが、復元後に確認できたのは %[2]d 件です。別のバックアップを使用してください。", what, got, want))
}
