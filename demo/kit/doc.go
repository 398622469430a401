// Package kit is what every service of the demo shop stands on, as a company's own
// little framework would be: HTTP in and out, a database with a pool, a queue, and
// OpenTelemetry for all of it (otelhttp, otelsql, otelslog and the SDK, as they are
// published).
//
// A World holds what the services share: the clock, the dice, the network. With a real
// clock there are real listeners on the loopback and the SDK's own batching; with a
// virtual one requests are handed over in process and telemetry is sent in blocks that
// the sender waits for, so that nothing is dropped however fast time goes. Everything
// between those two ends is the same code.
//
// Spans carry the place in the source that started them. Metrics of requests are derived
// from the spans, so that both tell the same durations by either clock.
package kit
