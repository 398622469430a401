package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/yagura-sre/yagura/internal/app"
	"github.com/yagura-sre/yagura/internal/backup"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// restoreCmd brings a backup back into an empty data folder. No server runs on it.
type restoreCmd struct {
	Source  string `arg:"" help:"${restore_source}" name:"FOLDER|FILE.tar"`
	Config  string `help:"${config}" type:"path" placeholder:"FILE"`
	DataDir string `help:"${data_dir}" placeholder:"DIR"`
}

func (c restoreCmd) Run(s *session) (err error) {
	flags := map[string]string{}
	if c.DataDir != "" {
		flags["data_dir"] = c.DataDir
	}
	cfg, err := config.Load(c.Config, s.Lookup, flags)
	if err != nil {
		return err
	}
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return err
	}
	o, err := backup.Open(c.Source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	if err := backup.Vacant(cfg.DataDir); err != nil { // before a folder or lock is made
		return err
	}
	unlock, err := app.LockFolder(cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	tell := func(t i18n.Text) { _, _ = fmt.Fprintln(s.Stderr, clean(s.text(t))) }
	tell(i18n.F("Backup of %[1]s by Yagura %[2]s: %[3]s in %[4]d files.", "%[1]s に Yagura %[2]s で作成したバックアップ: %[3]s、%[4]d ファイル。",
		o.Started.Local().Format("2006-01-02 15:04:05"), o.Yagura, megabytes(o.Bytes), o.Files))
	check := func(dir string) error {
		tell(i18n.T("All checksums are right. Counting what was restored.", "チェックサムはすべて一致しました。復元したデータの件数を確認しています。"))
		return app.CheckRestored(s.ctx, dir, o.Manifest, cfg, s.Exe, slog.New(slog.DiscardHandler))
	}
	if err := o.Restore(s.ctx, cfg.DataDir, telling(s, o.Bytes, false), check); err != nil {
		return err
	}
	for _, what := range o.Elsewhere {
		tell(elsewhere(what))
	}
	n := func(what string) string {
		if v, ok := o.Rows[what]; ok {
			return i18n.Group(uint64(v))
		}
		return "-"
	}
	_, err = fmt.Fprintln(s.Stdout, s.text(i18n.F("Restored into %[1]s: %[2]s logs, %[3]s spans, %[4]s metric samples. Start it with: yagura serve --data-dir %[1]s",
		"%[1]s に復元しました: ログ %[2]s 行、スパン %[3]s 件、メトリクス %[4]s サンプル。起動するには: yagura serve --data-dir %[1]s",
		cfg.DataDir, n("logs"), n("spans"), n("metric_samples"))))
	return err
}

// elsewhere says what a backup does not have.
func elsewhere(what string) i18n.Text {
	switch what {
	case "engine":
		return i18n.T("! Logs and spans were in a ClickHouse of their own (engine.url): restore them there.", "! ログとスパンは外部の ClickHouse（engine.url）に保存されていました。ClickHouse 側で復元してください。")
	case "metrics":
		return i18n.T("! Metrics were in a store of their own (metrics.url): restore them there.", "! メトリクスは外部ストア（metrics.url）に保存されていました。そのストア側で復元してください。")
	}
	return i18n.T("! Users, teams, tokens and settings were in PostgreSQL: restore them there with pg_restore.", "! ユーザー・チーム・トークン・設定は PostgreSQL に保存されていました。pg_restore で復元してください。")
}
