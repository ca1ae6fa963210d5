package supervise

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Init runs a program as the one child of this process, which is PID 1: it forwards
// signals, reaps every orphan that the kernel hands to PID 1, and returns the exit
// code of the program. A process of its own does this, because waiting for any child
// takes the exit status from whoever else in the process waits for one.
func Init(path string, args []string, attr *os.ProcAttr, signals <-chan os.Signal, terminal bool) (int, error) {
	child, err := os.StartProcess(path, args, attr)
	if err != nil {
		return 0, fmt.Errorf("start: %w", err)
	}
	go func() {
		for sig := range signals {
			if forwarded(sig, terminal) {
				_ = child.Signal(sig) // it ends, and this process with it
			}
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait: %w", err)
		case pid == child.Pid:
			return exitCode(status), nil
		}
	}
}
