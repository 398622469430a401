package ingest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var methods = map[string]telemetry.Signal{
	"/opentelemetry.proto.collector.logs.v1.LogsService/Export":       telemetry.Logs,
	"/opentelemetry.proto.collector.trace.v1.TraceService/Export":     telemetry.Spans,
	"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": telemetry.Metrics,
}

// grpcOptions put the gate before the receiver's gRPC services: the tap turns away who
// may not send or comes when all is full, before anything is read; the codec measures a
// message before it is decoded; the interceptor answers with partial success.
func (s *Service) grpcOptions() []grpc.ServerOption {
	g := &gateGRPC{s: s, codec: encoding.GetCodecV2("proto"), waiting: map[any]*arrival{}}
	return []grpc.ServerOption{
		grpc.InTapHandle(g.tap),
		grpc.StatsHandler(g),
		grpc.ForceServerCodecV2(g),
		grpc.ChainUnaryInterceptor(g.intercept),
		grpc.MaxHeaderListSize(64 << 10),
		grpc.ConnectionTimeout(20 * time.Second),
	}
}

type gateGRPC struct {
	s     *Service
	codec encoding.CodecV2

	// A codec is not told which call it decodes for: what it found waits here, by the
	// message, until the interceptor of that call takes it a moment later.
	mu      sync.Mutex
	waiting map[any]*arrival
}

// arrival is what the codec found out about a message.
type arrival struct {
	bytes   int
	refusal *refusal
}

// tap lets a call in or turns it away, by its headers alone.
func (g *gateGRPC) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	signal, ok := methods[info.FullMethodName]
	if !ok {
		return ctx, nil // answered UNIMPLEMENTED
	}
	c := &call{transport: overGRPC, signal: signal}
	var header string
	if h := info.Header.Get("authorization"); len(h) > 0 {
		header = h[0]
	}
	// The tap runs on the connection's own reader: an answer that is slow in coming
	// holds up this sender and no other, and not for long.
	actx, cancel := context.WithTimeout(ctx, 2*time.Second)
	r := g.s.authorise(actx, header)
	cancel()
	if r == nil && g.s.gate.full() {
		r = &refusal{reason: Busy, code: fault.Overloaded}
	}
	if r != nil {
		g.s.turnAway(c, r)
		g.s.book.passed(c.transport, c.signal, 0, 0, c.refused)
		return ctx, r.status()
	}
	return withCall(ctx, c), nil
}

// TagRPC is of no use here; the tap made the call.
func (g *gateGRPC) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC counts requests in and out.
func (g *gateGRPC) HandleRPC(ctx context.Context, e stats.RPCStats) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return
	}
	switch e := e.(type) {
	case *stats.Begin:
		g.s.gate.requests.Add(1)
	case *stats.End:
		g.s.gate.leave()
		if e.Error != nil && !c.counted && c.stored == 0 {
			// Refused before the codec saw it: too large, or compressed with what nobody knows.
			r := &refusal{reason: Malformed, code: fault.Invalid, example: cut(status.Convert(e.Error).Message(), 200)}
			switch status.Code(e.Error) {
			case codes.ResourceExhausted:
				r.reason = TooLarge
			case codes.Unimplemented:
				r.reason = BadEncoding
			case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable:
				r = nil // the sender went away
			}
			if r != nil {
				g.s.turnAway(c, r)
			}
		}
		g.s.book.passed(c.transport, c.signal, int64(c.bytes), c.stored, c.refused)
	}
}

// TagConn and HandleConn are of no use here.
func (g *gateGRPC) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (g *gateGRPC) HandleConn(context.Context, stats.ConnStats) {}

// Name is that of the codec that g stands before.
func (g *gateGRPC) Name() string { return g.codec.Name() }

// Marshal is the receiver's own.
func (g *gateGRPC) Marshal(v any) (mem.BufferSlice, error) { return g.codec.Marshal(v) }

// requestMessage is what the receiver decodes into.
type requestMessage interface{ UnmarshalProto([]byte) error }

// Unmarshal decodes a request that may be decoded. A refusal is no error here, for gRPC
// would answer INTERNAL: it waits for the interceptor, which has the right words.
func (g *gateGRPC) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(requestMessage)
	if !ok {
		return g.codec.Unmarshal(data, v)
	}
	a := &arrival{bytes: data.Len()}
	if !g.s.gate.hold(a.bytes) {
		a.refusal = &refusal{reason: Busy, code: fault.Overloaded}
		a.bytes = 0
	} else {
		buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer buf.Free()
		if r := g.s.measure(signalOf(v), protobufType, buf.ReadOnlyData()); r != nil {
			a.refusal = r
		} else if err := decode(m, buf.ReadOnlyData()); err != nil {
			a.refusal = &refusal{reason: Malformed, code: fault.Invalid, cause: err, example: cut(err.Error(), 200)}
		}
	}
	g.mu.Lock()
	g.waiting[v] = a
	g.mu.Unlock()
	return nil
}

// decode does not let a fault of the decoder take the process along.
func decode(m requestMessage, b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	return m.UnmarshalProto(b)
}

func (g *gateGRPC) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	g.mu.Lock()
	a := g.waiting[req]
	delete(g.waiting, req)
	g.mu.Unlock()
	if a == nil {
		return handler(ctx, req)
	}
	defer g.s.gate.release(a.bytes)
	c := callOf(ctx)
	c.bytes = a.bytes
	if a.refusal != nil {
		g.s.turnAway(c, a.refusal)
		return nil, a.refusal.status()
	}
	resp, err := handler(ctx, req)
	if err != nil || c.partial == "" {
		return resp, err
	}
	// The receiver's answer is of a type that only it can name; it reads itself.
	m, ok := resp.(requestMessage)
	if !ok {
		return nil, errors.New("the receiver's answer cannot carry partial success")
	}
	msg, err := partialSuccess(c, false)
	if err == nil {
		err = m.UnmarshalProto(msg)
	}
	return resp, err
}

// signalOf tells a request by the name of its type, which is all that is to be seen of it.
func signalOf(v any) telemetry.Signal {
	switch name := reflect.TypeOf(v).String(); {
	case strings.Contains(name, "ExportLogs"):
		return telemetry.Logs
	case strings.Contains(name, "ExportTrace"):
		return telemetry.Spans
	}
	return telemetry.Metrics
}
