package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/telemetry"
	derive "github.com/yagura-sre/yagura/internal/telemetry/shape"
	"github.com/yagura-sre/yagura/internal/tlsfile"
)

// Appender takes a frame of rows to where they survive, and returns when they do. The
// frame is its own from then on. Its error is a fault: Overloaded and Unavailable ask the sender
// to retry after RetryAfter, Invalid and TooLarge refuse the rows for good; any other
// asks to retry too.
type Appender func(ctx context.Context, signal telemetry.Signal, frame []byte, rows int) error

// Options say what a Service is made of. Codec, Append, Clock, IDs and Log are required.
type Options struct {
	GRPC, HTTP  string   // addresses to listen on, host:port; "" leaves the transport out
	CORSOrigins []string // browsers of these origins may send over HTTP
	Codec       telemetry.Codec
	Append      Appender
	Limits      Limits
	Redaction   Redaction
	// TLS is what the ports speak; nil is in the clear.
	TLS *tlsfile.Source
	// Auth says whether a token may write; nil lets everyone. A fault of
	// Unauthenticated or Forbidden refuses for good, any other asks to retry.
	Auth func(ctx context.Context, token string) error
	// AuthOptional lets in who shows no token; one that is shown must be good.
	AuthOptional bool

	Clock clock.Clock
	IDs   *id.Sequence
	Log   *slog.Logger
	Tail  *TailHub // nil: nobody can listen
}

// Service is the door for telemetry. Safe for concurrent use.
type Service struct {
	lim      Limits
	codec    telemetry.Codec
	append   Appender
	redactor *Redactor
	auth     func(ctx context.Context, token string) error
	optional bool // a token need not be shown
	clock    clock.Clock
	ids      *id.Sequence
	log      *slog.Logger
	tail     *TailHub

	works *sync.Pool
	// The different patterns and endpoints of a service that are kept apart.
	patterns, endpoints *derive.Bound

	book *book
	gate gate
	tls  *tlsfile.Source
	grpc *port // nil: left out
	http *port

	readers readers
	origins []string // browsers' origins that may send without a token
}

// How many different patterns and endpoints a service in an environment may have before
// further ones are counted as telemetry.Other.
const (
	maxPatterns  = 2000
	maxEndpoints = 500
)

// New checks the options and makes a Service; Start opens its ports.
func New(o Options) (*Service, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	red, err := NewRedactor(o.Redaction)
	if err != nil {
		return nil, err
	}
	s := &Service{
		lim: o.Limits.withDefaults(), codec: o.Codec, append: o.Append, redactor: red, auth: o.Auth, optional: o.AuthOptional,
		clock: o.Clock, ids: o.IDs, log: o.Log, tail: o.Tail, book: newBook(), origins: o.CORSOrigins, tls: o.TLS,
	}
	s.gate.lim = &s.lim
	s.readers = readers{max: max(1024, 4*s.lim.Requests), grace: bodyGrace}
	s.works = newWorkPool(s.lim, red)
	s.patterns, s.endpoints = derive.NewBound(maxPatterns, o.Clock), derive.NewBound(maxEndpoints, o.Clock)
	if o.GRPC != "" {
		s.grpc = s.newGRPC(o.GRPC)
	}
	if o.HTTP != "" {
		s.http = s.newHTTP(o.HTTP)
	}
	return s, nil
}

// Start opens the ports and returns when they are open.
func (s *Service) Start(ctx context.Context) error {
	if s.grpc != nil {
		if err := s.grpc.start(ctx); err != nil {
			return err
		}
	}
	if s.http != nil {
		if err := s.http.start(ctx); err != nil {
			_ = s.grpc.stop(ctx) // the error that counts is the one above
			return err
		}
	}
	return nil
}

// Stop closes the ports. Requests that are being worked on are answered, as far as ctx
// allows; senders retry what was not.
func (s *Service) Stop(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.grpc.stop(ctx) }()
	err := s.http.stop(ctx)
	return errors.Join(err, <-done)
}

// GRPCAddr is where gRPC is listened to, once started; "" when it is left out.
func (s *Service) GRPCAddr() string { return s.grpc.addr() }

// HTTPAddr is where HTTP is listened to, once started; "" when it is left out.
func (s *Service) HTTPAddr() string { return s.http.addr() }

// Know tells which services the store has rows of, the most important first: they have
// their places before anybody new, within Limits.Services.
func (s *Service) Know(services []string) {
	s.book.know(services, s.lim.Services, s.clock.Now())
}

