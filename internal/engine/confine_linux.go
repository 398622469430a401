package engine

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a confined child may do with files. The library can read and write any file and
// open any connection on behalf of SQL; the kernel (Landlock) is told that this process
// needs none of it but its own folder, whatever SQL it is sent.
const (
	fsReadFile = unix.LANDLOCK_ACCESS_FS_READ_FILE
	fsReadDir  = unix.LANDLOCK_ACCESS_FS_READ_DIR
	fsExecute  = unix.LANDLOCK_ACCESS_FS_EXECUTE
	fsWrite    = unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	fsRead     = fsReadFile | fsReadDir
	fsFirst    = 0x1fff // everything that the first version of Landlock knows
)

// confine puts this process behind Landlock and starts it anew with again as its
// arguments: the fence holds for threads that come after it, and a new program image has
// only those. It returns only when it could not; fenced says that it is too late then to
// go on without.
func confine(c ChildConfig, again []string) (fenced bool, err error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return false, fmt.Errorf("landlock: %w", errno)
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: fsFirst}
	if abi >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return false, fmt.Errorf("landlock: %w", errno)
	}
	defer func() { _ = unix.Close(int(set)) }()

	own := []string{c.DataDir, filepath.Dir(c.Socket)}
	for _, dir := range own {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, err
		}
		if err := allow(int(set), dir, attr.Handled_access_fs); err != nil {
			return false, err
		}
	}
	for path, access := range map[string]uint64{
		"/proc/self/exe": fsReadFile | fsExecute, c.Lib: fsReadFile | fsExecute,
		"/etc/ld.so.cache": fsReadFile, "/etc/localtime": fsReadFile, "/usr/share/zoneinfo": fsRead,
		// Of /proc only what is about the machine; other processes' environments are there too.
		"/proc/meminfo": fsReadFile, "/proc/cpuinfo": fsReadFile, "/proc/stat": fsReadFile, "/proc/loadavg": fsReadFile, "/proc/uptime": fsReadFile,
		"/proc/sys": fsRead, "/sys/fs/cgroup": fsRead, "/sys/devices/system": fsRead, "/sys/kernel/mm": fsRead,
		"/dev/null": fsReadFile | fsWrite, "/dev/zero": fsReadFile, "/dev/random": fsReadFile, "/dev/urandom": fsReadFile,
	} {
		if err := allow(int(set), path, access); err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
	}
	// And this process's own folder, held open over the new start: the kernel knows it by
	// an inode that it would otherwise forget and make anew, and the rule with it.
	self, err := unix.Open("/proc/self", unix.O_PATH, 0)
	if err != nil {
		return false, err
	}
	if err := allowFD(int(set), self, fsRead); err != nil {
		return false, err
	}
	libs, err := libraryDirs()
	if err != nil {
		return false, err
	}
	for _, dir := range libs {
		if err := allow(int(set), dir, fsRead|fsExecute); err != nil {
			return false, err
		}
	}

	runtime.LockOSThread() // and stay: this thread is fenced from here on
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return false, fmt.Errorf("no_new_privs: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return false, fmt.Errorf("landlock: %w", errno)
	}
	return true, syscall.Exec("/proc/self/exe", again, syscall.Environ())
}

func allow(set int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("landlock: %s: %w", path, err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := allowFD(set, fd, access); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func allowFD(set, fd int, access uint64) error {
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	return nil
}

// libraryDirs are the folders of the shared libraries that this process has loaded, and
// so those where the engine library's own needs (libc and its parts) are.
func libraryDirs() ([]string, error) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	seen := map[string]bool{}
	var dirs []string
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		i := strings.IndexByte(sc.Text(), '/')
		if i < 0 || !strings.Contains(filepath.Base(sc.Text()[i:]), ".so") {
			continue
		}
		if dir := filepath.Dir(sc.Text()[i:]); !seen[dir] {
			seen[dir] = true
			dirs = append(dirs, dir)
		}
	}
	return dirs, sc.Err()
}
