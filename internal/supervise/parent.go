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

// Inherit returns the supervisor that started this process, and its greeting. The
// program that this process becomes does not inherit the pipes.
func Inherit() (*Parent, []byte, error) {
	syscall.CloseOnExec(reportFD)
	syscall.CloseOnExec(releaseFD)
	report, release := os.NewFile(reportFD, "report"), os.NewFile(releaseFD, "release")
	if report == nil || release == nil {
		return nil, nil, errors.New("no supervisor has started this process")
	}
	p := &Parent{report: report, from: bufio.NewReader(release)}
	greeting, err := p.from.ReadBytes('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("read from the supervisor: %w", err)
	}
	return p, bytes.TrimSuffix(greeting, []byte("\n")), nil
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
