package api

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type row struct {
	N int `json:"n"`
}

type tailIn struct {
	Filter string `query:"filter"`
}

// streamServer serves one stream on a real socket: "bad" is refused, "fail" fails after
// one event, anything else sends one event and waits for the end.
func streamServer(t *testing.T, opt Options) (a *API, srv *http.Server, url string, ended chan error) {
	t.Helper()
	a = New(opt)
	ended = make(chan error, 8)
	Stream(a, Op{ID: "tail", Method: "GET", Path: "/tail", Summary: "Tail", Tag: "test", Permission: authz.TelemetryRead},
		map[string]any{"row": row{}},
		func(_ context.Context, in *tailIn) (Source, error) {
			if in.Filter == "bad" {
				return nil, fault.Field("filter", i18n.T("bad", "だめ"))
			}
			return func(ctx context.Context, s *Sender) error {
				if err := s.Send("row", row{1}); err != nil {
					return err
				}
				if in.Filter == "fail" {
					return errors.New("secret")
				}
				<-ctx.Done()
				ended <- ctx.Err()
				return ctx.Err()
			}, nil
		})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv = a.Server()
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return a, srv, "http://" + l.Addr().String() + Base + "/tail", ended
}

func open(t *testing.T, url string) (*http.Response, *bufio.Scanner) {
	t.Helper()
	req, _ := http.NewRequest("GET", url, nil)
	req.Header.Set("Accept-Encoding", "gzip, zstd")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp, bufio.NewScanner(resp.Body)
}

// next reads one event.
func next(s *bufio.Scanner) (event, data string) {
	for s.Scan() {
		line := s.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			event = line[7:]
		case strings.HasPrefix(line, "data: "):
			data = line[6:]
		case line == "" && event != "":
			return
		}
	}
	return "", ""
}

func within(t *testing.T, ch <-chan error, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(5 * time.Second):
		t.Fatal(what)
	}
}

func TestStream(t *testing.T) {
	_, _, url, ended := streamServer(t, Options{NoAuth: true, Heartbeat: 20 * time.Millisecond})
	resp, s := open(t, url)
	if resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v", resp.Header)
	}
	if event, data := next(s); event != "row" || data != `{"n":1}` {
		t.Errorf("%s %s", event, data)
	}
	if event, _ := next(s); event != "ping" {
		t.Errorf("%s", event)
	}
	_ = resp.Body.Close()
	within(t, ended, "the source did not learn that its reader left")
}

func TestStreamRefusesBeforeItBegins(t *testing.T) {
	_, _, url, _ := streamServer(t, Options{NoAuth: true})
	resp, _ := open(t, url+"?filter=bad")
	if resp.StatusCode != 422 || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func TestStreamEndsWithAProblem(t *testing.T) {
	_, _, url, _ := streamServer(t, Options{NoAuth: true})
	_, s := open(t, url+"?filter=fail")
	next(s)
	event, data := next(s)
	if event != "problem" || !strings.Contains(data, `"internal"`) || strings.Contains(data, "secret") {
		t.Errorf("%s %s", event, data)
	}
}

func TestShutdownEndsStreams(t *testing.T) {
	_, srv, url, ended := streamServer(t, Options{NoAuth: true})
	_, s := open(t, url)
	next(s)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	within(t, ended, "the source still runs")
}

func TestStreamEndsForWhoMayNoLonger(t *testing.T) {
	var out atomic.Bool
	auth := AuthenticatorFunc(func(context.Context, *http.Request) (authz.Principal, error) {
		if out.Load() {
			return authz.Principal{}, nil
		}
		return authz.Principal{UserID: "u", Role: authz.Viewer, Kind: authz.KindUser}, nil
	})
	_, _, url, ended := streamServer(t, Options{Auth: auth, Heartbeat: 20 * time.Millisecond})
	_, s := open(t, url)
	next(s)
	out.Store(true)
	within(t, ended, "who signed out still reads")
}
