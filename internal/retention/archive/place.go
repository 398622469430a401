package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Place keeps files by names with slashes. Put replaces a file at once: another reader sees
// the old one or the new one, whole.
type Place interface {
	// Where is for people: the folder, or the bucket and prefix.
	Where() string
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// Get gives a file; an error that is fs.ErrNotExist when there is none.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List gives the names under a prefix that ends with a slash, or all.
	List(ctx context.Context, prefix string) ([]string, error)
}

// Folder is a folder on this machine, or one that is mounted.
type Folder struct{ Dir string }

// Where gives the path.
func (f Folder) Where() string { return f.Dir }

// partial ends the name of a file that is not whole.
const partial = ".partial"

func (f Folder) path(name string) (string, error) {
	if !filepath.IsLocal(name) {
		return "", fault.Internalf("the archive has no file %q", name)
	}
	return filepath.Join(f.Dir, filepath.FromSlash(name)), nil
}

// Put writes under another name, and renames when all is on the disk.
func (f Folder) Put(_ context.Context, name string, write func(io.Writer) error) (err error) {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	defer func() { err = f.explain(err) }()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(path+partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = write(out)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		_ = os.Remove(path + partial) // it may be what fills the disk
		return err
	}
	if err := os.Rename(path+partial, path); err != nil {
		return err
	}
	// The names of the new folders are on the disk, too.
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if err := syncFolder(dir); err != nil {
			return err
		}
		if rel, err := filepath.Rel(f.Dir, dir); err != nil || rel == "." {
			return err
		}
	}
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get opens a file.
func (f Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := f.path(name)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, f.explain(err)
	}
	return file, nil
}

// List walks the folder; one that is not there is empty.
func (f Folder) List(_ context.Context, prefix string) (names []string, err error) {
	root, err := f.path(strings.TrimSuffix("./"+prefix, "/"))
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, partial) {
			return err
		}
		rel, err := filepath.Rel(f.Dir, path)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	return names, f.explain(err)
}

func (f Folder) explain(err error) error {
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(err, fault.Unavailable, i18n.F("There is no room left in the archive folder %s. Make room there, or name another folder.",
			"アーカイブのフォルダー %s に空きがありません。空きを確保するか、別のフォルダーを指定してください。", f.Dir))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(err, fault.Unavailable, i18n.F("The archive folder %s cannot be written. Give Yagura's user access to it.",
			"アーカイブのフォルダー %s に書き込めません。Yagura の実行ユーザーに権限を付与してください。", f.Dir))
	}
	return err
}
