package ingest

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Where no token is needed, one that is shown must be good all the same.
func TestOptionalToken(t *testing.T) {
	s, st := serve(t, func(o *Options) {
		o.AuthOptional = true
		o.Auth = func(_ context.Context, token string) error {
			if token == "good" {
				return nil
			}
			return fault.New(fault.Unauthenticated, i18n.T("Unknown token.", "不明なトークンです。"))
		}
	})
	body := benchLogs(1)
	for header, want := range map[string]struct {
		http int
		grpc codes.Code
	}{
		"": {200, codes.OK}, "Bearer good": {200, codes.OK}, "Basic abc": {200, codes.OK}, "Bearer": {200, codes.OK}, "Bearer wrong": {401, codes.Unauthenticated},
	} {
		if code, answer, _ := post(t, s, "/v1/logs", body, "Authorization", header); code != want.http {
			t.Errorf("HTTP %q: %d %q", header, code, answer)
		}
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(body); err != nil {
			t.Fatal(err)
		}
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.Pairs("authorization", header))
		if _, err := plogotlp.NewGRPCClient(dial(t, s)).Export(ctx, req); status.Code(err) != want.grpc {
			t.Errorf("gRPC %q: %v", header, err)
		}
	}
	if n, _ := st.rows(); n != 8 {
		t.Errorf("%d rows stored", n)
	}
}

// Own telemetry goes the way of all, and its service is told apart.
func TestTakeOwn(t *testing.T) {
	s, st := serve(t, nil)
	if err := s.TakeOwn(t.Context(), telemetry.Logs, benchLogs(3)); err != nil {
		t.Fatal(err)
	}
	if err := s.TakeOwn(t.Context(), telemetry.Spans, []byte("garbage")); err == nil {
		t.Error("garbage was taken")
	}
	if n, _ := st.rows(); n != 3 {
		t.Errorf("%d rows stored", n)
	}
	for _, x := range s.Traffic() {
		t.Errorf("counted as a sender's: %+v", x)
	}
}
