package promtsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Snapshot makes dir, on the database's own file system, a folder from which Open reads all
// samples that were stored when it was called: the blocks by hard links, and what is in
// memory as a block of its own. Samples that come meanwhile are in it or not. Exemplars of
// what was in memory are not in it: the database keeps them beside its blocks.
func (s *Store) Snapshot(ctx context.Context, dir string) (samples int64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return 0, errAway(nil)
	}
	if err := s.roomy(); err != nil {
		return 0, err
	}
	// Late samples are kept apart in memory, where a snapshot does not look.
	if err := s.db.CompactOOOHead(ctx); err != nil {
		return 0, fmt.Errorf("promtsdb: blocks of late samples: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	// A head without a sample has no times, of which no block can be made.
	head := s.db.Head().NumSeries() > 0 && s.db.Head().MinTime() <= s.db.Head().MaxTime()
	if err := s.db.Snapshot(dir, head); err != nil {
		return 0, fmt.Errorf("promtsdb: snapshot: %w", err)
	}
	b, err := os.ReadFile(s.meta.path) // it is replaced whole
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(s.meta.path)), b, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	return SampleCount(dir)
}

// SampleCount is how many samples the blocks of a folder say that they hold.
func SampleCount(dir string) (n int64, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return 0, err
		}
		var meta struct {
			Stats struct {
				NumSamples int64 `json:"numSamples"`
			} `json:"stats"`
		}
		if err := json.Unmarshal(b, &meta); err != nil {
			return 0, fmt.Errorf("%s: %w", f, err)
		}
		n += meta.Stats.NumSamples
	}
	return n, nil
}
