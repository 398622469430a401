//go:build tools

// Package hotrod pins Jaeger's HotROD, the example application that the end-to-end
// tests and the README send to Yagura. It has a module of its own, so that nothing of
// Jaeger reaches the product's.
package hotrod

import _ "github.com/jaegertracing/jaeger/examples/hotrod"
