package hook

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"
)

// watch tells when the process has exited without reaping it, which reap does
// (waitid(2), WNOWAIT).
func watch(cmd *exec.Cmd) (exited <-chan struct{}, reap func() error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
			if !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	return done, cmd.Wait
}
