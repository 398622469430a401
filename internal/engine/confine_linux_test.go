package engine_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

// Even SQL without readonly reaches no file and no address outside of the engine, where
// the kernel can say so.
func TestChildIsConfined(t *testing.T) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		t.Skipf("this kernel has no Landlock: %v", errno)
	}
	t.Setenv("ENGINE_TEST_SECRET", "the-secret")
	var said record
	sup := enginetest.Own(t, func(o *engine.Options) { o.Log = said.logger() })
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("the-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"SELECT file('" + secret + "')", "SELECT * FROM file('" + secret + "', 'LineAsString', 'l String')",
		"SELECT * FROM file('/proc/" + strconv.Itoa(os.Getpid()) + "/environ', 'LineAsString', 'l String')",
		"SELECT * FROM file('/etc/passwd', 'LineAsString', 'l String')",
	} {
		if got := ask(t, sup, "POST", "", s); got.err != nil || got.status == 200 || strings.Contains(got.body, "the-secret") {
			t.Errorf("%s: %+v", s, got)
		}
	}
	if got := ask(t, sup, "POST", "", "SELECT * FROM file('/proc/self/environ', 'LineAsString', 'l String')"); strings.Contains(got.body, "the-secret") {
		t.Errorf("the child inherits secrets: %s", got.body)
	}
	// Writing outside is refused, writing inside is what the engine is for.
	if got := ask(t, sup, "POST", "", "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a"); got.status != 200 {
		t.Errorf("%+v", got)
	}
	if got := ask(t, sup, "POST", "", "CREATE TABLE f (a String) ENGINE = File(CSV, '"+filepath.Join(dir, "out.csv")+"')"); got.status == 200 {
		if got := ask(t, sup, "POST", "", "INSERT INTO f VALUES ('x')"); got.status == 200 {
			t.Errorf("%+v", got)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out.csv")); err == nil {
		t.Error("a file was written outside of the data folder")
	}
	if m := sup.State().Memory; m.Private == 0 {
		t.Error("the memory of the child cannot be read")
	}
	if strings.Contains(said.String(), "level=WARN") {
		t.Errorf("the child complains: %s", said.String())
	}
	if abi < 4 {
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	var calls atomic.Int32
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			_ = c.Close()
		}
	}()
	got := ask(t, sup, "POST", "http_max_tries=1", "SELECT * FROM url('http://"+ln.Addr().String()+"/', 'LineAsString', 'l String')")
	if got.status == 200 || calls.Load() != 0 {
		t.Errorf("%d connections came out: %+v", calls.Load(), got)
	}
}
