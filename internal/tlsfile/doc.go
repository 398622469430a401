// Package tlsfile serves TLS from a certificate and a key in files, and takes up new ones
// while it serves: certificates are short-lived, and a restart to renew one would be an
// outage on a timer.
//
// Invariants:
//   - What is served was whole and fitting when it was read. Files that have become
//     unreadable, or do not fit each other, are told of, and the last good ones stay.
//   - TLS 1.2 is the least. With a client CA, nobody gets through the handshake without
//     a certificate of it.
//   - Who speaks without TLS to a port that has it is told so in a form that they
//     understand, and nothing that they sent is acted on.
package tlsfile
