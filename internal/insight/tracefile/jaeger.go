package tracefile

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Jaeger's model as its UI and its API write it; times are microseconds.
type jaegerTrace struct {
	TraceID   string                   `json:"traceID"`
	Spans     []jaegerSpan             `json:"spans"`
	Processes map[string]jaegerProcess `json:"processes"`
}

type jaegerSpan struct {
	TraceID       string         `json:"traceID"`
	SpanID        string         `json:"spanID"`
	ParentSpanID  string         `json:"parentSpanID"`
	OperationName string         `json:"operationName"`
	References    []jaegerRef    `json:"references"`
	StartTime     int64          `json:"startTime"`
	Duration      int64          `json:"duration"`
	Tags          []jaegerTag    `json:"tags"`
	Logs          []jaegerLog    `json:"logs"`
	ProcessID     string         `json:"processID"`
	Process       *jaegerProcess `json:"process"`
}

type jaegerRef struct {
	RefType string `json:"refType"`
	TraceID string `json:"traceID"`
	SpanID  string `json:"spanID"`
}

type jaegerTag struct {
	Key   string          `json:"key"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

type jaegerLog struct {
	Timestamp int64       `json:"timestamp"`
	Fields    []jaegerTag `json:"fields"`
}

type jaegerProcess struct {
	ServiceName string      `json:"serviceName"`
	Tags        []jaegerTag `json:"tags"`
}

func (p *reader) jaegerList(v json.RawMessage) error {
	var list []json.RawMessage
	if err := json.Unmarshal(v, &list); err != nil {
		return notJaeger(err)
	}
	p.file.Format = Jaeger
	for _, t := range list {
		if err := p.jaegerTrace(t); err != nil {
			return err
		}
	}
	return nil
}

func (p *reader) jaegerTrace(v json.RawMessage) error {
	var t jaegerTrace
	if err := json.Unmarshal(v, &t); err != nil {
		return notJaeger(err)
	}
	p.file.Format = Jaeger
	td := ptrace.NewTraces()
	resources := map[string]ptrace.ResourceSpans{}
	for i := range t.Spans {
		s := &t.Spans[i]
		proc := t.Processes[s.ProcessID]
		if s.Process != nil {
			proc = *s.Process
		}
		key := s.ProcessID
		if s.Process != nil {
			raw, err := json.Marshal(s.Process)
			if err != nil {
				return notJaeger(err)
			}
			key = string(raw)
		}
		rs, ok := resources[key]
		if !ok {
			rs = td.ResourceSpans().AppendEmpty()
			resources[key] = rs
			for _, tag := range proc.Tags {
				tag.put(rs.Resource().Attributes())
			}
			if proc.ServiceName != "" {
				rs.Resource().Attributes().PutStr("service.name", proc.ServiceName)
			}
		}
		if err := s.convert(rs, t.TraceID); err != nil {
			return err
		}
	}
	rows, refused := p.off.Spans(td)
	p.spans = append(p.spans, rows...)
	p.file.Skipped += refused
	return nil
}

// convert makes an OTLP span, as Jaeger's own translation does.
func (s *jaegerSpan) convert(rs ptrace.ResourceSpans, traceID string) error {
	out := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	if s.TraceID != "" {
		traceID = s.TraceID
	}
	var trace pcommon.TraceID
	var id pcommon.SpanID
	if !parseID(trace[:], traceID) || !parseID(id[:], s.SpanID) {
		return notJaeger(fmt.Errorf("traceID %q and spanID %q must be hex digits", traceID, s.SpanID))
	}
	out.SetTraceID(trace)
	out.SetSpanID(id)
	out.SetName(s.OperationName)
	start := time.UnixMicro(s.StartTime)
	out.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	out.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(max(0, s.Duration)) * time.Microsecond)))

	parent := s.ParentSpanID
	for _, r := range s.References {
		if r.TraceID != "" && !sameID(r.TraceID, traceID) || parent != "" && r.SpanID != parent {
			link := out.Links().AppendEmpty()
			var lt pcommon.TraceID
			var ls pcommon.SpanID
			if parseID(lt[:], r.TraceID) && parseID(ls[:], r.SpanID) {
				link.SetTraceID(lt)
				link.SetSpanID(ls)
			}
			continue
		}
		parent = r.SpanID
	}
	if parent != "" {
		var pid pcommon.SpanID
		if !parseID(pid[:], parent) {
			return notJaeger(fmt.Errorf("the reference to span %q must be hex digits", parent))
		}
		out.SetParentSpanID(pid)
	}
	scope := rs.ScopeSpans().At(rs.ScopeSpans().Len() - 1).Scope()
	for _, tag := range s.Tags {
		switch text := tag.text(); tag.Key {
		case "span.kind":
			out.SetKind(map[string]ptrace.SpanKind{"server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient, "producer": ptrace.SpanKindProducer,
				"consumer": ptrace.SpanKindConsumer, "internal": ptrace.SpanKindInternal}[strings.ToLower(text)])
		case "error":
			if text == "true" {
				out.Status().SetCode(ptrace.StatusCodeError)
			}
		case "otel.status_code":
			switch strings.ToUpper(text) {
			case "ERROR":
				out.Status().SetCode(ptrace.StatusCodeError)
			case "OK":
				out.Status().SetCode(ptrace.StatusCodeOk)
			}
		case "otel.status_description":
			out.Status().SetMessage(text)
		case "otel.library.name", "otel.scope.name":
			scope.SetName(text)
		case "otel.library.version", "otel.scope.version":
			scope.SetVersion(text)
		case "w3c.tracestate":
			out.TraceState().FromRaw(text)
		case "internal.span.format", "sampler.type", "sampler.param":
		default:
			tag.put(out.Attributes())
		}
	}
	for _, l := range s.Logs {
		e := out.Events().AppendEmpty()
		e.SetTimestamp(pcommon.NewTimestampFromTime(time.UnixMicro(l.Timestamp)))
		for _, f := range l.Fields {
			if text := f.text(); (f.Key == "event" || f.Key == "name") && e.Name() == "" {
				e.SetName(text)
				continue
			}
			f.put(e.Attributes())
		}
		if e.Name() == "error" { // as OpenTracing has exceptions
			e.SetName("exception")
			for from, to := range map[string]string{"error.kind": "exception.type", "error.object": "exception.message", "message": "exception.message", "stack": "exception.stacktrace"} {
				if v, ok := e.Attributes().Get(from); ok {
					if _, have := e.Attributes().Get(to); !have || from == "message" {
						e.Attributes().PutStr(to, v.AsString())
					}
				}
			}
		}
		if e.Name() == "" {
			if v, ok := e.Attributes().Get("message"); ok {
				e.SetName(v.AsString())
			}
		}
	}
	return nil
}

// text is a value as a text, whatever its type.
func (t *jaegerTag) text() string {
	var s string
	if json.Unmarshal(t.Value, &s) == nil {
		return s
	}
	return string(t.Value)
}

func (t *jaegerTag) put(m pcommon.Map) {
	var s string
	if json.Unmarshal(t.Value, &s) == nil {
		m.PutStr(t.Key, s)
		return
	}
	var b bool
	if json.Unmarshal(t.Value, &b) == nil {
		m.PutBool(t.Key, b)
		return
	}
	var n int64
	if json.Unmarshal(t.Value, &n) == nil {
		m.PutInt(t.Key, n)
		return
	}
	var f float64
	if json.Unmarshal(t.Value, &f) == nil {
		m.PutDouble(t.Key, f)
		return
	}
	m.PutStr(t.Key, string(t.Value))
}

// parseID reads hex digits, padded with zeros on the left: old clients leave them out.
func parseID(to []byte, s string) bool {
	if len(s) > 2*len(to) || s == "" {
		return false
	}
	_, err := hex.Decode(to, []byte(strings.Repeat("0", 2*len(to)-len(s))+s))
	return err == nil
}

func sameID(a, b string) bool {
	return strings.TrimLeft(strings.ToLower(a), "0") == strings.TrimLeft(strings.ToLower(b), "0")
}

func notJaeger(cause error) error {
	return fault.Wrap(cause, fault.Invalid, i18n.F("This looks like Jaeger JSON but cannot be read: %s", "JaegerのJSONとして読み取れません：%s", short(cause)))
}
