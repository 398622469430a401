package chat

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/gorilla/websocket"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

// yagura answers as the API does, for one trace.
func yagura(t *testing.T) *client.ClientWithResponses {
	ja := func(r *http.Request, en, ja string) string {
		if strings.HasPrefix(r.Header.Get("Accept-Language"), "ja") {
			return ja
		}
		return en
	}
	m := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	m.HandleFunc("GET /api/v1/traces/{id}/verdict", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != traceID {
			answer(w, 404, client.Problem{Status: 404, Code: "not_found", Detail: "no"})
			return
		}
		summary := ja(r, "POST /checkout failed with 504 after 30.1 s: inventory waited 29.8 s for a lock on `stock`.", "POST /checkout が 30.1 秒後に 504 で失敗: inventory が `stock` のロックを 29.8 秒待ちました。")
		answer(w, 200, client.VerdictView{TraceID: traceID, Outcome: "timeout", Summary: summary, Sentences: []client.VerdictSentence{
			{Text: summary, Evidence: []client.VerdictEvidence{{Type: "span", ID: "00f067aa0ba902b7"}}},
			{Text: "<!channel> & <https://evil.example|click> *bold*", Evidence: []client.VerdictEvidence{{Type: "span", ID: "00f067aa0ba902b7"}, {Type: "log", ID: "7"}}},
		}, Next: []client.VerdictStep{{Text: "Runbook", Link: "/services/inventory"}}, Unread: []string{}, Unusual: []client.VerdictUnusual{}})
	})
	yes := true
	m.HandleFunc("GET /api/v1/traces/{id}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, client.TraceView{TraceID: traceID, DurationNs: 30_100e6, Spans: []client.TraceSpan{
			{SpanID: "a", Service: "storefront", Name: "POST /checkout", DurationNs: 30_100e6, Critical: &[][]int64{{0, 100e6}}},
			{SpanID: "b", Service: "inventory", Name: "UPDATE stock 在庫の引き当て", Depth: 1, StartNs: 100e6, DurationNs: 29_800e6, Error: &yes, Critical: &[][]int64{{100e6, 29_900e6}}},
		}})
	})
	m.HandleFunc("GET /api/v1/services/{s}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("s") == "nobody" {
			answer(w, 404, client.Problem{Status: 404, Detail: ja(r, "There is no such service.", "サービスが見つかりません。")})
			return
		}
		answer(w, 200, client.ServicePageView{Service: r.PathValue("s"), Requests: client.RedView{Count: 12345, Errors: 617, P50Ns: 12e6, P95Ns: 1.5e9, P99Ns: 12e9}, Before: &client.RedView{Count: 9000, P95Ns: 200e6},
			Endpoints: []client.EndpointView{{Endpoint: "POST /checkout", Requests: client.RedView{Count: 1000, Errors: 1, P95Ns: 900e3}}},
			Versions:  []client.VersionView{{Version: "1.2.3", First: start}}})
	})
	m.HandleFunc("GET /api/v1/errors", func(w http.ResponseWriter, r *http.Request) {
		items := []client.ErrorGroupView{{ID: "17", Service: "payment", Type: "CardError", Message: "declined", Count: 1234, Users: 9}}
		if r.URL.Query().Get("service") == "calm" {
			items = nil
		}
		answer(w, 200, client.ErrorGroupsView{Items: items})
	})
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	c, err := client.NewClientWithResponses(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// workspace is Slack: it checks tokens and shapes, and keeps what it is sent.
type workspace struct {
	t        *testing.T
	srv      *httptest.Server
	mu       sync.Mutex
	answers  []map[string]any
	unfurls  []url.Values
	picture  []byte
	refuse   string // word that posts are refused with, once
	socket   *websocket.Conn
	opened   chan struct{}
	noUpload bool
}

func newWorkspace(t *testing.T) *workspace {
	w := &workspace{t: t, opened: make(chan struct{}, 10)}
	m := http.NewServeMux()
	api := func(name, token string, f func(r *http.Request) string) {
		m.HandleFunc("POST /api/"+name, func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			_ = r.ParseForm()
			if r.Header.Get("Authorization") != "Bearer "+token && r.PostForm.Get("token") != token {
				_, _ = io.WriteString(rw, `{"ok":false,"error":"invalid_auth"}`)
				return
			}
			_, _ = io.WriteString(rw, f(r))
		})
	}
	api("auth.test", "xoxb-1", func(*http.Request) string {
		return `{"ok":true,"team":"Acme","team_id":"T0ACME","user":"yagura","user_id":"U0BOT"}`
	})
	api("files.getUploadURLExternal", "xoxb-1", func(r *http.Request) string {
		if w.noUpload {
			return `{"ok":false,"error":"missing_scope"}`
		}
		if n, err := strconv.Atoi(r.PostForm.Get("length")); err != nil || n == 0 || !strings.HasSuffix(r.PostForm.Get("filename"), ".png") {
			return `{"ok":false,"error":"invalid_arguments"}`
		}
		return `{"ok":true,"upload_url":"` + w.srv.URL + `/upload","file_id":"F0PICTURE"}`
	})
	m.HandleFunc("POST /upload", func(rw http.ResponseWriter, r *http.Request) {
		f, _, err := r.FormFile("file")
		if err != nil {
			t.Errorf("the upload: %v", err)
			return
		}
		raw, _ := io.ReadAll(f)
		w.mu.Lock()
		w.picture = raw
		w.mu.Unlock()
	})
	api("files.completeUploadExternal", "xoxb-1", func(r *http.Request) string {
		return `{"ok":true,"files":[{"id":"F0PICTURE","title":"x"}]}`
	})
	api("chat.unfurl", "xoxb-1", func(r *http.Request) string {
		w.mu.Lock()
		w.unfurls = append(w.unfurls, r.PostForm)
		w.mu.Unlock()
		return `{"ok":true}`
	})
	api("apps.connections.open", "xapp-1", func(*http.Request) string {
		return `{"ok":true,"url":"ws` + strings.TrimPrefix(w.srv.URL, "http") + `/socket"}`
	})
	m.HandleFunc("/socket", func(rw http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "https://api.slack.com" }}
		c, err := up.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.socket = c
		w.mu.Unlock()
		_ = c.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A0"}}`))
		w.opened <- struct{}{}
	})
	m.HandleFunc("POST /respond", func(rw http.ResponseWriter, r *http.Request) {
		var v map[string]any
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			t.Errorf("an answer that is no JSON: %v", err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.refuse != "" {
			http.Error(rw, w.refuse, http.StatusBadRequest)
			w.refuse = ""
			return
		}
		w.answers = append(w.answers, v)
		_, _ = io.WriteString(rw, "ok")
	})
	w.srv = httptest.NewServer(m)
	t.Cleanup(w.srv.Close)
	return w
}

