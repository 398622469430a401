package clickhouse

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

type logEncoder struct {
	common
	observed     timeCol
	severity     proto.ColUInt8
	severityText lowCol
	event        lowCol
	body         strCol
	patternID    idCol
	pattern      lowCol
}

func newLogEncoder() *logEncoder {
	e := &logEncoder{}
	e.init()
	e.patternID.n = 8
	e.use("observed", &e.observed)
	e.use("severity", &e.severity)
	e.use("severity_text", &e.severityText)
	e.use("event", &e.event)
	e.use("body", &e.body)
	e.use("pattern_id", &e.patternID)
	e.use("pattern", &e.pattern)
	return e
}

func (e *logEncoder) add(l *telemetry.Log) {
	e.common.add(l.ID, l.Time, &l.Source, l.TraceID, l.SpanID, l.Scope, &l.Exception, l.Flags)
	for i := range l.Attrs {
		e.attrs.put(l.Attrs[i].Key, l.Attrs[i].Value)
	}
	e.attrs.end()
	e.observed.ColInt64 = append(e.observed.ColInt64, l.Observed)
	e.severity = append(e.severity, uint8(l.Severity))
	e.severityText.append(l.SeverityText)
	e.event.append(l.Event)
	e.body.append(l.Body)
	e.addText(l)
	e.addDerived(l.Arrived, &l.Error)
	e.patternID.appendID(l.Pattern.ID)
	e.pattern.append(l.Pattern.Text)
}

// addText stores the text of a log with an exception always: the engine looks at the body
// alone of a row that has no folded text.
func (e *logEncoder) addText(l *telemetry.Log) {
	if l.Exception == (telemetry.Exception{}) {
		if plain(l.Body) {
			e.folded.append("")
		} else {
			e.folded.append(foldText(l.Body))
		}
		return
	}
	e.parts = append(e.parts[:0], l.Body, l.Exception.Type, l.Exception.Message, l.Exception.Stack)
	e.addFolded(e.parts, true)
}
