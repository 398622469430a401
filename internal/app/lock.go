package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// lockFolder makes this process the owner of a data folder until release is called or
// the process ends, however it ends: the kernel drops the lock with the file.
func lockFolder(dir string) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, i18n.F(
			"The data folder %s cannot be made: %s. Name another with --data-dir.",
			"データフォルダー %s を作成できません（%s）。--data-dir で別の場所を指定してください。", dir, err))
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, i18n.F(
			"The data folder %s cannot be written: %s.", "データフォルダー %s に書き込めません（%s）。", dir, err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(f.Name())
		_ = f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
		return nil, fault.New(fault.Conflict, i18n.F(
			"Another Yagura (process %s) already owns the data folder %s. Stop it first, or name another folder with --data-dir.",
			"データフォルダー %[2]s は、すでに別の Yagura（プロセス %[1]s）が使っています。先にそれを停止するか、--data-dir で別のフォルダーを指定してください。",
			strings.TrimSpace(string(owner)), dir))
	}
	// For the message above alone; the lock is what counts.
	if err := errors.Join(f.Truncate(0), write(f, fmt.Sprintln(os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return f.Close, nil
}

func write(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}
