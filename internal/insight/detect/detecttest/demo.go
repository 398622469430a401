package detecttest

import (
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Receiver is an OTLP/HTTP endpoint that keeps the spans it gets, made into rows as they
// are at the door.
type Receiver struct {
	*httptest.Server
	mu    sync.Mutex
	off   *ingest.Offline
	spans []telemetry.Span
}

// NewReceiver starts one; Close it.
func NewReceiver() (*Receiver, error) {
	off, err := ingest.NewOffline()
	if err != nil {
		return nil, err
	}
	r := &Receiver{off: off}
	r.Server = httptest.NewServer(r)
	return r, nil
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if err := r.take(req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (r *Receiver) take(req *http.Request) error {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil || req.URL.Path != "/v1/traces" {
		return err
	}
	in := ptraceotlp.NewExportRequest()
	if err := in.UnmarshalProto(raw); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	spans, _ := r.off.Spans(in.Traces())
	r.spans = append(r.spans, spans...)
	return nil
}

// Inputs are the traces that came, in order of time.
func (r *Receiver) Inputs() []detect.Input {
	r.mu.Lock()
	defer r.mu.Unlock()
	by := map[telemetry.TraceID][]telemetry.Span{}
	for _, s := range r.spans {
		by[s.TraceID] = append(by[s.TraceID], s)
	}
	var out []detect.Input
	for _, spans := range by {
		out = append(out, detect.Input{Tree: insight.Assemble(spans)})
	}
	slices.SortFunc(out, func(a, b detect.Input) int {
		return cmp.Or(cmp.Compare(a.Tree.Start, b.Tree.Start), slices.Compare(a.Tree.TraceID[:], b.Tree.TraceID[:]))
	})
	return out
}

// Shop plays an afternoon of the demo shop with the flaws that it lives with, in the past,
// and gives its traces: a Wednesday in Japan on which the bank is in trouble for a while.
func Shop(ctx context.Context, flaws []string) ([]detect.Input, error) {
	r, err := NewReceiver()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.FixedZone("JST", 9*60*60))
	_, err = demo.Backfill(ctx, demo.Options{Endpoint: r.URL, Rate: 6, Seed: 7, Flaws: flaws},
		demo.History{From: noon.Add(80 * time.Minute), To: noon.Add(310 * time.Minute)})
	return r.Inputs(), err
}
