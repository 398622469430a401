// Package mcp lets agents ask Yagura: a Model Context Protocol server, over standard
// input and output (yagura mcp) and over streamable HTTP (/mcp).
//
// It is a client of the API like the UI and the CLI, and holds no other way to the data:
// whoever asks needs the same token and sees the same as in a browser. Each tool is one
// file and one line in tools (server.go).
//
// # Invariants
//
//   - Tools only read.
//   - An answer is small: the few figures that decide, rows cut short, a link to the page
//     that has the rest. What was left out is said, with the count.
//   - Over HTTP nothing is kept between requests, so that no request can ride on the
//     token of another; cookies are not looked at.
//
// Units: milliseconds in fields that end in _ms, percent in those that end in _percent,
// times in RFC 3339, UTC.
package mcp
