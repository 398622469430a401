package ingest

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// oneLog normalises one record that fill makes.
func oneLog(t testing.TB, fill func(plog.LogRecord)) telemetry.Log {
	t.Helper()
	w := newTestWork(t, Limits{}, Redaction{})
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(testNow))
	fill(r)
	w.normaliseLogs(ld, everyone)
	if len(w.logs) != 1 {
		t.Fatalf("%d rows", len(w.logs))
	}
	return w.logs[0]
}

func bodyLog(t testing.TB, body string) telemetry.Log {
	t.Helper()
	return oneLog(t, func(r plog.LogRecord) { r.Body().SetStr(body) })
}

func attrString(attrs []telemetry.Attr) string {
	var parts []string
	for _, a := range attrs {
		parts = append(parts, a.Key+"="+a.Value)
	}
	return strings.Join(parts, " ")
}

const (
	traceHex = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanHex  = "00f067aa0ba902b7"
)

// Bodies as common loggers write them.
func TestLogBodies(t *testing.T) {
	for _, c := range []struct {
		name, in string
		body     string
		level    string
		trace    string
		attrs    string
		exc      telemetry.Exception
		scope    string
	}{
		{name: "plain", in: "hello", body: "hello"},
		{name: "pino", in: `{"level":50,"time":1795338764000,"pid":7,"msg":"boom","err":{"type":"TypeError","message":"x is undefined","stack":"TypeError: x is undefined\n    at f (a.js:1:2)"}}`,
			body: "boom", level: "error", attrs: "pid=7", exc: telemetry.Exception{Type: "TypeError", Message: "x is undefined", Stack: "TypeError: x is undefined\n    at f (a.js:1:2)"}},
		{name: "bunyan", in: `{"name":"app","hostname":"h","level":30,"msg":"started","time":"2026-11-22T09:00:00.000Z","v":0}`,
			body: "started", level: "info", attrs: "hostname=h name=app v=0"},
		{name: "zap", in: `{"level":"error","ts":1795338764.123,"logger":"cart","caller":"cart.go:12","msg":"cannot add","error":"no stock"}`,
			body: "cannot add", level: "error", attrs: "caller=cart.go:12 error=no stock", exc: telemetry.Exception{Message: "no stock"}, scope: "cart"},
		{name: "logrus", in: `{"level":"warning","msg":"slow","time":"2026-11-22T09:00:00+09:00","animal":"walrus"}`,
			body: "slow", level: "warn", attrs: "animal=walrus"},
		{name: "slog", in: `{"time":"2026-11-22T09:00:00.1Z","level":"INFO","msg":"hi","user":{"id":7,"tier":"gold"}}`,
			body: "hi", level: "info", attrs: "user.id=7 user.tier=gold"},
		{name: "logback", in: `{"@timestamp":"2026-11-22T09:00:00.000Z","@version":"1","message":"failed","logger_name":"com.x.Y","thread_name":"main","level":"ERROR","level_value":40000,"stack_trace":"java.lang.IllegalStateException: no stock\n\tat com.x.Y.z(Y.java:3)"}`,
			body: "failed", level: "error", attrs: "@version=1 level_value=40000 thread_name=main", scope: "com.x.Y",
			exc: telemetry.Exception{Type: "java.lang.IllegalStateException", Message: "no stock", Stack: "java.lang.IllegalStateException: no stock\n\tat com.x.Y.z(Y.java:3)"}},
		{name: "ecs nested", in: `{"@timestamp":"2026-11-22T09:00:00.000Z","log":{"level":"warn","logger":"a.b"},"message":"m","trace":{"id":"` + traceHex + `"},"error":{"type":"E","message":"em"}}`,
			body: "m", level: "warn", trace: traceHex, scope: "a.b", attrs: "error.type=E", exc: telemetry.Exception{Type: "E", Message: "em"}},
		{name: "serilog", in: `{"@t":"2026-11-22T09:00:00Z","@mt":"Hello {Name}","@m":"Hello Bob","@l":"Warning","Name":"Bob","@tr":"` + traceHex + `"}`,
			body: "Hello Bob", level: "warn", trace: traceHex, attrs: "@mt=Hello {Name} Name=Bob"},
		{name: "google", in: `{"severity":"CRITICAL","message":"down","logging.googleapis.com/trace":"projects/p/traces/` + traceHex + `","logging.googleapis.com/spanId":"` + spanHex + `"}`,
			body: "down", level: "fatal", trace: traceHex},
		{name: "lambda", in: `{"timestamp":"2026-11-22T09:00:00Z","level":"ERROR","requestId":"r-1","errorType":"Error","errorMessage":"bad","stackTrace":["Error: bad","    at f (a.js:1:2)"],"message":"failed"}`,
			body: "failed", level: "error", attrs: "requestId=r-1", exc: telemetry.Exception{Type: "Error", Message: "bad", Stack: "Error: bad\n    at f (a.js:1:2)"}},
		{name: "structlog", in: `{"event":"user logged in","level":"info","user":"x"}`, body: "user logged in", level: "info", attrs: "user=x"},
		{name: "python levelno", in: `{"message":"m","levelno":40}`, body: "m", level: "error"},
		{name: "gelf", in: `{"version":"1.1","short_message":"m","level":3,"host":"h"}`, body: "m", level: "error", attrs: "host=h version=1.1"},
		{name: "datadog", in: `{"message":"m","dd.trace_id":"1234","dd.span_id":"5"}`, body: "m", trace: "000000000000000000000000000004d2"},
		{name: "lograge", in: `{"method":"GET","path":"/","status":200,"duration":1.5}`, body: `{"method":"GET","path":"/","status":200,"duration":1.5}`, attrs: "duration=1.5 method=GET path=/ status=200"},
		{name: "redacted within", in: `{"message":"login","password":"hunter2","card":4111111111111111}`, body: "login", attrs: "card=[redacted:card] password=[redacted:password]"},
		{name: "arrays stay json", in: `{"msg":"m","tags":["a","b"],"deep":{"a":{"b":{"c":{"d":1}}}}}`, body: "m", attrs: `deep.a.b.c={"d":1} tags=["a","b"]`},
		{name: "escapes", in: `{"msg":"a\u00e9\n\ud83d\ude00"}`, body: "aé\n😀"},
		{name: "not json", in: `{"msg":"unfinished`, body: `{"msg":"unfinished`},
		{name: "json and more", in: `{"msg":"a"} trailing`, body: `{"msg":"a"} trailing`},
		{name: "logfmt", in: `ts=2026-11-22 level=warn msg="disk low" trace_id=` + traceHex, body: `ts=2026-11-22 level=warn msg="disk low" trace_id=` + traceHex, level: "warn", trace: traceHex},
		{name: "text layout", in: "2026-11-22 09:12:44,123 [main] ERROR c.e.Shop - no", body: "2026-11-22 09:12:44,123 [main] ERROR c.e.Shop - no", level: "error"},
		{name: "traceback", in: "ERROR:root:failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nValueError: no stock",
			body: "ERROR:root:failed\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nValueError: no stock", level: "error",
			exc: telemetry.Exception{Type: "ValueError", Message: "no stock", Stack: "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nValueError: no stock"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := bodyLog(t, c.in)
			if row.Body != c.body {
				t.Errorf("body %q, want %q", row.Body, c.body)
			}
			if row.Severity.Level() != c.level {
				t.Errorf("level %q, want %q", row.Severity.Level(), c.level)
			}
			if row.TraceID.String() != c.trace {
				t.Errorf("trace %q, want %q", row.TraceID, c.trace)
			}
			if got := attrString(row.Attrs); got != c.attrs {
				t.Errorf("attributes %q, want %q", got, c.attrs)
			}
			if row.Exception != c.exc {
				t.Errorf("exception %+v, want %+v", row.Exception, c.exc)
			}
			if row.Scope != c.scope {
				t.Errorf("scope %q, want %q", row.Scope, c.scope)
			}
		})
	}
}

