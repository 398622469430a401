package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Problem is what every error looks like on the wire (RFC 9457).
type Problem struct {
	Type    string          `json:"type" doc:"Always about:blank; the code tells problems apart." example:"about:blank"`
	Title   string          `json:"title" doc:"The HTTP status in words." example:"Not Found"`
	Status  int             `json:"status" example:"404"`
	Detail  string          `json:"detail" doc:"What is wrong and how to mend it, in the reader's language."`
	Code    string          `json:"code" doc:"What kind of trouble it is, for programs." example:"not_found"`
	Errors  []ProblemDetail `json:"errors,omitempty" doc:"Which inputs are at fault."`
	TraceID string          `json:"trace_id,omitempty" doc:"Names this request in the server's log."`

	text  i18n.Text // Detail in both languages, until the reader is known
	retry string
	cause error
}

// ProblemDetail names one input at fault.
type ProblemDetail struct {
	Location string `json:"location,omitempty" doc:"The input, as the caller named it." example:"filter"`
	Message  string `json:"message"`
	Pos      *int   `json:"pos,omitempty" doc:"Where in the input, as a byte offset, when it is a text with a grammar."`
	End      *int   `json:"end,omitempty" doc:"The offset behind the wrong part."`

	text i18n.Text
}

// Error makes Problem an error for Huma.
func (p *Problem) Error() string { return p.Code + ": " + p.text.En }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType turns JSON into problem+json.
func (p *Problem) ContentType(ct string) string {
	if ct == "application/json" {
		return "application/problem+json"
	}
	return ct
}

// statusClosed is what the access log shows when the caller went away before the answer.
const statusClosed = 499

var statuses = map[fault.Code]int{
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Overloaded:      http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Timeout:         http.StatusGatewayTimeout,
	fault.Internal:        http.StatusInternalServerError,
}

// problemOf turns an error into a problem. The language is filled in by render.
func problemOf(err error) *Problem {
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			f = fault.Wrap(err, fault.Timeout, i18n.T(
				"This took longer than allowed. Narrow the time range or the filter.",
				"制限時間内に完了しませんでした。期間またはフィルターを絞り込んでください。"))
		case errors.Is(err, context.Canceled):
			p := newProblem(statusClosed, fault.Unavailable, i18n.T("The caller went away.", "呼び出し元が接続を閉じました。"))
			p.Title = "Client Closed Request"
			return p
		default:
			f = fault.Of(err)
		}
	}
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	p := newProblem(status, f.Code, f.Text)
	p.cause = err
	if f.RetryAfter > 0 {
		p.retry = strconv.Itoa(max(1, int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	// Several inputs may be at fault at once: errors.Join of faults.
	for _, one := range flatten(err) {
		if one.Field == "" {
			continue
		}
		if one.Code == fault.Invalid && f.Code == fault.Invalid {
			p.Status, p.Title = http.StatusUnprocessableEntity, http.StatusText(http.StatusUnprocessableEntity)
		}
		d := ProblemDetail{Location: one.Field, text: one.Text}
		if one.Pos != 0 || one.End != 0 {
			pos, end := one.Pos, one.End
			d.Pos, d.End = &pos, &end
		}
		p.Errors = append(p.Errors, d)
	}
	return p
}

func newProblem(status int, code fault.Code, text i18n.Text) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: string(code), text: text}
}

// flatten finds the faults of err's tree, each branch's first.
func flatten(err error) []*fault.Error {
	if f, ok := err.(*fault.Error); ok {
		return []*fault.Error{f}
	}
	switch u := err.(type) {
	case interface{ Unwrap() []error }:
		var all []*fault.Error
		for _, e := range u.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	case interface{ Unwrap() error }:
		return flatten(u.Unwrap())
	}
	return nil
}

// render gives the problem as its reader sees it, and logs what the reader must not see.
// The problem itself is left as it is: it may be shared.
func (p *Problem) render(ctx context.Context) *Problem {
	out := *p
	out.cause = nil
	lang, log := i18n.En, slog.New(slog.DiscardHandler)
	if req := requestOf(ctx); req != nil {
		lang, log, out.TraceID = req.lang, req.log, req.trace
		req.fault = p.cause
	}
	if !p.text.IsZero() {
		out.Detail = p.text.In(lang)
	}
	out.Errors = nil
	for _, d := range p.Errors {
		if !d.text.IsZero() {
			d.Message = d.text.In(lang)
		}
		out.Errors = append(out.Errors, d)
	}
	if p.Status >= 500 && p.cause != nil {
		level := slog.LevelError
		if p.Status != http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		log.Log(ctx, level, "request failed", "code", p.Code, "error", p.cause.Error())
	}
	return &out
}

