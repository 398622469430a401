package ingest

import (
	"bytes"
	"context"
	"encoding/gob"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// gobCodec encodes rows so that a test can read them back from the frame: what arrives
// there is what would have been stored.
type gobCodec struct{}

func (gobCodec) EncodeLogs(dst []byte, rows []telemetry.Log) ([]byte, error) {
	return encodeGob(dst, rows)
}

func (gobCodec) EncodeSpans(dst []byte, rows []telemetry.Span) ([]byte, error) {
	return encodeGob(dst, rows)
}

func encodeGob(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	err := gob.NewEncoder(b).Encode(v)
	return b.Bytes(), err
}

// store is an Appender that keeps what it is given, and fails when told to.
type store struct {
	t  *testing.T
	mu sync.Mutex

	logs    []telemetry.Log
	spans   []telemetry.Span
	metrics []pmetric.Metrics
	calls   int
	fail    func(call int) error
	wait    chan struct{} // when set, Append waits for it
}

func (s *store) append(ctx context.Context, signal telemetry.Signal, frame []byte, rows int) error {
	if s.wait != nil {
		select {
		case <-s.wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.fail != nil {
		if err := s.fail(s.calls); err != nil {
			return err
		}
	}
	got := 0
	switch signal {
	case telemetry.Logs:
		var rs []telemetry.Log
		if err := gob.NewDecoder(bytes.NewReader(frame)).Decode(&rs); err != nil {
			s.t.Errorf("the frame of logs: %v", err)
		}
		got = len(rs)
		s.logs = append(s.logs, rs...)
	case telemetry.Spans:
		var rs []telemetry.Span
		if err := gob.NewDecoder(bytes.NewReader(frame)).Decode(&rs); err != nil {
			s.t.Errorf("the frame of spans: %v", err)
		}
		got = len(rs)
		s.spans = append(s.spans, rs...)
	case telemetry.Metrics:
		req := pmetricotlp.NewExportRequest()
		if err := req.UnmarshalProto(frame); err != nil {
			s.t.Errorf("the frame of metrics: %v", err)
		}
		got = req.Metrics().DataPointCount()
		s.metrics = append(s.metrics, req.Metrics())
	}
	if got != rows {
		s.t.Errorf("the frame holds %d rows, Append was told %d", got, rows)
	}
	return nil
}

func (s *store) rows() (logs, spans int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.logs), len(s.spans)
}

// serve starts a Service on free ports.
func serve(t *testing.T, change func(*Options)) (*Service, *store) {
	t.Helper()
	st := &store{t: t}
	o := Options{
		GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0",
		Codec: gobCodec{}, Append: st.append, Clock: clock.Real{}, IDs: id.NewSequence(clock.Real{}),
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Tail: &TailHub{},
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s, st
}

// newTestWork is a work as a request would get it, at a fixed time.
func newTestWork(t testing.TB, lim Limits, rules Redaction) *work {
	t.Helper()
	red, err := NewRedactor(rules)
	if err != nil {
		t.Fatal(err)
	}
	w := newWork(lim.withDefaults(), red)
	w.reset(testNow)
	return w
}

var testNow = time.Date(2026, 11, 22, 9, 12, 44, 123_456_789, time.UTC)

func everyone(string) bool { return true }
