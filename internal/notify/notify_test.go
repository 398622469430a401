package notify

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

var begin = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

type audit struct {
	mu   sync.Mutex
	told []string
}

func (a *audit) Audit(_ context.Context, _ *sqldb.Tx, action, _, name string, before, after any) error {
	b, err := json.Marshal([]any{before, after})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = append(a.told, action+" "+name+" "+string(b))
	return err
}

type fixture struct {
	*Service
	clock *clock.Fake
	ctx   context.Context // acts as an administrator
	dir   string          // of secrets
	audit *audit
	step  time.Duration // of the clock
}

func onBoth(t *testing.T, f func(t *testing.T, x *fixture)) {
	sqldbtest.Run(t, func(t *testing.T, db *sqldb.DB) {
		if err := db.Migrate(t.Context(), Migrations, job.Migrations); err != nil {
			t.Fatal(err)
		}
		f(t, fresh(t, db, clock.NewFake(begin)))
	})
}

func fresh(t *testing.T, db *sqldb.DB, c *clock.Fake) *fixture {
	t.Helper()
	x := &fixture{clock: c, dir: t.TempDir(), audit: &audit{}, step: 500 * time.Millisecond}
	x.ctx = authz.With(t.Context(), authz.Principal{UserID: "u", Name: "Ann", Role: authz.Admin, Kind: authz.KindUser})
	x.Service = New(Options{
		DB: db, Clock: c, Audit: x.audit, Guard: netguard.New(netguard.Options{Allow: loopback}),
		Secrets: config.SecretStore{Folders: []string{x.dir}, Env: func(string) (string, bool) { return "", false }},
		BaseURL: func() string { return "https://yagura.example.com/" },
	})
	x.now = func(*sqldb.Tx) (time.Time, error) { return c.Now(), nil }
	return x
}