var start = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

type audit struct{ n int }

func (a *audit) Audit(context.Context, *sqldb.Tx, string, string, string, any, any) error {
	a.n++
	return nil
}

const right = "8f742231b10e8888abcd99yyyzzz85a5"

func newService(t *testing.T, db *sqldb.DB, w *workspace) *Service {
	t.Helper()
	if err := db.Migrate(t.Context(), Migrations); err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{"env:BOT": "xoxb-1", "env:APP": "xapp-1", "env:SIGNING": right, "env:WRONG": "xoxb-2"}
	return NewService(Options{
		DB: db, Clock: clock.NewFake(start), Audit: &audit{}, Client: yagura(t), UI: func() string { return "https://yagura.example.com" },
		Guard: netguard.New(netguard.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		Secret: func(ref string) (string, error) {
			if v, ok := secrets[ref]; ok {
				return v, nil
			}
			return "", fault.Field("secret", i18n.T("There is no such secret.", "ありません。"))
		},
		Check: func(field, ref string) error {
			if !strings.HasPrefix(ref, "env:") {
				return fault.Field(field, i18n.T("A secret is named, not written.", "参照で指定してください。"))
			}
			return nil
		},
		Slack: w.srv.URL + "/api/",
	})
}

func yes(Settings, time.Time) error { return nil }

// slash makes a command's request as Slack signs it.
func slash(w *workspace, text string, change func(url.Values)) *http.Request {
	form := url.Values{"command": {"/yagura"}, "text": {text}, "team_id": {"T0ACME"}, "channel_id": {"C0GENERAL"}, "user_id": {"U0ANN"}, "response_url": {w.srv.URL + "/respond"}, "trigger_id": {"1.2"}}
	if change != nil {
		change(form)
	}
	return sign("/slack/commands", form.Encode(), right, time.Now())
}

func sign(path, body, secret string, at time.Time) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

// ask sends a command and gives what was said at once, and the answer.
func ask(t *testing.T, s *Service, w *workspace, r *http.Request) (atOnce string, answer map[string]any) {
	t.Helper()
	w.mu.Lock()
	had := len(w.answers)
	w.mu.Unlock()
	rec := httptest.NewRecorder()
	s.Commands(t.Context()).ServeHTTP(rec, r)
	if rec.Code != 200 {
		return fmt.Sprint(rec.Code), nil
	}
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.answers) > had {
		answer = w.answers[len(w.answers)-1]
	}
	return rec.Body.String(), answer
}

