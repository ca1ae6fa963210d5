package state

import (
	"errors"
	"fmt"
	"path"
)

// Errors that callers distinguish. They are wrapped with the path.
var (
	// ErrNotWritable means that the state directory cannot be written or created. Jobs
	// without hooks are rendered without state.
	ErrNotWritable = errors.New("state directory is not writable")
	// ErrUnreadable means that this user may not read the state directory.
	ErrUnreadable = errors.New("state directory cannot be read")
	// ErrUntrusted means that another user owns or can write the state directory.
	ErrUntrusted = errors.New("state directory is not private")
	// ErrLocked is matched by a *[LockedError].
	ErrLocked = errors.New("another run is under way")
	// ErrNewer means that a newer credrender wrote the file, in an unknown format.
	ErrNewer = errors.New("it was written by a newer credrender")
	// ErrUnrecovered means that a crash interrupted the job's last transaction. Call
	// txn.Disk.Recover first.
	ErrUnrecovered = errors.New("the last transaction has not been recovered")
)

// LockedError is the error of a lock that another process holds.
type LockedError struct {
	PID int // 0 if unknown
	// Inside is true if the holder is the run whose hook or check started this process.
	// Waiting for it would never end.
	Inside bool
}

func (e *LockedError) Error() string {
	switch {
	case e.Inside:
		return "started by a hook or check of a run that is still under way"
	case e.PID > 0:
		return fmt.Sprintf("%v (process %d)", ErrLocked, e.PID)
	}
	return ErrLocked.Error()
}

// Is reports whether target is [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// CorruptError is the error of a state file that cannot be read or decoded. An operator
// can remove the file; the job then starts without state.
type CorruptError struct {
	Path string
	Err  error
}

func (e *CorruptError) Error() string { return "state file " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Of reports whether the file holds the state of the job with this id.
func (e *CorruptError) Of(id string) bool { return path.Base(e.Path) == jobFile(id) }

// WayOut returns advice for an operator on a *[CorruptError].
func WayOut(err error) string {
	if errors.Is(err, ErrNewer) {
		return "upgrade credrender, or remove the file to start afresh"
	}
	return "inspect the file, then remove it"
}

// Damaged splits the error of [Dir.Jobs]: a damaged file affects one job, and rest
// affects all.
func Damaged(err error) (damaged []*CorruptError, rest error) {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var others []error
	for _, err := range all {
		if c, ok := errors.AsType[*CorruptError](err); ok {
			damaged = append(damaged, c)
			continue
		}
		others = append(others, err)
	}
	return damaged, errors.Join(others...)
}
