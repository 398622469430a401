package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

var update = flag.Bool("update", false, "write the goldens")

func env(pairs ...string) Env {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (go test ./internal/config -update writes it): %v\n%s", path, err, got)
	}
}

func TestBadFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.bad.yaml")
	if len(files) < 8 {
		t.Fatalf("only %d files", len(files))
	}
	for _, f := range files {
		_, err := Load(f, env(), nil)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", f, err)
			continue
		}
		text := fault.Of(err).Text
		if strings.Contains(text.En+text.Ja, "geheim") {
			t.Errorf("%s: a secret is in the message", f)
		}
		if a, b := strings.Count(text.En, "\n"), strings.Count(text.Ja, "\n"); a != b {
			t.Errorf("%s: %d lines in English, %d in Japanese", f, a, b)
		}
		golden(t, strings.TrimSuffix(f, ".yaml")+".txt", text.En+"\n\n"+text.Ja+"\n")
	}
}

func TestExampleIsTheDefaultAndDocumentsAll(t *testing.T) {
	for lang, path := range map[i18n.Lang]string{i18n.En: "testdata/example.yaml", i18n.Ja: "testdata/example.ja.yaml"} {
		golden(t, path, Render(Default(), lang))
		got, err := Load(path, env(), nil)
		if err != nil || !reflect.DeepEqual(clean(got), clean(Default())) {
			t.Errorf("%s is not the default: %v\n%+v", path, err, got)
		}
	}
	c := Default()
	seen := map[string]bool{}
	for _, s := range Settings(&c) {
		if s.Doc.En == "" || s.Doc.Ja == "" {
			t.Errorf("%s is not documented in both languages", s.Path)
		}
		if seen[s.Env] {
			t.Errorf("%s stands for two settings", s.Env)
		}
		seen[s.Env] = true
	}
}

// clean makes empty lists nil, which they mean.
func clean(c Config) Config {
	for _, l := range []*[]string{&c.Owners.Files, &c.Auth.OIDC.Roles, &c.Auth.OIDC.Teams, &c.Auth.OIDC.Domains, &c.TrustedProxies, &c.Engine.Settings, &c.OTLP.CORS, &c.Redaction.Disable, &c.Redaction.Keep, &c.Notify.AllowNetworks, &c.Backup.Notify, &c.Code.Folders, &c.Code.AllowNetworks} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	if len(c.Redaction.Rules) == 0 {
		c.Redaction.Rules = nil
	}
	for i := range c.Redaction.Rules {
		if r := &c.Redaction.Rules[i]; len(r.Keys) == 0 {
			r.Keys = nil
		}
	}
	return c
}

