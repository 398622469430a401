package people

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

// browser keeps the cookie, as a browser does.
type browser struct {
	t      *testing.T
	api    *api.API
	cookie string
	bearer string
}

func (b *browser) call(method, path, body string, head ...string) (int, map[string]any, *httptest.ResponseRecorder) {
	b.t.Helper()
	r := httptest.NewRequest(method, api.Base+path, strings.NewReader(body))
	r.Host = "localhost:7700"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
	} else {
		r.Header.Set("X-Yagura-CSRF", "1")
		if b.cookie != "" {
			r.Header.Set("Cookie", b.cookie)
		}
	}
	for _, line := range head {
		k, v, _ := strings.Cut(line, ": ")
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	b.api.Handler().ServeHTTP(w, r)
	if set := w.Header().Get("Set-Cookie"); set != "" {
		b.cookie, _, _ = strings.Cut(set, ";")
	}
	var out map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			b.t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
		}
	}
	return w.Code, out, w
}

// must calls and wants a status.
func (b *browser) must(status int, method, path, body string, head ...string) map[string]any {
	b.t.Helper()
	code, out, _ := b.call(method, path, body, head...)
	if code != status {
		b.t.Fatalf("%s %s %s: %d, want %d: %v", method, path, body, code, status, out)
	}
	return out
}

