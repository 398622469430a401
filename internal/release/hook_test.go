package release

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what must be refused
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
)

func sign(body []byte, secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

func payload(t *testing.T, name string, change ...string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	out := strings.NewReplacer(change...).Replace(string(b))
	if len(change) > 0 && out == string(b) {
		t.Fatalf("%v changes nothing", change)
	}
	return []byte(out)
}

func (x *fixture) hook(t *testing.T, h Hook) Hook {
	t.Helper()
	admin := authz.With(t.Context(), authz.Local())
	if h.Secret == "" {
		h.Secret = "env:YAGURA_SECRET_GITHUB"
	}
	if h.Events == nil {
		h.Events = Events
	}
	h, err := x.PutHook(admin, h, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestGitHubEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.clock.Advance(time.Hour)
		x.hook(t, Hook{Repo: "example/Checkout", Service: "checkout", Env: "production"}) // GitHub's case is its own
		x.clock.Advance(time.Second)
		x.hook(t, Hook{Repo: "Example/checkout", Service: "payment", TagPrefix: "payment/"})
		x.clock.Advance(time.Second)
		x.hook(t, Hook{Repo: "Example/other", Service: "other", Secret: "env:YAGURA_SECRET_OTHER"})
		deliver := func(event string, body []byte) Result {
			t.Helper()
			res, err := x.Deliver(t.Context(), Delivery{event, "1", sign(body, "hush"), "application/json", body})
			if err != nil {
				t.Fatalf("%s: %v", event, err)
			}
			return res
		}
		if res := deliver("ping", payload(t, "ping")); res.Status != "ignored" || res.Reason != "pong" {
			t.Errorf("%+v", res)
		}
		res := deliver("release", payload(t, "release"))
		if res.Status != "recorded" || len(res.Releases) != 1 {
			t.Fatalf("%+v", res)
		}
		r := res.Releases[0]
		if r.Service != "checkout" || r.Version != "v1.2.0" || r.Env != "production" || r.Author != "ann" || r.Note != "在庫の引き当て" || r.Commit != "" ||
			r.URL != "https://github.com/Example/checkout/releases/tag/v1.2.0" || !r.Declared.Equal(at(2)) || r.CreatedBy != "github:example/Checkout" {
			t.Errorf("%+v", r)
		}
		for _, again := range []Result{deliver("release", payload(t, "release")), deliver("release", payload(t, "release", `"action": "published"`, `"action": "released"`))} {
			if again.Status != "known" || again.Releases[0].ID != r.ID {
				t.Errorf("%+v", again)
			}
		}
		// The same tag deployed: its commit is learnt.
		res = deliver("deployment_status", payload(t, "deployment_status", `"ref": "main"`, `"ref": "v1.2.0"`))
		if res.Status != "known" || res.Releases[0].ID != r.ID || res.Releases[0].Commit != "f95f852bd8fca8fcc58a9a2d6c842781e32a215e" {
			t.Errorf("%+v", res)
		}
		// A branch: the commit is the version. The pipeline's own word wins.
		res = deliver("deployment_status", payload(t, "deployment_status", `f95f852bd8fca8fcc58a9a2d6c842781e32a215e`, `aaaa852bd8fca8fcc58a9a2d6c842781e32a215e`))
		if r := res.Releases[0]; r.Version != "aaaa852bd8fc" || r.Author != "bob" || r.URL != "https://github.com/Example/checkout/actions/runs/99" || !r.Declared.Equal(at(30)) {
			t.Errorf("%+v", r)
		}
		for p, service := range map[string]string{
			`"payload": {"version": "7.7"}`: "checkout", `"payload": "{\"version\": \"7.7\"}"`: "checkout", `"payload": {"version": "7.7", "service": "payment"}`: "payment",
		} {
			res = deliver("deployment_status", payload(t, "deployment_status", `"payload": {}`, p, `f95f852b`, `bbbb852b`, `"environment": "production"`, `"environment": "staging"`))
			if r := res.Releases[0]; r.Version != "7.7" || r.Env != "staging" || r.Service != service || len(res.Releases) != 1 {
				t.Errorf("%s: %+v", p, res.Releases)
			}
		}
		// A tag of the other service.
		res = deliver("push", payload(t, "push_tag"))
		if len(res.Releases) != 1 {
			t.Fatalf("%+v", res)
		}
		if pay := res.Releases[0]; pay.Service != "payment" || pay.Version != "v3.1.4" || pay.Commit != "6113728f27ae82c7b1a177c8d03f9e96e0adf246" || pay.Note != "Retry once" || pay.Author != "carol" {
			t.Errorf("%+v", res)
		}
		for event, body := range map[string][]byte{
			"release":           payload(t, "release", `"draft": false`, `"draft": true`),
			"deployment_status": payload(t, "deployment_status", `"state": "success"`, `"state": "in_progress"`),
			"push":              payload(t, "push_tag", "refs/tags/payment/v3.1.4", "refs/heads/main"),
			"issues":            payload(t, "ping"),
			"not_an_event":      payload(t, "ping"),
		} {
			if res := deliver(event, body); res.Status != "ignored" || res.Reason == "" || len(res.Releases) != 0 {
				t.Errorf("%s: %+v", event, res)
			}
		}
		if res := deliver("push", payload(t, "push_tag", `"deleted": false`, `"deleted": true`)); res.Status != "ignored" {
			t.Errorf("%+v", res)
		}
		hooks, err := x.Hooks(x.ctx)
		if err != nil || len(hooks) != 3 || hooks[0].LastEvent == "" || !hooks[2].LastAt.IsZero() {
			t.Errorf("%+v %v", hooks, err)
		}
	})
}

