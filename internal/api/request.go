package api

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// request is what the layers of one request tell each other. One goroutine at a time
// touches it: the one that serves the request.
type request struct {
	trace     string
	lang      i18n.Lang
	addr      string
	log       *slog.Logger
	principal authz.Principal
	fault     error // what was answered, for the access log
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// Lang is the reader's language: the one they saved, else what their browser asks for.
func Lang(ctx context.Context) i18n.Lang {
	if r := requestOf(ctx); r != nil {
		return r.lang
	}
	return i18n.En
}

// ClientAddr is the address that the request came from, as far as trusted proxies tell.
func ClientAddr(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.addr
	}
	return ""
}

// TraceID names the request in the log.
func TraceID(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.trace
	}
	return ""
}

// outer is the outermost layer: identity of the request, recovery, access log, headers.
func (a *API) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.opt.Clock.Now()
		ctx, trace, end := r.Context(), "", func(string, int, bool) {}
		if a.opt.Watch != nil {
			ctx, trace, end = a.opt.Watch(r)
		}
		if trace == "" {
			trace = traceOf(r.Header.Get("Traceparent"))
		}
		req := &request{
			trace: trace,
			lang:  i18n.Parse(r.Header.Get("Accept-Language")),
			addr:  a.clientAddr(r),
		}
		req.log = a.opt.Log.With("trace_id", req.trace)
		r = r.WithContext(context.WithValue(ctx, requestKey{}, req))
		rec := &recorder{ResponseWriter: w}
		defer func() {
			end(r.Pattern, rec.answered(r), strings.HasPrefix(rec.Header().Get("Content-Type"), "text/event-stream"))
		}()
		rec.Header().Set("X-Trace-Id", req.trace)
		a.secure(rec.Header(), r)

		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				req.log.Error("panic", "value", v, "path", r.URL.Path, "stack", string(debug.Stack()))
				if rec.status == 0 {
					// Whatever the handler had announced is not what is sent now.
					rec.Header().Del("Content-Length")
					rec.Header().Del("Content-Encoding")
					rec.Header().Del("ETag")
					a.WriteError(rec, r, fault.Internalf("panic: %v", v))
				} else {
					a.logAccess(r, req, rec, start)
					panic(http.ErrAbortHandler) // half an answer must not look whole
				}
			}
			a.logAccess(r, req, rec, start)
		}()

		if err := checkAddress(r.URL); err != nil {
			a.WriteError(rec, r, err)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// checkAddress refuses an address that cannot be decoded to text without NUL: databases
// refuse both, and a pair of the query that cannot be decoded would be dropped silently.
func checkAddress(u *url.URL) error {
	if strings.Contains(u.RawQuery, ";") {
		return fault.New(fault.Invalid, i18n.T(
			"The address has a bare semicolon in its query. Write it as %3B.",
			"URL のクエリーにセミコロンがそのまま含まれています。%3B と書いてください。"))
	}
	query, err := url.QueryUnescape(u.RawQuery)
	switch {
	case err != nil:
		return fault.Wrap(err, fault.Invalid, i18n.T(
			"The address has a percent sign without two hex digits behind it. Write the sign itself as %25.",
			"URL の % の後に 16 進数 2 桁がありません。% という文字そのものは %25 と書いてください。"))
	case !utf8.ValidString(u.Path), !utf8.ValidString(query):
		return fault.New(fault.Invalid, i18n.T(
			"The address is not valid UTF-8.", "URL が正しい UTF-8 ではありません。"))
	case strings.Contains(query, "\x00"), strings.Contains(u.Path, "\x00"):
		return fault.New(fault.Invalid, i18n.T(
			"The address has a NUL character (%00), which no text here can hold.",
			"URL に NUL 文字（%00）が含まれています。NUL 文字は使えません。"))
	}
	return nil
}

func (a *API) logAccess(r *http.Request, req *request, rec *recorder, start time.Time) {
	status := rec.answered(r)
	level := slog.LevelDebug
	switch {
	case status >= 500 && status != http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case r.Method != http.MethodGet && r.Method != http.MethodHead, status == http.StatusUnauthorized, status == http.StatusForbidden:
		level = slog.LevelInfo
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", clock.Since(a.opt.Clock, start)), slog.String("addr", req.addr),
	}
	if req.principal.UserID != "" {
		attrs = append(attrs, slog.String("principal", req.principal.UserID))
	}
	if req.fault != nil {
		attrs = append(attrs, slog.String("fault", req.fault.Error()))
	}
	req.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// traceOf takes the trace id of a W3C traceparent header, or makes one.
func traceOf(parent string) string {
	if len(parent) >= 55 && parent[2] == '-' && parent[35] == '-' {
		id := parent[3:35]
		if b, err := hex.DecodeString(id); err == nil && strings.ToLower(id) == id && !zero(b) {
			return id
		}
	}
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// clientAddr is the last address of X-Forwarded-For that is not one of the trusted
// proxies', read from the right, where the nearest proxy wrote. Without trusted proxies
// the header is anybody's claim and is ignored.
func (a *API) clientAddr(r *http.Request) string {
	addr := r.RemoteAddr
	if host, _, err := net.SplitHostPort(addr); err == nil {
		addr = host
	}
	if !a.trusted(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap().String()
		if !a.trusted(addr) {
			break
		}
	}
	return addr
}

func (a *API) trusted(addr string) bool {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	for _, p := range a.opt.TrustedProxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// recorder remembers what was answered. It unwraps for http.ResponseController.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// answered is the status that the request ended with.
func (r *recorder) answered(req *http.Request) int {
	switch {
	case r.status != 0:
		return r.status
	case req.Context().Err() != nil:
		return statusClosed
	}
	return http.StatusOK
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Flush and Hijack are asked for by type assertion in places that do not unwrap.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
