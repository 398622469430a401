package promtsdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/prometheus/common/model"
	prommeta "github.com/prometheus/prometheus/model/metadata"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// metadata remembers what each metric is. The database keeps it only with series in
// memory; this file outlives them. It is small, changes seldom and is written whole.
type metadata struct {
	path string
	mu   sync.RWMutex
	by   map[string]meta
	news bool
}

type meta struct {
	Kind string `json:"kind"`
	Unit string `json:"unit,omitempty"`
	Help string `json:"help,omitempty"`
}

// The limits: names beyond have no description, and descriptions are cut.
const (
	maxMetadata = 20_000
	maxHelp     = 500
)

func openMetadata(path string) (*metadata, error) {
	m := &metadata{path: path, by: map[string]meta{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("promtsdb: %w", err)
	}
	if err := json.Unmarshal(data, &m.by); err != nil {
		m.by = map[string]meta{} // descriptions come again with the next samples
	}
	return m, nil
}

func (m *metadata) put(family string, p prommeta.Metadata) {
	if family == "" || p.IsEmpty() {
		return
	}
	if len(p.Help) > maxHelp {
		p.Help = strings.ToValidUTF8(p.Help[:maxHelp], "")
	}
	is := meta{string(p.Type), p.Unit, p.Help}
	m.mu.Lock()
	defer m.mu.Unlock()
	was, known := m.by[family]
	if was == is || !known && len(m.by) >= maxMetadata {
		return
	}
	m.by[family] = is
	m.news = true
}

// save writes the file if anything is new.
func (m *metadata) save() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.news {
		return nil
	}
	data, err := json.Marshal(m.by)
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
	m.news = false
	return syncFile(filepath.Dir(m.path))
}

// describe fills in what is known of a name.
func (m *metadata) describe(name string) telemetry.MetricName {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := telemetry.MetricName{Name: name, Family: name, Kind: telemetry.KindUnknown}
	is, ok := m.by[name]
	if !ok {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			family, cut := strings.CutSuffix(name, suffix)
			if is, ok = m.by[family]; cut && ok && (is.Kind == string(model.MetricTypeHistogram) || is.Kind == string(model.MetricTypeSummary)) {
				out.Family = family
				break
			}
			ok = false
		}
	}
	switch {
	case ok:
		out.Kind, out.Unit, out.Help = telemetry.MetricKind(is.Kind), is.Unit, is.Help
	case name == "target_info":
		out.Kind, out.Help = telemetry.KindInfo, "Resource attributes of each sender"
	}
	return out
}
