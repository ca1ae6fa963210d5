//go:build !linux

package hook

import "os/exec"

// watch tells when the process has exited. Without waitid it is reaped then,
// so that a late SIGKILL could in theory meet another group of the same ID.
func watch(cmd *exec.Cmd) (exited <-chan struct{}, reap func() error) {
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = cmd.Wait()
	}()
	return done, func() error { <-done; return err }
}
