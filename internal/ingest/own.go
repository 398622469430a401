package ingest

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// OwnService is the name of the service under which Yagura's own telemetry comes in.
const OwnService = "yagura"

// TakeOwn takes an OTLP request of Yagura's own telemetry, as protobuf, the way that all
// goes but for the ports: it is normalised, redacted, bounded and on disk when this returns.
func (s *Service) TakeOwn(ctx context.Context, signal telemetry.Signal, request []byte) error {
	if len(request) > s.lim.RequestBytes {
		return fault.New(fault.TooLarge, i18n.T("The request is too large.", "リクエストが大きすぎます。"))
	}
	switch signal {
	case telemetry.Logs:
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return err
		}
		return s.consumeLogs(ctx, r.Logs())
	case telemetry.Spans:
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return err
		}
		return s.consumeSpans(ctx, r.Traces())
	default:
		r := pmetricotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return err
		}
		return s.consumeMetrics(ctx, r.Metrics())
	}
}
