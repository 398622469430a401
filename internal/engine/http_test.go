package engine_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

type answer struct {
	status int
	head   http.Header
	body   string
	err    error
}

func ask(t testing.TB, sup *engine.Supervisor, method, args, body string, head ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://engine/?"+args, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	cl := enginetest.Client(sup)
	defer cl.CloseIdleConnections()
	res, err := cl.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), err}
}

func q(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestHTTPAnswers(t *testing.T) {
	sup := enginetest.Start(t)
	db := enginetest.Database(t, sup)
	file := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		name, method, args, body string
		head                     []string
		status                   int
		code, want               string
	}{
		{name: "text in the body", method: "POST", body: "SELECT 1", status: 200, want: "1\n"},
		{name: "text in the argument", method: "GET", args: q("query", "SELECT 1, 'a'"), status: 200, want: "1\ta\n"},
		{name: "text in both", method: "POST", args: q("query", "SELECT 1 +"), body: "2", status: 200, want: "3\n"},
		{name: "a format in the text", method: "POST", body: "SELECT 1 AS x FORMAT JSONEachRow", status: 200, want: "{\"x\":1}\n"},
		{name: "a format by argument", method: "POST", args: q("default_format", "CSV"), body: "SELECT 'a', 2", status: 200, want: "\"a\",2\n"},
		{name: "a format by header", method: "POST", head: []string{"X-ClickHouse-Format", "CSV"}, body: "SELECT 'a', 2", status: 200, want: "\"a\",2\n"},
		{name: "one head over many blocks", method: "POST", args: q("max_block_size", "2"), body: "SELECT number AS n FROM numbers(5) FORMAT CSVWithNames", status: 200, want: "\"n\"\n0\n1\n2\n3\n4\n"},
		{name: "many blocks in pieces", method: "POST", args: q("max_block_size", "2"), body: "SELECT number AS n FROM numbers(5) FORMAT CSV", status: 200, want: "0\n1\n2\n3\n4\n"},
		{name: "a database", method: "POST", args: q("database", db), body: "SELECT currentDatabase()", status: 200, want: db + "\n"},
		{name: "a database by header", method: "POST", head: []string{"X-ClickHouse-Database", db}, body: "SELECT currentDatabase()", status: 200, want: db + "\n"},
		{name: "a setting", method: "POST", args: q("max_block_size", "777"), body: "SELECT getSetting('max_block_size')", status: 200, want: "777\n"},
		{name: "a setting does not stay", method: "POST", body: "SELECT getSetting('max_block_size') = 777", status: 200, want: "0\n"},
		{name: "a typed parameter", method: "POST", args: q("param_a", "[1,2]", "param_b", "it's"), body: "SELECT {a:Array(UInt8)}, {b:String}", status: 200, want: "[1,2]\tit\\'s\n"},
		{name: "a time limit is always set", method: "POST", body: "SELECT getSetting('max_execution_time')", status: 200, want: "60\n"},
		{name: "a time limit of none is the default", method: "POST", args: q("max_execution_time", "0"), body: "SELECT getSetting('max_execution_time')", status: 200, want: "60\n"},
		{name: "a time limit of the client's", method: "POST", args: q("max_execution_time", "2.5"), body: "SELECT getSetting('max_execution_time')", status: 200, want: "2.5\n"},
		{name: "inserts are synchronous", method: "POST", body: "SELECT getSetting('async_insert')", status: 200, want: "false\n"},
		{name: "a whole answer or none", method: "POST", args: q("wait_end_of_query", "1"), body: "SELECT throwIf(number = 3000000) FROM numbers(10000000)", status: 500, code: "395"},
		{name: "a whole answer is bounded", method: "POST", body: "SELECT number FROM numbers(100000000) FORMAT JSON", status: 500, code: "396"},
		{name: "GET changes nothing", method: "GET", args: q("query", "CREATE TABLE x (a Int8) ENGINE = Memory"), status: 500, code: "164"},
		{name: "read only", method: "POST", args: q("readonly", "1"), body: "SELECT * FROM file('/etc/hostname', 'LineAsString', 'l String')", status: 403, code: "497"},
		{name: "read only stays", method: "POST", args: q("readonly", "1"), body: "SELECT 1 SETTINGS readonly = 0", status: 500, code: "164"},
		{name: "no limit under read only", method: "POST", args: q("readonly", "1"), body: "SELECT 1 SETTINGS max_execution_time = 0", status: 500, code: "164"},
		{name: "several statements", method: "POST", body: "SELECT 1; DROP DATABASE " + db, status: 400, code: "62"},
		{name: "nothing", method: "POST", status: 400, code: "62"},
		{name: "a broken query string", method: "POST", args: "%zz", body: "SELECT 1", status: 400, code: "36"},
		{name: "an unknown setting", method: "POST", args: q("nosuch", "1"), body: "SELECT 1", status: 404, code: "115"},
		{name: "a setting's name with a quote", method: "POST", args: q("a`=1,b", "1"), body: "SELECT 1", status: 404, code: "115"},
		{name: "writing a file", method: "POST", body: "SELECT 1 INTO OUTFILE '" + file + "'", status: 500, code: "358"},
		{name: "writing a file, explained", method: "POST", body: "EXPLAIN SELECT 1 INTO OUTFILE '" + file + "'", status: 500, code: "358"},
		{name: "reading a file", method: "POST", body: "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", status: 501, code: "48"},
		{name: "compression", method: "POST", args: q("compress", "1"), body: "SELECT 1", status: 501, code: "48"},
		{name: "a compressed body", method: "POST", head: []string{"Content-Encoding", "gzip"}, body: "SELECT 1", status: 501, code: "48"},
		{name: "a session", method: "POST", args: q("session_id", "x"), body: "SELECT 1", status: 501, code: "48"},
		{name: "another method", method: "DELETE", args: q("query", "SELECT 1"), status: 405},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(t, sup, c.method, c.args, c.body, c.head...)
			if got.err != nil || got.status != c.status || got.head.Get("X-ClickHouse-Exception-Code") != c.code {
				t.Fatalf("%+v", got)
			}
			if c.code != "" && !strings.HasPrefix(got.body, "Code: "+c.code+".") || c.status == 200 && got.body != c.want {
				t.Errorf("body %q", got.body)
			}
		})
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written")
	}
	got := ask(t, sup, "POST", q("query_id", "mine"), "SELECT 1 FORMAT JSON")
	var doc struct{ Rows int }
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || doc.Rows != 1 || got.head.Get("X-ClickHouse-Query-Id") != "mine" ||
		got.head.Get("X-ClickHouse-Format") != "JSON" || !strings.HasPrefix(got.head.Get("Content-Type"), "application/json") || got.head.Get("X-ClickHouse-Summary") == "" {
		t.Errorf("%+v %v", got, err)
	}
}

