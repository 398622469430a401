package face

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

// statement is one request, understood.
type statement struct {
	text     string
	shape    shape
	rows     io.Reader // the rows of an INSERT that follow its text; nil otherwise
	format   string    // of the answer, when the text names none
	database string
	settings []setting
	params   []chdb.Param
	queryID  string
	comment  string // the client's log_comment
	key      string // the database and the settings, those of a session
	readOnly bool   // the text may be a person's: see guard
	whole    bool   // the client wants the answer whole or not at all
	limit    time.Duration
	protocol int // the revision that the client speaks; only the hello heeds it
}

type setting struct{ name, value string }

// maxText is the most of a statement's text that is read from a body, rows within the
// text included. Rows of their own (query=INSERT … FORMAT x) are streamed and not bounded.
const maxText = 64 << 20

// ours are the arguments of the interface that are not settings, and what to do with
// each: nil is "nothing here depends on it".
var ours = map[string]func(*statement, string) error{
	"query":    nil,
	"user":     nil,
	"password": nil,
	"database": func(st *statement, v string) error { st.database = v; return nil },
	"default_format": func(st *statement, v string) error {
		if !nameOf(v) {
			return bad("default_format is not a name: %q", v)
		}
		st.format = v
		return nil
	},
	"query_id":      func(st *statement, v string) error { st.queryID = v; return nil },
	"quota_key":     nil,
	"buffer_size":   nil,
	"session_check": nil, "session_timeout": nil,
	"session_id": func(*statement, string) error { return refused("This engine keeps no HTTP sessions") },
	"role":       func(*statement, string) error { return refused("This engine has no roles") },
	"compress":   flagOff("compress"),
	"decompress": flagOff("decompress"),
	"wait_end_of_query": func(st *statement, v string) (err error) {
		st.whole, err = strconv.ParseBool(v)
		if err != nil {
			return bad("wait_end_of_query is neither 0 nor 1: %q", v)
		}
		return nil
	},
	"client_protocol_version": func(st *statement, v string) (err error) {
		if st.protocol, err = strconv.Atoi(v); err != nil || st.protocol < 0 {
			return bad("client_protocol_version is not a number: %q", v)
		}
		return nil
	},
	"log_comment": func(st *statement, v string) error { st.comment = v; return nil },
	"max_execution_time": func(st *statement, v string) error {
		s, err := strconv.ParseFloat(v, 64)
		if err != nil || s < 0 || s > 1e6 {
			return bad("max_execution_time is not a number of seconds: %q", v)
		}
		if s > 0 {
			st.limit = time.Duration(s * float64(time.Second))
		}
		return nil
	},
}

func flagOff(name string) func(*statement, string) error {
	return func(_ *statement, v string) error {
		if v == "0" || v == "false" || v == "" {
			return nil
		}
		return refused("%s: this engine is on the same machine and compresses nothing", name)
	}
}

// parse understands a request. limit is max_execution_time where the client gives none.
func parse(r *http.Request, limit time.Duration) (*statement, error) {
	st := &statement{format: "TabSeparated", limit: limit}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, refused("Content-Encoding: %s", enc)
	}
	if ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); ct == "multipart/form-data" {
		return nil, refused("External tables (multipart/form-data)")
	}
	args, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, bad("The query string cannot be read: %v", err)
	}
	if v := r.Header.Get("X-ClickHouse-Database"); v != "" {
		st.database = v
	}
	if v := r.Header.Get("X-ClickHouse-Format"); v != "" {
		if err := ours["default_format"](st, v); err != nil {
			return nil, err
		}
	}
	names := make([]string, 0, len(args))
	for k := range args {
		names = append(names, k)
	}
	slices.Sort(names) // so that the same request is always the same statement
	for _, k := range names {
		v := args[k][len(args[k])-1]
		do, known := ours[k]
		p, isParam := strings.CutPrefix(k, "param_")
		switch {
		case known && do != nil:
			if err := do(st, v); err != nil {
				return nil, err
			}
		case known:
		case isParam:
			if !nameOf(p) {
				return nil, bad("%q is not the name of a parameter", k)
			}
			st.params = append(st.params, chdb.Param{Name: p, Value: v})
		case !nameOf(k):
			return nil, chdb.New(codeUnknownSet, "UNKNOWN_SETTING", "Unknown setting "+strconv.Quote(k))
		default:
			st.settings = append(st.settings, setting{k, v})
			st.readOnly = st.readOnly || k == "readonly" && v != "0" && v != "false"
		}
	}
	if r.Method == http.MethodGet && args.Get("readonly") == "" {
		// As ClickHouse: what a link can do must not change anything.
		st.settings = append(st.settings, setting{"readonly", "2"})
		st.readOnly = true
	}
	if err := st.readText(args["query"], r); err != nil {
		return nil, err
	}
	st.whole = st.whole || !streamed[st.answerFormat()]
	return st, nil
}

