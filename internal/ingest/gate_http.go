package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
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

// gateHTTP stands before the receiver's handlers: it lets in who may send, reads and
// decompresses the body within the limits, and puts partial success into the answer.
func (s *Service) gateHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		signal, ok := paths[req.URL.Path]
		if !ok || req.Method != http.MethodPost {
			next.ServeHTTP(rw, req) // answers 404 and 405
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
		from := s.readers.begin(rw, req.Body)
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
		req = req.WithContext(withCall(req.Context(), c))
		req.Body = io.NopCloser(bytes.NewReader(body.Bytes()))
		req.ContentLength = int64(body.Len())
		req.Header.Del("Content-Encoding")
		next.ServeHTTP(&answerWriter{ResponseWriter: rw, call: c, kind: kind, undecoded: func() {
			refuse(http.StatusBadRequest, &refusal{reason: Malformed, code: fault.Invalid, example: preview(kind, body.Bytes(), s.redactor)})
		}}, req)
	})
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

// answerWriter replaces the receiver's empty answer by one that tells of refused rows, and
// its answer to what it could not decode by ours: its own quotes the request, and fails
// to when that is not UTF-8.
type answerWriter struct {
	http.ResponseWriter
	call      *call
	kind      string
	undecoded func()
	done      bool
}

func (w *answerWriter) WriteHeader(code int) {
	if code >= http.StatusBadRequest && !w.call.decoded {
		w.done = true
		w.undecoded()
		return
	}
	if code != http.StatusOK || w.call.partial == "" {
		w.ResponseWriter.WriteHeader(code)
		return
	}
	w.done = true
	msg, err := partialSuccess(w.call, w.kind == jsonType)
	if err != nil {
		w.ResponseWriter.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Del("Content-Length")
	w.ResponseWriter.WriteHeader(code)
	_, _ = w.ResponseWriter.Write(msg) // the sender went away: nothing to be done
}

func (w *answerWriter) Write(b []byte) (int, error) {
	if w.done {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// partialSuccess renders the answer that some rows were refused.
func partialSuccess(c *call, asJSON bool) ([]byte, error) {
	type message interface {
		MarshalProto() ([]byte, error)
		MarshalJSON() ([]byte, error)
	}
	var m message
	switch c.signal {
	case telemetry.Logs:
		r := plogotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedLogRecords(c.refused)
		r.PartialSuccess().SetErrorMessage(c.partial)
		m = r
	case telemetry.Spans:
		r := ptraceotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedSpans(c.refused)
		r.PartialSuccess().SetErrorMessage(c.partial)
		m = r
	default:
		r := pmetricotlp.NewExportResponse()
		r.PartialSuccess().SetRejectedDataPoints(c.refused)
		r.PartialSuccess().SetErrorMessage(c.partial)
		m = r
	}
	if asJSON {
		return m.MarshalJSON()
	}
	return m.MarshalProto()
}

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

// wrapHTTP is the form in which the receiver takes a middleware.
func (s *Service) wrapHTTP(_ context.Context, next http.Handler) (http.Handler, error) {
	return s.gateHTTP(next), nil
}
