package main

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// The load would measure something else if patching broke a request.
func TestPatchMovesTimesAndRenewsTraceIDsAndNothingElse(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	logs := newLoad("logs", requestRows)
	seen := map[[16]byte]bool{}
	for n := range uint64(80) {
		before, after := plogotlp.NewExportRequest(), plogotlp.NewExportRequest()
		body := logs.bodies[n%templates]
		if err := before.UnmarshalProto(body); err != nil {
			t.Fatal(err)
		}
		if err := after.UnmarshalProto(patch(body, at, n)); err != nil {
			t.Fatal(err)
		}
		b := before.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		a := after.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		for i := range a.Len() {
			if got := a.At(i).Timestamp().AsTime(); got.Sub(at) != time.Duration(i) {
				t.Fatalf("row %d is at %s", i, got)
			}
			if a.At(i).Body().Str() != b.At(i).Body().Str() || !a.At(i).Attributes().Equal(b.At(i).Attributes()) {
				t.Fatalf("row %d changed", i)
			}
			if id := a.At(i).TraceID(); seen[id] {
				t.Fatalf("trace id %s twice", id)
			} else {
				seen[id] = true
			}
		}
	}
	spans := newLoad("spans", requestRows)
	for n := range uint64(80) {
		before, after := ptraceotlp.NewExportRequest(), ptraceotlp.NewExportRequest()
		body := spans.bodies[n%templates]
		if err := before.UnmarshalProto(body); err != nil {
			t.Fatal(err)
		}
		if err := after.UnmarshalProto(patch(body, at, n)); err != nil {
			t.Fatal(err)
		}
		b := before.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		a := after.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range a.Len() {
			if a.At(i).EndTimestamp()-a.At(i).StartTimestamp() != b.At(i).EndTimestamp()-b.At(i).StartTimestamp() {
				t.Fatalf("span %d changed its duration", i)
			}
			if !a.At(i).Attributes().Equal(b.At(i).Attributes()) || a.At(i).SpanID() != b.At(i).SpanID() {
				t.Fatalf("span %d changed", i)
			}
			if got := a.At(i).StartTimestamp().AsTime().Sub(at); got < 0 || got > time.Second {
				t.Fatalf("span %d begins %s off", i, got)
			}
		}
	}
}
