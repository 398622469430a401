package archive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// counted passes bytes on, and keeps their sum, their number and the last of them.
type counted struct {
	to  io.Writer
	sum hash.Hash
	n   int64
	end []byte
}

// endBytes is how much of a file's end is kept: a file's metadata is smaller.
const endBytes = 4 << 20

func newCounted(to io.Writer) *counted { return &counted{to: to, sum: sha256.New()} }

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	c.end = append(c.end, p[:n]...)
	if len(c.end) > 2*endBytes {
		c.end = append(c.end[:0], c.end[len(c.end)-endBytes:]...)
	}
	return n, err
}

func (c *counted) hex() string { return hex.EncodeToString(c.sum.Sum(nil)) }

// Write makes the generation that m names: the files, each read back and compared, and the
// manifest last. What an attempt before it left there is overwritten. told hears how many of
// the files are done.
func Write(ctx context.Context, to Place, from telemetry.Archiver, signal telemetry.Signal, m Manifest, told func(done, total int) error) (Manifest, error) {
	arrived := telemetry.Range{From: m.Since, To: m.Cut}
	var err error
	if m.Columns, err = from.ArchiveColumns(ctx, signal); err != nil {
		return m, err
	}
	pieces, err := from.ArchivePieces(ctx, m.Day, signal, arrived)
	if err != nil {
		return m, err
	}
	m.Format, m.Signal, m.Files = Format, signal.String(), []File{}
	at := At(m.Signal, m.Day, m.Generation)
	for i, p := range pieces {
		if err := errors.Join(ctx.Err(), told(i, len(pieces))); err != nil {
			return m, err
		}
		f := File{Name: nameOf(i), Rows: p.Rows, From: time.Unix(0, p.From).UTC(), To: time.Unix(0, p.To).UTC()}
		err := to.Put(ctx, at+f.Name, func(w io.Writer) error {
			c := newCounted(w)
			if err := from.ArchivePiece(ctx, m.Day, signal, arrived, p, c); err != nil {
				return err
			}
			f.Bytes, f.Sum = c.n, c.hex()
			rows, err := parquetRows(c.end)
			if err != nil {
				return fmt.Errorf("the engine's answer broke off after %d bytes: %w", c.n, err)
			}
			if rows != p.Rows {
				return fault.New(fault.Conflict, i18n.F("%[1]s of %[2]s changed while they were archived. It is tried again.", "アーカイブの作成中に %[2]s の %[1]s が変化しました。再試行します。", m.Signal, m.Day))
			}
			return nil
		})
		if err != nil {
			return m, fmt.Errorf("archive %s: %w", at+f.Name, err)
		}
		if err := check(ctx, to, at, f, io.Discard); err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
		m.Rows += f.Rows
	}
	if n := len(m.Files); n > 0 {
		m.First, m.Last = m.Files[0].From, m.Files[n-1].To
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := told(len(pieces), len(pieces)); err != nil {
		return m, err
	}
	if err := to.Put(ctx, at+manifestName, func(w io.Writer) error { _, err := w.Write(append(b, '\n')); return err }); err != nil {
		return m, err
	}
	back, err := load(ctx, to, at)
	if err == nil && back.Rows != m.Rows {
		err = Damaged(at + manifestName)
	}
	return m, err
}

// check reads a file into to, and says whether it is as it was written.
func check(ctx context.Context, from Place, at string, f File, to io.Writer) error {
	r, err := from.Get(ctx, at+f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return Damaged(at + f.Name)
	}
	if err != nil {
		return err
	}
	c := newCounted(to)
	_, err = io.Copy(c, io.LimitReader(r, f.Bytes+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("read %s: %w", at+f.Name, err)
	}
	if rows, err := parquetRows(c.end); c.n != f.Bytes || c.hex() != f.Sum || err != nil || rows != f.Rows {
		return Damaged(at + f.Name)
	}
	return nil
}

// most is the largest manifest that is read.
const most = 16 << 20

func load(ctx context.Context, from Place, at string) (Manifest, error) {
	r, err := from.Get(ctx, at+manifestName)
	if err != nil {
		return Manifest{}, err
	}
	b, err := io.ReadAll(io.LimitReader(r, most))
	if err := errors.Join(err, r.Close()); err != nil {
		return Manifest{}, err
	}
	return parse(b, at)
}

// Day are the generations of a day of a signal.
type Day struct {
	Signal, Day string
	Generations []int
}

// Scan finds what has a manifest, oldest day first.
func Scan(ctx context.Context, in Place) ([]Day, error) {
	names, err := in.List(ctx, "")
	if err != nil {
		return nil, err
	}
	type key struct{ day, signal string }
	all := map[key][]int{}
	for _, name := range names {
		if signal, day, n, ok := generationOf(name); ok {
			all[key{day, signal}] = append(all[key{day, signal}], n)
		}
	}
	days := []Day{}
	for k, g := range all {
		slices.Sort(g)
		days = append(days, Day{k.signal, k.day, g})
	}
	slices.SortFunc(days, func(a, b Day) int { return cmp.Compare(a.Day+a.Signal, b.Day+b.Signal) })
	return days, nil
}

// Load reads the manifests of a day. A generation that is missing between others is damage.
func Load(ctx context.Context, in Place, signal, day string) ([]Manifest, error) {
	all := []Manifest{}
	for n := 1; ; n++ {
		m, err := load(ctx, in, At(signal, day, n))
		if errors.Is(err, fs.ErrNotExist) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if n > 1 && !m.Since.Equal(all[n-2].Cut) {
			return nil, Damaged(At(signal, day, n) + manifestName)
		}
		all = append(all, m)
	}
}

// Verify reads all files of a day.
func Verify(ctx context.Context, in Place, all []Manifest, told func(done, total int) error) error {
	return each(ctx, all, told, func(m Manifest, f File) error {
		return check(ctx, in, At(m.Signal, m.Day, m.Generation), f, io.Discard)
	})
}

// Restore gives all files of a day to the store, where nothing of them shows before it is
// told to finish. A file that is not as it was written is named.
func Restore(ctx context.Context, in Place, all []Manifest, to telemetry.Archiver, signal telemetry.Signal, told func(done, total int) error) error {
	return each(ctx, all, told, func(m Manifest, f File) error {
		r, w := io.Pipe()
		stored := make(chan error, 1)
		go func() {
			err := to.AttachPiece(ctx, signal, m.Columns, r)
			_ = r.CloseWithError(errStored) // whoever still writes need not
			stored <- err
		}()
		// All of it is read even if the engine stumbles: damage is the better reason.
		err := check(ctx, in, At(m.Signal, m.Day, m.Generation), f, tolerant{w})
		_ = w.CloseWithError(err)
		if into := <-stored; err == nil {
			err = into
		}
		return err
	})
}

var errStored = errors.New("archive: the store reads no further")

// tolerant drops what nobody reads any more.
type tolerant struct{ to io.Writer }

func (t tolerant) Write(p []byte) (int, error) {
	if n, err := t.to.Write(p); err != nil && !errors.Is(err, errStored) {
		return n, err
	}
	return len(p), nil
}

func each(ctx context.Context, all []Manifest, told func(done, total int) error, f func(Manifest, File) error) error {
	total, done := 0, 0
	for _, m := range all {
		total += len(m.Files)
	}
	for _, m := range all {
		for _, file := range m.Files {
			if err := errors.Join(ctx.Err(), told(done, total)); err != nil {
				return err
			}
			if err := f(m, file); err != nil {
				return err
			}
			done++
		}
	}
	return nil
}
