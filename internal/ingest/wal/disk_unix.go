//go:build unix

package wal

import "golang.org/x/sys/unix"

// Free is what the file system leaves to users that are not root.
func (OS) Free(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(uint64(st.Bavail) * uint64(st.Bsize)), nil
}
