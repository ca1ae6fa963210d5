// Package input reads the inputs of a command: templates, variables, fixtures, values in
// files, standard input. It limits their size and the time without a byte, and gives up
// when the command ends. A pipe is read to its end; a FIFO without a writer and a device
// without an end are errors.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// Max is the largest input in bytes, the same as of a destination.
	Max = 64 << 20
	// maxDevice limits what is read from a device. Useful ones are empty (/dev/null)
	// or a terminal.
	maxDevice = 1 << 20
	chunk     = 64 << 10
)

var (
	// ErrTooLarge reports an input beyond Max, or a device without an end.
	ErrTooLarge = errors.New("too large")
	// ErrSilent reports an input from which nothing arrived in time.
	ErrSilent = errors.New("nothing to read")
)

// Reader reads inputs for one command. The zero value has no time limit.
type Reader struct {
	ctx context.Context // of the command, with which all reading ends

	mu   sync.Mutex
	idle time.Duration
}

// NewReader returns a reader that gives up when ctx ends.
func NewReader(ctx context.Context) *Reader { return &Reader{ctx: ctx} }

// SetIdle limits the wait for the next byte; 0 is no limit.
func (r *Reader) SetIdle(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = d
}

func (r *Reader) limit() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.idle
}

// ReadFile reads a file, pipe or device. Its errors are those of os.ReadFile, of
// the command's context, ErrTooLarge and ErrSilent, which name no file.
func (r *Reader) ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, named(err, "open")
	}
	if info.Mode().IsRegular() && info.Size() > Max {
		return nil, tooLarge(Max)
	}
	var f *os.File
	err = r.wait(r.limit(), func() error {
		opened, err := os.Open(path) // waits for somebody to write to a FIFO
		f = opened
		return err
	})
	switch {
	case errors.Is(err, errGivenUp) && info.Mode()&fs.ModeNamedPipe != 0:
		release(path)
		fallthrough
	case errors.Is(err, errGivenUp):
		return nil, r.gaveUp(r.limit())
	case err != nil:
		return nil, err
	}
	defer func() { _ = f.Close() }()
	most := Max
	if info.Mode()&fs.ModeCharDevice != 0 {
		most = maxDevice
	}
	return r.readAll(f, most, r.limit())
}

// ReadAll reads a stream to its end. How long the next byte takes is bounded
// where patient is false: a person or a program may be at work on it.
func (r *Reader) ReadAll(from io.Reader, patient bool) ([]byte, error) {
	idle := r.limit()
	if patient {
		idle = 0
	}
	return r.readAll(from, Max, idle)
}

func (r *Reader) readAll(from io.Reader, most int, idle time.Duration) ([]byte, error) {
	var all []byte
	for {
		part := make([]byte, chunk) // its own: a read that was given up may still write to it
		var n int
		err := r.wait(idle, func() (err error) { n, err = from.Read(part); return err })
		if errors.Is(err, errGivenUp) {
			return nil, r.gaveUp(idle)
		}
		all = append(all, part[:n]...)
		switch {
		case len(all) > most:
			return nil, tooLarge(most)
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
	}
}

// errGivenUp: what was waited for may still be going on.
var errGivenUp = errors.New("given up")

// wait runs do, for idle at most, and no longer than the command runs. A do that
// was given up ends when its file is closed, else with the process.
func (r *Reader) wait(idle time.Duration, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	var over <-chan time.Time
	if idle > 0 {
		t := time.NewTimer(idle)
		defer t.Stop()
		over = t.C
	}
	select {
	case err := <-done:
		return err
	case <-over:
	case <-r.ctx.Done():
	}
	return errGivenUp
}

func (r *Reader) gaveUp(idle time.Duration) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w within %s (--timeout)", ErrSilent, idle)
}

func tooLarge(most int) error {
	return fmt.Errorf("%w: more than %d MiB, or without an end", ErrTooLarge, most>>20)
}

// release lets an open of a FIFO return that waits for a writer.
func release(path string) {
	if f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		_ = f.Close()
	}
}

// named makes os.Stat's errors read as os.ReadFile's.
func named(err error, op string) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: op, Path: pe.Path, Err: pe.Err}
	}
	return err
}
