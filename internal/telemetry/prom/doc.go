// Package prom is what the stores of metrics share: frames (frame.go), the way from OTLP
// to series (convert.go), and PromQL's answers and mistakes as Yagura says them
// (answer.go, fault.go).
//
// Prometheus' own translator does the conversion; this room decides its settings, gives
// every resource an identity, names things so that Japanese names live (names.go), and stops what must not reach a store: one
// sample in the far future would make every sample after it "too old".
//
// Units: Prometheus counts milliseconds, telemetry nanoseconds; the border is here.
package prom
