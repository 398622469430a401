// Package engine runs ClickHouse's own engine for the server: as a library (libchdb) in a
// child process that answers ClickHouse's HTTP interface on a unix socket.
//
// The server only ever speaks HTTP to a socket, so that a crash or an out-of-memory kill
// of the engine never takes the server down. Start gives a Supervisor, which starts the
// child, watches it, and starts it again when it ends.
//
// Invariants:
//   - One child per data folder: it holds a lock in the folder while it lives.
//   - The child ends when its parent does, however the parent ends.
//   - What the child acknowledged survives its death; what it did not may or may not have
//     been stored, so the sender repeats it with the same deduplication token.
//   - The child reaches no file but its own folder's and opens no connection, where the
//     kernel can see to it (Linux with Landlock), and inherits none of the server's
//     environment but the little it needs: it runs SQL, and the library would do anything.
//   - The child stops statements, and at last itself, before it takes much more memory
//     than it was given.
//
// Rooms inside: chdb binds the library, face is the HTTP interface, rss reads memory.
// Tests of any package get an engine from enginetest.
package engine
