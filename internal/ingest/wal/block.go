package wal

import (
	"bufio"
	"time"
)

// block is a file of the log and what is known about it.
type block struct {
	name  name
	path  string
	seed  uint32
	begun time.Time

	// Bytes of the file that are durable and acknowledged, and the rows in them. In a
	// block that an earlier process left, size is the file's and rows are not yet known.
	size int64
	rows int

	frames [][]byte // nil when they have to be read from the file
	held   int64    // booked in Log.held for frames

	// unsure: the file may hold more than was acknowledged. It must be settled before
	// the first Write (invariant 2).
	unsure bool
	// leftover: an earlier process wrote it, so that size is only what was found.
	leftover bool
	refused  bool // there is a list of refusals beside the file

	file File // while it is open
	out  *bufio.Writer
	head []byte // scratch
}

// add appends a batch to the file and syncs it.
func (b *block) add(batch []*entry) error {
	for _, e := range batch {
		b.head = appendFrameHead(b.head[:0], b.seed, e.frame, e.rows, b.size)
		b.out.Write(b.head) // errors stay with the buffer until Flush
		b.out.Write(e.frame)
	}
	if err := b.out.Flush(); err != nil {
		return err
	}
	return b.file.Sync()
}
