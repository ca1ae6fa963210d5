package supervise

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// ErrEnded: the process ended before it reported.
var ErrEnded = errors.New("the process ended before it was ready")

// Child is a process that prepares, reports, and becomes the program.
type Child struct {
	cmd     *exec.Cmd
	report  chan []byte // has one report, or is closed without
	release *os.File
	done    chan struct{}
	code    int // once done
}

// The file descriptors of a child.
const (
	reportFD  = 3
	releaseFD = 4
)

// released is what the child reads when it may become the program.
const released = "go\n"

// discardAfter is how long a child that is not needed may take to end.
const discardAfter = 10 * time.Second

// Start starts cmd, which must call [Inherit]. It gets the greeting, one line.
func Start(cmd *exec.Cmd, greeting []byte) (*Child, error) {
	reportR, reportW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	releaseR, releaseW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), reportR.Close(), reportW.Close())
	}
	cmd.ExtraFiles = []*os.File{reportW, releaseR}
	err = cmd.Start()
	_, _ = reportW.Close(), releaseR.Close() // the child has them
	if err != nil {
		_, _ = reportR.Close(), releaseW.Close()
		return nil, fmt.Errorf("start: %w", err)
	}
	c := &Child{cmd: cmd, report: make(chan []byte, 1), release: releaseW, done: make(chan struct{})}
	go c.wait()
	go c.converse(reportR, greeting)
	return c, nil
}

// wait ends with the process.
func (c *Child) wait() {
	_ = c.cmd.Wait() // its outcome is in ProcessState
	c.code = 1
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
		c.code = exitCode(status)
	}
	close(c.done)
}

// exitCode is what a shell makes of a status.
func exitCode(s syscall.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}

// converse sends the greeting and reads the report. It ends when the child closes
// its end, which execve does at the latest.
func (c *Child) converse(from *os.File, greeting []byte) {
	defer from.Close()
	defer close(c.report)
	if _, err := c.release.Write(append(greeting, '\n')); err != nil {
		return // it has ended
	}
	if data, err := io.ReadAll(from); err == nil && len(data) > 0 {
		c.report <- data
	}
}

// Report waits for the report. The error is ErrEnded or that of ctx.
func (c *Child) Report(ctx context.Context) ([]byte, error) {
	select {
	case data, ok := <-c.report:
		if ok {
			return data, nil
		}
		<-c.done
		return nil, ErrEnded
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Release lets the child become the program. For one that has ended meanwhile it does
// nothing: Done tells.
func (c *Child) Release() {
	_, _ = c.release.WriteString(released)
	_ = c.release.Close()
}

// Discard ends a child that was not released.
func (c *Child) Discard() {
	_ = c.release.Close() // which tells it
	c.Stop(discardAfter)
}

// Stop ends the program: TERM, and KILL for it and its process group if it is still
// there after a while.
func (c *Child) Stop(killAfter time.Duration) {
	_ = c.Signal(syscall.SIGTERM)
	t := time.NewTimer(killAfter)
	defer t.Stop()
	select {
	case <-c.done:
		return
	case <-t.C:
	}
	if a := c.cmd.SysProcAttr; a != nil && a.Setpgid {
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	}
	_ = c.cmd.Process.Kill()
	<-c.done
}

// Signal sends a signal to the process. One that has ended is no error.
func (c *Child) Signal(s os.Signal) error {
	if err := c.cmd.Process.Signal(s); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// PID is the id of the process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Code is the exit code, once Done is closed: 128 and the signal for a process that
// a signal ended.
func (c *Child) Code() int { return c.code }

// Parent is the supervisor, as its child sees it.
type Parent struct {
	report *os.File
	from   *bufio.Reader
}

// errAlone: the descriptors may be open, but they are not those of a supervisor, and
// reading from them could wait without end.
var errAlone = errors.New("no supervisor has started this process")

// Inherit returns the supervisor that started this process, and its greeting. pid is the
// process id of the supervisor. The program that this process becomes does not inherit the
// pipes.
func Inherit(pid int) (*Parent, []byte, error) {
	if pid != os.Getppid() || !isPipe(reportFD) || !isPipe(releaseFD) {
		return nil, nil, errAlone
	}
	syscall.CloseOnExec(reportFD)
	syscall.CloseOnExec(releaseFD)
	report, release := os.NewFile(reportFD, "report"), os.NewFile(releaseFD, "release")
	p := &Parent{report: report, from: bufio.NewReader(release)}
	greeting, err := p.from.ReadBytes('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("read from the supervisor: %w", err)
	}
	return p, bytes.TrimSuffix(greeting, []byte("\n")), nil
}

func isPipe(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFIFO
}

// Report sends the report: this process is ready to become the program.
func (p *Parent) Report(data []byte) error {
	_, err := p.report.Write(data)
	return errors.Join(err, p.report.Close())
}

// Await waits for the decision, and reports whether this process is to become the
// program. It is not if the supervisor has ended.
func (p *Parent) Await(ctx context.Context) bool {
	line := make(chan string, 1)
	go func() {
		text, _ := p.from.ReadString('\n') // of a supervisor that is gone: ""
		line <- text
	}()
	select {
	case text := <-line:
		return text == released
	case <-ctx.Done():
		return false
	}
}
