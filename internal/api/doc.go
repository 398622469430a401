// Package api is the HTTP face that all rooms share: it turns declared operations into
// routes, an OpenAPI 3.1 document and a documentation page, and everything that goes
// wrong into problem+json.
//
// A room registers its operations with Register (JSON) or Stream (server-sent events)
// and returns plain errors; what a fault.Error becomes on the wire is decided in
// problem.go and nowhere else.
//
// Invariants:
//   - An operation declares the permission it needs; one that does not cannot be
//     registered, and one that got in by another way is refused when it is called.
//   - The text of an error that is not a fault is logged with the trace id and never
//     shown.
//   - A call that changes something and comes with a cookie is accepted only with the
//     header X-Yagura-CSRF: 1 and from our own origin. Without sign-in, only loopback
//     hosts are answered, so that no web page can reach us by DNS rebinding.
//   - Every request has a trace id: the caller's (traceparent) or a new one. It is in
//     the header X-Trace-Id, in every problem and in every line of the log.
//
// Units: times are RFC 3339 in UTC with nanoseconds, durations nanoseconds in fields
// that end in _ns, request bodies at most 1 MiB unless the operation says otherwise.
package api
