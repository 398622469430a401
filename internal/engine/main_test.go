package engine_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"

	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// record keeps what is logged, for a test to read while others write.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func (r *record) logger() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }
