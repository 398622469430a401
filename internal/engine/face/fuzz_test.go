package face

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	for _, c := range []struct {
		text, first, format, head string
		infile                    bool
	}{
		{text: "SELECT 1", first: "SELECT"},
		{text: "", first: ""},
		{text: " -- a\n/* b /* c */ */ # d\nselect 'FORMAT x' FORMAT JSON;", first: "SELECT", format: "JSON"},
		{text: "SELECT format('x') FORMAT `a` FORMAT CSV SETTINGS a = 1", first: "SELECT", format: "CSV"},
		{text: "(SELECT 1) UNION ALL (SELECT 2 FORMAT inner) FORMAT TSV", first: "SELECT", format: "TSV"},
		{text: "SELECT $$ FORMAT JSON $$, $a$ FORMAT x $$ $a$", first: "SELECT"},
		{text: `SELECT 'it\'s FORMAT JSON', 'a''FORMAT CSV'`, first: "SELECT"},
		{text: "INSERT INTO t FORMAT Native", first: "INSERT", format: "Native", head: "INSERT INTO t "},
		{text: "INSERT INTO t (a, `b`) SETTINGS x = 1 FORMAT Native;\n", first: "INSERT", format: "Native", head: "INSERT INTO t (a, `b`) SETTINGS x = 1 "},
		{text: "insert into t(format) values", first: "INSERT", format: "Values", head: "insert into t(format) "},
		{text: "INSERT INTO t VALUES (1)", first: "INSERT"},
		{text: "INSERT INTO t SELECT * FROM s FORMAT Null", first: "INSERT", format: "Null"},
		{text: "INSERT INTO t FORMAT CSV 1,2", first: "INSERT", format: "CSV"},
		{text: "INSERT INTO t FROM INFILE 'x' FORMAT CSV", first: "INSERT", format: "CSV", head: "INSERT INTO t FROM INFILE 'x' ", infile: true},
		{text: "'unclosed FORMAT JSON", first: ""},
	} {
		got := look(c.text)
		if got.first != c.first || got.format != c.format || c.text[:got.rowsFrom] != c.head || got.infile != c.infile {
			t.Errorf("%q: %+v", c.text, got)
		}
	}
}

func FuzzLook(f *testing.F) {
	for _, s := range []string{
		"SELECT 1 FORMAT JSON", "INSERT INTO t FORMAT Native", "INSERT INTO t VALUES", "/* /* */", "$a$ $a$ $", "'\\", "`", "INSERT INTO t (a) FORMAT x ; ;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, w := range words(s) {
			if w.start < at || w.end <= w.start || w.end > len(s) || w.depth < 0 || w.text != strings.ToUpper(s[w.start:w.end]) {
				t.Fatalf("%q: word %+v after %d", s, w, at)
			}
			at = w.end
		}
		sh := look(s)
		if sh.rowsFrom < 0 || sh.rowsFrom > len(s) {
			t.Fatalf("%q: %+v", s, sh)
		}
		if sh.rowsFrom > 0 {
			rest := strings.ToUpper(s[sh.rowsFrom:])
			if sh.first != "INSERT" || sh.format == "" || !strings.HasPrefix(rest, "FORMAT") && !strings.HasPrefix(rest, "VALUES") {
				t.Fatalf("%q: %+v", s, sh)
			}
		}
		// A literal of anything is one literal: nothing in it is read as words.
		if ws := words(quote(s) + ident(s)); len(ws) != 0 {
			t.Fatalf("%q leaks from its quotes: %+v", s, ws)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("query=SELECT+1&max_execution_time=5&param_x=a&database=d", "", "", false)
	f.Add("query=INSERT+INTO+t+FORMAT+Native&insert_deduplication_token=x", "rows", "", true)
	f.Add("default_format=Native&client_protocol_version=54460&compress=1", "SELECT 1", "", true)
	f.Add("%zz&a=b;c=d&&=x&param_=1&nosuch'=1&max_execution_time=NaN", "x", "gzip", false)
	f.Fuzz(func(t *testing.T, args, body, encoding string, post bool) {
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL.RawQuery = args
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		st, err := parse(r, time.Minute)
		if err != nil {
			if e := exception(err); e.Code <= 0 || !strings.HasPrefix(e.Text, "Code: ") || status(e.Code) < 400 {
				t.Fatalf("an error without its code: %v", err)
			}
			return
		}
		if st.limit <= 0 {
			t.Fatalf("no time limit: %q", args)
		}
		if !nameOf(st.format) || encoding != "" && encoding != "identity" {
			t.Fatalf("accepted %q %q", st.format, encoding)
		}
		if st.rows == nil && strings.TrimSpace(st.text) == "" {
			t.Fatal("an empty statement")
		}
		for _, s := range st.settings {
			if !nameOf(s.name) {
				t.Fatalf("setting %q", s.name)
			}
		}
		// Whatever the client sends as values, the SET statement has only our words.
		words := words(st.set("tag"))
		want := []string{"SET", "LOG_COMMENT", "MAX_EXECUTION_TIME"}
		for i, w := range want {
			if words[i].text != w {
				t.Fatalf("%s", st.set("tag"))
			}
		}
		for _, w := range words[len(want):] {
			if w.text != "MAX_RESULT_BYTES" && strings.Trim(w.text, "0123456789") != "" {
				t.Fatalf("%q leaks into %s", w.text, st.set("tag"))
			}
		}
	})
}