func TestHTTP(t *testing.T) {
	db := sqldbtest.OpenAt(t, sqldbtest.SQLite(t))
	x := fresh(t, db)
	a := api.New(api.Options{Auth: x, Clock: x.clock})
	x.Routes(a)
	ann := &browser{t: t, api: a}

	if s := ann.must(200, "GET", "/session", ""); s["setup_needed"] != true || s["user"] != nil || s["auth"] != "password" {
		t.Errorf("%v", s)
	}
	token, _ := x.SetupToken(t.Context())
	out := ann.must(422, "POST", "/setup", `{"token":"`+token+`","email":"x","name":"","password":"short"}`, "Accept-Language: ja")
	if errs := out["errors"].([]any); len(errs) != 3 || errs[0].(map[string]any)["location"] != "email" || !strings.Contains(out["detail"].(string), "メールアドレス") {
		t.Errorf("%v", out)
	}
	ann.must(403, "POST", "/setup", `{"token":"no","email":"ann@example.com","name":"Ann","password":"`+password+`"}`)
	code, out, w := ann.call("POST", "/setup", `{"token":"`+token+`","email":"ann@example.com","name":"Ann","password":"`+password+`"}`, "Accept-Language: ja")
	if code != 200 || out["user"].(map[string]any)["role"] != "admin" || out["user"].(map[string]any)["lang"] != "ja" {
		t.Fatalf("%d %v", code, out)
	}
	for _, part := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if set := w.Header().Get("Set-Cookie"); !strings.Contains(set, part) || strings.Contains(set, "Secure") {
			t.Errorf("cookie %q", set)
		}
	}
	if s := ann.must(200, "GET", "/session", ""); s["setup_needed"] != false || s["user"].(map[string]any)["email"] != "ann@example.com" {
		t.Errorf("%v", s)
	}

	// Users, with ETags.
	bob := ann.must(201, "POST", "/users", `{"email":"bob@example.com","name":"Bob","role":"viewer","password":"`+password+`"}`)
	id := bob["id"].(string)
	_, _, w = ann.call("GET", "/users/"+id, "")
	tag := w.Header().Get("ETag")
	ann.must(200, "PATCH", "/users/"+id, `{"role":"member"}`, "If-Match: "+tag)
	ann.must(412, "PATCH", "/users/"+id, `{"role":"lead"}`, "If-Match: "+tag)
	ann.must(422, "PATCH", "/users/"+id, `{"role":"root"}`)
	ann.must(409, "POST", "/users", `{"email":"BOB@example.com","name":"Bob","role":"viewer","password":"`+password+`"}`)
	if users := ann.must(200, "GET", "/users", "")["items"].([]any); len(users) != 2 {
		t.Errorf("%v", users)
	}
	me := ann.must(200, "GET", "/session", "")["user"].(map[string]any)["id"].(string)
	ann.must(409, "DELETE", "/users/"+me, "")

	// Bob signs in and finds what he may do.
	b := &browser{t: t, api: a}
	b.must(401, "GET", "/users", "")
	b.must(401, "POST", "/session", `{"email":"bob@example.com","password":"not his password"}`)
	b.must(200, "POST", "/session", `{"email":"bob@example.com","password":"`+password+`"}`)
	b.must(200, "GET", "/users", "")
	b.must(403, "GET", "/tokens", "")
	b.must(403, "GET", "/audit", "")
	if u := b.must(200, "PATCH", "/users/me", `{"lang":"ja","name":"ボブ"}`); u["lang"] != "ja" || u["name"] != "ボブ" {
		t.Errorf("%v", u)
	}
	b.must(422, "POST", "/users/me/password", `{"current":"wrong","password":"another fine password"}`)
	old := b.cookie
	b.must(200, "POST", "/users/me/password", `{"current":"`+password+`","password":"another fine password"}`)
	b.must(200, "GET", "/users", "")
	(&browser{t: t, api: a, cookie: old}).must(401, "GET", "/users", "")
	b.must(200, "DELETE", "/session", "")
	b.must(401, "GET", "/users", "")
	if s := b.must(200, "GET", "/session", ""); s["user"] != nil {
		t.Errorf("%v", s)
	}

	// Tokens.
	made := ann.must(201, "POST", "/tokens", `{"name":"ci","kind":"api","role":"viewer"}`)
	prog := &browser{t: t, api: a, bearer: made["secret"].(string)}
	prog.must(200, "GET", "/session", "")
	prog.must(403, "GET", "/users", "")
	prog.must(403, "PATCH", "/users/me", `{"name":"x"}`)
	ingest := ann.must(201, "POST", "/tokens", `{"name":"collector","kind":"ingest"}`)
	(&browser{t: t, api: a, bearer: ingest["secret"].(string)}).must(403, "GET", "/users", "")
	if list := ann.must(200, "GET", "/tokens", "")["items"].([]any); len(list) != 2 || strings.Contains(strings.ToLower(jsonText(list)), "secret") {
		t.Errorf("%v", list)
	}
	ann.must(204, "DELETE", "/tokens/"+made["token"].(map[string]any)["id"].(string), "")
	prog.must(401, "GET", "/session", "")

	// The audit, page by page, has every change once.
	seen, after := map[string]bool{}, ""
	for range 50 {
		page := ann.must(200, "GET", "/audit?limit=3&after="+after, "")
		for _, e := range page["items"].([]any) {
			entry := e.(map[string]any)
			if seen[entry["id"].(string)] || entry["addr"] != "192.0.2.1" || entry["trace_id"] == "" {
				t.Errorf("%v", entry)
			}
			seen[entry["id"].(string)] = true
		}
		if after = page["next"].(string); after == "" {
			break
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d lines", len(seen))
	}
	ann.must(422, "GET", "/audit?after=nonsense", "")
	if yaml := string(a.OpenAPIYAML()); strings.Contains(yaml, "http.Request") || !strings.Contains(yaml, "operationId: change-password") {
		t.Error("document")
	}
}

func jsonText(v any) string { b, _ := json.Marshal(v); return string(b) }

func TestHTTPWithoutSignIn(t *testing.T) {
	db := sqldbtest.OpenAt(t, sqldbtest.SQLite(t))
	if err := db.Migrate(t.Context(), Migrations); err != nil {
		t.Fatal(err)
	}
	s := New(Options{DB: db, NoAuth: true})
	a := api.New(api.Options{Auth: s, NoAuth: true})
	s.Routes(a)
	b := &browser{t: t, api: a}
	if out := b.must(200, "GET", "/session", ""); out["auth"] != "none" || out["setup_needed"] != false || out["user"].(map[string]any)["role"] != "admin" {
		t.Errorf("%v", out)
	}
	b.must(201, "POST", "/tokens", `{"name":"collector","kind":"ingest"}`)
	b.must(409, "POST", "/session", `{"email":"a@example.com","password":"x"}`)
	b.must(403, "PATCH", "/users/me", `{"name":"x"}`)
	if token, err := s.SetupToken(t.Context()); token != "" || err != nil {
		t.Errorf("%q %v", token, err)
	}
}
