package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/authz"
)

// TestCallsCarryTheTokenAlone: what a browser adds by itself gives no rights.
func TestCallsCarryTheTokenAlone(t *testing.T) {
	var seen *http.Request
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"detail":"No."}`)
	})
	asked := httptest.NewRequest("POST", "https://yagura.example.com/mcp", nil)
	asked.Header.Set("Authorization", "Bearer yag_1")
	asked.Header.Set("Accept-Language", "ja")
	asked.Header.Set("Cookie", "yagura_session=secret")
	asked.RemoteAddr = "192.0.2.7:1234"
	c, err := client.NewClientWithResponses("http://"+asked.Host, client.WithHTTPClient(Inside{Handler: api, For: asked}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Do(c.GetTraceWithResponse(t.Context(), "ab"))
	var p *client.Problem
	if !errors.As(err, &p) || p.Detail != "No." {
		t.Errorf("the refusal reads %v", err)
	}
	if got := seen.Header.Get("Authorization"); got != "Bearer yag_1" {
		t.Errorf("token %q", got)
	}
	if seen.Header.Get("Cookie") != "" {
		t.Error("the cookie was passed on")
	}
	if seen.Host != "yagura.example.com" || seen.RemoteAddr != asked.RemoteAddr || seen.Header.Get("Accept-Language") != "ja" {
		t.Errorf("%s %s %v", seen.Host, seen.RemoteAddr, seen.Header)
	}
}

func TestCallsAreBounded(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range mostInside>>20 + 2 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	c, err := client.NewClientWithResponses("http://localhost", client.WithHTTPClient(Inside{Handler: api}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetTraceWithResponse(t.Context(), "ab"); err == nil || !strings.Contains(err.Error(), "ask for less") {
		t.Errorf("an endless answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.GetTraceWithResponse(ctx, "ab"); !errors.Is(err, context.Canceled) && err == nil {
		t.Error("an answer after the agent went away")
	}
}

// TestCallsOnBehalf: As is believed within the process, and nothing from the network can
// say who it is that way.
func TestCallsOnBehalf(t *testing.T) {
	a := New(Options{Auth: AuthenticatorFunc(func(context.Context, *http.Request) (authz.Principal, error) { return authz.Principal{}, nil })})
	Register(a, Op{ID: "get-name", Method: http.MethodGet, Path: "/name", Tag: "test", Permission: authz.TelemetryRead, Summary: "x"},
		func(ctx context.Context, _ *struct{}) (*Out[string], error) { return OK(authz.From(ctx).Name), nil })
	get := func(i Inside) (int, string) {
		req := httptest.NewRequest("GET", "http://yagura/api/v1/name", nil)
		resp, err := i.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(raw)
	}
	if status, _ := get(Inside{Handler: a.Handler()}); status != 401 {
		t.Errorf("nobody: %d", status)
	}
	if status, body := get(Inside{Handler: a.Handler(), As: &authz.Principal{Name: "Slack", Role: authz.Viewer, Kind: authz.KindToken}}); status != 200 || !strings.Contains(body, "Slack") {
		t.Errorf("as Slack: %d %s", status, body)
	}
}
