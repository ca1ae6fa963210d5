package supervise

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

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
