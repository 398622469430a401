package shape

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// errorKey identifies an error by its type, its message without values, and where it came
// from.
func errorKey(typ, message, where string) telemetry.ErrorKey {
	k := telemetry.ErrorKey{Type: cut(unnumbered(typ), maxName), Message: cut(message, maxPattern), Frame: where}
	k.ID = ID(unnumbered(typ) + "\x00" + message + "\x00" + where)
	return k
}

// spanError is the error that a span records: an exception, or a request's own failure.
// The failure of a call is its caller's to record; that it failed shows with the peer.
func spanError(s *telemetry.Span, code string, a *attrs) telemetry.ErrorKey {
	e := &s.Exception
	if e.Type != "" || e.Message != "" || e.Stack != "" {
		typ := e.Type
		if typ == "" {
			typ = "exception"
		}
		return errorKey(typ, mask(firstLine(e.Message)), OwnFrame(e.Stack))
	}
	if s.Status != telemetry.StatusError || s.Kind != telemetry.KindServer && s.Kind != telemetry.KindConsumer {
		return telemetry.ErrorKey{}
	}
	typ := a[atErrorType]
	switch {
	case typ != "" && strings.Trim(typ, "0123456789") != "":
	case a[atHttpResponseStatusCode] != "":
		// The number is the type here: not to be masked.
		k := errorKey("HTTP", mask(firstLine(s.StatusMessage)), s.Endpoint)
		k.Type = "HTTP " + code
		k.ID = ID(k.Type + "\x00" + k.Message + "\x00" + k.Frame)
		return k
	case code != "":
		typ = "RPC " + code
	default:
		typ = "error"
	}
	return errorKey(typ, mask(firstLine(s.StatusMessage)), s.Endpoint)
}

// logError is the error that a log records: one with an exception, or of the levels error
// and fatal. pattern is the body's.
func logError(l *telemetry.Log, pattern string) telemetry.ErrorKey {
	e := &l.Exception
	if e.Type != "" || e.Stack != "" {
		typ := e.Type
		if typ == "" {
			typ = "exception"
		}
		message := e.Message
		if message == "" {
			message = l.Body
		}
		return errorKey(typ, mask(firstLine(message)), OwnFrame(e.Stack))
	}
	if l.Severity < 17 || l.Severity > 24 {
		return telemetry.ErrorKey{}
	}
	return errorKey(strings.ToUpper(l.Severity.Level()), pattern, "")
}

// firstLine is the first line of a text that has any.
func firstLine(s string) string {
	s = strings.TrimLeft(s, " \t\r\n")
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	return strings.TrimRight(s, " \t\r")
}
