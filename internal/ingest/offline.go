package ingest

import (
	"math"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Offline makes the rows of requests that come from a file instead of a sender: decoded,
// folded, repaired and redacted as those that are stored, however old they are. It is for
// one goroutine.
type Offline struct {
	w     *work
	admit admitter
}

// NewOffline makes one with the default redaction.
func NewOffline() (*Offline, error) {
	red, err := NewRedactor(Redaction{})
	if err != nil {
		return nil, err
	}
	lim := DefaultLimits()
	lim.Rows = math.MaxInt
	o := &Offline{w: newWork(lim, red), admit: func(string) bool { return true }}
	o.w.oldest, o.w.newest = 1, math.MaxInt64
	return o, nil
}

// Spans are the rows of a request, and how many of its spans were not taken because they
// have no id. The rows are the caller's.
func (o *Offline) Spans(td ptrace.Traces) (rows []telemetry.Span, refused int) {
	w := o.begin()
	w.spans = make([]telemetry.Span, 0, td.SpanCount())
	w.normaliseSpans(td, o.admit)
	n, _ := w.tally.rejected()
	rows, w.spans = w.spans, nil
	return rows, int(n)
}

// Logs are the rows of a request. They are the caller's.
func (o *Offline) Logs(ld plog.Logs) []telemetry.Log {
	w := o.begin()
	w.logs = make([]telemetry.Log, 0, ld.LogRecordCount())
	w.normaliseLogs(ld, o.admit)
	rows := w.logs
	w.logs = nil
	return rows
}

// begin lets go of what earlier rows refer to, which is theirs.
func (o *Offline) begin() *work {
	w := o.w
	w.attrs, w.events, w.links, w.old = nil, nil, nil, nil
	w.flags, w.long, w.many, w.keep, w.late, w.back, w.twice = 0, false, false, false, false, false, false
	w.tally.reset()
	return w
}

// DecodeSpans reads an OTLP export request of spans as JSON, as a receiver would. It may
// change the text.
func DecodeSpans(text []byte) (ptrace.Traces, error) {
	m := ptraceotlp.NewExportRequest()
	return m.Traces(), decodeText(m, text)
}

// DecodeLogs is DecodeSpans for logs.
func DecodeLogs(text []byte) (plog.Logs, error) {
	m := plogotlp.NewExportRequest()
	return m.Logs(), decodeText(m, text)
}

func decodeText(m decoder, text []byte) error {
	lim := DefaultLimits()
	lim.Elements = math.MaxInt / 8
	if err := measureJSON(text, &lim); err != nil {
		return err
	}
	return decode(m, jsonType, breakLoneSurrogates(text))
}
