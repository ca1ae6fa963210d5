// Package hook runs one command well: a check, a verify or a hook of a job. It
// does not know which.
//
// [Run] starts a [Spec] in a process group of its own with /dev/null as its
// input and no environment but the given one, ends it and everything it
// started at the timeout or with the context, and never waits for a background
// child that keeps the output open. It remembers the last 4 KiB of what was
// printed, with known secrets masked as well as a [Masker] can.
//
// [Expand] fills {{.src}} and {{.dest}} into a command, [Environ] makes the
// environment. A failed command is an [ExitError]; one that could not be
// started wraps [ErrStart].
package hook

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/credrender/credrender/internal/job"
)

const (
	// TailSize is how much of a command's output is kept: its last 4 KiB.
	TailSize = 4 << 10
	// DefaultKillAfter is how long a command may take to end after SIGTERM.
	DefaultKillAfter = 5 * time.Second
	// pipeDelay is how long the output of a command that has ended may stay
	// open: enough to drain a full pipe, and no background child holds up a run.
	pipeDelay = 250 * time.Millisecond
)

// ErrStart is wrapped where the command itself did not run: it was not found
// or is not executable. It says nothing about what the command would have
// judged. A shell reports this as exit status 126 or 127, so for a Shell
// command those wrap both ErrStart and an [ExitError].
var ErrStart = errors.New("cannot start command")

// Spec is a command with its surroundings.
type Spec struct {
	Command job.Command
	// Env is the whole environment, as key=value; see [Environ].
	Env []string
	// Dir is the working directory; empty: /.
	Dir string
	// Timeout ends the command; 0: none.
	Timeout time.Duration
	// KillAfter is the time between SIGTERM and SIGKILL; 0: [DefaultKillAfter].
	KillAfter time.Duration
	// Masker hides known secrets in the output; nil: nothing is hidden.
	Masker *Masker
}

// Result is what a command that succeeded left behind.
type Result struct {
	// Output is the end of what it printed on stdout and stderr, in order,
	// masked, and at most a few bytes more than [TailSize].
	Output string
}

// ExitError says how a command failed.
type ExitError struct {
	// Code is the exit status; -1 where a signal ended the command.
	Code int
	// Signal that ended it; 0: none.
	Signal syscall.Signal
	// TimedOut is true where it ran into Spec.Timeout, whatever it then
	// returned.
	TimedOut bool
	// Output is as in [Result].
	Output string

	cause error // why the context ended, if that stopped the command
}

// Error does not include the output.
func (e *ExitError) Error() string {
	switch {
	case e.TimedOut:
		return "timed out"
	case e.cause != nil:
		return fmt.Sprintf("stopped: %v", e.cause)
	case e.Signal != 0:
		return fmt.Sprintf("ended by signal %d (%v)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// Unwrap returns the cause of a context that ended the command.
func (e *ExitError) Unwrap() error { return e.cause }

// Run runs a command to its end. At the timeout, or when ctx ends, its whole
// process group gets SIGTERM, and SIGKILL once its output has closed or
// KillAfter has passed. A command that ends by itself may leave processes
// behind; their output is no longer read.
func Run(ctx context.Context, spec Spec) (Result, error) {
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	cmd, err := command(spec)
	if err != nil {
		return Result{}, err
	}
	out, err := start(cmd, TailSize+spec.Masker.reach())
	if err != nil {
		return Result{}, err
	}
	exited, reap := watch(cmd)
	timedOut, cause := supervise(ctx, spec, cmd.Process.Pid, exited, out.done)
	out.stop(pipeDelay)
	_ = reap() // the state says it all
	text := spec.Masker.end(out.tail.bytes(), TailSize)
	if err := failure(spec, cmd.ProcessState, timedOut, cause, text); err != nil {
		return Result{}, err
	}
	return Result{Output: text}, nil
}