// secret writes one and gives its reference.
func (x *fixture) secret(t *testing.T, name, value string) string {
	t.Helper()
	if err := os.WriteFile(x.dir+"/"+name, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + x.dir + "/" + name
}

func (x *fixture) put(t *testing.T, d Destination) Destination {
	t.Helper()
	if d.Lang == "" {
		d.Lang = i18n.Ja
	}
	if d.Name == "" {
		d.Name = "d" + strconv.Itoa(len(x.audit.told))
	}
	d, err := x.Put(x.ctx, d, func(Destination) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (x *fixture) hook(t *testing.T, url string) Destination {
	t.Helper()
	return x.put(t, Destination{Kind: Webhook, Settings: Settings{URL: url, Secret: x.secret(t, "sign", "key")}, PerMinute: 600})
}

func message(key string) Message {
	return Message{
		Kind: "alert.firing", Key: key, Severity: Critical, Time: begin,
		Title: i18n.T("Checkout is failing <now> & here", "決済が失敗しています <今> & ここ"),
		Text:  i18n.T("4 of 10 requests fail.", "10 件中 4 件が失敗しています。\n2 行目"),
		Fields: []Field{{i18n.T("Service", "サービス"), i18n.T("checkout", "checkout")},
			{i18n.T("Environment", "環境"), i18n.T("prod", "prod")}},
		Links: []Link{{i18n.T("Open", "開く"), "/alerts/1"}, {i18n.T("Runbook", "ランブック"), "https://wiki.example.com/r?a=1&b=2"}},
		Data:  json.RawMessage(`{"alert":1}`),
	}
}

func (x *fixture) enqueue(t *testing.T, d Destination, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if err := x.DB.Write(t.Context(), func(tx *sqldb.Tx) error { return x.Enqueue(tx, d.ID, message(k)) }); err != nil {
			t.Fatal(err)
		}
	}
}

// run dispatches until the test ends or stop is called.
func (x *fixture) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { x.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (x *fixture) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 3000 {
		if ok() {
			return
		}
		x.clock.Advance(x.step)
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("never: %s; %+v", what, x.deliveries(t))
}

func (x *fixture) deliveries(t *testing.T) []Delivery {
	t.Helper()
	all, _, err := x.Deliveries(x.ctx, DeliveryQuery{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (x *fixture) count(t *testing.T, s State) (n int) {
	for _, d := range x.deliveries(t) {
		if d.State == s {
			n++
		}
	}
	return n
}

// receiver is a webhook's other side: it checks signatures and keeps what came.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []webhookBody
	at     []time.Time
	answer func(n int, w http.ResponseWriter) // of the n-th request, from 1; nil: 200
}

func receive(t *testing.T, c clock.Clock) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		stamp, err2 := strconv.ParseInt(q.Header.Get(HeaderTimestamp), 10, 64)
		if err != nil || err2 != nil || !hmac.Equal([]byte(Sign("key", stamp, body)), []byte(q.Header.Get(HeaderSignature))) {
			t.Errorf("signature %q at %q", q.Header.Get(HeaderSignature), q.Header.Get(HeaderTimestamp))
		}
		var b webhookBody
		if err := json.Unmarshal(body, &b); err != nil || b.ID != q.Header.Get(HeaderDelivery) || q.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v %s", err, body)
		}
		r.mu.Lock()
		r.bodies = append(r.bodies, b)
		r.at = append(r.at, c.Now())
		n, answer := len(r.bodies), r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(n, w)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) keys() (keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.bodies {
		keys = append(keys, b.Key)
	}
	return keys
}

func TestAMessageExistsWhenItsCauseDoes(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := receive(t, x.clock)
		d := x.hook(t, r.URL)
		undone := errors.New("undone")
		if err := x.DB.Write(t.Context(), func(tx *sqldb.Tx) error {
			if err := x.Enqueue(tx, d.ID, message("gone")); err != nil {
				return err
			}
			return undone
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		x.enqueue(t, d, "a", "a", "b", "a")
		x.run(t)
		x.until(t, "both sent", func() bool { return x.count(t, Sent) == 2 })
		if k := r.keys(); fmt.Sprint(k) != "[a b]" {
			t.Error(k)
		}
		b := r.bodies[0]
		if b.Kind != "alert.firing" || b.Severity != Critical || b.Title != "決済が失敗しています <今> & ここ" || !b.Time.Equal(begin) || len(b.Fields) != 2 ||
			b.Links[0].URL != "https://yagura.example.com/alerts/1" || b.Links[1].URL != "https://wiki.example.com/r?a=1&b=2" || string(b.Data) != `{"alert":1}` {
			t.Errorf("%+v", b)
		}
		// Off: it takes nothing.
		d.Disabled = true
		x.put(t, d)
		x.enqueue(t, d, "c")
		if n := len(x.deliveries(t)); n != 2 {
			t.Errorf("%d deliveries", n)
		}
		x.enqueue(t, Destination{ID: "none"}, "c")
	})
}

func TestOrderRateAndRetries(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := receive(t, x.clock)
		r.answer = func(n int, w http.ResponseWriter) {
			switch n {
			case 1:
				w.WriteHeader(500)
			case 2:
				w.Header().Set("Retry-After", "120")
				w.WriteHeader(429)
			}
		}
		other := receive(t, x.clock)
		d := x.put(t, Destination{Kind: Webhook, Settings: Settings{URL: r.URL, Secret: x.secret(t, "sign", "key")}, PerMinute: 6})
		e := x.hook(t, other.URL)
		x.enqueue(t, d, "1", "2", "3", "4")
		x.run(t)
		x.until(t, "the first attempt", func() bool { return len(r.keys()) == 1 })
		x.enqueue(t, e, "quick") // is not held back by the other's trouble
		x.until(t, "the other's", func() bool { return len(other.keys()) == 1 })
		if n := len(r.keys()); n > 2 {
			t.Errorf("the other one waited for %d attempts", n)
		}
		x.until(t, "all", func() bool { return x.count(t, Sent) == 5 })
		if k := r.keys(); fmt.Sprint(k) != "[1 1 1 2 3 4]" {
			t.Errorf("order %v", k)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		ids := map[string]bool{}
		for _, b := range r.bodies[:3] {
			ids[b.ID] = true
		}
		if len(ids) != 1 {
			t.Error("a repeated message has another id")
		}
		for i := 1; i < len(r.at); i++ {
			gap := r.at[i].Sub(r.at[i-1])
			if gap < 9*time.Second {
				t.Errorf("%v between messages at 6 a minute", gap)
			}
			// The test's clock runs on while a loaded machine gets round to sending.
			if i == 2 && (gap < 2*time.Minute || gap > 15*time.Minute) {
				t.Errorf("%v after Retry-After: 120", gap)
			}
		}
		for _, dl := range x.deliveries(t) {
			if dl.Key == "1" && (dl.Attempts != 3 || !dl.Error.IsZero()) {
				t.Errorf("%+v", dl)
			}
		}
	})
}

func TestDeadLettersAndSendingAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := receive(t, x.clock)
		r.answer = func(n int, w http.ResponseWriter) {
			if n == 1 {
				w.WriteHeader(404)
				_, _ = io.WriteString(w, "no such hook")
			}
		}
		d := x.hook(t, r.URL)
		x.enqueue(t, d, "bad", "good")
		x.run(t)
		x.until(t, "one dead, one sent", func() bool { return x.count(t, Dead) == 1 && x.count(t, Sent) == 1 })
		var dead Delivery
		for _, dl := range x.deliveries(t) {
			if dl.State == Dead {
				dead = dl
			}
		}
		if dead.Key != "bad" || dead.Attempts != 1 || !strings.Contains(dead.Error.Ja, "404") || !strings.Contains(dead.Error.En, "no such hook") {
			t.Errorf("%+v", dead)
		}
		if _, err := x.Again(x.ctx, dead.ID); err != nil {
			t.Fatal(err)
		}
		x.until(t, "sent after all", func() bool { return x.count(t, Sent) == 2 })
		if _, err := x.Again(x.ctx, "none"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		// One that nobody takes for a day is given up, and those behind it go on.
		r.answer = func(_ int, w http.ResponseWriter) { w.WriteHeader(503) }
		x.enqueue(t, d, "hopeless")
		for range 200 {
			if x.count(t, Dead) == 1 {
				break
			}
			x.clock.Advance(10 * time.Minute)
			time.Sleep(15 * time.Millisecond)
		}
		if x.count(t, Dead) != 1 {
			t.Fatalf("%+v", x.deliveries(t))
		}
		for _, dl := range x.deliveries(t) {
			if dl.State == Dead && (dl.Attempts < 5 || !strings.HasPrefix(dl.Error.En, "Given up after") || dl.Tried.Sub(dl.Created) < 24*time.Hour) {
				t.Errorf("%+v", dl)
			}
		}
		// Old ones go.
		jobs := job.New(job.Options{DB: x.DB, Clock: x.clock})
		jobs.Add(x.Job())
		x.clock.Advance(40 * 24 * time.Hour)
		if err := jobs.Once(t.Context(), "notify.clean"); err != nil {
			t.Fatal(err)
		}
		if x.count(t, Sent) != 0 || x.count(t, Dead) != 1 {
			t.Errorf("%+v", x.deliveries(t))
		}
	})
}

