// Package face answers ClickHouse's HTTP interface on top of libchdb, so that a client
// of a ClickHouse server needs not know that this one is a library.
//
// What it promises:
//   - An answer is whole or an error: an error after the first byte is written as
//     ClickHouse's exception frame and the connection is broken off.
//   - 200 for an INSERT means that its rows are stored. A body that ends early is not
//     inserted.
//   - A statement stops when its client goes away, and after max_execution_time, which is
//     always set.
//   - One statement per request, and no trace of it in the next: a session is used again
//     only for the same database and settings, after a SELECT that came to its end.
//   - With readonly=1 a statement changes nothing, and reads no file and no address: text
//     written by people is to be sent with it.
//   - Inserts have slots of their own, so queries cannot keep them waiting.
//
// What it refuses rather than misreads: several statements in one request, compressed
// bodies, HTTP sessions, external tables, roles, reading and writing of local files.
//
// Memory is in bytes, times are durations.
package face
