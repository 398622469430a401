// Package semconv folds the names that OpenTelemetry's semantic conventions had over the
// years into the ones they have now, so that a question asked with today's name finds
// what an old SDK sent.
//
// Sources: the schema files (schemas/*) and the registry of deprecated attributes
// (model/*/deprecated) of github.com/open-telemetry/semantic-conventions at Version. What
// the registry calls renamed is in the table; what it calls split or dependent on the
// kind of span (http.target, net.peer.name, http.host) is folded by the functions
// below; what it un-deprecated (enduser.id) or removed without a successor is left as it
// was sent. The generative AI names moved to a registry of their own after they were
// renamed; their renamings hold.
//
// Invariants: Key is idempotent, and no name in the table is the successor of another
// entry that it renames. Everything here is pure and safe for concurrent use.
package semconv

import "strings"

// Version is the release of the semantic conventions that names are folded to.
const Version = "1.44.0"

// Key is the current name of an attribute; one that was never renamed is itself.
func Key(name string) string {
	if k, ok := renamed[name]; ok {
		return k
	}
	return name
}

// Peer is the current name of an attribute that describes the far end of a span: what
// was net.peer.* is the server when the span is a client's and the client when it is a
// server's. Other names give Key.
func Peer(name string, server bool) string {
	switch name {
	case "net.peer.name":
		if server {
			return "client.address"
		}
		return "server.address"
	case "net.peer.port":
		if server {
			return "client.port"
		}
		return "server.port"
	}
	return Key(name)
}

// Value is the current spelling of a value, for the attributes whose values were renamed
// too. The name is the one that was sent, old or new.
func Value(name, value string) string {
	if name == "rpc.grpc.status_code" {
		return grpcCode(value)
	}
	if m, ok := values[Key(name)]; ok {
		if v, ok := m[value]; ok {
			return v
		}
	}
	return value
}

// HasValues says that Value may change a value of this name, so that a caller can ask
// once for a name instead of once for a row.
func HasValues(name string) bool {
	if name == "rpc.grpc.status_code" {
		return true
	}
	_, ok := values[Key(name)]
	return ok
}

// SplitTarget splits the old http.target into url.path and url.query.
func SplitTarget(target string) (path, query string) {
	path, query, _ = strings.Cut(target, "?")
	return path, query
}

// SplitHost splits the old http.host (a Host header) into server.address and
// server.port; a port that is not there is "".
func SplitHost(host string) (address, port string) {
	if rest, ok := strings.CutPrefix(host, "["); ok { // an IPv6 address
		address, port, _ = strings.Cut(rest, "]")
		return address, strings.TrimPrefix(port, ":")
	}
	if strings.Count(host, ":") > 1 {
		return host, ""
	}
	address, port, _ = strings.Cut(host, ":")
	return address, port
}

// grpcCodes are the names of gRPC's status codes, by number: the old attribute held the
// number, the current one holds the name.
var grpcCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

func grpcCode(s string) string {
	n := 0
	if len(s) == 0 || len(s) > 2 {
		return s
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return s
		}
		n = n*10 + int(s[i]-'0')
	}
	if n >= len(grpcCodes) {
		return s
	}
	return grpcCodes[n]
}