func TestLogValues(t *testing.T) {
	row := oneLog(t, func(r plog.LogRecord) {
		m := r.Body().SetEmptyMap()
		m.PutStr("message", "from a map")
		m.PutInt("n", 7)
		m.PutEmptyMap("o").PutBool("b", true)
		a := r.Attributes()
		a.PutStr("z", "last")
		a.PutStr("http.method", "GET") // old
		a.PutStr("http.request.method", "POST")
		a.PutDouble("ratio", 0.5)
		a.PutEmptySlice("list").AppendEmpty().SetStr("x\"y")
		a.PutEmptyBytes("raw").FromRaw([]byte{1, 2})
		a.PutEmpty("none")
		a.PutStr("exception.type", "E")
		a.PutStr("exception.message", "m")
		a.PutStr("exception.stacktrace", "s")
		a.PutStr("event.name", "login")
		a.PutStr("db.system", "mssql")
	})
	if row.Body != "from a map" || row.Event != "login" || row.Exception != (telemetry.Exception{Type: "E", Message: "m", Stack: "s"}) {
		t.Errorf("row: %+v", row)
	}
	want := `db.system.name=microsoft.sql_server http.request.method=POST list=["x\"y"] n=7 none= o.b=true ratio=0.5 raw=AQI= z=last`
	if got := attrString(row.Attrs); got != want {
		t.Errorf("attributes\n got %s\nwant %s", got, want)
	}
	row = oneLog(t, func(r plog.LogRecord) { r.Body().SetEmptyMap().PutInt("n", 1) })
	if row.Body != `{"n":1}` || attrString(row.Attrs) != "n=1" {
		t.Errorf("a map without a message: %+v", row)
	}
	row = oneLog(t, func(r plog.LogRecord) { r.Body().SetEmptySlice().AppendEmpty().SetInt(1) })
	if row.Body != `[1]` {
		t.Errorf("a list: %q", row.Body)
	}
}

