package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Op declares one operation.
type Op struct {
	ID          string // operationId, kebab case: "list-users"; the clients' method name
	Method      string
	Path        string // below Base: "/users/{id}"
	Summary     string // one line of English, for the document
	Description string
	Tag         string // the room
	// Permission is what the caller must hold. There is no default.
	Permission authz.Permission
	// Status of success; 200 (204 without a body) when 0.
	Status int
	// Timeout after which the operation's context ends; Options.Timeout when 0. Streams
	// have none.
	Timeout time.Duration
	// MaxBody is the largest request body in bytes; 1 MiB when 0.
	MaxBody int64
	// Limit bounds how often one address may call it; no bound when nil.
	Limit *Limit
	// Heavy says that an answer may take many megabytes. Few of these are made at once.
	Heavy bool
}

// heavyAtOnce is how many heavy answers are made or sent at once, and heavyWait how long
// the next waits for its turn before it is refused.
const (
	heavyAtOnce = 8
	heavyWait   = 5 * time.Second
)

const metaOp = "yagura"

// Register adds an operation. The input's fields carry Huma's tags (path, query, header,
// json Body), the output has a Body. Errors are faults; see the package comment. It
// panics on an operation without a permission: that is a mistake in the program.
func Register[I, O any](a *API, op Op, handle func(ctx context.Context, in *I) (*O, error)) {
	timeout := op.Timeout
	if timeout == 0 {
		timeout = a.opt.Timeout
	}
	huma.Register(a.huma, a.declare(op), func(ctx context.Context, in *I) (*O, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return handle(ctx, in)
	})
}

// declare turns an operation into Huma's form.
func (a *API) declare(op Op) huma.Operation {
	switch {
	case !op.Permission.Known():
		panic("api: operation " + op.ID + " declares no known permission: " + string(op.Permission))
	case op.ID == "" || op.Method == "" || !strings.HasPrefix(op.Path, "/") || op.Summary == "" || op.Tag == "":
		panic("api: operation " + op.Method + " " + op.Path + " needs ID, Method, Path, Summary and Tag")
	}
	h := huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: Base + op.Path,
		Summary: op.Summary, Description: op.Description, Tags: []string{op.Tag},
		DefaultStatus: op.Status,
		MaxBodyBytes:  op.MaxBody,
		Metadata:      map[string]any{metaOp: op},
		Extensions:    map[string]any{"x-permission": string(op.Permission)},
	}
	if op.Permission != authz.Public {
		h.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	}
	return h
}

// authorise runs before every operation: who is it, may they, is it really them, and
// not too often.
func (a *API) authorise(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	op, declared := ctx.Operation().Metadata[metaOp].(Op)
	if !declared {
		a.WriteError(w, r, fault.Internalf("operation %s was registered without a permission", ctx.Operation().OperationID))
		return
	}
	if op.Limit != nil {
		if wait := a.limits.take(op.ID+" "+ClientAddr(ctx.Context()), *op.Limit); wait > 0 {
			a.WriteError(w, r, fault.Retry(fault.Overloaded, wait, i18n.T(
				"Too many attempts from this address. Wait a moment and try again.",
				"このアドレスからの試行回数が多すぎます。しばらく待ってから再度お試しください。")))
			return
		}
	}
	p, err := a.principal(r)
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	c := authz.With(ctx.Context(), p)
	if req := requestOf(c); req != nil {
		req.principal = p
		if p.Lang != "" {
			req.lang = p.Lang
		}
	}
	if err := authz.Can(c, op.Permission); err != nil {
		a.WriteError(w, r, err)
		return
	}
	if err := a.checkOrigin(r, p); err != nil {
		a.WriteError(w, r, err)
		return
	}
	if op.Timeout > time.Minute {
		// The answer may still be sent after the server's own write deadline.
		_ = http.NewResponseController(w).SetWriteDeadline(clock.Real{}.Now().Add(op.Timeout + 30*time.Second))
	}
	if op.Heavy {
		if err := a.takeTurn(c); err != nil {
			a.WriteError(w, r, err)
			return
		}
		defer func() { <-a.heavy }()
	}
	next(huma.WithContext(ctx, c))
}

// takeTurn waits for a place among the heavy answers.
func (a *API) takeTurn(ctx context.Context) error {
	select {
	case a.heavy <- struct{}{}:
		return nil
	default:
	}
	select {
	case a.heavy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-a.opt.Clock.After(heavyWait):
		return fault.Retry(fault.Overloaded, 2*time.Second, i18n.T(
			"Too many large answers are being made at this moment. Try again in a few seconds.",
			"現在、サイズの大きい応答を多数処理しています。数秒後に再試行してください。"))
	}
}

func (a *API) principal(r *http.Request) (authz.Principal, error) {
	if p, ok := inside(r.Context()); ok {
		return p, nil
	}
	switch {
	case a.opt.NoAuth:
		return authz.Local(), nil
	case a.opt.Auth == nil:
		return authz.Principal{}, nil
	}
	return a.opt.Auth.Authenticate(r.Context(), r)
}

// Require guards a plain handler that is mounted beside the operations.
func (a *API) Require(perm authz.Permission, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.principal(r)
		if err == nil {
			r = r.WithContext(authz.With(r.Context(), p))
			if err = authz.Can(r.Context(), perm); err == nil {
				err = a.checkOrigin(r, p)
			}
		}
		if err != nil {
			a.WriteError(w, r, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// schemaName names a type in the document: the Go name without the ending Wire, which
// only tells it from the room's own type, and a generic's argument before it: List[Log]
// is LogList.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if rest, ok := strings.CutPrefix(name, "List"); ok && rest != "" && strings.Contains(t.Name(), "List[") {
		return strings.TrimSuffix(rest, "Wire") + "List"
	}
	if short := strings.TrimSuffix(name, "Wire"); short != "" {
		return short
	}
	return name
}

// List is the body of every answer that holds several things. Next is the cursor of the
// following page, "" on the last.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"Pass as after for the next page; empty when there is none."`
}

// ListOf makes a list whose items are never null.
func ListOf[T any](items []T, next string) List[T] {
	if items == nil {
		items = []T{}
	}
	return List[T]{Items: items, Next: next}
}

// Out is an answer with a body and nothing else.
type Out[T any] struct{ Body T }

// OK wraps a body.
func OK[T any](body T) *Out[T] { return &Out[T]{Body: body} }
