package wal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Quarantined is a row that the engine refused for good, or bytes that the disk spoilt.
type Quarantined struct {
	ID     string           `json:"id"`
	Signal telemetry.Signal `json:"-"`
	Time   time.Time        `json:"time"` // when it was found
	Reason string           `json:"reason"`
	Row    string           `json:"row,omitempty"` // for a person; empty for spoilt bytes
	Bytes  int64            `json:"-"`             // of its file
	// Frame is what the writer was given, or the spoilt bytes. Lists leave it out.
	Frame []byte `json:"frame,omitempty"`
}

// Quarantine is what is kept in quarantine, and how much had to give way.
type Quarantine struct {
	Rows    []Quarantined // newest first, without frames
	Bytes   int64
	Evicted uint64 // since Open, the oldest first, because the quarantine was full
}

// Quarantine lists what is kept in quarantine.
func (g *Log) Quarantine() Quarantine { return g.quarantine.list() }

// quarantine is a folder with one JSON file for each entry, of bounded number and size.
type quarantine struct {
	disk       Disk
	dir        string
	maxEntries int
	maxBytes   int64
	log        *slog.Logger

	turn chan struct{} // held by who changes the folder

	mu      sync.Mutex    // guards what follows; never held during I/O
	entries []Quarantined // oldest first, without frames
	ids     map[string]bool
	bytes   int64
	evicted uint64
}

// quarantineFile is an entry as it is on disk.
type quarantineFile struct {
	Signal string `json:"signal"`
	Quarantined
}

func openQuarantine(d Disk, dir string, maxEntries int, maxBytes int64, log *slog.Logger) (*quarantine, error) {
	q := &quarantine{disk: d, dir: dir, maxEntries: maxEntries, maxBytes: maxBytes, log: log, turn: make(chan struct{}, 1), ids: map[string]bool{}}
	files, err := d.List(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if strings.HasSuffix(f.Name, ".tmp") {
			if err := removeIfThere(d, path); err != nil {
				return nil, err
			}
			continue
		}
		id, ok := strings.CutSuffix(f.Name, ".json")
		if !ok {
			continue
		}
		data, err := d.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var e quarantineFile
		if err := json.Unmarshal(data, &e); err != nil {
			log.Warn("a file in quarantine cannot be read", "file", path, "error", err)
			e.Reason = fmt.Sprintf("its file cannot be read: %v", err)
		}
		e.ID, e.Bytes, e.Frame = id, f.Size, nil
		for _, s := range telemetry.Signals {
			if s.String() == e.Signal {
				e.Quarantined.Signal = s
			}
		}
		q.entries = append(q.entries, e.Quarantined)
		q.ids[id] = true
		q.bytes += f.Size
	}
	slices.SortStableFunc(q.entries, func(a, b Quarantined) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return q, nil
}

// put makes an entry durable and reports whether it is new. A replay finds the same rows
// guilty again and gives them the same ids.
func (q *quarantine) put(e Quarantined, now time.Time) (isNew bool, err error) {
	q.turn <- struct{}{}
	defer func() { <-q.turn }()
	if q.has(e.ID) {
		return false, nil
	}
	e.Time = now
	data, err := json.Marshal(quarantineFile{e.Signal.String(), e})
	if err != nil {
		return false, err
	}
	if err := replace(q.disk, filepath.Join(q.dir, e.ID+".json"), data); err != nil {
		return false, err
	}
	e.Bytes, e.Frame = int64(len(data)), nil
	q.mu.Lock()
	q.entries = append(q.entries, e)
	q.ids[e.ID] = true
	q.bytes += e.Bytes
	q.mu.Unlock()
	q.evict()
	return true, nil
}

func (q *quarantine) has(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ids[id]
}

// evict makes room, but never takes the newest.
func (q *quarantine) evict() {
	for {
		q.mu.Lock()
		over := len(q.entries) > 1 && (len(q.entries) > q.maxEntries || q.bytes > q.maxBytes)
		old := q.entries[0]
		q.mu.Unlock()
		if !over {
			return
		}
		if err := removeIfThere(q.disk, filepath.Join(q.dir, old.ID+".json")); err != nil {
			q.log.Warn("the quarantine cannot make room", "error", err)
			return // the next put tries again
		}
		q.log.Warn("the quarantine is full; its oldest entry is gone", "id", old.ID, "signal", old.Signal, "reason", old.Reason, "row", old.Row)
		q.mu.Lock()
		q.entries = q.entries[1:]
		delete(q.ids, old.ID)
		q.bytes -= old.Bytes
		q.evicted++
		q.mu.Unlock()
	}
}

func (q *quarantine) list() Quarantine {
	q.mu.Lock()
	defer q.mu.Unlock()
	rows := slices.Clone(q.entries)
	slices.Reverse(rows)
	return Quarantine{Rows: rows, Bytes: q.bytes, Evicted: q.evicted}
}
