package doctor

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/config"
)

// well is a configuration with which all is well but the engine's library.
func well(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.DataDir = filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(c.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	c.WAL.MaxBytes, c.WAL.MinFreeBytes = 1<<20, 1<<20
	c.Listen, c.OTLP.GRPC, c.OTLP.HTTP = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

// of gives the findings of a check; each that is not good must say so in both languages.
func of(t *testing.T, all []Finding, check string) (out []Finding) {
	t.Helper()
	for _, f := range all {
		if f.Text.En == "" || f.Text.Ja == "" || f.Text.En == f.Text.Ja || strings.Contains(f.Text.En+f.Text.Ja, "%!") {
			t.Errorf("%s says %q, %q", f.Check, f.Text.En, f.Text.Ja)
		}
		if (f.Mend.En == "") != (f.Mend.Ja == "") {
			t.Errorf("%s mends in one language: %+v", f.Check, f.Mend)
		}
		if f.Check == check {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		t.Errorf("no finding of %s", check)
	}
	return out
}

func examine(t *testing.T, c config.Config, server string) []Finding {
	t.Helper()
	return Examine(t.Context(), Options{Config: c, Server: server, Clock: clock.Real{}})
}

func want(t *testing.T, all []Finding, check string, s Status, part string) {
	t.Helper()
	for _, f := range of(t, all, check) {
		if f.Status == s && strings.Contains(f.Text.En, part) {
			if (s == Failure || s == Warning) && f.Mend.En == "" && check != "certificate" && check != "engine" {
				t.Errorf("%s does not say what to do", check)
			}
			return
		}
	}
	t.Errorf("%s: %+v; want %s with %q", check, of(t, all, check), s, part)
}

func TestWell(t *testing.T) {
	lib := os.Getenv("YAGURA_ENGINE_LIB")
	c := well(t)
	c.Engine.Lib = lib
	same := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer same.Close()
	all := examine(t, c, same.URL)
	for _, check := range []string{"data_folder", "fsync", "ports", "metrics", "database", "clock"} {
		want(t, all, check, OK, "")
	}
	if lib != "" {
		want(t, all, "engine", OK, lib)
	}
	left, err := os.ReadDir(c.DataDir)
	if err != nil || len(left) != 0 {
		t.Errorf("it leaves %v behind, %v", left, err)
	}
}

// A role that takes no telemetry has neither receivers nor a data folder: what stands in
// their settings is not looked at, and keeps nothing from starting.
func TestRolesWithoutReceivers(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, role := range []config.Role{config.RoleQuery, config.RoleJobs, config.RoleIngest} {
		c := well(t)
		c.Role, c.OTLP.GRPC = role, taken.Addr().String()
		c.OTLP.HTTP, c.OTLP.Auth = "0.0.0.0:0", "none"
		c.OTLP.TLS = config.OTLPTLS{Cert: "/nowhere/c.pem", Key: "/nowhere/k.pem"}
		seen := map[string]bool{}
		for _, f := range examine(t, c, "") {
			seen[f.Check] = true
			if strings.Contains(f.Text.En, "otlp.") {
				seen["otlp"] = true
			}
		}
		for _, check := range []string{"otlp", "data_folder", "disk_space", "fsync"} {
			if seen[check] != role.Ingests() {
				t.Errorf("%s: %s is looked at: %v", role, check, seen[check])
			}
		}
		if !seen["ports"] || !seen["database"] {
			t.Errorf("%s: %v", role, seen)
		}
	}
}

func TestUnwell(t *testing.T) {
	c := well(t)
	if err := os.Chmod(c.DataDir, 0o755); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	c.Listen = taken.Addr().String()
	c.OTLP.HTTP, c.OTLP.Auth = "0.0.0.0:0", "none"
	c.WAL.MinFreeBytes = 1 << 60
	c.TLS = config.TLS{Cert: "/nowhere/c.pem", Key: "/nowhere/k.pem"}
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		http.Error(w, "Code: 516. Authentication failed", http.StatusForbidden)
	}))
	defer gone.Close()
	c.Engine.URL, c.Engine.User, c.Engine.Password = gone.URL, "yagura", "s3cret"
	c.Metrics.URL, c.Metrics.Token = "http://127.0.0.1:1", "s3cret"
	c.Database.DSN = "postgres://yagura:s3cret@127.0.0.1:1/yagura?connect_timeout=2"
	all := examine(t, c, gone.URL)
	want(t, all, "data_folder", Warning, "Other users")
	want(t, all, "disk_space", Failure, "nothing is accepted")
	want(t, all, "ports", Failure, "another program listens")
	want(t, all, "exposure", Warning, "no token is asked for")
	want(t, all, "exposure", Warning, "otlp.http")
	want(t, all, "certificate", Failure, "There is no file /nowhere/c.pem")
	want(t, all, "engine", Failure, "Authentication failed")
	want(t, all, "metrics", Failure, "does not answer")
	want(t, all, "database", Failure, "")
	want(t, all, "clock", Warning, "differ by")
	for _, f := range all {
		if strings.Contains(f.Text.En+f.Text.Ja+f.Mend.En, "s3cret") {
			t.Errorf("%s tells a secret: %s", f.Check, f.Text.En)
		}
	}
	if Worst(all) != Failure {
		t.Error("that is not well")
	}
}

// Beside a running server its folder and ports are in use, and that is well.
func TestBesideARunningServer(t *testing.T) {
	c := well(t)
	lock, err := os.Create(filepath.Join(c.DataDir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c.Listen = l.Addr().String()
	all := examine(t, c, "")
	want(t, all, "data_folder", OK, "running Yagura")
	want(t, all, "ports", OK, "as it should be")
	want(t, all, "clock", Skipped, "")
}

func TestItEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := well(t)
	c.Metrics.URL = "http://127.0.0.1:1"
	Examine(ctx, Options{Config: c})
}