// answerFormat is the format that the answer comes in.
func (st *statement) answerFormat() string {
	if st.shape.format != "" && st.shape.first != "INSERT" {
		return st.shape.format
	}
	return st.format
}

// wholeMax bounds an answer that the library makes whole before any of it is sent: it is
// in memory, in which the engine does not count it well. In bytes of its columns.
const wholeMax = 64 << 20

// readText finds the statement's text: the argument, the body, or both, one after the
// other. The body of an INSERT that ends where its rows begin is left to be streamed.
func (st *statement) readText(query []string, r *http.Request) error {
	body := io.Reader(r.Body)
	if r.Body == nil {
		body = strings.NewReader("")
	}
	if len(query) > 0 {
		st.text = query[len(query)-1]
		st.shape = look(st.text)
		if st.shape.rowsFrom > 0 {
			st.rows = body
			return st.check()
		}
	}
	b, err := io.ReadAll(io.LimitReader(body, maxText+1))
	if err != nil {
		return err
	}
	if len(b) > maxText {
		return bad("The statement is longer than %d bytes; send its rows as the body of query=INSERT … FORMAT …", maxText)
	}
	if len(b) > 0 {
		if st.text != "" {
			st.text += "\n"
		}
		st.text += string(b)
		st.shape = look(st.text)
	}
	if st.shape.rowsFrom > 0 {
		st.rows = strings.NewReader("") // an INSERT of no rows
	}
	return st.check()
}

func (st *statement) check() error {
	if st.shape.first == "" && strings.TrimSpace(st.text) == "" {
		return chdb.New(codeSyntax, "SYNTAX_ERROR", "Empty query")
	}
	if st.shape.infile {
		return refused("FROM INFILE: this engine reads no local files for a client")
	}
	return nil
}

// set is the SET statement that gives a session the request's settings; tag marks the
// statement in system.processes, so that it can be found and stopped.
func (st *statement) set(tag string) string {
	var b strings.Builder
	b.WriteString("SET log_comment = " + quote(strings.TrimSpace(tag+" "+st.queryID+" "+st.comment)) +
		", max_execution_time = " + strconv.FormatFloat(st.limit.Seconds(), 'f', -1, 64))
	if st.whole && !slices.ContainsFunc(st.settings, func(s setting) bool { return s.name == "max_result_bytes" }) {
		b.WriteString(", max_result_bytes = " + strconv.Itoa(wholeMax))
	}
	for _, s := range st.settings {
		b.WriteString(", " + ident(s.name) + " = " + quote(s.value))
	}
	return b.String()
}

// streamed are the formats of which an answer in pieces is the pieces one after the
// other. All others have a head or a tail and are answered whole.
var streamed = map[string]bool{
	"Native": true, "RowBinary": true, "JSONEachRow": true, "TabSeparated": true, "TSV": true,
	"TabSeparatedRaw": true, "TSVRaw": true, "CSV": true, "Values": false, "LineAsString": true,
	"JSONCompactEachRow": true, "JSONStringsEachRow": true, "Null": true, "TSKV": true, "RawBLOB": true,
}

// contentType is what ClickHouse calls a format's answers.
func contentType(format string) string {
	switch {
	case format == "JSONEachRow", format == "JSONCompactEachRow", format == "JSONStringsEachRow":
		return "application/x-ndjson; charset=UTF-8"
	case strings.HasPrefix(format, "JSON"):
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(format, "TabSeparated"), strings.HasPrefix(format, "TSV"):
		return "text/tab-separated-values; charset=UTF-8"
	case strings.HasPrefix(format, "CSV"):
		return "text/csv; charset=UTF-8"
	case format == "Native", strings.HasPrefix(format, "RowBinary"), format == "RawBLOB":
		return "application/octet-stream"
	}
	return "text/plain; charset=UTF-8"
}
