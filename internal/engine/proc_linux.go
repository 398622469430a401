package engine

import (
	"os"
	"os/exec"
	"syscall"
)

// bind makes the child end with its parent (the thread that starts it must live as long)
// and keeps a terminal's signals away from it.
func bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}

// preferToDie asks the kernel to kill this process before others when memory runs out:
// the server that started it can start it again.
func preferToDie() error { return os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0) }
