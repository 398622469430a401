package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// switched is a flaw as the admin address tells it.
type switched struct {
	Flaw
	On bool `json:"on"`
}

// Admin is the shop's own address for whoever plays with it:
//
//	GET  /flaws     the flaws, and which are on
//	POST /flaws     {"on": ["retry_storm"], "off": ["n_plus_one_query"]}
//	POST /releases  {"service": "catalog", "version": "1.9.0"}
//
// A switch is a release: the services whose code changes get a new version. To mend a
// flaw is to switch it off.
func (shop *Shop) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /flaws", func(w http.ResponseWriter, _ *http.Request) {
		on := shop.flaws.list()
		out := []switched{}
		for _, f := range Flaws() {
			out = append(out, switched{f, slices.Contains(on, f.ID)})
		}
		answer(w, map[string]any{"flaws": out, "versions": shop.Versions()})
	})
	mux.HandleFunc("POST /flaws", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ On, Off []string }
		if !understand(w, r, &in) {
			return
		}
		for _, id := range append(slices.Clone(in.On), in.Off...) {
			if _, err := ParseFlaws(id); err != nil {
				http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				return
			}
		}
		released, err := shop.Switch(context.WithoutCancel(r.Context()), in.On, in.Off)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, map[string]any{"on": shop.flaws.list(), "released": released})
	})
	mux.HandleFunc("POST /releases", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Service, Version string }
		if !understand(w, r, &in) {
			return
		}
		if shop.services[in.Service] == nil {
			http.Error(w, fmt.Sprintf("there is no service %q", in.Service), http.StatusUnprocessableEntity)
			return
		}
		if err := shop.Release(context.WithoutCancel(r.Context()), in.Service, in.Version); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, map[string]any{"versions": shop.Versions()})
	})
	return local(mux)
}

// ListenAdmin serves Admin on a port of the loopback; "" is any free one.
func (shop *Shop) ListenAdmin(addr string) (at string, stop func(), err error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: shop.Admin(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = srv.Close() }, nil
}

// local refuses what a page in a browser could send without being asked: foreign names
// for this machine, and bodies that need no permission.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			name = r.Host
		}
		if ip := net.ParseIP(name); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "use 127.0.0.1", http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func understand(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		http.Error(w, "body: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who asked has gone
}
