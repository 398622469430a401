package config

import (
	"path/filepath"

	"github.com/yagura-sre/yagura/internal/i18n"
)

func (p *problems) archive(a Archive) {
	if a.Folder != "" && !filepath.IsAbs(a.Folder) {
		p.add("", 0, "archive.folder", i18n.F("%q is no absolute path", "%q は絶対パスではありません", a.Folder))
	}
}
