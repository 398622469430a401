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
// # Rows that the engine dies of
//
// A row on which the engine's process crashes would be repeated for ever, and take the
// engine from everybody each time. But an engine dies of other things too, while innocent
// rows are on their way to it: of a question, for want of memory, of a kill. So its deaths
// alone convict nobody, however many they are; they raise a suspicion, and a trial decides.
//
//  1. Suspicion. The engine crashed deathsToSuspect times during writes with one token. A
//     crash is an end by a fault of its own (SIGSEGV, SIGABRT and their like, a panic). A
//     kill, by the kernel for memory or by anybody, is none, nor is an end that the engine
//     or its supervisor chose.
//  2. Trial. The frames go to a second engine in a folder of its own that is thrown away
//     (Witness). Nothing else is asked of it, and it must have stored an ordinary row just
//     before. A block is guilty when that engine crashes of it in deathsToConvict trials on
//     end. One survival acquits it, and the next suspicion needs twice the deaths; a trial
//     that cannot be made teaches nothing, and acquits it too.
//  3. Guilty frames count as refused: they are halved as above, each part is tried before
//     the engine gets it, and the innocent parts are stored at once. So a row is put into
//     quarantine only if the second engine died of every part that held it, and at last
//     deathsToConvict times of this row alone. The first engine dies of none of the parts.
//
// That the whole was not stored, so that its parts may be, is part of the evidence: the
// second engine is asked, once it is up again, whether it holds any of the frames. If it
// does, the engine dies after storing; the block is then neither repeated nor divided, but
// set aside under the name <block>.deadly, with an entry in quarantine that says so.
//
// Where the engine is not our process (a ClickHouse by URL) nothing is known of its life,
// and nobody is suspected.
//
// # On disk
//
//	<dir>/<signal>/<sequence, 16 hex digits>-<id of the log>.wal       a block
//	<dir>/<signal>/<the same>.wal.refused                              parts refused so far
//	<dir>/<signal>/<the same>.wal.deadly                               stored, and then the engine died
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
// Files are not recycled. Writing into blocks of old files, whose length and extents the
// file system knows already, would spare it a journal commit each time, but it would also
// give up what the replay leans on: that a file's name and length say which bytes can be of
// this block. It waits for a proof on the simulated disk.
//
// Units: sizes are bytes. All time comes from the clock in Options.
package wal