// localise is Huma's transformer: problems get their language just before they are
// written, when the reader is known.
func localise(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*Problem)
	if !ok {
		return v, nil
	}
	if p.retry != "" {
		ctx.SetHeader("Retry-After", p.retry)
	}
	if p.Status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
	}
	ctx.SetHeader("Cache-Control", "no-store")
	// The request, not Huma's context, knows the reader: middlewares replace contexts.
	r, _ := humago.Unwrap(ctx)
	return p.render(r.Context()), nil
}

// WriteError answers a plain request with the problem of err.
func (a *API) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.retry != "" {
		h.Set("Retry-After", p.retry)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p.render(r.Context())) // the reader went away
}

// installErrors makes Huma's own errors problems too. Huma keeps these hooks in package
// variables, so they are the same for every API of the process.
var installErrors = sync.OnceFunc(func() {
	huma.NewError = humaProblem
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return humaProblem(status, msg, errs...)
	}
})

// humaProblem is what Huma calls for an error that a handler returned (then it is the
// only one of errs, with status 500), and for what it refuses itself.
func humaProblem(status int, msg string, errs ...error) huma.StatusError {
	if status == http.StatusInternalServerError && len(errs) == 1 {
		var maxed *http.MaxBytesError
		if errors.As(errs[0], &maxed) {
			return newProblem(http.StatusRequestEntityTooLarge, fault.TooLarge, tooLarge)
		}
		return problemOf(errs[0])
	}
	p := newProblem(status, codeOf(status), translate(msg))
	for _, err := range errs {
		if err == nil {
			continue
		}
		var f *fault.Error
		if errors.As(err, &f) { // from a resolver
			p.Errors = append(p.Errors, problemOf(err).Errors...)
			continue
		}
		d := ProblemDetail{text: translate(err.Error())}
		var h huma.ErrorDetailer
		if errors.As(err, &h) {
			detail := h.ErrorDetail()
			d = ProblemDetail{Location: location(detail.Location), text: translate(detail.Message)}
			if m := missing.FindStringSubmatch(detail.Message); m != nil {
				// Huma names the object that lacks it; a form wants to mark the field.
				d = ProblemDetail{Location: location(detail.Location + "." + m[1]), text: i18n.T("This is required.", "必須項目です。")}
			}
		}
		p.Errors = append(p.Errors, d)
	}
	if msg == "validation failed" && len(p.Errors) > 0 {
		first := p.Errors[0]
		if first.Location == "" {
			p.text = first.text
		} else {
			p.text = i18n.F("%s: %s", "%s: %s", first.Location, first.text)
		}
	}
	return p
}

var missing = regexp.MustCompile(`^expected required property (\S+) to be present$`)

// location gives an input the name that its caller knows: Huma's without the place it
// came from, as in the Field of a fault.
func location(s string) string {
	for _, place := range []string{"body.", "query.", "path.", "header.", "cookie."} {
		if rest, ok := strings.CutPrefix(s, place); ok {
			return rest
		}
	}
	return s
}

func codeOf(status int) fault.Code {
	switch status {
	case http.StatusUnauthorized:
		return fault.Unauthenticated
	case http.StatusForbidden:
		return fault.Forbidden
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fault.Conflict
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusTooManyRequests:
		return fault.Overloaded
	case http.StatusServiceUnavailable:
		return fault.Unavailable
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return fault.Timeout
	}
	if status >= 500 {
		return fault.Internal
	}
	return fault.Invalid
}

// unknownRoute answers what no operation does: another method than those there are, or
// no such path.
func (a *API) unknownRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = m
		if _, pattern := a.ops.Handler(probe); pattern != "/api/" && pattern != "/api" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		a.WriteError(w, r, fault.New(fault.NotFound, i18n.F(
			"There is no %s in this API. See /api/docs.", "この API に %s はありません。/api/docs を参照してください。", r.URL.Path)))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.WriteError(w, r, newProblem(http.StatusMethodNotAllowed, fault.Invalid, i18n.F(
		"%[1]s is not possible here; %[2]s is.", "ここでは %[1]s は使用できません。使用できるメソッド: %[2]s。", r.Method, strings.Join(allowed, ", "))))
}
