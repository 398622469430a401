package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// checkText fails when a text that is to be stored cannot be.
func checkText(t *testing.T, what, s string, limit int) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("%s is not UTF-8: %q", what, s)
	}
	if len(s) > limit {
		t.Fatalf("%s has %d bytes, the limit is %d", what, len(s), limit)
	}
}

func checkAttrs(t *testing.T, attrs []telemetry.Attr, lim Limits) {
	t.Helper()
	// The few that are split from old ones come on top.
	if len(attrs) > lim.Attributes+8 {
		t.Fatalf("%d attributes", len(attrs))
	}
	for i, a := range attrs {
		checkText(t, "a key", a.Key, lim.KeyBytes)
		checkText(t, "a value", a.Value, lim.BodyBytes)
		if i > 0 && a.Key <= attrs[i-1].Key {
			t.Fatalf("attributes out of order: %q after %q", a.Key, attrs[i-1].Key)
		}
	}
}

func checkSource(t *testing.T, s telemetry.Source, lim Limits) {
	t.Helper()
	if s.Service == "" {
		t.Fatal("a row without a service")
	}
	for _, x := range []string{s.Service, s.Env, s.Version, s.Instance, s.Host} {
		checkText(t, "a part of the source", x, lim.KeyBytes)
	}
	checkAttrs(t, s.Attrs, lim)
}

// Whatever decodes becomes rows that can be stored: UTF-8, within the limits, in order.
func FuzzLogs(f *testing.F) {
	f.Add(benchLogs(2), false)
	f.Add(deepLog(20), false)
	f.Add(deepLog(33), false)
	f.Add([]byte(`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795338764123456789","severityNumber":17,"body":{"kvlistValue":{"values":[{"key":"msg","value":{"stringValue":"m"}}]}}}]}]}]}`), true)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"{\"level\":50,\"msg\":\"a\",\"err\":{\"stack\":\"E: x\\n    at f (a:1)\"}}"},"attributes":[{"key":"traceparent","value":{"stringValue":"00-`+traceHex+`-`+spanHex+`-01"}}]}]}]}]}`), true)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"arrayValue":{"values":[{"bytesValue":"AQI="},{"doubleValue":"NaN"}]}}}]}]}]}`), true)
	lim := Limits{Attributes: 16, ValueBytes: 64, BodyBytes: 256, KeyBytes: 32, NameBytes: 32, Rows: 50}.withDefaults()
	w := newTestWork(f, lim, Redaction{})
	f.Fuzz(func(t *testing.T, b []byte, asJSON bool) {
		req := plogotlp.NewExportRequest()
		var err error
		if asJSON {
			if measureJSON(b, &lim) != nil || !json.Valid(b) {
				return
			}
			err = req.UnmarshalJSON(b)
		} else {
			if measureProto(telemetry.Logs, b, &lim) != nil {
				return
			}
			err = req.UnmarshalProto(b)
		}
		if err != nil {
			return
		}
		w.reset(testNow)
		defer w.release()
		w.normaliseLogs(req.Logs(), everyone)
		if n, _ := w.tally.rejected(); int64(len(w.logs))+n != int64(req.Logs().LogRecordCount()) {
			t.Fatalf("%d stored and %d refused of %d", len(w.logs), n, req.Logs().LogRecordCount())
		}
		for i := range w.logs {
			r := &w.logs[i]
			checkSource(t, r.Source, lim)
			checkAttrs(t, r.Attrs, lim)
			checkText(t, "the body", r.Body, lim.BodyBytes)
			checkText(t, "the stack", r.Exception.Stack, lim.BodyBytes)
			checkText(t, "the message", r.Exception.Message, lim.ValueBytes)
			checkText(t, "the type", r.Exception.Type, lim.NameBytes)
			checkText(t, "the scope", r.Scope, lim.NameBytes)
			checkText(t, "the event", r.Event, lim.NameBytes)
			checkText(t, "the severity's text", r.SeverityText, lim.KeyBytes)
			if r.Severity > 24 || r.Time < w.oldest || r.Time > w.newest || r.Observed < w.oldest || r.Observed > w.newest {
				t.Fatalf("severity %d, time %d, observed %d", r.Severity, r.Time, r.Observed)
			}
		}
	})
}

