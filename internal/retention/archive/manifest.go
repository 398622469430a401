package archive

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Format is the layout that this version writes, and the newest that it reads.
const Format = 1

const manifestName = "manifest.json"

// Manifest is what a generation of a day says of itself.
type Manifest struct {
	Format     int                       `json:"format"`
	Yagura     string                    `json:"yagura"` // version
	Signal     string                    `json:"signal"` // logs, spans
	Day        string                    `json:"day"`    // UTC
	Generation int                       `json:"generation"`
	Since      time.Time                 `json:"since"` // rows that arrived then or later are in it
	Cut        time.Time                 `json:"cut"`   // and before that; the next generation begins here
	Rows       uint64                    `json:"rows"`
	First      time.Time                 `json:"first"` // of the stretches that the files cover
	Last       time.Time                 `json:"last"`
	Columns    []telemetry.ArchiveColumn `json:"columns"`
	Files      []File                    `json:"files"`
	Made       time.Time                 `json:"made"`
}

// File is one of a generation's.
type File struct {
	Name  string    `json:"name"`
	Rows  uint64    `json:"rows"`
	Bytes int64     `json:"bytes"`
	Sum   string    `json:"sha256"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Bytes is the size of all files.
func (m Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// At is where a day's generation lies.
func At(signal, day string, generation int) string {
	return fmt.Sprintf("%s/%s/%d/", signal, day, generation)
}

var (
	fileName   = regexp.MustCompile(`^[0-9]{4,9}\.parquet$`)
	columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	manifestAt = regexp.MustCompile(`^(logs|spans)/([0-9]{4}-[0-9]{2}-[0-9]{2})/([1-9][0-9]{0,6})/manifest\.json$`)
)

// parse judges a manifest that was found somewhere.
func parse(b []byte, at string) (m Manifest, err error) {
	if err := json.Unmarshal(b, &m); err != nil || m.Format < 1 {
		return m, Damaged(at + manifestName)
	}
	if m.Format > Format {
		return m, fault.New(fault.Invalid, i18n.F("The archive %[1]s was made by Yagura %[2]s, which is newer than this one. Use that version or a newer one.",
			"アーカイブ %[1]s は、より新しい Yagura %[2]s で作成されています。そのバージョン以降を使用してください。", at, m.Yagura))
	}
	rows := uint64(0)
	for i, f := range m.Files {
		sum, err := hex.DecodeString(f.Sum)
		if err != nil || len(sum) != 32 || !fileName.MatchString(f.Name) || f.Bytes < 0 || f.Name != nameOf(i) {
			return m, Damaged(at + manifestName)
		}
		rows += f.Rows
	}
	for _, c := range m.Columns {
		if !columnName.MatchString(c.Name) {
			return m, Damaged(at + manifestName)
		}
	}
	if At(m.Signal, m.Day, m.Generation) != at || rows != m.Rows {
		return m, Damaged(at + manifestName)
	}
	return m, nil
}

func nameOf(i int) string { return fmt.Sprintf("%04d.parquet", i+1) }

// generationOf reads a manifest's name.
func generationOf(name string) (signal, day string, generation int, ok bool) {
	m := manifestAt.FindStringSubmatch(name)
	if m == nil {
		return "", "", 0, false
	}
	if _, err := time.Parse(time.DateOnly, m[2]); err != nil {
		return "", "", 0, false
	}
	generation, err := strconv.Atoi(m[3])
	return m[1], m[2], generation, err == nil
}

// Damaged says which file is not as it was written.
func Damaged(name string) error {
	return fault.New(fault.Invalid, i18n.F("The archive is damaged: %s is missing or not as it was written.", "アーカイブが破損しています。%s がないか、作成時の内容と一致しません。", strings.TrimPrefix(name, "./")))
}
