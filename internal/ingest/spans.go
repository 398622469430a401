package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/semconv"
)

// normaliseSpans makes w.spans of a request. IDs are not given yet.
func (w *work) normaliseSpans(td ptrace.Traces, admit admitter) {
	for _, rs := range td.ResourceSpans().All() {
		src, srcFlags := w.source(rs.Resource())
		before := len(w.spans)
		if n := spansOf(rs); n > 0 && !admit(src.Service) {
			w.tally.count(others, ServiceLimit, int64(n), func() string { return "service.name = " + src.Service })
			continue
		}
		for _, ss := range rs.ScopeSpans().All() {
			scope, scopeFlags := w.name(ss.Scope().Name())
			for _, s := range ss.Spans().All() {
				if len(w.spans) >= w.lim.Rows {
					w.tally.count(src.Service, TooManyRows, 1, nil)
					continue
				}
				w.flags, w.long, w.many = srcFlags|scopeFlags, false, false
				if s.TraceID().IsEmpty() || s.SpanID().IsEmpty() {
					w.tally.count(src.Service, MissingIDs, 1, func() string {
						return "trace_id=" + s.TraceID().String() + " span_id=" + s.SpanID().String() + " name=" + w.text(s.Name(), 200)
					})
					continue
				}
				w.spans = append(w.spans, telemetry.Span{Source: src, Scope: scope})
				row := &w.spans[len(w.spans)-1]
				w.span(row, s)
				row.Flags = w.flags
				w.mark(src.Service, func() string { return describeSpan(row) })
			}
		}
		w.tally.took(src.Service, src.Env, len(w.spans)-before)
	}
}

func spansOf(rs ptrace.ResourceSpans) int {
	n := 0
	for _, ss := range rs.ScopeSpans().All() {
		n += ss.Spans().Len()
	}
	return n
}

func (w *work) span(row *telemetry.Span, s ptrace.Span) {
	row.TraceID = telemetry.TraceID(s.TraceID())
	row.SpanID = telemetry.SpanID(s.SpanID())
	row.ParentID = telemetry.SpanID(s.ParentSpanID())
	row.TraceState = w.text(s.TraceState().AsRaw(), w.lim.NameBytes)
	row.Name = w.text(s.Name(), w.lim.NameBytes)
	if k := s.Kind(); k >= 0 && k <= ptrace.SpanKindConsumer {
		row.Kind = telemetry.Kind(k)
	}
	switch s.Status().Code() {
	case ptrace.StatusCodeOk:
		row.Status = telemetry.StatusOK
	case ptrace.StatusCodeError:
		row.Status = telemetry.StatusError
	}
	row.StatusMessage = w.text(s.Status().Message(), w.lim.ValueBytes)

	start, end := int64(s.StartTimestamp()), int64(s.EndTimestamp())
	if end >= start && start > 0 {
		row.Duration = end - start
	} else if end != start { // it ended before it began, or never began
		w.flags |= telemetry.Skewed
		w.back = start > 0 // without a start, what is wrong is its time
	}
	row.Time = w.when(start)

	row.Attrs = w.mapAttrs(s.Attributes(), spanTaker{server: row.Kind == telemetry.KindServer || row.Kind == telemetry.KindConsumer})
	w.spanEvents(row, s.Events())
	w.spanLinks(row, s.Links())
	row.Endpoint = w.endpoint(row)
	if len(row.Endpoint) > w.lim.NameBytes {
		row.Endpoint = cut(row.Endpoint, w.lim.NameBytes)
	}
	row.Arrived = w.now
	w.shaper.Span(row)
}

func (w *work) spanEvents(row *telemetry.Span, events ptrace.SpanEventSlice) {
	if events.Len() == 0 {
		return
	}
	start := len(w.events)
	for i, e := range events.All() {
		if i >= w.lim.Events {
			w.flags |= telemetry.Truncated
			w.many = true
			break
		}
		ev := telemetry.SpanEvent{
			Time:  int64(e.Timestamp()),
			Name:  w.text(e.Name(), w.lim.NameBytes),
			Attrs: w.mapAttrs(e.Attributes(), nil),
		}
		if ev.Time < w.oldest || ev.Time > w.newest {
			ev.Time = row.Time // within its span, wherever that was put
		}
		if typ, ok := telemetry.Get(ev.Attrs, "exception.type"); ok || ev.Name == "exception" {
			row.Exception.Type = typ
			row.Exception.Message, _ = telemetry.Get(ev.Attrs, "exception.message")
			row.Exception.Stack, _ = telemetry.Get(ev.Attrs, "exception.stacktrace")
		}
		w.events = append(w.events, ev)
	}
	row.Events = w.events[start:len(w.events):len(w.events)]
}

func (w *work) spanLinks(row *telemetry.Span, links ptrace.SpanLinkSlice) {
	if links.Len() == 0 {
		return
	}
	start := len(w.links)
	for i, l := range links.All() {
		if i >= w.lim.Links {
			w.flags |= telemetry.Truncated
			w.many = true
			break
		}
		w.links = append(w.links, telemetry.SpanLink{
			TraceID: telemetry.TraceID(l.TraceID()),
			SpanID:  telemetry.SpanID(l.SpanID()),
			Attrs:   w.mapAttrs(l.Attributes(), nil),
		})
	}
	row.Links = w.links[start:len(w.links):len(w.links)]
}

// spanTaker folds the old attributes whose successor depends on the span or on the value.
type spanTaker struct{ server bool }

func (t spanTaker) take(w *work, r role, k *keyInfo, v pcommon.Value) bool {
	switch r {
	case rolePeerName, rolePeerPort:
		name := semconv.Peer(k.name, t.server)
		w.old = append(w.old, telemetry.Attr{Key: name, Value: w.value(name, w.key(name), v)})
	case roleTarget:
		path, query := semconv.SplitTarget(v.AsString())
		w.old = append(w.old, telemetry.Attr{Key: "url.path", Value: w.text(path, w.lim.ValueBytes)})
		if query != "" {
			w.old = append(w.old, telemetry.Attr{Key: "url.query", Value: w.text(query, w.lim.ValueBytes)})
		}
	case roleHost:
		address, port := semconv.SplitHost(v.AsString())
		w.old = append(w.old, telemetry.Attr{Key: "server.address", Value: w.text(address, w.lim.ValueBytes)})
		if port != "" {
			w.old = append(w.old, telemetry.Attr{Key: "server.port", Value: w.text(port, w.lim.ValueBytes)})
		}
	default:
		return false
	}
	return true
}

func describeSpan(row *telemetry.Span) string {
	var b strings.Builder
	b.WriteString("service=" + row.Service)
	if row.Env != "" {
		b.WriteString(" env=" + row.Env)
	}
	b.WriteString(" trace_id=" + row.TraceID.String() + " name=" + row.Name)
	describeAttrs(&b, row.Attrs)
	return cut(b.String(), exampleBytes)
}
