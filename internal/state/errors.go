package state

import (
	"errors"
	"fmt"
	"path"
)

// Errors that callers branch on, wrapped with the path.
var (
	// ErrNotWritable: there is no state directory that can be written, and
	// none can be made. Runs without hooks go on without state.
	ErrNotWritable = errors.New("state directory is not writable")
	// ErrUnreadable: there may be a state directory, and this user cannot tell
	// what is in it.
	ErrUnreadable = errors.New("state directory cannot be read")
	// ErrUntrusted: the directory belongs to another user, or others can
	// write it.
	ErrUntrusted = errors.New("state directory is not private")
	// ErrLocked is matched by a *[LockedError].
	ErrLocked = errors.New("another run is under way")
	// ErrNewer: a newer credrender wrote the file, in a format that this one
	// does not know.
	ErrNewer = errors.New("it was written by a newer credrender")
	// ErrUnrecovered: the job's last transaction ended in a crash, and
	// txn.Disk.Recover comes first.
	ErrUnrecovered = errors.New("the last transaction has not been recovered")
)

// LockedError: another process holds the lock.
type LockedError struct {
	PID int // 0: unknown
	// Inside: the holder is the run whose command we were started by, so
	// that waiting could never end.
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

// CorruptError: a state file cannot be read or understood. It names the file, so
// that an operator can look at it and remove it: the job then starts afresh.
type CorruptError struct {
	Path string
	Err  error
}

func (e *CorruptError) Error() string { return "state file " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Of reports whether the file is that of the job of this id.
func (e *CorruptError) Of(id string) bool { return path.Base(e.Path) == jobFile(id) }

// WayOut is what an operator does about a *[CorruptError].
func WayOut(err error) string {
	if errors.Is(err, ErrNewer) {
		return "upgrade credrender, or remove the file to start afresh"
	}
	return "look at it, then remove it"
}

// Damaged takes the error of [Dir.Jobs] apart: files that are damaged are the
// trouble of one job each, the rest is everybody's.
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
