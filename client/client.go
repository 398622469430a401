// Package client is the Go client of Yagura's API, generated from api/openapi.yaml
// (client.gen.go), with what a generator cannot know: sign-in, errors, streams.
//
//	c, err := client.Open("https://yagura.example.com", os.Getenv("YAGURA_TOKEN"), "ja")
//	n, err := client.Do(c.CountLogsWithResponse(ctx, &client.CountLogsParams{Filter: &filter}))
//
// It is the only package of this module that others may import.
package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Open makes a client of a server. The token may be empty where the server asks for
// none; lang (en, ja) is the language of its sentences. Nothing is sent yet.
func Open(server, token, lang string) (*ClientWithResponses, error) {
	// Answers begin within two minutes; a stream may then go on for as long as it likes.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 2 * time.Minute
	return NewClientWithResponses(server, WithHTTPClient(&http.Client{Transport: transport}),
		WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			if token != "" {
				req.Header.Set("Authorization", "Bearer "+token)
			}
			if lang != "" {
				req.Header.Set("Accept-Language", lang)
			}
			return nil
		}))
}

// Speak asks for the sentences of one answer in a language; "" leaves it to the client's.
func Speak(lang string) RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		if lang != "" {
			req.Header.Set("Accept-Language", lang)
		}
		return nil
	}
}

// Text is a text that an answer may leave out.
func Text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Error is what the server says when it refuses: problem+json.
func (p *Problem) Error() string {
	s := p.Detail
	if p.Errors != nil {
		for _, e := range *p.Errors {
			if e.Message == p.Detail {
				continue
			}
			s += "\n  "
			if e.Location != nil {
				s += *e.Location + ": "
			}
			s += e.Message
		}
	}
	return s
}

// result is any answer of the generated client.
type result interface {
	StatusCode() int
	GetBody() []byte
}

// Do turns a good answer that is not one of the operation's into an error: the server's
// Problem, or what a proxy between said.
func Do[R result](r R, err error) (R, error) {
	if err != nil {
		return r, err
	}
	if code := r.StatusCode(); code < 200 || code > 299 {
		return r, problemOf(code, r.GetBody())
	}
	return r, nil
}

func problemOf(status int, body []byte) error {
	var p Problem
	if json.Unmarshal(body, &p) == nil && p.Detail != "" {
		return &p
	}
	return fmt.Errorf("the server answered %d %s: %.200s", status, http.StatusText(status), bytes.TrimSpace(body))
}

// Event is one event of a stream.
type Event struct {
	Name string
	Data []byte // JSON
}

// Stream reads server-sent events until the server or ctx ends them, or f fails. It is
// for the operations whose names begin with Tail:
//
//	client.Stream(c.TailLogs(ctx, &client.TailLogsParams{}))(func(e client.Event) error { ... })
func Stream(resp *http.Response, err error) func(f func(Event) error) error {
	return func(f func(Event) error) error {
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
			if err != nil {
				return err
			}
			return problemOf(resp.StatusCode, body)
		}
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 16<<20)
		var e Event
		for lines.Scan() {
			line := lines.Text()
			switch {
			case line == "": // the event is complete
				if len(e.Data) > 0 {
					if err := f(e); err != nil {
						return err
					}
				}
				e = Event{}
			case strings.HasPrefix(line, "event:"):
				e.Name = strings.TrimSpace(line[len("event:"):])
			case strings.HasPrefix(line, "data:"):
				if e.Data != nil {
					e.Data = append(e.Data, '\n')
				}
				e.Data = append(e.Data, strings.TrimPrefix(line[len("data:"):], " ")...)
			}
		}
		return lines.Err()
	}
}
