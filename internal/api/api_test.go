package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// who is an authenticator of fixed tokens; a cookie makes a user.
var who = AuthenticatorFunc(func(_ context.Context, r *http.Request) (authz.Principal, error) {
	switch r.Header.Get("Authorization") {
	case "Bearer viewer":
		return authz.Principal{UserID: "t1", Role: authz.Viewer, Kind: authz.KindToken}, nil
	case "Bearer ingest":
		return authz.Principal{UserID: "t2", Role: authz.Ingest, Kind: authz.KindToken}, nil
	case "":
	default:
		return authz.Principal{}, fault.New(fault.Unauthenticated, i18n.T("no such token", "トークンがありません"))
	}
	if c, err := r.Cookie(SessionCookie); err == nil && c.Value == "ja" {
		return authz.Principal{UserID: "u1", Role: authz.Admin, Kind: authz.KindUser, Lang: i18n.Ja}, nil
	}
	return authz.Principal{}, nil
})

type echoIn struct {
	RangeParams
	Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Kind  string   `query:"kind" enum:"a,b"`
	Keys  []string `query:"keys"`
}

type thing struct {
	Name string   `json:"name" minLength:"2" maxLength:"5"`
	Size int      `json:"size"`
	Tags []string `json:"tags,omitempty"`
}

type thingIn struct {
	IfMatch
	Body thing
}

type harness struct {
	*API
	log *bytes.Buffer
	err error // what GET /fail returns
}

func newHarness(t *testing.T, opt Options) *harness {
	t.Helper()
	h := &harness{log: &bytes.Buffer{}}
	opt.Log = slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if opt.Auth == nil {
		opt.Auth = who
	}
	opt.Version = "1.2.3"
	h.API = New(opt)
	Register(h.API, Op{ID: "echo", Method: "GET", Path: "/echo", Summary: "Echo", Tag: "test", Permission: authz.Public},
		func(_ context.Context, in *echoIn) (*Out[List[int]], error) {
			_, _, err := in.Range(h.opt.Clock)
			return OK(ListOf(make([]int, in.Limit), "")), err
		})
	Register(h.API, Op{ID: "fail", Method: "GET", Path: "/fail", Summary: "Fail", Tag: "test", Permission: authz.Public, Timeout: 20 * time.Millisecond},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			if h.err == nil {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, h.err
		})
	Register(h.API, Op{ID: "panic", Method: "GET", Path: "/panic", Summary: "Panic", Tag: "test", Permission: authz.Public},
		func(context.Context, *struct{}) (*struct{}, error) { panic("secret of the house") })
	Register(h.API, Op{ID: "put-thing", Method: "PUT", Path: "/thing", Summary: "Put", Tag: "test", Permission: authz.SignedIn, MaxBody: 1000},
		func(_ context.Context, in *thingIn) (*struct{}, error) {
			return nil, in.Check(ETag(thing{Name: "now"}))
		})
	Register(h.API, Op{ID: "enter", Method: "POST", Path: "/enter", Summary: "Enter", Tag: "test", Permission: authz.Public, Limit: &Limit{Burst: 2, Every: time.Minute}},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	Register(h.API, Op{ID: "users", Method: "GET", Path: "/users", Summary: "Users", Tag: "test", Permission: authz.UsersWrite},
		func(context.Context, *struct{}) (*Out[List[thing]], error) { return OK(ListOf[thing](nil, "")), nil })
	huma.Register(h.Huma(), huma.Operation{OperationID: "bare", Method: "GET", Path: Base + "/bare"},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	h.Mount("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page") }))
	return h
}

