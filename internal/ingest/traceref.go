package ingest

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// parseTrace reads a trace id in the forms that loggers write: hex of either length,
// Google's projects/p/traces/ID, X-Ray's 1-8-24, W3C's traceparent (which names a span
// too), Datadog's decimal.
func parseTrace(s string, r role) (t telemetry.TraceID, span telemetry.SpanID, ok bool) {
	if r == roleDatadogTraceID && len(s) != 32 {
		n, err := strconv.ParseUint(s, 10, 64)
		binary.BigEndian.PutUint64(t[8:], n)
		return t, span, err == nil && n != 0
	}
	if r == roleTraceparent || len(s) == 55 {
		parts := strings.Split(s, "-")
		if len(parts) < 4 {
			return t, span, false
		}
		if t, ok = telemetry.ParseTraceID(parts[1]); ok {
			span, _ = telemetry.ParseSpanID(parts[2])
		}
		return t, span, ok
	}
	if i := strings.LastIndex(s, "/traces/"); i >= 0 {
		s = s[i+len("/traces/"):]
	}
	if len(s) == 35 && strings.HasPrefix(s, "1-") && s[10] == '-' {
		s = s[2:10] + s[11:]
	}
	if len(s) == 36 { // a UUID
		s = strings.ReplaceAll(s, "-", "")
	}
	t, ok = telemetry.ParseTraceID(s)
	return t, span, ok
}

func parseSpan(s string, r role) (id telemetry.SpanID, ok bool) {
	if r == roleDatadogSpanID {
		n, err := strconv.ParseUint(s, 10, 64)
		binary.BigEndian.PutUint64(id[:], n)
		return id, err == nil && n != 0
	}
	return telemetry.ParseSpanID(s)
}

// textTrace finds trace_id=… and span_id=… in a line of text (also traceId: "…",
// trace-id …): what many layouts print.
func textTrace(s string, span telemetry.SpanID) (telemetry.TraceID, telemetry.SpanID) {
	t, ok := telemetry.ParseTraceID(hexAfter(s, "trace", 32))
	if !ok {
		return telemetry.TraceID{}, span
	}
	if span.IsZero() {
		span, _ = telemetry.ParseSpanID(hexAfter(s, "span", 16))
	}
	return t, span
}

// hexAfter finds n hex digits that follow word, "id" in any of its spellings, and a
// separator.
func hexAfter(s, word string, n int) string {
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return ""
		}
		i += at + len(word)
		at = i
		if i < len(s) && (s[i] == '_' || s[i] == '-' || s[i] == '.') {
			i++
		}
		if i+2 > len(s) || !strings.EqualFold(s[i:i+2], "id") {
			continue
		}
		i += 2
		for k := 0; i < len(s) && k < 4 && strings.IndexByte(`"':= \`, s[i]) >= 0; k++ {
			i++
		}
		j := i
		for j < len(s) && alnum(s[j]) {
			j++
		}
		if j-i == n {
			return s[i:j]
		}
	}
}

// parseTime reads the time of a structured body. One without a zone is not read: taken
// for UTC, it would be hours off.
func parseTime(s string, k kind) (int64, bool) {
	if k == kindNumber {
		return epoch(s)
	}
	if k != kindString || len(s) < 10 {
		return 0, false
	}
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 Z0700", "2006-01-02 15:04:05.999999999 Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return unixNano(t)
		}
	}
	return epoch(s)
}

func unixNano(t time.Time) (int64, bool) {
	if y := t.Year(); y < 1971 || y > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}

// epoch reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart
// by their size.
func epoch(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		switch {
		case n < 1e8:
			return 0, false
		case n < 1e11:
			return n * 1e9, true
		case n < 1e14:
			return n * 1e6, true
		case n < 1e17:
			return n * 1e3, true
		}
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 1e8 || f >= 1e14 {
		return 0, false
	}
	if f < 1e11 {
		return int64(f*1e6) * 1e3, true // a float holds microseconds of today
	}
	return int64(f * 1e6), true
}
