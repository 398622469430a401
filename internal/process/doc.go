// Package process knows the processes of one Yagura: those that share a database, each in
// its role. A process says every few seconds that it lives, and with it how it is doing;
// the others read that to show it, and to find whom they can ask.
//
// Invariants:
//   - A process has one row, under an id that outlives its restarts where it has a folder
//     of its own (the ingest role), and that is new with each start where it has none.
//   - Whether a process is alive is judged by the database's clock alone, so that machines
//     need not agree on the time: its row was written in the last 30 s.
//   - Who stops in good order takes its row away, unless it leaves something behind that
//     nobody else can finish; then the row stays, and says so, until it is back.
//   - Calls between processes carry a signature made with a key that is in the database
//     alone: who can read the database may ask, nobody else, and the key never travels.
//
// Units: times in the table are of the database's clock (see job.Now).
package process
