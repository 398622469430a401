// Package job runs what has to be done again and again: each job at its pace, in one
// process at a time, however many processes share the database.
//
// Invariants:
//   - A job runs while its row says so: a lease with an end in database time and a fencing
//     number that grows with each taking. Who cannot renew the lease in time is told by
//     its context; another process may then take the job.
//   - A process that was paused past its lease still believes that it holds it. What it
//     then writes is refused where the write asks Hold in its transaction, so state is
//     changed by the newest holder alone. Work outside the database must be harmless when
//     an older holder repeats it, or pass Fence on to what it changes.
//   - A run that panics is a run that failed. A run that takes longer than its timeout is
//     told to stop, and is failed when it returns.
//   - A job whose time has passed while nobody could run it runs once, not once for each
//     time.
//
// Units: times in the table are of the database's clock (PostgreSQL's, or this machine's
// with SQLite, which one process owns), so that machines need not agree on the time.
package job
