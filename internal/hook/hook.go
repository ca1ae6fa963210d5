// Package hook runs the commands of a job: checks, verify commands and hooks.
//
// [Run] starts a [Spec] in its own process group, with /dev/null or the given values as
// input and only the given environment. At the timeout, or when the context ends, it
// terminates the command and everything the command started. It does not wait for
// background children that keep the output open. It keeps the last 4 KiB of the output,
// in which a [Masker] hides the known secrets.
//
// [Expand] replaces {{.src}} and {{.dest}} in a command, and [Environ] returns the
// environment. A failed command is an [ExitError]; the error of a command that cannot be
// started wraps [ErrStart].
package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/credrender/credrender/internal/activity"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

const (
	// TailSize is how much of a command's output is kept: its last 4 KiB.
	TailSize = 4 << 10
	// DefaultKillAfter is how long a command may take to end after SIGTERM.
	DefaultKillAfter = 5 * time.Second
	// pipeDelay is how long Run reads on after the command has ended: long enough to
	// drain a full pipe, and too short for a background child to hold up a run.
	pipeDelay = 250 * time.Millisecond
)

// ErrStart reports a command that did not run: it was not found or is not executable. A
// shell reports this as exit status 126 or 127, so the errors of a Shell command with
// these statuses wrap both ErrStart and an [ExitError].
var ErrStart = errors.New("cannot start command")

// Spec is a command with its environment and limits.
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
	// Inputs are what the command reads: the first as standard input, the others as
	// file descriptors 3 and up, so that no value is in its arguments or environment.
	// Without any, standard input is /dev/null.
	Inputs []source.Secret
}

// Result is the result of a successful command.
type Result struct {
	// Output is the end of stdout and stderr, in order and masked, at most a few
	// bytes more than [TailSize].
	Output string
}

// ExitError reports how a command failed.
type ExitError struct {
	// Code is the exit status; -1 if a signal ended the command.
	Code int
	// Signal that ended it; 0: none.
	Signal syscall.Signal
	// TimedOut means that it ran longer than Spec.Timeout, whatever its exit status.
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
	defer activity.Begin(ctx, "running "+cmp.Or(spec.Command.Shell, strings.Join(spec.Command.Args, " ")))()
	cmd, err := command(spec)
	if err != nil {
		return Result{}, err
	}
	in, err := connect(cmd, spec.Inputs)
	if err != nil {
		return Result{}, err
	}
	defer in.stop()
	out, err := start(cmd, TailSize+spec.Masker.reach())
	in.start(spec.Inputs)
	if err != nil {
		return Result{}, err
	}
	exited, reap := watch(cmd)
	timedOut, cause := supervise(ctx, spec, cmd.Process.Pid, exited, out.done)
	out.stop(pipeDelay)
	_ = reap() // ProcessState has the result
	text := spec.Masker.end(out.tail.bytes(), TailSize)
	if err := failure(spec, cmd.ProcessState, timedOut, cause, text); err != nil {
		return Result{}, err
	}
	return Result{Output: text}, nil
}
