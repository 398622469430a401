package face

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

func TestLane(t *testing.T) {
	l := newLane(2, 1)
	one, err := l.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		release, err := l.take(t.Context())
		if err == nil {
			release()
		}
		got <- err
	}()
	for l.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	// The queue is full: the next is refused at once, with the code clients know.
	var e *chdb.Error
	if _, err := l.take(t.Context()); !errors.As(err, &e) || e.Code != 202 || status(e.Code) != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
	one()
	if err := <-got; err != nil {
		t.Error(err)
	}
	// Who waits and leaves gives its place back.
	two, err := l.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := l.take(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if l.waiting.Load() != 0 {
		t.Error("a place in the queue is lost")
	}
	two()
	if _, err := l.take(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFrame(t *testing.T) {
	got := string(frame(chdb.New(241, "MEMORY_LIMIT_EXCEEDED", "too much"), "0123456789abcdef"))
	want := "\r\n__exception__\r\n0123456789abcdef\r\nCode: 241. DB::Exception: too much (MEMORY_LIMIT_EXCEEDED)\n59 0123456789abcdef\r\n__exception__\r\n"
	if got != want {
		t.Errorf("%q", got)
	}
	if n := len(frame(chdb.New(1, "X", strings.Repeat("é", 100<<10)), newTag())); n > 16<<10 {
		t.Errorf("a frame of %d bytes", n)
	}
}

func TestForbidden(t *testing.T) {
	f := &Face{denied: map[string]bool{"file": true}}
	for tree, want := range map[string]string{
		"SelectQuery\n Function plus (children 1)\n": "",
		" Function FILE (alias x) (children 1)":      "The function FILE",
		"  ColumnsApplyTransformer":                  "APPLY",
		" Literal 'Function file'":                   "",
		" Function profile (children 1)":             "",
	} {
		if got := f.forbidden(tree); got != want {
			t.Errorf("%q: %q", tree, got)
		}
	}
}
