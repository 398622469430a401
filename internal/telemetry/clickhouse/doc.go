// Package clickhouse stores and reads logs and spans in ClickHouse: the engine that
// Yagura carries along (reached through Options.Dial) or a server or cluster by URL. It is
// telemetry.Codec, telemetry.Writer and telemetry.Reader.
//
// Where things are: the schema and its steps in migrations/ and migrate.go; rows to frames
// in encode*.go and text.go, frames to rows in frame.go and decode.go; the insert in write.go
// and what errors mean in errors.go; the filter as SQL in sql.go and sql_value.go, and
// nowhere else; the questions in walk.go (pages: back through time in windows), trace.go,
// traces.go, count.go, facets.go, services.go and storage.go, all by way of query.go; upkeep
// in maintain.go.
//
// Invariants:
//   - A column holds what the row held. What the engine would have to guess (folded text,
//     which words are found in) is worked out in Go and stored.
//   - Nothing that a person wrote becomes part of an SQL text: keys and values are
//     parameters, with types.
//   - Every reading has a limit of time, memory and bytes, may not write, and ends in the
//     engine when its context does.
//
// Units are telemetry's: Unix nanoseconds, nanoseconds, bytes.
package clickhouse