func text(v any) string { raw, _ := json.Marshal(v); return string(raw) }

func TestOverHTTP(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorkspace(t)
		s := newService(t, db, w)
		rec := httptest.NewRecorder()
		if s.Commands(t.Context()).ServeHTTP(rec, slash(w, "help", nil)); rec.Code != 404 {
			t.Errorf("before it is set up: %d", rec.Code)
		}
		if err := s.Configure(t.Context(), Settings{Bot: "env:BOT", Signing: "env:SIGNING"}, yes); err != nil {
			t.Fatal(err)
		}
		if err := s.Examine(t.Context()); err != nil || s.State().Workspace != "Acme" {
			t.Fatalf("%+v %v", s.State(), err)
		}

		atOnce, got := ask(t, s, w, slash(w, "https://yagura.example.com/traces/"+traceID+"?span=1", nil))
		if !strings.Contains(atOnce, "Looking") || got == nil {
			t.Fatalf("%s %v", atOnce, got)
		}
		body := text(got["blocks"])
		for _, want := range []string{"waited 29.8 s", `"slack_file":{"id":"F0PICTURE"}`, "traces/" + traceID, "span=00f067aa0ba902b7", "https://yagura.example.com/services/inventory"} {
			if !strings.Contains(body, want) {
				t.Errorf("the verdict lacks %q: %s", want, body)
			}
		}
		for _, never := range []string{"<!channel>", "<https://evil.example"} {
			if strings.Contains(unescape(body), never) {
				t.Errorf("%q passed: %s", never, body)
			}
		}
		if got["response_type"] != "in_channel" {
			t.Errorf("shown to %v", got["response_type"])
		}
		if img, err := png.Decode(bytes.NewReader(w.picture)); err != nil || img.Bounds().Dx() != 1400 {
			t.Errorf("the picture: %v", err)
		}

		// Slack may not know the picture yet: the answer comes without.
		w.refuse = "invalid_blocks"
		if _, got = ask(t, s, w, slash(w, traceID, nil)); got == nil || strings.Contains(text(got), "slack_file") {
			t.Errorf("after a refusal: %v", got)
		}
		w.noUpload = true
		if _, got = ask(t, s, w, slash(w, traceID, nil)); got == nil || s.State().Problem.IsZero() {
			t.Errorf("without the permission for files: %v, %v", got, s.State().Problem)
		}

		for _, c := range []struct{ ask, says, shown string }{
			{"", "/yagura service NAME", "ephemeral"},
			{"help", "/yagura errors [SERVICE]", "ephemeral"},
			{"hello there", "There is no trace ID in", "ephemeral"},
			{"00000000000000000000000000000001", "There is no trace", "ephemeral"},
			{"service checkout", "12,345 requests, 5 % failed", "in_channel"},
			{"service nobody", "There is no such service.", "ephemeral"},
		} {
			if _, got := ask(t, s, w, slash(w, c.ask, func(v url.Values) { v.Set("user_id", "U0"+c.ask) })); got == nil || !strings.Contains(text(got), c.says) || got["response_type"] != c.shown {
				t.Errorf("%q: %s", c.ask, text(got))
			}
		}
		for _, c := range []struct{ ask, says string }{{"errors", "CardError"}, {"errors calm", "None."}, {"lang ja", "日本語で回答します"}, {"errors calm", "ありません"}, {traceID, "ロックを 29.8 秒"}, {"lang fr", "尋ねられること"}} {
			if _, got := ask(t, s, w, slash(w, c.ask, func(v url.Values) { v.Set("user_id", "U0BOB") })); got == nil || !strings.Contains(text(got), c.says) {
				t.Errorf("%q: %s", c.ask, text(got))
			}
		}
		if _, got := ask(t, s, w, slash(w, "errors calm", func(v url.Values) { v.Set("channel_id", "C0OTHER") })); got == nil || !strings.Contains(text(got), "None.") {
			t.Errorf("another channel's language: %s", text(got))
		}
	})
}

