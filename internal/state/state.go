// Package state is what one run leaves for the next: which versions are in
// place, whose hook is owed, the journal of the transaction under way, and
// the lock that keeps two runs apart. It holds no secret: contents appear
// only as fingerprints under a key that lives in the runtime directory, which
// a copy of the state directory does not carry.
//
// There is one file per job, written whole: temporary file, fsync, rename,
// fsync of the directory. Writes need the [Lock].
package state

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/pkg/source"
)

var (
	// ErrNotWritable: there is no state directory that can be written, and
	// none can be made. Runs without hooks go on without state.
	ErrNotWritable = errors.New("state directory is not writable")
	// ErrUntrusted: the directory belongs to another user, or others can
	// write it.
	ErrUntrusted = errors.New("state directory is not private")
	// ErrLocked is matched by a *[LockedError].
	ErrLocked = errors.New("another run is under way")
)

// LockedError: another process holds the lock.
type LockedError struct {
	PID int // 0: unknown
	// Inside: the holder is the run whose hook or check we were started by,
	// so that waiting could never end.
	Inside bool
}

func (e *LockedError) Error() string { return ErrLocked.Error() }

// Is reports whether target is [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// CorruptError: a state file cannot be read. It names the file, so that an
// operator can look at it and remove it; nothing is dropped silently.
type CorruptError struct {
	Path string
	Err  error
}

