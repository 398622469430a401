package promtsdb

import (
	"context"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
)

// SetRetention changes how long samples are kept. What is older goes with the next upkeep,
// a block at a time.
func (s *Store) SetRetention(keep time.Duration) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if keep <= 0 || keep == s.o.Retention || s.db == nil {
		return nil
	}
	c := &config.Config{}
	c.StorageConfig.TSDBConfig = &config.TSDBConfig{
		OutOfOrderTimeWindow: s.outOfOrder(),
		Retention:            &config.TSDBRetentionConfig{Time: model.Duration(keep)},
	}
	if err := s.db.ApplyConfig(c); err != nil {
		return err
	}
	s.o.Retention = keep
	return nil
}

// Usage is what the store takes on the disk, and the time of its oldest sample; zero
// without any.
func (s *Store) Usage(ctx context.Context) (bytes uint64, oldest time.Time, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return 0, oldest, errAway(nil)
	}
	if head := s.db.Head(); head.NumSeries() > 0 {
		oldest = time.UnixMilli(head.MinTime())
	}
	for _, b := range s.db.BlockMetas() {
		if at := time.UnixMilli(b.MinTime); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	err = filepath.WalkDir(s.o.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return ctx.Err() // a file that is gone meanwhile takes nothing
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			bytes += uint64(info.Size())
		}
		return nil
	})
	return bytes, oldest, err
}
