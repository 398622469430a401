package telemetry

import (
	"strconv"

	"github.com/yagura-sre/yagura/internal/filter"
)

// LogText is what words are looked for in, of a log: the body and what was thrown.
func LogText(l *Log) []string {
	return []string{l.Body, l.Exception.Type, l.Exception.Message, l.Exception.Stack}
}

// SpanTextKeys are the attributes that words are looked for in, of a span.
var SpanTextKeys = [...]string{"db.query.text", "url.path", "url.full"}

// SpanText is what words are looked for in, of a span: its name, what went wrong, and
// the statement or address that it stands for.
func SpanText(s *Span) []string {
	text := []string{s.Name, s.StatusMessage, s.Exception.Type, s.Exception.Message}
	for _, key := range SpanTextKeys {
		if v, ok := Get(s.Attrs, key); ok {
			text = append(text, v)
		}
	}
	return text
}

// LogRow is a log as filter.Match sees it: the meaning that engines must reproduce.
func LogRow(l *Log) filter.Row { return logRow{l} }

// SpanRow is a span as filter.Match sees it: the meaning that engines must reproduce.
func SpanRow(s *Span) filter.Row { return spanRow{s} }

type logRow struct{ *Log }

type spanRow struct{ *Span }

func (r logRow) Text() []string  { return LogText(r.Log) }
func (r spanRow) Text() []string { return SpanText(r.Span) }

func (r logRow) Value(key string) (string, bool) {
	ref := ResolveKey(Logs, key)
	if ref.Place != Column {
		return attrValue(ref, r.Attrs, r.Source.Attrs)
	}
	var v string
	switch ref.Key {
	case "level":
		v = r.Severity.Level()
	case "body":
		v = r.Body
	case "event":
		v = r.Event
	case "trace_id":
		v = r.TraceID.String()
	case "span_id":
		v = r.SpanID.String()
	case "scope":
		v = r.Scope
	case "severity_text":
		v = r.SeverityText
	case "pattern":
		v = r.Pattern.ID.String()
	case "error_group":
		v = r.Error.ID.String()
	case "severity_number":
		if r.Severity > 0 {
			v = strconv.Itoa(int(r.Severity))
		}
	default:
		v = commonValue(ref.Key, &r.Source, &r.Exception)
	}
	return v, v != ""
}

func (r spanRow) Value(key string) (string, bool) {
	ref := ResolveKey(Spans, key)
	if ref.Place != Column {
		return attrValue(ref, r.Attrs, r.Source.Attrs)
	}
	var v string
	switch ref.Key {
	case "name":
		v = r.Name
	case "kind":
		v = r.Kind.String()
	case "status":
		v = r.Status.String()
	case "duration":
		v = strconv.FormatInt(r.Duration, 10)
	case "endpoint":
		v = r.Endpoint
	case "status_message":
		v = r.StatusMessage
	case "trace_id":
		v = r.TraceID.String()
	case "span_id":
		v = r.SpanID.String()
	case "parent_id":
		v = r.ParentID.String()
	case "peer":
		v = r.Peer.Name
	case "peer_kind":
		v = string(r.Peer.Kind)
	case "operation_id":
		v = r.Operation.ID.String()
	case "error_group":
		v = r.Error.ID.String()
	case "scope":
		v = r.Scope
	default:
		v = commonValue(ref.Key, &r.Source, &r.Exception)
	}
	return v, v != ""
}

func commonValue(key string, s *Source, e *Exception) string {
	switch key {
	case "service":
		return s.Service
	case "env":
		return s.Env
	case "version":
		return s.Version
	case "instance":
		return s.Instance
	case "host":
		return s.Host
	case "exception.type":
		return e.Type
	case "exception.message":
		return e.Message
	case "exception.stacktrace":
		return e.Stack
	}
	return ""
}

func attrValue(ref KeyRef, own, resource []Attr) (string, bool) {
	if ref.Place != ResourceAttr {
		if v, _ := Get(own, ref.Key); v != "" {
			return v, true
		}
	}
	if ref.Place != OwnAttr {
		if v, _ := Get(resource, ref.Key); v != "" {
			return v, true
		}
	}
	return "", false
}
