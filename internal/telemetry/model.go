package telemetry

import (
	"encoding/hex"
	"fmt"
)

// Signal is one of the three kinds of facts.
type Signal uint8

// The signals.
const (
	Logs Signal = iota + 1
	Spans
	Metrics
)

// Signals lists all of them, in the order in which they are shown.
var Signals = [...]Signal{Logs, Spans, Metrics}

func (s Signal) String() string {
	switch s {
	case Logs:
		return "logs"
	case Spans:
		return "spans"
	case Metrics:
		return "metrics"
	}
	return fmt.Sprintf("signal(%d)", uint8(s))
}

// SignalNamed is the signal that String calls so; 0 for any other name.
func SignalNamed(name string) Signal {
	for _, s := range Signals {
		if s.String() == name {
			return s
		}
	}
	return 0
}

// Attr is one attribute. Values that are not strings are rendered on the way in:
// numbers and booleans as JSON renders them, arrays and maps as JSON.
type Attr struct{ Key, Value string }

// Get finds an attribute by key.
func Get(attrs []Attr, key string) (string, bool) {
	for i := range attrs {
		if attrs[i].Key == key {
			return attrs[i].Value, true
		}
	}
	return "", false
}

// TraceID is a W3C trace id; the zero value is none.
type TraceID [16]byte

// SpanID is a W3C span id; the zero value is none.
type SpanID [8]byte

// IsZero says that there is no id.
func (t TraceID) IsZero() bool { return t == TraceID{} }

// IsZero says that there is no id.
func (s SpanID) IsZero() bool { return s == SpanID{} }

// String is 32 lower-case hex digits, or nothing for the zero id.
func (t TraceID) String() string {
	if t.IsZero() {
		return ""
	}
	return hex.EncodeToString(t[:])
}

// String is 16 lower-case hex digits, or nothing for the zero id.
func (s SpanID) String() string {
	if s.IsZero() {
		return ""
	}
	return hex.EncodeToString(s[:])
}

// ParseTraceID reads 32 hex digits of either case; 16 (as Zipkin and X-Ray's halves have
// them) are padded on the left with zeros. The zero id is refused.
func ParseTraceID(s string) (t TraceID, ok bool) {
	if len(s) == 16 {
		s = "0000000000000000" + s
	}
	if len(s) != 32 {
		return t, false
	}
	if _, err := hex.Decode(t[:], []byte(s)); err != nil {
		return TraceID{}, false
	}
	return t, !t.IsZero()
}

// ParseSpanID reads 16 hex digits of either case. The zero id is refused.
func ParseSpanID(s string) (id SpanID, ok bool) {
	if len(s) != 16 {
		return id, false
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return SpanID{}, false
	}
	return id, !id.IsZero()
}

// Source is what sent a row: the same for all rows of an OTLP resource. Its parts are
// columns of their own because every page asks for them.
type Source struct {
	Env      string // deployment.environment.name; "" when the sender names none
	Service  string // service.name; "unknown_service" when the sender names none
	Version  string // service.version
	Instance string // service.instance.id, else host and process
	Host     string // host.name, else k8s.pod.name
	Attrs    []Attr // the rest of the resource's attributes, sorted by key
}

// Flags say what was done to a row on its way in, so that a reader can be told.
type Flags uint8

// The flags.
const (
	Repaired  Flags = 1 << iota // held invalid UTF-8, replaced by U+FFFD
	Redacted                    // a redaction rule took something out
	Truncated                   // something was left out: a value or list over its limit, or the second of two attributes of one name
	Skewed                      // a time is not the sender's: it was missing or beyond the clock-skew limit and the time of arrival stands in, or the end was before the start
)

// Severity is OpenTelemetry's number: 0 unset, 1-4 trace, 5-8 debug, 9-12 info,
// 13-16 warn, 17-20 error, 21-24 fatal.
type Severity uint8

