package ingest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var methods = map[string]telemetry.Signal{
	"/opentelemetry.proto.collector.logs.v1.LogsService/Export":       telemetry.Logs,
	"/opentelemetry.proto.collector.trace.v1.TraceService/Export":     telemetry.Spans,
	"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": telemetry.Metrics,
}

const grpcEncodings = "identity,gzip,zstd,snappy"

// grpcServer takes OTLP/gRPC: three unary calls, over HTTP/2. It stands on net/http, for
// there a message is read by the gate, which holds its bytes as they come and closes the
// flow-control window when it does not read; a server of grpc-go takes in the whole
// message, of every stream of every connection, before anybody is asked.
type grpcServer struct{ s *Service }

func (s *Service) newGRPC(at string) *port {
	srv := &http.Server{
		Handler:           grpcServer{s},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       10 * time.Minute, // SDKs keep a connection between exports
		MaxHeaderBytes:    64 << 10,
		Protocols:         new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          min(s.lim.Requests, 128),
			MaxReceiveBufferPerConnection: 512 << 10, // of what the gate has not read yet
			MaxReceiveBufferPerStream:     512 << 10,
			SendPingTimeout:               30 * time.Second,
			PingTimeout:                   15 * time.Second,
			WriteByteTimeout:              30 * time.Second,
		},
	}
	srv.Protocols.SetUnencryptedHTTP2(s.tls == nil)
	srv.Protocols.SetHTTP2(s.tls != nil)
	return &port{s: s, transport: overGRPC, at: at, srv: srv, protos: []string{"h2"}}
}

// ServeHTTP answers one call.
func (g grpcServer) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if req.ProtoMajor != 2 || req.Method != http.MethodPost || kind != "application/grpc" && kind != "application/grpc+proto" {
		http.Error(rw, "this port speaks OTLP over gRPC; OTLP over HTTP has a port of its own (4318 unless configured)", http.StatusUnsupportedMediaType)
		return
	}
	rw.Header().Set("Content-Type", "application/grpc")
	rw.Header().Set("Grpc-Accept-Encoding", grpcEncodings)
	signal, ok := methods[req.URL.Path]
	if !ok {
		writeGRPC(rw, nil, status.Error(codes.Unimplemented, "unknown method "+cut(req.URL.Path, 200)))
		return
	}
	ctx := req.Context()
	if d, ok := grpcTimeout(req.Header.Get("Grpc-Timeout")); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	c := &call{transport: overGRPC, signal: signal}
	msg, err := g.export(withCall(ctx, c), c, rw, req)
	g.s.book.passed(c.transport, c.signal, int64(c.bytes), c.stored, c.refused)
	writeGRPC(rw, msg, err)
}

// export takes a call through the gate to where it is stored, and gives the answer.
func (g grpcServer) export(ctx context.Context, c *call, rw http.ResponseWriter, req *http.Request) (msg []byte, err error) {
	s := g.s
	r := s.authorise(ctx, req.Header.Get("Authorization"))
	if r == nil && s.gate.full() {
		r = &refusal{reason: Busy, code: fault.Overloaded}
	}
	if r != nil {
		s.turnAway(c, r)
		return nil, r.status()
	}
	body, r := s.readMessage(c, rw, req)
	defer func() { s.gate.release(c.held); bodies.Put(body) }()
	if r == nil {
		if s.gate.enter() {
			defer s.gate.leave()
			r = s.measure(c.signal, protobufType, body.Bytes())
		} else {
			r = &refusal{reason: Busy, code: fault.Overloaded}
		}
	}
	if r == nil {
		c.bytes = body.Len()
		err = s.decodeAndConsume(ctx, c, protobufType, body.Bytes(), &r)
	}
	if r != nil {
		if r.reason == Abandoned { // nobody is there to be told
			return nil, status.Error(codes.Canceled, "the sender went away")
		}
		s.turnAway(c, r)
		switch r.reason {
		case TooLarge: // without a time to come back: the same would be too large again
			return nil, status.Error(codes.ResourceExhausted, r.reason.Text().En)
		case BadEncoding:
			return nil, status.Error(codes.Unimplemented, r.reason.Text().En)
		}
		return nil, r.status()
	}
	if err != nil {
		return nil, err
	}
	return response(c, protobufType)
}

// readMessage reads the one message of a call: a byte that says whether it is compressed,
// four of length, and the message. What it returns must be put back.
func (s *Service) readMessage(c *call, rw http.ResponseWriter, req *http.Request) (_ *bytes.Buffer, r *refusal) {
	from := s.readers.begin(rw, req.Body)
	defer func() { from.end(r == nil) }()
	var head [5]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return newBuffer(), readRefusal(req, err)
	}
	n := int64(binary.BigEndian.Uint32(head[1:]))
	if n > int64(s.lim.RequestBytes) {
		return newBuffer(), s.tooLarge(req)
	}
	enc := ""
	switch head[0] {
	case 0:
	case 1:
		enc = strings.ToLower(req.Header.Get("Grpc-Encoding"))
	default:
		return newBuffer(), &refusal{reason: Malformed, code: fault.Invalid, example: "gRPC frame flag " + strconv.Itoa(int(head[0]))}
	}
	return s.readBody(c, req, &exactly{r: from, n: n}, enc)
}

// exactly is a message of a length that was announced.
type exactly struct {
	r io.Reader
	n int64
}

func (e *exactly) Read(b []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(b[:min(int64(len(b)), e.n)])
	e.n -= int64(n)
	if err == io.EOF && e.n > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// writeGRPC answers a call: a message and status OK, or an error alone.
func writeGRPC(rw http.ResponseWriter, msg []byte, err error) {
	h := rw.Header()
	if err != nil {
		st := status.Convert(err)
		h.Set("Grpc-Status", strconv.Itoa(int(st.Code())))
		h.Set("Grpc-Message", percent(st.Message()))
		if len(st.Proto().GetDetails()) > 0 {
			if b, err := proto.Marshal(st.Proto()); err == nil {
				h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(b))
			}
		}
		rw.WriteHeader(http.StatusOK)
		return
	}
	h.Set("Trailer", "Grpc-Status")
	rw.WriteHeader(http.StatusOK)
	out := binary.BigEndian.AppendUint32(make([]byte, 1, 5+len(msg)), uint32(len(msg)))
	_, _ = rw.Write(append(out, msg...)) // the sender went away: nothing to be done
	h.Set("Grpc-Status", "0")
}

// percent encodes a message as gRPC has it: what is not printable ASCII, and the percent
// sign, as %XX.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// grpcTimeout reads the time that a sender waits: at most eight digits and a unit.
func grpcTimeout(s string) (time.Duration, bool) {
	if len(s) < 2 || len(s) > 9 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if !ok || err != nil {
		return 0, false
	}
	if n > uint64((1<<62)/unit) {
		return 0, false // longer than anybody waits
	}
	return time.Duration(n) * unit, true
}
