//go:build unix

package npm

import (
	"os/exec"
	"syscall"
)

// killWholeGroup makes cancellation reach npm's own children too.
func killWholeGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
