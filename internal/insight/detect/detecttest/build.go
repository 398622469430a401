package detecttest

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// epoch is when the traces of a case begin.
var epoch = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// maker makes one trace.
type maker struct {
	td    ptrace.Traces
	trace pcommon.TraceID
	start time.Time
	spans uint64
	no    int // of the trace in its block
}

func (d *draft) build() error {
	off, err := ingest.NewOffline()
	if err != nil {
		return err
	}
	n := 0
	for _, b := range d.blocks {
		for copy := range b.copies {
			n++
			m := &maker{td: ptrace.NewTraces(), start: epoch.Add(b.at + time.Duration(copy)*b.step), no: copy}
			binary.BigEndian.PutUint64(m.trace[:], 0xde7ec7)
			binary.BigEndian.PutUint64(m.trace[8:], uint64(d.Line)<<32|uint64(n))
			for _, r := range b.roots {
				if err := m.node(r, pcommon.SpanID{}, 0, 0); err != nil {
					return fmt.Errorf("line %d: %w", r.line, err)
				}
			}
			spans, _ := off.Spans(m.td)
			if len(spans) == 0 {
				return fmt.Errorf("a trace without spans")
			}
			d.Inputs = append(d.Inputs, d.input(spans))
		}
	}
	return nil
}

func (d *draft) input(spans []telemetry.Span) detect.Input {
	in := detect.Input{Tree: insight.Assemble(spans)}
	if len(d.usuals) > 0 {
		in.Usual = func(op detect.Operation) (detect.Baseline, bool) {
			for _, u := range d.usuals {
				if u.service == op.Service && (op.Endpoint == u.what && op.Peer == "" || op.Peer != "" && op.Shape == shape.ID(shape.SQL(u.what))) {
					return detect.Baseline{P50: int64(u.p50 * 1e6), P95: int64(u.p95 * 1e6), Count: 1000}, true
				}
			}
			return detect.Baseline{}, false
		}
	}
	if len(d.runtime) > 0 {
		in.Runtime = func(service, instance string, from, to int64) (detect.Runtime, bool) {
			for _, r := range d.runtime {
				if r.service == service && (r.inst == "" || r.inst == instance) {
					return detect.Runtime{Throttled: int64(r.throttled * 1e6), GCPause: int64(r.gc * 1e6)}, true
				}
			}
			return detect.Runtime{}, false
		}
	}
	return in
}

func (m *maker) node(n *node, parent pcommon.SpanID, shift float64, i int) error {
	for c := range n.copies {
		no := i
		if n.copies > 1 {
			no = c
		}
		if err := m.span(n, parent, shift+float64(c)*n.step, no); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) at(ms float64) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(m.start.Add(time.Duration(ms * 1e6)))
}

func (m *maker) fill(s string, i int) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return strings.NewReplacer("$i", strconv.Itoa(i), "$t", strconv.Itoa(m.no)).Replace(s)
}