// call makes one request; head holds "Name: value" lines.
func (h *harness) call(method, target, body string, head ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:7700"
	for _, line := range head {
		k, v, _ := strings.Cut(line, ": ")
		if k == "Host" {
			r.Host = v
		} else {
			r.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w
}

func problem(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Fatalf("content type %q: %s", ct, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if p.Status != w.Code {
		t.Errorf("status in the body %d, on the wire %d", p.Status, w.Code)
	}
	if p.TraceID == "" || p.TraceID != w.Header().Get("X-Trace-Id") {
		t.Errorf("trace id %q, header %q", p.TraceID, w.Header().Get("X-Trace-Id"))
	}
	return p
}

func TestFaultsBecomeProblems(t *testing.T) {
	h := newHarness(t, Options{})
	text := i18n.T("en text", "日本語")
	field := &fault.Error{Code: fault.Invalid, Text: text, Field: "filter", Pos: 0, End: 3}
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{fault.New(fault.Invalid, text), 400, "invalid"},
		{field, 422, "invalid"},
		{fmt.Errorf("while reading: %w", field), 422, "invalid"},
		{errors.Join(field, fault.Field("from", text)), 422, "invalid"},
		{fault.New(fault.Unauthenticated, text), 401, "unauthenticated"},
		{fault.New(fault.Forbidden, text), 403, "forbidden"},
		{fault.New(fault.NotFound, text), 404, "not_found"},
		{fault.New(fault.Conflict, text), 409, "conflict"},
		{fault.New(fault.TooLarge, text), 413, "too_large"},
		{fault.Retry(fault.Overloaded, 1500*time.Millisecond, text), 429, "overloaded"},
		{fault.Retry(fault.Unavailable, time.Millisecond, text), 503, "unavailable"},
		{fault.New(fault.Timeout, text), 504, "timeout"},
		{fault.Wrap(errors.New("dsn=secret"), fault.Unavailable, text), 503, "unavailable"},
		{errors.New("dsn=secret"), 500, "internal"},
		{nil, 504, "timeout"}, // the operation's own time limit
	} {
		t.Run(fmt.Sprint(c.err), func(t *testing.T) {
			h.err = c.err
			h.log.Reset()
			en, ja := h.call("GET", "/api/v1/fail", ""), h.call("GET", "/api/v1/fail", "", "Accept-Language: ja-JP,ja;q=0.9,en;q=0.8")
			p, q := problem(t, en), problem(t, ja)
			if p.Status != c.status || p.Code != c.code {
				t.Errorf("%d %s, want %d %s", p.Status, p.Code, c.status, c.code)
			}
			if p.Detail == "" || q.Detail == "" || p.Detail == q.Detail {
				t.Errorf("details %q and %q must be one sentence in two languages", p.Detail, q.Detail)
			}
			if strings.Contains(en.Body.String(), "secret") {
				t.Error("a cause reached the reader")
			}
			if c.err != nil && strings.Contains(c.err.Error(), "secret") && !strings.Contains(h.log.String(), p.TraceID) {
				t.Error("the log does not know the trace id of the failure")
			}
		})
	}
	h.err = errors.Join(field, fault.Field("from", text))
	p := problem(t, h.call("GET", "/api/v1/fail", "", "Accept-Language: ja"))
	if len(p.Errors) != 2 || p.Errors[0].Location != "filter" || *p.Errors[0].Pos != 0 || *p.Errors[0].End != 3 || p.Errors[1].Location != "from" || p.Errors[1].Message != "日本語" {
		t.Errorf("errors %+v", p.Errors)
	}
	h.err = fault.Retry(fault.Overloaded, 1500*time.Millisecond, text)
	if got := h.call("GET", "/api/v1/fail", "").Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want whole seconds, rounded up", got)
	}
}

func TestHumaRefusalsAreProblemsInBothLanguages(t *testing.T) {
	h := newHarness(t, Options{})
	const put, ct = "/api/v1/thing", "Content-Type: application/json"
	for _, c := range []struct {
		method, target, body string
		status               int
		location, en, ja     string
	}{
		{"GET", "/api/v1/echo?limit=0", "", 422, "limit", "Must be at least 1.", "1 以上で指定してください。"},
		{"GET", "/api/v1/echo?limit=x", "", 422, "limit", "Must be a whole number.", "整数を指定してください。"},
		{"GET", "/api/v1/echo?kind=c", "", 422, "kind", "Must be one of: a, b", "次のいずれかを指定してください: a, b"},
		{"GET", "/api/v1/echo?limt=3", "", 422, "limt", "There is no such parameter.", "このようなパラメーターはありません。"},
		{"GET", "/api/v1/echo?from=yesterday", "", 422, "from", `"yesterday" is not a time. Use RFC 3339 with a zone (2026-11-22T09:00:00+09:00), a relative time (-1h, -7d, now) or Unix milliseconds.`, "\"yesterday\" は時刻として読み取れません。タイムゾーン付きの RFC 3339（2026-11-22T09:00:00+09:00）、相対時刻（-1h、-7d、now）、または Unix ミリ秒で指定してください。"},
		{"GET", "/api/v1/echo?from=now&to=-1h", "", 422, "from", "from must be earlier than to.", "from は to より前の時刻にしてください。"},
		{"PUT", put, `{"size":1}`, 422, "name", "This is required.", "必須項目です。"},
		{"PUT", put, `{"name":"x","size":1}`, 422, "name", "Must have at least 2 characters.", "2 文字以上で入力してください。"},
		{"PUT", put, `{"name":"xxxxxxxxx","size":1}`, 422, "name", "Must have at most 5 characters.", "5 文字以内で入力してください。"},
		{"PUT", put, `{"name":"xx","size":"1"}`, 422, "size", "Must be a whole number.", "整数を指定してください。"},
		{"PUT", put, `{"name":"xx","size":1,"sise":2}`, 422, "sise", "There is no such property.", "このようなプロパティはありません。"},
		{"PUT", put, `{"name":`, 400, "body", "The JSON ends too early.", "JSON が途中で終わっています。"},
		{"PUT", put, ``, 400, "", "", ""},
		{"PUT", put, `{"name":"` + strings.Repeat("x", 2000) + `"}`, 413, "", "", ""},
	} {
		var got [2]Problem
		for i, lang := range []string{"en", "ja"} {
			w := h.call(c.method, c.target, c.body, ct, "Authorization: Bearer viewer", "Accept-Language: "+lang)
			if w.Code != c.status {
				t.Errorf("%s %s: %d, want %d: %s", c.target, c.body, w.Code, c.status, w.Body)
			}
			got[i] = problem(t, w)
		}
		if got[0].Detail == got[1].Detail || got[0].Detail == "" {
			t.Errorf("%s %.40s: details %q and %q", c.target, c.body, got[0].Detail, got[1].Detail)
		}
		if c.en == "" {
			continue
		}
		if len(got[0].Errors) == 0 || len(got[1].Errors) == 0 {
			t.Errorf("%s %s: no errors: %+v", c.target, c.body, got[0])
			continue
		}
		if e := got[0].Errors[0]; e.Location != c.location || e.Message != c.en {
			t.Errorf("%s %s: %q %q", c.target, c.body, e.Location, e.Message)
		}
		if e := got[1].Errors[0]; e.Location != c.location || e.Message != c.ja {
			t.Errorf("%s %s: %q %q", c.target, c.body, e.Location, e.Message)
		}
	}
}

func TestEveryHumaSentenceHasBothLanguages(t *testing.T) {
	for _, row := range humaTexts {
		msg := verb.ReplaceAllString(row.theirs, "7")
		text := translate(msg)
		if text.En == "" || text.Ja == "" || text.En == text.Ja || strings.Contains(text.En+text.Ja, "%!") {
			t.Errorf("%q: %+v", msg, text)
		}
	}
	if text := translate("never heard of"); text.En != "never heard of" || !strings.Contains(text.Ja, "never heard of") {
		t.Errorf("unknown sentence: %+v", text)
	}
}

func TestRoutesThatAreNot(t *testing.T) {
	h := newHarness(t, Options{})
	if p := problem(t, h.call("GET", "/api/v1/nope", "")); p.Status != 404 || p.Code != "not_found" {
		t.Errorf("%+v", p)
	}
	if p := problem(t, h.call("GET", "/api", "")); p.Status != 404 {
		t.Errorf("%+v", p)
	}
	w := h.call("DELETE", "/api/v1/echo", "")
	if p := problem(t, w); p.Status != 405 || w.Header().Get("Allow") != "GET" {
		t.Errorf("%+v, Allow %q", p, w.Header().Get("Allow"))
	}
	for _, target := range []string{"/api/v1/echo?kind=%ff", "/api/v1/echo?kind=%00", "/api/v1/echo?kind=%zz", "/api/v1/echo?limit=3;kind=a", "/x%ff"} {
		if p := problem(t, h.call("GET", target, "")); p.Status != 400 {
			t.Errorf("%s: %+v", target, p)
		}
	}
	if w := h.call("GET", "/any/page", ""); w.Body.String() != "page" {
		t.Errorf("mounted page: %d %s", w.Code, w.Body)
	}
}

// TestPanicWithinACompressedAnswer: what the compressor still holds must not go out as a
// good answer.
func TestPanicWithinACompressedAnswer(t *testing.T) {
	h := newHarness(t, Options{})
	h.Mount("/early", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("early") }))
	h.Mount("/late", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half an ans")
		panic("late")
	}))
	srv := httptest.NewServer(h.Handler())
	defer srv.Close()
	for _, path := range []string{"/api/v1/panic", "/early", "/late"} {
		req, _ := http.NewRequest("GET", srv.URL+path, nil)
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			continue // the connection was cut: nobody takes that for an answer
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode == 200 && err == nil {
			t.Errorf("%s: %d %q", path, resp.StatusCode, body)
		}
	}
}