// Refusals is what was refused or changed since the start, the latest first.
func (s *Service) Refusals() []Refusal { return s.book.listRefusals() }

// Sources is who sent what since the start.
func (s *Service) Sources() []Seen { return s.book.listSources(s.clock.Now()) }

// Traffic is what each transport took since the start.
func (s *Service) Traffic() []Traffic { return s.book.listTraffic() }

// Redactions is how often each redaction rule took something out since the start.
func (s *Service) Redactions() map[string]int64 { return s.redactor.Counts() }

func (s *Service) consumeLogs(ctx context.Context, ld plog.Logs) error {
	return s.consume(ctx, telemetry.Logs, func(w *work) (int, []byte, error) {
		w.normaliseLogs(ld, s.admit)
		if len(w.logs) == 0 {
			return 0, nil, nil
		}
		first := s.ids.Take(len(w.logs))
		for i := range w.logs {
			w.logs[i].ID = first + uint64(i)
		}
		frame, err := s.codec.EncodeLogs(w.newFrame(len(w.logs)), w.logs)
		w.encoded(len(w.logs), len(frame))
		return len(w.logs), frame, err
	}, func(w *work) { s.tail.publishLogs(w.logs) })
}

func (s *Service) consumeSpans(ctx context.Context, td ptrace.Traces) error {
	return s.consume(ctx, telemetry.Spans, func(w *work) (int, []byte, error) {
		w.normaliseSpans(td, s.admit)
		if len(w.spans) == 0 {
			return 0, nil, nil
		}
		first := s.ids.Take(len(w.spans))
		for i := range w.spans {
			w.spans[i].ID = first + uint64(i)
		}
		frame, err := s.codec.EncodeSpans(w.newFrame(len(w.spans)), w.spans)
		w.encoded(len(w.spans), len(frame))
		return len(w.spans), frame, err
	}, func(w *work) { s.tail.publishSpans(w.spans) })
}

func (s *Service) consumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	return s.consume(ctx, telemetry.Metrics, func(w *work) (int, []byte, error) {
		points := w.normaliseMetrics(md, s.admit)
		if points == 0 {
			return 0, nil, nil
		}
		frame, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
		return points, frame, err
	}, nil)
}

func (s *Service) admit(service string) bool {
	return s.book.admit(service, s.lim.Services, s.clock.Now())
}

// consume takes a decoded request through normalising, encoding and Append, and keeps
// the books. Its error is a gRPC status.
func (s *Service) consume(ctx context.Context, signal telemetry.Signal, encode func(*work) (int, []byte, error), then func(*work)) (err error) {
	c := callOf(ctx)
	c.signal, c.decoded = signal, true
	now := s.clock.Now()
	w := s.works.Get().(*work)
	w.reset(now)
	w.shaper.Patterns, w.shaper.Endpoints = s.patterns, s.endpoints
	broken := false
	defer func() {
		if p := recover(); p != nil {
			// A request that we fail on would fail again: it is refused for good, and
			// the work that it broke is not used again.
			broken = true
			s.log.Error("normalising a request failed", "signal", signal.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			s.turnAway(c, &refusal{reason: StorageRefuse, code: fault.Invalid, example: "internal error: see the server's log"})
			err = status.Error(codes.InvalidArgument, StorageRefuse.Text().En)
		}
		if !broken {
			w.release()
			s.works.Put(w)
		}
	}()

	rows, frame, err := encode(w)
	if err == nil && rows > 0 {
		err = s.append(ctx, signal, frame, rows)
	}
	if err != nil {
		c.counted = true
		reason := reasonOf(err)
		if !reason.Retried() {
			s.log.Error("telemetry was refused", "signal", signal.String(), "rows", rows, "err", err)
		}
		for _, r := range w.tally.rows {
			c.refused += int64(r.rows)
			s.book.refuse(signal, r.service, reason, int64(r.rows), now, "")
		}
		return answer(err)
	}
	for _, r := range w.tally.rows {
		s.book.took(signal, r.service, r.env, r.rows, now)
	}
	for _, r := range w.tally.refused {
		s.book.refuse(signal, r.service, r.reason, r.n, now, r.example)
	}
	c.stored = int64(rows)
	if n, most := w.tally.rejected(); n > 0 {
		c.refused = n
		c.partial = string(most) + ": " + most.Text().En + " (" + strconv.FormatInt(n, 10) + " refused)"
	}
	if then != nil && rows > 0 {
		then(w)
	}
	return nil
}
