package clickhouse

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestServiceNames(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	all := telemetry.Range{From: start.Add(-time.Hour), To: start.Add(time.Hour)}
	if names, err := s.ServiceNames(ctx, all); err != nil || names == nil || len(names) != 0 {
		t.Errorf("of an empty store: %v %v", names, err)
	}
	at := func(service, env string, offset time.Duration) telemetry.Log {
		return telemetry.Log{ID: 1, Time: start.Add(offset).UnixNano(), Observed: start.UnixNano(), Source: telemetry.Source{Service: service, Env: env}}
	}
	logs, err := s.EncodeLogs(nil, []telemetry.Log{
		at("cart", "production", 0), at("cart", "staging", time.Second), at("old", "", -2*time.Hour), at("late", "", time.Hour), at("カート", "", 0), at("b", "", 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	span := telemetry.Span{ID: 2, Time: start.UnixNano(), Source: telemetry.Source{Service: "カート"}}
	spans, err := s.EncodeSpans(nil, []telemetry.Span{span, span, {ID: 3, Time: start.UnixNano(), Source: telemetry.Source{Service: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	for signal, frame := range map[telemetry.Signal][]byte{telemetry.Logs: logs, telemetry.Spans: spans} {
		if err := s.Write(ctx, signal, "names", [][]byte{frame}); err != nil {
			t.Fatal(err)
		}
	}
	names, err := s.ServiceNames(ctx, all)
	if want := []string{"カート", "cart", "a", "b"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, want %q; %v", names, want, err)
	}
}
