// Package telemetry is the room of the facts: logs, spans and metric samples as Yagura
// knows them once they are decoded, folded to one set of names, repaired and redacted.
//
// It holds the model (log.go, span.go), the contracts that an engine fulfils
// (writer.go, reader.go), the questions one can ask (query.go), and the use cases on
// top of them (service.go, http.go). The implementations are in clickhouse/, promtsdb/
// and promremote/; telemetrytest/ is the one suite that each of them passes.
//
// Units: times are Unix nanoseconds in UTC, durations are nanoseconds, sizes are bytes.
// Ranges are half open: from is in, to is out.
package telemetry