func TestPanicIsAnInternalProblem(t *testing.T) {
	h := newHarness(t, Options{})
	w := h.call("GET", "/api/v1/panic", "")
	p := problem(t, w)
	if p.Status != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%s", w.Body)
	}
	if log := h.log.String(); !strings.Contains(log, "secret of the house") || !strings.Contains(log, p.TraceID) {
		t.Errorf("log: %s", log)
	}
}

func TestPermissions(t *testing.T) {
	h := newHarness(t, Options{})
	for _, c := range []struct {
		target string
		head   string
		status int
	}{
		{"/api/v1/users", "X: y", 401},
		{"/api/v1/users", "Authorization: Bearer wrong", 401},
		{"/api/v1/users", "Authorization: Bearer viewer", 403},
		{"/api/v1/users", "Authorization: Bearer ingest", 403},
		{"/api/v1/users", "Cookie: yagura_session=ja", 200},
		{"/api/v1/users", "Cookie: yagura_session=old", 401},
		{"/api/v1/bare", "Cookie: yagura_session=ja", 500}, // no permission declared
	} {
		if w := h.call("GET", c.target, "", c.head); w.Code != c.status {
			t.Errorf("%s with %s: %d, want %d", c.target, c.head, w.Code, c.status)
		}
	}
	if w := h.call("GET", "/api/v1/users", "", "Cookie: yagura_session=ja"); strings.TrimSpace(w.Body.String()) != `{"items":[],"next":""}` {
		t.Errorf("empty list: %s", w.Body)
	}
	// The saved language wins over the browser's.
	p := problem(t, h.call("PUT", "/api/v1/thing", "", "Cookie: yagura_session=ja", "Accept-Language: en"))
	if !strings.Contains(p.Detail, "ヘッダー") {
		t.Errorf("%q is not Japanese", p.Detail)
	}
	guarded := h.Require(authz.StatusRead, http.NotFoundHandler())
	for token, want := range map[string]int{"Bearer viewer": 404, "Bearer ingest": 403, "": 401} {
		r := httptest.NewRequest("GET", "/debug", nil)
		r.Header.Set("Authorization", token)
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("required handler with %q: %d, want %d", token, w.Code, want)
		}
	}
}

