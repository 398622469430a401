package kit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// CallError is an answer of 500 and above from another service.
type CallError struct {
	Method, URL string
	Status      int
}

func (e *CallError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
}

// Get asks another service for path, whose {} are filled with args in order, and decodes
// its answer into out unless that is nil.
func (s *Service) Get(ctx context.Context, host, path string, out any, args ...any) error {
	return s.Call(ctx, http.MethodGet, host, path, nil, out, args...)
}

// Post is Get with a body.
func (s *Service) Post(ctx context.Context, host, path string, body, out any, args ...any) error {
	return s.Call(ctx, http.MethodPost, host, path, body, out, args...)
}

// Call asks another service. Its 4xx comes back as a Refusal, its 5xx as a CallError.
func (s *Service) Call(ctx context.Context, method, host, path string, body, out any, args ...any) error {
	filled, query, _ := strings.Cut(path, "?")
	template := filled
	fill := func(in string, escape func(string) string) string {
		var b strings.Builder
		for len(args) > 0 {
			before, after, ok := strings.Cut(in, "{")
			if !ok {
				break
			}
			_, rest, _ := strings.Cut(after, "}")
			b.WriteString(before)
			b.WriteString(escape(fmt.Sprint(args[0])))
			in, args = rest, args[1:]
		}
		return b.String() + in
	}
	target := "http://" + host + fill(filled, url.PathEscape)
	if query != "" {
		target += "?" + fill(query, url.QueryEscape)
	}
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(raw)
	}
	ctx = context.WithValue(ctx, templateKey{}, template)
	req, err := http.NewRequestWithContext(ctx, method, target, in)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 500:
		return &CallError{method, "http://" + host + template, resp.StatusCode}
	case resp.StatusCode >= 400:
		return &Refusal{resp.StatusCode, strings.TrimSpace(string(raw))}
	case out == nil:
		return nil
	}
	return json.Unmarshal(raw, out)
}
