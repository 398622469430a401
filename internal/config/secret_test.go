package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/fault"
)

func TestSecrets(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "secrets")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(dir+"/slack", "https://hooks.example/T0\n")
	write(dir+"/..data/renewed", "fresh")
	write(dir+"/empty", "\n")
	write(dir+"/big", strings.Repeat("x", secretMax+1))
	write(root+"/shadow", "TOP SECRET")
	for link, to := range map[string]string{"inside": "..data/renewed", "outside": "../shadow"} {
		if err := os.Symlink(to, dir+"/"+link); err != nil {
			t.Fatal(err)
		}
	}
	s := SecretStore{Folders: []string{dir}, Env: func(name string) (string, bool) {
		v, ok := map[string]string{"YAGURA_SECRET_A": "a", "YAGURA_DATABASE_DSN": "TOP SECRET"}[name]
		return v, ok
	}}
	for ref, want := range map[string]string{
		"file:" + dir + "/slack": "https://hooks.example/T0", "file:" + dir + "/inside": "fresh", "env:YAGURA_SECRET_A": "a",
	} {
		if got, err := s.Resolve(ref); err != nil || got != want {
			t.Errorf("%s: %q %v", ref, got, err)
		}
	}
	for _, ref := range []string{
		"", "hunter2", "env:", "env:YAGURA_DATABASE_DSN", "env:HOME", "env:YAGURA_SECRET_NONE", "file:", "file:slack", "file:" + root + "/shadow",
		"file:" + dir, "file:" + dir + "/../shadow", "file:" + dir + "/outside", "file:" + dir + "/empty", "file:" + dir + "/big", "file:" + dir + "/none", "http://x",
	} {
		got, err := s.Resolve(ref)
		if err == nil || got != "" || strings.Contains(err.Error(), "TOP SECRET") || fault.Is(err, fault.Internal) {
			t.Errorf("%q: %q %v", ref, got, err)
		}
	}
}
