package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// folderWriter puts files into a folder.
type folderWriter struct{ dir string }

func (w folderWriter) put(name string, _ int64, r io.Reader) error {
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// settle has everything that was written go to the disk. A sync of each of a hundred
// thousand small files would take hours.
func settle() { syscall.Sync() }

// copying is a backup that is being written.
type copying struct {
	to    folderWriter
	files []File
	bytes int64
	tell  func(n int64) // as bytes are copied
}

// measure is how many bytes the files of a folder have.
func measure(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// add copies a file, or a folder with all of its files, to a name in the backup.
func (c *copying) add(ctx context.Context, from, name string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		sum := sha256.New()
		to := filepath.ToSlash(filepath.Join(name, rel))
		err = c.to.put(to, -1, &progress{io.TeeReader(in, sum), func(n int64) { c.bytes += n; c.tell(n) }})
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
		c.files = append(c.files, File{to, hex.EncodeToString(sum.Sum(nil))})
		return nil
	})
}

// finish writes the list and the manifest.
func (c *copying) finish(m Manifest) error {
	list := formatList(c.files)
	sum := sha256.Sum256(list)
	m.Format, m.Files, m.Bytes, m.ListSHA256 = Format, len(c.files), c.bytes, hex.EncodeToString(sum[:])
	if m.Elsewhere == nil {
		m.Elsewhere = []string{}
	}
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(c.to.put(listName, -1, bytes.NewReader(list)), c.to.put(manifestName, -1, bytes.NewReader(append(head, '\n'))))
}

// Pack writes a backup into one file, and checks it on the way. The file must not be there
// yet; it has another name until it is whole.
func (o *Opened) Pack(ctx context.Context, path string, tell func(done int64)) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return exists(path)
	}
	part := path + partial
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return unwritable(path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	w := tar.NewWriter(f)
	put := func(name string, size int64, r io.Reader) error {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, Typeflag: tar.TypeReg, ModTime: o.Finished}); err != nil {
			return err
		}
		_, err := io.Copy(w, r)
		return err
	}
	done := int64(0)
	err = errors.Join(put(manifestName, int64(len(o.head)), bytes.NewReader(o.head)), put(listName, int64(len(o.list)), bytes.NewReader(o.list)))
	if err == nil {
		err = o.sized(ctx, func(f File, size int64, r io.Reader) error {
			return put(f.Name, size, &progress{r, func(n int64) { done += n; tell(done) }})
		})
	}
	if err := errors.Join(err, w.Close(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// sized is each, of a backup in a folder, with the sizes of the files.
func (o *Opened) sized(ctx context.Context, f func(File, int64, io.Reader) error) error {
	inner, size := o.next, int64(0)
	defer func() { o.next = inner }()
	o.next = func(file File) (io.ReadCloser, error) {
		r, err := inner(file)
		if err != nil {
			return nil, err
		}
		in, ok := r.(*os.File)
		if !ok {
			return nil, errors.Join(errors.New("backup: only a folder can be packed"), r.Close())
		}
		info, err := in.Stat()
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		size = info.Size()
		return r, nil
	}
	return o.each(ctx, func(file File, r io.Reader) error { return f(file, size, r) })
}

// partial ends the name of what is not whole.
const partial = ".partial"

func exists(path string) error {
	return fault.New(fault.Conflict, i18n.F("%s is there already. Name another place.", "%s はすでに存在します。別の場所を指定してください。", path))
}

func unwritable(path string, err error) error {
	return fault.Wrap(err, fault.Unavailable, i18n.F("%[1]s cannot be written: %[2]v", "%[1]s に書き込めません: %[2]v", path, err))
}
