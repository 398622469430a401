package promtsdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// metadata is the catalog with a file: the database keeps it only with series in memory.
// The file is small, changes seldom and is written whole.
type metadata struct {
	prom.Catalog
	path  string
	dirty bool // the file is older than the catalog
}

func openMetadata(path string) (*metadata, error) {
	m := &metadata{path: path}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("promtsdb: %w", err)
	}
	// A file that cannot be read is no loss: descriptions come again with the samples.
	_ = json.Unmarshal(data, &m.Catalog)
	return m, nil
}

// save writes the file if anything is new.
func (m *metadata) save() error {
	if m.News() {
		m.dirty = true
	}
	if !m.dirty {
		return nil
	}
	data, err := json.Marshal(&m.Catalog)
	if err != nil {
		return err
	}
	tmp := m.path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o640); err != nil {
		return err
	}
	if err := syncFile(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, m.path); err != nil {
		return err
	}
	m.dirty = false
	return syncFile(filepath.Dir(m.path))
}