func FuzzSpans(f *testing.F) {
	f.Add(benchSpans(2), false)
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"`+traceHex+`","spanId":"`+spanHex+`","name":"n","kind":2,"startTimeUnixNano":"1795338764123456789","endTimeUnixNano":"1","attributes":[{"key":"http.target","value":{"stringValue":"/a?b"}},{"key":"http.host","value":{"intValue":"5"}}],"events":[{"name":"exception"}],"links":[{}]}]}]}]}`), true)
	lim := Limits{Attributes: 16, ValueBytes: 64, BodyBytes: 256, KeyBytes: 32, NameBytes: 32, Rows: 50, Events: 4, Links: 4}.withDefaults()
	w := newTestWork(f, lim, Redaction{})
	f.Fuzz(func(t *testing.T, b []byte, asJSON bool) {
		req := ptraceotlp.NewExportRequest()
		var err error
		if asJSON {
			if measureJSON(b, &lim) != nil || !json.Valid(b) {
				return
			}
			err = req.UnmarshalJSON(b)
		} else {
			if measureProto(telemetry.Spans, b, &lim) != nil {
				return
			}
			err = req.UnmarshalProto(b)
		}
		if err != nil {
			return
		}
		w.reset(testNow)
		defer w.release()
		w.normaliseSpans(req.Traces(), everyone)
		if n, _ := w.tally.rejected(); int64(len(w.spans))+n != int64(req.Traces().SpanCount()) {
			t.Fatalf("%d stored and %d refused of %d", len(w.spans), n, req.Traces().SpanCount())
		}
		for i := range w.spans {
			r := &w.spans[i]
			checkSource(t, r.Source, lim)
			checkAttrs(t, r.Attrs, lim)
			for _, x := range []string{r.Name, r.Scope, r.TraceState, r.Endpoint} {
				checkText(t, "a name", x, lim.NameBytes)
			}
			checkText(t, "the status", r.StatusMessage, lim.ValueBytes)
			if r.TraceID.IsZero() || r.SpanID.IsZero() || r.Duration < 0 || r.Time < w.oldest || r.Time > w.newest || len(r.Events) > 4 || len(r.Links) > 4 {
				t.Fatalf("row: %+v", r)
			}
			for _, e := range r.Events {
				checkAttrs(t, e.Attrs, lim)
				checkText(t, "an event's name", e.Name, lim.NameBytes)
			}
			for _, l := range r.Links {
				checkAttrs(t, l.Attrs, lim)
			}
		}
	})
}

func FuzzMetrics(f *testing.F) {
	f.Add([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"dataPoints":[{"timeUnixNano":"1795338764123456789","asInt":"5","attributes":[{"key":"http.method","value":{"stringValue":"GET"}},{"key":"http.request.method","value":{"stringValue":"PUT"}}]}]}}]}]}]}`))
	f.Add([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"h","histogram":{"dataPoints":[{"timeUnixNano":"1795338764123456789","count":"3","bucketCounts":["1","2"],"explicitBounds":[1]}]}},{"name":"e","exponentialHistogram":{"dataPoints":[{"timeUnixNano":"1795338764123456789","scale":3}]}},{"name":"s","summary":{"dataPoints":[{}]}}]}]}]}`))
	lim := Limits{Attributes: 8, ValueBytes: 64, BodyBytes: 256, KeyBytes: 32, NameBytes: 32, Rows: 20}.withDefaults()
	w := newTestWork(f, lim, Redaction{})
	f.Fuzz(func(t *testing.T, b []byte) {
		req := pmetricotlp.NewExportRequest()
		if measureJSON(b, &lim) != nil || !json.Valid(b) || req.UnmarshalJSON(b) != nil {
			return
		}
		w.reset(testNow)
		defer w.release()
		md := req.Metrics()
		sent := md.DataPointCount()
		points := w.normaliseMetrics(md, everyone)
		if points != md.DataPointCount() || points > sent || points > lim.Rows {
			t.Fatalf("%d points, %d left of %d", points, md.DataPointCount(), sent)
		}
		for _, rm := range md.ResourceMetrics().All() {
			for k, v := range rm.Resource().Attributes().All() {
				checkText(t, "a key", k, lim.KeyBytes)
				checkText(t, "a value", v.Str(), lim.BodyBytes)
			}
		}
		if _, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto(); err != nil {
			t.Fatal(err)
		}
	})
}

// Our reader of JSON bodies agrees with the standard library on what is an object and on
// what its texts say.
func FuzzJSONBody(f *testing.F) {
	for _, s := range []string{
		`{"a":1}`, `{"a":{"b":{"c":{"d":{"e":[1,{"f":null}]}}}}}`, `{"a":"\u00e9\ud83d\ude00\ud83dx\n\/"}`, `{"a":-0.5e+10,"b":true,"c":false,"d":null}`,
		`{"a":01}`, `{"a":1,}`, `{}`, ` {"a" : [ ] } `, `{"a":"` + "\x01" + `"}`, `{"a":1}{`, `{"a":.5}`, `{"":""}`, `{"a":"\x"}`,
	} {
		f.Add(s)
	}
	w := newTestWork(f, Limits{}, Redaction{})
	f.Fuzz(func(t *testing.T, s string) {
		ok := w.parseJSON(s)
		var want map[string]any
		valid := strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{") && json.Unmarshal([]byte(s), &want) == nil
		if ok && !valid {
			t.Fatalf("read what is no object: %q", s)
		}
		if valid && !ok && len(s) < 1000 && strings.Count(s, "[")+strings.Count(s, "{") < 30 {
			t.Fatalf("did not read %q", s)
		}
		if !ok || !utf8.ValidString(s) {
			return
		}
		last := map[string]field{}
		for _, fd := range w.fields {
			last[fd.key] = fd
		}
		for k, v := range want {
			if text, isText := v.(string); isText && last[k].kind == kindString && last[k].value != text && strings.Count(s, k) == 1 {
				t.Fatalf("%q: field %q is %q, want %q", s, k, last[k].value, text)
			}
		}
	})
}

// Whatever arrives as a body, in whatever compression it claims, is answered and leaves
// nothing behind.
func FuzzHTTP(f *testing.F) {
	f.Add(benchLogs(1), "", protobufType)
	f.Add(gz(benchLogs(1)), "gzip", protobufType)
	f.Add(gz(bytes.Repeat([]byte{0}, 1<<20)), "gzip", protobufType)
	f.Add([]byte("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00"), "zstd", protobufType)
	f.Add([]byte(`{"resourceLogs":[]}`), "", jsonType)
	s, err := New(Options{
		HTTP: "127.0.0.1:0", Codec: noCodec{}, Clock: clock.Real{}, IDs: id.NewSequence(clock.Real{}), Limits: Limits{RequestBytes: 64 << 10},
		Append: func(context.Context, telemetry.Signal, []byte, int) error { return nil },
	})
	if err != nil {
		f.Fatal(err)
	}
	h := httpServer{s}
	f.Fuzz(func(t *testing.T, b []byte, encoding, kind string) {
		req := httptest.NewRequest(http.MethodPost, "http://localhost/v1/logs", bytes.NewReader(b))
		req.Header.Set("Content-Encoding", encoding)
		req.Header.Set("Content-Type", kind)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		switch rec.Code {
		case 200, 400, 413, 415:
		default:
			t.Fatalf("answered %d", rec.Code)
		}
		if s.gate.bytes.Load() != 0 || s.gate.requests.Load() != 0 {
			t.Fatal("something is still held")
		}
	})
}