// Level is the name of a severity's range: trace debug info warn error fatal, or "".
func (s Severity) Level() string {
	if s == 0 || s > 24 {
		return ""
	}
	return [...]string{"trace", "debug", "info", "warn", "error", "fatal"}[(s-1)/4]
}

// Exception is what was thrown, from wherever the sender put it.
type Exception struct{ Type, Message, Stack string }

// Log is one log record.
type Log struct {
	// ID is unique in a data folder and grows with arrival; with Time it orders rows
	// totally (Time, then ID), which paging relies on.
	ID       uint64
	Time     int64 // when it happened
	Observed int64 // when it was first seen by a collector or by us
	Source
	TraceID      TraceID
	SpanID       SpanID
	Severity     Severity
	SeverityText string // as sent
	Event        string // event name, when the record is an event
	Scope        string // instrumentation scope or logger name
	Body         string // a map or array body is JSON
	Exception    Exception
	Attrs        []Attr // sorted by key, names folded to current semantic conventions
	Flags        Flags

	// What was derived on arrival; zero in rows of before that.
	Arrived int64    // when we took it in
	Pattern Shape    // of the body
	Error   ErrorKey // zero unless it tells of an error
}

// Kind is OpenTelemetry's span kind.
type Kind uint8

// The kinds.
const (
	KindUnspecified Kind = iota
	KindInternal
	KindServer
	KindClient
	KindProducer
	KindConsumer
)

var kindNames = [...]string{"", "internal", "server", "client", "producer", "consumer"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// Status is OpenTelemetry's span status.
type Status uint8

// The statuses.
const (
	StatusUnset Status = iota
	StatusOK
	StatusError
)

func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusError:
		return "error"
	}
	return "unset"
}

// SpanEvent is something that happened within a span.
type SpanEvent struct {
	Time  int64
	Name  string
	Attrs []Attr
}

// SpanLink points to a span of this or another trace.
type SpanLink struct {
	TraceID TraceID
	SpanID  SpanID
	Attrs   []Attr
}

// Span is one span.
type Span struct {
	ID       uint64 // as Log.ID
	Time     int64  // start
	Duration int64  // never negative: an end before its start is 0 and Skewed
	Source
	TraceID       TraceID
	SpanID        SpanID
	ParentID      SpanID // zero for a root
	TraceState    string
	Name          string
	Kind          Kind
	Status        Status
	StatusMessage string
	Scope         string
	// Endpoint is what a user of the service would call it: "GET /cart/{id}",
	// "cart.v1.Cart/Add", "consume orders"; set on server and consumer spans alone.
	Endpoint  string
	Exception Exception // of the last exception event
	Attrs     []Attr    // sorted by key, names folded to current semantic conventions
	Events    []SpanEvent
	Links     []SpanLink
	Flags     Flags

	// What was derived on arrival; zero in rows of before that.
	Arrived   int64    // when we took it in
	Code      string   // the outcome by its protocol: "404", "UNAVAILABLE"
	Peer      Peer     // what a client or producer span called, what a consumer span read
	Operation Shape    // what it asked of its peer: a statement's form, a method
	Error     ErrorKey // zero unless it records an error
}

// Step is what Reader.TraceSteps gives of the span.
func (s Span) Step() Span {
	return Span{
		ID: s.ID, Time: s.Time, Duration: s.Duration,
		Source:  Source{Env: s.Env, Service: s.Service, Instance: s.Instance, Host: s.Host},
		TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
		Name: s.Name, Kind: s.Kind, Status: s.Status, Endpoint: s.Endpoint, Operation: s.Operation,
	}
}

// Outline is what Reader.TraceOutline gives of the span.
func (s Span) Outline() Span {
	return Span{
		ID: s.ID, Time: s.Time, Duration: s.Duration,
		Source:  Source{Env: s.Env, Service: s.Service, Instance: s.Instance, Host: s.Host},
		TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
		Name: s.Name, Kind: s.Kind, Status: s.Status, StatusMessage: s.StatusMessage,
		Exception: Exception{Type: s.Exception.Type, Message: s.Exception.Message}, Attrs: s.Attrs,
	}
}
