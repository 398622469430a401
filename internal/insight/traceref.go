package insight

import (
	"regexp"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

var (
	// AWS X-Ray writes 1-<8>-<24>; some loggers write ids as UUIDs.
	xray  = regexp.MustCompile(`(?:\b|_)1-([0-9A-Fa-f]{8})-([0-9A-Fa-f]{24})(?:\b|_)`)
	uuid  = regexp.MustCompile(`(?:\b|_)([0-9A-Fa-f]{8})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{12})(?:\b|_)`)
	named = regexp.MustCompile(`(?i)trace[_.-]?id["']?\s*[:=]\s*["']?([0-9A-F]{32}|[0-9A-F]{16})(?:\b|_)`)
	long  = regexp.MustCompile(`(?:\b|_)([0-9A-Fa-f]{32})(?:\b|_)`)
	short = regexp.MustCompile(`^\s*([0-9A-Fa-f]{16})\s*$`)
)

// FindTraceID finds the trace id in what a person has at hand: the id itself in either
// case, a W3C traceparent, an address that holds it, a log line, an X-Ray id or a UUID.
// The half-length ids of Zipkin are taken only alone or by name, because a span id looks
// the same.
func FindTraceID(text string) (telemetry.TraceID, bool) {
	// A header or a log line is short; what is longer is not looked through for ever.
	if len(text) > 64<<10 {
		text = text[:64<<10]
	}
	for _, re := range []*regexp.Regexp{named, xray, long, uuid, short} {
		for _, m := range re.FindAllStringSubmatch(text, 4) {
			joined := ""
			for _, part := range m[1:] {
				joined += part
			}
			if id, ok := telemetry.ParseTraceID(joined); ok {
				return id, true
			}
		}
	}
	return telemetry.TraceID{}, false
}
