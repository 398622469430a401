package explain

import (
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// File explains a trace of which there is nothing but its rows.
func File(spans []telemetry.Span, logs []telemetry.Log) verdict.Verdict {
	f := verdict.Facts{Tree: insight.Assemble(spans), Logs: logs, Alone: true}
	Detect(&f)
	return verdict.Explain(f)
}
