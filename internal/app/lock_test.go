package app

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"os"

	"github.com/yagura-sre/yagura/internal/fault"
)

func TestAFolderHasOneOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	release, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockFolder(dir)
	if !fault.Is(err, fault.Conflict) {
		t.Fatalf("a second owner got %v", err)
	}
	for _, want := range []string{dir, strconv.Itoa(os.Getpid())} {
		if !strings.Contains(fault.Of(err).Text.En, want) || !strings.Contains(fault.Of(err).Text.Ja, want) {
			t.Errorf("the refusal does not name %s: %v", want, fault.Of(err).Text)
		}
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = lockFolder(dir)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	_ = release()
}
