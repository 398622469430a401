package ingest

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
	derive "github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// endpoint is what a user of a service would call a server or consumer span: the method
// and route of HTTP, the operation of GraphQL, the service and method of RPC, the
// operation and destination of a message. Without a route it is the path that the span's name
// or else the request has, with {id} for what differs from one request to the next.
func (w *work) endpoint(s *telemetry.Span) string {
	switch s.Kind {
	case telemetry.KindServer:
		get := func(key string) string { v, _ := telemetry.Get(s.Attrs, key); return v }
		if m := get("http.request.method"); m != "" {
			if op := get("graphql.operation.name"); op != "" {
				return strings.TrimSpace(get("graphql.operation.type") + " " + op)
			}
			if route := get("http.route"); route != "" {
				return w.join(m, " ", route)
			}
			if at := strings.IndexByte(s.Name, '/'); at >= 0 { // some write the route there
				return w.join(m, " ", derive.Path(s.Name[at:]))
			}
			if path := get("url.path"); path != "" {
				return w.join(m, " ", derive.Path(path))
			}
			return s.Name
		}
		if m := get("rpc.method"); m != "" {
			if svc := get("rpc.service"); svc != "" && !strings.Contains(m, "/") {
				return w.join(svc, "/", m)
			}
			return strings.TrimPrefix(m, "/")
		}
		if route := get("http.route"); route != "" {
			return route
		}
		return s.Name
	case telemetry.KindConsumer:
		get := func(key string) string { v, _ := telemetry.Get(s.Attrs, key); return v }
		dest := first(get("messaging.destination.template"), get("messaging.destination.name"))
		if get("messaging.destination.temporary") == "true" || get("messaging.destination.anonymous") == "true" {
			dest = "(temporary)"
		}
		op := first(get("messaging.operation.name"), get("messaging.operation.type"))
		if dest != "" && op != "" {
			return w.join(op, " ", dest)
		}
		return s.Name
	}
	return ""
}

type endpointParts struct{ a, sep, b string }

// join joins the parts of an endpoint. There are few endpoints and many spans: one that
// was joined before is not joined again.
func (w *work) join(a, sep, b string) string {
	p := endpointParts{a, sep, b}
	if s, ok := w.endpoints[p]; ok {
		return s
	}
	if len(w.endpoints) >= 1024 || w.endpoints == nil {
		w.endpoints = make(map[endpointParts]string)
	}
	p = endpointParts{strings.Clone(a), sep, strings.Clone(b)}
	s := a + sep + b
	w.endpoints[p] = s
	return s
}
