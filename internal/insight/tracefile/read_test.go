package tracefile

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const spanLine = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"http"},"spans":[
 {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"GET /cart","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000",
  "attributes":[{"key":"http.method","value":{"stringValue":"GET"}},{"key":"http.route","value":{"stringValue":"/cart"}},{"key":"user.password","value":{"stringValue":"hunter2"}}]}]}]}]}`

const logLine = `{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1544712660300000000","severityNumber":17,"body":{"stringValue":"在庫がありません"},"traceId":"5b8efff798038103d269b633813fc60c"}]}]}]}`

const metricLine = `{"resourceMetrics":[]}`

func one(t *testing.T, text string) *File {
	t.Helper()
	f, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOTLPAsASingleRequestAndAsTheCollectorWritesIt(t *testing.T) {
	flat := strings.ReplaceAll(spanLine, "\n", "")
	for name, text := range map[string]string{
		"a request":     spanLine,
		"lines":         flat + "\n" + logLine + "\n" + metricLine + "\n",
		"a list":        "[" + spanLine + "," + logLine + "]",
		"with a mark":   "\xef\xbb\xbf" + spanLine + logLine,
		"Jaeger's v3":   `{"result":` + spanLine + `}`,
		"Tempo's trace": `{"trace":` + spanLine + `}`,
	} {
		f := one(t, text)
		if f.Format != OTLP || len(f.Traces) != 1 || f.Spans() != 1 {
			t.Fatalf("%s: %+v", name, f)
		}
		s := f.Traces[0].Spans[0]
		// As it would have arrived: named today's way, however old, with secrets taken out.
		if s.Service != "shop" || s.Endpoint != "GET /cart" || s.Time != 1544712660000000000 || s.Duration != 1e9 || s.Flags&telemetry.Skewed != 0 {
			t.Errorf("%s: %+v", name, s)
		}
		if m, _ := telemetry.Get(s.Attrs, "http.request.method"); m != "GET" {
			t.Errorf("%s: method %q", name, m)
		}
		if p, _ := telemetry.Get(s.Attrs, "user.password"); strings.Contains(p, "hunter2") {
			t.Errorf("%s: the password is there", name)
		}
		if strings.Contains(text, "resourceLogs") && (len(f.Traces[0].Logs) != 1 || f.Traces[0].Logs[0].Body != "在庫がありません") {
			t.Errorf("%s: logs %+v", name, f.Traces[0].Logs)
		}
	}
}

func TestJaegerAsItsUIAndItsAPIGiveIt(t *testing.T) {
	text, err := os.ReadFile("testdata/jaeger.json")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	from, to := strings.Index(whole, `[{"traceID"`)+1, strings.LastIndex(whole, "],\n \"total\"")
	for name, text := range map[string]string{"data": whole, "one trace": whole[from:to], "a list": "[" + whole[from:to] + "]"} {
		f := one(t, text)
		if f.Format != Jaeger || len(f.Traces) != 1 || len(f.Traces[0].Spans) != 2 {
			t.Fatalf("%s: %+v", name, f)
		}
		a, b := f.Traces[0].Spans[0], f.Traces[0].Spans[1]
		if a.Service != "shop" || a.Version != "2.1" || a.Kind != telemetry.KindServer || a.Endpoint != "GET /cart" || a.Status != telemetry.StatusError || a.Code != "500" ||
			a.Time != 1763600000000000000 || a.Duration != 120_000_000 || a.Exception.Type != "java.io.IOException" || a.Exception.Message != "接続が切れました" {
			t.Errorf("%s: server %+v", name, a)
		}
		if b.ParentID != a.SpanID || b.SpanID.String() != "00000000000001c2" || b.Kind != telemetry.KindClient || b.Peer.Kind != telemetry.PeerDB ||
			b.Operation.Text != "SELECT * FROM items WHERE cart_id = ?" || b.Scope != "jdbc" || a.TraceID.String() != "00000000000000005af7183fb1d4cf5f" {
			t.Errorf("%s: client %+v", name, b)
		}
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"nothing":       {"  \n", "empty"},
		"no JSON":       {"<html>", "Line 1: This is no JSON"},
		"binary":        {"\x1f\x8b\x08\x00", "This is no text"},
		"another JSON":  {`{"hello": 1}`, "Line 1: This is neither OTLP JSON"},
		"a number":      {`42`, "neither"},
		"a later line":  {strings.ReplaceAll(spanLine, "\n", "") + "\n\n{\"x\":1}\n", "Line 3: This is neither"},
		"cut off":       {spanLine[:200], "cut off"},
		"no spans":      {logLine, "no span"},
		"a bad id":      {strings.Replace(spanLine, "eee19b7ec3c1b174", "xyz", 1), "looks like OTLP"},
		"a bad Jaeger":  {`{"data":[{"traceID":"1","spans":[{"spanID":"zz","operationName":"x"}]}]}`, "looks like Jaeger"},
		"wrong types":   {`{"data":[{"traceID":5,"spans":"a"}]}`, "looks like Jaeger"},
		"nested deeply": {`{"resourceSpans":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}", "looks like OTLP"},
	} {
		_, err := Read(strings.NewReader(c.text))
		var f *fault.Error
		if !errors.As(err, &f) || !strings.Contains(f.Text.En, c.says) || f.Text.Ja == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := one(t, strings.Replace(spanLine, "eee19b7ec3c1b174", "", 1)+spanLine)
	if f.Skipped != 1 || f.Spans() != 1 {
		t.Errorf("a span without an id: %+v", f)
	}
}

func FuzzParse(f *testing.F) {
	jaeger, err := os.ReadFile("testdata/jaeger.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{spanLine, logLine, metricLine, string(jaeger), "[]", "{}", `{"trace":{"trace":{}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text)
		if err == nil && (len(file.Traces) == 0 || file.Spans() == 0) {
			t.Error("a file without spans is no error")
		}
	})
}
