package promtsdb

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/prometheus/prometheus/tsdb/wlog"
	"golang.org/x/sys/unix"
)

// mend cuts a torn record off the end of a log before the database sees it. The database
// would mend it too, but by writing the segment anew: on a full disk that fails half-way,
// and everything in the segment is gone. Cutting needs no room.
//
// A record can be torn in the newest segment that holds anything, and nowhere else: the
// database is not written to after a failed write. What is torn elsewhere is left to the
// database.
func mend(dir string, log *slog.Logger) error {
	first, last, err := wlog.Segments(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && last < 0 {
		return nil
	}
	if err != nil {
		return err
	}
	for i := last; i >= first; i-- {
		name := wlog.SegmentName(dir, i)
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if info.Size() == 0 {
			continue
		}
		good, torn, err := goodUntil(name)
		if err != nil || torn == nil {
			return err
		}
		log.Warn("cutting a torn record off the log of metrics; nothing in it was acknowledged",
			"file", name, "from", good, "bytes", info.Size()-good, "error", torn)
		if err := os.Truncate(name, good); err != nil {
			return err
		}
		return syncFile(name)
	}
	return nil
}

// goodUntil is where the last whole record of a segment ends, and what is wrong behind it.
func goodUntil(name string) (good int64, torn, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	r := wlog.NewReader(bufio.NewReaderSize(f, 1<<16))
	for r.Next() {
		good = r.Offset()
	}
	return good, r.Err(), nil
}

// roomy says whether the disk has the room that a write may need. The database panics when
// it cannot write a chunk, so it is not called without.
func (s *Store) roomy() error {
	if s.o.MinFree < 0 {
		return nil
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(s.o.Dir, &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < s.o.MinFree {
		return fmt.Errorf("promtsdb: %d MB free, %d MB are kept", free>>20, s.o.MinFree>>20)
	}
	return nil
}
