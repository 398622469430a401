// Package wal is the write-ahead log of the river, and the writer that empties it: a
// frame is on disk before its request is acknowledged, and is stored exactly once,
// whatever crashes meanwhile.
//
//	Append → pending → open block ──fsync──► acknowledged
//	                       │ 20,000 rows, 8 MB, or 1 to 2 s
//	                       ▼
//	                 waiting blocks ──telemetry.Writer──► stored, file deleted
//	                       │ refused for good
//	                       ▼
//	               halves, quarters … one row ──► quarantine
//
// Every signal has a lane of its own: a folder, one goroutine that appends and a few
// that store. Lanes share the limit on disk space and the limit on memory.
//
// # Invariants
//
//  1. Append returns nil only when the frame, its file and the file's name were synced.
//  2. A block is given to Writer.Write only after its set of frames is settled on disk:
//     whoever reads the file afterwards, after any crash, finds exactly these frames.
//  3. One token means one list of frames. Tokens are made of the random id that a log
//     draws when it is opened, and of a sequence that only grows; both are in the file,
//     so a replay uses the ones that the first try used.
//  4. A file is deleted only when every frame of it was stored or is in the quarantine.
//  5. Nothing that was acknowledged leaves in silence. What a broken disk has spoilt is
//     moved to the quarantine and counted.
//
// Why 2 holds. Frames are added to a file by one goroutine, and the block is sealed
// before it is first written to the engine, so frames cannot join it later. Two things
// may lie behind the last acknowledged frame: the rest of a batch whose write or sync
// failed, and, after a crash, a batch that was never answered. Such a file is "unsure",
// and is settled before the first Write: it is cut to a known length, what may not have
// reached the disk is written in place once more (after a failed sync the kernel shows
// bytes that it will never write), and it is synced, again until the disk says yes. Before that moment the token was never used,
// so it does not matter which of the unanswered frames the cut keeps; after it, the
// bytes are durable and do not change. A block that was still open at a crash was never
// given to Write, so it too can be sealed as it is found. An unanswered frame may hence
// be stored although its sender was told to try again: that is the sender's repetition,
// and the only one there is.
//
// # Refusals
//
// When the engine refuses a block for good, its frames, then the rows of a frame, are
// halved until the guilty rows are alone. The part at path p (0 for a first half, 1 for
// a second) has the token "<token of the block>-<checksum of its frames>-<p>". A refusal
// is synced to a file beside the block before the parts are tried: once a part was
// written, its whole is never tried again, even if a newer engine would now take it
// (then the part would be there twice). So a crash in the middle replays to the same
// parts with the same tokens. The checksum is there for a disk that spoils a frame in
// between: other frames would move to other paths, and must not find their token used.
//
// # On disk
//
//	<dir>/<signal>/<sequence, 16 hex digits>-<id of the log>.wal       a block
//	<dir>/<signal>/<the same>.wal.refused                              parts refused so far
//	<dir>/quarantine/<id>.json                                         see Quarantined
//
// The sequence is the microsecond in which the block began, or one more than the last.
// A block is a header of 40 bytes and then frames; integers are little-endian:
//
//	header   0  8  "yagurawl"
//	         8  2  version, 1
//	        10  1  signal
//	        11  1  zero
//	        12 16  id of the log
//	        28  8  sequence
//	        36  4  CRC-32C of the 36 bytes before
//	frame    0  4  length of the payload
//	         4  4  rows in the payload
//	         8  8  durable: this many bytes of the file were known to be synced
//	        16  4  CRC-32C of the payload
//	        20  4  CRC-32C of the 20 bytes before
//	        24  n  payload
//
// The checksums of frames begin with the checksum of id and sequence, so that a frame of
// another file, or one that a sender put into a log body, is never taken for a frame of
// this one. "durable" tells spoilt frames from torn ones: what lies before it was
// acknowledged, so damage there is the disk's and goes to the quarantine; damage behind
// it is what a crash leaves of a batch that nobody was told is safe.
//
// Units: sizes are bytes. All time comes from the clock in Options.
package wal
