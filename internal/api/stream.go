package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yagura-sre/yagura/internal/clock"
)

// Sender sends the events of one stream. It may be used by several goroutines, until
// the source has returned.
type Sender struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	api     *API
	events  map[string]any
	buf     bytes.Buffer
	err     error
}

// writeTimeout is how long a reader may be unable to take one event.
const writeTimeout = 10 * time.Second

// Send sends one event of a declared name, and returns an error when the reader is gone;
// then the source returns.
func (s *Sender) Send(event string, data any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if _, ok := s.events[event]; !ok {
		panic("api: event " + event + " is not declared")
	}
	return s.write(event, data)
}

func (s *Sender) write(event string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err // the event is ours: a mistake, but not the reader's end
	}
	s.buf.Reset()
	s.buf.WriteString("event: " + event + "\ndata: ")
	s.buf.Write(b)
	s.buf.WriteString("\n\n")
	// The network keeps the machine's time, whatever clock the API has.
	_ = s.control.SetWriteDeadline(clock.Real{}.Now().Add(writeTimeout))
	if _, s.err = s.w.Write(s.buf.Bytes()); s.err == nil {
		s.err = s.control.Flush()
	}
	return s.err
}

// Source produces the events of one stream until ctx ends: the reader went away, the
// server stops, or the reader lost the permission. Its error ends the stream with an
// event "problem".
type Source func(ctx context.Context, s *Sender) error

// Ping is sent from time to time, so that proxies keep the stream and the reader knows
// that it lives.
type Ping struct {
	Time time.Time `json:"time"`
}

// Stream adds an operation that answers with server-sent events. Events maps the names
// of its events to a value of the type of their data; ping and problem are added. Open
// checks the input and may still refuse it as any operation may; what it returns then
// runs as long as the stream.
func Stream[I any](a *API, op Op, events map[string]any, open func(ctx context.Context, in *I) (Source, error)) {
	all := maps.Clone(events)
	all["ping"], all["problem"] = Ping{}, Problem{}
	h := a.declare(op)
	h.Responses = map[string]*huma.Response{"200": {
		Description: "Server-sent events",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: a.eventSchema(all)}},
	}}
	huma.Register(a.huma, h, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		source, err := open(ctx, in)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			a.stream(ctx, w, r, op, all, source)
		}}, nil
	})
}

func (a *API) stream(ctx context.Context, w http.ResponseWriter, r *http.Request, op Op, events map[string]any, source Source) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	s := &Sender{w: w, control: http.NewResponseController(w), api: a, events: events}
	_ = s.control.SetReadDeadline(time.Time{}) // the server's own would end the request's context
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("retry: 2000\n\n"))
	_ = s.control.Flush()

	var beat sync.WaitGroup
	beat.Go(func() {
		defer cancel()
		for {
			select {
			case <-ctx.Done():
				return
			case <-a.stop:
				return
			case <-a.opt.Clock.After(a.opt.Heartbeat):
			}
			// Whoever signed out or was disabled since gets no more.
			if p, err := a.principal(r); err != nil || !p.Allows(op.Permission) {
				return
			}
			if s.Send("ping", Ping{a.opt.Clock.Now()}) != nil {
				return
			}
		}
	})
	err := source(ctx, s)
	cancel()
	beat.Wait()
	if err != nil && !errors.Is(err, context.Canceled) && s.err == nil {
		s.mu.Lock()
		_ = s.write("problem", problemOf(err).render(r.Context()))
		s.mu.Unlock()
	}
}

func (a *API) eventSchema(events map[string]any) *huma.Schema {
	var forms []*huma.Schema
	for _, name := range slices.Sorted(maps.Keys(events)) {
		t := reflect.TypeOf(events[name])
		forms = append(forms, &huma.Schema{
			Title: "Event " + name,
			Type:  huma.TypeObject,
			Properties: map[string]*huma.Schema{
				"event": {Type: huma.TypeString, Enum: []any{name}},
				"data":  a.huma.OpenAPI().Components.Schemas.Schema(t, true, name),
			},
			Required: []string{"event", "data"},
		})
	}
	return &huma.Schema{
		Description: "A stream of server-sent events; each has one of these forms.",
		Type:        huma.TypeArray,
		Items:       &huma.Schema{OneOf: forms},
	}
}
