package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/rs/cors"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

var paths = map[string]telemetry.Signal{
	"/v1/logs": telemetry.Logs, "/v1/traces": telemetry.Spans, "/v1/metrics": telemetry.Metrics,
}

// httpServer takes OTLP/HTTP: it lets in who may send, reads and decompresses the body
// within the limits, has it decoded and stored, and answers as OTLP asks.
type httpServer struct{ s *Service }

func (s *Service) newHTTP(at string) *port {
	var h http.Handler = httpServer{s}
	if len(s.origins) > 0 {
		h = cors.New(cors.Options{
			AllowedOrigins: s.origins, AllowedMethods: []string{http.MethodPost}, AllowedHeaders: []string{"*"}, AllowCredentials: true, MaxAge: 7200,
		}).Handler(h)
	}
	return &port{s: s, transport: overHTTP, at: at, protos: []string{"h2", "http/1.1"}, srv: &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute, // readers.go is stricter
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: min(s.lim.Requests, 128), MaxReceiveBufferPerConnection: 512 << 10, MaxReceiveBufferPerStream: 512 << 10,
		},
	}} // no WriteTimeout: the answer waits for the disk, not for the clock
}

// ServeHTTP answers one request.
func (h httpServer) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	s := h.s
	signal, ok := paths[req.URL.Path]
	switch {
	case !ok:
		http.Error(rw, "OTLP is taken at /v1/logs, /v1/traces and /v1/metrics", http.StatusNotFound)
		return
	case req.Method != http.MethodPost:
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "OTLP is sent by POST", http.StatusMethodNotAllowed)
		return
	}
	c := &call{transport: overHTTP, signal: signal}
	defer func() { s.book.passed(c.transport, c.signal, int64(c.bytes), c.stored, c.refused) }()
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	refuse := func(code int, r *refusal) {
		s.turnAway(c, r)
		writeStatus(rw, kind, code, r.status())
	}
	if kind != protobufType && kind != jsonType {
		refuse(http.StatusUnsupportedMediaType, &refusal{reason: BadEncoding, code: fault.Invalid, example: "Content-Type: " + cut(req.Header.Get("Content-Type"), 100)})
		return
	}
	if r := s.foreign(req); r != nil {
		refuse(http.StatusForbidden, r)
		return
	}
	if r := s.authorise(req.Context(), req.Header.Get("Authorization")); r != nil {
		refuse(httpCode(r.code), r)
		return
	}
	if s.gate.full() {
		refuse(http.StatusTooManyRequests, &refusal{reason: Busy, code: fault.Overloaded})
		return
	}
	// Packed, it may not be larger either: there are streams that unpack to nothing.
	from := s.readers.begin(rw, http.MaxBytesReader(rw, req.Body, int64(s.lim.RequestBytes)+1))
	body, r := s.readBody(c, req, from, strings.ToLower(strings.TrimSpace(req.Header.Get("Content-Encoding"))))
	from.end(r == nil)
	defer func() { s.gate.release(c.held); bodies.Put(body) }()
	if r == nil {
		// Only now: a sender that is slow to send holds its bytes and nobody's place.
		if s.gate.enter() {
			defer s.gate.leave()
			r = s.measure(signal, kind, body.Bytes())
		} else {
			r = &refusal{reason: Busy, code: fault.Overloaded}
		}
	}
	if r != nil {
		code := httpCode(r.code)
		if r.reason == TooLarge {
			code = http.StatusRequestEntityTooLarge
		} else if r.reason == BadEncoding {
			code = http.StatusUnsupportedMediaType
		}
		refuse(code, r)
		return
	}
	c.bytes = body.Len()
	if kind == jsonType {
		body.Truncate(len(breakLoneSurrogates(body.Bytes())))
	}
	err := s.decodeAndConsume(withCall(req.Context(), c), c, kind, body.Bytes(), &r)
	switch {
	case r != nil:
		r.example = preview(kind, body.Bytes(), s.redactor)
		refuse(http.StatusBadRequest, r)
		return
	case err != nil:
		writeStatus(rw, kind, statusCode(err), err)
		return
	}
	msg, err := response(c, kind)
	if err != nil { // cannot be: the message is ours
		writeStatus(rw, kind, http.StatusInternalServerError, err)
		return
	}
	rw.Header().Set("Content-Type", kind)
	_, _ = rw.Write(msg) // the sender went away: nothing to be done
}

