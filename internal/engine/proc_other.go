//go:build unix && !linux

package engine

import (
	"os/exec"
	"syscall"
)

// bind keeps a terminal's signals away from the child. Here only the closed standard
// input tells the child that its parent is gone.
func bind(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func preferToDie() error { return nil }