// unescape takes JSON's own escapes away, which hide < and >.
func unescape(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
}

func TestWhoIsRefused(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorkspace(t)
		s := newService(t, db, w)
		if err := s.Configure(t.Context(), Settings{Bot: "env:BOT", Signing: "env:SIGNING", Channels: []string{"C0GENERAL"}}, yes); err != nil {
			t.Fatal(err)
		}
		if err := s.Examine(t.Context()); err != nil {
			t.Fatal(err)
		}
		signed := slash(w, "help", nil)
		changed := slash(w, "help", nil)
		changed.Body = io.NopCloser(strings.NewReader("command=%2Fyagura&text=errors&response_url=x"))
		unsigned := slash(w, "help", nil)
		unsigned.Header.Del("X-Slack-Signature")
		for name, r := range map[string]*http.Request{
			"another secret": sign("/slack/commands", "text=help", "other", time.Now()),
			"an old request": sign("/slack/commands", "text=help", right, time.Now().Add(-6*time.Minute)),
			"changed":        changed, "unsigned": unsigned,
		} {
			if got, _ := ask(t, s, w, r); got != "401" {
				t.Errorf("%s: %s", name, got)
			}
		}
		if got, _ := ask(t, s, w, signed); !strings.Contains(got, "Looking") {
			t.Errorf("a good one: %s", got)
		}
		huge := sign("/slack/commands", "text="+strings.Repeat("x", maxBody), right, time.Now())
		if got, _ := ask(t, s, w, huge); got != "413" {
			t.Errorf("a huge one: %s", got)
		}
		if got, answered := ask(t, s, w, slash(w, "help", func(v url.Values) { v.Set("team_id", "T0OTHER") })); !strings.Contains(got, "workspace") || answered != nil {
			t.Errorf("another workspace: %s", got)
		}
		if got, _ := ask(t, s, w, slash(w, "help", func(v url.Values) { v.Set("channel_id", "C0SECRET") })); !strings.Contains(got, "does not answer in this channel") {
			t.Errorf("another channel: %s", got)
		}
		said := ""
		for range perMinute + 1 {
			said, _ = ask(t, s, w, slash(w, "help", func(v url.Values) { v.Set("user_id", "U0EAGER") }))
		}
		if !strings.Contains(said, "within a minute") {
			t.Errorf("too eager: %s", said)
		}
		s.Clock.(*clock.Fake).Advance(time.Minute)
		if said, _ = ask(t, s, w, slash(w, "help", func(v url.Values) { v.Set("user_id", "U0EAGER") })); !strings.Contains(said, "Looking") {
			t.Errorf("a minute later: %s", said)
		}
		// An answer goes nowhere but where netguard lets it.
		if _, got := ask(t, s, w, slash(w, "help", func(v url.Values) { v.Set("response_url", "http://169.254.169.254/latest") })); got != nil {
			t.Error("an internal address was asked")
		}
	})
}

func TestSettings(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorkspace(t)
		s := newService(t, db, w)
		for field, set := range map[string]Settings{
			"bot": {App: "env:APP"}, "app": {Bot: "env:BOT"}, "signing": {Bot: "env:BOT", Signing: "8f74"}, "command": {Command: "yagura"}, "lang": {Lang: "fr"}, "channels": {Channels: []string{"#general"}},
		} {
			var f *fault.Error
			if err := s.Configure(t.Context(), set, yes); !errors.As(err, &f) || f.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if err := s.Configure(t.Context(), Settings{Bot: "env:WRONG", Signing: "env:SIGNING"}, yes); err != nil {
			t.Fatal(err)
		}
		if err := s.Examine(t.Context()); err != nil || !strings.Contains(s.State().Problem.En, "does not accept the token") {
			t.Errorf("%v %q", err, s.State().Problem.En)
		}
		for _, set := range []Settings{{Command: "/yagura"}, {Bot: "a", App: "b", Command: "/sre"}, {Bot: "a", Signing: "b", Command: "/yagura"}} {
			var m struct {
				Features struct {
					SlashCommands []struct{ Command, URL string } `yaml:"slash_commands"`
					UnfurlDomains []string                        `yaml:"unfurl_domains"`
				}
				Settings struct {
					SocketModeEnabled  bool `yaml:"socket_mode_enabled"`
					EventSubscriptions struct {
						RequestURL string `yaml:"request_url"`
					} `yaml:"event_subscriptions"`
				}
			}
			if err := yaml.Unmarshal([]byte(manifest(set, "https://yagura.example.com:8443/")), &m); err != nil {
				t.Fatal(err)
			}
			http := set.Signing != ""
			if m.Settings.SocketModeEnabled == http || (m.Features.SlashCommands[0].URL != "") != http || m.Features.SlashCommands[0].Command != set.Command || m.Features.UnfurlDomains[0] != "yagura.example.com" {
				t.Errorf("%+v: %+v", set, m)
			}
		}
	})
}