func TestOnlySignedDeliveriesAreBelieved(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.clock.Advance(time.Hour)
		x.hook(t, Hook{Repo: "Example/checkout", Service: "checkout"})
		x.hook(t, Hook{Repo: "Example/other", Service: "other", Secret: "env:YAGURA_SECRET_OTHER"})
		body := payload(t, "release")
		m := hmac.New(sha1.New, []byte("hush"))
		m.Write(body)
		good := Delivery{"release", "1", sign(body, "hush"), "application/json", body}
		for name, d := range map[string]Delivery{
			"no signature":     {"release", "1", "", "application/json", body},
			"wrong secret":     {"release", "1", sign(body, "other"), "application/json", body},
			"empty secret":     {"release", "1", sign(body, ""), "application/json", body},
			"SHA-1":            {"release", "1", "sha1=" + hex.EncodeToString(m.Sum(nil)), "application/json", body},
			"changed":          {"release", "1", good.Signature, "application/json", append([]byte(" "), body...)},
			"another repo":     {"release", "1", sign(payload(t, "release", "Example/checkout", "Example/other"), "hush"), "application/json", payload(t, "release", "Example/checkout", "Example/other")},
			"unknown repo":     {"release", "1", sign(payload(t, "release", "Example/checkout", "Evil/checkout"), "hush"), "application/json", payload(t, "release", "Example/checkout", "Evil/checkout")},
			"not JSON":         {"release", "1", sign([]byte("x"), "hush"), "application/json", []byte("x")},
			"another type":     {"release", "1", good.Signature, "text/plain", body},
			"no type":          {"release", "1", good.Signature, "", body},
			"odd signature":    {"release", "1", "sha256=zz", "application/json", body},
			"repo is a number": {"release", "1", sign([]byte(`{"repository":{"full_name":7}}`), "hush"), "application/json", []byte(`{"repository":{"full_name":7}}`)},
		} {
			if _, err := x.Deliver(t.Context(), d); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if l := x.list(t); len(l) != 0 {
			t.Error(l)
		}
		form := []byte("payload=" + url.QueryEscape(string(body)))
		if res, err := x.Deliver(t.Context(), Delivery{"release", "1", sign(form, "hush"), "application/x-www-form-urlencoded", form}); err != nil || res.Status != "recorded" {
			t.Error(res, err)
		}
	})
}

