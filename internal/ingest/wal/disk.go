package wal

import (
	"io"
	"os"
	"path/filepath"
)

// Disk is what the log asks of a file system: few enough operations that a test can
// play a disk that is full, lies, or loses power.
type Disk interface {
	MkdirAll(dir string) error
	// List gives the names and sizes of the files in a folder, sorted by name.
	List(dir string) ([]FileInfo, error)
	ReadFile(name string) ([]byte, error)
	// Append opens a file to add to its end, and creates it when there is none.
	Append(name string) (File, error)
	// Settle overwrites a file from at with tail, cuts off what is behind, and syncs it:
	// when it returns nil, the file ends with tail and that is durable. Until then each
	// byte is what it was or what it shall be.
	Settle(name string, at int64, tail []byte) error
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
	// Free is how many bytes may still be written below dir.
	Free(dir string) (int64, error)
}

// File is a file that is being added to.
type File interface {
	io.Writer
	// Sync makes what was written durable, though not the name of a new file.
	Sync() error
	Close() error
}

// FileInfo is a file in a folder.
type FileInfo struct {
	Name string
	Size int64
}

// OS is the machine's own file system.
type OS struct{}

// MkdirAll creates a folder and those above it, readable by the owner alone.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }

// List gives the files in dir, sorted by name.
func (OS) List(dir string) ([]FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []FileInfo
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		files = append(files, FileInfo{e.Name(), info.Size()})
	}
	return files, nil
}

// ReadFile reads a whole file.
func (OS) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// Append opens or creates a file to add to its end.
func (OS) Append(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

// Settle overwrites the end of a file, cuts it and syncs it.
func (OS) Settle(name string, at int64, tail []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(tail, at); err != nil {
		return err
	}
	if err := f.Truncate(at + int64(len(tail))); err != nil {
		return err
	}
	return f.Sync()
}

// Rename replaces to by from.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove deletes a file.
func (OS) Remove(name string) error { return os.Remove(name) }

// SyncDir syncs a folder.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// replace writes a file whole or not at all, and durably.
func replace(d Disk, name string, data []byte) error {
	tmp := name + ".tmp"
	// A rest of an earlier try would be added to.
	if err := removeIfThere(d, tmp); err != nil {
		return err
	}
	f, err := d.Append(tmp)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = d.Rename(tmp, name)
	}
	if err == nil {
		err = d.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		removeIfThere(d, tmp) // as far as possible: it is swept at the next start
	}
	return err
}

func removeIfThere(d Disk, name string) error {
	if err := d.Remove(name); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
