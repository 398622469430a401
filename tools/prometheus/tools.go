//go:build tools

// Package prometheus pins Prometheus' own server, which the end-to-end tests use as a
// metrics store behind a URL.
package prometheus

import _ "github.com/prometheus/prometheus/cmd/prometheus"
