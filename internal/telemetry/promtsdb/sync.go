package promtsdb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// syncer flushes a log of the database to the disk. The database appends to the newest
// segment and never to an older one, so only what is as new as the newest of the last
// time needs it. A flush on any descriptor of a file flushes what all have written.
type syncer struct {
	dir  string
	last int // the newest segment of the last time
}

func (s *syncer) reset() { s.last = -1 }

func (s *syncer) sync() error {
	_, last, err := wlog.Segments(s.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && last < 0 {
		return nil
	}
	if err != nil {
		return err
	}
	first := s.last
	if first < 0 || first > last {
		first = last
	}
	for i := first; i <= last; i++ {
		if err := syncFile(wlog.SegmentName(s.dir, i)); err != nil && !(errors.Is(err, fs.ErrNotExist) && i < last) {
			return err
		}
	}
	if last != s.last { // a new name in the folder
		if err := errors.Join(syncFile(s.dir), syncFile(filepath.Dir(s.dir))); err != nil {
			return err
		}
	}
	s.last = last
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
