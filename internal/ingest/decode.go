package ingest

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// decodeAndConsume takes the bytes of a request, measured before, to where they are
// stored. What cannot be decoded is a refusal; the error is a gRPC status.
func (s *Service) decodeAndConsume(ctx context.Context, c *call, kind string, b []byte, r **refusal) (err error) {
	undecoded := func(err error) bool {
		if err != nil {
			*r = &refusal{reason: Malformed, code: fault.Invalid, cause: err, example: cut(err.Error(), 200)}
		}
		return err != nil
	}
	switch c.signal {
	case telemetry.Logs:
		m := plogotlp.NewExportRequest()
		if undecoded(decode(m, kind, b)) {
			return nil
		}
		return s.consumeLogs(ctx, m.Logs())
	case telemetry.Spans:
		m := ptraceotlp.NewExportRequest()
		if undecoded(decode(m, kind, b)) {
			return nil
		}
		return s.consumeSpans(ctx, m.Traces())
	default:
		m := pmetricotlp.NewExportRequest()
		if undecoded(decode(m, kind, b)) {
			return nil
		}
		return s.consumeMetrics(ctx, m.Metrics())
	}
}

type decoder interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

// decode does not let a fault of the decoder take the process along.
func decode(m decoder, kind string, b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	if kind == jsonType {
		return m.UnmarshalJSON(b)
	}
	return m.UnmarshalProto(b)
}

// response is the message of an answer that all or some rows were stored.
func response(c *call, kind string) ([]byte, error) {
	type message interface {
		MarshalProto() ([]byte, error)
		MarshalJSON() ([]byte, error)
	}
	type partial interface {
		SetErrorMessage(string)
	}
	var m message
	var p partial
	switch c.signal {
	case telemetry.Logs:
		r := plogotlp.NewExportResponse()
		m, p = r, r.PartialSuccess()
		if c.partial != "" {
			r.PartialSuccess().SetRejectedLogRecords(c.refused)
		}
	case telemetry.Spans:
		r := ptraceotlp.NewExportResponse()
		m, p = r, r.PartialSuccess()
		if c.partial != "" {
			r.PartialSuccess().SetRejectedSpans(c.refused)
		}
	default:
		r := pmetricotlp.NewExportResponse()
		m, p = r, r.PartialSuccess()
		if c.partial != "" {
			r.PartialSuccess().SetRejectedDataPoints(c.refused)
		}
	}
	if c.partial != "" {
		p.SetErrorMessage(c.partial)
	}
	if kind == jsonType {
		return m.MarshalJSON()
	}
	return m.MarshalProto()
}
