package hook

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

// output collects what a process group prints through one pipe, so that
// stdout and stderr keep their order.
type output struct {
	pipe *os.File
	tail tail
	done chan struct{} // closed at the end of the output
}

// start starts cmd and reads its output until [output.stop].
func start(cmd *exec.Cmd, keep int) (*output, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	_ = w.Close() // the child has its own
	if err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	o := &output{pipe: r, tail: tail{keep: keep}, done: make(chan struct{})}
	go func() {
		defer close(o.done)
		_, _ = io.Copy(&o.tail, r) // ends at EOF or when stop closes r
	}()
	return o, nil
}

// stop waits for the end of the output, but no longer than delay.
func (o *output) stop(delay time.Duration) {
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-o.done:
	case <-t.C:
	}
	_ = o.pipe.Close()
	<-o.done
}

// tail keeps the last keep bytes written to it, in at most twice as much memory.
type tail struct {
	keep int
	buf  []byte
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	p = p[max(0, n-t.keep):]
	if len(t.buf)+len(p) > 2*t.keep {
		t.buf = append(t.buf[:0], t.bytes()...)
	}
	t.buf = append(t.buf, p...)
	return n, nil
}

func (t *tail) bytes() []byte { return t.buf[max(0, len(t.buf)-t.keep):] }

// input is the pipes from which a command reads values.
type input struct {
	readers, writers []*os.File
	writing          sync.WaitGroup
}

// connect makes one pipe for each value: the first is the command's standard input, the
// others are its file descriptors 3 and up.
func connect(cmd *exec.Cmd, values []source.Secret) (*input, error) {
	in := &input{}
	for i := range values {
		r, w, err := os.Pipe()
		if err != nil {
			in.start(nil)
			return nil, fmt.Errorf("%w: %w", ErrStart, err)
		}
		in.readers, in.writers = append(in.readers, r), append(in.writers, w)
		if i == 0 {
			cmd.Stdin = r
		} else {
			cmd.ExtraFiles = append(cmd.ExtraFiles, r)
		}
	}
	return in, nil
}

// start closes the ends that the command has, or that nothing has if it did not start,
// and writes the values. A command may end without reading them.
func (in *input) start(values []source.Secret) {
	for _, r := range in.readers {
		_ = r.Close()
	}
	for i, w := range in.writers {
		if i >= len(values) {
			_ = w.Close()
			continue
		}
		in.writing.Go(func() {
			_, _ = w.Write(values[i].Reveal())
			_ = w.Close()
		})
	}
}

// stop ends the writing of values that nothing has read: a background child may hold a
// pipe open.
func (in *input) stop() {
	for _, w := range in.writers {
		_ = w.Close()
	}
	in.writing.Wait()
}