func TestSharedLinks(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorkspace(t)
		s := newService(t, db, w)
		if err := s.Configure(t.Context(), Settings{Bot: "env:BOT", Signing: "env:SIGNING"}, yes); err != nil {
			t.Fatal(err)
		}
		if err := s.Examine(t.Context()); err != nil {
			t.Fatal(err)
		}
		post := func(body string) *httptest.ResponseRecorder {
			rec := httptest.NewRecorder()
			r := sign("/slack/events", body, right, time.Now())
			r.Header.Set("Content-Type", "application/json")
			s.Events(t.Context()).ServeHTTP(rec, r)
			if err := s.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			return rec
		}
		if rec := post(`{"type":"url_verification","token":"x","challenge":"3eZbrw1a"}`); rec.Body.String() != "3eZbrw1a" {
			t.Errorf("the challenge: %d %s", rec.Code, rec.Body)
		}
		event := `{"type":"event_callback","token":"x","team_id":"T0ACME","api_app_id":"A0","event_id":"Ev1","event":{"type":"link_shared","user":"U0ANN","channel":"C0GENERAL","message_ts":"1.2","links":[
			{"domain":"yagura.example.com","url":"https://yagura.example.com/traces/` + traceID + `"},{"domain":"evil.example","url":"https://evil.example/traces/` + traceID + `"},{"domain":"yagura.example.com","url":"https://yagura.example.com/logs"}]}}`
		for range 2 { // Slack sends again when it is in doubt
			if rec := post(event); rec.Code != 200 {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
		if len(w.unfurls) != 1 {
			t.Fatalf("%d unfurls", len(w.unfurls))
		}
		if got := w.unfurls[0].Get("unfurls"); !strings.Contains(got, "29.8 s") || strings.Contains(got, "evil.example/traces") || w.unfurls[0].Get("ts") != "1.2" {
			t.Errorf("%v", w.unfurls[0])
		}
		if rec := post(`{"type":`); rec.Code != 400 {
			t.Errorf("half an event: %d", rec.Code)
		}
	})
}

func TestSocketMode(t *testing.T) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorkspace(t)
		s := newService(t, db, w)
		s.Clock = clock.Real{}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		if err := s.Configure(ctx, Settings{Bot: "env:BOT", App: "env:APP"}, yes); err != nil {
			t.Fatal(err)
		}
		ask := func(n int) {
			t.Helper()
			select {
			case <-w.opened:
			case <-time.After(30 * time.Second):
				t.Fatalf("no connection: %q", s.State().Problem.En)
			}
			w.mu.Lock()
			c := w.socket
			w.mu.Unlock()
			err := c.WriteJSON(map[string]any{"type": "slash_commands", "envelope_id": fmt.Sprint("e", n), "accepts_response_payload": true,
				"payload": map[string]any{"command": "/yagura", "text": "errors", "team_id": "T0ACME", "channel_id": "C0GENERAL", "user_id": "U0ANN", "response_url": w.srv.URL + "/respond"}})
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
			for { // pings may come between
				var ack struct {
					EnvelopeID string `json:"envelope_id"`
					Payload    struct{ Text string }
				}
				if err := c.ReadJSON(&ack); err != nil {
					t.Fatal(err)
				}
				if ack.EnvelopeID == fmt.Sprint("e", n) {
					if !strings.Contains(ack.Payload.Text, "Looking") {
						t.Errorf("at once: %+v", ack)
					}
					break
				}
			}
			for range 200 {
				w.mu.Lock()
				got := len(w.answers)
				w.mu.Unlock()
				if got == n {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			t.Fatal("no answer")
		}
		ask(1)
		if st := s.State(); !st.Connected || st.Workspace != "Acme" {
			t.Errorf("%+v", st)
		}
		w.mu.Lock()
		_ = w.socket.Close() // Slack goes away: it is called again
		w.mu.Unlock()
		ask(2)
		cancel()
		<-done
	})
}
