package verdict

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

func attr(s *telemetry.Span, keys ...string) string {
	for _, k := range keys {
		if v, _ := telemetry.Get(s.Attrs, k); v != "" {
			return v
		}
	}
	return ""
}

// codeOf is the outcome by the protocol.
func codeOf(s *telemetry.Span) string {
	if s.Code != "" {
		return s.Code
	}
	return attr(s, "http.response.status_code", "http.status_code", "rpc.response.status_code", "rpc.grpc.status_code")
}

// wordsOf is all that a span says of its failure.
func wordsOf(s *telemetry.Span) string {
	if s.Status != telemetry.StatusError && s.Exception == (telemetry.Exception{}) && codeOf(s) == "" {
		return ""
	}
	return strings.Join([]string{s.Exception.Type, s.Exception.Message, s.StatusMessage, attr(s, "error.type", "error.message"), rpcWord(codeOf(s))}, "\n")
}

// rpcWord is a numbered code of gRPC by its name.
func rpcWord(c string) string {
	names := [...]string{"", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}
	n := 0
	for _, r := range c {
		if r < '0' || r > '9' {
			return c
		}
		n = n*10 + int(r-'0')
		if n >= len(names) {
			return ""
		}
	}
	return names[n]
}

// codeText is a code as people write it.
func codeText(c string) string {
	if w := rpcWord(c); w != "" {
		return w
	}
	return c
}

// database says that the span is a statement's.
func database(s *telemetry.Span) bool {
	return attr(s, "db.system.name", "db.system") != "" || s.Peer.Kind == telemetry.PeerDB || s.Peer.Kind == telemetry.PeerCache
}

// opOf is what a span did, as a person would name it.
func opOf(s *telemetry.Span) string {
	if s.Endpoint != "" {
		return s.Endpoint
	}
	switch {
	case database(s):
		if s.Operation.Text != "" && s.Operation.Text != telemetry.Other {
			return s.Operation.Text
		}
		if t := attr(s, "db.query.text", "db.statement", "db.query.summary"); t != "" {
			return t
		}
		if t := strings.TrimSpace(attr(s, "db.operation.name") + " " + attr(s, "db.collection.name")); t != "" {
			return t
		}
	case s.Kind == telemetry.KindServer || s.Kind == telemetry.KindClient:
		method := attr(s, "http.request.method")
		path := attr(s, "http.route", "url.template", "url.path")
		if path == "" {
			path = pathOf(attr(s, "url.full"))
		}
		if method != "" && path != "" {
			return method + " " + path
		}
		if m := attr(s, "rpc.method"); m != "" {
			if svc := attr(s, "rpc.service"); svc != "" && !strings.Contains(m, "/") {
				return svc + "/" + m
			}
			return m
		}
	case s.Kind == telemetry.KindProducer || s.Kind == telemetry.KindConsumer:
		if d := attr(s, "messaging.destination.name"); d != "" && !strings.Contains(s.Name, d) {
			return s.Name + " " + d
		}
	}
	if s.Name == "" {
		return insight.Summary(s)
	}
	return s.Name
}

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
	return path
}

// table is what a statement works on, "" if it does not say.
func table(s *telemetry.Span) string {
	if t := attr(s, "db.collection.name", "db.sql.table"); t != "" {
		return t
	}
	words := strings.Fields(strings.NewReplacer("(", " ", ",", " ", ";", " ").Replace(opOf(s)))
	for i, w := range words[:max(len(words)-1, 0)] {
		switch strings.ToUpper(w) {
		case "UPDATE", "INTO", "FROM", "TABLE", "JOIN":
			return strings.Trim(words[i+1], `"'`+"`")
		}
	}
	return ""
}

// writes says that a statement changes rows or takes locks on purpose.
func writes(s *telemetry.Span) bool {
	op := strings.ToUpper(strings.TrimSpace(opOf(s)))
	for _, w := range [...]string{"UPDATE", "INSERT", "DELETE", "REPLACE", "MERGE", "BEGIN", "COMMIT", "LOCK", "ALTER", "TRUNCATE", "UPSERT"} {
		if strings.HasPrefix(op, w) {
			return true
		}
	}
	return strings.Contains(op, "FOR UPDATE") || strings.Contains(op, "FOR SHARE")
}

// peerName is who is at the far end of a call: the service that answered, else what the
// caller knows of it.
func (a *analysis) peerName(i int) string {
	if c := a.server[i]; c >= 0 {
		return a.span(c).Service
	}
	s := a.span(i)
	if s.Peer.Name != "" {
		return s.Peer.Name
	}
	if database(s) {
		return strings.TrimSpace(attr(s, "db.system.name", "db.system") + " " + attr(s, "db.namespace", "server.address"))
	}
	if p := attr(s, "peer.service", "service.peer.name", "server.address", "network.peer.address", "messaging.destination.name", "rpc.service"); p != "" {
		return p
	}
	_, rest, _ := strings.Cut(attr(s, "url.full"), "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// message is what a span says went wrong, the exception first; "" if it says nothing but
// that something did.
func message(s *telemetry.Span) string {
	e := s.Exception
	msg := firstLine(e.Message)
	if msg == "" {
		msg = firstLine(s.StatusMessage)
	}
	typ := e.Type
	if typ == "" {
		typ = attr(s, "error.type")
	}
	switch {
	case typ == "_OTHER" || typ == "error" || typ == "*errors.errorString" || typ == "*fmt.wrapError" || typ == "*errors.joinError" || digits(typ):
		typ = ""
	}
	switch {
	case typ == "", strings.Contains(msg, typ):
		return msg
	case msg == "":
		return typ
	}
	return typ + ": " + msg
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
