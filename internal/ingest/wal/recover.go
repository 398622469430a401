package wal

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// recover queues the blocks that an earlier process left, oldest first. It looks at
// names only; a writer reads a block when its turn comes.
func (l *lane) recover() error {
	files, err := l.log.Disk.List(l.dir)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, f := range files {
		there[f.Name] = true
	}
	for _, f := range files {
		path := filepath.Join(l.dir, f.Name)
		if of, ok := strings.CutSuffix(f.Name, refusedSuffix); ok {
			if !there[of] { // its block is done
				if err := removeIfThere(l.log.Disk, path); err != nil {
					return err
				}
			}
			continue
		}
		n, ok := parseName(l.signal, f.Name)
		if !ok {
			l.log.Log.Warn("a file in the write-ahead log is none of its blocks and stays as it is", "file", path)
			continue
		}
		b := &block{name: n, path: path, seed: n.seed(), begun: time.UnixMicro(int64(n.seq)).UTC(),
			size: f.Size, unsure: true, leftover: true, refused: there[f.Name+refusedSuffix]}
		l.seq = max(l.seq, n.seq)
		l.bytes += b.size
		l.blocks[b] = struct{}{}
		l.queue = append(l.queue, b)
	}
	return nil
}

// load brings the frames of a block into memory and settles its file. It reports false
// when there is nothing to store under this token.
func (l *lane) load(b *block) (bool, error) {
	if b.frames != nil {
		if b.unsure {
			if err := l.log.Disk.Settle(b.path, b.size, nil); err != nil {
				return false, err
			}
			b.unsure = false
		}
		return true, nil
	}
	data, err := l.log.Disk.ReadFile(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, l.vanished(b)
	} else if err != nil {
		return false, err
	}
	durable := int64(0)
	if !b.leftover {
		durable = b.size
		data = data[:min(int64(len(data)), b.size)]
	}
	c, err := readBlock(b.name, data, durable)
	if err != nil {
		return false, l.setAside(b, err)
	}
	if short := durable - int64(len(data)); short > 0 {
		l.log.Log.Error("a block of the write-ahead log lost its end", "file", b.path, "bytes", short)
		l.count(func(c *counters) { c.corruptBytes += uint64(short) })
	}
	for _, s := range c.corrupt {
		q := Quarantined{ID: b.name.token() + "-at" + strconv.FormatInt(s.from, 10),
			Signal: l.signal, Reason: "the disk changed these bytes: their checksum is wrong", Frame: data[s.from:s.to]}
		isNew, err := l.log.quarantine.put(q, l.log.Clock.Now())
		if err != nil {
			return false, err
		}
		if isNew {
			l.log.Log.Error("the disk spoilt a part of the write-ahead log; it is in quarantine", "file", b.path, "from", s.from, "to", s.to)
			l.count(func(c *counters) { c.corruptBytes += uint64(s.to - s.from) })
		}
	}
	if b.unsure {
		end := c.end
		if !b.leftover {
			end = int64(len(data)) // all of it was acknowledged
		} else if torn := int64(len(data)) - end; torn > 0 {
			l.log.Log.Warn("a block of the write-ahead log ends in a torn write, which was never acknowledged", "file", b.path, "bytes", torn)
			l.count(func(c *counters) { c.tornBytes += uint64(torn) })
		}
		// What nothing says is durable is written once more, because a sync is not enough:
		// when an earlier one failed, the kernel may show bytes that it will never write.
		known := min(c.durable, end)
		if err := l.log.Disk.Settle(b.path, known, data[known:end]); err != nil {
			return false, err
		}
		b.unsure = false
	}
	l.mu.Lock()
	b.frames, b.rows = c.frames, c.rows
	l.mu.Unlock()
	return len(c.frames) > 0, nil
}

// vanished reports a block whose file somebody removed. There is nothing to wait for.
func (l *lane) vanished(b *block) error {
	l.log.Log.Error("a block of the write-ahead log is gone; somebody removed its file", "file", b.path, "bytes", b.size)
	l.count(func(c *counters) { c.corruptBytes += uint64(b.size) })
	return nil
}

// setAside renames a block that this version cannot read, so that it stays on disk and
// out of the way.
func (l *lane) setAside(b *block, why error) error {
	to := b.path + ".unreadable"
	if err := l.log.Disk.Rename(b.path, to); err != nil {
		return err
	}
	l.log.Log.Error("a block of the write-ahead log was not written for this version and signal; it is set aside", "file", to, "error", why)
	l.count(func(c *counters) { c.corruptBytes += uint64(b.size) })
	return nil
}
