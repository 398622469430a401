package detect

import "github.com/yagura-sre/yagura/internal/i18n"

var sequentialCalls = &Detector{ID: "sequential_calls", Title: i18n.T("Calls in sequence", "直列の呼び出し")}
