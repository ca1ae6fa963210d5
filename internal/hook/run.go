package hook

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

// command prepares the process. It looks up the program in the PATH of the command,
// where os/exec would use this process's.
func command(spec Spec) (*exec.Cmd, error) {
	args := spec.Command.Args
	if spec.Command.Shell != "" {
		args = []string{"/bin/sh", "-c", spec.Command.Shell}
	}
	if len(args) == 0 || args[0] == "" {
		return nil, fmt.Errorf("%w: empty command", ErrStart)
	}
	path, err := lookPath(args[0], spec.Env)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	dir := spec.Dir
	if dir == "" {
		dir = "/"
	}
	return &exec.Cmd{
		Path:        path,
		Args:        args,
		Env:         append([]string{}, spec.Env...), // not nil: nil inherits
		Dir:         dir,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}, nil
}

// Missing returns an error that wraps [ErrStart] if the program of a command does not
// exist or cannot be executed.
func Missing(spec Spec) error {
	cmd, err := command(spec)
	if err != nil {
		return err
	}
	path := cmd.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(cmd.Dir, path)
	}
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Mode()&0o111 == 0) {
		err = &os.PathError{Op: "execute", Path: path, Err: os.ErrPermission}
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	return nil
}

// lookPath finds name in the absolute directories of env's PATH. If it exists but is not
// executable, the error is permission denied, as in a shell.
func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil // execve says what is wrong with it
	}
	notFound := fmt.Errorf("%s: not found in PATH", name)
	for _, dir := range filepath.SplitList(lookup(env, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case err != nil || info.IsDir():
		case info.Mode()&0o111 == 0:
			notFound = fmt.Errorf("%s: %w", path, os.ErrPermission)
		default:
			return path, nil
		}
	}
	return "", notFound
}

// lookup returns the last value of key, which is the one that counts.
func lookup(env []string, key string) (value string) {
	for _, kv := range env {
		if k, v, _ := strings.Cut(kv, "="); k == key {
			value = v
		}
	}
	return value
}

// supervise returns when the process has exited, by itself or terminated. It does not
// reap the process: until then its process group ID is not reused, so that SIGKILL cannot
// reach another group.
func supervise(ctx context.Context, spec Spec, pid int, exited, closed <-chan struct{}) (timedOut bool, cause error) {
	var timeout <-chan time.Time
	if spec.Timeout > 0 {
		t := time.NewTimer(spec.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-exited:
		return false, nil
	case <-timeout:
		timedOut = true
	case <-ctx.Done():
		cause = context.Cause(ctx)
	}
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	wait(spec.KillAfter, exited, closed)
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	<-exited
	return timedOut, cause
}

// wait gives the group time to end. It waits for the output to close too, because a shell
// may end at SIGTERM before the programs that it started.
func wait(grace time.Duration, exited, closed <-chan struct{}) {
	if grace <= 0 {
		grace = DefaultKillAfter
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	for exited != nil || closed != nil {
		select {
		case <-exited:
			exited = nil
		case <-closed:
			closed = nil
		case <-t.C:
			return
		}
	}
}

// failure returns the error of a process that has ended, or nil if it succeeded.
func failure(spec Spec, state *os.ProcessState, timedOut bool, cause error, output string) error {
	e := &ExitError{Code: state.ExitCode(), TimedOut: timedOut, Output: output, cause: cause}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Signal = ws.Signal()
	}
	switch {
	case timedOut || cause != nil:
		return e
	case state.Success():
		return nil
	case spec.Command.Shell != "" && (e.Code == 126 || e.Code == 127):
		return fmt.Errorf("%w: %w", ErrStart, e)
	}
	return e
}

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
