package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// maxHead bounds what is read into memory of a manifest or list.
const maxHead = 1 << 30

// Opened is a backup that can be read once.
type Opened struct {
	Manifest
	list  []byte
	head  []byte // the manifest as it is written
	files []File
	next  func(File) (io.ReadCloser, error) // called for each of files, in order
	close func() error
}

// Close ends it.
func (o *Opened) Close() error { return o.close() }

// Open opens a backup: a folder, or a tar archive of one.
func Open(path string) (*Opened, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if info.IsDir() {
		return openFolder(path)
	}
	return openTar(path)
}

func unreadable(path string, err error) error {
	return fault.Wrap(err, fault.Invalid, i18n.F("%[1]s cannot be read as a backup: %[2]v", "%[1]s をバックアップとして読み取れません: %[2]v", path, err))
}

func openFolder(dir string) (*Opened, error) {
	head, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, i18n.F("%s is no backup: there is no manifest.json in it.", "%s はバックアップではありません（manifest.json がありません）。", dir))
	}
	if err != nil {
		return nil, unreadable(dir, err)
	}
	list, err := os.ReadFile(filepath.Join(dir, listName))
	if err != nil {
		return nil, unreadable(dir, err)
	}
	return opened(head, list, func(f File) (io.ReadCloser, error) {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			return nil, damaged(f.Name)
		}
		return os.Open(path)
	}, func() error { return nil })
}

func openTar(path string) (o *Opened, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	r := tar.NewReader(file)
	part := func(name string) error {
		h, err := r.Next()
		if err != nil || h.Name != name || h.Typeflag != tar.TypeReg {
			return damaged(name)
		}
		return nil
	}
	read := func(name string) ([]byte, error) {
		if err := part(name); err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(r, maxHead))
	}
	head, err := read(manifestName)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, i18n.F("%s is no backup: it does not begin with manifest.json.", "%s はバックアップではありません（先頭に manifest.json がありません）。", path))
	}
	list, err := read(listName)
	if err != nil {
		return nil, err
	}
	return opened(head, list, func(f File) (io.ReadCloser, error) {
		if err := part(f.Name); err != nil {
			return nil, err
		}
		return io.NopCloser(r), nil
	}, file.Close)
}

func opened(head, list []byte, next func(File) (io.ReadCloser, error), end func() error) (*Opened, error) {
	m, err := parseManifest(head)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(list)
	if hex.EncodeToString(sum[:]) != m.ListSHA256 {
		return nil, damaged(listName)
	}
	files, err := parseList(list)
	if err != nil {
		return nil, err
	}
	if len(files) != m.Files {
		return nil, damaged(listName)
	}
	return &Opened{Manifest: m, list: list, head: head, files: files, next: next, close: end}, nil
}

// Each reads every file, in order, and checks what f has read of it.
func (o *Opened) each(ctx context.Context, f func(File, io.Reader) error) error {
	for _, file := range o.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := o.next(file)
		if err != nil {
			return err
		}
		sum := sha256.New()
		err = f(file, io.TeeReader(r, sum))
		if err == nil {
			_, err = io.Copy(sum, r) // what f left of it counts, too
		}
		if err = errors.Join(err, r.Close()); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return damaged(file.Name)
			}
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != file.Sum {
			return damaged(file.Name)
		}
	}
	return nil
}

// Extract copies all files into a folder that is there, checks them, and tells how many
// bytes are done. Names in the backup itself come along when whole is set.
func (o *Opened) Extract(ctx context.Context, dir string, whole bool, tell func(done int64)) error {
	w := folderWriter{dir: dir}
	if whole {
		if err := errors.Join(w.put(manifestName, int64(len(o.head)), bytes.NewReader(o.head)), w.put(listName, int64(len(o.list)), bytes.NewReader(o.list))); err != nil {
			return err
		}
	}
	done := int64(0)
	return o.each(ctx, func(f File, r io.Reader) error {
		return w.put(f.Name, -1, &progress{r, func(n int64) { done += n; tell(done) }})
	})
}

// progress tells what is read.
type progress struct {
	io.Reader
	tell func(n int64)
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.tell(int64(n))
	}
	return n, err
}
