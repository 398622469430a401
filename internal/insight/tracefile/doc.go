// Package tracefile reads traces from files: OTLP as JSON (one export request, or one a
// line as the Collector's file exporter writes them, with logs among them) and Jaeger's
// JSON (what its UI downloads and its API answers).
//
// The rows are made as those that arrive at the door: names folded, texts repaired,
// secrets redacted, shapes found (ingest.Offline), so that what is said of a file is what
// would be said of the same spans stored.
//
// Invariant: what cannot be read is an error that says where and why, or is counted in
// File.Skipped; nothing is left out silently.
package tracefile
