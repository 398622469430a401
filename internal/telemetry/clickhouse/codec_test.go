package clickhouse

import (
	"reflect"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func BenchmarkEncodeLogs(b *testing.B) {
	rows := telemetrytest.NewGen(1, start, time.Millisecond).Logs(nil, 1000)
	var dst []byte
	for b.Loop() {
		dst, _ = Codec{}.EncodeLogs(dst[:0], rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
	b.ReportMetric(float64(len(dst))/1000, "B/row")
}

func BenchmarkEncodeSpans(b *testing.B) {
	rows := telemetrytest.NewGen(1, start, time.Millisecond).Spans(nil, 1000)
	var dst []byte
	for b.Loop() {
		dst, _ = Codec{}.EncodeSpans(dst[:0], rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
	b.ReportMetric(float64(len(dst))/1000, "B/row")
}

func TestFramesComeBack(t *testing.T) {
	g := telemetrytest.NewGen(1, start, time.Millisecond)
	logs, spans := g.Logs(nil, 500), g.Spans(nil, 500)
	f, err := Codec{}.EncodeLogs([]byte("before"), logs)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeLogs(f[len("before"):]); err != nil || !reflect.DeepEqual(got, logs) {
		t.Fatalf("logs: %v\n%+v\n%+v", err, got[0], logs[0])
	}
	if f, err = (Codec{}).EncodeSpans(nil, spans); err != nil {
		t.Fatal(err)
	}
	got, err := decodeSpans(f)
	if err != nil || !reflect.DeepEqual(got, spans) {
		t.Fatalf("spans: %v\n%+v\n%+v", err, got[0], spans[0])
	}
	var s Store
	a, b, err := s.Split(telemetry.Spans, f)
	if err != nil {
		t.Fatal(err)
	}
	na, _ := s.Rows(telemetry.Spans, a)
	nb, _ := s.Rows(telemetry.Spans, b)
	if na != 250 || nb != 250 {
		t.Fatal(na, nb)
	}
	t.Log(s.Describe(telemetry.Spans, b))
}