func (m *maker) span(n *node, parent pcommon.SpanID, shift float64, i int) error {
	m.spans++
	rs := m.td.ResourceSpans().AppendEmpty()
	res := rs.Resource().Attributes()
	res.PutStr("service.name", n.service)
	if n.inst != "" {
		res.PutStr("service.instance.id", n.inst)
	}
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], m.spans)
	s.SetTraceID(m.trace)
	s.SetSpanID(id)
	s.SetParentSpanID(parent)
	s.SetStartTimestamp(m.at(n.from + shift))
	s.SetEndTimestamp(m.at(n.from + shift + n.length))
	name := m.fill(n.name, i)
	s.SetName(name)
	attrs := s.Attributes()
	set := func(k, v string) {
		if _, have := attrs.Get(k); !have && v != "" {
			attrs.PutStr(k, v)
		}
	}
	args := map[string]string{}
	for _, kv := range n.attrs {
		k, v := kv[0], m.fill(kv[1], i)
		switch {
		case n.kind == "http" && strings.Contains(n.name, "{"+k+"}"):
			args[k] = v
		case k == "error":
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage(v)
		case k == "status":
			attrs.PutStr("http.response.status_code", v)
			if v >= "500" {
				s.Status().SetCode(ptrace.StatusCodeError)
			}
		case k == "rows":
			attrs.PutStr("db.response.returned_rows", v)
		case k == "p":
			for j, p := range strings.Split(v, ",") {
				attrs.PutStr("db.query.parameter."+strconv.Itoa(j), p)
			}
		case k == "db":
			attrs.PutStr("db.namespace", v)
		case strings.HasPrefix(k, "res."):
			res.PutStr(k[4:], v)
		default:
			attrs.PutStr(k, v)
		}
	}
	if err := describe(n.kind, name, s, args, set); err != nil {
		return err
	}
	for _, e := range n.events {
		ev := s.Events().AppendEmpty()
		ev.SetName(m.fill(e.name, i))
		ev.SetTimestamp(m.at(e.from + shift))
		for _, kv := range e.attrs {
			ev.Attributes().PutStr(kv[0], m.fill(kv[1], i))
		}
	}
	for _, c := range n.children {
		if err := m.node(c, id, shift, i); err != nil {
			return err
		}
	}
	return nil
}

// describe sets the kind of a span, and the attributes that its instrumentation would.
func describe(kind, name string, s ptrace.Span, args map[string]string, set func(k, v string)) error {
	method, rest, _ := strings.Cut(name, " ")
	switch kind {
	case "internal":
		s.SetKind(ptrace.SpanKindInternal)
	case "client":
		s.SetKind(ptrace.SpanKindClient)
	case "producer":
		s.SetKind(ptrace.SpanKindProducer)
		set("messaging.system", "kafka")
		set("messaging.destination.name", rest)
		set("messaging.operation.name", method)
	case "consumer":
		s.SetKind(ptrace.SpanKindConsumer)
		set("messaging.system", "kafka")
		set("messaging.destination.name", rest)
		set("messaging.operation.name", method)
	case "server":
		s.SetKind(ptrace.SpanKindServer)
		if strings.HasPrefix(rest, "/") {
			set("http.request.method", method)
			set("http.route", rest)
		}
	case "rpcserver", "rpc":
		s.SetKind(ptrace.SpanKindClient)
		if kind == "rpcserver" {
			s.SetKind(ptrace.SpanKindServer)
		}
		service, _, _ := strings.Cut(name, "/")
		set("rpc.system.name", "grpc")
		set("rpc.method", name)
		if kind == "rpc" {
			set("server.address", strings.ToLower(service[strings.LastIndexByte(service, '.')+1:]))
		}
	case "sql":
		s.SetKind(ptrace.SpanKindClient)
		set("db.system.name", "postgresql")
		set("db.namespace", "shop")
		set("db.query.text", name)
		s.SetName(firstWords(name, 2))
	case "redis":
		s.SetKind(ptrace.SpanKindClient)
		set("db.system.name", "redis")
		set("db.query.text", name)
		set("db.operation.name", method)
		s.SetName(method)
	case "http":
		s.SetKind(ptrace.SpanKindClient)
		_, hostPath, ok := strings.Cut(rest, "://")
		if !ok {
			return fmt.Errorf("http wants METHOD http://host/path")
		}
		host, path, _ := strings.Cut(hostPath, "/")
		address, port, _ := strings.Cut(host, ":")
		set("http.request.method", method)
		set("server.address", address)
		set("server.port", port)
		template, _, _ := strings.Cut("/"+path, "?")
		if strings.Contains(template, "{") {
			set("url.template", template)
		}
		for k, v := range args {
			rest = strings.ReplaceAll(rest, "{"+k+"}", v)
		}
		set("url.full", rest)
		s.SetName(method)
	default:
		return fmt.Errorf("there is no kind %q", kind)
	}
	return nil
}

func firstWords(s string, n int) string {
	f := strings.Fields(s)
	return strings.Join(f[:min(n, len(f))], " ")
}
