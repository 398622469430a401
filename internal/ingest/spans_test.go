package ingest

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func spanWork(t testing.TB, lim Limits, fill func(ptrace.Span)) *work {
	t.Helper()
	w := newTestWork(t, lim, Redaction{})
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{2})
	s.SetName("name")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(testNow))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(testNow.Add(time.Second)))
	fill(s)
	w.normaliseSpans(td, everyone)
	return w
}

func oneSpan(t testing.TB, fill func(ptrace.Span)) telemetry.Span {
	t.Helper()
	w := spanWork(t, Limits{}, fill)
	if len(w.spans) != 1 {
		t.Fatalf("%d rows", len(w.spans))
	}
	return w.spans[0]
}

func TestEndpoint(t *testing.T) {
	for _, c := range []struct {
		name, span string
		kind       ptrace.SpanKind
		attrs      map[string]string
		want       string
	}{
		{"http", "GET", ptrace.SpanKindServer, map[string]string{"http.request.method": "GET", "http.route": "/cart/{id}"}, "GET /cart/{id}"},
		{"old http", "x", ptrace.SpanKindServer, map[string]string{"http.method": "POST", "http.route": "/a", "http.target": "/a?b=c"}, "POST /a"},
		{"no route", "GET", ptrace.SpanKindServer, map[string]string{"http.method": "GET", "http.target": "/users/123"}, "GET /users/{id}"},
		{"no route, but in the name", "GET /users/:id", ptrace.SpanKindServer, map[string]string{"http.method": "GET", "http.target": "/users/123"}, "GET /users/:id"},
		{"no route, a raw name", "GET /users/123", ptrace.SpanKindServer, map[string]string{"http.method": "GET"}, "GET /users/{id}"},
		{"grpc", "x", ptrace.SpanKindServer, map[string]string{"rpc.system": "grpc", "rpc.service": "cart.v1.Cart", "rpc.method": "Add"}, "cart.v1.Cart/Add"},
		{"grpc, qualified", "x", ptrace.SpanKindServer, map[string]string{"rpc.method": "cart.v1.Cart/Add"}, "cart.v1.Cart/Add"},
		{"graphql", "POST /graphql", ptrace.SpanKindServer, map[string]string{"http.request.method": "POST", "http.route": "/graphql", "graphql.operation.type": "query", "graphql.operation.name": "Cart"}, "query Cart"},
		{"consumer", "orders process", ptrace.SpanKindConsumer, map[string]string{"messaging.operation": "process", "messaging.destination": "orders"}, "process orders"},
		{"temporary queue", "x", ptrace.SpanKindConsumer, map[string]string{"messaging.operation.type": "receive", "messaging.destination.name": "amq.gen-1", "messaging.destination.temporary": "true"}, "receive (temporary)"},
		{"nothing known", "tick", ptrace.SpanKindServer, nil, "tick"},
		{"a client has none", "GET", ptrace.SpanKindClient, map[string]string{"http.request.method": "GET", "http.route": "/x"}, ""},
		{"internal has none", "work", ptrace.SpanKindInternal, nil, ""},
	} {
		row := oneSpan(t, func(s ptrace.Span) {
			s.SetName(c.span)
			s.SetKind(c.kind)
			for k, v := range c.attrs {
				s.Attributes().PutStr(k, v)
			}
		})
		if row.Endpoint != c.want {
			t.Errorf("%s: %q, want %q", c.name, row.Endpoint, c.want)
		}
	}
}

func TestSpanFolding(t *testing.T) {
	row := oneSpan(t, func(s ptrace.Span) {
		s.SetKind(ptrace.SpanKindServer)
		a := s.Attributes()
		a.PutStr("http.target", "/pay?token=abc&x=1")
		a.PutStr("http.host", "shop.example:8080")
		a.PutStr("net.peer.name", "10.0.0.1")
		a.PutInt("net.peer.port", 5)
		a.PutInt("rpc.grpc.status_code", 4)
		a.PutStr("db.statement", "SELECT '4111 1111 1111 1111'")
		a.PutStr("http.request.header.authorization", "Bearer x")
		a.PutStr("url.path", "/current") // wins over the half of http.target
	})
	want := "client.address=10.0.0.1 client.port=5 db.query.text=SELECT '[redacted:card]' http.request.header.authorization=[redacted:authorization] " +
		"rpc.response.status_code=DEADLINE_EXCEEDED server.address=shop.example server.port=8080 url.path=/current url.query=token=[redacted:secret]&x=1"
	if got := attrString(row.Attrs); got != want {
		t.Errorf("attributes\n got %s\nwant %s", got, want)
	}
	row = oneSpan(t, func(s ptrace.Span) {
		s.SetKind(ptrace.SpanKindClient)
		s.Attributes().PutStr("net.peer.name", "db")
	})
	if got := attrString(row.Attrs); got != "server.address=db" {
		t.Errorf("a client's peer: %s", got)
	}
}

