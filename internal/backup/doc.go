// Package backup takes the whole of a running Yagura to a folder, and brings it back.
//
// A backup is a folder that is laid out as the data folder is (engine/, metrics/, state.db,
// wal/quarantine/), with two files beside it: manifest.json says what it is and how many
// rows it has, and files.sha256 has the checksum of every other file, in the form that
// sha256sum -c reads. It can also be one file: a tar archive of that folder, with these two
// in front.
//
// manifest.go is what a backup says of itself; source.go reads one and write.go makes one;
// service.go runs backups, restore.go brings one back; http.go is the API.
//
// Invariants:
//   - What was acknowledged before a backup began is in it, once. So the write-ahead log is
//     not taken: Options.Settle returns when all of that has left it.
//   - Each Source freezes a moment and is copied afterwards: nothing waits for the copying.
//   - A folder under a backup's name is whole: it has another name until it is.
//   - Nothing is restored over anything that is there, and no file is put in its place
//     before all have their checksums.
//   - Files are for their owner alone: there are hashes of passwords among them.
//
// Units: sizes are bytes, times UTC.
package backup