// Several processes share the outbox: each message arrives once, in order, though one
// process is ended in the middle of sending.
func TestManyDispatchers(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := receive(t, x.clock)
		x.step = 20 * time.Millisecond // a claim must not end while a slow machine sends
		hang := make(chan struct{})
		r.answer = func(n int, w http.ResponseWriter) {
			if n == 3 {
				<-hang
			}
		}
		d := x.hook(t, r.URL)
		var keys []string
		for i := range 12 {
			keys = append(keys, strconv.Itoa(i))
		}
		x.enqueue(t, d, keys...)
		stop := x.run(t)
		x.until(t, "the third", func() bool { return len(r.keys()) == 3 })
		stop() // in the middle of the third
		close(hang)
		for range 3 {
			y := New(x.Options)
			y.now = x.now
			z := *x
			z.Service = y
			z.run(t)
		}
		x.until(t, "all", func() bool { return x.count(t, Sent) == len(keys) })
		got := r.keys()
		if len(got) != len(keys)+1 || got[2] != "2" || got[3] != "2" {
			t.Fatalf("%v: the interrupted one comes twice, the others once", got)
		}
		for i, k := range append(got[:2:2], got[3:]...) {
			if k != keys[i] {
				t.Fatalf("order %v", got)
			}
		}
	})
}

// A process that is killed while it sends leaves a claim behind, which ends.
func TestAClaimEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := receive(t, x.clock)
		d := x.hook(t, r.URL)
		x.enqueue(t, d, "a")
		if err := x.DB.Write(t.Context(), func(tx *sqldb.Tx) error {
			dl, _, err := head(tx, d.ID)
			if err != nil {
				return err
			}
			dl.State, dl.claim, dl.claimedUntil = Sending, 1, x.clock.Now().Add(claimFor)
			return updateDelivery(tx, dl)
		}); err != nil {
			t.Fatal(err)
		}
		x.run(t)
		x.until(t, "sent", func() bool { return x.count(t, Sent) == 1 })
		if waited := x.clock.Now().Sub(begin); waited < claimFor {
			t.Errorf("taken after %v", waited)
		}
	})
}

func TestInternalAddressesAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		r := receive(t, x.clock)
		d := x.hook(t, strings.Replace(r.URL, "127.0.0.1", "localhost", 1)) // a name is judged when it is used
		x.Guard = netguard.New(netguard.Options{})
		_, err := x.Test(x.ctx, d.ID)
		if !isPermanent(err) || !strings.Contains(fault.Of(err).Text.Ja, "notify.allow_networks") || len(r.keys()) != 0 {
			t.Error(err)
		}
		d.Settings.URL = "http://169.254.169.254/latest"
		if _, err := x.Put(x.ctx, d, func(Destination) error { return nil }); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		m := x.put(t, Destination{Kind: Email, Settings: Settings{Host: "localhost", Port: 25, From: "a@example.com", To: []string{"b@example.com"}}})
		if _, err := x.Test(x.ctx, m.ID); !isPermanent(err) || !strings.Contains(fault.Of(err).Text.En, "notify.allow_networks") {
			t.Error(err)
		}
	})
}

func TestDestinationsAreChecked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ref := x.secret(t, "s", "hush")
		mail := Settings{Host: "smtp.example.com", From: "y@example.com", To: []string{"a@example.com"}}
		bad := func(name, field string, d Destination) {
			t.Helper()
			if d.Name == "" {
				d.Name = "n"
			}
			d.Lang = i18n.En
			_, err := x.Put(x.ctx, d, nil)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), field+":") {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: a secret is in %v", name, err)
			}
		}
		bad("name", "name", Destination{Name: " ", Kind: Slack, Settings: Settings{URLSecret: ref}})
		bad("kind", "kind", Destination{Kind: "pigeon"})
		bad("Slack's URL in the clear", "settings.url", Destination{Kind: Slack, Settings: Settings{URL: "https://hooks.slack.com/services/T/B/X", URLSecret: ref}})
		bad("a secret as text", "settings.url_secret", Destination{Kind: Slack, Settings: Settings{URLSecret: "https://hooks.slack.com/services/T/B/hush"}})
		bad("another folder", "settings.secret", Destination{Kind: Webhook, Settings: Settings{URL: "https://example.com", Secret: "file:/etc/passwd"}})
		bad("a user in the URL", "settings.url", Destination{Kind: Webhook, Settings: Settings{URL: "https://a:b@example.com", Secret: ref}})
		m := mail
		m.To = []string{"a@example.com\r\nBcc: evil@example.com"}
		bad("a header in an address", "settings.to", Destination{Kind: Email, Settings: m})
		m = mail
		m.User, m.Password, m.TLS = "u", ref, Plain
		bad("a password in the clear", "settings.tls", Destination{Kind: Email, Settings: m})
		m = mail
		m.User = "u"
		bad("half a sign-in", "settings.password", Destination{Kind: Email, Settings: m})
		bad("rate", "per_minute", Destination{Kind: Email, Settings: mail, PerMinute: 10000})

		d := x.put(t, Destination{Name: "Ops", Kind: Email, Settings: mail})
		if d.Settings.Port != 587 || d.Settings.TLS != StartTLS {
			t.Errorf("%+v", d)
		}
		if _, err := x.Put(x.ctx, Destination{Name: "ＯＰＳ", Lang: i18n.En, Kind: Email, Settings: mail}, nil); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
		d.Kind, d.Settings = Slack, Settings{URLSecret: ref}
		if _, err := x.Put(x.ctx, d, func(Destination) error { return nil }); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		member := authz.With(t.Context(), authz.Principal{UserID: "m", Role: authz.Member, Kind: authz.KindUser})
		if _, err := x.Put(member, d, nil); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		if _, _, err := x.Destinations(member); err != nil {
			t.Error(err)
		}
		if err := x.Remove(x.ctx, d.ID); err != nil {
			t.Error(err)
		}
		if a := strings.Join(x.audit.told, "\n"); strings.Contains(a, "hush") || !strings.Contains(a, "notify_destination.delete Ops") {
			t.Error(a)
		}
	})
}
