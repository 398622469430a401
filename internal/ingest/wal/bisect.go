package wal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
)

const (
	refusedSuffix = ".refused"
	maxReason     = 2000
)

// bisection finds the rows of a block that the engine refuses for good, stores all
// others, and puts the guilty into quarantine.
type bisection struct {
	lane    *lane
	block   *block
	stem    string            // what the tokens of the parts begin with
	refused map[string]string // path of a part → why, when it is a single row, or deadlyMark
	deadly  bool              // a part of it killed the engine: try the next ones apart
	list    File              // where refusals are noted; nil before the first
	found   int               // rows put into quarantine
}

// bisect is called when the engine refused the whole block just now (refusal), or when
// an earlier process left a list of refusals beside it (nil).
func (l *lane) bisect(ctx context.Context, b *block, refusal error) (quarantined int, err error) {
	sum := uint32(0)
	for _, f := range b.frames {
		sum = crc32.Update(crc32.Update(sum, castagnoli, le.AppendUint32(nil, uint32(len(f)))), castagnoli, f)
	}
	s := &bisection{lane: l, block: b, stem: fmt.Sprintf("%s-%08x", b.name.token(), sum)}
	if err := l.retry(ctx, "read the refusals of a block", s.readList); err != nil {
		return 0, err
	}
	defer s.closeList()
	if refusal == nil {
		err = s.part(ctx, "", b.frames)
	} else {
		err = s.split(ctx, "", b.frames, refusal)
	}
	return s.found, err
}

// token is that of the part at a path; the whole has the block's own.
func (s *bisection) token(path string) string {
	if path == "" {
		return s.block.name.token()
	}
	return s.stem + "-" + path
}

// part stores the part at a path, or its halves.
func (s *bisection) part(ctx context.Context, path string, frames [][]byte) error {
	if _, known := s.refused[path]; known {
		return s.split(ctx, path, frames, nil)
	}
	err := s.lane.write(ctx, s.token(path), frames, s.deadly)
	if fault.Is(err, fault.Invalid) {
		return s.split(ctx, path, frames, err)
	}
	return err
}

// split goes on with the halves of a part that the engine refused (refusal is nil when
// that was noted before), or puts it into
// quarantine when it is a single row. The refusal is on disk before anything else: from
// then on no replay tries the whole again.
func (s *bisection) split(ctx context.Context, path string, frames [][]byte, refusal error) error {
	var a, b [][]byte
	if half := len(frames) / 2; half > 0 {
		a, b = frames[:half], frames[half:]
	} else {
		fa, fb, err := s.lane.split(frames[0])
		switch {
		case err != nil: // not a frame at all, so no row of it can be saved
			if refusal != nil {
				refusal = fmt.Errorf("%w (and it cannot be split: %w)", refusal, err)
			}
		case fb != nil:
			a, b = [][]byte{fa}, [][]byte{fb}
		}
	}
	why, known := s.refused[path]
	if !known {
		if errors.As(refusal, new(deadly)) {
			why, s.deadly = deadlyMark, true
		}
		if b == nil {
			why = refusal.Error()
			why = strings.ToValidUTF8(why[:min(len(why), maxReason)], "\uFFFD")
		}
		if err := s.lane.retry(ctx, "note a refusal", func() error { return s.note(path, why) }); err != nil {
			return err
		}
		s.refused[path] = why
	}
	if b == nil {
		return s.quarantine(ctx, path, frames[0], why)
	}
	if err := s.part(ctx, path+"0", a); err != nil {
		return err
	}
	return s.part(ctx, path+"1", b)
}

// quarantine keeps a guilty row, however long the disk takes to agree.
func (s *bisection) quarantine(ctx context.Context, path string, frame []byte, why string) error {
	l := s.lane
	rows := l.rowsIn(frame)
	q := Quarantined{ID: s.token(path), Signal: l.signal, Reason: why, Row: l.describe(frame), Frame: frame}
	return l.retry(ctx, "put a row into quarantine", func() error {
		isNew, err := l.log.quarantine.put(q, l.log.Clock.Now())
		if err != nil {
			return err
		}
		s.found += rows
		if isNew {
			l.log.Log.Warn("the engine refused a row for good; it is in quarantine", "signal", l.signal, "id", q.ID, "reason", why)
			l.count(func(c *counters) { c.quarantinedRows += uint64(rows) })
		}
		return nil
	})
}

// A line of the list is "<path> <reason, quoted> <checksum of both>", with a line feed
// before and after, so that a torn line spoils no other.

// note adds a refusal to the list and syncs it.
func (s *bisection) note(path, why string) error {
	d := s.lane.log.Disk
	if s.list == nil {
		s.block.refused = true
		f, err := d.Append(s.block.path + refusedSuffix)
		if err != nil {
			return err
		}
		s.list = f
		if err := d.SyncDir(s.lane.dir); err != nil {
			s.closeList() // so that the next try syncs the name again
			return err
		}
	}
	text := s.key(path) + " " + strconv.Quote(why)
	_, err := fmt.Fprintf(s.list, "\n%s %08x\n", text, crc32.Checksum([]byte(text), castagnoli))
	if err == nil {
		err = s.list.Sync()
	}
	if err != nil {
		s.closeList()
	}
	return err
}

// key is a path with the checksum of the frames, so that refusals of other frames do
// not count.
func (s *bisection) key(path string) string { return s.stem[len(s.stem)-8:] + "." + path }

// readList learns what an earlier process noted.
func (s *bisection) readList() error {
	s.refused = map[string]string{}
	data, err := s.lane.log.Disk.ReadFile(s.block.path + refusedSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	s.block.refused = true
	// As with blocks: what we go by must be on disk, and that it can be read is no proof.
	if err := s.lane.log.Disk.Settle(s.block.path+refusedSuffix, 0, data); err != nil {
		return err
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		line := lines.Text()
		k := strings.LastIndexByte(line, ' ')
		if k < 0 || fmt.Sprintf("%08x", crc32.Checksum([]byte(line[:k]), castagnoli)) != line[k+1:] {
			continue
		}
		key, quoted, _ := strings.Cut(line[:k], " ")
		why, err := strconv.Unquote(quoted)
		if path, ok := strings.CutPrefix(key, s.key("")); ok && err == nil {
			s.refused[path] = why
			s.deadly = s.deadly || why == deadlyMark
		}
	}
	return nil
}

func (s *bisection) closeList() {
	if s.list != nil {
		s.list.Close()
		s.list = nil
	}
}
