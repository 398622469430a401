package kit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// block is how many spans or records go in one request of the pipe.
const block = 4000

// pipe sends telemetry in blocks, in order, and makes its writers wait when the receiver
// is slower than they: unlike the SDK's batching it drops nothing, unless its context
// ends. Its first error stays.
type pipe struct {
	ctx  context.Context
	sp   sdktrace.SpanExporter
	lg   sdklog.Exporter
	mt   sdkmetric.Exporter
	jobs chan func() error
	work sync.WaitGroup

	mu      sync.Mutex
	err     error
	pending []sdktrace.ReadOnlySpan
	records []sdklog.Record
	held    []*metricdata.ResourceMetrics
	holding bool

	spans, logs atomic.Int64
}

func newPipe(ctx context.Context, w *World) (*pipe, error) {
	h := w.headers()
	p := &pipe{ctx: ctx, jobs: make(chan func() error, 2)}
	var errs [3]error
	p.sp, errs[0] = otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(w.Endpoint+"/v1/traces"), otlptracehttp.WithHeaders(h))
	p.lg, errs[1] = otlploghttp.New(ctx, otlploghttp.WithEndpointURL(w.Endpoint+"/v1/logs"), otlploghttp.WithHeaders(h))
	p.mt, errs[2] = otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(w.Endpoint+"/v1/metrics"), otlpmetrichttp.WithHeaders(h))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	p.work.Go(func() {
		for job := range p.jobs {
			if err := job(); err != nil {
				p.mu.Lock()
				p.err = errors.Join(p.err, err)
				p.mu.Unlock()
			}
		}
	})
	return p, nil
}

func (w *World) headers() map[string]string {
	if w.Token == "" {
		return nil
	}
	return map[string]string{"Authorization": "Bearer " + w.Token}
}

func (p *pipe) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *pipe) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = true
}

func (p *pipe) flush() error {
	p.mu.Lock()
	spans, records := p.pending, p.records
	p.pending, p.records = nil, nil
	p.mu.Unlock()
	if len(spans) > 0 {
		p.sendSpans(spans)
	}
	if len(records) > 0 {
		p.sendLogs(records)
	}
	done := make(chan struct{})
	p.jobs <- func() error { close(done); return nil }
	<-done
	return p.failed()
}

func (p *pipe) close() error {
	_ = p.flush()
	p.mu.Lock()
	held := p.held
	p.held, p.holding = nil, false
	p.mu.Unlock()
	for _, rm := range held {
		p.sendMetrics(rm)
	}
	close(p.jobs)
	p.work.Wait()
	return errors.Join(p.failed(), p.sp.Shutdown(p.ctx), p.lg.Shutdown(p.ctx), p.mt.Shutdown(p.ctx))
}

func (p *pipe) sendSpans(spans []sdktrace.ReadOnlySpan) {
	p.jobs <- func() error {
		if err := p.sp.ExportSpans(p.ctx, spans); err != nil {
			return fmt.Errorf("sending spans: %w", err)
		}
		p.spans.Add(int64(len(spans)))
		return nil
	}
}

func (p *pipe) sendLogs(records []sdklog.Record) {
	p.jobs <- func() error {
		if err := p.lg.Export(p.ctx, records); err != nil {
			return fmt.Errorf("sending logs: %w", err)
		}
		p.logs.Add(int64(len(records)))
		return nil
	}
}

func (p *pipe) sendMetrics(rm *metricdata.ResourceMetrics) {
	p.mu.Lock()
	if p.holding {
		p.held = append(p.held, rm)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.jobs <- func() error {
		if err := p.mt.Export(p.ctx, rm); err != nil {
			return fmt.Errorf("sending metrics: %w", err)
		}
		return nil
	}
}

// pipeSpans and pipeLogs are the pipe as the SDK's processors.
type pipeSpans struct{ p *pipe }

func (pipeSpans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (pipeSpans) Shutdown(context.Context) error                  { return nil }
func (pipeSpans) ForceFlush(context.Context) error                { return nil }

func (s pipeSpans) OnEnd(span sdktrace.ReadOnlySpan) {
	s.p.mu.Lock()
	s.p.pending = append(s.p.pending, span)
	var full []sdktrace.ReadOnlySpan
	if len(s.p.pending) >= block {
		full, s.p.pending = s.p.pending, make([]sdktrace.ReadOnlySpan, 0, block)
	}
	s.p.mu.Unlock()
	if full != nil {
		s.p.sendSpans(full)
	}
}

type pipeLogs struct{ p *pipe }

func (pipeLogs) Shutdown(context.Context) error                         { return nil }
func (pipeLogs) ForceFlush(context.Context) error                       { return nil }
func (pipeLogs) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

func (s pipeLogs) OnEmit(_ context.Context, r *sdklog.Record) error {
	c := r.Clone()
	c.SetObservedTimestamp(c.Timestamp())
	s.p.mu.Lock()
	s.p.records = append(s.p.records, c)
	var full []sdklog.Record
	if len(s.p.records) >= block {
		full, s.p.records = s.p.records, nil
	}
	s.p.mu.Unlock()
	if full != nil {
		s.p.sendLogs(full)
	}
	return nil
}

// ids are trace and span ids by the dice, so that a seed gives the same traces.
type ids struct{ dice *Dice }

func (g *ids) NewIDs(ctx context.Context) (t trace.TraceID, s trace.SpanID) {
	binary.BigEndian.PutUint64(t[:8], g.dice.bits())
	binary.BigEndian.PutUint64(t[8:], g.dice.bits())
	return t, g.NewSpanID(ctx, t)
}

func (g *ids) NewSpanID(context.Context, trace.TraceID) (s trace.SpanID) {
	binary.BigEndian.PutUint64(s[:], g.dice.bits()|1)
	return s
}

// retime gives a collection the time of a virtual clock.
func retime(rm *metricdata.ResourceMetrics, m moment) {
	for i := range rm.ScopeMetrics {
		rm.ScopeMetrics[i].Metrics = slices.DeleteFunc(rm.ScopeMetrics[i].Metrics, func(md metricdata.Metrics) bool {
			return !m.set(md.Data)
		})
	}
}
