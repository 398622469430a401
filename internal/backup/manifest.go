package backup

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Format is the layout that this version writes, and the newest that it reads.
const Format = 1

const (
	manifestName = "manifest.json"
	listName     = "files.sha256"
)

// Manifest is what a backup says of itself.
type Manifest struct {
	Format     int              `json:"format"`
	Yagura     string           `json:"yagura"`       // version
	Engine     string           `json:"engine"`       // version of the embedded engine; "" when it is not in the backup
	By         string           `json:"by,omitempty"` // schedule or person
	Started    time.Time        `json:"started"`
	Finished   time.Time        `json:"finished"`
	Rows       map[string]int64 `json:"rows"`      // logs, spans, metric_samples, state_rows
	Elsewhere  []string         `json:"elsewhere"` // what is not in it, because another server keeps it: engine, metrics, state
	Files      int              `json:"files"`
	Bytes      int64            `json:"bytes"`
	ListSHA256 string           `json:"list_sha256"` // of files.sha256
}

// File is a file of a backup.
type File struct {
	Name string // with slashes, from the backup's folder
	Sum  string // SHA-256 in hex
}

// formatList writes files in the form of sha256sum.
func formatList(files []File) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s  %s\n", f.Sum, f.Name)
	}
	return b.Bytes()
}

func parseList(b []byte) ([]File, error) {
	var files []File
	seen := map[string]bool{}
	sc := bufio.NewScanner(bytes.NewReader(b))
	for sc.Scan() {
		sum, name, ok := strings.Cut(sc.Text(), "  ")
		raw, err := hex.DecodeString(sum)
		// A backup may come from anywhere: no name may lead out of the folder.
		if !ok || err != nil || len(raw) != 32 || !filepath.IsLocal(name) || path.Clean(name) != name || strings.ContainsRune(name, '\\') || seen[name] {
			return nil, damaged(fmt.Sprintf("%s: %q", listName, sc.Text()))
		}
		seen[name] = true
		files = append(files, File{name, sum})
	}
	return files, sc.Err()
}

func parseManifest(b []byte) (m Manifest, err error) {
	if err := json.Unmarshal(b, &m); err != nil || m.Format < 1 {
		return m, damaged(manifestName)
	}
	if m.Format > Format {
		return m, fault.New(fault.Invalid, i18n.F(
			"This backup was made by Yagura %s, which is newer than this one. Restore it with that version or a newer one.",
			"このバックアップは、より新しい Yagura %s で作成されています。そのバージョン以降で復元してください。", m.Yagura))
	}
	return m, nil
}

func damaged(what string) error {
	return fault.New(fault.Invalid, i18n.F("The backup is damaged: %s is not as it was written. Use another one.",
		"バックアップが破損しています。%s が作成時の内容と一致しません。別のバックアップを使用してください。", what))
}
