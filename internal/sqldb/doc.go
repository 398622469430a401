// Package sqldb keeps Yagura's state (users, tokens, and what later rooms decide) in one
// database: SQLite in the data folder by default, PostgreSQL by DSN. Stores are written
// once, in the subset of SQL that both understand.
//
// Invariants:
//   - A Write is serialisable on both databases: what it read is still true when it
//     commits. Its function may run several times and must have no effect but through
//     its Tx. It must not call Write again: SQLite has one writer.
//   - When Write returns nil, the change is on disk (synchronous = FULL).
//   - A Read sees one snapshot.
//   - Text is valid UTF-8 without NUL; another is refused before either database sees it,
//     as they disagree about it.
//
// The portable subset: placeholders $1 … $n, each usable several times; column types
// TEXT, BIGINT, DOUBLE PRECISION, BOOLEAN; points in time as BIGINT Unix nanoseconds
// (Nanos, Time; 0 is never); JSON and identifiers as TEXT; INSERT … ON CONFLICT,
// RETURNING. The databases sort text differently: order by numbers in SQL, by text in Go.
package sqldb
