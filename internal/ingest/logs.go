package ingest

import (
	"encoding/json"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// admitter says whether rows of a service are taken.
type admitter func(service string) bool

// normaliseLogs makes w.logs of a request. IDs are not given yet.
func (w *work) normaliseLogs(ld plog.Logs, admit admitter) {
	for _, rl := range ld.ResourceLogs().All() {
		src, srcFlags := w.source(rl.Resource())
		before := len(w.logs)
		if n := logsOf(rl); n > 0 && !admit(src.Service) {
			w.tally.count(others, ServiceLimit, int64(n), func() string { return "service.name = " + src.Service })
			continue
		}
		for _, sl := range rl.ScopeLogs().All() {
			scope, scopeFlags := w.name(sl.Scope().Name())
			for _, rec := range sl.LogRecords().All() {
				if len(w.logs) >= w.lim.Rows {
					w.tally.count(src.Service, TooManyRows, 1, nil)
					continue
				}
				w.flags, w.long, w.many = srcFlags|scopeFlags, false, false
				w.logs = append(w.logs, telemetry.Log{Source: src, Scope: scope})
				row := &w.logs[len(w.logs)-1]
				w.log(row, rec)
				row.Flags = w.flags
				w.mark(src.Service, func() string { return describeLog(row) })
			}
		}
		w.tally.took(src.Service, src.Env, len(w.logs)-before)
	}
}

func logsOf(rl plog.ResourceLogs) int {
	n := 0
	for _, sl := range rl.ScopeLogs().All() {
		n += sl.LogRecords().Len()
	}
	return n
}

// name cleans a name and gives the flags that it earns.
func (w *work) name(s string) (string, telemetry.Flags) {
	w.flags = 0
	s = w.text(s, w.lim.NameBytes)
	return s, w.flags
}

func (w *work) log(row *telemetry.Log, rec plog.LogRecord) {
	row.TraceID = telemetry.TraceID(rec.TraceID())
	row.SpanID = telemetry.SpanID(rec.SpanID())
	row.Severity = telemetry.Severity(min(max(rec.SeverityNumber(), 0), 24))
	row.SeverityText = w.text(rec.SeverityText(), w.lim.KeyBytes)
	row.Event = w.text(rec.EventName(), w.lim.NameBytes)
	if row.Severity == 0 && row.SeverityText != "" {
		row.Severity = parseLevel(row.SeverityText)
	}
	var sent int64 // by the body's own word
	start := len(w.attrs)
	t := logTaker{row}
	w.addMap(rec.Attributes(), t)
	switch body := rec.Body(); body.Type() {
	case pcommon.ValueTypeStr:
		sent = w.textBody(row, body.Str(), start)
	case pcommon.ValueTypeMap:
		if w.mapFields(body.Map()) {
			sent = w.structured(row, start)
		}
		if row.Body == "" {
			w.buf = w.appendJSON(w.buf[:0], body, 0)
			row.Body = w.text(string(w.buf), w.lim.BodyBytes)
		}
	case pcommon.ValueTypeEmpty:
	default:
		w.buf = w.appendJSON(w.buf[:0], body, 0)
		s := string(w.buf)
		if body.Type() != pcommon.ValueTypeSlice {
			s = strings.Trim(s, `"`)
		}
		row.Body = w.text(s, w.lim.BodyBytes)
	}
	row.Attrs = w.finish(start)
	w.logTimes(row, int64(rec.Timestamp()), int64(rec.ObservedTimestamp()), sent)
	row.Arrived = w.now
	w.shaper.Log(row)
}

// logTimes settles the times of a row: when it happened is what the record says, else
// what the body says, else when a collector saw it, else now.
func (w *work) logTimes(row *telemetry.Log, at, observed, sent int64) {
	if observed < w.oldest || observed > w.newest {
		observed = 0
	}
	row.Observed = observed
	if observed == 0 {
		row.Observed = w.now
	}
	if at == 0 && sent >= w.oldest && sent <= w.newest {
		at = sent
	}
	if at == 0 && observed != 0 {
		at = observed
	}
	row.Time = w.when(at)
}

// textBody takes a body that is a text, and the time that it names.
func (w *work) textBody(row *telemetry.Log, s string, start int) (sent int64) {
	class, digits := scan(s)
	if class&classQuote != 0 && opensObject(s) && w.parseJSON(s) {
		if sent = w.structured(row, start); row.Body != "" {
			return sent
		}
	}
	row.Body = w.scanned(s, class, digits, w.lim.BodyBytes)
	if row.Severity == 0 {
		var text string
		row.Severity, text = bodyLevel(row.Body)
		if row.SeverityText == "" {
			row.SeverityText = text
		}
	}
	if row.TraceID.IsZero() {
		row.TraceID, row.SpanID = textTrace(row.Body, row.SpanID)
	}
	if class&classBreak != 0 && row.Exception.Stack == "" {
		w.bodyException(row, row.Body)
	}
	return sent
}

// bodyException fills in what a stack trace in a (clean) text tells.
func (w *work) bodyException(row *telemetry.Log, s string) {
	e, ok := findException(s)
	if !ok {
		return
	}
	if row.Exception.Type == "" {
		row.Exception.Type = w.cut(e.Type, w.lim.NameBytes)
	}
	if row.Exception.Message == "" {
		row.Exception.Message = w.cut(e.Message, w.lim.ValueBytes)
	}
	row.Exception.Stack = e.Stack
}

func opensObject(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return len(s) > 1 && s[0] == '{'
}

// structured takes w.fields as the body: the fields with a role go where they belong,
// the rest become attributes. Without a message among them, row.Body stays empty and the
// caller keeps the original.
func (w *work) structured(row *telemetry.Log, start int) (sent int64) {
	var message, event, level *field
	rank := 0
	gelf := false
	for i := range w.fields {
		f := &w.fields[i]
		if f.kind == kindNull {
			continue
		}
		k := w.key(f.key)
		taken := false
		switch k.role {
		case roleMessage:
			if r := messageRank(f.key); f.kind == kindString && f.value != "" && r > rank {
				message, rank = f, r
				gelf = gelf || f.key == "short_message"
			}
			continue // the ones that were not chosen are added below
		case roleLevel, roleLevelNumber:
			if row.Severity == 0 && level == nil {
				level = f
				continue
			}
		case roleTime:
			if t, ok := parseTime(f.value, f.kind); ok && sent == 0 {
				sent, taken = t, true
			}
		case roleLogger:
			if f.kind == kindString && row.Scope == "" {
				row.Scope, taken = w.text(f.value, w.lim.NameBytes), true
			}
		case roleError:
			if f.kind == kindString {
				taken = w.errorField(row, f.value)
			}
		case roleNone:
			if f.key == "event" && f.kind == kindString && event == nil {
				event = f
				continue
			}
		default:
			taken = w.field(row, k.role, f)
		}
		if !taken {
			w.addField(f, k, start)
		}
	}
	if level != nil && !w.levelField(row, level, gelf) {
		w.addField(level, w.key(level.key), start)
	}
	if message == nil {
		message, event = event, nil
	}
	if event != nil {
		w.addField(event, w.key(event.key), start)
	}
	if message == nil {
		return sent
	}
	for i := range w.fields {
		if f := &w.fields[i]; f != message && f.kind != kindNull {
			if k := w.key(f.key); k.role == roleMessage {
				w.addField(f, k, start)
			}
		}
	}
	row.Body = w.text(message.value, w.lim.BodyBytes)
	if row.Severity == 0 {
		row.Severity, _ = bodyLevel(row.Body)
	}
	if row.Exception.Stack == "" && strings.IndexByte(row.Body, '\n') >= 0 {
		w.bodyException(row, row.Body)
	}
	return sent
}

// messageRank prefers the rendered message over its template and over vaguer names.
func messageRank(key string) int {
	switch key {
	case "log", "@mt", "MessageTemplate":
		return 1
	}
	return 2
}

// addField appends a field of a structured body as an attribute.
func (w *work) addField(f *field, k *keyInfo, start int) {
	if len(w.attrs)-start+len(w.old) >= w.lim.Attributes {
		w.flags |= telemetry.Truncated
		w.many = true
		return
	}
	value := f.value
	switch f.kind {
	case kindString, kindRaw:
		value = w.str(k, value, w.lim.ValueBytes)
	case kindNumber:
		if len(value) >= 12 {
			value = w.str(k, value, w.lim.ValueBytes)
		}
	}
	w.add(f.key, k, value)
}

func (w *work) levelField(row *telemetry.Log, f *field, gelf bool) bool {
	switch f.kind {
	case kindString:
		row.Severity = parseLevel(f.value)
		if row.Severity == 0 {
			row.Severity = levelNumber(f.value, false, false)
		}
		if row.Severity != 0 && row.SeverityText == "" {
			row.SeverityText = f.value
		}
	case kindNumber:
		row.Severity = levelNumber(f.value, w.key(f.key).role == roleLevelNumber, gelf)
	}
	return row.Severity != 0
}

// errorField takes the text of a field called error: with lines it is a stack, else it
// says what went wrong and stays an attribute too.
func (w *work) errorField(row *telemetry.Log, s string) bool {
	s = w.text(s, w.lim.BodyBytes)
	if strings.IndexByte(s, '\n') >= 0 && row.Exception.Stack == "" {
		w.bodyException(row, s)
		if row.Exception.Stack == "" {
			row.Exception.Stack = s
		}
		return true
	}
	if row.Exception.Message == "" {
		row.Exception.Message = w.cut(s, w.lim.ValueBytes)
	}
	return false
}

// field takes a field of a structured body that names a trace or an exception.
func (w *work) field(row *telemetry.Log, r role, f *field) bool {
	value := f.value
	if f.kind == kindRaw && r == roleExceptionStack { // a list of frames
		var frames []string
		if json.Unmarshal([]byte(value), &frames) != nil {
			return false
		}
		value = strings.Join(frames, "\n")
	}
	return w.role(row, r, w.key(f.key), value)
}

// role fills in what an attribute or field says of the row, and whether that was all
// there is to keep of it.
func (w *work) role(row *telemetry.Log, r role, k *keyInfo, value string) bool {
	switch r {
	case roleTraceID, roleDatadogTraceID, roleTraceparent:
		if !row.TraceID.IsZero() {
			return false
		}
		t, s, ok := parseTrace(value, r)
		if !ok {
			return false
		}
		row.TraceID = t
		if row.SpanID.IsZero() {
			row.SpanID = s
		}
		return true
	case roleSpanID, roleDatadogSpanID:
		if !row.SpanID.IsZero() {
			return false
		}
		s, ok := parseSpan(value, r)
		if ok {
			row.SpanID = s
		}
		return ok
	case roleEvent:
		if row.Event == "" {
			row.Event = w.text(value, w.lim.NameBytes)
			return true
		}
	case roleExceptionType:
		if row.Exception.Type == "" {
			row.Exception.Type = w.text(value, w.lim.NameBytes)
			return k.name != "error.type" // an attribute of its own in the conventions
		}
	case roleExceptionMessage:
		if row.Exception.Message == "" {
			row.Exception.Message = w.text(value, w.lim.ValueBytes)
			return true
		}
	case roleExceptionStack:
		if row.Exception.Stack == "" && value != "" {
			row.Exception.Stack = w.text(value, w.lim.BodyBytes)
			if e, ok := findException(row.Exception.Stack); ok && row.Exception.Type == "" {
				row.Exception.Type = e.Type
				if row.Exception.Message == "" {
					row.Exception.Message = e.Message
				}
			}
			return true
		}
	}
	return false
}

// logTaker takes the attributes that say what the record itself does not.
type logTaker struct{ row *telemetry.Log }

func (t logTaker) take(w *work, r role, k *keyInfo, v pcommon.Value) bool {
	if r == roleError && v.Type() == pcommon.ValueTypeMap && v.Map().Len() <= maxErrorParts {
		return t.takeError(w, k.name, v.Map())
	}
	if v.Type() != pcommon.ValueTypeStr || r.structured() {
		return false
	}
	switch r {
	case roleLevel, roleLevelNumber:
		if t.row.Severity != 0 {
			return false
		}
		if t.row.Severity = parseLevel(v.Str()); t.row.Severity == 0 {
			return false
		}
		if t.row.SeverityText == "" {
			t.row.SeverityText = v.Str()
		}
		return true
	}
	return w.role(t.row, r, k, v.Str())
}

// maxErrorParts bounds what an error can become; one with more stays JSON.
const maxErrorParts = 16

// takeError takes an attribute that is an error as an object, as pino's serializer and
// others send it: its type, message and stack; the rest become attributes, err.code.
func (t logTaker) takeError(w *work, name string, m pcommon.Map) bool {
	for part, v := range m.All() {
		full := name + "." + part
		k := w.key(full)
		if v.Type() == pcommon.ValueTypeStr && w.role(t.row, k.role, k, v.Str()) {
			w.flags |= k.flags
			continue
		}
		w.add(full, k, w.value(full, k, v))
	}
	return true
}

// describeLog shows a row to a person: what is there is redacted already.
func describeLog(row *telemetry.Log) string {
	var b strings.Builder
	b.WriteString("service=" + row.Service)
	if row.Env != "" {
		b.WriteString(" env=" + row.Env)
	}
	if l := row.Severity.Level(); l != "" {
		b.WriteString(" level=" + l)
	}
	b.WriteString(" body=" + cut(row.Body, exampleBytes/2))
	describeAttrs(&b, row.Attrs)
	return cut(b.String(), exampleBytes)
}

func describeAttrs(b *strings.Builder, attrs []telemetry.Attr) {
	for _, a := range attrs {
		if b.Len() > exampleBytes {
			return
		}
		b.WriteString(" " + a.Key + "=" + cut(a.Value, 200))
	}
}