// statusCode is the HTTP status of what consume says.
func statusCode(err error) int {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.InvalidArgument:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	}
	return http.StatusServiceUnavailable // the sender has the rows: it is asked to keep them
}

func httpCode(c fault.Code) int {
	switch c {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Overloaded:
		return http.StatusTooManyRequests
	case fault.Unavailable, fault.Timeout:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// measure says whether a request may be decoded.
func (s *Service) measure(signal telemetry.Signal, kind string, body []byte) *refusal {
	var err error
	if kind == jsonType {
		if err = measureJSON(body, &s.lim); err == nil && !json.Valid(body) {
			err = errTruncated
		}
	} else {
		err = measureProto(signal, body, &s.lim)
	}
	if err == nil {
		return nil
	}
	r := refuseMeasure(err)
	r.example = preview(kind, body, s.redactor)
	return r
}

// preview shows the beginning of a request that was not understood, redacted when it is
// a text.
func preview(kind string, body []byte, red *Redactor) string {
	if kind != jsonType {
		return strconv.Itoa(len(body)) + " bytes of protobuf"
	}
	s, _ := red.Text(string(bytes.ToValidUTF8(body[:min(len(body), 4*exampleBytes)], []byte("\uFFFD"))))
	return cut(s, exampleBytes)
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var errOverBudget = errors.New("over the budget of bytes in flight")

func newBuffer() *bytes.Buffer {
	buf := bodies.Get().(*bytes.Buffer)
	if buf.Cap() > 4<<20 {
		buf = new(bytes.Buffer) // one large request must not keep its memory for good
	}
	buf.Reset()
	return buf
}

// readBody reads and decompresses a request. What it returns must be put back. Nothing is
// held, and no decoder made ready, before the first byte is there.
func (s *Service) readBody(c *call, req *http.Request, from io.Reader, enc string) (*bytes.Buffer, *refusal) {
	var start [512]byte
	n, err := from.Read(start[:])
	buf := newBuffer()
	if err != nil && err != io.EOF {
		return buf, readRefusal(req, err)
	}
	if err == io.EOF {
		from = bytes.NewReader(start[:n])
	} else {
		from = io.MultiReader(bytes.NewReader(start[:n]), from)
	}
	undecodable := func(err error) *refusal {
		if errors.Is(err, errSlow) {
			return readRefusal(req, err)
		}
		return &refusal{reason: Malformed, code: fault.Invalid, cause: err, example: enc + ": " + err.Error()}
	}
	switch enc {
	case "", "identity":
	case "gzip":
		z := gzips.Get().(*gzip.Reader)
		defer gzips.Put(z)
		if err := z.Reset(from); err != nil {
			return buf, undecodable(err)
		}
		from = z
	case "zstd":
		// The decoder keeps a window as large as the frame demands: bytes in flight, too.
		var head zstd.Header
		if err := head.Decode(start[:n]); err == nil && head.WindowSize <= zstdWindow {
			if window := int(head.WindowSize); s.gate.hold(window) {
				defer s.gate.release(window)
			} else {
				return buf, &refusal{reason: Busy, code: fault.Overloaded}
			}
		}
		z := zstds.Get().(*zstd.Decoder)
		defer func() { _ = z.Reset(nil); zstds.Put(z) }()
		if err := z.Reset(from); err != nil {
			return buf, undecodable(err)
		}
		from = z
	case "snappy":
		if c.transport == overGRPC { // over HTTP, the name stands for two formats
			z := snappies.Get().(*s2.Reader)
			defer func() { z.Reset(nil); snappies.Put(z) }()
			z.Reset(from)
			from = z
			break
		}
		fallthrough
	default:
		return buf, &refusal{reason: BadEncoding, code: fault.Invalid, example: "Content-Encoding: " + cut(enc, 100)}
	}
	err = s.fill(buf, from, c)
	var tooBig *http.MaxBytesError
	switch {
	case err == nil:
		return buf, nil
	case errors.Is(err, errOverBudget):
		return buf, &refusal{reason: Busy, code: fault.Overloaded}
	case errors.Is(err, errTooLarge), errors.As(err, &tooBig), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return buf, s.tooLarge(req)
	}
	return buf, readRefusal(req, err)
}

func (s *Service) tooLarge(req *http.Request) *refusal {
	return &refusal{reason: TooLarge, code: fault.TooLarge, example: "more than " + strconv.Itoa(s.lim.RequestBytes) + " bytes from " + cut(req.UserAgent(), 200)}
}

// readRefusal files why a body could not be read.
func readRefusal(req *http.Request, err error) *refusal {
	switch {
	case errors.Is(err, errSlow):
		return &refusal{reason: SlowSender, code: fault.Timeout, example: "from " + cut(req.UserAgent(), 200)}
	case req.ProtoMajor == 2 && req.Context().Err() != nil:
		return &refusal{reason: Abandoned, code: fault.Timeout}
	}
	return &refusal{reason: Malformed, code: fault.Invalid, cause: err, example: cut(err.Error(), 200)}
}

var errTooLarge = errors.New("larger than the limit")

// fill reads all of r within the limits, taking its bytes from the budget as they come:
// a compressed request tells its size only then, and a slow one holds what it has sent.
func (s *Service) fill(buf *bytes.Buffer, r io.Reader, c *call) error {
	const least, most = 4 << 10, 64 << 10
	for {
		step := min(max(least, buf.Len()), most, s.lim.RequestBytes-buf.Len())
		if c.held < buf.Len()+step {
			// Doubling, as the buffer does, but never more than the largest request.
			more := min(max(step, buf.Len()), s.lim.RequestBytes-c.held)
			if !s.gate.hold(more) {
				return errOverBudget
			}
			c.held += more
		}
		step = max(step, 1) // one more byte tells whether it is too large
		buf.Grow(step)
		b := buf.AvailableBuffer()[:step]
		n, err := r.Read(b)
		buf.Write(b[:n])
		if buf.Len() > s.lim.RequestBytes {
			return errTooLarge
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var snappies = sync.Pool{New: func() any { return s2.NewReader(nil, s2.ReaderMaxBlockSize(64<<10)) }}

var gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}

// zstdWindow is the largest window that a request may demand: what senders' encoders have.
const zstdWindow = 8 << 20

var zstds = sync.Pool{New: func() any {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // cannot be: the options are constants
	}
	return z
}}

// writeStatus answers with an error as OTLP/HTTP demands: a google.rpc.Status in the
// encoding of the request.
func writeStatus(rw http.ResponseWriter, kind string, code int, err error) {
	st := status.Convert(err)
	p := &spb.Status{Code: int32(st.Code()), Message: st.Message(), Details: st.Proto().GetDetails()}
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		for _, d := range st.Details() {
			if info, ok := d.(*errdetails.RetryInfo); ok {
				rw.Header().Set("Retry-After", strconv.Itoa(int(info.GetRetryDelay().AsDuration().Seconds())))
			}
		}
	}
	if st.Code() == codes.Unauthenticated {
		rw.Header().Set("WWW-Authenticate", "Bearer")
	}
	var msg []byte
	if kind == protobufType {
		msg, _ = proto.Marshal(p) // a known message of ours
	} else {
		kind = jsonType
		msg, _ = protojson.Marshal(p)
	}
	rw.Header().Set("Content-Type", kind)
	rw.WriteHeader(code)
	_, _ = rw.Write(msg)
}