// An error that is an object, as pino's serializer makes it and the instrumentation sends it.
func TestErrorAttribute(t *testing.T) {
	for _, name := range []string{"err", "error", "exception"} {
		row := oneLog(t, func(r plog.LogRecord) {
			r.Body().SetStr("request failed")
			e := r.Attributes().PutEmptyMap(name)
			e.PutStr("type", "StockError")
			e.PutStr("message", "在庫サービスの接続エラー")
			e.PutStr("stack", "StockError: x\n    at get (/srv/app.js:22:14)")
			e.PutInt("code", 503)
		})
		want := telemetry.Exception{Type: "StockError", Message: "在庫サービスの接続エラー", Stack: "StockError: x\n    at get (/srv/app.js:22:14)"}
		if row.Exception != want {
			t.Errorf("%s: %+v", name, row.Exception)
		}
		// error.type is an attribute of its own in the conventions, so it stays one too.
		if v, _ := telemetry.Get(row.Attrs, name+".code"); v != "503" || name != "error" && len(row.Attrs) != 1 {
			t.Errorf("%s: attributes %v", name, row.Attrs)
		}
	}
}

func TestLogTimes(t *testing.T) {
	at := func(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(testNow.Add(d)) }
	for _, c := range []struct {
		name           string
		time, observed pcommon.Timestamp
		body           string
		want           time.Duration // from now
		skewed         bool
	}{
		{"as sent", at(-time.Minute), at(-time.Second), "", -time.Minute, false},
		{"observed stands in", 0, at(-time.Second), "", -time.Second, false},
		{"the body's own", 0, at(-time.Second), `{"msg":"m","ts":"` + testNow.Add(-time.Hour).Format(time.RFC3339Nano) + `"}`, -time.Hour, false},
		{"none at all", 0, 0, "", 0, true},
		{"far ahead", at(time.Hour), at(0), "", 0, true},
		{"a little ahead", at(9 * time.Minute), at(0), "", 9 * time.Minute, false},
		{"long ago", at(-31 * 24 * time.Hour), at(0), "", 0, true},
		{"an hour late", at(-time.Hour), at(0), "", -time.Hour, false},
		{"overflow", pcommon.Timestamp(1 << 63), pcommon.Timestamp(1<<64 - 1), "", 0, true},
		{"seconds for nanoseconds", pcommon.Timestamp(testNow.Unix()), 0, "", 0, true},
	} {
		row := oneLog(t, func(r plog.LogRecord) {
			r.SetTimestamp(c.time)
			r.SetObservedTimestamp(c.observed)
			r.Body().SetStr(c.body)
		})
		if got := time.Duration(row.Time - testNow.UnixNano()); got != c.want {
			t.Errorf("%s: %v from now, want %v", c.name, got, c.want)
		}
		if got := row.Flags&telemetry.Skewed != 0; got != c.skewed {
			t.Errorf("%s: skewed %v, want %v", c.name, got, c.skewed)
		}
	}
}