func (e *CorruptError) Error() string { return "state file " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Options say where state is.
type Options struct {
	Dir string // absolute
	// Runtime holds the key of the fingerprints: a directory that does not
	// outlive the boot (/run/credrender). Made 0700 when missing. Empty or
	// unusable: fingerprints made by this run are unknown to the next.
	Runtime string
	// Machine is the instance or machine id: state that another machine made
	// is not believed.
	Machine string
	// ReadOnly makes and changes nothing (plan, status, lint); a missing
	// directory is then an empty one.
	ReadOnly bool

	FS   fsys.FS   // nil: the kernel's
	Rand io.Reader // nil: crypto/rand
}

// Identity is where a job's values come from. State that was made with
// another one, or on another machine, is not believed.
type Identity struct{ Account, Region, Table, Role, Store string }

// Dir is an open state directory.
type Dir struct{}

// Open opens the state directory, making it 0700 where it is missing. It
// fails with [ErrNotWritable] or [ErrUntrusted].
func Open(o Options) (*Dir, error) { return nil, errors.ErrUnsupported }

// Close releases the directory. It does not release a [Lock].
func (d *Dir) Close() error { return nil }

// Fingerprint is a digest of data under the key in the runtime directory.
func (d *Dir) Fingerprint(data []byte) string { return "" }

// Matches reports whether print is data's; known is false where print is
// empty or was made under another key.
func (d *Dir) Matches(print string, data []byte) (same, known bool) { return false, false }

// HostKey returns 32 random bytes that stay the same on this machine (salts
// of htpasswd), making them where missing. With ReadOnly and none stored they
// last only for this process.
func (d *Dir) HostKey() ([]byte, error) { return nil, errors.ErrUnsupported }

// Lock waits up to timeout for the lock of the state directory; 0 tries once.
// inside is the value of [Lock.Token] that the process finds in its
// environment, if any: where its giver still holds the lock, waiting could
// never end. The error is a *[LockedError], or ctx's.
func (d *Dir) Lock(ctx context.Context, timeout time.Duration, inside string) (*Lock, error) {
	return nil, errors.ErrUnsupported
}

// Lock is held until Release, or until the process ends however it ends.
type Lock struct{}

// Token is what the holder puts into the environment of its commands.
func (l *Lock) Token() string { return "" }

// Release gives the lock up.
func (l *Lock) Release() error { return nil }

// Job opens the state of one job, of which there may be none yet. Where it
// was made on another machine or with another identity it is not believed:
// debt, trace, refusals and fingerprints are dropped (Foreign and
// DroppedDebt tell) and the next write makes that final. The journal of a
// transaction is kept in any case: files are where they are.
func (d *Dir) Job(id, name string, where Identity) (*Job, error) {
	return nil, errors.ErrUnsupported
}

// Jobs returns every job that has state, by id: for recovery, for status, and
// for the debts of jobs that are gone. Files that cannot be read are
// *[CorruptError]s in the joined error, beside the jobs that can.
func (d *Dir) Jobs() ([]*Job, error) { return nil, errors.ErrUnsupported }

// Job is the state of one job. It implements [txn.Journal].
type Job struct{}

var _ txn.Journal = (*Job)(nil)

// Record returns what is stored, as a copy.
func (j *Job) Record() Record { return Record{} }

// Foreign reports whether what was stored was made elsewhere.
func (j *Job) Foreign() bool { return false }

// DroppedDebt is the debt that was dropped because it was made elsewhere, or nil.
func (j *Job) DroppedDebt() *Debt { return nil }

// Save journals a transaction. An idle record that owes becomes a [Debt].
func (j *Job) Save(r txn.Record) error { return errors.ErrUnsupported }

// Fingerprint is [Dir.Fingerprint].
func (j *Job) Fingerprint(data []byte) string { return "" }

// Matches is [Dir.Matches].
func (j *Job) Matches(print string, data []byte) (same, known bool) { return false, false }

// Update changes the record by one durable write. Nothing is written where
// change leaves it as it was.
func (j *Job) Update(change func(*Record)) error { return errors.ErrUnsupported }

// Remove forgets the job.
func (j *Job) Remove() error { return errors.ErrUnsupported }

// Record is what is stored about a job.
type Record struct {
	Version  int    `json:"version"` // of the format
	ID       string `json:"id"`
	Name     string `json:"name"`
	Identity string `json:"identity"` // hash of machine and Identity

	Txn  txn.Record `json:"txn,omitzero"`
	Debt *Debt      `json:"debt,omitempty"`

	Files map[string]File `json:"files,omitempty"` // in place, by destination
	Trace []source.Known  `json:"trace,omitempty"` // lookups of the last render
	// Refused is the fingerprint of the set of bytes that verify refused.
	Refused string `json:"refused,omitempty"`

	LastRun    time.Time `json:"last_run,omitzero"`
	LastChange time.Time `json:"last_change,omitzero"`
	Result     Result    `json:"result,omitzero"`
}

// Result is how a run ended.
type Result struct {
	Code  int    `json:"code"`            // the exit code it stood for
	Error string `json:"error,omitempty"` // words, no value in them
}

// File is one file in place.
type File struct {
	Print string      `json:"print"` // keyed fingerprint
	Mode  fs.FileMode `json:"mode"`
	UID   int         `json:"uid"`
	GID   int         `json:"gid"`
}

// Debt is a hook that has not succeeded since files changed.
type Debt struct {
	Since    time.Time `json:"since,omitzero"` // zero: found after a crash
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"` // class of the last failure: no output
	Next     time.Time `json:"next,omitzero"`   // when the daemon tries again
	Hook     string    `json:"hook,omitempty"`  // fingerprint of the hook last tried
	Dests    []string  `json:"dests,omitempty"` // changed and not told
}

// Owed reports whether the job's hook is owed, by a debt or by a transaction
// that has come to commit or done.
func (r *Record) Owed() bool { return r.Debt != nil || r.Txn.Owed }

// Owe notes a debt for dests, or adds them to the one there is.
func (r *Record) Owe(now time.Time, dests []string) {}

// HookFailed ends the transaction and notes a failed attempt: the next is due
// after a minute, doubling up to an hour. hook is the fingerprint of the
// command, dests what it would have been told.
func (r *Record) HookFailed(now time.Time, class, hook string, dests []string) {}

// Paid ends the transaction with nothing owed.
func (r *Record) Paid() {}

// Due reports whether the daemon should try again: the time has come, or the
// hook is another one than was tried last.
func (d *Debt) Due(now time.Time, hook string) bool { return false }
