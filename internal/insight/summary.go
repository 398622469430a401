package insight

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// maxSummary is how many characters of a span's summary a waterfall's row has use for.
const maxSummary = 120

// Summary is what a span did in one short line without language: method, route and
// status of an HTTP request, a statement, a remote procedure, a queue. It is "" where
// the span's name says all there is.
func Summary(s *telemetry.Span) string {
	get := func(keys ...string) string {
		for _, k := range keys {
			if v, _ := telemetry.Get(s.Attrs, k); v != "" {
				return v
			}
		}
		return ""
	}
	switch {
	case get("db.system.name", "db.query.text", "db.operation.name") != "":
		what := get("db.query.text", "db.query.summary")
		if what == "" {
			what = words(get("db.operation.name"), get("db.collection.name", "db.namespace"))
		}
		if system := get("db.system.name"); system != "" {
			return line(system + ": " + what)
		}
		return line(what)
	case get("rpc.system.name", "rpc.system", "rpc.method") != "":
		method := get("rpc.method")
		// The service is part of the method in today's names and was not in yesterday's.
		if service := get("rpc.service"); service != "" && !strings.Contains(method, "/") {
			method = service + "/" + method
		}
		return line(words(method, get("rpc.response.status_code", "rpc.grpc.status_code")))
	case get("messaging.system", "messaging.destination.name") != "":
		return line(words(get("messaging.operation.name", "messaging.operation.type"), get("messaging.destination.name", "messaging.destination.template")))
	case get("http.request.method", "http.response.status_code") != "":
		where := get("http.route", "url.template", "url.path")
		if where == "" {
			where = pathOf(get("url.full"))
		}
		if s.Kind == telemetry.KindClient {
			where = get("server.address") + where
		}
		return line(words(get("http.request.method"), where, get("http.response.status_code")))
	}
	return line(get("faas.invoked_name", "graphql.operation.name"))
}

// words joins those that are there.
func words(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}

// pathOf is the path of an absolute address.
func pathOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return ""
	}
	path, _, _ := strings.Cut(rest[i:], "?")
	path, _, _ = strings.Cut(path, "#")
	return path
}

// line makes one line of a text: runs of white space become one space, and what is over
// maxSummary is cut. It reads no more of a long text than it keeps.
func line(s string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range s {
		switch r {
		case ' ', '\t', '\n', '\r', '\v', '\f', '\u3000':
			gap = n > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			n, gap = n+1, false
		}
		if n >= maxSummary-1 {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
