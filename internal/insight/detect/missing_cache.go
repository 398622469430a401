package detect

import "github.com/yagura-sre/yagura/internal/i18n"

var missingCache = &Detector{ID: "missing_cache", Title: i18n.T("A missing cache", "キャッシュの不足"), Over: true}
