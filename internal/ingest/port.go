package ingest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/tlsfile"
)

// port is one of the two servers that senders reach.
type port struct {
	s         *Service
	transport string
	at        string // configured
	srv       *http.Server
	protos    []string // that TLS offers
	ln        net.Listener
}

// needsTLS is what somebody is told who speaks in the clear to a port that has TLS.
const needsTLS = "this OTLP port speaks TLS: use https:// in the endpoint, or switch off \"insecure\" in the exporter"

func (p *port) start(ctx context.Context) (err error) {
	if p.ln, err = new(net.ListenConfig).Listen(ctx, "tcp", p.at); err != nil {
		return portFault(err)
	}
	ln := p.ln
	if p.s.tls != nil {
		ln = p.s.tls.Listen(ln, func(head []byte) []byte {
			p.s.book.refuse(0, "", NotTLS, 1, p.s.clock.Now(), p.transport)
			return tlsfile.Refuse(needsTLS)(head)
		}, p.protos...)
	}
	p.srv.ErrorLog = slog.NewLogLogger(handshakes{p.s, p.transport}, slog.LevelDebug)
	go func() {
		if err := p.srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			p.s.log.Error("an OTLP server ended", "transport", p.transport, "err", err)
		}
	}()
	return nil
}

// addr is where it listens: a port of 0 is settled only when it is opened.
func (p *port) addr() string {
	if p == nil {
		return ""
	}
	if p.ln == nil {
		return p.at
	}
	return p.ln.Addr().String()
}

// stop ends the server: requests that are being worked on are answered first, as far as
// ctx allows.
func (p *port) stop(ctx context.Context) error {
	if p == nil || p.ln == nil {
		return nil
	}
	err := p.srv.Shutdown(ctx)
	if err != nil {
		_ = p.srv.Close() // those that are left; the error that counts is the one above
	}
	return err
}

// handshakes counts the handshakes that failed. The server tells of them its log alone;
// all else that it says is of senders that went away.
type handshakes struct {
	s         *Service
	transport string
}

// Enabled takes everything.
func (handshakes) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts.
func (h handshakes) Handle(_ context.Context, r slog.Record) error {
	_, why, ok := strings.Cut(r.Message, "TLS handshake error from ")
	if !ok || strings.Contains(why, "does not speak TLS") || strings.HasSuffix(why, "EOF") { // counted, or nobody spoke
		return nil
	}
	_, why, _ = strings.Cut(why, ": ")
	h.s.book.refuse(0, "", BadHandshake, 1, h.s.clock.Now(), h.transport+": "+cut(why, 200))
	return nil
}

// WithAttrs and WithGroup are not used by the server.
func (h handshakes) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup is not used by the server.
func (h handshakes) WithGroup(string) slog.Handler { return h }

func portFault(err error) error {
	return fault.Wrap(err, fault.Unavailable, i18n.T(
		"The OTLP ports cannot be opened. Another program may hold them; choose others with --otlp-grpc and --otlp-http.",
		"OTLPのポートを開けません。ほかのプログラムが使用している可能性があります。--otlp-grpc と --otlp-http で別のポートを指定してください。"))
}