func TestFullFile(t *testing.T) {
	c, err := Load("testdata/full.yaml", env(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Engine.Password != "ge heim" || c.WAL.MaxBytes != 10_000_000_000 || c.WAL.MinFreeBytes != 3<<29 || c.Engine.MaxQuery.D() != 90*time.Second ||
		c.Metrics.Retention.D() != 7*24*time.Hour || c.OTLP.HTTP != "" || c.Redaction.Rules[0].Pattern != `0\d{1,4}-\d{1,4}-\d{4}` || c.Redaction.Rules[1].Keys[1] != "氏名" {
		t.Errorf("%+v", c)
	}
	// The file sets every setting that there is; a forgotten one would stay untested.
	d := Default()
	changed := Settings(&c)
	for i, s := range Settings(&d) {
		if s.String() == changed[i].String() && s.Path != "metrics.token_file" && s.Path != "database.dsn_file" {
			t.Errorf("%s is not set by testdata/full.yaml, or not read", s.Path)
		}
	}
	// What is written is read back, but for secrets.
	path := filepath.Join(t.TempDir(), "again.yaml")
	text := Render(c, i18n.Ja)
	for _, secret := range []string{"ge heim", "abc", "yagura@db"} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q is shown", secret)
		}
	}
	c.Engine.PasswordFile, c.Auth.OIDC.ClientSecretFile = "", ""
	if err := os.WriteFile(path, []byte(Render(c, i18n.Ja)), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Load(path, env(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Auth.OIDC.ClientSecret = c.Auth.OIDC.ClientSecret
	again.Engine.Password, again.Metrics.Token, again.Database.DSN = c.Engine.Password, c.Metrics.Token, c.Database.DSN
	if !reflect.DeepEqual(clean(again), clean(c)) {
		t.Errorf("written and read:\n%+v\n%+v", c, again)
	}
}

func TestOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("listen: 127.0.0.1:1\ndata_dir: /file\nengine:\n  max_memory: 1GiB\n  max_query:\n  # all commented out\nlog:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load("", env("YAGURA_CONFIG", path, "YAGURA_LISTEN", "127.0.0.1:2", "YAGURA_ENGINE_MAX_MEMORY", "2GiB", "YAGURA_TRUSTED_PROXIES", "10.0.0.0/8, ::1", "YAGURA_DATA_DIR", "", "OTHER", "x"),
		map[string]string{"listen": "127.0.0.1:3", "auth.mode": "none"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Engine.MaxMemory != 2<<30 || c.DataDir != "/file" || !c.NoAuth() || fmt.Sprint(c.TrustedProxies) != "[10.0.0.0/8 ::1]" || c.Engine.MaxQuery != Default().Engine.MaxQuery {
		t.Errorf("%+v", c)
	}
	_, err = Load(path, env("YAGURA_ENGINE_MAX_MEMORY", "much"), map[string]string{"otlp.grpc": "x", "engine.max_threads": "many"})
	text := fault.Of(err).Text.En
	for _, want := range []string{`YAGURA_ENGINE_MAX_MEMORY: engine.max_memory: "much"`, `--engine-max-threads: engine.max_threads: "many"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if _, err := Load("nowhere.yaml", env(), nil); !strings.Contains(fmt.Sprint(err), "there is no file nowhere.yaml") {
		t.Errorf("a named file that is not there: %v", err)
	}
	t.Chdir(t.TempDir())
	if c, err := Load("", env(), nil); err != nil || c.Listen != Default().Listen {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile("yagura.yaml", []byte("listen: 127.0.0.1:9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load("", env(), nil); err != nil || c.Listen != "127.0.0.1:9" {
		t.Errorf("yagura.yaml here: %v %v", c.Listen, err)
	}
}

func TestNoAuthOnlyOnLoopback(t *testing.T) {
	for listen, ok := range map[string]bool{"127.0.0.1:7700": true, "localhost:7700": true, "[::1]:7700": true, "127.9.9.9:1": true, ":7700": false, "0.0.0.0:7700": false, "[::]:7700": false, "192.168.1.2:7700": false, "example.com:7700": false} {
		c := Default()
		c.Listen, c.Auth.Mode = listen, "none"
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestTokenNeeded(t *testing.T) {
	for _, c := range []struct {
		mode, addr string
		want       bool
	}{
		{"auto", "127.0.0.1:4317", false}, {"auto", "localhost:4317", false}, {"auto", "0.0.0.0:4317", true}, {"auto", ":4317", true}, {"auto", "nonsense", true},
		{"token", "127.0.0.1:4317", true}, {"none", "0.0.0.0:4317", false},
	} {
		if got := (OTLP{Auth: c.mode}).TokenNeeded(c.addr); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestSizesAndDurations(t *testing.T) {
	for s, want := range map[string]Size{"0": 0, "100": 100, "1KiB": 1024, "1kb": 1000, "2 GiB": 2 << 30, "2g": 2 << 30, "1.5MiB": 3 << 19, "500MB": 500_000_000, "1TiB": 1 << 40} {
		got, err := ParseSize(s)
		back, err2 := ParseSize(got.String())
		if err != nil || got != want || err2 != nil || back != got {
			t.Errorf("%q: %d %v, written %s", s, got, err, got)
		}
	}
	for _, s := range []string{"", "-1", "1XB", "GiB", "1e9", "99999999999TiB", "1,5GB", "1 2"} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
	for s, want := range map[string]time.Duration{"0": 0, "30s": 30 * time.Second, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "2w": 336 * time.Hour, "1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond} {
		got, err := ParseDuration(s)
		back, err2 := ParseDuration(got.String())
		if err != nil || got.D() != want || err2 != nil || back != got {
			t.Errorf("%q: %s %v, written %s", s, got.D(), err, got)
		}
	}
	for _, s := range []string{"", "30", "-1h", "1y", "h", "1h 30m", "999999999w", "1h30"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q: %s", s, got)
		}
	}
}

func TestMemory(t *testing.T) {
	if got := meminfo("MemFree: 1 kB\nMemTotal:       16316412 kB\n"); got != 16316412<<10 {
		t.Error(got)
	}
	if total := TotalMemory(); total < 64<<20 || total > 1<<50 {
		t.Error(total)
	}
	if got := (Engine{MaxMemory: 7}).Memory(); got != 7 {
		t.Error(got)
	}
	if got := (Engine{}).Memory(); got < 1<<30 {
		t.Error(got)
	}
}

func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("a: &x [*x]\n<<: *x\n? {}: 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, env(), nil)
		if err == nil && c.Validate() != nil {
			t.Error("what was loaded is not valid")
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	})
}

func TestRolesNeedStoresThatCanBeShared(t *testing.T) {
	elsewhere := []string{"YAGURA_ENGINE_URL", "http://ch:8123", "YAGURA_METRICS_URL", "http://prom:9090", "YAGURA_DATABASE_DSN", "postgres://db/yagura"}
	for _, role := range []string{"ingest", "query", "jobs"} {
		_, err := Load("", env("YAGURA_ROLE", role), nil)
		for _, lang := range []i18n.Lang{i18n.En, i18n.Ja} {
			if err == nil || !strings.Contains(fault.Of(err).Text.In(lang), "engine.url, metrics.url, database.dsn") {
				t.Errorf("%s on the embedded stores: %v", role, err)
			}
		}
		if _, err := Load("", env(append([]string{"YAGURA_ROLE", role}, elsewhere[:4]...)...), nil); err == nil || strings.Contains(err.Error(), "engine.url,") || !strings.Contains(err.Error(), "database.dsn") {
			t.Errorf("%s on SQLite: %v", role, err)
		}
		c, err := Load("", env(elsewhere...), map[string]string{"role": role})
		if err != nil || c.Role.Ingests() != (role == "ingest") || c.Role.Serves() != (role == "query") || c.Role.Works() != (role == "jobs") || !c.Shared() {
			t.Errorf("%+v %v", c.Role, err)
		}
	}
	if _, err := Load("", env("YAGURA_ROLE", "writer"), nil); err == nil || !strings.Contains(err.Error(), "all, ingest, query, jobs") {
		t.Error(err)
	}
	if _, err := Load("", env("YAGURA_OTLP_GRPC", "", "YAGURA_ADVERTISE", "10.1.2.3:7700"), nil); err == nil || !strings.Contains(err.Error(), "advertise") {
		t.Error(err)
	}
	if c := Default(); !c.Role.Ingests() || !c.Role.Serves() || !c.Role.Works() || c.Shared() {
		t.Error("one process by default does everything")
	}
}
