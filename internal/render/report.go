package render

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/hook"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/pkg/source"
)

// Report is what a run did.
type Report struct {
	Jobs  []JobReport
	Hooks []HookReport
	// Notes are for operators and are not failures: a recovered crash, a dropped hook.
	Notes []string
	// Stuck tell of state that cannot be read and files that could not be restored.
	Stuck []string
	// Stopped are the names of jobs that Options.Stop ended before they changed files.
	// Their states are as before, and they are not among Jobs.
	Stopped []string
	Stats   Stats
}

// JobReport is the result of one job.
type JobReport struct {
	Job *job.Job
	// Changes are its files in order; nil where the job failed before they
	// were known.
	Changes []job.Change
	// Versions are those of the secrets that the files hold now, by ref.
	Versions []source.Known
	// Installed is true once every file of the job is in place.
	Installed bool
	// Stale: the store was unreachable and the files in place were kept.
	Stale bool
	// Unchanged: nothing can have changed, so nothing was rendered.
	Unchanged bool
	// Overridden are the secrets whose values in the files are an operator's.
	Overridden []source.Ref
	// News are those of Versions that the last render did not have.
	News []source.Known
	// Repeat: it failed as it did before, which was logged less than an hour ago.
	Repeat bool
	// Result is how the run ended, as the state has it.
	Result state.Result
	Err    error
}

// HookReport is one command run for one or more jobs.
type HookReport struct {
	Command job.Command
	Jobs    []string
	Took    time.Duration
	Repeat  bool  // it failed as before for all of its jobs: see JobReport
	Err     error // a *HookError
}

// String shows the command and whose hook it is.
func (h HookReport) String() string {
	switch len(h.Jobs) {
	case 0:
		return Show(h.Command)
	case 1:
		return Show(h.Command) + " (job " + h.Jobs[0] + ")"
	}
	return Show(h.Command) + " (jobs " + strings.Join(h.Jobs, ", ") + ")"
}

// ErrRemoved is the error of a secret that this host has rendered before and that is
// gone: secretOr does not take its default silently.
var ErrRemoved = errors.New("was rendered here before and is gone")

// ErrNoState is the error of a job with a hook and no state directory, in which a failed
// hook would stay pending.
var ErrNoState = errors.New("a job with a hook needs a state directory that can be written")

// RefusedError is the error of new files that a check, verify, format or key pair refused.
// The old files stay in place.
type RefusedError struct {
	What   string // "check", "verify", "format", "keypair"
	Dest   string // empty for a verify
	Err    error
	Output string // of the command, masked
	// BrokenBefore: the verify refuses the old files too.
	BrokenBefore bool
	// Again: this very set was refused by an earlier run and was not tried.
	Again bool
}

func (e *RefusedError) Error() string {
	subject := e.What
	if e.Dest != "" {
		subject += " of " + e.Dest
	}
	if e.Again {
		return subject + " refused the same files before; the old ones stay"
	}
	return fmt.Sprintf("%s refused the new files: %v; the old ones stay", subject, e.Err)
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// HookError is the error of a hook that failed after the files were in place. The hook
// stays pending.
type HookError struct {
	Command job.Command
	Jobs    []string
	Err     error
	Output  string // masked
}

func (e *HookError) Error() string {
	return fmt.Sprintf("hook %s: %v", HookReport{Command: e.Command, Jobs: e.Jobs}, e.Err)
}

// Unwrap returns the cause.
func (e *HookError) Unwrap() error { return e.Err }

// CommandError is the error of a check or verify that could not run, and so refused
// nothing.
type CommandError struct {
	What    string
	Command job.Command
	Err     error
	Output  string // masked
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("%s %s: %v", e.What, Show(e.Command), e.Err)
}

// Unwrap returns the cause.
func (e *CommandError) Unwrap() error { return e.Err }

// Show writes a command on one line, as the config has it.
func Show(c job.Command) string {
	if c.Shell != "" {
		return source.Show(c.Shell)
	}
	return source.Show(strings.Join(c.Args, " "))
}

// judge returns the error of a failed check or verify: a refusal if the command ran.
func judge(what, dest string, c job.Command, err error) error {
	if err == nil {
		return nil
	}
	exit, ok := errors.AsType[*hook.ExitError](err)
	if !ok || errors.Is(err, hook.ErrStart) || exit.Unwrap() != nil {
		e := &CommandError{What: what, Command: c, Err: err}
		if ok {
			e.Output = exit.Output
		}
		return e
	}
	return &RefusedError{What: what, Dest: dest, Err: exit, Output: exit.Output}
}