// An answer that fails in its middle is broken off: a client that knows nothing of
// exception frames must still see an error.
func TestBrokenAnswerIsAnError(t *testing.T) {
	sup := enginetest.Start(t)
	got := ask(t, sup, "POST", "", "SELECT throwIf(number = 3000000) FROM numbers(10000000)")
	if got.status != 200 || got.err == nil {
		t.Fatalf("status %d, error %v, %d bytes", got.status, got.err, len(got.body))
	}
	tag := got.head.Get("X-ClickHouse-Exception-Tag")
	tail := got.body[max(0, len(got.body)-4096):]
	if len(tag) != 16 || !strings.Contains(tail, "\r\n__exception__\r\n"+tag+"\r\nCode: 395.") || !strings.HasSuffix(tail, tag+"\r\n__exception__\r\n") {
		t.Errorf("tag %q, tail %q", tag, tail)
	}
}

// Any text may be a value of a setting and comes out as it went in.
func TestSettingValuesAreOnlyValues(t *testing.T) {
	sup := enginetest.Start(t)
	for _, v := range []string{"plain", "it's", `back\slash`, "a', readonly = 2, b = '", "`tick`", "日本語", "tab\tline\n", "-- comment", "/* c", "{x:String}", "; DROP"} {
		got := ask(t, sup, "POST", q("log_comment", v, "query_id", "i", "default_format", "JSONCompact"), "SELECT getSetting('log_comment')")
		var doc struct{ Data [][]string }
		if err := json.Unmarshal([]byte(got.body), &doc); err != nil || got.status != 200 || !strings.HasSuffix(doc.Data[0][0], " i "+strings.TrimSpace(v)) {
			t.Errorf("%q: %+v %v", v, got, err)
		}
	}
}

// A request cut off in the middle of its head or body must not disturb others.
func TestHalfRequests(t *testing.T) {
	sup := enginetest.Start(t)
	for _, raw := range []string{"POST / HTTP/1.1\r\nHost: e\r\nContent-Le", "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 100\r\n\r\nSELECT 1", "GET /nothing HTTP/1.1\r\nHost: e\r\n\r\n", "\x00\x01\x02\r\n\r\n"} {
		c, err := sup.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprint(c, raw)
		if strings.HasPrefix(raw, "GET /nothing") {
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || res.StatusCode != 404 {
				t.Errorf("%v %v", res, err)
			}
		}
		_ = c.Close()
	}
	if got := ask(t, sup, "POST", "", "SELECT 1"); got.body != "1\n" {
		t.Errorf("%+v", got)
	}
}