func TestLogRepairs(t *testing.T) {
	row := oneLog(t, func(r plog.LogRecord) {
		r.Body().SetStr("caf\xe9 接続")
		r.Attributes().PutStr("k\xff", "v\xfe")
		r.SetSeverityText("W\xffRN")
	})
	if row.Body != "caf\uFFFD 接続" || attrString(row.Attrs) != "k\uFFFD=v\uFFFD" || row.SeverityText != "W\uFFFDRN" || row.Flags != telemetry.Repaired {
		t.Errorf("row: %+v", row)
	}
	if row := bodyLog(t, "a\x00b"); row.Body != "a\x00b" || row.Flags != 0 {
		t.Errorf("NUL: %+v", row)
	}
}

func TestLogLimits(t *testing.T) {
	w := newTestWork(t, Limits{Attributes: 3, ValueBytes: 10, BodyBytes: 20, KeyBytes: 5, Rows: 2}, Redaction{})
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range 3 {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(testNow))
		r.Body().SetStr("日本語のとても長い本文です")
		for _, k := range []string{"d", "c", "b", "a", "longer-name"} {
			r.Attributes().PutStr(k, "012345678901234")
		}
	}
	w.normaliseLogs(ld, everyone)
	if len(w.logs) != 2 {
		t.Fatalf("%d rows, want 2", len(w.logs))
	}
	row := w.logs[0]
	if row.Body != "日本語のとて" { // 18 bytes: whole characters within 20
		t.Errorf("body %q", row.Body)
	}
	if got := attrString(row.Attrs); got != "b=0123456789 c=0123456789 d=0123456789" {
		t.Errorf("attributes %s", got)
	}
	if row.Flags != telemetry.Truncated {
		t.Errorf("flags %b", row.Flags)
	}
	counts := map[Reason]int64{}
	for _, r := range w.tally.refused {
		counts[r.reason] = r.n
	}
	if counts[TooManyRows] != 1 || counts[ValueLimit] != 2 || counts[AttributeLimit] != 2 {
		t.Errorf("counted %v", counts)
	}
	if n, most := w.tally.rejected(); n != 1 || most != TooManyRows {
		t.Errorf("rejected %d, %s", n, most)
	}
}

func TestSource(t *testing.T) {
	for _, c := range []struct {
		name string
		in   map[string]string
		want telemetry.Source
	}{
		{"nothing", nil, telemetry.Source{Service: "unknown_service"}},
		{"the sdk's default", map[string]string{"service.name": "unknown_service:java"}, telemetry.Source{Service: "unknown_service:java"}},
		{"kubernetes names it", map[string]string{"service.name": "unknown_service:java", "k8s.container.name": "app", "k8s.deployment.name": "cart", "k8s.pod.name": "cart-1"},
			telemetry.Source{Service: "cart", Instance: "cart-1", Host: "cart-1", Attrs: []telemetry.Attr{{Key: "k8s.container.name", Value: "app"}, {Key: "k8s.deployment.name", Value: "cart"}, {Key: "k8s.pod.name", Value: "cart-1"}}}},
		{"env by its short name", map[string]string{"service.name": "a", "env": "stg"}, telemetry.Source{Service: "a", Env: "stg", Attrs: []telemetry.Attr{{Key: "env", Value: "stg"}}}},
		{"the old and the new name", map[string]string{"service.name": "a", "deployment.environment": "old", "deployment.environment.name": "new"}, telemetry.Source{Service: "a", Env: "new"}},
		{"host and process", map[string]string{"service.name": "a", "host.name": "h", "process.pid": "12"}, telemetry.Source{Service: "a", Host: "h", Instance: "h:12", Attrs: []telemetry.Attr{{Key: "process.pid", Value: "12"}}}},
	} {
		for range 5 { // maps come in any order
			w := newTestWork(t, Limits{}, Redaction{})
			res := pcommon.NewResource()
			for k, v := range c.in {
				res.Attributes().PutStr(k, v)
			}
			got, flags := w.source(res)
			if got.Service != c.want.Service || got.Env != c.want.Env || got.Host != c.want.Host || got.Instance != c.want.Instance || attrString(got.Attrs) != attrString(c.want.Attrs) || flags != 0 {
				t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
			}
		}
	}
}

