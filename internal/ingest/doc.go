// Package ingest is the door: it takes OpenTelemetry logs, spans and metrics over gRPC
// and HTTP, makes them the rows that the rest of Yagura knows, and acknowledges them
// once they are on disk.
//
// The way of a request: the gate (gate*.go) asks who sends it, how much is in flight
// already and how large and how deep the request is, all before it is decoded; the
// Collector's pdata decodes it (decode.go); normalise (logs.go, spans.go, metrics.go and
// what they use) folds, repairs, cuts and redacts its rows; Append takes the frame to the
// write-ahead log. Only then is the sender told that it may forget.
//
// Invariants:
//   - Nothing is dropped silently. A row is stored, or refused to the sender's face (an
//     error or OTLP's partial success) and counted in Refusals with a reason, an
//     example and a sentence that says how to mend it. A row that is stored but was
//     changed says so by its flags.
//   - A request is acknowledged only after Append returned nil; an Append that failed
//     is answered with "retry later", or for good when the fault says so.
//   - Nothing unredacted leaves normalise: not to the frame, the live tail, an example
//     or a log line.
//   - Memory is bounded by Limits: requests and bytes in flight, elements and depth of
//     a request, the tables of Refusals and Sources, the live tail's buffers.
//
// Units: bytes, nanoseconds; a metric's row is a data point.
package ingest
