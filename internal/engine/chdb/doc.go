// Package chdb binds libchdb, ClickHouse's own engine as a shared library, through
// purego: no cgo, and no library is needed to build.
//
// Invariants of the library that this package keeps:
//   - One data folder per process, for its whole life. Open gives it.
//   - A connection runs one statement at a time. Conn is not safe for concurrent use.
//   - Nothing passed to the library outlives the call: it copies what it keeps.
//     What it returns (a result, an insert stream) is its memory until it is freed here,
//     so a chunk from Rows.Next is valid until the next Next or Close.
//   - Every call blocks an operating-system thread until the library answers, so callers
//     bound how many statements run.
//   - The library's signal handlers are off: with them a recovered Go panic hangs.
package chdb