func TestHTTP(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.clock.Advance(time.Hour)
		a := api.New(api.Options{Clock: x.clock, NoAuth: true})
		Register(a, x.Service)
		call := func(status int, method, path, body string, head ...string) (map[string]any, string) {
			t.Helper()
			r := httptest.NewRequest(method, api.Base+path, strings.NewReader(body))
			r.Host = "localhost"
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			for _, h := range head {
				k, v, _ := strings.Cut(h, ": ")
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			if w.Code != status {
				t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			var out map[string]any
			if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &out) != nil {
				t.Fatal(w.Body)
			}
			return out, w.Header().Get("ETag")
		}
		one := `{"service":"shop","version":"1","env":"prod","commit":"abc1234","time":"2026-11-22T10:05:00Z"}`
		r, tag := call(200, "POST", "/releases", one)
		id := r["id"].(string)
		if again, _ := call(200, "POST", "/releases", one); again["id"] != id || again["is_new"] != false || r["is_new"] != true || again["source"] != "api" || r["time"] != "2026-11-22T10:05:00Z" {
			t.Errorf("%v", again)
		}
		call(200, "POST", "/releases", `{"service":"shop","version":"2","env":"prod"}`)
		if d, _ := call(200, "GET", "/releases/"+id, ""); d["next"].(map[string]any)["version"] != "2" || d["previous"] != nil || d["to"] == nil {
			t.Errorf("%v", d)
		}
		call(200, "PATCH", "/releases/"+id, `{"note":"x"}`, "If-Match: "+tag)
		call(412, "PATCH", "/releases/"+id, `{"note":"y"}`, "If-Match: "+tag)
		call(422, "PATCH", "/releases/"+id, `{"url":"javascript:x"}`)
		call(422, "POST", "/releases", `{"service":" ","version":"2"}`)
		call(422, "POST", "/releases", `{"service":"shop","version":"2","time":"2030-01-01T00:00:00Z"}`)
		page, _ := call(200, "GET", "/releases?service=shop&limit=1", "")
		if page["next"] == "" || page["items"].([]any)[0].(map[string]any)["version"] != "2" {
			t.Errorf("%v", page)
		}
		if page, _ = call(200, "GET", "/releases?service=shop&limit=1&after="+page["next"].(string), ""); page["next"] != "" || page["items"].([]any)[0].(map[string]any)["id"] != id {
			t.Errorf("%v", page)
		}
		call(204, "DELETE", "/releases/"+id, "")
		call(404, "GET", "/releases/"+id, "")

		// A hook, and a delivery through it.
		call(422, "POST", "/release-hooks", `{"repo":"Example/checkout","service":"shop","secret":"hush"}`)
		call(422, "POST", "/release-hooks", `{"repo":"not a repo","service":"shop","secret":"env:YAGURA_SECRET_GITHUB"}`)
		h, tag := call(201, "POST", "/release-hooks", `{"repo":"Example/checkout","service":"shop","env":"prod","secret":"env:YAGURA_SECRET_GITHUB"}`)
		call(409, "POST", "/release-hooks", `{"repo":"example/checkout","service":"shop","env":"prod","secret":"env:YAGURA_SECRET_GITHUB"}`)
		body := payload(t, "release")
		got, _ := call(200, "POST", "/hooks/github", string(body), "X-GitHub-Event: release", "X-Hub-Signature-256: "+sign(body, "hush"))
		if got["status"] != "recorded" {
			t.Errorf("%v", got)
		}
		call(401, "POST", "/hooks/github", string(body), "X-GitHub-Event: release", "X-Hub-Signature-256: "+sign(body, "no"))
		call(200, "PUT", "/release-hooks/"+h["id"].(string), `{"repo":"Example/checkout","service":"shop","env":"prod","events":["push"],"secret":"env:YAGURA_SECRET_GITHUB"}`, "If-Match: "+tag)
		call(412, "PUT", "/release-hooks/"+h["id"].(string), `{"repo":"Example/checkout","service":"shop","secret":"env:YAGURA_SECRET_GITHUB"}`, "If-Match: "+tag)
		if got, _ := call(200, "POST", "/hooks/github", string(body), "X-GitHub-Event: release", "X-Hub-Signature-256: "+sign(body, "hush")); got["status"] != "ignored" {
			t.Errorf("%v", got)
		}
		call(204, "DELETE", "/release-hooks/"+h["id"].(string), "")
		call(401, "POST", "/hooks/github", string(body), "X-GitHub-Event: release", "X-Hub-Signature-256: "+sign(body, "hush"))
	})
}