func TestUndeclaredPermissionCannotBeRegistered(t *testing.T) {
	a := New(Options{})
	for _, perm := range []authz.Permission{"", "telemetry.raed"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("permission %q was accepted", perm)
				}
			}()
			Register(a, Op{ID: "x", Method: "GET", Path: "/x", Summary: "x", Tag: "x", Permission: perm},
				func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
		}()
	}
}

func TestForeignPagesCannotChangeAnything(t *testing.T) {
	h := newHarness(t, Options{PublicURL: "https://yagura.example"})
	const cookie, csrf, body = "Cookie: yagura_session=ja", "X-Yagura-CSRF: 1", `{"name":"now","size":0}`
	for _, c := range []struct {
		name   string
		head   []string
		status int
	}{
		{"bearer", []string{"Authorization: Bearer viewer"}, 204},
		{"bearer from anywhere", []string{"Authorization: Bearer viewer", "Origin: https://evil.example"}, 204},
		{"cookie and header", []string{cookie, csrf}, 204},
		{"cookie, header and our origin", []string{cookie, csrf, "Origin: http://127.0.0.1:7700"}, 204},
		{"through the proxy", []string{cookie, csrf, "Origin: https://yagura.example", "Sec-Fetch-Site: cross-site"}, 204},
		{"no header", []string{cookie}, 403},
		{"foreign origin", []string{cookie, csrf, "Origin: https://evil.example"}, 403},
		{"foreign site", []string{cookie, csrf, "Sec-Fetch-Site: cross-site"}, 403},
		{"sandboxed frame", []string{cookie, csrf, "Origin: null"}, 403},
	} {
		if w := h.call("PUT", "/api/v1/thing", body, append(c.head, "Content-Type: application/json")...); w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", c.name, w.Code, c.status, w.Body)
		}
	}
	// Signing in needs no header yet, but our origin.
	if w := h.call("POST", "/api/v1/enter", "", "Origin: https://evil.example"); w.Code != 403 {
		t.Errorf("sign-in from a foreign page: %d", w.Code)
	}
}