func TestSpanTimes(t *testing.T) {
	for _, c := range []struct {
		name       string
		start, end time.Duration
		duration   time.Duration
		at         time.Duration
		skewed     bool
	}{
		{"as sent", -time.Hour, -time.Hour + time.Second, time.Second, -time.Hour, false},
		{"ends before it starts", 0, -time.Second, 0, 0, true},
		{"of the far future", time.Hour, time.Hour + time.Second, time.Second, 0, true},
		{"empty", 0, 0, 0, 0, false},
	} {
		row := oneSpan(t, func(s ptrace.Span) {
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(testNow.Add(c.start)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(testNow.Add(c.end)))
		})
		if row.Duration != int64(c.duration) || row.Time-testNow.UnixNano() != int64(c.at) || (row.Flags&telemetry.Skewed != 0) != c.skewed {
			t.Errorf("%s: %v from now, lasts %v, flags %b", c.name, time.Duration(row.Time-testNow.UnixNano()), time.Duration(row.Duration), row.Flags)
		}
	}
	row := oneSpan(t, func(s ptrace.Span) { s.SetStartTimestamp(0) })
	if row.Duration != 0 || row.Flags&telemetry.Skewed == 0 || row.Time != testNow.UnixNano() {
		t.Errorf("without a start: %+v", row)
	}
	row = oneSpan(t, func(s ptrace.Span) { s.SetEndTimestamp(pcommon.Timestamp(1<<64 - 1)) })
	if row.Duration != 0 || row.Flags&telemetry.Skewed == 0 {
		t.Errorf("with an end beyond all time: %v", row.Duration)
	}
}

func TestSpanEventsLinksAndIDs(t *testing.T) {
	w := spanWork(t, Limits{Events: 2, Links: 1}, func(s ptrace.Span) {
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage("failed with password=x")
		for _, m := range []string{"first", "second", "third"} {
			e := s.Events().AppendEmpty()
			e.SetName("exception")
			e.SetTimestamp(pcommon.NewTimestampFromTime(testNow))
			e.Attributes().PutStr("exception.type", "E")
			e.Attributes().PutStr("exception.message", m)
		}
		for i := range 2 {
			l := s.Links().AppendEmpty()
			l.SetTraceID(pcommon.TraceID{byte(i + 1)})
			l.Attributes().PutStr("a", "b")
		}
	})
	row := w.spans[0]
	if row.Exception != (telemetry.Exception{Type: "E", Message: "second"}) || len(row.Events) != 2 || len(row.Links) != 1 {
		t.Errorf("row: %+v", row)
	}
	if row.Status != telemetry.StatusError || row.StatusMessage != "failed with password=[redacted:password]" {
		t.Errorf("status: %v %q", row.Status, row.StatusMessage)
	}
	if row.Flags != telemetry.Truncated|telemetry.Redacted {
		t.Errorf("flags %b", row.Flags)
	}
	for _, fill := range []func(ptrace.Span){
		func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) },
		func(s ptrace.Span) { s.SetSpanID(pcommon.SpanID{}) },
	} {
		w := spanWork(t, Limits{}, fill)
		if n, most := w.tally.rejected(); len(w.spans) != 0 || n != 1 || most != MissingIDs || w.tally.refused[0].example == "" {
			t.Errorf("a span without ids: %d rows, %d refused, %s", len(w.spans), n, most)
		}
	}
}

// What one request leaves in a reused work must not show in the next.
func TestWorkIsCleanWhenReused(t *testing.T) {
	w := newTestWork(t, Limits{}, Redaction{})
	td := ptrace.NewTraces()
	if err := unmarshalSpans(td, benchSpans(50)); err != nil {
		t.Fatal(err)
	}
	w.normaliseSpans(td, everyone)
	if len(w.spans) != 50 {
		t.Fatal(len(w.spans))
	}
	w.release()
	w.reset(testNow)
	one := ptrace.NewTraces()
	s := one.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{1})
	w.normaliseSpans(one, everyone)
	row := w.spans[0]
	if row.Service != unknownService || row.Env != "" || row.Attrs != nil || row.Source.Attrs != nil || row.Scope != "" || row.Name != "" || row.Events != nil {
		t.Errorf("the row holds what was there before: %+v", row)
	}
}
