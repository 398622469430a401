package detect

import "github.com/yagura-sre/yagura/internal/i18n"

var lockWait = &Detector{ID: "lock_wait", Title: i18n.T("Waiting for a lock", "ロック待ち"), Over: true}