func TestNoAuthAnswersLoopbackAlone(t *testing.T) {
	h := newHarness(t, Options{NoAuth: true, PublicURL: "http://devbox:7700"})
	for host, want := range map[string]int{
		"localhost:7700": 200, "127.0.0.1:7700": 200, "127.3.4.5": 200, "[::1]:7700": 200, "LOCALHOST": 200, "app.localhost": 200, "devbox:7700": 200,
		"evil.example": 403, "localhost.evil.example": 403, "192.168.0.7:7700": 403, "127.0.0.1.nip.io": 403, "": 403, "0.0.0.0": 403,
	} {
		if w := h.call("GET", "/api/v1/users", "", "Host: "+host); w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
		if w := h.call("GET", "/", "", "Host: "+host); w.Code != want {
			t.Errorf("page at host %q: %d, want %d", host, w.Code, want)
		}
	}
	if w := h.call("POST", "/api/v1/enter", "", "Origin: http://evil.example"); w.Code != 403 {
		t.Errorf("a foreign page posted: %d", w.Code)
	}
	for _, c := range []struct {
		target, site, mode, dest string
		want                     int
	}{
		{"/api/v1/users", "cross-site", "no-cors", "image", 403},
		{"/api/v1/users", "cross-site", "cors", "empty", 403},
		{"/api/v1/users", "cross-site", "navigate", "document", 403},
		{"/", "cross-site", "no-cors", "script", 403},
		{"/", "cross-site", "navigate", "iframe", 403},
		{"/", "cross-site", "navigate", "document", 200}, // a link in a chat
		{"/api/v1/users", "same-origin", "cors", "empty", 200},
		{"/api/v1/users", "none", "navigate", "document", 200},
	} {
		w := h.call("GET", c.target, "", "Sec-Fetch-Site: "+c.site, "Sec-Fetch-Mode: "+c.mode, "Sec-Fetch-Dest: "+c.dest)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
	if w := newHarness(t, Options{}).call("GET", "/api/v1/echo?limit=1", "", "Sec-Fetch-Site: cross-site"); w.Code != 200 {
		t.Errorf("with sign-in a cookie decides, not where a call is from: %d", w.Code)
	}
	if w := h.call("POST", "/api/v1/enter", ""); w.Code != 204 {
		t.Errorf("curl was refused: %d %s", w.Code, w.Body)
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := newHarness(t, Options{PublicURL: "https://yagura.example"})
	for _, target := range []string{"/", "/api/v1/echo", "/api/v1/nope", "/api/docs"} {
		head := h.call("GET", target, "").Header()
		csp := head.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'self'", "script-src 'self';", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: policy %q lacks %s", target, csp, part)
			}
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "Strict-Transport-Security": ""} {
			if got := head.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", target, name, got, want)
			}
		}
	}
	if h.call("GET", "/", "", "Host: yagura.example").Header().Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS at an https public URL")
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !h.Secure(r) {
		t.Error("TLS is not secure?")
	}
}

