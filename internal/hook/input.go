package hook

import (
	"fmt"
	"os"
	"os/exec"
	"sync"

	"github.com/credrender/credrender/pkg/source"
)

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