func TestBodyLevel(t *testing.T) {
	for in, want := range map[string]string{
		"ERROR something":     "error",
		"[warn] x":            "warn",
		"[INFO ] x":           "info",
		"error: no such file": "error",
		"E1122 09:12:44.123456       1 f.go:1] x":     "error",
		"I1122 09:12:44.123456       1 f.go:1] x":     "info",
		"E, [2026-11-22T09:12:44 #1] ERROR -- : boom": "error",
		"INFO:root:started":                           "info",
		"2026/11/22 09:12:44 [error] 7#7: *1 open()":  "error",
		"Nov 22 09:12:44 host app[1]: WARN x":         "warn",
		`time="2026" level=debug msg=x`:               "debug",
		"<3>disk failed":                              "error",
		"<14>x":                                       "info",
		"CRITICAL|x":                                  "fatal",
		"2026-11-22T09:12:44Z\tWARN\tmain\tx":         "warn",
		"09:12:44.123 [main] DEBUG a.b.C - x":         "debug",
		"no error occurred":                           "",
		"there was an error":                          "",
		"Information about x":                         "",
		"HTTP GET /":                                  "",
		"":                                            "",
		"警告":                                          "",
		"TRACE":                                       "trace",
	} {
		sev, _ := bodyLevel(in)
		if sev.Level() != want {
			t.Errorf("bodyLevel(%q) = %q, want %q", in, sev.Level(), want)
		}
	}
	for in, want := range map[string]telemetry.Severity{"INFO2": 10, "error4": 20, "Warning": 13, "x": 0, "W": 13, "notice": 10, "warn1": 0, "emerg": 24, "DEBUG3": 7} {
		if got := parseLevel(in); got != want {
			t.Errorf("parseLevel(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestStacks(t *testing.T) {
	for _, c := range []struct{ name, in, typ, msg, stack string }{
		{"java", "2026 ERROR failed: java.lang.RuntimeException: a: b\n\tat a.B.c(B.java:1)\n\tat d\nCaused by: x", "java.lang.RuntimeException", "a: b", "java.lang.RuntimeException"},
		{"node", "Uncaught TypeError: x is not a function\n    at f (/a.js:1:2)", "TypeError", "x is not a function", "TypeError"},
		{"dotnet", "Unhandled exception. System.InvalidOperationException: no\n   at A.B() in a.cs:line 1", "System.InvalidOperationException", "no", "System.Invalid"},
		{"java with lines", "x.YException: first\nsecond line\n\tat a.B.c(B.java:1)", "x.YException", "first\nsecond line", "x.YException"},
		{"python", "Traceback (most recent call last):\n  File \"a\", line 1\nKeyError: 'k'", "KeyError", "'k'", "Traceback"},
		{"go", "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.f()\n\t/a.go:1 +0x1", "panic", "runtime error: index out of range", "panic:"},
		{"ruby", "a.rb:1:in `x': no stock (ArgumentError)\n\tfrom b.rb:2:in `y'", "ArgumentError", "no stock", "a.rb:1"},
		{"rails", "ActiveRecord::RecordNotFound (Couldn't find X):\n\napp/a.rb:1:in `show'", "ActiveRecord::RecordNotFound", "Couldn't find X", "ActiveRecord"},
		{"no stack", "line one\nline two at noon", "", "", ""},
		{"one line", "java.lang.RuntimeException: a", "", "", ""},
	} {
		e, ok := findException(c.in)
		if ok != (c.stack != "") || e.Type != c.typ || e.Message != c.msg || !strings.HasPrefix(e.Stack, c.stack) {
			t.Errorf("%s: %+v, %v", c.name, e, ok)
		}
	}
}