func TestLimit(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	h := newHarness(t, Options{Clock: c, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	enter := func(from string) int { return h.call("POST", "/api/v1/enter", "", "X-Forwarded-For: "+from).Code }
	for i, want := range []int{204, 204, 429, 429} {
		if got := enter("203.0.113.9"); got != want {
			t.Errorf("attempt %d: %d, want %d", i, got, want)
		}
	}
	if w := h.call("POST", "/api/v1/enter", "", "X-Forwarded-For: 203.0.113.9"); w.Header().Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	if got := enter("203.0.113.10"); got != 204 {
		t.Errorf("another address is held up: %d", got)
	}
	if got := enter("203.0.113.66, 203.0.113.9"); got != 429 {
		t.Errorf("a claimed address left of the proxy's is believed: %d", got)
	}
	c.Advance(time.Minute)
	for i, want := range []int{204, 429} {
		if got := enter("203.0.113.9"); got != want {
			t.Errorf("a minute later, attempt %d: %d, want %d", i, got, want)
		}
	}
	// However many addresses come, the memory is bounded, and the flood is limited too.
	l := newLimiter(c)
	refused := 0
	for i := range 3 * maxBuckets {
		if l.take(fmt.Sprint(i), Limit{1, time.Minute}) > 0 {
			refused++
		}
	}
	if len(l.full) > maxBuckets+1 || refused < maxBuckets {
		t.Errorf("%d buckets, %d refused", len(l.full), refused)
	}
}

func TestClientAddrIgnoresClaimsWithoutTrustedProxy(t *testing.T) {
	h := newHarness(t, Options{})
	h.call("GET", "/api/v1/users", "", "X-Forwarded-For: 203.0.113.9")
	if log := h.log.String(); strings.Contains(log, "203.0.113.9") || !strings.Contains(log, `"addr":"192.0.2.1"`) {
		t.Errorf("log: %s", log)
	}
}

func TestTraceID(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	h := newHarness(t, Options{})
	for parent, keep := range map[string]bool{
		"00-" + id + "-00f067aa0ba902b7-01":                          true,
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01":    false,
		"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01":         false,
		"00-4bf92f3577b34da6\r\nX-Evil: 1234567-00f067aa0ba902b7-01": false,
		"": false,
	} {
		got := h.call("GET", "/api/v1/nope", "", "Traceparent: "+parent).Header().Get("X-Trace-Id")
		if (got == id) != keep || len(got) != 32 {
			t.Errorf("%q gave %q", parent, got)
		}
	}
}

func TestIfMatch(t *testing.T) {
	h := newHarness(t, Options{})
	put := func(tag string) int {
		return h.call("PUT", "/api/v1/thing", `{"name":"now","size":0}`, "Content-Type: application/json", "Authorization: Bearer viewer", "If-Match: "+tag).Code
	}
	now := ETag(thing{Name: "now"})
	for tag, want := range map[string]int{now: 204, `"x", ` + now: 204, "*": 204, "": 204, "W/" + now: 204, ETag(thing{Name: "old"}): 412} {
		if got := put(tag); got != want {
			t.Errorf("If-Match %q: %d, want %d", tag, got, want)
		}
	}
}

func TestCompression(t *testing.T) {
	h := newHarness(t, Options{})
	for accept, want := range map[string]string{"gzip": "gzip", "gzip, zstd": "zstd", "": "", "br": ""} {
		w := h.call("GET", "/api/v1/echo?limit=1000", "", "Accept-Encoding: "+accept)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("accepting %q: %q, want %q", accept, got, want)
		}
		if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("Vary %q", w.Header().Values("Vary"))
		}
	}
}

func TestDocument(t *testing.T) {
	h := newHarness(t, Options{})
	yaml := string(h.OpenAPIYAML())
	for _, part := range []string{"openapi: 3.1.0", "operationId: put-thing", "version: 1.2.3", "application/problem+json", "x-permission: users.write", "ThingList:"} {
		if !strings.Contains(yaml, part) {
			t.Errorf("the document lacks %q\n%s", part, yaml)
		}
	}
	if got := h.call("GET", "/api/openapi.yaml", "").Body.String(); got != yaml {
		t.Error("the served document is another")
	}
	var doc map[string]any
	if err := json.Unmarshal(h.call("GET", "/api/openapi.json", "").Body.Bytes(), &doc); err != nil || doc["openapi"] != "3.1.0" {
		t.Errorf("%v %v", err, doc["openapi"])
	}
	en, ja := h.call("GET", "/api/docs", ""), h.call("GET", "/api/docs?lang=ja", "")
	for _, part := range []string{`id="put-thing"`, "users.write", "curl -sS -X PUT", `-d &#39;{&#34;name&#34;:&#34;…&#34;,&#34;size&#34;:1}&#39;`, `href="#schema-Thing"`} {
		if !strings.Contains(en.Body.String(), part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if !strings.Contains(ja.Body.String(), "必要な権限") || strings.Contains(en.Body.String(), "<script") {
		t.Error("the page must speak Japanese and need no script")
	}
}
