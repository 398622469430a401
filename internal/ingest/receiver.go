package ingest

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// otlp is the Collector's otlpreceiver, for HTTP, and what it needs around it: a host that has
// our gate as its one extension, and a logger.
type otlp struct {
	parts     []component.Component
	gate      *gateExtension
	addresses *addresses
}

var gateID = component.MustNewID("gate")

// newOTLP makes the receiver for the three signals; it is one HTTP server behind them.
func (s *Service) newOTLP(o Options) (*otlp, error) {
	factory := otlpreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	gate := []configmiddleware.Config{{ID: gateID}}

	cfg.Protocols.GRPC = configoptional.None[configgrpc.ServerConfig]() // see grpcServer
	cfg.Protocols.HTTP = configoptional.None[otlpreceiver.HTTPConfig]()
	if o.HTTP != "" {
		c := confighttp.NewDefaultServerConfig()
		c.NetAddr.Endpoint = o.HTTP
		c.MaxRequestBodySize = int64(s.lim.RequestBytes) + 1
		c.CompressionAlgorithms = []string{} // the gate decompresses, within its limits
		c.ReadHeaderTimeout = 10 * time.Second
		c.ReadTimeout = time.Minute
		c.WriteTimeout = 0 // the answer waits for the disk, not for the clock
		c.Keepalive = configoptional.Some(confighttp.KeepaliveServerConfig{IdleTimeout: 2 * time.Minute})
		c.Middlewares = gate
		if len(o.CORSOrigins) > 0 {
			c.CORS = configoptional.Some(confighttp.CORSConfig{AllowedOrigins: o.CORSOrigins, AllowedHeaders: []string{"*"}, MaxAge: 7200})
		}
		cfg.Protocols.HTTP = configoptional.Some(otlpreceiver.HTTPConfig{ServerConfig: c, TracesURLPath: "/v1/traces", MetricsURLPath: "/v1/metrics", LogsURLPath: "/v1/logs"})
	}

	addresses := &addresses{found: map[string]string{}}
	set := receiver.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger:         zap.New(&zapToSlog{log: o.Log, addresses: addresses}),
			TracerProvider: nooptrace.NewTracerProvider(),
			MeterProvider:  noopmetric.NewMeterProvider(),
			Resource:       pcommon.NewResource(),
		},
		BuildInfo: component.BuildInfo{Command: "yagura"},
	}
	logs, err := consumer.NewLogs(s.consumeLogs)
	if err != nil {
		return nil, err
	}
	spans, err := consumer.NewTraces(s.consumeSpans)
	if err != nil {
		return nil, err
	}
	metrics, err := consumer.NewMetrics(s.consumeMetrics)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	r := &otlp{gate: &gateExtension{s: s}, addresses: addresses}
	for _, make := range []func() (component.Component, error){
		func() (component.Component, error) { return factory.CreateLogs(ctx, set, cfg, logs) },
		func() (component.Component, error) { return factory.CreateTraces(ctx, set, cfg, spans) },
		func() (component.Component, error) { return factory.CreateMetrics(ctx, set, cfg, metrics) },
	} {
		c, err := make()
		if err != nil {
			return nil, err
		}
		r.parts = append(r.parts, c)
	}
	return r, nil
}

// start opens the ports. The first part starts the shared server, the others join it.
func (r *otlp) start(ctx context.Context) error {
	for i, c := range r.parts {
		if err := c.Start(ctx, r); err != nil {
			for _, started := range r.parts[:i] {
				_ = started.Shutdown(ctx) // the error that counts is the one above
			}
			return portFault(err)
		}
	}
	return nil
}

// stop ends the receiver: requests that are being worked on are answered first, as far as
// ctx allows.
func (r *otlp) stop(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		var first error
		for _, c := range r.parts {
			if err := c.Shutdown(ctx); err != nil && first == nil {
				first = err
			}
		}
		done <- first
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// GetExtensions is the host's side of the receiver: where it finds the gate.
func (r *otlp) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{gateID: r.gate}
}

// gateExtension shows the gate to the receiver in the form that the Collector knows.
type gateExtension struct{ s *Service }

var _ extensionmiddleware.HTTPServer = (*gateExtension)(nil)

// Start does nothing.
func (*gateExtension) Start(context.Context, component.Host) error { return nil }

// Shutdown does nothing.
func (*gateExtension) Shutdown(context.Context) error { return nil }

// GetHTTPHandler puts the gate before the HTTP handlers.
func (g *gateExtension) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return g.s.wrapHTTP, nil
}

// addresses are where the servers listen; the receiver tells it its log alone. A port of 0
// is settled only when it is opened.
type addresses struct {
	mu    sync.Mutex
	found map[string]string
}

func (a *addresses) get(transport, configured string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if addr, ok := a.found[transport]; ok {
		return addr
	}
	return configured
}

func (a *addresses) set(transport, addr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.found[transport] = addr
}

func (a *addresses) note(message, addr string) {
	if _, _, err := net.SplitHostPort(addr); err == nil && strings.Contains(message, "HTTP") {
		a.set(overHTTP, addr)
	}
}

// zapToSlog takes what the receiver logs into our log, quietly: its "starting" lines are
// of no news to an operator.
type zapToSlog struct {
	log       *slog.Logger
	addresses *addresses
}

// Enabled lets through what can matter.
func (z *zapToSlog) Enabled(l zapcore.Level) bool { return l >= zapcore.InfoLevel }

// With forgets the fields: they name the component, of which there is one.
func (z *zapToSlog) With([]zapcore.Field) zapcore.Core { return z }

// Check adds the core to an entry that it takes.
func (z *zapToSlog) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if z.Enabled(e.Level) {
		return c.AddCore(e, z)
	}
	return c
}

// Write logs an entry.
func (z *zapToSlog) Write(e zapcore.Entry, fields []zapcore.Field) error {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(enc)
	}
	if e.Level == zapcore.InfoLevel {
		if addr, ok := enc.Fields["endpoint"].(string); ok {
			z.addresses.note(e.Message, addr)
		}
		z.log.Debug("otlp: "+e.Message, "fields", enc.Fields)
		return nil
	}
	z.log.Warn("otlp: "+e.Message, "fields", enc.Fields)
	return nil
}

// Sync has nothing to flush.
func (z *zapToSlog) Sync() error { return nil }
